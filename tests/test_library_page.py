"""What docs/library.md shows is what comes out."""

import re

import pandas as pd
import pytest

from .conftest import ROOT


@pytest.mark.parametrize("name", ["library.md", "library.zh-CN.md"])
def test_the_page_prints_what_it_shows(name, capsys):
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.S)
    assert len(blocks) == page.count("```python\n") == 4
    names = {}
    with pd.option_context("display.width", 100, "display.unicode.east_asian_width", True):
        for code, shown in blocks:
            exec(compile(code, name, "exec"), names)
            assert capsys.readouterr().out == shown
