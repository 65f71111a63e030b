import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commentnlp.errors import ModelError, ReadError
from commentnlp.features import (
    BOUNDARY,
    ORDERS,
    Features,
    _in_order,
    _Table,
    concepts_of,
    shape,
    vocabulary,
)
from commentnlp.segment import Segmenter

SEGMENTER = Segmenter({"圈口": 3})
CONCEPTS = {"圈口": "SIZE", "##k": "GOLD", "多少": "ASKED"}


def features(words=("圈口", "的", "多少"), common=3, chars="0口圈", keys=None):
    blank = {name: np.zeros(0, np.uint64) for name in ORDERS}
    return Features(SEGMENTER, CONCEPTS, words, common, chars, blank | (keys or {}))


def names(found, texts):
    """Every n-gram as (row, name, start, end), spelled with the symbols' names."""
    seen = {name: [np.zeros(0, np.uint64)] for name in ORDERS}
    for name, keys in found.keys_of(texts):
        seen[name].append(keys)
    keys = {name: np.unique(np.concatenate(parts)) for name, parts in seen.items()}
    full = features(found.words, found.common, found.chars, keys)
    found = full.find(texts)
    row, column = found.cells()
    assert set(zip(row, column, strict=True)) == set(zip(found.row, found.column, strict=True))
    assert len(row) == len(set(zip(row, column, strict=True)))
    assert sorted(row) == list(row)
    start, end = found.spans(np.arange(len(found.row)))
    origin = found.batch.origin[found.row]
    places = zip(found.row, found.column, start - origin, end - origin, strict=True)
    return {(int(row), full.name(column), int(i), int(j)) for row, column, i, j in places}


def test_ngrams_of_words_concepts_and_characters():
    got = names(features(), ["56圈口"])
    assert {g for g in got if g[1].startswith("word")} == {
        (0, "word:圈口", 2, 4),
        (0, "word:圈口 ^", 2, 4),
    }
    assert {g for g in got if g[1].startswith("concept")} == {
        (0, "concept:OTHER", 0, 2),
        (0, "concept:^ OTHER", 0, 2),
        (0, "concept:SIZE", 2, 4),
        (0, "concept:SIZE ^", 2, 4),
        (0, "concept:OTHER SIZE", 0, 4),
        (0, "concept:^ OTHER SIZE", 0, 4),
        (0, "concept:OTHER SIZE ^", 0, 4),
    }
    chars = {g for g in got if g[1].startswith("char")}
    assert (0, "char:0", 0, 1) in chars
    assert (0, "char:0", 1, 2) in chars  # 5 and 6 are one symbol
    assert (0, "char:0圈口", 1, 4) in chars
    assert all(end <= 4 for _, _, _, end in chars)


def test_shapes_have_concepts():
    got = names(features(), ["18k"])
    assert (0, "concept:GOLD", 0, 3) in got
    assert shape("s925") == "s###"


def test_rare_words_are_other_among_the_concepts():
    got = {g[1] for g in names(features(("的", "是"), common=1), ["的", "是"])}
    assert {"word:的", "word:是", "concept:的", "concept:OTHER"} <= got
    assert "concept:是" not in got


def test_no_ngram_crosses_the_edge_of_a_comment():
    alone = [names(features(), [text]) for text in ("圈口", "", "多少", "圈")]
    together = names(features(), ["圈口", "", "多少", "圈"])
    assert together == {(row, *gram[1:]) for row, grams in enumerate(alone) for gram in grams}


def test_extract_finds_only_what_has_a_column():
    # the longest character n-grams: ^圈口 and 圈口^
    keys = dict(features().keys_of(["圈口"]))["char"]
    found = features(keys={"char": np.unique(keys)}).find(["多少", "圈口", "的"])
    assert found.row.tolist() == [1, 1]
    assert found.column.tolist() == [0, 1]
    # the boundary before 多少, the word, the one before 圈口
    assert set(
        zip(*(place.tolist() for place in found.spans(np.arange(len(found.row)))), strict=True)
    ) == {(4, 6)}


def test_empty_batches():
    for texts in ([], ["", ""], [""] * 100):
        found = features().find(texts)
        assert len(found.spans(np.arange(len(found.row)))[0]) == 0
        assert len(found.cells()[0]) == 0


@given(st.lists(st.text(st.sampled_from("圈口的多少56k 🔗x"), max_size=12), max_size=6))
def test_spans_hold_the_characters_named(texts):
    for row, name, start, end in names(features(), texts):
        assert 0 <= start < end <= len(texts[row])
        if name.startswith("char:"):
            plain = name[5:].replace("^", "")
            assert plain == texts[row][start:end].translate(str.maketrans("56", "00"))


def test_vocabulary_counts_texts():
    words, common, chars = vocabulary(
        ["圈口圈口", "圈口的", "的"], SEGMENTER, min_count=2, common_count=2
    )
    assert words == ["圈口", "的"]
    assert common == 2
    assert chars == "口圈的"
    words, common, _ = vocabulary(["的的", "的"], SEGMENTER, min_count=1, common_count=3)
    assert (words, common) == (["的"], 0)


def test_a_word_under_two_concepts_is_refused():
    with pytest.raises(ReadError, match=r"c\.tsv: '手寸' stands under SIZE and WEIGHT"):
        concepts_of([("SIZE", "圈口 手寸"), ("WEIGHT", "手寸")], "c.tsv")


def test_boundary_is_no_character():
    assert BOUNDARY not in [ord(c) for c in features().chars]


def test_words_of_rows():
    found = features().find(["56圈口的", "", "多少"])
    first, count = found.batch.words_of(np.array([0, 1, 2, 0]))
    assert first.tolist() == [1, 5, 6, 1]
    assert count.tolist() == [4, 1, 2, 4]
    assert found.batch.word_end.tolist() == [1, 3, 5, 6, 7, 8, 10, 11]


def test_alphabets_have_an_end():
    with pytest.raises(ModelError, match="600000 words"):
        features(words=list(map(str, range(600_000))))


def test_a_table_finds_the_keys_it_was_given_and_no_others():
    keys = np.random.default_rng(0).permutation(3000)[:2000] << 40
    sought = np.arange(3000) << 40
    place, which = _Table(keys).find(sought)
    assert which.tolist() == sorted((keys >> 40).tolist())
    assert keys[place].tolist() == sought[which].tolist()
    assert len(_Table(keys[:0]).find(sought)[0]) == 0


@pytest.mark.parametrize("bits", [4, 60])
def test_in_order_however_wide(bits):
    high, low = _in_order(np.array([9, 3, 9, 3, 0]), np.arange(5), bits, 4)
    assert high.tolist() == [0, 3, 3, 9, 9]
    assert low.tolist() == [4, 1, 3, 0, 2]
