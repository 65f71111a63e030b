import re
from dataclasses import replace

import pytest

from commentnlp.errors import CommentnlpError
from commentnlp.report.markdown import to_markdown

from .report_example import GOLD, example, hostile


def test_the_gold_file():
    """Made anew by ``python -m tests.report_example``."""
    assert to_markdown(example()) == (GOLD / "report.md").read_text(encoding="utf-8")


def test_english():
    text = to_markdown(example(), language="en")
    assert "## Complaint hotspots" in text
    assert "### product quality·colour · rising" in text
    ours = re.sub("「[^」]*」", "", text)
    assert "条数" not in ours
    assert "占比" not in ours


def test_an_unknown_language():
    with pytest.raises(CommentnlpError, match="language 'fr'"):
        to_markdown(example(), language="fr")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_hostile_texts_stay_text(language):
    text = to_markdown(hostile(), language=language)
    text.encode("utf-8")
    assert "<" not in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert not re.search(r"(?<!\\)[\[\]`*_]", text)
    assert max(map(len, text.splitlines())) < 2000
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(widths) == 1, table


def test_what_is_not_there_is_left_out():
    report = example()
    bare = replace(
        report,
        start=None,
        end=None,
        activity=replace(
            report.activity,
            steps=(),
            minutes=(),
            busy=(),
            cold=(),
            phases=(),
            contrast=(),
            compared=(),
        ),
        items=(),
        responses=None,
        hotspots=(),
    )
    text = to_markdown(bare)
    assert "## 互动节奏" not in text
    assert "主播和场控没有打字" in text
    assert "没有投诉。" in text
    assert "文件没有时间" in text


def test_long_tables_are_cut():
    report = example()
    text = to_markdown(replace(report, items=report.items * 6))
    assert "另有 3 行未列出。" in text
