"""Texts that begin with a bracket and are no JSON are read as texts."""

import pytest

from commentnlp.reading.jsons import starts_like_json


@pytest.mark.parametrize(
    "text",
    ["[捂脸]多少钱\n", "[20:15:03] 小圆：亲\n", "[2026-02-07 20:15:03] 小圆：亲", "{笑}好看"],
)
def test_brackets_of_comments_are_no_json(text: str) -> None:
    assert not starts_like_json(text)


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "[]", "[\n  {", '["好看"]', "[[1, 2]]", "[1, 2]", "{\n"]
)
def test_json_is_json(text: str) -> None:
    assert starts_like_json(text)
