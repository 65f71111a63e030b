"""The service against those who only knock: as a process, however it was started."""

import json
import socket
import sys
import time
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from commentnlp.service.push import signature

from .conftest import ROOT
from .processes import start_process
from .service_process import Service, free_port, running

pytestmark = pytest.mark.slow

FILES = 256
"""Files that the service may have open: few, so that many connections are soon too many."""
WAYS = {
    "serve": ["-m", "commentnlp", "serve"],
    "serve.py": ["serve.py"],
    "uvicorn": ["-m", "uvicorn", "serve:app", "--http",
                "commentnlp.service.guarded_http:Protocol"],
}  # fmt: skip


@contextmanager
def started_as(way, folder):
    port, log = free_port(), str(folder / "service.log")
    shell = f'ulimit -n {FILES}; exec "$@"'
    command = ["bash", "-c", shell, "bash", sys.executable, *WAYS[way], "--port", str(port)]
    environment = {"COMMENTNLP_STORE": str(folder / "x.db"), "PATH": "/usr/bin:/bin"}
    with open(log, "ab") as out:
        process = start_process(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        yield Service(process, f"http://127.0.0.1:{port}", log).wait()
    finally:
        process.terminate()
        process.wait(20)


def connected(service):
    host, port = service.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def answer_to(service, request):
    """Everything that is answered until the service closes."""
    with connected(service) as one:
        one.sendall(request)
        out = b""
        while block := one.recv(65_536):
            out += block
        return out


@pytest.mark.parametrize("way", WAYS)
def test_it_answers_whatever_knocks(tmp_path, way):
    with started_as(way, tmp_path) as service:
        with ExitStack() as opened:
            for _ in range(1_100):
                opened.enter_context(connected(service))
            with service.client() as http:
                assert http.get("/health/live").json() == {"status": "live"}
            for _ in range(300):
                one = opened.enter_context(connected(service))
                one.sendall(
                    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx"
                )
            with service.client() as http:
                assert http.get("/health/live").json() == {"status": "live"}
        long = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: " + b"x" * 70_000
        assert answer_to(service, long).startswith(b"HTTP/1.1 431 ")
        for head in (b"Host: [", b"Host: 127.0.0.1\r\nOrigin: http://["):
            told = answer_to(
                service,
                b"POST /v1/classify HTTP/1.1\r\nConnection: close\r\n" + head + b"\r\n\r\n",
            )
            assert told.startswith(b"HTTP/1.1 4")
        told = answer_to(
            service, b"GET /a%0aERROR:%20x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert told.startswith(b"HTTP/1.1 404 ")
        with service.client() as http:
            assert http.get("/health/ready").status_code == 200
        assert "Traceback" not in service.said()
        assert "\nERROR" not in service.said()


def test_uvicorn_without_the_guard_says_so(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "serve:app", "--port", str(port)]
    command += ["--forwarded-allow-ips", "127.0.0.1"]
    environment = {
        "COMMENTNLP_STORE": str(tmp_path / "x.db"), "PATH": "/usr/bin:/bin",
        "COMMENTNLP_TOKEN": "long enough to be kept",
    }  # fmt: skip
    with open(tmp_path / "log", "ab") as log:
        process = start_process(command, cwd=ROOT, env=environment, stderr=log)
    service = Service(process, f"http://127.0.0.1:{port}", str(tmp_path / "log"))
    try:
        service.wait()
        assert "guarded_http" not in service.said()  # this machine is trusted so far
        for _ in range(2):
            httpx.get(f"{service.address}/health/live", headers={"x-forwarded-for": "10.0.0.1"},
                      trust_env=False)  # fmt: skip
        assert service.said().count("--http commentnlp.service.guarded_http:Protocol") == 1
    finally:
        process.terminate()
        process.wait(20)


# the push

SECRET = "推送密钥"


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    environment = {"COMMENTNLP_TOKEN": "五月的翡翠", "COMMENTNLP_PUSH_SECRET": SECRET}
    with running(tmp_path_factory.mktemp("推送"), **environment) as service:
        yield service


def push(events, *, secret=SECRET, ahead=0.0, nonce="n1", room="r1"):
    """Headers and body of a push."""
    body = json.dumps(events).encode()
    headers = {
        "x-nonce-str": nonce,
        "x-timestamp": str(int((time.time() + ahead) * 1000)),
        "x-roomid": room,
        "x-msg-type": "live_comment",
        "content-type": "application/json",
    }
    return {
        "headers": {**headers, "x-signature": signature(headers, body, secret)},
        "content": body,
    }


def comments_of(service, room):
    bearer = {"authorization": "Bearer 五月的翡翠".encode()}
    with service.client(headers=bearer) as http:
        return http.get("/v1/comments", params={"room": room}).json()["comments"]


def test_a_push_that_comes_again_counts_once(pushed):
    one = push([{"text": "这个多少钱"}, {"text": "几天发货"}], room="again")
    with pushed.client() as http:
        first = http.post("/v1/events", **one).json()
        assert (first["kept"], first["repeated"]) == (2, 0)
        time.sleep(1.1)  # another second of arrival
        again = http.post("/v1/events", **one)
        assert again.status_code == 200
        assert (again.json()["kept"], again.json()["repeated"]) == (0, 2)
    assert len(comments_of(pushed, "again")) == 2


def test_a_push_that_comes_again_after_a_restart_counts_once(tmp_path):
    environment = {"COMMENTNLP_TOKEN": "五月的翡翠", "COMMENTNLP_PUSH_SECRET": SECRET}
    one = push([{"text": "这个多少钱"}], room="again")
    kept = []
    for _ in range(2):
        with running(tmp_path, **environment) as service, service.client() as http:
            kept.append(http.post("/v1/events", **one).json()["kept"])
    assert kept == [1, 0]


def test_a_push_from_ahead_of_time_is_refused(pushed):
    with pushed.client() as http:
        assert http.post("/v1/events", **push([{"text": "好看"}], ahead=120)).status_code == 401
        assert http.post("/v1/events", **push([{"text": "好看"}], ahead=20)).status_code == 200


def test_the_body_of_a_push_is_not_read_for_nothing(pushed):
    good = push([{"text": "好看"}], nonce="n2")["headers"]
    for wrong in (
        {**good, "x-signature": "x"},
        {**good, "x-timestamp": "1773490503"},
        {**good, "x-nonce-str": ""},
    ):
        head = "".join(f"{name}: {value}\r\n" for name, value in wrong.items())
        request = (
            f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: 400000\r\n\r\n"
        )
        with connected(pushed) as one:
            one.sendall(request.encode())
            assert one.recv(65_536).startswith(b"HTTP/1.1 401 ")  # before any of the body came
    with pushed.client() as http:
        large = http.post("/v1/events", headers=good, content=b" " * 500_001)
        assert large.status_code == 413
        assert "500,000" in large.json()["detail"]
        forged = push([{"text": "好看"}], secret="geraten", nonce="n3")
        assert http.post("/v1/events", **forged).status_code == 401
