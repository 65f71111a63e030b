import csv
import json
import math
import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commentnlp import Model
from commentnlp.errors import CommentnlpError, ModelError
from commentnlp.model import LENGTH_POWER, combine, sigmoid, views_of
from commentnlp.model_folder import ModelFiles

from .conftest import TRAINING_DATA
from .test_segment import _FAST  # noqa: F401  (one dictionary for the module)


def test_arithmetic_on_paper(tiny):
    # one feature: its length is its idf, 1
    assert tiny.logits(["贵"]).tolist() == [[1.0, -1.0, -1.0]]
    # twice the same is the same; two features have length √2
    assert tiny.logits(["贵贵"]).tolist() == [[1.0, -1.0, -1.0]]
    scale = math.sqrt(2) ** -LENGTH_POWER
    both = tiny.logits(["贵慢"])[0]
    assert both == pytest.approx([2 * scale - 1, -1, 3 * scale - 1])
    # nothing known: the bias
    assert tiny.logits(["喂", ""]).tolist() == [[-1.0] * 3] * 2
    assert tiny.logits([]).shape == (0, 3)


def test_a_comment_of_clauses_is_half_itself_and_half_its_best_clause(tiny):
    scale = math.sqrt(2) ** -LENGTH_POWER
    got = tiny.logits(["这个贵 发得慢"])[0]
    assert got[0] == pytest.approx(((2 * scale - 1) + (2 - 1)) / 2)
    assert got[2] == pytest.approx(((3 * scale - 1) + (3 - 1)) / 2)


def test_views_and_their_mean():
    views = views_of(["一二三 四五六", "七", "甲乙丙!丁戊己"])
    assert views.texts == [
        "一二三 四五六",
        "七",
        "甲乙丙!丁戊己",
        "一二三",
        "四五六",
        "甲乙丙",
        "丁戊己",
    ]
    assert views.row.tolist() == [0, 1, 2, 0, 0, 2, 2]
    assert views.offset.tolist() == [0, 0, 0, 0, 4, 0, 4]
    logits = np.array([[1.0], [2.0], [3.0], [-1.0], [5.0], [0.0], [-7.0]])
    assert combine(logits, views).tolist() == [[3.0], [2.0], [1.5]]


def test_a_leaf_brings_its_parent(tiny):
    tagged = tiny.tag(["慢"])[0]
    assert tagged.labels("complaint") == ("logistics.delay",)
    assert tagged.labels("intent") == ()
    scores = tiny.probabilities(["慢"])[0]
    assert scores[1] == scores[2] == pytest.approx(sigmoid(np.array(2.0)))
    assert tiny.predict(["慢"]).tolist() == [[False, True, True]]


def test_the_parent_stands_where_no_leaf_is_sure(tiny):
    tiny.weights[0] = [0.0, 3.0, 0.0]
    assert tiny.tag(["慢"])[0].labels("complaint") == ("logistics",)


def test_evidence_points_into_the_raw_text(tiny):
    tagged = tiny.tag(["这个太ＶＶ貴了！！！！ 又慢"], evidence=True)[0]
    proofs = {proof.label: proof for proof in tagged.evidence}
    assert proofs["price"].text == "貴"
    assert tagged.text[proofs["price"].start : proofs["price"].end] == "貴"
    assert proofs["logistics.delay"].text == "慢"


def test_explained_weights_add_up(shipped):
    for text in (
        "圈口发小了",
        "56圈口的飘花多少米 是A货吗",
        "",
        "哈哈哈哈哈",
        "客服不理人，掉色！还贵",
    ):
        logits = shipped.logits([text])[0]
        explained = {(e.facet, e.label): e for e in shipped.explain(text)}
        for (facet, label), logit in zip(shipped.taxonomy.columns, logits, strict=True):
            one = explained[facet, label]
            assert one.logit == pytest.approx(logit, abs=1e-4)
            pieces = sum(p.weight for p in one.pieces)
            assert one.bias + pieces + one.others == pytest.approx(one.logit, abs=1e-6)
            assert all(text[p.start : p.end] == p.text for p in one.pieces)


@pytest.mark.parametrize("size", [2, 3, 16, 17, 70, 1000])
def test_a_batch_of_any_size_gives_what_a_batch_of_one_gives(shipped, size):
    with (TRAINING_DATA / "holdout.csv").open(encoding="utf-8", newline="") as file:
        said = [row["text"] for row in csv.DictReader(file)][::10]
    texts = [
        "多少米",
        "有证书吗 几克，多少钱",
        "",
        "掉色了",
        " ",
        "贵 贵 贵 又贵",
        "\ud800？",
        "\n",
    ]
    texts += [*said, *map(" ".join, pairwise(said)), "，".join(said)]
    random.Random(size).shuffle(texts)
    for i in range(0, len(texts), size):
        part = texts[i : i + size]
        for text, among in zip(part, shipped.tag(part, evidence=True), strict=True):
            (alone,) = shipped.tag([text], evidence=True)
            assert among.text == alone.text == text
            for facet, tags in alone.tags.items():
                assert among.labels(facet) == alone.labels(facet)
                scores = [tag.score for tag in tags]
                assert [tag.score for tag in among.tags[facet]] == pytest.approx(scores, abs=1e-9)
            for one, other in zip(among.evidence, alone.evidence, strict=True):
                assert replace(one, weight=0) == replace(other, weight=0)
                assert one.weight == pytest.approx(other.weight, abs=1e-9)


@given(st.lists(st.text(), max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_unicode(texts):
    for raw, tagged in zip(texts, _shipped().tag(texts, evidence=True), strict=True):
        assert tagged.text == raw
        for proof in tagged.evidence:
            assert 0 <= proof.start < proof.end <= len(raw)
            assert raw[proof.start : proof.end] == proof.text


def _shipped(cache=[]):  # noqa: B006
    if not cache:
        cache.append(Model.shipped())
    return cache[0]


# folders


@pytest.fixture
def folder(tiny, tmp_path):
    tiny.save(tmp_path / "model")
    return tmp_path / "model"


def test_round_trip(tiny, folder):
    again = Model.load(folder)
    texts = ["贵", "慢 又贵", "ＶＶ"]
    assert again.logits(texts).tolist() == tiny.logits(texts).tolist()
    assert again.taxonomy == tiny.taxonomy
    again.save(folder.parent / "again")
    for name in [*ModelFiles.files(), ModelFiles.META]:
        assert (folder / name).read_bytes() == (folder.parent / "again" / name).read_bytes()


def test_missing(tmp_path):
    with pytest.raises(ModelError, match="no model there"):
        Model.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ModelFiles.files())
def test_every_file_is_needed(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name.split('/')[-1]}: missing"):
        Model.load(folder)


@pytest.mark.parametrize("name", ModelFiles.files())
def test_every_file_is_checked(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ModelError, match="damaged"):
        Model.load(folder)


def test_half_a_meta_file(folder):
    meta = folder / ModelFiles.META
    meta.write_bytes(meta.read_bytes()[:50])
    with pytest.raises(ModelError, match="damaged or not of this program"):
        Model.load(folder)


@pytest.mark.parametrize("number", [0, 99, "1", None])
def test_other_formats_are_refused_before_anything_is_read(folder, number):
    meta = json.loads((folder / ModelFiles.META).read_text(encoding="utf-8"))
    meta["format"] = number
    (folder / ModelFiles.META).write_text(json.dumps(meta), encoding="utf-8")
    (folder / "weights.npy").unlink()
    with pytest.raises(ModelError, match="this program reads 2"):
        Model.load(folder)


def test_pickles_are_refused(folder):
    """A folder whose digests fit, but whose array is a pickle."""
    import hashlib

    np.save(folder / "bias.npy", np.array([{}], object), allow_pickle=True)
    path = folder / ModelFiles.META
    meta = json.loads(path.read_text(encoding="utf-8"))
    meta["digests"]["bias.npy"] = hashlib.sha256((folder / "bias.npy").read_bytes()).hexdigest()
    path.write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(ModelError, match="not a model of this program"):
        Model.load(folder)


def test_arrays_that_do_not_fit(tiny):
    with pytest.raises(ModelError, match="do not fit"):
        Model(
            tiny.normaliser,
            tiny.features,
            tiny.taxonomy,
            idf=tiny.idf,
            weights=tiny.weights[:1],
            bias=tiny.bias,
            thresholds=tiny.thresholds,
        )


def test_known_problems_have_one_root():
    assert issubclass(ModelError, CommentnlpError)


def test_the_shipped_model_is_small():
    from commentnlp.shipped import DEFAULT_MODEL

    size = sum(path.stat().st_size for path in DEFAULT_MODEL.rglob("*") if path.is_file())
    assert size < 12_000_000


def test_a_changed_word_about_itself_is_noticed(folder):
    path = folder / ModelFiles.META
    meta = json.loads(path.read_text(encoding="utf-8"))
    meta["common_words"] = 7
    path.write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(ModelError, match="damaged"):
        Model.load(folder)
    del meta["digests"]
    path.write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(ModelError, match="damaged"):
        Model.load(folder)


def test_saving_over_a_model_replaces_it_whole_or_not_at_all(tiny, folder, monkeypatch):
    tiny.save(folder, {"leftover.csv": b"x"})
    tiny.save(folder)
    assert not (folder / "leftover.csv").exists()
    before = (folder / "weights.npy").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(ModelError, match="No space left"):
        tiny.save(folder)
    assert (folder / "weights.npy").read_bytes() == before
    Model.load(folder)
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def test_saving_where_nothing_can_be_written(tiny, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelError, match="cannot be written"):
        tiny.save(tmp_path / "file" / "model")


def test_one_comment_alone_gets_what_it_gets_among_many(shipped):
    texts = [
        "56圈口的多少米",
        "戴了一周就掉色了 能退吗 客服也不回",
        "",
        "😀",
        "a" * 300,
        "哈哈哈哈",
        "没声音 卡",
    ] * 30
    together = shipped.logits(texts)
    alone = np.concatenate([shipped.logits([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)
    assert shipped.tag(texts, evidence=True)[:6] == shipped.tag(texts[:6], evidence=True)
