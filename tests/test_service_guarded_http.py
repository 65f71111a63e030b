"""What a connection may do before anybody has shown a token: real sockets, short limits."""

import asyncio
import importlib.util
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest
import uvicorn
from uvicorn.protocols.http import auto
from uvicorn.protocols.http.h11_impl import H11Protocol

from commentnlp.service import guarded_http

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE = 30
"""Seconds after which a test gives up; no limit of the service is near it."""


def with_h11():
    """The module as it is where httptools is not installed."""
    before, auto.AutoHTTPProtocol = auto.AutoHTTPProtocol, H11Protocol
    try:
        spec = importlib.util.spec_from_file_location("guarded_h11", guarded_http.__file__)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        auto.AutoHTTPProtocol = before
    return module


@pytest.fixture(params=["httptools", "h11"])
def guard(request, monkeypatch):
    """The module, with limits of a fraction of a second."""
    module = guarded_http if request.param == "httptools" else with_h11()
    monkeypatch.setattr(module, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(module, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(module, "_allowed", 1000)
    return module


async def app(scope, receive, send):
    """``/sleep`` takes a second, ``/large`` is of 8 MB, ``/read`` reads its body."""
    if scope["type"] != "http":
        return
    body = b"guarded" if scope["state"].get("guarded") else b"open"
    if scope["path"] == "/sleep":
        await asyncio.sleep(1)
    elif scope["path"] == "/large":
        body = b"x" * 8_000_000
    elif scope["path"] == "/read":
        while (await receive()).get("more_body"):
            pass
    length = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(guard):
    """The port of a server, and the server."""
    config = uvicorn.Config(app, port=0, http=guard.Protocol, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1], server
    finally:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE)


def connected(port, receive_buffer=None):
    one = socket.socket()
    if receive_buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    one.settimeout(PATIENCE)
    one.connect(("127.0.0.1", port))
    return one


def until_closed(one):
    """All that comes until the service closes; fails where it does not."""
    out = b""
    with suppress(ConnectionResetError):
        while block := one.recv(65_536):
            out += block
    return out


def ask(one, request=GET):
    """Status and body of an answer whose connection stays open."""
    one.sendall(request)
    head = b""
    while b"\r\n\r\n" not in head:
        block = one.recv(1)
        assert block, head
        head += block
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += one.recv(length - len(body))
    return int(head.split()[1]), body


def detail(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]


def test_requests_are_answered_as_ever(guard):
    with served(guard) as (port, _), connected(port) as one:
        assert ask(one) == (200, b"guarded")
        assert ask(one) == (200, b"guarded")  # on the same connection
        body = b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
        assert ask(one, body) == (200, b"guarded")
        chunks = b"".join(b"1\r\nx\r\n" for _ in range(40_000)) + b"0\r\n\r\n"
        head = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert ask(one, head + chunks) == (200, b"guarded")
        assert ask(one) == (200, b"guarded")


@pytest.mark.parametrize("unit", [b"x", b"x: y\r\n"])
def test_an_endless_header_is_refused(guard, unit):
    with served(guard) as (port, _), connected(port) as one:
        one.sendall(GET[:-2] + b"a: ")
        with suppress(ConnectionError):
            for _ in range(1000):
                one.sendall(unit * (100_000 // len(unit)))
            pytest.fail("it takes a hundred megabytes")


def test_a_long_header_gets_an_answer(guard):
    with served(guard) as (port, _), connected(port) as one:
        one.sendall(GET[:-2] + b"a: " + b"x" * 66_000)
        answer = until_closed(one)
        if guard is guarded_http:
            assert answer.startswith(b"HTTP/1.1 431 ")
            assert "65,536 bytes" in detail(answer)
        else:  # h11 says so itself
            assert answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("sent", [b"", b"G", GET[:-2]])
def test_a_header_that_does_not_come_is_not_waited_for(guard, sent):
    with served(guard) as (port, _), connected(port) as one:
        one.sendall(sent)
        answer = until_closed(one)
        assert answer.startswith(b"HTTP/1.1 408 ") if sent else answer == b""


def test_a_header_that_comes_byte_by_byte_is_not_waited_for(guard):
    with served(guard) as (port, _), connected(port) as one:
        one.sendall(GET[:-2])
        with suppress(ConnectionError):
            for _ in range(int(PATIENCE / 0.02)):
                one.sendall(b"x")
                time.sleep(0.02)
            pytest.fail("it waits for ever")


def test_a_second_header_is_not_waited_for_either(guard):
    with served(guard) as (port, _), connected(port) as one:
        assert ask(one)[0] == 200
        one.sendall(GET[:5])
        assert until_closed(one).startswith(b"HTTP/1.1 408 ")
    with served(guard) as (port, _), connected(port) as one:
        assert ask(one)[0] == 200
        one.sendall(b"\r\n")  # which begins no request
        until_closed(one)


def test_an_answer_may_take_longer_than_a_header(guard):
    with served(guard) as (port, _), connected(port) as one:
        assert ask(one, b"GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n") == (200, b"guarded")
        assert ask(one) == (200, b"guarded")


def test_who_reads_slowly_gets_all(guard):
    with served(guard) as (port, _), connected(port, 4096) as one:
        one.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        size = 0
        while block := one.recv(200_000):
            size += len(block)
            time.sleep(0.02 if size < 200_000 else 0)
        assert size > 8_000_000


def test_who_does_not_read_is_let_go(guard, monkeypatch):
    monkeypatch.setattr(guard, "ANSWER_SECONDS", 0.3)
    with served(guard) as (port, server), connected(port, 4096) as one:
        one.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: server.server_state.connections)
        wait_for(lambda: not server.server_state.connections)


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_body_that_nobody_needs_is_not_waited_for(guard):
    with served(guard) as (port, _), connected(port) as one:
        one.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx")
        assert until_closed(one).endswith(b"guarded")


def test_a_body_that_nobody_needs_may_come(guard):
    """A connection that is closed at once would take the answer with it."""
    with served(guard) as (port, _), connected(port) as one:
        one.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        one.sendall(b"x" * 1_000_000)
        assert ask(one, b"") == (200, b"guarded")
        assert ask(one) == (200, b"guarded")


@pytest.mark.parametrize("unit", [b"x", b"x: y\r\n"])
def test_endless_trailers_are_refused(guard, unit):
    with served(guard) as (port, _), connected(port) as one:
        one.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: ")
        with suppress(ConnectionError):
            for _ in range(1000):
                one.sendall(unit * (100_000 // len(unit)))
            pytest.fail("it takes a hundred megabytes")


def test_more_connections_than_may_be_close_those_that_wait(guard, monkeypatch):
    monkeypatch.setattr(guard, "_allowed", 20)
    monkeypatch.setattr(guard, "HEADER_SECONDS", PATIENCE)
    with served(guard) as (port, server), connected(port) as busy:
        busy.sendall(b"GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: server.server_state.tasks)
        waiting = [connected(port) for _ in range(60)]
        for one in waiting[::2]:
            one.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
        with connected(port) as one:
            assert ask(one) == (200, b"guarded")
        wait_for(lambda: len(server.server_state.connections) <= 20)
        assert ask(busy, b"") == (200, b"guarded")  # an answer is not broken off
        for one in waiting[:20]:
            assert until_closed(one) == b""  # the oldest had to go
        for one in waiting:
            one.close()


def test_the_number_of_connections_leaves_files_for_others(monkeypatch):
    for files, connections in ((256, 128), (1024, 512), (65_536, 1000)):
        monkeypatch.setattr(guarded_http, "_allowed", None)
        monkeypatch.setattr(guarded_http, "_raised_file_limit", lambda files=files: files)
        assert guarded_http.max_connections() == connections
