"""Corrections count: in what is shown, found and counted, for everybody, until they are undone."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from commentnlp.service.records import Correction
from commentnlp.service.store import Store

from .service_process import running
from .stores import KINDS, empty
from .test_service_privacy import listening, of_event, post, wait_for
from .test_service_store import BEGIN_MS, row

ALWAYS = {"since": 0, "until": 2**60}


@pytest.fixture(params=KINDS)
def store(request, tmp_path):
    with empty(request.param, tmp_path) as url:
        store = Store(url)
        yield store
        store.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("改")) as one:
        yield one


def said(seq, by="小王", note="", **labels):
    given = {facet: tuple(names) for facet, names in labels.items()}
    return Correction("第1句", given, by, 5, seq=seq, note=note)


def counts(store):
    return {one.label: one.comments for one in store.counts(**ALWAYS)}


def found(store, label):
    return [one.seq for one in store.comments(label=label).events]


def state(store):
    """All that a correction may change."""
    labels = {label: found(store, label) for label in (*counts(store), "intent/fit")}
    answers = [(one.answer, one.correction) for one in store.after(0, 99)]
    return answers, counts(store), labels


def test_a_correction_counts_everywhere_and_undone_nowhere(store):
    store.add([row(1, "intent/price", "act/ask", seconds=70), row(2, "act/ask", seconds=71)])
    before = state(store)
    ((number, new),) = store.correct(
        [said(1, intent=[], complaint=["product_quality.color"], act=["ask"])]
    )
    assert new
    (first, second) = store.after(0, 9)
    assert second.correction == ""
    told = json.loads(first.answer)
    assert (told["intent"], told["act"]) == ([], [{"label": "ask", "score": 0.97}])
    assert told["complaint"] == [{"label": "product_quality.color", "score": 1.0}]
    assert told["evidence"] == []  # it was that of the price
    kept = json.loads(first.correction)
    assert (kept["id"], kept["by"], kept["at"]) == (number, "小王", 5)
    assert kept["model"] == json.loads(before[0][0][0])
    assert counts(store) == {
        "": 2, "act/ask": 2, "complaint/product_quality": 1, "complaint/product_quality.color": 1,
    }  # fmt: skip
    assert {one.minute for one in store.counts(**ALWAYS)} == {BEGIN_MS + 60_000}
    assert found(store, "complaint/product_quality") == [1]
    assert found(store, "intent/price") == []
    (event, _) = store.events()
    assert [tag.label for tag in event.tags["complaint"]] == ["product_quality.color"]
    assert store.undo_correction(number) == 1
    assert state(store) == before
    assert store.corrections() == []
    assert store.undo_correction(number) is None


def test_of_each_facet_the_last_word_counts(store):
    store.add([row(1, "intent/price", "act/ask")])
    before = state(store)
    (first,) = store.correct([said(1, intent=["fit"])])
    one = state(store)
    (second,) = store.correct([said(1, by="小李", intent=["style"], complaint=["logistics"])])
    (third,) = store.correct([said(1, complaint=[])])
    told = json.loads(store.event(1).answer)
    assert [tag["label"] for tag in told["intent"]] == ["style"]
    assert told["complaint"] == []
    assert [tag["label"] for tag in told["act"]] == ["ask"]
    # one in the middle goes, the last one stays
    assert store.undo_correction(second.id) == 1
    told = json.loads(store.event(1).answer)
    assert [tag["label"] for tag in told["intent"]] == ["fit"]
    assert json.loads(store.event(1).correction)["id"] == third.id
    assert store.undo_correction(third.id) == 1
    assert state(store) == one
    assert store.undo_correction(first.id) == 1
    assert state(store) == before


def test_the_same_said_again_is_kept_once(store):
    store.add([row(1, "intent/price"), row(2, "intent/price")])
    ask, fit = said(1, act=["ask"]), said(1, act=[], intent=["fit"])
    (first,) = store.correct([ask])
    assert store.correct([ask, ask]) == [(first.id, False)] * 2
    others = [said(1, by="小李", act=["ask"]), said(1, note="真的", act=["ask"]),
              said(2, act=["ask"]), said(None, act=["ask"])]  # fmt: skip
    assert [one.new for one in store.correct(others)] == [True] * 4
    assert store.correct([*others, ask])[-1] == (first.id, False)
    # what was changed in between and is changed back is said anew
    assert [one.new for one in store.correct([fit, ask])] == [True, True]
    assert [tag["label"] for tag in json.loads(store.event(1).answer)["act"]] == ["ask"]
    assert len(store.corrections()) == 7


def test_what_is_no_viewers_comment_or_gone_is_kept_and_counts_nowhere(store):
    store.add([row(1, comment=False, role="host"), row(2, "act/ask", seconds=-999)])
    before = counts(store)
    host, _ = store.correct([said(1, act=["ask"]), said(2, act=[])])
    assert counts(store) == {"": before[""]}
    store.expire(BEGIN_MS)
    assert store.undo_correction(host.id) == 1
    (left,) = store.corrections()
    assert store.undo_correction(left[0]) == 2
    (text,) = store.correct([Correction("早", {"act": ()}, "", 5)])
    assert store.undo_correction(text.id) == 0


def test_corrections_of_an_older_store_count_from_now_on(tmp_path):
    path = tmp_path / "store.db"
    store = Store(f"sqlite:///{path}")
    store.add([row(1, "intent/price")])
    store.close()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("ALTER TABLE events DROP COLUMN correction")
        old.execute("DROP TABLE deletions")
        old.execute("UPDATE commentnlp_version SET version_num = '0001'")
        old.execute(
            "INSERT INTO corrections VALUES (7, x'00', '第1句', '{\"intent\":[\"fit\"]}', '小王',"
            " 5, 1, '一号', '', 'v1', '', '', '')"
        )
    store = Store(f"sqlite:///{path}")
    assert counts(store) == {"": 1, "intent/fit": 1}
    assert store.undo_correction(7) == 1
    assert counts(store) == {"": 1, "intent/price": 1}
    store.close()


# over HTTP --------------------------------------------------------------------------------


def shown(http, room, **parameters):
    answer = http.get("/v1/comments", params={"room": room, **parameters})
    return answer.json()["comments"]


def test_everybody_sees_a_correction_at_once(service):
    with service.client() as http, listening(service, room="改", now=1) as lines:
        texts = [f"直播间没声音了{'啊' * n}" for n in range(6)]
        events = [{"room": "改", "user": f"u{n}", "text": text} for n, text in enumerate(texts)]
        seqs = post(http, *events)
        wait_for(lambda: any(one["hotspots"] for one in of_event(lines, "now")))
        before = shown(http, "改", label="livestream.tech")
        assert [one["seq"] for one in before] == seqs[::-1]

        def people():
            spots = http.get("/v1/hotspots", params={"room": "改"}).json()["hotspots"]
            return {one["label"]: one["people"] for one in spots}

        assert people()["livestream.tech"] == 6
        label = {"seq": seqs[0], "complaint": [], "act": [], "by": "小王"}
        answer = http.post("/v1/labels", json={"labels": [label]}).json()
        assert (answer["kept"], answer["repeated"]) == (1, 0)
        (number,) = answer["ids"]
        again = http.post("/v1/labels", json={"labels": [label]}).json()
        assert again == {"kept": 0, "repeated": 1, "ids": [number]}
        assert people()["livestream.tech"] == 5
        assert len(shown(http, "改", label="livestream.tech")) == 5
        told = shown(http, "改")[-1]
        assert (told["seq"], told["complaint"], told["corrected"]) == (seqs[0], [], True)
        assert (told["correction"]["id"], told["correction"]["by"]) == (number, "小王")
        assert told["correction"]["model"]["complaint"] == before[-1]["complaint"]
        assert told["correction"]["at"][:4].isdecimal()
        wait_for(lambda: of_event(lines, "labels"))
        assert of_event(lines, "labels") == [told]
        wait_for(lambda: of_event(lines, "now")[-1]["hotspots"][0]["people"] == 5)
        report = http.get("/v1/report", params={"room": "改", "format": "json"}).text
        assert "livestream.tech" in report
        page = http.get("/", params={"room": "改", "lang": "zh"}).text
        assert page.count('class="comment trouble"') == 5
        assert "小王改过" in page
        # who comes later hears the corrected one; who comes back hears of the change
        with listening(service, room="改", after=0) as late:
            wait_for(lambda: len(of_event(late, "comment")) == 6)
            assert of_event(late, "comment")[0] == told
        with listening(service, room="改", after=seqs[-1]) as back:
            wait_for(lambda: of_event(back, "labels") == [told])

        undone = http.delete(f"/v1/labels/{number}").json()
        assert undone == {"deleted": 1, "id": number, "seq": seqs[0]}
        assert shown(http, "改", label="livestream.tech") == before
        assert people()["livestream.tech"] == 6
        wait_for(lambda: of_event(lines, "labels")[-1] == before[-1])
        answer = http.delete(f"/v1/labels/{number}")
        assert answer.status_code == 404
        assert f"no label {number}" in answer.json()["detail"]


def test_the_report_counts_corrected_labels(service):
    with service.client() as http:
        events = [
            {"room": "报", "user": f"u{n}", "text": f"{n}天了还没发货", "time": time.time() - n}
            for n in range(3)
        ]
        seqs = post(http, *events)

        def complaints():
            told = http.get("/v1/report", params={"room": "报", "format": "json"}).json()
            labels = told["total"]["labels"]
            return sum(one["lines"] for one in labels if one["facet"] == "complaint")

        assert complaints() > 0
        labels = [{"seq": seq, "complaint": [], "act": []} for seq in seqs]
        assert http.post("/v1/labels", json={"labels": labels}).json()["kept"] == 3
        assert not shown(http, "报", label="complaint/logistics")
        assert complaints() == 0
