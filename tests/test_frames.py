"""Tags as columns of a pandas frame."""

import numpy as np
import pandas as pd
import pytest

from commentnlp import CommentnlpError
from commentnlp.batch import Options, classify_file

FRAME = pd.DataFrame(
    {
        "id": np.array([7412345678901230001, 2, 3, 4, 5], np.int64),
        "内容": ["太贵", None, "寄得慢，又贵", " ", "你好"],
        "time": pd.to_datetime(["2026-02-07 20:15"] * 5),
        "kind": pd.Categorical(list("ababa")),
    },
    index=[3, 3, 1, 0, 9],
)


def test_the_frame_comes_back_with_tags(tiny):
    before = FRAME.copy(deep=True)
    tagged = tiny.tag_frame(FRAME, "内容")
    pd.testing.assert_frame_equal(FRAME, before)
    pd.testing.assert_frame_equal(tagged[FRAME.columns.tolist()], before)
    assert list(tagged.columns[4:]) == [
        "intent", "intent_score", "complaint", "complaint_score", "evidence",
    ]  # fmt: skip
    assert tagged["intent"].tolist() == ["price", "", "price", "", ""]
    assert tagged["complaint"].tolist() == ["", "", "logistics.delay", "", ""]
    assert tagged["intent_score"].dtype == np.float64
    assert tagged["intent_score"].notna().tolist() == [True, False, True, False, False]
    score = tiny.tag(["太贵"])[0].tags["intent"][0].score
    assert tagged["intent_score"].iloc[0] == score
    assert tagged["evidence"].iloc[1] == ""


@pytest.mark.parametrize("labels", ["en", "zh"])
@pytest.mark.parametrize("wide", [False, True])
def test_columns_are_those_that_classify_writes(tiny, tmp_path, labels, wide):
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    classify_file(tiny, tmp_path / "a.csv", options=Options(labels=labels, wide=wide))
    written = pd.read_csv(tmp_path / "a.tagged.csv", keep_default_na=False)
    tagged = tiny.tag_frame(FRAME, "内容", labels=labels, one_column_per_label=wide)
    assert list(tagged.columns) == list(written.columns)
    for name in tagged.columns[4:]:
        if tagged[name].dtype == object:
            assert tagged[name].tolist() == written[name].tolist()


def test_a_column_for_each_label(tiny):
    tagged = tiny.tag_frame(FRAME, "内容", evidence=False, one_column_per_label=True)
    assert list(tagged.columns[-3:]) == list(tiny.labels)
    assert tagged[list(tiny.labels)].to_numpy().tolist() == tiny.predict(FRAME["内容"]).tolist()
    assert set(tagged.dtypes[-3:]) == {np.dtype("int8")}
    assert "evidence" not in tagged


@pytest.mark.parametrize(("name", "expected"), [("内容", "内容"), (None, "text"), (0, 0)])
def test_a_series_becomes_a_frame(tiny, name, expected):
    series = pd.Series(["贵", None], index=["a", "b"], name=name)
    tagged = tiny.tag_frame(series)
    assert list(tagged.columns[:2]) == [expected, "intent"]
    assert list(tagged.index) == ["a", "b"]


def test_names_that_are_taken(tiny):
    frame = pd.DataFrame({"text": ["贵"], "intent": [1], "tagged_intent": ["x"]})
    tagged = tiny.tag_frame(frame, "text")
    assert list(tagged.columns)[:4] == ["text", "intent", "tagged_intent", "tagged_tagged_intent"]
    assert tagged["intent"].tolist() == [1]


def test_what_a_frame_carries_stays(tiny):
    frame = pd.DataFrame({0: ["贵"], 1: pd.array([pd.NA], "Int64")})
    frame.columns.name, frame.attrs = "places", {"room": "翡翠间"}
    frame.index = pd.MultiIndex.from_tuples([("a", 1)])
    tagged = tiny.tag_frame(frame, 0)
    assert (tagged.columns.name, tagged.attrs) == ("places", {"room": "翡翠间"})
    assert tagged.index.equals(frame.index)
    assert str(tagged[1].dtype) == "Int64"


def test_a_frame_without_rows(tiny):
    tagged = tiny.tag_frame(FRAME.iloc[:0], "内容", one_column_per_label=True)
    assert tagged.shape == (0, 12)
    assert tagged.dtypes[:4].tolist() == FRAME.dtypes.tolist()
    assert tagged["intent_score"].dtype == np.float64


@pytest.mark.parametrize(
    ("frame", "text", "kind", "message"),
    [
        (FRAME, "评论", CommentnlpError, "no column '评论'; it has: id, 内容, time, kind"),
        (FRAME, None, TypeError, "which column.*内容"),
        (pd.DataFrame([["a", "b"]], columns=["x", "x"]), "x", CommentnlpError, "2 columns 'x'"),
        (pd.DataFrame([["a"]], columns=[["a"], ["b"]]), "a", CommentnlpError, "several levels"),
        (FRAME, "id", TypeError, "position 0"),
        (["贵"], "内容", TypeError, "DataFrame or Series is wanted, not list"),
    ],
)
def test_what_cannot_be_tagged(tiny, frame, text, kind, message):
    with pytest.raises(kind, match=message):
        tiny.tag_frame(frame, text)


def test_a_language_that_there_is_not(tiny):
    with pytest.raises(ValueError, match="one of en, zh"):
        tiny.tag_frame(FRAME, "内容", labels="fr")
