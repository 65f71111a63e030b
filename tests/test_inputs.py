"""What callers give as comments, and what comes of it."""

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from commentnlp import CommentnlpError, Model

from .conftest import ROOT

COMMENTS = ["太贵", "", "寄得慢"]


def labels(tagged):
    return [[tag.label for tags in one.tags.values() for tag in tags] for one in tagged]


@pytest.mark.parametrize(
    "texts",
    [
        COMMENTS,
        tuple(COMMENTS),
        (text for text in COMMENTS),
        dict.fromkeys(COMMENTS).keys(),
        np.array(COMMENTS),
        np.array(COMMENTS, object),
        pd.Series(COMMENTS, index=[7, 7, 9]),
        pd.Series(COMMENTS, dtype="string"),
        pd.Series(COMMENTS, dtype="category"),
        pa.array(COMMENTS),
        pa.chunked_array([COMMENTS]),
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_any_iterable_will_do(tiny, texts):
    kept = list(texts) if hasattr(texts, "send") else texts
    assert labels(tiny.tag(kept)) == [["price"], [], ["logistics.delay"]]
    assert tiny.predict(kept).tolist() == tiny.predict(COMMENTS).tolist()
    assert tiny.probabilities(kept).shape == (3, 3)


def test_a_generator_is_gone_through_once(tiny):
    assert labels(tiny.tag(text for text in COMMENTS)) == [["price"], [], ["logistics.delay"]]
    assert tiny.predict(iter(COMMENTS)).sum() == 3


@pytest.mark.parametrize(
    "missing", [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT], ids=repr
)
def test_what_is_missing_has_no_tags(tiny, missing):
    tagged = tiny.tag(["贵", missing], evidence=True)
    assert labels(tagged) == [["price"], []]
    assert (tagged[1].text, tagged[1].evidence) == ("", ())
    assert not tiny.predict([missing]).any()
    assert not tiny.probabilities([missing]).any()


@pytest.mark.parametrize(
    "blank", ["", " ", "\t\r\n", "\u3000", "\xa0", "\u200b", "\ufeff", "\x00", " \u200d ", "\u3164"]
)
def test_blanks_have_no_tags(shipped, blank):
    assert labels(shipped.tag([blank, "多少钱"], evidence=True))[0] == []
    assert not shipped.predict([blank]).any()
    assert shipped.predict(["多少钱"]).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("多少钱", "not one str: give"),
        (b"abc", "not one bytes: give"),
        (pd.DataFrame({"内容": COMMENTS}), "tag_frame"),
        (pa.table({"内容": COMMENTS}), "tag_frame"),
        ({"内容": COMMENTS}, "tag_frame"),
        (np.array([COMMENTS]), "one column"),
        (3, "not int"),
        (None, "not NoneType"),
        (["贵", 4.5], "position 1.*float '4.5'"),
        ([1], "position 0.*int '1'"),
        (pd.Series([1, 2]), "position 0"),
        (["贵", None, b"x"], "position 2.*bytes"),
        (["贵", ["慢"]], "position 1.*list"),
        ([True], "position 0.*bool"),
    ],
)
@pytest.mark.parametrize("verb", ["tag", "predict", "probabilities"])
def test_what_is_no_list_of_comments_is_refused(tiny, verb, wrong, message):
    with pytest.raises(TypeError, match=message):
        getattr(tiny, verb)(wrong)


def test_a_wrong_facet_names_the_right_ones(tiny):
    (tagged,) = tiny.tag(["贵"])
    for kind in (CommentnlpError, KeyError):
        with pytest.raises(kind) as caught:
            tagged.labels("intents")
        assert str(caught.value) == "no facet 'intents'; there are: intent, complaint"


def test_a_model_says_what_it_is(shipped, tiny):
    assert repr(tiny) == "<Model unnamed: 3 labels in 2 facets, trained on 0 samples>"
    assert shipped.meta.version in repr(shipped)
    assert f"{shipped.meta.samples:,}" in repr(shipped)
    assert tiny.labels == ("intent/price", "complaint/logistics", "complaint/logistics.delay")
    assert len(shipped.labels) == shipped.predict(["贵"]).shape[1]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("used", [False, True])
def test_a_model_can_be_pickled_and_copied(duplicate, used):
    model = Model.shipped()
    texts = ["戴了一周就掉色了 能退吗", "56圈口的多少米[捂脸]", "這個多少錢"]
    expected = Model.shipped().tag(texts, evidence=True)
    if used:
        model.tag(texts)
    again = duplicate(model)
    assert again.tag(texts, evidence=True) == expected
    assert np.array_equal(again.probabilities(texts), model.probabilities(texts))
    assert (again.labels, repr(again)) == (model.labels, repr(model))
    assert again.folder is None


def test_help_begins_with_what_people_need():
    import commentnlp

    first = commentnlp.__doc__.splitlines()[:24]
    calls = ("Model.shipped", "Model.load", ".tag(", ".labels(", "tag_frame", "predict",
             "probabilities", "explain", "save", "classify_file", "summarise_files")  # fmt: skip
    assert all(any(call in line for line in first) for call in calls)
    assert all(hasattr(commentnlp, name) for name in commentnlp.__all__)


HEAVY = ("openpyxl", "xlsxwriter", "xlrd", "pandas")


@pytest.mark.parametrize(
    "code",
    [
        "import commentnlp; commentnlp.Model.shipped().tag(['贵', None])",
        "from commentnlp.cli import main; main(['classify', 'a.csv', '-q', '--labels', 'zh'])",
    ],
)
def test_packages_for_tables_are_imported_when_used(tmp_path, code):
    (tmp_path / "a.csv").write_text("评论\n贵\n", encoding="utf-8")
    code += f"; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr
