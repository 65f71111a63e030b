"""Which rooms there are, whether their sources are live, what each is like now."""

import time
from datetime import datetime

import httpx
import pytest

from commentnlp.service.now import source_of

from .service_process import running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("rooms")) as one:
        at = time.time()
        events = [
            {"room": room, "user": f"u{n}", "text": text, "time": at - ago - n}
            for room, ago, text in (
                ("甲", 5, "多少钱"), ("乙", 400, "圈口多大"), ("丙", 9 * 86_400, "好看"),
                ("丁", 4, "没声音"), ("甲", 5, "购物袋领大额券"),
            )
            for n in range(12)
        ]  # fmt: skip
        httpx.post(f"{one.address}/v1/events", json=events).raise_for_status()
        yield one


def get(service, path, **parameters):
    answer = httpx.get(f"{service.address}{path}", params=parameters, timeout=30)
    answer.raise_for_status()
    return answer


@pytest.mark.parametrize(
    ("seconds", "source"),
    [(0, "live"), (179.9, "live"), (180, "silent"), (1799, "silent"), (1800, "ended")],
)
def test_what_the_age_of_the_last_event_means(seconds, source):
    assert source_of(1_000_000, 1_000_000 + int(1000 * seconds)) == source
    assert source_of(None, 0) == "none"


def test_rooms_tell_their_source_and_where_it_burns(service):
    get(service, "/v1/rooms")  # somebody wants to know
    deadline = time.monotonic() + 30
    while True:
        rooms = {one["room"]: one for one in get(service, "/v1/rooms").json()["rooms"]}
        if rooms["丁"]["hotspots"] or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert {room: one["source"] for room, one in rooms.items()} == {
        "甲": "live", "乙": "silent", "丙": "ended", "丁": "live",
    }  # fmt: skip
    assert 400 <= rooms["乙"]["last_event_seconds"] < 500
    assert datetime.fromisoformat(rooms["丙"]["last_event"]).tzinfo
    (spot,) = rooms["丁"]["hotspots"]
    assert (spot["label"], spot["state"]) == ("livestream.tech", "rising")
    assert spot["people"] == 12
    assert rooms["甲"]["hotspots"] == []


def test_now_is_what_the_page_shows(service):
    now = get(service, "/v1/now", room="甲").json()
    assert (now["source"], now["comments"], now["one_tap"], now["people"]) == ("live", 24, 12, 12)
    assert now["open_questions"] == 1
    assert now["unanswered"][0]["text"] == "多少钱"
    assert not [one for one in now["labels"] if one["facet"] == "complaint"]
    assert get(service, "/v1/now", room="乙", minutes=1).json()["comments"] == 0
    assert get(service, "/v1/now", room="乙", minutes=20).json()["comments"] == 12
    assert get(service, "/v1/now").json()["room"] is None
    nowhere = get(service, "/v1/now", room="没有").json()
    assert (nowhere["source"], nowhere["last_event"], nowhere["comments"]) == ("none", None, 0)


def test_prometheus_learns_how_old_the_last_event_of_a_room_is(service):
    lines = get(service, "/metrics").text.splitlines()
    ages = {line.split('"')[1]: float(line.rsplit(" ", 1)[1]) for line in lines
            if line.startswith("commentnlp_last_event_seconds{")}  # fmt: skip
    assert ages.keys() == {"甲", "乙", "丙", "丁"}
    assert 400 <= ages["乙"] < 500
    assert 9 * 86_400 <= ages["丙"] < 9 * 86_400 + 100
    assert 'commentnlp_comments_total{facet="noise",label="one_tap"} 12.0' in lines
    assert not [line for line in lines if 'path="labels"' in line]


def test_the_page_of_no_room_is_no_good_news(service):
    text = get(service, "/", room="没有").text
    assert 'data-source="none"' in text
    assert "从没收到过这个直播间的数据" in text


def test_more_rooms_than_prometheus_is_told(service):
    events = [{"room": f"r{n}", "text": "好看"} for n in range(120)]
    httpx.post(f"{service.address}/v1/events", json=events).raise_for_status()
    assert get(service, "/metrics").text.count("commentnlp_last_event_seconds{") == 100
