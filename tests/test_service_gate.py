import asyncio
import json

import pytest

from commentnlp.service import sessions
from commentnlp.service.access import Access
from commentnlp.service.gate import Gate
from commentnlp.service.problems import Problem
from commentnlp.service.sessions import Sessions

TOKEN = "宝石-secret-of-the-house"
READ_TOKEN = "宝石-of-the-wall-in-the-office"
SHORT = "宝石"


class Notes(dict):
    """A store's notes."""

    note = dict.get
    keep_note = dict.__setitem__


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The hash of the tokens is slow on purpose."""
    monkeypatch.setattr(sessions, "_ROUNDS", 1)


def access_of(token, read_token=""):
    return Access(token, read_token, Sessions(Notes(), (token, read_token)))


async def inner(scope, receive, send):
    if scope["path"].startswith("/boom"):
        raise ValueError("secret of the house")
    if scope["path"] == "/problem":
        raise Problem(422, "so not", field="x")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def ask(
    path="/v1/model", *, method="GET", access=None, token="", push="", client="127.0.0.1",
    server=("10.0.0.1", 8000), more=(), **headers
):  # fmt: skip
    """Status, headers and body of the answer."""
    sent, served = [], []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    headers.setdefault("host", "127.0.0.1:8000")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "client": (client, 4711),
        "server": server,
        "state": {"guarded": True},
        "headers": [
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
            *more,
        ],
    }
    access = access or (access_of(token) if token else None)
    gate = Gate(
        inner, access=access, push_secret=push, direct={}, served=lambda *told: served.append(told)
    )
    asyncio.run(gate(scope, receive, send))
    assert len(served) == 1  # whatever it was, it is counted
    assert served[0][2] == sent[0]["status"]
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def test_this_machine_needs_no_token_where_none_is_set():
    for host in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
        assert ask(host=host)[0] == 200
    assert ask(client="::1")[0] == 200


@pytest.mark.parametrize(
    "call",
    [
        {"client": "192.168.1.7"},
        {"host": "evil.example"},
        {"host": ""},
        {"client": ""},
        {"via": "1.1 proxy"},
        {"x_forwarded_for": "127.0.0.1"},
    ],
)
def test_others_are_turned_away_where_no_token_is_set(call):
    status, headers, body = ask(**call)
    assert status == 403
    assert headers[b"content-type"] == b"application/problem+json"
    assert "COMMENTNLP_TOKEN" in json.loads(body)["detail"]


def test_the_token_must_be_shown():
    status, headers, _ = ask(token=TOKEN)
    assert status == 401
    assert headers[b"www-authenticate"] == b"Bearer"
    assert ask(token=TOKEN, authorization="Bearer wrong")[0] == 401
    assert ask(token=TOKEN, authorization=TOKEN)[0] == 401
    assert ask(token=TOKEN, authorization=f"bearer {TOKEN}")[0] == 200
    assert ask(token=TOKEN, authorization=f"Basic {TOKEN}")[0] == 401
    assert ask(token=TOKEN, authorization=f"Bearer {TOKEN}", client="10.0.0.1", host="x")[0] == 200


def test_a_browser_shows_its_cookie():
    access = access_of(TOKEN)
    id, name = access.log_in(TOKEN, "10.0.0.1"), access.sessions.cookie
    assert ask(access=access, cookie=f"a=b; {name}={id}")[0] == 200
    assert ask(access=access, cookie=f"{name}={'0' * 64}; {name}={id}")[0] == 200
    assert ask(access=access, cookie=f"{name}={'0' * 64}")[0] == 401
    assert ask(access=access, cookie=f"commentnlp={id}")[0] == 401
    assert ask(access=access, cookie="\x07;;;=")[0] == 401


READS = [("GET", "/"), ("GET", "/v1/comments"), ("HEAD", "/v1/stream"), ("POST", "/v1/classify")]
WRITES = [
    ("POST", "/v1/events"), ("POST", "/v1/labels"), ("DELETE", "/v1/people"),
    ("POST", "/v1/model/reload"), ("POST", "/v1/whatever"), ("PUT", "/v1/classify/x"),
]  # fmt: skip


@pytest.mark.parametrize("way", ["bearer", "cookie"])
def test_who_may_only_read_changes_nothing(way):
    access = access_of(TOKEN, READ_TOKEN)
    if way == "bearer":
        shown = {"authorization": f"Bearer {READ_TOKEN}"}
    else:
        shown = {"cookie": f"{access.sessions.cookie}={access.log_in(READ_TOKEN, '10.0.0.1')}"}
    for method, path in READS:
        assert ask(path, method=method, access=access, **shown)[0] == 200
    for method, path in WRITES:
        status, _, body = ask(path, method=method, access=access, **shown)
        assert status == 403
        assert "may only read" in json.loads(body)["detail"]
        assert ask(path, method=method, access=access, authorization=f"Bearer {TOKEN}")[0] == 200


def test_a_short_token_opens_to_this_machine_only():
    bearer = {"authorization": f"Bearer {SHORT}"}
    for server in (("127.0.0.1", 8000), ("::1", 8000), ("/run/service.sock", None)):
        assert ask(token=SHORT, server=server, **bearer)[0] == 200
    for server in (("10.0.0.1", 8000), ("2001:db8::1", 8000), None):
        status, _, body = ask(token=SHORT, server=server, **bearer)
        assert status == 403
        assert "16 characters" in json.loads(body)["detail"]
        assert ask("/health/live", token=SHORT, server=server)[0] == 200


def test_wrong_tokens_are_counted_and_told(caplog):
    access = access_of(TOKEN)
    wrong = {"access": access, "authorization": "Bearer guess\nERROR forged", "client": "10.0.0.9"}
    assert [ask(**wrong)[0] for _ in range(5)] == [401] * 5
    status, headers, _ = ask(**wrong)
    assert status == 429
    assert int(headers[b"retry-after"]) in (1, 2)
    right = {"access": access, "authorization": f"Bearer {TOKEN}"}
    assert ask(**right, client="10.0.0.9")[0] == 429  # else guessing would go on
    assert ask(**right, client="10.0.0.8")[0] == 200
    assert ask("/health/live", access=access, client="10.0.0.9")[0] == 200
    assert len(caplog.records) == 5
    assert {one.name for one in caplog.records} == {"commentnlp.service.access"}
    assert "10.0.0.9 showed a wrong token, 5 in a row; it has to wait 2 s" in caplog.text
    assert "guess" not in caplog.text


def test_wrong_tokens_behind_one_proxy_do_not_cut_off_the_monitor():
    access = access_of(TOKEN)
    assert ask(access=access, authorization=f"Bearer {TOKEN}")[0] == 200
    for _ in range(9):
        ask(access=access, authorization="Bearer wrong")
    assert ask(access=access, authorization="Bearer wrong")[0] == 429
    assert ask(access=access, authorization=f"Bearer {TOKEN}")[0] == 200


def test_health_and_the_way_in_are_open():
    for path in ("/health/live", "/health/ready", "/login", "/static/live.css"):
        assert ask(path, token=TOKEN, client="10.0.0.1")[0] == 200
    status, _, body = ask("/", token=TOKEN)
    assert (status, body) == (200, b"/login")  # the form, in the place of the page
    assert ask("/metrics", token=TOKEN)[0] == 401


def test_a_page_of_another_site_may_not_post():
    assert ask(method="POST", origin="http://evil.example")[0] == 403
    assert ask(method="DELETE", origin="null")[0] == 403
    # browsers say it themselves, and no page can say it for them
    assert ask(method="POST", origin="null", sec_fetch_site="same-origin")[0] == 200
    assert ask(method="POST", sec_fetch_site="cross-site")[0] == 403
    assert ask(method="POST", sec_fetch_site="same-site")[0] == 403
    assert ask(method="POST", origin="http://127.0.0.1:8000")[0] == 200
    access = access_of(TOKEN)
    cookie = f"{access.sessions.cookie}={access.log_in(TOKEN, '10.0.0.1')}"
    call = {"method": "POST", "access": access, "cookie": cookie, "host": "shop.example"}
    assert ask(**call, origin="https://shop.example")[0] == 200
    assert ask(**call, origin="https://other.example")[0] == 403


def test_a_push_comes_without_the_token_only_where_it_must_be_signed():
    push = {"x_roomid": "7", "x_msg_type": "live_comment", "method": "POST"}
    assert ask("/v1/events", token=TOKEN, **push)[0] == 401
    assert ask("/v1/events", token=TOKEN, push="s", **push)[0] == 200
    assert ask("/v1/labels", token=TOKEN, push="s", **push)[0] == 401
    assert ask("/v1/events", token=TOKEN, push="s", method="POST")[0] == 401


def test_an_error_tells_nothing_of_the_house(caplog):
    status, headers, body = ask("/boom")
    assert status == 500
    assert b"secret" not in body
    assert b"x-content-type-options" in headers
    assert "secret of the house" in caplog.text


def test_a_path_forges_no_line_of_the_log(caplog):
    assert ask("/boom\nERROR: \u202eforged")[0] == 500
    assert "\nERROR" not in caplog.text
    assert "\u202e" not in caplog.text
    assert r"/boom\nERROR: \u202eforged" in caplog.text


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("host", ["[", "[]", "a b", "127.0.0.1/x", "[1:2]", "x" * 60_000])
def test_a_host_that_is_none_is_refused(token, host, caplog):
    for path in ("/v1/model", "/login", "/health/live"):
        assert ask(path, token=token, host=host)[0] == 400
    assert caplog.text == ""


def test_headers_have_a_length():
    assert ask(x="y" * 60_000)[0] == 200
    status, _, body = ask(x="y" * 65_536)
    assert status == 431
    assert "65,536 bytes" in json.loads(body)["detail"]
    assert ask("/" + "y" * 65_536)[0] == 431


def test_two_hosts_are_refused():
    assert ask(more=[(b"host", b"localhost")])[0] == 400


@pytest.mark.parametrize("token", ["", TOKEN])
def test_an_origin_that_is_none_is_foreign(token, caplog):
    assert ask(method="POST", token=token, origin="http://[")[0] == 403
    assert caplog.text == ""


def test_head_is_answered_as_get_is_without_the_body():
    for path, status in (("/v1/model", 200), ("/problem", 422), ("/boom", 500)):
        got, asked = ask(path), ask(path, method="HEAD")
        assert got[:2] == asked[:2]
        assert asked[0] == status
        assert got[2]
        assert asked[2] == b""
    assert ask("/v1/model", method="HEAD", token=TOKEN)[0] == 401


def test_a_problem_is_told():
    status, headers, body = ask("/problem")
    assert status == 422
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "so not",
        "field": "x",
    }
    assert headers[b"content-type"] == b"application/problem+json"


def test_every_answer_carries_the_headers_of_safety():
    for path in ("/v1/model", "/problem"):
        headers = ask(path)[1]
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"x-frame-options"] == b"DENY"
        assert headers[b"referrer-policy"] == b"same-origin"
