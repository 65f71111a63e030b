"""The worked example of another shop keeps what training_data/clothes/README.md promises."""

import csv
import re
from collections import Counter

import pytest

from commentnlp.corpus import corpus
from commentnlp.evaluation import evaluate
from commentnlp.language import Language
from commentnlp.samples import gather, settled
from commentnlp.segment import Segmenter, new_words
from commentnlp.similar import key, near_pairs
from commentnlp.taxonomy import Taxonomy
from commentnlp.training import Settings, train

from .conftest import REAL, TRAINING_DATA

CLOTHES = TRAINING_DATA / "clothes"
SHIPPED_LANGUAGE = TRAINING_DATA / "language"
TAXONOMY = Taxonomy.read(CLOTHES / "taxonomy.json")
SHIPPED = Taxonomy.read(TRAINING_DATA / "taxonomy.json")


def read(paths):
    gathered = gather(paths, TAXONOMY)
    assert gathered.problems == []
    assert gathered.notes == []
    assert settled(gathered.samples) == gathered.samples
    return gathered.samples


@pytest.fixture(scope="module")
def samples():
    return read(sorted((CLOTHES / "samples").glob("*.csv")))


@pytest.fixture(scope="module")
def holdout():
    return read([CLOTHES / "holdout.csv"])


def counts(samples):
    return Counter(
        (facet, label) for s in samples for facet in s.labels for label in s.labels[facet]
    )


def normal(samples):
    normaliser = Language.read(SHIPPED_LANGUAGE).normaliser
    return [text.text for text in normaliser.normalise_all([s.text for s in samples])]


def test_its_taxonomy_has_labels_and_a_facet_of_its_own():
    shipped, own = set(SHIPPED.columns), set(TAXONOMY.columns)
    assert {facet for facet, _ in own - shipped} == {"intent", "complaint", "body"}
    assert ("intent", "price") in shipped & own
    assert ("complaint", "product_quality.flaw") not in own
    for names in TAXONOMY.names.values():
        assert names["zh"]
        assert names["en"]


def test_enough_and_distinct(samples):
    assert len(samples) >= 1500
    texts = [key(text) for text in normal(samples)]
    assert len(set(texts)) > 0.99 * len(texts)
    assert len({s.source for s in samples}) >= 5


def test_every_label_has_support(samples, holdout):
    train_counts, holdout_counts = counts(samples), counts(holdout)
    for column in TAXONOMY.columns:
        assert train_counts[column] >= 12, column
        assert holdout_counts[column] >= 5, column


@pytest.mark.parametrize("side", ["samples", "holdout"])
def test_many_lines_have_no_label(side, request):
    lines = request.getfixturevalue(side)
    assert sum(not any(s.labels.values()) for s in lines) >= 0.18 * len(lines)


def test_the_holdout_is_apart(samples, holdout):
    assert len(holdout) >= 220
    assert near_pairs(normal(holdout), normal(samples))[0].size == 0
    assert near_pairs(normal(holdout))[0].size == 0


def test_the_holdout_is_not_among_the_shipped_samples(holdout):
    shipped = gather(sorted((TRAINING_DATA / "samples").glob("*.csv")), SHIPPED).samples
    assert not {s.text for s in holdout} & {s.text for s in shipped}


def test_the_lexicon_is_made_of_words():
    """A word of the lexicon that the segmenter cuts apart would never be met."""
    own = Language.extended(CLOTHES / "language", SHIPPED_LANGUAGE, add=False)
    both = Language.extended(CLOTHES / "language", SHIPPED_LANGUAGE, add=True)
    told = [word for word in {**own.concepts, **own.words, **own.products} if "#" not in word]
    plain = {word: None for word in both.concepts if "#" not in word}
    segmenter = Segmenter(new_words({**plain, **both.words}))
    assert [word for word in told if segmenter.cut(word) != [word]] == []


def test_trained_alone_it_knows_the_shop(samples, holdout):
    language = Language.extended(CLOTHES / "language", SHIPPED_LANGUAGE, add=True)
    model = train(corpus(samples, TAXONOMY), language, settings=Settings(folds=3, jobs=1))
    assert model.taxonomy.columns == TAXONOMY.columns
    reached = {facet: s.micro.f1 for facet, s in evaluate(model, holdout).facets.items()}
    bars = {"intent": 0.68, "complaint": 0.62, "act": 0.75, "body": 0.72}
    assert {f: f1 for f, f1 in reached.items() if f1 < bars[f]} == {}
    (tagged,) = model.tag(["我158 105斤穿多大"])
    assert set(tagged.labels("body")) == {"height", "weight"}
    assert tagged.labels("intent") == ("size",)


def test_the_evening_to_try_is_new(samples, holdout):
    with (CLOTHES / "sample_room.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["时间", "用户", "评论内容"]
    assert len(rows) >= 100
    assert [row["时间"] for row in rows] == sorted(row["时间"] for row in rows)
    assert not {row["评论内容"] for row in rows} & {s.text for s in (*samples, *holdout)}


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_counts_right(name, samples, holdout):
    text = (CLOTHES / name).read_text(encoding="utf-8")
    assert f"| `holdout.csv` | {'另外 ' * ('zh' in name)}{len(holdout)} " in text
    assert f"| {len(samples):,} | {len(holdout)} |" in text
    train_counts, holdout_counts = counts(samples), counts(holdout)
    for facet, label in TAXONOMY.columns:
        told = re.search(rf"\| {facet} \| (?:&nbsp;)*`{re.escape(label)}` \| (.+) \| (.+) \|", text)
        assert told, label
        assert told[1] == f"{train_counts[facet, label]:,}"
        assert told[2] == f"{holdout_counts[facet, label]:,}"


@pytest.mark.skipif(not REAL.is_dir(), reason="the real comments are not beside this checkout")
def test_nothing_foreign(samples, holdout):
    lines = (REAL / "real_lines.txt").read_text(encoding="utf-8").splitlines()
    lines += (REAL / "real_dev.tsv").read_text(encoding="utf-8").splitlines()
    real = {re.sub(r"[\W_]+", "", line.split("\t")[0]).lower() for line in lines}
    own = [re.sub(r"[\W_]+", "", s.text).lower() for s in (*samples, *holdout)]
    assert not [text for text in own if len(text) >= 6 and text in real]
