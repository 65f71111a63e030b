"""The samples keep what training_data/README.md promises."""

import csv
import re
import statistics
import unicodedata
from collections import Counter, defaultdict

import pytest

from commentnlp.language import Language
from commentnlp.samples import read_all_samples
from commentnlp.segment import Segmenter, new_words
from commentnlp.taxonomy import Taxonomy, parent_of

from .conftest import REAL, TRAINING_DATA

TAXONOMY = Taxonomy.read(TRAINING_DATA / "taxonomy.json")


@pytest.fixture(scope="module")
def samples():
    return read_all_samples(sorted((TRAINING_DATA / "samples").glob("*.csv")), TAXONOMY)


@pytest.fixture(scope="module")
def holdout():
    return read_all_samples([TRAINING_DATA / "holdout.csv"], TAXONOMY)


@pytest.fixture(scope="module")
def rooms():
    return read_all_samples([TRAINING_DATA / "rooms.csv"], TAXONOMY)


def plain(text):
    folded = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]+", "", folded) or folded.strip()


def grams(text):
    text = plain(text)
    return frozenset(text[i : i + 3] for i in range(len(text) - 2)) or frozenset([text])


def near_duplicates(texts, others=()):
    """How many of ``texts`` have 3-gram Jaccard ≥ 0.8 with an earlier one or one of ``others``."""
    seen = defaultdict(list)
    found = 0
    for number, text in enumerate([*others, *texts]):
        mine = grams(text)
        shared = Counter(other for gram in mine for other in seen[gram])
        near = any(n >= 0.8 * (len(mine) + size - n) for (_, size), n in shared.items())
        found += near and number >= len(others)
        for gram in mine:
            seen[gram].append((number, len(mine)))
    return found


def test_enough_and_distinct(samples):
    assert len(samples) >= 10_000
    assert len({s.text for s in samples}) == len(samples)
    assert len({plain(s.text) for s in samples}) > 0.995 * len(samples)
    assert near_duplicates([s.text for s in samples]) < 0.02 * len(samples)


def test_every_label_has_support(samples):
    counts = Counter(
        (facet, label) for s in samples for facet in s.labels for label in s.labels[facet]
    )
    for facet, label in TAXONOMY.columns:
        assert counts[facet, label] >= 180, (facet, label)
    nothing = sum(not s.labels["intent"] and not s.labels["complaint"] for s in samples)
    assert nothing >= 0.35 * len(samples)


def test_lengths_as_in_real_rooms(samples):
    lengths = sorted(len(s.text) for s in samples)
    assert 6 <= statistics.median(lengths) <= 9
    assert lengths[int(len(lengths) * 0.99)] >= 25
    assert sum(length >= 40 for length in lengths) >= 100


def test_several_hands(samples):
    assert len({s.source for s in samples}) >= 10


def test_the_holdout_is_apart(samples, holdout):
    assert len(holdout) >= 1200
    assert not {plain(s.text) for s in holdout if len(plain(s.text)) > 4} & {
        plain(s.text) for s in samples
    }
    assert not {s.source for s in holdout} & {s.source for s in samples}
    near = near_duplicates(
        [s.text for s in holdout if len(plain(s.text)) > 4], [s.text for s in samples]
    )
    assert near < 0.02 * len(holdout)


def test_the_live_room_lines_are_apart(samples, rooms, holdout):
    assert len(rooms) >= 1500
    measured = {plain(s.text) for s in rooms if len(plain(s.text)) > 4}
    assert not measured & {plain(s.text) for s in (*samples, *holdout)}
    assert not {s.source for s in rooms} & {s.source for s in samples}


def test_every_side_of_every_rule_is_shown(samples):
    """``borders.tsv`` names ten samples or more for each side of each borderline rule."""
    texts = {s.text for s in samples}
    sides = defaultdict(set)
    with (TRAINING_DATA / "borders.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            assert row["text"] in texts, row
            sides[int(row["rule"]), row["side"]].add(row["text"])
    assert {rule for rule, _ in sides} == set(range(1, 31))
    assert all(len([s for r, s in sides if r == rule]) >= 2 for rule in range(1, 31))
    for side, shown in sides.items():
        assert len(shown) >= 10, side


def test_the_lexicon_is_made_of_words():
    """A word of the lexicon that the segmenter cuts apart would never be met."""
    language = Language.read(TRAINING_DATA / "language")
    concepts = language.concepts
    plain_words = {word: None for word in concepts if "#" not in word}
    own = language.words
    segmenter = Segmenter(new_words({**plain_words, **own}))
    cut = [word for word in [*plain_words, *own] if segmenter.cut(word) != [word]]
    assert not cut


def test_the_lexicon_is_large():
    assert len(Language.read(TRAINING_DATA / "language").concepts) >= 40_000


def test_the_sample_room():
    with (TRAINING_DATA / "sample_room.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 280 <= len(rows) <= 400
    assert list(rows[0]) == ["时间", "用户", "评论内容"]
    times = [row["时间"] for row in rows]
    assert times == sorted(times)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real comments are not beside this checkout")
def test_nothing_foreign(samples, holdout, rooms):
    lines = (REAL / "real_lines.txt").read_text(encoding="utf-8").splitlines()
    for name in ("real_dev.tsv", "real_dev2.tsv"):
        lines += (REAL / name).read_text(encoding="utf-8").splitlines()
    real = {plain(line.split("\t")[0]) for line in lines}
    own = [plain(s.text) for s in (*samples, *holdout, *rooms)]
    assert not [text for text in own if len(text) >= 7 and text in real]


def test_leaves_never_stand_without_their_parent(samples):
    for sample in samples:
        for label in sample.labels["complaint"]:
            assert not parent_of(label) or parent_of(label) in sample.labels["complaint"]
