import json
import random
from dataclasses import replace

import numpy as np
import pytest

from commentnlp import Model
from commentnlp.corpus import corpus
from commentnlp.drift import FEWEST, MOST, NAMES, Share, drift, reference_of
from commentnlp.language import Language
from commentnlp.model_folder import Meta
from commentnlp.reading import open_sources
from commentnlp.samples import read_all_samples
from commentnlp.taxonomy import Taxonomy
from commentnlp.training import Settings, train

from .conftest import REAL, TRAINING_DATA

SEEN = 1800
SLANG = (
    "这条{}怎么卖", "{}还有吗", "想要那个{}", "{}给我留一个", "今天有{}没有", "上次的{}很好",
    "{}多少钱", "主播看看{}", "我也要{}", "{}便宜点吧", "看下{}", "喜欢{}这种",
)  # fmt: skip
COINED = ("冰飘魔王", "豆豆眼", "糖心饼", "云肩弟", "小月牙", "雪糕筒", "绿巨人", "海盗船")


@pytest.fixture(scope="module")
def samples():
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    found = read_all_samples(sorted((TRAINING_DATA / "samples").glob("*.csv")), taxonomy)
    random.Random(4).shuffle(found)
    return found[: 2 * SEEN]


@pytest.fixture(scope="module")
def model(samples):
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    settings = Settings(folds=3, max_features=6000, jobs=1)
    language = Language.read(TRAINING_DATA / "language")
    return train(corpus(samples[:SEEN], taxonomy), language, settings=settings)


@pytest.fixture(scope="module")
def alike(samples):
    """Comments of the same kind as those that the model was trained on."""
    return [sample.text for sample in samples[SEEN:]]


def slang():
    lines = [frame.format(word) for word in COINED for frame in SLANG[:8]]
    return list(dict.fromkeys(lines))


# the reference -----------------------------------------------------------------------------


def counted(tiny, texts, probabilities):
    told = reference_of(tiny, texts, np.array(probabilities), min_count=2)
    assert json.loads(json.dumps(told)) == told
    return told


def test_what_is_kept_of_the_samples(tiny):
    texts = ["手镯好看", "手镯便宜", "手镯", "翡翠便宜", "66"]
    scores = [[0.05, 0.95, 0.0], [0.65, 0, 0], [0, 0, 0], [0.25, 0, 0.55], [0, 0, 0]]
    told = counted(tiny, texts, scores)
    assert sum(told["comments"]) == 5
    # 手镯 stands in two others of each of its samples, no other word does; figures are no words
    assert (sum(told["words"]), sum(told["unknown"]), sum(told["holding"])) == (7, 4, 3)
    assert told["comments"][:3] == [2, 0, 3]
    assert told["unknown"][:3] == [0, 0, 4]
    assert sum(told["unsure"]) == 1, "0.55 is near to 0.5, the others are not"
    assert told["labels"] == [1, 2, 1], "a leaf brings its parent along"
    assert told["scores"] == {
        "complaint": [3, 0, 0, 0, 0, 1, 0, 0, 0, 1],
        "intent": [3, 0, 1, 0, 0, 0, 1, 0, 0, 0],
    }


def test_samples_that_say_the_same_count_once(tiny):
    told = counted(tiny, ["拍了57", "拍了103", "拍了"], [[0, 0, 0]] * 3)
    assert sum(told["comments"]) == 2


def test_a_word_of_the_lexicon_is_known(tiny):
    tiny.features.concepts["翡翠"] = "STONE"
    assert sum(counted(tiny, ["翡翠"], [[0, 0, 0]])["unknown"]) == 0


def test_leaving_one_out_foretells_what_comes(model, alike):
    """Other comments of the same kind are as strange and as doubtful as the reference has it."""
    found = drift(alike, model)
    assert found.comments > FEWEST
    for share in (found.unknown, found.holding):
        assert share.low * 0.95 < share.expected < share.high * 1.05
    assert found.unsure.share == pytest.approx(found.unsure.expected, rel=0.12)
    assert all(psi < 0.1 for psi in found.scores.values())
    assert np.mean([one.low <= 0 <= one.high for one in found.labels]) > 0.6


def test_it_travels_with_the_model(model, alike, tmp_path):
    model.save(tmp_path / "m")
    assert drift(alike[:300], Model.load(tmp_path / "m")) == drift(alike[:300], model)


# the verdict -------------------------------------------------------------------------------


def test_the_slang_of_a_room_is_due(model, alike):
    found = drift([*alike[:500], *slang()], model)
    assert (found.verdict, found.due) == ("due", True)
    first = found.reasons[0]
    assert (first.what, first.advice) == ("new_words", "words")
    assert first.figure == found.novel.share > first.expected
    assert {word.text for word in found.words} >= set(COINED) - {"云肩弟"}


def test_names_alone_are_not_due(model, alike):
    """The host's and another one's: a room of any kind has them."""
    named = [COINED[i % NAMES] + text for i, text in enumerate(alike[500:580])]
    found = drift([*alike[:500], *named], model)
    assert {word.text for word in found.words[:NAMES]} == set(COINED[:NAMES])
    assert "new_words" not in [reason.what for reason in found.reasons]
    named = [COINED[i % len(COINED)] + text for i, text in enumerate(alike[500:580])]
    assert "new_words" in [one.what for one in drift([*alike[:500], *named], model).reasons]


def test_known_words_side_by_side_are_no_new_word(known):
    texts = [f"{a}什么时候发货{b}" for a in "请我你快那这各老有在" for b in "啊呀呢哦嘛"]
    assert "什么时候发货" not in [word.text for word in drift(texts, known).words]


def test_a_phrase_to_tap_is_one_comment(model, alike):
    flood = [f"冰飘魔王{i}" for i in range(3000)]
    calm, flooded = drift(alike[:500], model), drift([*flood, *alike[:500]], model)
    assert flooded.comments == calm.comments + 1
    assert flooded.due == calm.due
    assert drift(alike[:500] * 3, model) == calm


def test_comments_of_another_language(model):
    cut = ("的确", "量子", "涡轮", "扶摇", "阁下", "颠簸", "琉璃瓦", "螺丝刀", "骑行", "帐篷",
           "赛道", "键盘", "显卡", "导航", "水槽", "烤箱")  # fmt: skip
    texts = [f"{a}{b}{c}" for a in cut[:7] for b in cut[4:11] for c in cut[9:] if a != b != c]
    found = drift(texts, model)
    assert "unknown_words" in [reason.what for reason in found.reasons]
    reason = next(one for one in found.reasons if one.what == "unknown_words")
    assert reason.figure == found.unknown.share > reason.expected > found.unknown.expected


def test_comments_that_the_model_doubts(model, alike):
    near = np.abs(model.probabilities(alike) - model.thresholds).min(axis=1)
    doubtful = [alike[i] for i in np.argsort(near)[: len(alike) // 2]]
    found = drift(doubtful, model)
    assert "unsure" in [reason.what for reason in found.reasons]


def test_of_few_comments_nothing_is_told(model):
    found = drift(slang()[: FEWEST - 1], model)
    assert (found.verdict, found.due, found.reasons) == ("too_few", False, ())
    assert drift([], model).comments == 0
    assert drift(["", " ", "\u200b"], model).verdict == "too_few"


def test_of_many_comments_some_are_looked_at(model):
    random_ = random.Random(2)
    some = [chr(0x4E00 + i) for i in range(0, 2000, 7)]
    many = ["".join(random_.choices(some, k=6)) for _ in range(MOST + 5000)]
    assert MOST * 0.9 < drift(many, model).comments <= MOST


def test_a_model_that_tells_nothing_of_its_samples(tiny):
    assert drift(["贵"] * 3, tiny) is None


def test_each_comment_is_compared_to_samples_as_long_as_it(tiny):
    tiny.meta = Meta(
        "m", "", 2000,
        reference={
            "comments": [1000, *[0] * 10, 1000], "words": [1000, *[0] * 10, 9000],
            "unknown": [10, *[0] * 10, 900], "holding": [10, *[0] * 10, 600],
            "unsure": [100, *[0] * 10, 500], "labels": [0, 0, 0],
            "scores": {"intent": [2000, *[0] * 9], "complaint": [2000, *[0] * 9]},
        },
    )  # fmt: skip
    short, long = ["好", "美"], ["".join(chr(0x4E00 + i) for i in range(40))]
    assert drift(short, tiny).unsure.expected == pytest.approx(0.1, abs=0.01)
    assert drift(long, tiny).unsure.expected == pytest.approx(0.5, abs=0.01)
    assert drift([*short, *long], tiny).unsure.expected == pytest.approx(0.7 / 3, abs=0.01)


def test_a_share_of_nothing():
    assert Share(0, 0, 0.0, 1.0, 0.1).share == 0


# real rooms: what the constants rest on ------------------------------------------------------


@pytest.fixture(scope="module")
def known(shipped):
    if not shipped.meta.reference:
        pytest.skip("the shipped model has no reference")
    return shipped


@pytest.mark.parametrize("name", ["sample_show.csv", "sample_room.csv", "holdout.csv"])
def test_jewellery_rooms_fit(known, name):
    found = drift(comments(TRAINING_DATA / name), known)
    assert found.verdict == "fits"


@pytest.mark.skipif(not REAL.exists(), reason="the real files are not here")
def test_other_shops_are_due(known):
    texts = [text for path in sorted((REAL / "jd_live").glob("*.csv")) for text in comments(path)]
    assert drift(texts, known).due
    assert drift(comments(REAL / "odd_files" / "reviews_gb18030.csv"), known).due


def comments(path):
    return [
        event.text
        for source in open_sources(path)
        for event in source.events()
        if event.kind == "comment" and event.role == "viewer"
    ]


def test_an_alarm_by_chance_is_rare(model, alike):
    """Of parts of what is just like the samples, few are taken for something else."""
    due = sum(drift(random.Random(i).sample(alike, 400), model).due for i in range(20))
    assert due <= 2


def test_old_references_are_no_reference(model, alike):
    old = replace(model.meta, reference={"comments": [1]})
    before, model.meta = model.meta, old
    try:
        assert drift(alike, model) is None
    finally:
        model.meta = before
