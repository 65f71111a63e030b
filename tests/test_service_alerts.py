import base64
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from commentnlp.errors import CommentnlpError
from commentnlp.service.alert_messages import Alert
from commentnlp.service.alerts import MAX_ROOMS, STALE_SECONDS, Alerts, page_link
from commentnlp.service.posting import is_loopback
from commentnlp.service.records import Stored
from commentnlp.service.settings import Settings
from commentnlp.service.webhooks import MAX_WAITING, TRIES, Message, Webhook, public_name
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
        "quotes": [quote], "inquiries": 0, **more,
    }  # fmt: skip


def row(
    text: str = "颜色跟直播间两个样",
    seq: int = 1,
    room: str = "8001",
    score: float = 0.97,
    labels: tuple[str, ...] = ("goods.color",),
    old: float = 1,
    acts: tuple[dict[str, Any], ...] = (),
    at: float = NOW,
    user: str = "u1",
) -> Stored:
    answer = {
        "intent": [],
        "act": list(acts),
        "complaint": [{"label": label, "score": score} for label in labels],
        "evidence": [
            {"label": label, "start": 0, "end": 2, "text": text[:2], "weight": 2.0}
            for label in labels
        ],
    }
    told = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    received = int(at * 1000)
    return Stored(seq, received - int(old * 1000), received, room, "comment", "", user, "小鱼儿",
                  "viewer", text, 1, None, "", "{}", told, "m1")  # fmt: skip


# what is told ---------------------------------------------------------------------------------


def test_a_hotspot_as_json(start, receiver):
    alerts = start()
    alerts.hotspots("8001", [hot(), hot("parcel", "steady")], 10, "m1")
    settled(alerts, 1)
    assert receiver.bodies == [
        {
            "kind": "hotspot", "room": "8001", "facet": "complaint", "label": "goods.color",
            "names": {"zh": "商品 · 颜色", "en": "goods · colour"}, "state": "rising",
            "comments": 14, "people": 9, "of": 124, "times": 11.66, "minutes": 10,
            "since": "2026-03-14T20:10:00+08:00", "at": "2026-03-14T20:15:03+08:00",
            "quotes": hot()["quotes"], "model": "m1", "inquiries": 0, "link": "",
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
    told = {name: body[name] for name in ("kind", "state", "comments", "people", "minutes")}
    assert told == {"kind": "comment", "state": "", "comments": 1, "people": 1, "minutes": 1}
    assert body["quotes"] == [
        {"seq": 1, "time": "2026-03-14T20:15:02.000+08:00", "text": "颜色跟直播间两个样",
         "score": 0.97, "start": 0, "end": 2}
    ]  # fmt: skip
    assert "小鱼儿" not in json.dumps(body, ensure_ascii=False)


def states(receiver):
    return [(body["label"], body["state"]) for body in receiver.bodies]


def test_a_label_is_told_when_it_turns_hot_and_when_that_is_over(start, receiver, clock):
    alerts = start()
    for state in ("steady", "rising", "rising", "falling", "new", "rising"):
        alerts.hotspots("8001", [hot(state=state)], 10)
        clock.now += 400
    assert alerts.rooms_alarmed() == {"8001"}
    alerts.hotspots("8001", [hot(state="falling", people=12)], 10)
    alerts.hotspots("8001", [hot(state="steady", people=3)], 10)
    assert alerts.rooms_alarmed() == set()
    alerts.hotspots("8001", [hot(state="new")], 10)
    alerts.hotspots("8001", [], 10)
    settled(alerts, 4)
    color = "goods.color"
    assert states(receiver) == [(color, "rising"), (color, "over"), (color, "new"), (color, "over")]
    over = receiver.bodies[1]
    assert over["people"] == 12  # the most there were
    assert over["since"] == "2026-03-14T20:10:00+08:00"
    assert over["minutes"] == 46
    assert over["quotes"] == []


def test_a_turn_within_the_pause_is_told_after_it(start, receiver, clock):
    alerts = start()
    alerts.hotspots("8001", [hot()], 10)
    alerts.hotspots("8001", [], 10)
    for _ in range(3):
        alerts.hotspots("8001", [hot()], 10)
    alerts.hotspots("8002", [hot()], 10)  # another room
    settled(alerts, 3)
    clock.now += 600
    for _ in range(3):
        alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 4)
    assert [state for _, state in states(receiver)] == ["rising", "over", "rising", "rising"]


def test_the_leaf_speaks_for_its_parent(start, receiver, clock):
    alerts = start()
    alerts.hotspots("8001", [hot("goods"), hot("goods.color"), hot("parcel")], 10)
    clock.now += 1000
    alerts.hotspots("8001", [hot("goods")], 10)  # still the same spell
    alerts.hotspots("8001", [], 10)
    settled(alerts, 4)
    assert states(receiver) == [
        ("goods.color", "rising"), ("parcel", "rising"), ("parcel", "over"), ("goods", "over")
    ]  # fmt: skip
    alerts.hotspots("8002", [hot("goods")], 10)
    alerts.hotspots("8002", [hot("goods"), hot("goods.color")], 10)  # told, if less exactly
    alerts.comments([row(labels=("goods", "goods.crack"))])
    settled(alerts, 6)
    assert states(receiver)[4:] == [("goods", "rising"), ("goods.crack", "")]


def test_who_only_asks_alerts_nobody(start, receiver):
    alerts = start()
    ask, complain = {"label": "ask", "score": 0.99}, {"label": "complain", "score": 0.9}
    asks = [row(seq=1, acts=(ask,)), row("怎么还不发货，都十天了", seq=2, acts=(ask, complain))]
    alerts.comments([asks[0]])
    alerts.hotspots("8001", [hot(inquiries=12)], 10)
    alerts.close()
    assert receiver.bodies == []
    another = start()
    another.comments(asks)
    another.hotspots("8002", [hot(inquiries=11)], 10)
    settled(another, 2)
    assert [quote["seq"] for quote in receiver.bodies[0]["quotes"]] == [2]
    assert receiver.bodies[1]["inquiries"] == 11


def test_comments_within_the_pause_are_told_with_the_next(start, receiver, clock):
    alerts = start()
    alerts.comments([row()])
    for seq in range(2, 9):
        clock.now += 10
        alerts.comments([
            row(seq=seq, score=0.95 + seq / 1000, at=clock.now, user=f"u{seq % 3}"),
            row(seq=99, score=0.9),
        ])  # fmt: skip
    settled(alerts, 1)
    clock.now += 600
    alerts.comments([])
    alerts.comments([row(seq=98, score=0.9, at=clock.now)])
    settled(alerts, 1)  # what is ten minutes old is not sent as if it were of now
    alerts.comments([row(seq=9, score=0.951, at=clock.now, user="u9")])
    settled(alerts, 2)
    body = receiver.bodies[1]
    assert (body["comments"], body["people"], body["minutes"]) == (8, 4, 12)
    assert [quote["seq"] for quote in body["quotes"]] == [8, 7, 6, 5, 4]
    clock.now += 10
    alerts.comments([row(seq=10, at=clock.now)])
    clock.now += 3600
    alerts.comments([row(seq=11, at=clock.now)])
    settled(alerts, 3)
    assert receiver.bodies[2]["comments"] == 1  # that of an hour ago is forgotten


def test_what_was_deleted_is_quoted_no_more(start, receiver, clock):
    receiver.held = threading.Event()
    alerts = start()
    alerts.hotspots("8000", [hot(quotes=[])], 10)
    assert receiver.entered.wait(10)
    alerts.comments([row(seq=1)])
    alerts.comments([row(seq=2), row(seq=3)])
    alerts.forget([1, 2])
    receiver.held.set()
    settled(alerts, 1)
    assert alerts.dropped == 1
    clock.now += 601
    alerts.comments([row(seq=4, at=clock.now)])
    settled(alerts, 2)
    assert [quote["seq"] for quote in receiver.bodies[1]["quotes"]] == [3, 4]


def test_a_muted_label_alerts_nobody(start, receiver, clock):
    alerts = start()
    alerts.mutes.add("8001", "goods", 30)
    alerts.mutes.add("", "parcel", 5)
    alerts.hotspots("8001", [hot()], 10)
    alerts.hotspots("8002", [hot("parcel")], 10)
    alerts.comments([row(labels=("goods.crack",)), row(labels=("parcel",), room="8003")])
    alerts.hotspots("8002", [hot()], 10)  # not muted there
    settled(alerts, 1)
    clock.now += 1801
    alerts.hotspots("8001", [hot()], 10)  # it still is hot
    settled(alerts, 2)
    alerts.mutes.add("", "", 1)
    alerts.hotspots("8001", [], 10)
    settled(alerts, 2)
    assert [body["room"] for body in receiver.bodies] == ["8002", "8001"]


def test_a_hotspot_speaks_after_comments_and_for_them(start, receiver, clock):
    alerts = start()
    alerts.comments([row(), row(seq=2)])
    alerts.comments([row(seq=3)])
    alerts.hotspots("8001", [hot()], 10)
    alerts.comments([row(seq=4)])
    settled(alerts, 2)
    clock.now += 601
    alerts.comments([row(seq=5, at=clock.now)])
    settled(alerts, 3)
    assert [(body["kind"], body["comments"]) for body in receiver.bodies] == [
        ("comment", 2), ("hotspot", 14), ("comment", 2)
    ]  # fmt: skip


def test_settings_choose(start, receiver):
    alerts = start(alert_labels=("complaint/goods",), alert_score=None)
    alerts.hotspots(
        "8001", [hot("parcel"), hot("goods.crack"), {**hot("price"), "facet": "intent"}], 10
    )
    alerts.comments([row()])
    settled(alerts, 1)
    assert receiver.bodies[0]["label"] == "goods.crack"
    with pytest.raises(CommentnlpError, match=r"'complaint/colour' is no complaint .*goods.color"):
        start(alert_labels=("complaint/colour",))


def test_old_news_alerts_nobody(start):
    alerts = start()
    alerts.comments([row(old=STALE_SECONDS + 1), replace(row(), answer="")])
    alerts.close()
    assert alerts.sent == 0


def test_without_webhooks_nothing_happens(clock):
    alerts = Alerts(Settings(), TAXONOMY, clock=clock)
    alerts.hotspots("8001", [hot()], 10)
    alerts.comments([row()])
    alerts.close()
    assert (alerts.sent, alerts.failed, alerts.dropped, alerts.waiting) == (0, 0, 0, 0)


def test_a_clock_that_is_set_back_does_not_silence(start, clock):
    alerts = start()
    alerts.comments([row()])
    alerts.hotspots("8001", [hot()], 10)
    alerts.hotspots("8001", [], 10)
    clock.now -= 86_400
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 4)


def test_rooms_are_forgotten(start):
    alerts = start()
    alerts.comments([row()])
    for room in range(MAX_ROOMS + 5):
        alerts.hotspots(f"r{room}", [], 10)
    settled(alerts, 1)
    assert len(alerts._rooms) == MAX_ROOMS


def test_the_link_leads_to_the_room(start, receiver):
    alerts = start(url="https://live.example.com")
    alerts.hotspots("翡翠 间&", [hot()], 10)
    settled(alerts, 1)
    link = "https://live.example.com/?room=%E7%BF%A1%E7%BF%A0%20%E9%97%B4%26"
    assert receiver.bodies[0]["link"] == link
    assert page_link("https://h", "房" * 200) == "https://h"  # no message would hold it
    assert page_link("", "a") == ""


# strangers' words -----------------------------------------------------------------------------

HOSTILE = (
    '<at user_id="all">@所有人</at> [点我](http://x.example) *** <@all> `a` #1 &lt;\n'
    "第二行\x1b[2J\u202e\ud800"
)


def alert(*texts: str, **more: Any) -> Alert:
    quotes = [{"seq": 1, "time": "", "text": text, "score": 0.98, "start": 0, "end": 2}
              for text in texts]  # fmt: skip
    told = Alert("hotspot", "8001", "complaint", "goods.color",
                 {"zh": "商品 · 颜色", "en": "goods · colour"}, "rising", 14, 9, 124, 11.66, 10,
                 "2026-03-14T20:10:00+08:00", "2026-03-14T20:15:03+08:00", tuple(quotes),
                 )  # fmt: skip
    return replace(told, **more)


def test_messages():
    told = alert("颜色跟直播间两个样", "颜色发暗", link="https://h/?room=8001", inquiries=2)
    assert told.title() == "评论告警：商品 · 颜色 上升"
    assert told.title(late=True) == "评论告警（迟到，20:15）：商品 · 颜色 上升"
    assert told.text() == (
        "直播间 8001\n"
        "最近 10 分钟 9 人、14 条评论提到（同期共 124 条），其中 2 条只是在问，是平时的 11.7 倍，"
        "从 20:10 开始（现在 20:15）\n"
        "「颜色跟直播间两个样」 98%\n「颜色发暗」 98%\n页面：https://h/?room=8001"
    )
    assert told.title("en") == "Comment alert: goods · colour is rising"
    assert told.title("en", late=True).startswith("Comment alert (late, of 20:15): ")
    english = told.text("en").splitlines()
    assert english[:2] == [
        "Room 8001",
        "In the last 10 minutes 14 comments by 9 people, of 124 in all; 2 only ask; 11.7 times the"
        " usual; since 20:10 (now 20:15)",
    ]
    assert english[-1] == "Page: https://h/?room=8001"
    new = alert(state="new", times=None)
    assert new.title() == "评论告警：商品 · 颜色 新出现"
    assert "此前没有人提过" in new.text()
    assert "nobody had raised it before" in new.text("en")
    one = alert(kind="comment", state="", comments=3, people=2, of=None, times=None, minutes=6)
    assert one.title() == "评论告警：商品 · 颜色 3 条投诉"
    assert one.title("en").endswith("3 complaints")
    assert one.text().splitlines()[1] == "20:10 到 20:15（6 分钟），2 人、3 条评论"
    assert one.text("en").splitlines()[1] == "20:10 to 20:15 (6 minutes): 3 comments by 2 people"
    single = replace(one, comments=1, people=1, since=one.at)
    assert single.text().splitlines()[1] == "20:15，1 人、1 条评论"
    assert single.text("en").splitlines()[1] == "20:15: 1 comment by 1 person"
    over = alert(state="over", people=12, of=None, times=None, minutes=6)
    assert over.title() == "评论告警：商品 · 颜色 已平息"
    assert over.title("en").endswith("has calmed down")
    assert over.text().splitlines()[1] == "从 20:10 到 20:15（6 分钟），最多时 12 人提到"
    assert over.text("en").splitlines()[1] == "From 20:10 to 20:15 (6 minutes), 12 people at most"


def test_quotes_name_nobody(start, receiver):
    alerts = start()
    text = "@客服小美 我电话13800001234 三天了还不发货"
    alerts.comments([replace(row(text), answer=row(text).answer.replace('"start": 0', '"start":24')
                             .replace('"start":0,"end":2', '"start":24,"end":28'))])  # fmt: skip
    settled(alerts, 1)
    [quote] = receiver.bodies[0]["quotes"]
    assert quote["text"] == "@客服** 我电话*********** 三天了还不发货"
    assert quote["text"][quote["start"] : quote["end"]] == text[24:28]


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
        assert len(told.splitlines()) == 3  # room, figures, quote


def test_long_quotes_keep_their_evidence(start, receiver):
    text = "啊" * 3000 + "颜色发暗" + "哦" * 3000
    alerts = start()
    long = {**hot()["quotes"][0], "text": text, "start": 3000, "end": 3004}
    alerts.hotspots("8" * 500, [hot(quotes=[long] * 50, times=float("inf"))], 10)
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
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 1)
    assert len(receiver.requests) == TRIES
    for place, wait in enumerate(alerts.waits):
        assert 2 * 2**place <= wait <= 4 * 2**place
    assert len(alerts.waits) == 4


def test_after_all_tries_it_is_given_up(start, receiver, caplog):
    receiver.answers = [(500, {})] * TRIES
    alerts = start()
    alerts.hotspots("8001", [hot(), hot("parcel")], 10)
    settled(alerts, 1, 1)
    assert receiver.bodies[0]["label"] == "parcel"
    assert caplog.messages == [
        f"webhook 1 (http://127.0.0.1:{receiver.port}/…) did not take an alert: it answered 500"
    ]


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_is_wrong_is_not_tried_again(start, receiver, status):
    receiver.answers = [(status, {})]
    alerts = start()
    alerts.hotspots("8001", [hot()], 10)
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
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 1)
    assert alerts.waits[0] == 77
    assert 100 < alerts.waits[1] <= 120
    assert alerts.waits[2] == 3600
    assert alerts.waits[3] <= 32


def test_redirections_are_not_followed(start, receiver):
    receiver.answers = [(status, {"Location": receiver.url}) for status in (302, 307)]
    alerts = start()
    alerts.hotspots("8001", [hot(), hot("parcel")], 10)
    settled(alerts, 0, 2)
    assert len(receiver.requests) == 2


def test_a_server_that_comes_late(start, receiver):
    receiver.close()
    back: list[Receiver] = []

    def sleep(_: float) -> None:
        if not back:
            back.append(Receiver(receiver.port))

    alerts = start(sleep=sleep)
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 1)
    assert back[0].bodies[0]["label"] == "goods.color"
    back[0].close()


def test_a_server_that_never_comes(start, receiver, caplog):
    receiver.close()
    alerts = start()
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 0, 1)
    assert len(alerts.waits) == TRIES - 1
    assert "it was not reached (Connection refused)" in caplog.text


def test_a_slow_webhook_slows_nobody(start, receiver):
    other = Receiver()
    receiver.held = threading.Event()
    alerts = start(receiver.url, other.url)
    alerts.hotspots("8000", [hot()], 10)
    assert receiver.entered.wait(10)
    begun = time.perf_counter()
    for room in range(MAX_WAITING + 7):
        alerts.hotspots(f"r{room}", [hot()], 10)
    assert time.perf_counter() - begun < 1
    until(lambda: len(other.bodies) + alerts.dropped - 7 >= MAX_WAITING + 8)
    assert alerts.waiting <= MAX_WAITING + 1
    receiver.held.set()
    until(lambda: not alerts.waiting)
    until(lambda: alerts.sent + alerts.dropped == 2 * (MAX_WAITING + 8))
    assert len(receiver.bodies) == MAX_WAITING + 1
    # the oldest of those that waited gave way
    assert [body["room"] for body in receiver.bodies[:2]] == ["8000", "r7"]
    other.close()


def test_close_sends_what_waits(start, receiver, clock):
    alerts = start()
    alerts.comments([row()])
    alerts.hotspots("8002", [hot("parcel")], 10)
    alerts.close()
    assert [body["room"] for body in receiver.bodies] == ["8001", "8002"]
    alerts.hotspots("8003", [hot()], 10)
    assert (alerts.sent, alerts.dropped, alerts.waiting) == (2, 1, 0)


def test_an_alert_that_waits_is_not_sent_when_what_it_quotes_was_deleted(start, receiver):
    tried, go_on = threading.Event(), threading.Event()

    def sleep(_):
        tried.set()
        assert go_on.wait(10)

    receiver.answers = [(500, {})]
    alerts = start(sleep=sleep)
    (quote,) = hot()["quotes"]
    alerts.hotspots("r", [hot(quotes=[{**quote, "seq": 1}])], 10)
    assert tried.wait(10)
    alerts.hotspots("s", [hot(quotes=[{**quote, "seq": 2}])], 10)
    alerts.hotspots("t", [hot(quotes=[{**quote, "seq": 3}])], 10)
    alerts.forget([1, 2])
    go_on.set()
    settled(alerts, 1, 1)
    assert [one["room"] for one in receiver.bodies] == ["t"]
    assert alerts.dropped == 1


def test_close_is_bounded_and_does_not_wait_between_tries(receiver, clock):
    receiver.held = threading.Event()
    alerts = Alerts(Settings(webhooks=(receiver.url,)), TAXONOMY, clock=clock)
    alerts.hotspots("8001", [hot(), hot("parcel")], 10)
    assert receiver.entered.wait(10)
    begun = time.monotonic()
    alerts.close(0.1)
    assert time.monotonic() - begun < 2
    assert (alerts.dropped, alerts.waiting) == (1, 0)
    receiver.held.set()

    receiver.answers = [(500, {})] * 9
    waiting = Alerts(Settings(webhooks=(receiver.url,)), TAXONOMY, clock=clock)
    waiting.hotspots("8001", [hot()], 10)
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
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 1)
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("example.com")


def test_a_user_in_the_address(start, receiver):
    alerts = start(receiver.url.replace("http://", "http://me:p%40ss@"))
    alerts.hotspots("8001", [hot()], 10)
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
    with pytest.raises(CommentnlpError, match=r"webhook 1 \(slack://…\) needs apprise: pip"):
        Alerts(Settings(webhooks=("slack://s3cr3t",)), TAXONOMY, clock=clock)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:8123/s3cr3t?k=s3cr3t", "webhook 3 (http://127.0.0.1:8123/…)"),
        ("https://me:s3cr3t@h.example/s3cr3t", "webhook 3 (https://h.example/…)"),
        ("https://[::1]:99/s3cr3t", "webhook 3 (https://[::1]:99/…)"),
        ("dingtalk://s3cr3t@s3cr3t", "webhook 3 (dingtalk://…)"),
        ("s3cr3t", "webhook 3"),
    ],
)
def test_the_log_names_host_port_and_number(address, shown):
    assert public_name(3, address) == shown


def test_a_message_that_comes_late_says_so(clock, monkeypatch):
    sent = []
    webhook = Webhook(1, "wecombot://k3y", threading.Event(), lambda _: None, clock)
    monkeypatch.setattr(
        "commentnlp.service.robots.Robot.send", lambda _, text: sent.append(text) or ""
    )
    message = Message(b"{}", "告警", "x", "告警（迟到）", NOW)
    webhook._sender.send(message)
    clock.now += 121
    webhook._sender.send(message)
    assert sent == ["告警\nx", "告警（迟到）\nx"]


def test_what_apprise_does_not_deliver_is_tried_again(start, receiver, caplog, capsys):
    pytest.importorskip("apprise")
    caplog.set_level(logging.DEBUG)
    receiver.answers = [(500, {})] * TRIES
    alerts = start(receiver.url.replace("http", "json", 1))
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 0, 1)
    assert len(receiver.requests) == TRIES
    assert "s3cr3t" not in caplog.text + "".join(capsys.readouterr())
    assert logging.getLogger("apprise").isEnabledFor(logging.WARNING)


def test_json_by_apprise(start, receiver):
    pytest.importorskip("apprise")
    alerts = start(receiver.url.replace("http", "json", 1))
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 1)
    [body] = receiver.bodies
    assert body["title"] == "评论告警：商品 · 颜色 上升"
    assert "「颜色跟直播间两个样」 98%" in body["message"]
