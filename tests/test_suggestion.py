from collections import Counter
from datetime import datetime
from itertools import combinations

import numpy as np
import pytest

from commentnlp import CommentnlpError, suggestion
from commentnlp.language import Language
from commentnlp.model_folder import Meta
from commentnlp.records import SHANGHAI, Event
from commentnlp.similar import key, near_pairs
from commentnlp.suggestion import SHARES, suggest
from commentnlp.taxonomy import Taxonomy

from .conftest import TRAINING_DATA
from .test_novelty import EVERYDAY, room

RULES = Language.read(TRAINING_DATA / "language").rules


@pytest.fixture(scope="module")
def model(shipped):
    shipped.rules = dict(RULES)
    return shipped


def comments(texts):
    return [Event("comment", text=text) for text in texts]


def texts_of(candidates):
    return [candidate.text for candidate in candidates]


def test_planted_slang_comes_first(model):
    queue = suggest(comments(room("包租婆", "奶绿兔")), model, 10)
    assert sum("包租婆" in text or "奶绿兔" in text for text in texts_of(queue)) >= 5
    first = next(candidate for candidate in queue if candidate.strategy == "novelty")
    assert first.why.startswith("new word ")
    assert first.why.removeprefix("new word ") in first.text


def test_every_text_once_and_none_that_is_known(model):
    said = room("包租婆")
    again = [*said, *said, "这个多少钱!!", "拍了57", "拍了103", "56的有吗"]
    queue = suggest(comments(again), model, 1000, known=[said[0], "拍了1", said[30] + "。。"])
    keys = [key(text) for text in texts_of(queue)]
    assert len(set(keys)) == len(keys)
    assert {key(text) for text in said} - set(keys) == {key(said[0]), key(said[30])}
    assert "0" not in "".join(key for key in keys if key.startswith("拍了0"))
    twice = next(candidate for candidate in queue if candidate.text == said[1])
    assert twice.count == 2


def test_what_no_viewer_typed_is_left_out(model):
    events = [
        Event("comment", text="主播说的话", role="host"),
        Event("comment", text="小助理说的", role="staff"),
        Event("like", text="点了赞"),
        Event("comment", text=""),
        Event("comment", text="666"),
        Event("comment", text="😀"),
    ]
    assert suggest(events, model) == []


def test_a_candidate_tells_where_it_stands(model):
    time = datetime(2024, 5, 1, 20, 15, tzinfo=SHANGHAI)
    events = [
        Event("comment", text="客服一直不回", id="77", time=time, room="满月"),
        Event("comment", text="客服一直不回", id="78"),
    ]
    (one,) = suggest(events, model)
    assert (one.id, one.time, one.room, one.count) == ("77", "2024-05-01 20:15:00+08:00", "满月", 2)
    assert one.labels["complaint"] == ("after_sales.service",)
    assert set(one.labels) == {"intent", "complaint", "act"}
    assert one.why


@pytest.mark.parametrize("many", [0, 1, 5, 500])
def test_as_many_as_asked_or_there_are(model, many):
    assert suggest([], model, many) == []
    assert len(suggest(comments(["多少钱"]), model, many)) == min(many, 1)
    assert len(suggest(comments(room("包租婆")), model, many)) == min(many, len(room("包租婆")))


def test_the_same_seed_gives_the_same_and_a_queue_begins_as_a_shorter_one(model):
    events = comments(room("包租婆", "云雾肉"))
    queue = suggest(events, model, 30, seed=3)
    assert suggest(events, model, 30, seed=3) == queue
    assert suggest(events, model, 12, seed=3) == queue[:12]


def test_strategies_get_their_shares(model):
    shares = {"margin": 2, "diversity": 1}
    queue = suggest(comments(EVERYDAY + room("包租婆")), model, 9, strategies=shares)
    assert Counter(candidate.strategy for candidate in queue) == {"margin": 6, "diversity": 3}
    assert suggest(comments(EVERYDAY), model, strategies={"novelty": 1, "margin": 0})[0].why
    with pytest.raises(CommentnlpError, match="no strategy 'luck'; there are novelty, "):
        suggest([], model, strategies={"luck": 1})


def test_who_has_nothing_to_give_leaves_it_to_others(model):
    queue = suggest(comments(EVERYDAY), model, 12)
    assert len(queue) == 12
    assert "novelty" not in {candidate.strategy for candidate in queue}


def test_near_texts_come_last(model):
    near = [f"我想要一只好看一点的手镯{end}" for end in "吧呀啊呢哦哈嘛啦"]
    queue = texts_of(suggest(comments([*near, *EVERYDAY]), model, 100))
    assert set(queue) == {*near, *EVERYDAY}
    assert not len(near_pairs(queue[:15])[0])
    assert sum(text in near for text in queue[-8:]) == 7
    queue = texts_of(suggest(comments([*near, *EVERYDAY]), model, 100, known=near[:1]))
    assert set(queue[-7:]) == set(near[1:])


# each strategy gives what its name says


def by(name, texts, model, many=10, **options):
    queue = suggest(comments(texts), model, many, strategies={name: 1}, **options)
    return [candidate for candidate in queue if candidate.strategy == name]


@pytest.fixture(scope="module")
def everything(shipped):
    """Comments of every kind, in the room's words."""
    pairs = combinations(EVERYDAY, 2)
    return [*EVERYDAY, *(f"{one} {other}" for one, other in list(pairs)[::3])]


def test_margin_is_near_the_thresholds_of_many_labels(model, everything):
    found = by("margin", everything, model)
    distance = np.abs(model.probabilities(texts_of(found)) - model.thresholds).min(axis=1)
    assert (distance < 0.25).all()
    labels = [candidate.why.split()[0] for candidate in found]
    assert max(Counter(labels).values()) <= 3
    assert "threshold" in found[0].why


def test_rare_finds_likely_positives_of_labels_with_few_samples(tiny):
    few = Meta("v", "", 9, {"intent": {"labels": {"price": {"support": 900}}}})
    tiny.meta = few
    tiny.bias = np.array([-1.0, -1.0, -2.0])
    found = by("rare", ["贵", "慢", "贵吧", "慢啊", "慢呀", "好"], tiny, 3)
    assert found[0].text in ("慢", "慢啊", "慢呀")
    assert "which 0 samples have" in found[0].why
    assert "贵" not in found[0].text


def test_rare_leaves_out_what_the_model_is_sure_of(model):
    sure = "发货太慢了 催了三次"
    assert model.probabilities([sure]).max() > 0.9
    found = by("rare", [sure, *EVERYDAY], model, 100)
    score = [float(candidate.why.split("(")[0].split()[-1]) for candidate in found]
    assert all(0.05 <= one <= 0.9 for one in score)


def test_committee_is_where_rules_and_model_differ(tiny):
    tiny.rules = {"complaint/logistics.delay": ["催发货", "慢"], "shape/round": ["圆"]}
    found = by("committee", ["催发货", "慢", "贵", "圆"], tiny)
    assert [candidate.text for candidate in found] == ["催发货"]
    assert found[0].why.startswith("催发货 speaks for logistics.delay")
    tiny.rules = {"intent/price": ["多少錢"]}  # as viewers type it
    assert texts_of(by("committee", ["这个多少钱"], tiny)) == ["这个多少钱"]
    tiny.rules = {}
    assert by("committee", ["催发货", "慢"], tiny) == []


def test_diversity_takes_the_middle_of_clusters_that_have_no_labels(model):
    lengths = [f"链子长度{a}{b}" for a in "多少够吗能改" for b in "呀啊呢哦了的"]
    parcels = [f"包裹丢了{a}{b}" for a in "怎么办谁管赔" for b in "呀啊呢哦了的"]
    texts = lengths + parcels
    found = by("diversity", texts, model, 4)
    assert {text[:2] for text in texts_of(found)} == {"链子", "包裹"}
    known = lengths[:30]
    found = by("diversity", texts, model, 2, known=known)
    assert {text[:2] for text in texts_of(found)} == {"包裹"}


def test_novelty_covers_every_word_before_it_comes_back(model):
    words = "包租婆", "云雾肉", "奶绿兔", "鱼干"
    found = by("novelty", room(*words), model, 4)
    assert {word for word in words for one in found if word in one.text} == set(words)
    assert by("novelty", EVERYDAY, model) == []


def test_novelty_ends_where_a_word_has_labels_enough(model):
    texts = [text for text in room("包租婆") if "包租婆" in text]
    few = by("novelty", EVERYDAY + texts, model, 100)
    assert len(few) <= suggestion.FEW
    assert by("novelty", EVERYDAY + texts, model, 100, known=texts[: suggestion.FEW]) == []


# large files, and the table of rules


def test_of_very_many_texts_the_frequent_and_random_ones(model, monkeypatch):
    monkeypatch.setattr(suggestion, "MOST", 40)
    monkeypatch.setattr(suggestion, "_BATCH", 50)
    many = [f"{chr(0x4E00 + n // 50)}{chr(0x5E00 + n % 50)}好不好" for n in range(2000)]
    events = comments([*(many[7:12] * 30), *many])
    kept = texts_of(suggest(events, model, 1000))
    assert len(kept) == 40
    assert set(many[7:12]) <= set(kept)
    assert texts_of(suggest(iter(events), model, 1000)) == kept
    assert len({many.index(text) // 500 for text in kept}) == 4
    assert set(texts_of(suggest(events, model, 1000, seed=1))) != set(kept)


def test_the_rules_know_every_label():
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    assert set(RULES) == {f"{facet}/{label}" for facet, label in taxonomy.columns}
    assert all(RULES.values())


def test_rules_travel_with_a_model(tiny, tmp_path):
    tiny.rules = {"intent/price": ("多少钱", "贵"), "complaint/logistics": ("快递",)}
    tiny.save(tmp_path / "model")
    assert type(tiny).load(tmp_path / "model").rules == tiny.rules


def test_shares_are_of_strategies_that_there_are():
    assert set(SHARES) == set(suggestion._STRATEGIES)
    assert sum(SHARES.values()) == pytest.approx(1)
