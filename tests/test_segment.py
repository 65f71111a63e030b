import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commentnlp.compiled_core import load_core
from commentnlp.language import Language
from commentnlp.samples import read_all_samples
from commentnlp.segment import Segmenter, new_words
from commentnlp.taxonomy import Taxonomy
from commentnlp.text import SEPARATOR

from .conftest import ROOT, TRAINING_DATA
from .test_text import SHIPPED as NORMALISER

WORDS = Language.read(ROOT / "models/default/language").words


ENGINES = ["rjieba", "core"] if load_core() else ["rjieba"]


@pytest.fixture(scope="module", params=ENGINES)
def fast(request):
    return Segmenter(WORDS, engine=request.param)


@pytest.fixture(scope="module")
def reference():
    return Segmenter(WORDS, engine="jieba")


def test_one_character_words_stay(fast):
    assert fast.cut("贵") == ["贵"]
    assert fast.cut("又慢又差") == ["又", "慢", "又", "差"]


def test_words_of_the_trade(fast):
    assert fast.cut("56圈口的培育钻") == ["56", "圈口", "的", "培育钻"]


def test_all_engines_cut_the_shipped_samples_alike(fast, reference):
    taxonomy = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
    files = sorted((TRAINING_DATA / "samples").glob("*.csv"))
    texts = [NORMALISER.normalise(s.text).text for s in read_all_samples(files, taxonomy)]
    assert len(texts) > 10_000
    assert [fast.cut(t) for t in texts] == [reference.cut(t) for t in texts]


def test_all_engines_cut_random_unicode_alike(fast, reference):
    chosen = random.Random(0)
    ranges = [(0x20, 0x7E), (0x3000, 0x303F), (0x4E00, 0x9FFF), (0x20, 0xD7FF), (0xE000, 0x2FFFF)]
    for _ in range(20_000):
        raw = "".join(
            chr(chosen.randint(*chosen.choice(ranges))) for _ in range(chosen.randint(1, 12))
        )
        text = NORMALISER.normalise(raw).text
        assert fast.cut(text) == reference.cut(text), ascii(raw)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_the_words_make_up_the_text(raw):
    text = NORMALISER.normalise(raw).text
    words = _REFERENCE.cut(text)
    assert "".join(words) == text
    for engine in _FAST:
        assert engine.cut(text) == words


_FAST = [Segmenter(WORDS, engine=engine) for engine in ENGINES]
_REFERENCE = Segmenter(WORDS, engine="jieba")


@given(st.lists(st.text(max_size=15), max_size=8))
@settings(deadline=None)
def test_joined_texts_are_cut_as_if_alone(raws):
    texts = [NORMALISER.normalise(raw).text for raw in raws]
    for engine in _FAST:
        alone: list[str] = []
        for i, text in enumerate(texts):
            alone += [SEPARATOR] * (i > 0) + engine.cut(text)
        assert engine.cut(SEPARATOR.join(texts)) == alone


def test_new_words_keeps_to_the_rule_under_which_the_engines_agree():
    words = new_words({"圈口": None, "A货": 7, "手机": 9, "贵": None, "飘 花": None})
    assert words["a货"] == 7
    assert words["圈口"] >= 1
    assert not words.keys() & {"手机", "贵", "飘 花"}  # known, too short, with a blank
    assert Segmenter(words).cut("圈口") == ["圈口"]


def test_falls_back_to_jieba_where_there_is_no_wheel(monkeypatch):
    import sys

    monkeypatch.setenv("COMMENTNLP_CORE", "python")
    monkeypatch.setitem(sys.modules, "rjieba", None)
    assert Segmenter({"圈口": 3}).cut("56圈口") == ["56", "圈口"]
    with pytest.raises(ImportError):
        Segmenter(engine="rjieba").cut("圈口")
