"""Hostile comments, from the file to every renderer."""

import csv
import io
import json

import pytest

from commentnlp import Model
from commentnlp.report import SUFFIXES, rendered, summarise_files
from commentnlp.report.terminal import to_terminal

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "-2+3",
    "\u202e多少钱\u2066",
    "e" + "\u0301" * 10_000,
    "\x00\x07\x1b[31m红的",
    "[点我](javascript:alert(1)) `x` | *y*",
    "{{ 7*7 }} {% raw %} ${x} $\\alpha$",
    "长" * 5_000,
    "\ufffe\uffff🙂\U0001f469\u200d\U0001f469",
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "坏<b>.csv"
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["时间", "类型", "用户", "商品", "弹幕"])
    for hour in range(20, 23):
        for n, text in enumerate(HOSTILE):
            for m in range(3):
                rows.writerow(
                    [f"2026-02-07 {hour}:{n:02}:{m:02}", "弹幕", f"{text[:30]}{m}", "", text]
                )
            rows.writerow([f"2026-02-07 {hour}:{n:02}:40", text[:40], "x", text[:200], ""])
            rows.writerow([f"2026-02-07 {hour}:{n:02}:41", "主播开始讲解", "主播", text[:200], ""])
            rows.writerow([f"2026-02-07 {hour}:{n:02}:42", "主播弹幕", "主播", "", f"@{text} 有"])
    path.write_text(out.getvalue(), encoding="utf-8")
    return summarise_files([path], Model.shipped())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_renderer_takes_it(report, suffix, language):
    content = rendered(report, suffix, language=language)
    assert len(content) > 1000
    if suffix in (".html", ".md", ".json"):
        text = content.decode("utf-8")
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\u0301" * 5 not in text
        assert "长" * 141 not in text
    if suffix == ".html":
        assert "<script" not in text
        assert "<img" not in text
        assert "{{ 7*7 }}" in text
    if suffix == ".json":
        assert json.loads(text)["quality"]["comments"] > 100


def test_the_terminal_is_left_alone(report):
    assert all(line.isprintable() for line in to_terminal(report).splitlines())
