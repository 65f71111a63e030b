import base64
import hashlib
import hmac
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from commentnlp.errors import CommentnlpError
from commentnlp.service import webhooks
from commentnlp.service.alerts import MOST_ROOMS, Alert, Alerts
from commentnlp.service.records import Stored
from commentnlp.service.settings import Settings
from commentnlp.service.webhooks import MOST_WAITING, TRIES
from commentnlp.taxonomy import Taxonomy

# apprise imports it where it is still there
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TAXONOMY = Taxonomy.from_json(
    {
        "intent": {"names": {"zh": "关注点"}, "labels": {"price": {"zh": "价格", "en": "price"}}},
        "complaint": {
            "names": {"zh": "投诉"},
            "labels": {
                "goods": {"zh": "商品", "en": "goods"},
                "goods.color": {"zh": "颜色", "en": "colour"},
                "goods.crack": {"zh": "裂纹", "en": "crack"},
                "parcel": {"zh": "物流", "en": "parcel"},
            },
        },
    }
)
NOW = 1_773_490_503.0  # 2026-03-14 20:15:03 in Shanghai


class Receiver:
    """A real server that answers as it is told and keeps what it gets."""

    def __init__(self, port: int = 0) -> None:
        self.bodies: list[Any] = []
        self.requests: list[Any] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.held: threading.Event | None = None
        self.entered = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.entered.set()
                if receiver.held:
                    receiver.held.wait(20)
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                receiver.requests.append((self.path, dict(self.headers), status))
                if status == 200:
                    receiver.bodies.append(json.loads(body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                raise AssertionError("a redirection was followed")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook/s3cr3t"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        if self.held:
            self.held.set()
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def start(receiver, clock):
    """Starts alerts whose waits take no time and are written down."""
    started = []

    def make(*addresses: str, sleep: Any = None, **settings: Any) -> Alerts:
        waits: list[float] = []
        alerts = Alerts(
            Settings(webhooks=addresses or (receiver.url,), **settings),
            TAXONOMY,
            clock=clock,
            sleep=sleep or waits.append,
        )
        alerts.waits = waits  # type: ignore[attr-defined]
        started.append(alerts)
        return alerts

    yield make
    if receiver.held:
        receiver.held.set()
    for alerts in started:
        alerts.close()


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def settled(alerts: Alerts, sent: int, failed: int = 0) -> None:
    until(lambda: alerts.sent + alerts.failed >= sent + failed)
    assert (alerts.sent, alerts.failed, alerts.waiting) == (sent, failed, 0)


def hot(label: str = "goods.color", state: str = "rising", **more: Any) -> dict[str, Any]:
    quote = {"seq": 9, "time": "2026-03-14T20:14:00+08:00", "text": "颜色跟直播间两个样",
             "score": 0.98, "start": 0, "end": 2}  # fmt: skip
    return {
        "facet": "complaint", "label": label, "state": state, "comments": 14, "people": 9,
        "of": 124, "usual": 1.2, "times": 11.66, "p": 1e-5, "since": "2026-03-14T20:10:00+08:00",
        "quotes": [quote], **more,
    }  # fmt: skip


def row(
    text: str = "颜色跟直播间两个样",
    seq: int = 1,
    room: str = "8001",
    score: float = 0.97,
    labels: tuple[str, ...] = ("goods.color",),
    old: float = 1,
) -> Stored:
    answer = {
        "intent": [],
        "complaint": [{"label": label, "score": score} for label in labels],
        "evidence": [
            {"label": label, "start": 0, "end": 2, "text": text[:2], "weight": 2.0}
            for label in labels
        ],
    }
    told = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    received = int(NOW * 1000)
    return Stored(seq, received - int(old * 1000), received, room, "comment", "", "u1", "小鱼儿",
                  "viewer", text, 1, None, "", "{}", told, "m1")  # fmt: skip


# what is told ---------------------------------------------------------------------------------


def test_a_hotspot_as_json(start, receiver):
    alerts = start()
    alerts.hotspots("8001", [hot(), hot("parcel", "steady")], "m1")
    settled(alerts, 1)
    assert receiver.bodies == [
        {
            "kind": "hotspot", "room": "8001", "facet": "complaint", "label": "goods.color",
            "names": {"zh": "商品 · 颜色", "en": "goods · colour"}, "state": "rising",
            "comments": 14, "people": 9, "of": 124, "times": 11.66,
            "at": "2026-03-14T20:15:03+08:00", "quotes": hot()["quotes"], "model": "m1",
        }
    ]  # fmt: skip
    path, headers, _ = receiver.requests[0]
    assert path == "/hook/s3cr3t"
    assert headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_comment_as_json(start, receiver):
    alerts = start()
    alerts.comments([row(), row(seq=2, labels=())])
    settled(alerts, 1)
    [body] = receiver.bodies
    assert (body["kind"], body["state"], body["comments"], body["people"]) == (
        "comment",
        "",
        1,
        None,
    )
    assert body["quotes"] == [
        {"seq": 1, "time": "2026-03-14T20:15:02.000+08:00", "text": "颜色跟直播间两个样",
         "score": 0.97, "start": 0, "end": 2}
    ]  # fmt: skip
    assert "小鱼儿" not in json.dumps(body, ensure_ascii=False)


def test_a_label_is_told_when_it_turns_hot(start, receiver, clock):
    alerts = start()
    for states in ("steady", "rising", "rising", "new", "rising"):
        alerts.hotspots("8001", [hot(state=states)])
        clock.now += 400
    alerts.hotspots("8001", [])
    alerts.hotspots("8001", [hot(state="new")])
    settled(alerts, 2)
    assert [body["state"] for body in receiver.bodies] == ["rising", "new"]


def test_a_turn_within_the_pause_is_told_after_it(start, receiver, clock):
    alerts = start()
    alerts.hotspots("8001", [hot()])
    alerts.hotspots("8001", [])
    for _ in range(3):
        alerts.hotspots("8001", [hot()])
    alerts.hotspots("8002", [hot()])  # another room
    settled(alerts, 2)
    clock.now += 600
    for _ in range(3):
        alerts.hotspots("8001", [hot()])
    settled(alerts, 3)


def test_the_leaf_speaks_for_its_parent(start, receiver, clock):
    alerts = start()
    alerts.hotspots("8001", [hot("goods"), hot("goods.color"), hot("parcel")])
    clock.now += 1000
    alerts.hotspots("8001", [hot("goods")])  # still the same spell
    alerts.hotspots("8002", [hot("goods")])
    alerts.hotspots("8002", [hot("goods"), hot("goods.color")])  # told, if less exactly
    alerts.comments([row(labels=("goods", "goods.crack"))])
    settled(alerts, 4)
    assert [body["label"] for body in receiver.bodies] == [
        "goods.color", "parcel", "goods", "goods.crack"
    ]  # fmt: skip


def test_comments_within_the_pause_are_gathered(start, receiver, clock):
    alerts = start()
    alerts.comments([row()])
    for seq in range(2, 9):
        clock.now += 10
        alerts.comments([row(seq=seq, score=0.95 + seq / 1000), row(seq=99, score=0.9)])
    settled(alerts, 1)
    clock.now += 600
    alerts.comments([])
    settled(alerts, 2)
    body = receiver.bodies[1]
    assert body["comments"] == 7
    assert [quote["seq"] for quote in body["quotes"]] == [8, 7, 6, 5, 4]
    clock.now += 6000
    alerts.comments([])
    alerts.hotspots("8001", [])
    settled(alerts, 2)


def test_a_hotspot_speaks_after_comments_and_for_them(start, receiver, clock):
    alerts = start()
    alerts.comments([row(), row(seq=2)])
    alerts.comments([row(seq=3)])
    alerts.hotspots("8001", [hot()])
    alerts.comments([row(seq=4)])
    settled(alerts, 2)
    clock.now += 601
    alerts.hotspots("8001", [hot()])
    settled(alerts, 3)
    assert [(body["kind"], body["comments"]) for body in receiver.bodies] == [
        ("comment", 2), ("hotspot", 14), ("comment", 1)
    ]  # fmt: skip


def test_settings_choose(start, receiver):
    alerts = start(alert_labels=("complaint/goods",), alert_score=None)
    alerts.hotspots(
        "8001", [hot("parcel"), hot("goods.crack"), {**hot("price"), "facet": "intent"}]
    )
    alerts.comments([row()])
    settled(alerts, 1)
    assert receiver.bodies[0]["label"] == "goods.crack"
    with pytest.raises(CommentnlpError, match=r"'complaint/colour' is no complaint .*goods.color"):
        start(alert_labels=("complaint/colour",))


def test_old_news_alerts_nobody(start):
    alerts = start()
    alerts.comments([row(old=3600), replace(row(), answer="")])
    alerts.close()
    assert alerts.sent == 0


def test_without_webhooks_nothing_happens(clock):
    alerts = Alerts(Settings(), TAXONOMY, clock=clock)
    alerts.hotspots("8001", [hot()])
    alerts.comments([row()])
    alerts.close()
    assert (alerts.sent, alerts.failed, alerts.dropped, alerts.waiting) == (0, 0, 0, 0)


def test_a_clock_that_is_set_back_does_not_silence(start, clock):
    alerts = start()
    alerts.comments([row()])
    alerts.hotspots("8001", [hot()])
    alerts.hotspots("8001", [])
    clock.now -= 86_400
    alerts.hotspots("8001", [hot()])
    settled(alerts, 3)


def test_rooms_are_forgotten_but_not_their_complaints(start, receiver):
    alerts = start()
    alerts.comments([row(), row(seq=2)])
    alerts.comments([row(seq=3)])
    for room in range(MOST_ROOMS + 5):
        alerts.hotspots(f"r{room}", [])
    settled(alerts, 2)
    assert len(alerts._rooms) == MOST_ROOMS


# strangers' words -----------------------------------------------------------------------------

HOSTILE = (
    '<at user_id="all">@所有人</at> [点我](http://x.example) *** <@all> `a` #1 &lt;\n'
    "第二行\x1b[2J\u202e\ud800"
)


def alert(*texts: str, **more: Any) -> Alert:
    quotes = [{"seq": 1, "time": "", "text": text, "score": 0.98, "start": 0, "end": 2}
              for text in texts]  # fmt: skip
    told = Alert("hotspot", "8001", "complaint", "goods.color",
                 {"zh": "商品 · 颜色", "en": "goods · colour"}, "rising", 14, 9, 124, 11.66,
                 "2026-03-14T20:15:03+08:00", tuple(quotes))  # fmt: skip
    return replace(told, **more)


def test_messages():
    told = alert("颜色跟直播间两个样", "颜色发暗")
    assert told.title() == "评论告警：商品 · 颜色 上升"
    assert told.text() == (
        "直播间 8001，20:15\n9 人、14 条评论提到，同期共 124 条评论，是平时的 11.7 倍\n"
        "「颜色跟直播间两个样」 98%\n「颜色发暗」 98%"
    )
    assert told.title("en") == "Comment alert: goods · colour is rising"
    assert told.text("en").splitlines()[:2] == [
        "Room 8001, 20:15",
        "14 comments by 9 people, of 124 in the same minutes; 11.7 times the usual",
    ]
    new = alert(state="new", times=None)
    assert new.title() == "评论告警：商品 · 颜色 新出现"
    assert new.text().endswith("此前没有人提过")
    assert new.text("en").endswith("nobody had raised it before")
    one = alert(kind="comment", state="", comments=3, people=None, of=None, times=None)
    assert one.title() == "评论告警：商品 · 颜色 3 条投诉"
    assert one.title("en").endswith("3 complaints")


def test_hostile_quotes_do_nothing(start, receiver):
    alerts = start()
    alerts.comments([row(HOSTILE, room="8<at>\n@x")])
    settled(alerts, 1)
    [quote] = receiver.bodies[0]["quotes"]
    assert quote["text"].endswith(" 第二行 [2J  ")
    assert not {"\n", "\x1b", "\u202e", "\ud800"} & set(quote["text"])
    assert len(quote["text"]) == len(HOSTILE)  # the evidence stays where it is
    for language in ("zh", "en"):
        told = alert(HOSTILE, room="8<at> @x").text(language)
        assert not set("<>@*`[]_#&|\\") & set(told)
        assert "://" not in told
        assert len(told.splitlines()) == 3


def test_long_quotes_keep_their_evidence(start, receiver):
    text = "啊" * 3000 + "颜色发暗" + "哦" * 3000
    alerts = start()
    long = {**hot()["quotes"][0], "text": text, "start": 3000, "end": 3004}
    alerts.hotspots("8" * 500, [hot(quotes=[long] * 50, times=float("inf"))])
    settled(alerts, 1)
    [body] = receiver.bodies
    assert body["times"] is None
    assert len(body["room"]) == 64
    assert len(body["quotes"]) == 5
    quote = body["quotes"][0]
    assert len(quote["text"]) == 500
    assert quote["text"][quote["start"] : quote["end"]] == "颜色发暗"
    assert quote["text"][0] == quote["text"][-1] == "…"


def test_messages_fit_everywhere():
    told = alert(*["😀颜色发暗" * 200] * 5, room="房" * 64, names={"zh": "名" * 99, "en": "n" * 99})
    for language in ("zh", "en"):
        assert "颜色发暗" in told.text(language)
        whole = f"{told.title(language)}\r\n{told.text(language)}"
        assert len(whole.encode()) <= 2048


# sending --------------------------------------------------------------------------------------


def test_500_is_tried_again(start, receiver):
    receiver.answers = [(500, {}), (503, {}), (429, {}), (408, {})]
    alerts = start()
    alerts.hotspots("8001", [hot()])
    settled(alerts, 1)
    assert len(receiver.requests) == TRIES
    for place, wait in enumerate(alerts.waits):
        assert 2 * 2**place <= wait <= 4 * 2**place
    assert len(alerts.waits) == 4


def test_after_all_tries_it_is_given_up(start, receiver, caplog):
    receiver.answers = [(500, {})] * TRIES
    alerts = start()
    alerts.hotspots("8001", [hot(), hot("parcel")])
    settled(alerts, 1, 1)
    assert receiver.bodies[0]["label"] == "parcel"
    assert caplog.messages == [
        "webhook 1 (http://127.0.0.1/…) did not take an alert: it answered 500"
    ]


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_is_wrong_is_not_tried_again(start, receiver, status):
    receiver.answers = [(status, {})]
    alerts = start()
    alerts.hotspots("8001", [hot()])
    settled(alerts, 0, 1)
    assert len(receiver.requests) == 1
    assert alerts.waits == []


def test_retry_after(start, receiver):
    soon = formatdate(time.time() + 120, usegmt=True)
    receiver.answers = [
        (429, {"Retry-After": "77"}), (503, {"Retry-After": soon}), (429, {"Retry-After": "9" * 9}),
        (429, {"Retry-After": "later"}),
    ]  # fmt: skip
    alerts = start()
    alerts.hotspots("8001", [hot()])
    settled(alerts, 1)
    assert alerts.waits[0] == 77
    assert 100 < alerts.waits[1] <= 120
    assert alerts.waits[2] == 3600
    assert alerts.waits[3] <= 32


def test_redirections_are_not_followed(start, receiver):
    receiver.answers = [(status, {"Location": receiver.url}) for status in (302, 307)]
    alerts = start()
    alerts.hotspots("8001", [hot(), hot("parcel")])
    settled(alerts, 0, 2)
    assert len(receiver.requests) == 2


def test_a_server_that_comes_late(start, receiver):
    receiver.close()
    back: list[Receiver] = []

    def sleep(_: float) -> None:
        if not back:
            back.append(Receiver(receiver.port))

    alerts = start(sleep=sleep)
    alerts.hotspots("8001", [hot()])
    settled(alerts, 1)
    assert back[0].bodies[0]["label"] == "goods.color"
    back[0].close()


def test_a_server_that_never_comes(start, receiver, caplog):
    receiver.close()
    alerts = start()
    alerts.hotspots("8001", [hot()])
    settled(alerts, 0, 1)
    assert len(alerts.waits) == TRIES - 1
    assert "it was not reached (Connection refused)" in caplog.text


def test_a_slow_webhook_slows_nobody(start, receiver):
    other = Receiver()
    receiver.held = threading.Event()
    alerts = start(receiver.url, other.url)
    alerts.hotspots("8000", [hot()])
    assert receiver.entered.wait(10)
    begun = time.perf_counter()
    for room in range(MOST_WAITING + 7):
        alerts.hotspots(f"r{room}", [hot()])
    assert time.perf_counter() - begun < 1
    until(lambda: len(other.bodies) + alerts.dropped - 7 >= MOST_WAITING + 8)
    assert alerts.waiting <= MOST_WAITING + 1
    receiver.held.set()
    until(lambda: not alerts.waiting)
    until(lambda: alerts.sent + alerts.dropped == 2 * (MOST_WAITING + 8))
    assert len(receiver.bodies) == MOST_WAITING + 1
    # the oldest of those that waited gave way
    assert [body["room"] for body in receiver.bodies[:2]] == ["8000", "r7"]
    other.close()


def test_close_sends_what_waits(start, receiver, clock):
    alerts = start()
    alerts.comments([row()])
    alerts.comments([row(seq=2)])  # would have been told after the pause
    alerts.hotspots("8002", [hot("parcel")])
    alerts.close()
    assert [body["room"] for body in receiver.bodies] == ["8001", "8002", "8001"]
    alerts.hotspots("8003", [hot()])
    assert (alerts.sent, alerts.dropped, alerts.waiting) == (3, 1, 0)


def test_what_was_deleted_is_quoted_no_more(start, receiver, clock):
    alerts = start()
    alerts.comments([row("第一条", seq=1)])
    until(lambda: receiver.bodies)
    alerts.comments([row("第二条", seq=2), row("第三条", seq=3)])
    alerts.forget([2])
    clock.now += 601
    alerts.comments([])
    until(lambda: len(receiver.bodies) == 2)
    assert [one["text"] for one in receiver.bodies[1]["quotes"]] == ["第三条"]
    assert receiver.bodies[1]["comments"] == 2  # that names nobody


def test_an_alert_that_waits_is_not_sent_when_what_it_quotes_was_deleted(start, receiver):
    tried, go_on = threading.Event(), threading.Event()

    def sleep(_):
        tried.set()
        assert go_on.wait(10)

    receiver.answers = [(500, {})]
    alerts = start(sleep=sleep)
    (quote,) = hot()["quotes"]
    alerts.hotspots("r", [hot(quotes=[{**quote, "seq": 1}])])
    assert tried.wait(10)
    alerts.hotspots("s", [hot(quotes=[{**quote, "seq": 2}])])
    alerts.hotspots("t", [hot(quotes=[{**quote, "seq": 3}])])
    alerts.forget([1, 2])
    go_on.set()
    settled(alerts, 1, 1)
    assert [one["room"] for one in receiver.bodies] == ["t"]
    assert alerts.dropped == 1


def test_close_is_bounded_and_does_not_wait_between_tries(receiver, clock):
    receiver.held = threading.Event()
    alerts = Alerts(Settings(webhooks=(receiver.url,)), TAXONOMY, clock=clock)
    alerts.hotspots("8001", [hot(), hot("parcel")])
    assert receiver.entered.wait(10)
    begun = time.monotonic()
    alerts.close(0.1)
    assert time.monotonic() - begun < 2
    assert (alerts.dropped, alerts.waiting) == (1, 0)
    receiver.held.set()

    receiver.answers = [(500, {})] * 9
    waiting = Alerts(Settings(webhooks=(receiver.url,)), TAXONOMY, clock=clock)
    waiting.hotspots("8001", [hot()])
    until(lambda: any(status == 500 for *_, status in receiver.requests))
    begun = time.monotonic()
    waiting.close(10)
    assert time.monotonic() - begun < 2  # the wait for the second try would be longer
    assert (waiting.sent, waiting.failed) == (0, 1)


def test_proxies_of_the_environment_are_not_for_loopback(monkeypatch, start, receiver):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    alerts = start()
    alerts.hotspots("8001", [hot()])
    settled(alerts, 1)
    assert webhooks._is_loopback("::1")
    assert webhooks._is_loopback("localhost")
    assert not webhooks._is_loopback("example.com")


def test_a_user_in_the_address(start, receiver):
    alerts = start(receiver.url.replace("http://", "http://me:p%40ss@"))
    alerts.hotspots("8001", [hot()])
    settled(alerts, 1)
    expected = base64.b64encode(b"me:p@ss").decode()
    assert receiver.requests[0][1]["Authorization"] == f"Basic {expected}"


def test_many_comments_cost_little(start, receiver):
    alerts = start()
    rows = [row(seq=seq, labels=()) for seq in range(10_000)]
    begun = time.perf_counter()
    alerts.comments(rows)
    assert time.perf_counter() - begun < 0.5
    assert alerts.sent == alerts.waiting == 0


# addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["hooks.example.com/s3cr3t", "s3cr3t", "nosuch://s3cr3t", "dingtalk://s3cr3t-is_no_token/",
     "http://example.com:s3cr3t/", "https:///s3cr3t", "https://h/s3cr3t 颜", "http://[s3cr3t", "",
     "https://oapi.dingtalk.com/robot/send?token=s3cr3t"],
)  # fmt: skip
def test_what_is_no_address_is_named_without_secrets(address, clock, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CommentnlpError) as caught:
        Alerts(Settings(webhooks=("http://127.0.0.1/", address)), TAXONOMY, clock=clock)
    assert str(caught.value).startswith("webhook 2")
    assert "s3cr3t" not in str(caught.value) + caplog.text + "".join(capsys.readouterr())


def test_without_apprise(monkeypatch, clock):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(CommentnlpError, match=r"webhook 1 \(wecombot://…\) needs apprise: pip"):
        Alerts(Settings(webhooks=("wecombot://s3cr3t",)), TAXONOMY, clock=clock)


def test_json_by_apprise(start, receiver):
    pytest.importorskip("apprise")
    alerts = start(receiver.url.replace("http", "json", 1))
    alerts.hotspots("8001", [hot()])
    settled(alerts, 1)
    [body] = receiver.bodies
    assert body["title"] == "评论告警：商品 · 颜色 上升"
    assert "「颜色跟直播间两个样」 98%" in body["message"]


@pytest.fixture
def posted(monkeypatch):
    """What apprise posts with requests, and what it is answered."""
    pytest.importorskip("apprise")
    import requests

    log = SimpleNamespace(calls=[], answers=[], thrown=None)

    def post(url: str, **named: Any) -> requests.Response:
        url = requests.Request("POST", url, params=named.get("params")).prepare().url or ""
        log.calls.append((url, named))
        if log.thrown:
            raise log.thrown
        answer = requests.Response()
        status, body, headers = log.answers.pop(0) if log.answers else (200, {}, {})
        answer.status_code = status
        answer.headers.update(headers)
        answer._content = json.dumps(body).encode()
        return answer

    monkeypatch.setattr(requests, "post", post)
    return log


def payload(call: tuple[str, dict[str, Any]]) -> Any:
    return json.loads(call[1]["data"])


def test_dingtalk(start, posted):
    alerts = start("dingtalk://SECabc123@t0k3n/")
    alerts.comments([row(HOSTILE)])
    settled(alerts, 1)
    [(url, named)] = posted.calls
    parts = urlsplit(url)
    query = {name: value for name, [value] in parse_qs(parts.query).items()}
    assert (parts.hostname, parts.path) == ("oapi.dingtalk.com", "/robot/send")
    signed = f"{query['timestamp']}\nSECabc123".encode()
    sign = base64.b64encode(hmac.digest(b"SECabc123", signed, hashlib.sha256)).decode()
    assert query == {"access_token": "t0k3n", "timestamp": query["timestamp"], "sign": sign}
    body = payload(posted.calls[0])
    assert (body["msgtype"], body["at"]) == ("text", {"atMobiles": [], "isAtAll": False})
    first, second, *_ = body["text"]["content"].splitlines()
    assert first == "评论告警：商品 · 颜色 1 条投诉"
    assert second == "直播间 8001，20:15"
    assert not set("<>@[]") & set(body["text"]["content"])
    assert named["timeout"]
    assert named["allow_redirects"] is False


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("feishu://t0k-3n", "https://open.feishu.cn/open-apis/bot/v2/hook/t0k-3n/"),
        ("lark://t0k-3n", "https://open.larksuite.com/open-apis/bot/v2/hook/t0k-3n"),
    ],
)
def test_feishu_and_lark(start, posted, address, expected):
    apprise = pytest.importorskip("apprise")
    if not apprise.Apprise.instantiate(address):
        pytest.skip("this apprise does not know it")
    alerts = start(address, language="en")
    alerts.comments([row(HOSTILE)])
    settled(alerts, 1)
    assert posted.calls[0][0] == expected
    body = payload(posted.calls[0])
    assert body["msg_type"] == "text"
    assert body["content"]["text"].startswith("Comment alert: goods · colour 1 complaint")
    assert (
        '＜at user＿id="all"＞＠所有人＜/at＞ ［点我］(http：//x.example)'
        in body["content"]["text"]
    )


def test_wecom(start, posted):
    alerts = start("wecombot://k3y")
    long = {**hot()["quotes"][0], "text": "颜色发暗" * 500}
    alerts.hotspots("8001", [hot(quotes=[long] * 9)])
    settled(alerts, 1)
    assert posted.calls[0][0] == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k3y"
    body = payload(posted.calls[0])
    assert body["msgtype"] == "text"
    assert set(body["text"]) == {"content"}  # nobody is mentioned
    assert len(body["text"]["content"].encode()) <= 2048


@pytest.mark.parametrize(
    "address",
    [
        "https://oapi.dingtalk.com/robot/send?access_token=t0k3n",
        "https://open.feishu.cn/open-apis/bot/v2/hook/t0k3n",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=t0k3n",
    ],
)
def test_addresses_as_the_robots_show_them(start, posted, address):
    alerts = start(address)
    alerts.hotspots("8001", [hot()])
    settled(alerts, 1)
    assert posted.calls[0][0].rstrip("/") == address
    assert urlsplit(address).hostname in alerts._webhooks[0]._name


def test_robots_that_say_no_with_200(start, posted, caplog):
    posted.answers = [
        (200, {"errcode": 130101, "errmsg": "send too fast"}, {}),
        (200, {"errcode": 310000, "errmsg": "keywords not in content"}, {}),
        (200, {"errcode": 0, "errmsg": "ok"}, {}),
    ]
    alerts = start("dingtalk://t0k3n")
    alerts.hotspots("8001", [hot(), hot("parcel")])
    settled(alerts, 1, 1)
    assert caplog.messages == [
        "webhook 1 (dingtalk://…) did not take an alert: it answered with error 310000"
    ]


def test_apprise_is_tried_again(start, posted, caplog, capsys):
    import requests

    caplog.set_level(logging.DEBUG)
    posted.answers = [(429, {}, {"Retry-After": "55"}), (500, {}, {}), (404, {}, {})]
    alerts = start("wecombot://t0k3n")
    alerts.hotspots("8001", [hot()])
    settled(alerts, 0, 1)
    assert alerts.waits[0] == 55
    posted.thrown = requests.ConnectionError("https://h/t0k3n")
    alerts.hotspots("8002", [hot()])
    settled(alerts, 0, 2)
    assert len(posted.calls) == 3 + TRIES
    assert "t0k3n" not in caplog.text + "".join(capsys.readouterr())
    assert logging.getLogger("apprise").isEnabledFor(logging.WARNING)


@pytest.mark.parametrize("shape", ["markdown", "html"])
def test_other_formats_stay_harmless(start, posted, shape):
    alerts = start(f"dingtalk://t0k3n/?format={shape}")
    alerts.comments([row(HOSTILE)])
    settled(alerts, 1)
    told = json.dumps(payload(posted.calls[0]), ensure_ascii=False)
    assert "<at" not in told
    assert "](" not in told
    assert "＠所有人" in told
