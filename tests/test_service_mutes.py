"""Alerts and mutes of a running service, from a comment to the webhook."""

import time
from datetime import datetime, timedelta, timezone

import pytest

from .service_process import running
from .test_service_alerts import Receiver, until


@pytest.fixture(scope="module")
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory, receiver):
    environment = {
        "COMMENTNLP_WEBHOOKS": receiver.url,
        "COMMENTNLP_URL": "https://live.example.com/",
    }
    with running(tmp_path_factory.mktemp("mutes"), **environment) as one:
        yield one


@pytest.fixture
def http(service):
    with service.client() as client:
        yield client


def post(http, room, *texts, ago=0.0):
    when = (datetime.now(timezone.utc) - timedelta(seconds=ago)).isoformat()
    events = [
        {"room": room, "user": f"u{i}", "time": when, "text": text} for i, text in enumerate(texts)
    ]
    assert http.post("/v1/events", json=events).json()["kept"] == len(texts)


def test_a_complaint_alerts_and_a_question_does_not(http, receiver):
    receiver.bodies.clear()
    post(http, "甲", "今天拍什么时候发", "保修多久呀", "可以退不 不喜欢的话")
    post(http, "甲", "发错货了客服不理人", ago=600)  # a log that is handed in later
    post(http, "甲", "@小美 都十天了怎么还不发货 电话13800001234")
    until(lambda: receiver.bodies)
    time.sleep(0.3)
    [body] = receiver.bodies
    assert body["label"].startswith("logistics")
    assert body["people"] == 1
    assert body["link"] == "https://live.example.com/?room=%E7%94%B2"
    [quote] = body["quotes"]
    assert quote["text"] == "@** 都十天了怎么还不发货 电话***********"


def test_a_muted_room_alerts_nobody(http, receiver):
    receiver.bodies.clear()
    asked = {"room": "乙", "label": "complaint/logistics", "minutes": 30}
    told = http.post("/v1/mutes", json=asked).json()
    assert told["room"] == "乙"
    assert told["label"] == "complaint/logistics"
    left = datetime.fromisoformat(told["until"]) - datetime.now(timezone.utc)
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert http.get("/v1/mutes").json() == {"mutes": [told]}
    post(http, "乙", "都十天了怎么还不发货")
    post(http, "丙", "都十天了怎么还不发货")
    until(lambda: receiver.bodies)
    ended = {"room": "乙", "label": "logistics"}
    assert http.delete("/v1/mutes", params=ended).json() == {"deleted": 1}
    assert http.delete("/v1/mutes", params=ended).json() == {"deleted": 0}
    post(http, "乙", "都十天了怎么还不发货啊")
    until(lambda: len(receiver.bodies) == 2)
    assert [body["room"] for body in receiver.bodies] == ["丙", "乙"]
    assert receiver.bodies[1]["comments"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"room": "乙"}, "minutes"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1441}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"minutes": "30"}, "minutes"),
        ({"minutes": 30, "lable": "logistics"}, "lable"),
        ({"minutes": 30, "label": "price"}, "label"),
        ({"minutes": 30, "label": 7}, "label"),
        ({"minutes": 30, "room": "房" * 201}, "room"),
        ([], None),
    ],
)
def test_what_is_no_mute_is_named(http, body, field):
    answer = http.post("/v1/mutes", json=body)
    assert answer.status_code == 422
    assert answer.json().get("field") == field
    assert http.delete("/v1/mutes", params={"label": "price"}).status_code == 422


def test_hotspots_tell_how_many_only_ask(http):
    post(
        http, "丁", *["今天拍什么时候发"] * 3, "几天发货", "都十天了怎么还不发货", "三天了还不发货"
    )
    found = http.get("/v1/hotspots", params={"room": "丁"}).json()["hotspots"]
    [delay] = [hot for hot in found if hot["label"] == "logistics.delay"]
    assert delay["comments"] == 6
    assert delay["inquiries"] == 4
