"""Files that have been tagged already: their events come with the tags."""

import csv
import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from commentnlp.batch import classify_file
from commentnlp.reading import open_sources
from commentnlp.reading.columns import Columns, tags_of
from commentnlp.records import SHANGHAI, Event, Tag

from .test_reading import EVENTS

LIVE = Path(__file__).parent / "live"
SUFFIXES = [".csv", ".tsv", ".jsonl", ".xlsx", ".parquet"]
ROOM = [
    ["7412345678901230001", "2026-02-07 20:15:03", "小圆", "这条链子太贵了"],
    ["7412345678901230002", "2026-02-07 20:15:04", "阿水", "寄得慢，\n又贵"],
    ["7412345678901230003", "2026-02-07 20:15:09", "小圆", "好看"],
    ["7412345678901230004", "2026-02-07 20:16:00", "阿水", ""],
]


def events(path):
    return [event for source in open_sources(path) for event in source.events()]


def room(tmp_path, header=("id", "时间", "昵称", "评论"), more=()):
    out = io.StringIO()
    csv.writer(out).writerows([header, *([*row, *more] for row in ROOM)])
    path = tmp_path / "room.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def rounded(tagged):
    return {
        facet: tuple(Tag(tag.label, round(tag.score, 3)) for tag in tags)
        for facet, tags in tagged.tags.items()
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tags_read_back_as_the_model_gave_them(tiny, tmp_path, suffix):
    path = room(tmp_path)
    assert [event.tags for event in events(path)] == [None] * 4
    target = tmp_path / f"out{suffix}"
    classify_file(tiny, path, target)
    got = events(target)
    assert [event.text for event in got] == [row[-1] for row in ROOM]
    assert [event.tags for event in got] == [
        *map(rounded, tiny.tag([row[-1] for row in ROOM[:3]])),
        {"intent": (), "complaint": ()},
    ]
    assert [tag.label for tag in got[1].tags["intent"]] == ["price"]
    assert got[0].time == datetime(2026, 2, 7, 20, 15, 3, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "given", [("intent",), ("intent_score",), ("intent", "intent_score"), ("complaint",)]
)
@pytest.mark.parametrize("times", [1, 2])
def test_the_last_tagging_counts(tiny, tmp_path, given, times):
    path = room(tmp_path, ("id", "时间", "昵称", "评论", *given), ("0.5",) * len(given))
    for n in range(times):
        target = tmp_path / f"out{n}.csv"
        classify_file(tiny, path, target)
        path = target
    got = events(path)
    assert list(got[0].tags) == ["intent", "complaint"]
    assert got[1].tags == rounded(next(iter(tiny.tag([ROOM[1][-1]]))))


def test_an_event_log_reads_the_same_after_tagging(tiny, tmp_path):
    (tmp_path / "log.csv").write_text(EVENTS.replace("多少钱", "贵"), encoding="utf-8")
    classify_file(tiny, tmp_path / "log.csv", tmp_path / "tagged.csv")
    raw, tagged = events(tmp_path / "log.csv"), events(tmp_path / "tagged.csv")
    assert list(map(bare, tagged)) == list(map(bare, raw))
    assert [labels(event) for event in tagged] == [[], ["price"], []]


def bare(event):
    """What does not depend on where it is written down."""
    return [getattr(event, name) for name in Event.__slots__ if name not in ("line", "tags")]


def labels(event):
    return [tag.label for tags in event.tags.values() for tag in tags]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", [p.relative_to(LIVE) for p in LIVE.rglob("*") if p.is_file()])
def test_what_live_tools_wrote_reads_the_same_after_tagging(tiny, tmp_path, name, suffix):
    target = tmp_path / f"out{suffix}"
    classify_file(tiny, LIVE / name, target)
    raw, tagged = events(LIVE / name), events(target)
    assert [bare(event) for event in tagged] == [bare(event) for event in raw]
    assert {event.tags.keys() >= {"intent"} for event in tagged} == {True}
    assert not any(labels(event) for event in tagged if event.kind != "comment")
    # and once more, from what was written
    classify_file(tiny, target, tmp_path / "again.csv")
    assert list(map(bare, events(tmp_path / "again.csv"))) == list(map(bare, raw))


def test_written_events_stand_as_they_are(tmp_path):
    path = tmp_path / "out.jsonl"
    wanted = Event(
        "message", "a &amp; b ", id="7", user="0000", name=" 小荷 ", role="staff", count=0, total=3,
        item="镯子 ", levels={"fan": 7, "guard": 2}, line=1,
    )  # fmt: skip
    path.write_text(
        '{"kind": "message", "id": "7", "time": "", "room": "", "user": "0000", "name": " 小荷 ",'
        ' "role": "staff", "text": "a &amp; b ", "count": "0", "total": "3", "item": "镯子 ",'
        ' "levels": "fan:7 guard:2 pay:0 odd:4", "raw": "{}"}\n',
        encoding="utf-8",
    )
    assert events(path) == [wanted]
    for source in open_sources(path):
        assert [records.comments for records in source.records()] == [[None]]


def test_written_events_in_another_order(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "text,kind,role,levels\n多少,comment,system,fan:3 pay:18\n,like,viewer,\n", encoding="utf-8"
    )
    assert events(path) == [
        Event("comment", "多少", role="system", levels={"fan": 3, "pay": 18}, line=2),
        Event("like", line=3),
    ]


@pytest.mark.parametrize(
    ("labels", "scores", "tags"),
    [
        ("", "", ()),
        ("", "0.5", ()),
        ("price", "0.731", (Tag("price", 0.731),)),
        ("price|size", "0.9|0.6", (Tag("price", 0.9), Tag("size", 0.6))),
        ("price|size", "0.9", (Tag("price", 0.9), Tag("size", 0.0))),
        ("price", "0.9|0.6", (Tag("price", 0.9),)),
        ("price||size|", "0.9|0.8|0.6|", (Tag("price", 0.9), Tag("size", 0.6))),
        ("price|size", "nan|1e3", (Tag("price", 0.0), Tag("size", 0.0))),
        (" price ", " 1 ", (Tag("price", 1.0),)),
    ],
)
def test_cells_of_labels_and_scores(labels, scores, tags):
    assert tags_of(labels, scores) == tags


def test_what_is_no_facet(tmp_path):
    assert Columns.named(["text", "x", "y", "x_score"]).facets == {}
    assert Columns.named(["text", "_score", "tagged_", "tagged__score"]).facets == {}
    reviews = Columns.named(["comment", "comment_score", "mood", "mood_score"])
    assert reviews.places["text"] == 0
    assert reviews.facets == {"mood": (2, 3)}
    # a facet may be called as a column usually is
    named = Columns.named(["评论", "类型", "type", "type_score", "comment", "comment_score"])
    assert named.places == {"text": 0, "kind": 1}
    assert named.facets == {"type": (2, 3), "comment": (4, 5)}
    path = tmp_path / "stars.csv"
    path.write_text("评论,product,product_score\n好看,镯子,5\n一般,链子,3.5\n", encoding="utf-8")
    assert [event.tags for event in events(path)] == [None, None]
    for source in open_sources(path, text="product"):
        assert source.parser.layout.columns.places["text"] == 1


def test_scores_that_a_spreadsheet_made_numbers(tmp_path):
    book = openpyxl.Workbook()
    for row in (["评论", "intent", "intent_score"], ["贵", "price", 0.731], ["好", None, None]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert [event.tags for event in events(tmp_path / "a.xlsx")] == [
        {"intent": (Tag("price", 0.731),)},
        {"intent": ()},
    ]
