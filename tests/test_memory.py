"""Memory is bounded by characters, not by rows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

STATUS = Path("/proc/self/status")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not STATUS.exists(), reason="no /proc/self/status here"),
]

# getrusage's ru_maxrss would not do: a child starts with the peak of its parent.
PEAK = """
from pathlib import Path
def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
"""

LONG_TEXTS = f"""{PEAK}
from commentnlp import Model
model = Model.shipped()
model.tag(["多少钱"], evidence=True)
before = peak()
text = "颜色不错，就是发货太慢，客服也不回复。" * 160
model.tag([text + str(i) for i in range(600)], evidence=True)
print(peak() - before)
"""

FAR_CELL = f"""{PEAK}
import sys
from commentnlp.reading import open_sources
(source,) = open_sources(sys.argv[1])
rows = sum(len(records.rows) for records in source.records())
print(peak(), rows, source.notes)
"""


def run(code, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("core", ["", "python"])
def test_long_reviews(core):
    assert float(run(LONG_TEXTS, COMMENTNLP_CORE=core)) < 300


def test_a_cell_far_out_to_the_right(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["评论"])
    for _ in range(3000):
        sheet.append(["这个多少钱"])
    sheet.cell(50, 16_384).value = "x"
    book.save(tmp_path / "t.xlsx")
    peak, rows, notes = run(FAR_CELL, str(tmp_path / "t.xlsx")).split(maxsplit=2)
    assert float(peak) < 300
    assert rows == "3000"
    assert "cells beyond column 1,000, which are not read (the first is row 50)" in notes
