"""Texts that begin with a bracket and are no JSON are read as texts."""

import pytest

from commentnlp.errors import ReadError
from commentnlp.reading.jsons import starts_like_json
from commentnlp.reading.kinds import kind


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


@pytest.mark.parametrize(
    ("head", "format_name"),
    [
        (b'<?xml version="1.0"?><i><d p="1,1,25,0,0,0,0,0">hao</d></i>', "danmaku XML"),
        (b"[Script Info]\nTitle: x", "ASS"),
        (b"WEBVTT\n\n", "VTT"),
        (b"1\r\n00:00:12,340 --> 00:00:15,000\r\nhao", "SRT"),
    ],
)
def test_formats_that_are_not_read_are_refused_by_name(head: bytes, format_name: str) -> None:
    with pytest.raises(ReadError, match=format_name):
        kind(head, "file")
