from collections import Counter

import numpy as np
import pytest

from commentnlp.corpus import shipped_samples
from commentnlp.language import Language
from commentnlp.novelty import IN_DICTIONARY, IN_LEXICON, new_words, occurrences, samples_with

from .conftest import REAL, TRAINING_DATA

EVERYDAY = [
    "这个多少钱", "那个多少米呀", "圈口多大", "56的有吗", "什么时候发货", "我的发货了没",
    "主播好", "晚上好呀", "有证书吗", "这个多重", "能便宜点吗", "拍了两个", "有没有了", "好看",
    "这个多大", "下单了没", "太贵了", "包邮吗", "收到了没", "喜欢这个", "那个有没有",
    "还有别的颜色吗", "送妈妈合适吗", "可以退吗",
]  # fmt: skip
SAYS = [
    "{}多少钱", "今天有{}吗", "我家那条{}", "{}好看", "上次的{}呢", "来个{}", "就等{}了",
    "{}怎么卖", "看看{}", "{}还有没有", "要{}", "谁懂{}啊", "{}上链接", "想买{}",
]  # fmt: skip


def room(*words):
    return EVERYDAY + [frame.format(word) for word in words for frame in SAYS]


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("奶绿兔", "cut apart: 奶|绿|兔"),
        ("云雾肉", "cut apart: 云雾|肉"),
        ("鱼干", IN_LEXICON),
        ("包租婆", IN_DICTIONARY),
    ],
)
def test_planted_slang_is_found(shipped, word, known):
    (found,) = new_words(room(word), shipped)
    assert (found.text, found.known) == (word, known)
    # the segmenter may cut it elsewhere in one of them
    assert len(SAYS) - 1 <= found.comments <= len(SAYS)
    assert found.share == found.comments / (len(SAYS) + len(EVERYDAY))
    assert word in found.example
    assert len(found.example) > len(word) + 1


def test_everyday_comments_hold_no_new_words(shipped):
    assert new_words(EVERYDAY, shipped) == []
    assert new_words([], shipped) == []
    assert new_words(["", "  ", "123", "😀", "\ud800"], shipped) == []
    assert new_words(["包租婆"], shipped) == []


def test_a_comment_counts_once(shipped):
    buttons = ["购物袋里领包租婆券"] * 50 + [f"包租婆{n}号" for n in range(50)]
    assert new_words(EVERYDAY + buttons, shipped) == []


def test_parts_and_frames_are_no_words(shipped):
    texts = room("云雾肉", "云雾肉大吊坠") + [f"几条{what}云雾肉" for what in "大小红绿白"]
    found = [word.text for word in new_words(texts, shipped)]
    assert "云雾肉" in found
    assert not [word for word in found if word != "云雾肉" and word in "云雾肉大吊坠几条"]


def test_names_after_an_at_sign_and_figures_are_no_words(shipped):
    texts = [frame.format("@云雾肉 ") for frame in SAYS]
    texts += [frame.format("88952") for frame in SAYS]
    assert new_words(EVERYDAY + texts, shipped) == []


def counted_words(model):
    """Words that stand in as many features as in samples: none that training puts beside samples,
    as it does with those that call somebody, and none that vanish where they are denied."""
    calls = {" ", *Language.read(TRAINING_DATA / "language").vocatives}
    deniable = model.features.denials.concepts
    return [
        word
        for word in model.features.words
        if word not in calls and model.features.concepts.get(word) not in deniable
    ]


def test_words_of_few_samples_are_news_where_they_are_frequent(shipped):
    seen = samples_with(shipped)
    word = next(
        w
        for w in counted_words(shipped)
        if seen[w] == 3
        and w.isalpha()
        and shipped.features.segmenter.cut(f"看{w}吗") == ["看", w, "吗"]
    )
    assert new_words(room(word), shipped) == []
    (found,) = new_words(room(word), shipped, seldom=3)
    assert (found.text, found.known) == (word, "in 3 training samples")
    # three comments of 40,000 are not four times three samples of 85,018
    others = [f"{chr(0x4E00 + n % 20_000)}{'啊呢'[n // 20_000]}" for n in range(40_000)]
    sparse = room(word)[: len(EVERYDAY) + 3] + others
    assert word not in {w.text for w in new_words(sparse, shipped, seldom=3, least=3)}


def test_how_many_samples_have_a_word_is_read_off_the_model(shipped):
    seen = samples_with(shipped)
    samples, _ = shipped_samples()
    counts = Counter()
    for text in shipped.normaliser.normalise_all([sample.text for sample in samples]):
        counts.update(set(shipped.features.segmenter.cut(text.text)))
    words = counted_words(shipped)
    off = [abs(seen[word] - counts[word]) for word in words]
    assert np.median(off) == 0
    assert max(off) <= 20


def test_a_word_needs_comments(shipped):
    assert new_words(room("云雾肉"), shipped, least=len(SAYS) + 1) == []


def test_occurrences():
    found = occurrences(["肉", "多少"], ["多少肉", "肉肉", "没有"])
    assert [rows.tolist() for rows in found] == [[0, 1], [0]]
    assert [rows.tolist() for rows in occurrences(["肉"], [])] == [[]]
    assert occurrences([], ["肉"]) == []


def test_many_comments_in_little_time_and_memory(shipped):
    draw = np.random.default_rng(0)
    texts = ["".join(chr(c) for c in draw.integers(0x4E00, 0x5000, 400)) for _ in range(300)] * 60
    assert isinstance(new_words(texts, shipped), list)


@pytest.mark.skipif(not REAL.exists(), reason="the real rooms are not here")
def test_a_room_of_another_domain_has_its_words(shipped):
    texts = (REAL / "real_lines.txt").read_text(encoding="utf-8").splitlines()
    found = {word.text for word in new_words(texts, shipped)}
    assert {"百草味", "智能马桶", "营地车"} <= found
