import io
import re
import zipfile
from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest

from commentnlp.report import workbook
from commentnlp.report.workbook import to_xlsx

from .report_example import example, hostile


def opened(report, **options):
    return openpyxl.load_workbook(io.BytesIO(to_xlsx(report, **options)))


@pytest.fixture(scope="module")
def book():
    return opened(example(), language="en")


def cells(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_sheets(book):
    assert book.sheetnames == [
        "overview", "over time", "spells and phases", "topics", "topics over time", "words",
        "questions", "items", "responses", "hotspots", "tiers", "quotes", "quality",
        "model fit",
    ]  # fmt: skip
    assert opened(example()).sheetnames[:2] == ["概览", "分时"]
    assert all(sheet.freeze_panes == "A2" for sheet in book)


def test_dates_numbers_and_percents(book):
    sheet = book["over time"]
    assert sheet["A1"].value == "when (Asia/Shanghai)"
    assert sheet["A2"].value == datetime(2026, 11, 13, 20)
    assert sheet["B2"].value == example().activity.steps[0].said.lines
    assert sheet.auto_filter.ref == "A1:M4"
    topics = book["topics"]
    assert topics["F2"].value == pytest.approx(example().total.labels[0].share)
    assert topics["F2"].number_format == "0.0%"
    assert [cell.value for cell in topics[1]][-4:-1] == ["20:00", "21:00", "22:00"]
    assert topics.column_dimensions["B"].width > 20


def test_the_chart_shows_comments_and_purchases():
    with zipfile.ZipFile(io.BytesIO(to_xlsx(example()))) as parts:
        charts = [name for name in parts.namelist() if name.startswith("xl/charts/chart")]
        text = parts.read(charts[0]).decode()
    assert len(charts) == 1
    assert re.findall("<c:f>(.*?)</c:f>", text) == [
        "分时!$B$1", "分时!$A$2:$A$4", "分时!$B$2:$B$4",
        "分时!$L$1", "分时!$A$2:$A$4", "分时!$L$2:$L$4",
    ]  # fmt: skip


def test_quotes_behind_a_number(book):
    header, *rows = cells(book["quotes"])
    assert header[:2] == ["section", "behind"]
    found = [row for row in rows if row[1] == "product quality·colour"]
    assert "色差太大了吧" in {row[4] for row in found}
    assert {row[5] for row in found} == {"2026-11-13 晚场.csv"}
    assert all(isinstance(row[2], datetime) and isinstance(row[6], int) for row in rows)
    assert len({tuple(row) for row in rows}) == len(rows)


def test_too_many_quotes_are_counted(monkeypatch):
    monkeypatch.setattr(workbook, "_MOST_QUOTES", 10)
    rows = cells(opened(example())["评论原文"])
    assert len(rows) == 12
    assert re.fullmatch(r"另有 [\d,]+ 条未列出，完整内容见 JSON 报告。", rows[-1][1])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_texts_stay_text(language):
    found = opened(hostile(), language=language)
    texts = [
        cell
        for sheet in found
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert not [cell.value for cell in texts if cell.data_type in "fe" or cell.hyperlink]
    strings = [cell.value for cell in texts if isinstance(cell.value, str)]
    assert "=cmd()|' /C calc'!A0" in strings
    assert "+1" in strings
    assert all(len(text.encode("utf-16-le")) <= 2 * 32_767 for text in strings)
    assert not [text for text in strings if re.search("[\x00-\x1f\x7f-\x9f\u202e\u2066]", text)]


def test_what_looks_like_an_escape_comes_back(book):
    report = example()
    upset = replace(report.tiers.upset[0], who="_x0041_ http://x.cn")
    tiers = replace(report.tiers, upset=(upset,))
    rows = cells(opened(replace(report, tiers=tiers))["粉丝层级"])
    assert [row[0] for row in rows if row[1] == upset.purchases] == [upset.who]


def test_what_is_not_there_has_no_sheet():
    report = example()
    bare = replace(
        report, items=(), responses=None, hotspots=(), activity=replace(report.activity, steps=())
    )
    names = opened(bare).sheetnames
    assert "分时" not in names
    assert "商品" not in names
    assert "关注点" in names
