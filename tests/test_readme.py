"""What the READMEs say is so: verbs, files of the house, the Python in it."""

import argparse
import re

import pytest

from commentnlp.cli import _parser, main

from .conftest import ROOT

READMES = ["README.md", "README.zh-CN.md"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", READMES)
def test_every_verb_is_told(name):
    (verbs,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    for verb in verbs.choices:
        assert f"commentnlp {verb}" in read(name), verb


@pytest.mark.parametrize("name", READMES)
def test_every_file_of_the_house_is_told(name):
    for path in (ROOT / "commentnlp").rglob("*.py"):
        if path.name not in ("__init__.py", "__main__.py"):
            assert f"`{path.relative_to(ROOT / 'commentnlp').as_posix()}`" in read(name), path


@pytest.mark.parametrize("name", READMES)
def test_its_python_runs_and_prints_what_it_says(name, capsys):
    blocks = re.findall(r"```python\n(.*?)```", read(name), re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, name, "exec"), {})
        told = [line[2:] for line in block.splitlines() if line.startswith("# ")]
        assert capsys.readouterr().out.splitlines() == told


def test_both_readmes_show_the_same_commands():
    commands = [re.findall(r"```(?:sh|bash)\n(.*?)```", read(name), re.S) for name in READMES]
    assert commands[0] == commands[1]


@pytest.mark.parametrize("name", READMES)
def test_the_report_it_shows_is_the_one_that_is_made(name, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["report", "training_data/sample_show.csv"]) == 0
    assert f"```text\n{capsys.readouterr().out}```" in read(name)
