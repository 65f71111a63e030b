"""The log of the service: its lines, what of callers is in them, what is told and what is not."""

import json
import logging
import re
import socket
import sys
from datetime import datetime

import pytest

from commentnlp.records import SHANGHAI
from commentnlp.service.logs import JsonLines, TextLines, escape

from .service_process import running, started

LINE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00 (INFO|WARNING|ERROR) \S+: \S.*")
HOSTILE = "a\nb\r\x1b[2J\u202e\u2028\ud800\\n"


def record(message, *arguments, error=None, **fields):
    told = logging.LogRecord("commentnlp.service.x", logging.WARNING, "", 0, message, arguments,
                             error)  # fmt: skip
    if fields:
        told.fields = fields
    return told


def raised():
    try:
        raise ValueError("x\ny")
    except ValueError:
        return sys.exc_info()


def test_escaped():
    assert escape(HOSTILE) == r"a\nb\r\x1b[2J\u202e\u2028\ud800\\n"
    assert escape("颜色 👍 é") == "颜色 👍 é"


@pytest.mark.parametrize("form", [TextLines, JsonLines])
@pytest.mark.parametrize("error", [None, raised()])
def test_a_line_is_one_line_and_can_be_written(form, error):
    line = form(SHANGHAI).format(record("%s", HOSTILE, error=error, room=HOSTILE, n=3))
    assert len(line.splitlines()) == 1
    assert not {"\x1b", "\u202e", "\u2028", "\ud800"} & set(line)
    line.encode()


def test_text():
    line = TextLines(SHANGHAI).format(record("no: %s", "颜色", room="a b", n=3, who="", x="甲"))
    assert LINE.fullmatch(line)
    assert line.endswith('WARNING x: no: 颜色 room="a b" n=3 who="" x=甲')


def test_json():
    told = json.loads(JsonLines(SHANGHAI).format(record("no", error=raised(), n=3)))
    assert datetime.fromisoformat(told["time"]).utcoffset() == SHANGHAI.utcoffset(None)
    assert (told["level"], told["logger"], told["message"], told["n"]) == (
        "WARNING", "commentnlp.service.x", "no", 3
    )  # fmt: skip
    assert "ValueError: x" in told["exception"]


def send_garbage(service):
    port = int(service.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"no\x1b[2J HTTP\r\n\r\n")
        raw.recv(1000)


@pytest.mark.slow
def test_a_whole_run_in_lines_of_one_form(tmp_path, shipped):
    with running(tmp_path, "--access-log", COMMENTNLP_WEBHOOKS="http://127.0.0.1:1/s3cr3t") as one:
        with one.client() as http:
            http.post("/v1/events", json={"user": "gone", "text": "多少钱"})
            http.get("/v1/comments", params={"text": "s3cr3t"})
            http.get("/weg\u202e%0Aweg%1b[2J")
            http.delete("/v1/people", params={"user": "gone"})
            label = {"text": "这个颜色好正", "intent": ["style"], "by": "小王\n"}
            http.post("/v1/labels", json={"labels": [label]})
            http.post("/v1/mutes", json={"room": "甲", "minutes": 5})
        send_garbage(one)
        one.stop()
    lines = one.said().splitlines()
    assert all(map(LINE.fullmatch, lines)), lines
    assert "s3cr3t" not in one.said()
    assert "gone" not in one.said()
    bare = [line.partition(": ")[2] for line in lines]
    assert bare[0] == f"listening at {one.address}/ (Ctrl-C stops it)"
    version = shipped.meta.version
    assert re.fullmatch(
        rf"commentnlp \S+ started; store \S+弹幕\.db; model {version}, \w+ core;"
        r" webhook 1 \(http://127\.0\.0\.1:1/…\); no token: this machine only",
        bare[1],
    )
    assert bare[-1].startswith("stopped: 1 events kept and 0 repeated since the start")
    [deletion] = [line for line in lines if " audit: " in line and "deletion" in line]
    assert deletion.endswith("INFO audit: deletion client=127.0.0.1 status=200 deleted=1")
    assert any(" audit: labels client=127.0.0.1 status=200 kept=1 by=小王" in x for x in lines)
    assert any("INFO audit: mute client=127.0.0.1 status=200 room=甲" in line for line in lines)
    assert any("INFO access: POST /v1/events client=127.0.0.1 status=200" in x for x in lines)
    assert any(r"GET /weg\u202e\nweg\x1b[2J " in line for line in lines)
    assert any("WARNING uvicorn: Invalid HTTP request" in line for line in lines)  # uvicorn's own


@pytest.mark.slow
def test_json_lines_and_no_access_log_unless_asked_for(tmp_path):
    environment = {"COMMENTNLP_TOKEN": "one-that-nobody-guesses", "COMMENTNLP_LOG_FORMAT": "json"}
    with running(tmp_path, **environment) as one:
        with one.client() as http:
            http.post("/login", data={"token": "falsch"})
            http.post("/login", data={"token": environment["COMMENTNLP_TOKEN"]})
        one.stop()
    told = [json.loads(line) for line in one.said().splitlines()]
    logins = [one["status"] for one in told if one["message"] == "login"]
    assert logins == [401, 303]
    assert not any(one["logger"] == "commentnlp.access" for one in told)
    assert "token: set" in told[1]["message"]
    assert environment["COMMENTNLP_TOKEN"] not in one.said()


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"COMMENTNLP_LOG_FORMAT": "xml"}, "COMMENTNLP_LOG_FORMAT: give text or json"),
        ({"COMMENTNLP_ACCESS_LOG": "loud"}, "COMMENTNLP_ACCESS_LOG: give 1 or 0"),
    ],
)
def test_settings_that_are_none(tmp_path, environment, says):
    service = started(tmp_path, **environment)
    assert service.process.wait(60) == 1
    assert says in service.said()
