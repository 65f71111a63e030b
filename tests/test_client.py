"""The client and the verb send, against a real service and against one that says no."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from commentnlp.cli import main
from commentnlp.client import MAX_EVENTS_PER_CALL, Client, ServiceError
from commentnlp.sending import events_to_send

from .conftest import ROOT, TRAINING_DATA
from .service_process import free_port, running

TOKEN = "one-that-nobody-guesses"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("client"), COMMENTNLP_TOKEN=TOKEN) as one:
        yield one


@pytest.fixture
def client(service):
    with Client(service.address, TOKEN, patience=0) as one:
        yield one


@contextmanager
def answering(*answers):
    """A server that gives these answers, then 200; and the bodies that it took."""
    left, taken = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, told = left.pop(0) if left else (200, {}, None)
            if status == 0:
                self.close_connection = True
                return
            if told is None:
                events = json.loads(body)
                taken.append(events)
                told = {"kept": len(events), "repeated": 0, "results": [], "rejected": []}
            content = json.dumps(told).encode() if isinstance(told, dict) else told
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# the client ---------------------------------------------------------------------------------


def test_what_is_sent_comes_back(client):
    events = [{"user": f"u{i}", "text": f"{i}号什么时候发货", "id": f"a{i}"} for i in range(1500)]
    told = []
    result = client.send(iter(events), room="甲", progress=lambda one: told.append(one.sent))
    assert (result.kept, result.repeated, result.rejected) == (1500, 0, [])
    assert told == [MAX_EVENTS_PER_CALL, 1500]
    assert client.send(events, room="甲").repeated == 1500
    found = list(client.comments(room="甲"))
    assert {one["id"] for one in found} == {one["id"] for one in events}
    assert len(list(client.comments(room="甲", text="7号什么", limit=20))) == 150
    assert client.now("甲")["room"] == "甲"
    assert client.now("甲")["comments"] == 1500
    [one, other] = client.classify(["什么时候发货", "好看"])
    assert one["complaint"][0]["label"] == "logistics.delay"
    assert other["complaint"] == []


def test_what_is_rejected_has_its_place(client):
    events = [{"text": "好看", "id": str(n)} for n in range(1200)]
    events[3] = {"text": 7}
    events[1100] = {"text": "好看", "time": "never"}
    result = client.send(events, room="乙")
    assert result.kept == 1198
    assert [one.at for one in result.rejected] == [3, 1100]
    assert "text must be a string" in result.rejected[0].why
    none = client.send([{"text": 7}, {"text": 8}])
    assert [one.at for one in none.rejected] == [0, 1]
    assert client.send([]).sent == 0


def test_tries_again_and_keeps_nothing_twice():
    busy = {"detail": "too many events wait"}
    waits = []
    with answering((503, {"Retry-After": "7"}, busy), (0, {}, None), (502, {}, b"<html>")) as (
        url, taken,
    ):  # fmt: skip
        told = []
        with Client(url, sleep=waits.append, waiting=lambda why, _: told.append(why)) as client:
            result = client.send([{"text": "好看"}, {"text": "好看"}])
    assert result.kept == 2
    assert waits[0] == 7
    assert 0.5 <= waits[1] <= 1
    assert len(waits) == 3
    assert "503: too many events wait" in told[0]
    [events] = taken
    assert len({one["id"] for one in events}) == 2  # or a lost answer would double them


def test_a_call_that_is_too_large_is_halved():
    no = 413, {}, {"detail": "at most 2"}
    with answering(no, no) as (url, taken), Client(url) as client:
        result = client.send([{"text": str(n)} for n in range(8)])
    assert result.kept == 8
    assert [[one["text"] for one in call] for call in taken] == [
        ["0", "1"], ["2", "3"], ["4", "5", "6", "7"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, {}, {"detail": "show the token"}), "401: it wants a token.*COMMENTNLP_TOKEN"),
        ((301, {"Location": "https://elsewhere"}, b""), "301: it leads elsewhere"),
        ((404, {}, b"<html>"), "404: no commentnlp service answers there"),
        ((200, {}, b"<html>hello"), "404: no commentnlp service answers there"),
        ((500, {}, {"detail": "an error of the service"}), "500: an error of the service"),
    ],
)
def test_what_is_final_is_not_tried_again(answer, says):
    with answering(answer) as (url, taken):
        with Client(url, sleep=pytest.fail) as client, pytest.raises(ServiceError, match=says):
            client.send([{"text": "好看"}])
        assert taken == []


def test_nobody_there_is_tried_as_long_as_it_may():
    waits = []
    client = Client(f"http://127.0.0.1:{free_port()}", patience=1.2, sleep=waits.append)
    with pytest.raises(ServiceError, match=r"no answer \(Connection refused\); does the service"):
        client.now()
    assert waits
    for url in ("127.0.0.1:8000", "ftp://h", "http://h:x", ""):
        with pytest.raises(ServiceError, match="no address of a service"):
            Client(url)


def test_the_document_shows_what_works(service, capsys):
    text = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```python\n(.*?)```", text, re.S)
    block = block.replace("http://127.0.0.1:8000", service.address)
    exec(block.replace('token=""', f'token="{TOKEN}"'), {})
    kept, intent, rate, comment = capsys.readouterr().out.splitlines()
    assert kept == "1 0 []"
    assert "price" in intent
    assert float(rate) > 0
    assert comment.endswith("什么时候发货")


# files --------------------------------------------------------------------------------------


def send(service, *arguments):
    return main(["send", *map(str, arguments), "--url", service.address, "--token", TOKEN])


def test_a_file_is_sent_and_sent_again(service, client, tmp_path, capsys):
    path = tmp_path / "evening.csv"
    rows = "".join(f"小{n % 9},评论{n}\n" for n in range(1200))
    path.write_text(f"昵称,评论内容\n{rows}", encoding="utf-8")
    assert send(service, path, "--room", "丙") == 0
    assert capsys.readouterr().out == f"{path}: 1,200 kept, 0 kept before, 0 rejected\n"
    assert len(list(client.comments(room="丙"))) == 1200
    with path.open("a", encoding="utf-8") as more:  # it grew
        more.write("小圆,还有吗\n")
    assert send(service, path, "--room", "丙") == 0
    assert capsys.readouterr().out == f"{path}: 1 kept, 1,200 kept before, 0 rejected\n"
    assert all(one["name"] == "" for one in client.comments(room="丙"))


def test_a_table_of_all_that_happened(service, client, capsys):
    assert send(service, TRAINING_DATA / "sample_show.csv", "--room", "丁", "-q") == 0
    assert capsys.readouterr() == ("", "")
    whole = list(client.comments(room="丁"))
    raw = (TRAINING_DATA / "sample_show.csv").read_bytes()
    with service.client(headers={"authorization": f"Bearer {TOKEN}"}) as http:
        lines = raw.splitlines(keepends=True)
        for at in range(1, len(lines), 1500):
            part = lines[0] + b"".join(lines[at : at + 1500])
            assert http.post("/v1/events?room=戊", content=part).status_code == 200
    other = list(client.comments(room="戊"))
    assert [(one["time"], one["text"], one["user"]) for one in whole] == [
        (one["time"], one["text"], one["user"]) for one in other
    ]


def test_rejected_rows_and_lost_lines_are_named(service, tmp_path, capsys):
    path = tmp_path / "x.jsonl"
    rows = [{"text": "好看", "id": "1"}, {"text": "长" * 10_001, "id": "2"}]
    path.write_text("\n".join([*map(json.dumps, rows), "{broken"]), encoding="utf-8")
    assert send(service, path) == 1
    out, err = capsys.readouterr()
    assert out == f"{path}: 1 kept, 0 kept before, 1 rejected\n"
    assert f"rejected: {path}, line 2: " in err
    assert "10,001 characters" in err
    assert "no event: line 3: " in err


def test_unreadable_files_do_not_stop_the_others(service, tmp_path, capsys):
    (tmp_path / "b.csv").write_text("评论内容\n好看啊啊\n", encoding="utf-8")
    assert send(service, tmp_path / "a.csv", tmp_path / "b.csv") == 1
    out, err = capsys.readouterr()
    assert "b.csv: 1 kept" in out
    assert "a.csv: no such file" in err


def test_a_service_that_is_none(tmp_path, capsys):
    (tmp_path / "b.csv").write_text("评论内容\n好看啊啊\n", encoding="utf-8")
    wrong = ["send", str(tmp_path / "b.csv"), "--url", "http://127.0.0.1:1x"]
    assert main(wrong) == 1
    assert "no address of a service" in capsys.readouterr().err
    with answering((401, {}, {"detail": "show the token"})) as (url, _):
        assert main([*wrong[:2], "--url", url]) == 1
    assert "b.csv: 0 events are kept, then: " in capsys.readouterr().err


def test_ids_are_made_where_two_could_not_be_told_apart(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("时间,用户ID,内容,id\n2026-03-14 20:00:00,u1,好看,\n,u1,好看,\n,u1,好看,\n"
                    "2026-03-14 20:00:00,,好看,\n,,好看,m7\n", encoding="utf-8")  # fmt: skip
    ids = [one.event.get("id") for one in events_to_send(path)]
    assert ids[0] is None  # person, words and second tell it
    assert ids[4] == "m7"
    assert len(set(ids)) == 5
    assert ids == [one.event.get("id") for one in events_to_send(path)]
    assert [one.place for one in events_to_send(path)][:2] == [f"{path}, line 2", f"{path}, line 3"]
