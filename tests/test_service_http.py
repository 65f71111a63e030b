"""The service over HTTP, as a process: what callers see."""

import contextlib
import gzip
import json
import re
import threading
import time
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from .conftest import ROOT
from .service_process import running

FACETS = ("intent", "complaint", "act")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("服务")) as one:
        yield one


@pytest.fixture
def http(service):
    with service.client() as client:
        yield client


@pytest.fixture
def room(request):
    """A room of each test's own."""
    return f"房间 {request.node.name}"


def post(http, *events):
    answer = http.post("/v1/events", json=list(events))
    assert answer.status_code == 200, answer.text
    return answer.json()


def problem(answer, status, field=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    if field is not None:
        assert told["field"] == field
    return told["detail"]


# classify


def test_classify_says_what_the_library_says(http, shipped):
    texts = ["56圈口的多少米 是A货吗", "戴了一周就掉色了 能退吗", "好看", "", "🌹🌹🌹"]
    comments = [{"id": f"c{i}", "text": text} for i, text in enumerate(texts)]
    told = http.post("/v1/classify", json={"comments": comments}).json()
    assert told["model"] == shipped.meta.version
    assert [one["id"] for one in told["results"]] == [one["id"] for one in comments]
    for one, tagged in zip(told["results"], shipped.tag(texts, evidence=True), strict=True):
        for facet in FACETS:
            assert [(t["label"], pytest.approx(t["score"], abs=1e-4)) for t in one[facet]] == [
                (tag.label, tag.score) for tag in tagged.tags[facet]
            ]
        for proof in one["evidence"]:
            assert tagged.text[proof["start"] : proof["end"]] == proof["text"]


def test_classify_keeps_nothing(http):
    before = http.get("/v1/comments", params={"text": "不留痕迹"}).json()
    http.post("/v1/classify", json={"comments": [{"text": "不留痕迹的一句"}]})
    assert http.get("/v1/comments", params={"text": "不留痕迹"}).json() == before


def test_a_thousand_comments_and_no_more(http):
    comments = [{"id": i, "text": f"{i}号多少钱"} for i in range(1001)]
    told = http.post("/v1/classify", json={"comments": comments[:1000]}).json()
    assert [one["id"] for one in told["results"]] == [str(i) for i in range(1000)]
    assert "1,000" in problem(http.post("/v1/classify", json={"comments": comments}), 413)


def test_a_packed_body(http):
    body = gzip.compress(json.dumps({"comments": [{"text": "多少钱"}]}).encode())
    answer = http.post("/v1/classify", content=body, headers={"content-encoding": "gzip"})
    assert answer.json()["results"][0]["intent"][0]["label"] == "price"


def test_a_wrong_field_is_named(http):
    problem(http.post("/v1/classify", json={"comments": [{"text": 7}]}), 422, "comments[0].text")
    problem(http.post("/v1/classify", json=["多少钱"]), 422)
    problem(http.post("/v1/classify", content=b"{"), 400)
    problem(http.post("/v1/classify", content="多少钱".encode("gb18030")), 400)
    long = {"comments": [{"text": "好"}, {"text": "好" * 10_001}]}
    problem(http.post("/v1/classify", json=long), 422, "comments[1].text")


# events


def test_events_are_tagged_and_kept(http, room):
    told = post(
        http,
        {"id": "1", "room": room, "user": "u1", "name": "小圆", "text": "太贵了 能便宜点吗"},
        {"id": "2", "room": room, "user": "u2", "kind": "like", "count": 9},
        {"id": "3", "room": room, "role": "host", "text": "56圈口 三百八"},
    )
    assert (told["kept"], told["repeated"], told["rejected"]) == (3, 0, [])
    assert [tag["label"] for tag in told["results"][0]["intent"]] == ["price"]
    assert "intent" not in told["results"][1]
    assert "intent" not in told["results"][2]
    (kept,) = http.get("/v1/comments", params={"room": room}).json()["comments"]
    assert kept["seq"] == told["results"][0]["seq"]
    for facet in (*FACETS, "evidence"):
        assert kept[facet] == told["results"][0][facet]
    assert kept["user"] == "u1"
    assert "小圆" not in kept["name"]  # hashed
    assert abs(datetime.fromisoformat(kept["time"]) - datetime.now(timezone.utc)) < timedelta(
        minutes=1
    )


def test_what_comes_twice_is_kept_once(http, room):
    event = {"id": "1", "room": room, "text": "什么时候发货"}
    first, again = post(http, event), post(http, event, event)
    assert (again["kept"], again["repeated"]) == (0, 2)
    assert [one["seq"] for one in again["results"]] == [first["results"][0]["seq"]] * 2
    assert again["results"][0]["complaint"] == first["results"][0]["complaint"]
    bare = {"room": room, "user": "u", "text": "色差太大了", "time": "2026-03-14T20:15:03+08:00"}
    later = {**bare, "time": "2026-03-14T20:15:04+08:00"}
    assert post(http, bare, {**bare, "time": "2026-03-14T20:15:03.9+08:00"})["kept"] == 1
    assert post(http, bare, later, {**bare, "user": "v"}, {**bare, "room": "x"})["kept"] == 3
    assert len(http.get("/v1/comments", params={"room": room}).json()["comments"]) == 4


def test_hidden_people_who_say_the_same_are_several(http, room):
    same = {"room": room, "text": "好看", "time": "2026-03-14T20:15:03+08:00"}
    assert post(http, same, same, same)["kept"] == 3
    assert post(http, same, same, same)["kept"] == 0  # the call that is sent again
    known = {**same, "user": "u"}
    assert post(http, known, known)["kept"] == 1


def test_one_object_an_array_or_lines(http, room):
    one = {"room": room, "text": "几天发货"}
    lines = "\n".join(json.dumps({"room": room, "text": f"{i}号多少钱"}) for i in range(3))
    assert http.post("/v1/events", json=one).json()["kept"] == 1
    assert http.post("/v1/events", content=lines).json()["kept"] == 3
    assert post(http)["kept"] == 0


def test_a_clock_that_is_ahead_hides_nothing(http, room):
    ahead = (datetime.now(timezone.utc) + timedelta(minutes=10)).isoformat()
    event = {"room": room, "user": "u", "text": "掉色了要退货", "time": ahead}
    assert post(http, event, event)["kept"] == 1  # the same by the sender's clock
    (kept,) = http.get("/v1/comments", params={"room": room}).json()["comments"]
    assert datetime.fromisoformat(kept["time"]) <= datetime.now(timezone.utc)
    told = http.get("/v1/hotspots", params={"room": room}).json()
    assert told["hotspots"][0]["comments"] == 1


def test_the_rest_is_kept_where_one_is_wrong(http, room):
    good = {"room": room, "text": "好看"}
    told = post(http, good, {"room": room, "text": 7}, {**good, "text": "贵"})
    assert told["kept"] == 2
    assert told["rejected"][0]["field"] == "events[1].text"
    problem(http.post("/v1/events", json={"text": 7}), 422)


def test_a_live_tool_as_it_comes(http, room):
    inner = {
        "MsgId": 7409990001112223334,
        "User": {"Id": 104, "Nickname": "阿宁", "PayLevel": 3},
        "Content": "镯子内径多少",
        "WebRoomId": room,
    }
    message = {"Type": 1, "ProcessName": "直播伴侣", "Data": json.dumps(inner)}
    told = http.post("/v1/events", json=message).json()
    assert told["results"][0]["id"] == "7409990001112223334"
    assert "fit" in [tag["label"] for tag in told["results"][0]["intent"]]


def test_a_push_brings_its_room_in_a_header(http, room):
    push = [{"msg_id": "m1", "sec_openid": "a", "content": "怎么还不发货", "nickname": "阿宁",
             "timestamp": int(time.time() * 1000)}]  # fmt: skip
    headers = {"x-roomid": "push-1", "x-msg-type": "live_comment"}
    told = http.post("/v1/events", json=push, headers=headers).json()
    assert told["kept"] == 1
    assert len(http.get("/v1/comments", params={"room": "push-1"}).json()["comments"]) == 1


def test_text_that_is_no_text(http, room):
    raw = '{"room":' + json.dumps(room) + ',"text":"有\\u0000 和\\u202e反"}'
    assert http.post("/v1/events", content=raw).json()["kept"] == 1
    (kept,) = http.get("/v1/comments", params={"room": room}).json()["comments"]
    assert kept["text"] == "有\ufffd 和\u202e反"
    problem(http.post("/v1/events", content=raw.replace("u0000", "ud83d")), 422, "text")


# comments


def test_pages_of_comments(http, room):
    start = datetime(2026, 3, 14, 12, tzinfo=timezone.utc)
    events = [
        {"id": f"{i}", "room": room, "time": (start + timedelta(seconds=i)).isoformat(),
         "text": "太贵了" if i % 3 == 0 else f"第{i}件好看"}
        for i in range(120)
    ]  # fmt: skip
    post(http, *events[60:])
    post(http, *events[:60])
    seen, params = [], {"room": room, "limit": 50}
    while True:
        page = http.get("/v1/comments", params=params).json()
        seen += [one["id"] for one in page["comments"]]
        if page["next"] is None:
            break
        params["before"] = page["next"]
    assert seen == [str(i) for i in reversed(range(120))]

    def ids(**params):
        page = http.get("/v1/comments", params={"room": room, "limit": 500, **params}).json()
        return [int(one["id"]) for one in page["comments"]]

    assert ids(label="price") == list(reversed(range(0, 120, 3)))
    assert ids(label="intent/price", text="太贵") == ids(label="price")
    assert ids(text="第7件") == [7]
    assert ids(text="%") == ids(text="_") == []
    assert ids(since="2026-03-14T20:01:50+08:00") == list(reversed(range(110, 120)))
    assert ids(since="2026-03-14T20:00:00 08:00", until="2026-03-14 20:00:03") == [2, 1, 0]
    assert ids(until=str(int(start.timestamp()) + 2)) == [1, 0]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/comments?limit=0", "limit"),
        ("/v1/comments?limit=x", "limit"),
        ("/v1/comments?since=gestern", "since"),
        ("/v1/comments?label=nonsense", "label"),
        ("/v1/comments?before=x", "before"),
        ("/v1/hotspots?minutes=0", "minutes"),
        ("/v1/report?day=2026-13-01", "day"),
        ("/v1/report?format=exe", "format"),
        ("/v1/report?since=2026-03-14&until=2026-03-13", "until"),
        ("/v1/stream?rate=0", "rate"),
    ],
)
def test_a_wrong_parameter_is_named(http, path, field):
    problem(http.get(path), 422, field)


# what people say


def test_a_correction_is_kept_with_who_and_when(http, room, service):
    (result,) = post(http, {"room": room, "text": "这个颜色我爱了"})["results"]
    label = {"seq": result["seq"], "intent": ["style"], "act": ["praise"], "by": "小王"}
    answer = http.post("/v1/labels", json={"labels": [label]})
    assert answer.json()["kept"] == 1
    problem(http.post("/v1/labels", json={"labels": [{"seq": 10**9, "act": []}]}), 422,
            "labels[0].seq")  # fmt: skip
    problem(http.post("/v1/labels", json={"labels": [{"seq": 1, "act": ["x"]}]}), 422,
            "labels[0].act")  # fmt: skip
    problem(http.post("/v1/labels", json={"labels": [{"text": "好"}]}), 422, "labels[0]")
    problem(http.post("/v1/labels", json={}), 422, "labels")
    from commentnlp.service.store import Store

    store = Store(f"sqlite:///{service.log.removesuffix('service.log')}弹幕.db")
    (mine,) = [one for _, one in store.corrections() if one.seq == result["seq"]]
    store.close()
    assert (mine.by, mine.text, mine.room) == ("小王", "这个颜色我爱了", room)
    assert mine.labels == {"intent": ("style",), "act": ("praise",)}
    assert abs(mine.at / 1000 - time.time()) < 60
    assert mine.model
    listed = http.get("/v1/labels", params={"limit": 1000}).json()["labels"]
    (told,) = [one for one in listed if one["seq"] == result["seq"]]
    assert (told["by"], told["intent"], told["act"]) == ("小王", ["style"], ["praise"])
    assert "complaint" not in told
    assert json.loads(mine.was)["act"] is not None


def test_the_queue_asks_for_what_the_model_doubts(http, room):
    texts = ["多少钱", "多少钱", "什么时候发货", "嗯嗯那个啥呢", "颜色吧", "也还行就那样"]
    post(http, *({"room": room, "user": str(i), "text": text} for i, text in enumerate(texts)))
    queue = http.get("/v1/queue", params={"room": room}).json()["comments"]
    assert sorted(one["text"] for one in queue) == sorted(set(texts))  # each text once
    margins = [one["doubt"]["margin"] for one in queue]
    assert margins == sorted(margins)
    first = queue[0]
    http.post("/v1/labels", json={"labels": [{"seq": first["seq"], "act": []}]})
    left = http.get("/v1/queue", params={"room": room}).json()["comments"]
    assert first["text"] not in [one["text"] for one in left]


def test_one_person_is_forgotten(http, room):
    mine = {"room": room, "user": "u-forget", "text": "退货"}
    post(http, mine, {**mine, "text": "多少钱"}, {**mine, "user": "u2"})
    post(http, {"room": room, "name": "要被忘记的人", "text": "色差"})
    post(http, {"room": room, "name": "别的人", "text": "色差"})
    shown = http.get("/v1/comments", params={"room": room}).json()["comments"][0]["user"]
    told = http.delete("/v1/people", params={"user": shown}).json()
    assert (told["deleted"], told["sought"]) == (1, {"user": shown})
    assert http.delete("/v1/people", params={"user": "u-forget"}).json()["deleted"] == 2
    told = http.delete("/v1/people", params={"name": "要被忘记的人"}).json()
    assert (told["deleted"], told["sought"]) == (1, {"name": "要被忘记的人"})
    assert told["erased"]
    assert "why" not in told
    kept = http.get("/v1/comments", params={"room": room}).json()["comments"]
    assert [one["user"] for one in kept] == ["u2"]
    problem(http.delete("/v1/people"), 422, "user")
    both = http.delete("/v1/people", params={"user": "u2", "name": "小圆"})
    assert "one of them" in problem(both, 422, "name")
    for whom in ({"user": "nobody"}, {"name": "没有这个人"}):
        told = http.delete("/v1/people", params=whom).json()
        assert (told["deleted"], told["labels"], told["sought"]) == (0, 0, whom)
        assert "nothing is kept" in told["why"]


# model, report, hotspots


def test_the_model_in_use(http, shipped):
    told = http.get("/v1/model").json()
    assert told["version"] == shipped.meta.version
    assert told["data_digest"] == shipped.meta.data_digest
    assert told["facets"]["intent"]["labels"]["price"]["zh"] == "价格"
    assert told["failed"] is None
    assert "drift" in told
    assert http.post("/v1/model/reload").json()["version"] == shipped.meta.version


def test_whether_the_model_still_fits(http, room, shipped):
    lines = (ROOT / "training_data" / "holdout.csv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [line.split(",")[0] for line in lines if '"' not in line][:400]
    post(http, *({"room": room, "user": str(i), "text": text} for i, text in enumerate(texts)))
    told = http.get("/v1/drift", params={"room": room}).json()
    assert (told["room"], told["model"]) == (room, shipped.meta.version)
    assert (told["verdict"], told["due"]) == ("fits", False)
    assert told["fit"]["comments"] > 300
    assert 0 < told["fit"]["unknown"]["expected"] < 0.2
    assert told["told"]["zh"][0].startswith("合用。")
    assert http.get("/v1/drift", params={"room": room}).json() == told, "remembered for a while"
    problem(http.get("/v1/drift", params={"days": 0}), 422, "days")


def test_a_slang_makes_retraining_due(http, room):
    words = ("冰飘魔王", "豆豆眼", "糖心饼", "小月牙", "雪糕筒", "海盗船")
    lines = (ROOT / "training_data" / "holdout.csv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [line.split(",")[0] for line in lines if '"' not in line][:400]
    texts = [words[i % 6] + text if i % 4 == 0 else text for i, text in enumerate(texts)]
    post(http, *({"room": room, "user": str(i), "text": text} for i, text in enumerate(texts)))
    told = http.get("/v1/drift", params={"room": room}).json()
    assert (told["verdict"], told["due"]) == ("due", True)
    assert {"what", "figure", "expected", "advice"} == set(told["fit"]["reasons"][0])
    assert any("冰飘魔王" in line for line in told["told"]["zh"])
    assert any("commentnlp suggest" in line for line in told["told"]["en"])


def test_of_an_empty_room_nothing_is_told(http):
    told = http.get("/v1/drift", params={"room": "nobody was here"}).json()
    assert (told["verdict"], told["fit"]["comments"], told["due"]) == ("too_few", 0, False)


def test_a_report_in_three_forms(http, room):
    with open(ROOT / "training_data" / "sample_show.csv", "rb") as show:
        told = http.post("/v1/events", content=show.read(), params={"room": room}).json()
    assert told["kept"] > 1900
    day = {"day": "2026-03-14", "room": room}
    report = http.get("/v1/report", params=day)
    assert report.headers["content-type"] == "application/json"
    assert report.json()["quality"]["rows"] >= 1900
    page = http.get("/v1/report", params=day, headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert "直播间互动报告" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    english = http.get("/v1/report", params={**day, "format": "md", "lang": "en"})
    assert english.headers["content-type"].startswith("text/markdown")
    assert english.text.startswith("# ")
    problem(http.get("/v1/report", params={"room": "nobody"}), 404)


def test_hotspots_of_the_last_minutes(http, room):
    now = datetime.now(timezone.utc)

    def said(at, who, text):
        return {"room": room, "user": f"u{who}", "time": at.isoformat(), "text": text}

    quiet = [said(now - timedelta(minutes=60 - i / 4), i, f"第{i}件多少钱") for i in range(180)]
    burst = [said(now - timedelta(seconds=60 - i), 500 + i, "色差太大了") for i in range(30)]
    post(http, *quiet, *burst)
    told = http.get("/v1/hotspots", params={"room": room}).json()
    hot = {one["label"]: one for one in told["hotspots"]}
    assert hot["product_quality.color"]["state"] in ("new", "rising")
    assert hot["product_quality.color"]["people"] == 30
    assert hot["product_quality.color"]["quotes"][0]["text"] == "色差太大了"


# stream


def listened(service, path, seconds, headers=None, meanwhile=None):
    """Messages of a stream within some time: event, id, data."""
    heard, lines = [], []

    def read():
        with (
            contextlib.suppress(httpx.TransportError),
            service.client() as http,
            http.stream("GET", path, headers=headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                lines.append(line)
                if time.monotonic() > end:
                    return

    end = time.monotonic() + seconds
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    time.sleep(0.3)
    if meanwhile:
        meanwhile()
    time.sleep(seconds)
    message = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            message[name] = value
        else:
            if "event" in message:
                heard.append((message["event"], message.get("id"), json.loads(message["data"])))
            message = {}
    return heard


def test_the_stream_tells_of_comments_within_a_second(service, http, room):
    heard = listened(
        service, f"/v1/stream?room={room}", 1,
        meanwhile=lambda: post(http, {"room": room, "text": "色差太大了"}),
    )  # fmt: skip
    ((event, seq, told),) = heard
    assert event == "comment"
    assert told["seq"] == int(seq)
    assert told["complaint"][0]["label"] == "product_quality.color"


def test_the_stream_goes_on_where_it_broke(service, http, room):
    seqs = [
        post(http, {"room": room, "text": f"{i}号多少钱"})["results"][0]["seq"] for i in range(5)
    ]
    heard = listened(service, f"/v1/stream?room={room}", 0.5, {"last-event-id": str(seqs[2])})
    comments = [seq for what, seq, _ in heard if what == "comment"]
    assert comments == [str(seq) for seq in seqs[3:]]


def test_the_stream_tells_what_the_room_is_like(service, http, room):
    heard = listened(
        service, f"/v1/stream?room={room}&now=1", 6,
        meanwhile=lambda: post(http, {"room": room, "user": "u", "text": "什么时候发货"}),
    )  # fmt: skip
    now = [told for event, _, told in heard if event == "now"]
    assert now[-1]["room"] == room
    assert now[-1]["comments"] == 1
    assert now[-1]["asked"][0]["text"] == "什么时候发货"


# the house


def test_health_and_figures(http, shipped):
    assert http.get("/health/live").json() == {"status": "live"}
    assert http.get("/health/ready").json() == {"status": "ready"}
    http.post("/v1/classify", json={"comments": [{"text": "太贵了"}]})
    text = http.get("/metrics").text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert float(figures['commentnlp_comments_total{facet="intent",label="price"}']) >= 1
    assert float(figures['commentnlp_request_seconds_count{path="/v1/classify"}']) >= 1
    assert figures['commentnlp_waiting{queue="keep"}'] == "0.0"
    version = re.escape(shipped.meta.version)
    assert re.search(rf'commentnlp_model{{.*version="{version}"}} 1.0', text)


def test_what_is_not_there(http):
    problem(http.get("/v2/classify"), 404)
    problem(http.get("/v1/classify"), 405)
    problem(http.get("/static/passwd"), 404)
    problem(http.post("/v1/hotspots"), 405)


def test_the_examples_of_the_document_are_served(http):
    document = http.get("/openapi.json").json()
    examples = 0
    for path, methods in document["paths"].items():
        for body in (m["requestBody"] for m in methods.values() if "requestBody" in m):
            example = body["content"]["application/json"]["example"]
            assert http.post(path, json=example).status_code == 200
            examples += 1
    assert examples == 4


def test_a_large_body_is_read_too(http, room):
    events = [{"id": str(i), "room": room, "text": f"{i}号什么时候发货"} for i in range(5000)]
    assert post(http, *events)["kept"] == 5000
    problem(http.post("/v1/events", json=[*events, *events]), 413)


# HEAD, and what an address does not know


GETS = (
    "/", "/v1/comments", "/v1/hotspots", "/v1/drift", "/v1/queue", "/v1/labels", "/v1/model",
    "/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs", "/logout",
    "/static/live.css",
)  # fmt: skip


def test_head_is_answered_for_every_get(http):
    for path in GETS:
        answer = http.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
        # changing figures apart, it says what GET says
        if path not in ("/metrics", "/"):
            got = http.get(path).headers
            names = ("content-type", "content-length")
            assert [answer.headers.get(n) for n in names] == [got.get(n) for n in names], path
    assert http.head("/v1/classify").status_code == 405
    assert http.head("/nowhere").status_code == 404
    assert 'method="HEAD"' in http.get("/metrics").text


def test_head_of_a_stream_ends(http):
    answer = http.head("/v1/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    end = time.monotonic() + 20
    while "commentnlp_listeners 0.0" not in http.get("/metrics").text:
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("method", "address", "field", "says"),
    [
        ("GET", "/v1/comments?lable=logistics", "lable", "is label meant?"),
        ("GET", "/v1/hotspots?minute=60", "minute", "is minutes meant?"),
        ("GET", "/v1/report?x=1", "x", "there are room, day, since, until"),
        ("GET", "/v1/stream?rooms=a", "rooms", "is room meant?"),
        ("GET", "/v1/model?a=1", "a", "there are none"),
        ("GET", "/?rom=a", "rom", "is room meant?"),
        ("GET", "/v1/comments?room=a&room=b", "room", "more than once"),
        ("GET", "/v1/comments?=1", "", "there are room"),
        ("DELETE", "/v1/people?user_id=a", "user_id", "is user meant?"),
        ("POST", "/v1/model/reload?force=1", "force", "there are none"),
        ("POST", "/v1/classify?evidence=1", "evidence", "there are none"),
        ("POST", "/v1/labels?by=a", "by", "there are none"),
        ("POST", "/v1/events?romm=a", "romm", "is room meant?"),
    ],
)
def test_a_parameter_that_there_is_not_is_named(http, method, address, field, says):
    body = {"text": "多少钱"} if method == "POST" else None
    answer = http.request(method, address, json=body)
    assert says in problem(answer, 422)
    assert answer.json().get("field", "") == field


def test_probes_may_say_what_they_like(http):
    assert http.get("/health/live?ts=1").status_code == 200
    assert http.get("/metrics?x=1").status_code == 200


def test_a_misspelt_event_is_told(http, room):
    told = post(
        http,
        {"room": room, "text": "a", "kind": "coment"},
        {"room": room, "text": "b", "role": "streamer"},
        {"room": room, "text": "c", "uesr": "u1"},
    )
    assert told["kept"] == 1
    assert [one["field"] for one in told["rejected"]] == ["events[0].kind", "events[1].role"]
    (remark,) = told["remarks"]
    assert remark["field"] == "events[2].uesr"
    assert "is user meant?" in remark["why"]


def test_the_reference_is_a_page_that_needs_no_network(http):
    page = http.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path in http.get("/openapi.json").json()["paths"]:
        assert f" {path}</code>" in page.text
    assert "翡翠间" in page.text
    assert "<script" not in page.text
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page.text)
