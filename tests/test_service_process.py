"""The service as a process: how it starts, stops, is killed, and who may come in."""

import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from commentnlp.cli import main

from .conftest import ROOT
from .processes import start_process
from .service_process import free_port, running, started

pytestmark = pytest.mark.slow

KILLS = 20


def test_killed_at_any_moment_it_loses_nothing_that_it_acknowledged(tmp_path):
    rng, port = random.Random(4), free_port()
    acknowledged, sent = {}, iter(range(10**9))
    lock = threading.Lock()

    def load(address, ended):
        with httpx.Client(base_url=address, trust_env=False, timeout=10) as http:
            while not ended.is_set():
                with lock:
                    ids = [next(sent) for _ in range(20)]
                events = [{"id": str(i), "room": "r", "text": f"{i}号什么时候发货"} for i in ids]
                try:
                    answer = http.post("/v1/events", json=events)
                    told = answer.json()["results"]
                except (httpx.HTTPError, ValueError):
                    return
                assert answer.status_code == 200
                with lock:
                    acknowledged.update((int(one["id"]), one["seq"]) for one in told)

    for _ in range(KILLS):
        service = started(tmp_path, port=port).wait()
        ended = threading.Event()
        threads = [threading.Thread(target=load, args=(service.address, ended)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.05, 0.6))
        service.stop(signal.SIGKILL)
        ended.set()
        for thread in threads:
            thread.join()

    assert len(acknowledged) > 20 * KILLS
    with running(tmp_path) as service, service.client() as http:
        kept, before = {}, None
        while True:
            params = {"room": "r", "limit": 500, **({"before": before} if before else {})}
            page = http.get("/v1/comments", params=params).json()
            for one in page["comments"]:
                assert int(one["id"]) not in kept  # and none twice
                kept[int(one["id"])] = one["seq"]
            before = page["next"]
            if before is None:
                break
    assert acknowledged.items() <= kept.items()


def test_told_to_stop_it_keeps_what_it_accepted_and_lets_streams_go(tmp_path):
    with running(tmp_path) as service:
        acknowledged, ended = [], threading.Event()

        def load():
            with service.client() as http:
                while not ended.is_set():
                    try:
                        told = http.post(
                            "/v1/events", json={"text": "多少钱", "id": f"{len(acknowledged)}"}
                        )
                    except httpx.HTTPError:
                        return
                    assert told.status_code == 200
                    acknowledged.append(told.json()["results"][0]["id"])

        def listen():
            with service.client() as http, http.stream("GET", "/v1/stream") as answer:
                for _ in answer.iter_lines():
                    pass

        threads = [threading.Thread(target=load), threading.Thread(target=listen)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        began = time.monotonic()
        assert service.stop() in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 8
        ended.set()
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()
        assert "Traceback" not in service.said()
    with running(tmp_path) as service, service.client() as http:
        page = http.get("/v1/comments", params={"limit": 500}).json()
        assert len(acknowledged) > 5
        assert set(acknowledged[-400:]) <= {one["id"] for one in page["comments"]}


def test_nobody_is_left_behind_by_a_killed_service(tmp_path):
    with running(tmp_path) as service:
        with service.client() as http:
            assert http.get("/v1/hotspots").status_code == 200  # the readers are there
        ours = children(service.process.pid)
        assert ours
        service.stop(signal.SIGKILL)
        end = time.monotonic() + 10
        while any(alive(pid) for pid in ours):
            assert time.monotonic() < end
            time.sleep(0.1)


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(one) for one in out.stdout.split()]


def alive(pid):
    out = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(out.stdout.strip()) and not out.stdout.strip().startswith("Z")


def test_a_token_closes_the_door(tmp_path):
    token = "五月的翡翠"
    with running(tmp_path, COMMENTNLP_TOKEN=token) as service, service.client() as http:
        assert service.address in service.said()
        assert http.get("/v1/model").status_code == 401
        assert http.get("/health/live").status_code == 200
        bearer = {"authorization": f"Bearer {token}".encode()}
        assert http.get("/v1/model", headers=bearer).status_code == 200
        # a browser: the form, a wrong token, the right one
        form = http.get("/", params={"room": "家"})
        assert form.status_code == 401
        assert "<form" in form.text
        action = re.search('action="([^"]*)"', form.text)[1].replace("&amp;", "&")
        assert http.post(action, data={"token": "falsch"}).status_code == 401
        assert http.get("/").status_code == 401
        entered = http.post(action, data={"token": token})
        assert entered.status_code == 303
        assert parse_qs(urlsplit(entered.headers["location"]).query)["room"] == ["家"]
        assert entered.headers["location"].startswith("/?")
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert token not in entered.headers["set-cookie"]
        assert http.get(entered.headers["location"]).status_code == 200
        assert http.get("/v1/model").status_code == 200
        assert http.get("/static/live.js").status_code == 200
        # another device has another session
        with service.client() as other:
            again = other.post("/login", data={"token": token})
            assert again.headers["set-cookie"] != entered.headers["set-cookie"]
        session = dict(http.cookies)
        assert http.get("/logout").status_code == 200
        assert http.get("/v1/model").status_code == 200
        left = http.post("/logout", headers={"origin": service.address})
        assert (left.status_code, left.headers["location"]) == (303, "/")
        assert not http.cookies
        with service.client(cookies=session) as copied:
            assert copied.get("/v1/model").status_code == 401
        # nobody is sent elsewhere, whatever the address of the form says
        for query in ("next=//evil.example", "room=//evil.example", "lang=https://evil.example"):
            entered = http.post(f"/login?{query}", data={"token": token})
            assert entered.headers["location"].startswith("/?")


def test_sessions_survive_a_restart_but_no_other_token(tmp_path):
    port = free_port()
    token, read_token = "五月的翡翠", "五月的墙"
    tokens = {"COMMENTNLP_TOKEN": token, "COMMENTNLP_READ_TOKEN": read_token}
    with running(tmp_path, port=port, **tokens) as service, service.client() as http:
        assert http.post("/login", data={"token": read_token}).status_code == 303
        session = dict(http.cookies)
    kept = {"cookies": session}
    with running(tmp_path, port=port, **tokens) as service, service.client(**kept) as http:
        assert http.get("/v1/comments").status_code == 200
        assert http.get("/").status_code == 200
        told = http.post("/v1/classify", json={"comments": [{"text": "多少钱"}]})
        assert told.status_code == 200
        refused = http.post("/v1/events", json={"text": "多少钱"})
        assert refused.status_code == 403
        assert "may only read" in refused.json()["detail"]
        assert http.delete("/v1/people", params={"user": "u"}).status_code == 403
    tokens = {"COMMENTNLP_TOKEN": "六月的翡翠"}
    with running(tmp_path, port=port, **tokens) as service, service.client(**kept) as http:
        assert http.get("/v1/comments").status_code == 401


def test_whoever_guesses_has_to_wait(tmp_path):
    with running(tmp_path, COMMENTNLP_TOKEN="五月的翡翠") as service, service.client() as http:
        statuses = [http.post("/login", data={"token": "x\nERROR"}).status_code for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
        told = http.post("/login", data={"token": "五月的翡翠"})
        assert told.status_code == 429
        assert int(told.headers["retry-after"]) <= 2
        assert told.headers["retry-after"] in told.text
        assert "127.0.0.1 showed a wrong token, 5 in a row" in service.said()
        assert "\nERROR" not in service.said()
        assert http.post("/login", content=b"token=" + b"x" * 5000).status_code == 413


def test_a_service_without_a_token_asks_for_none(tmp_path):
    with running(tmp_path) as service, service.client() as http:
        for answer in (http.get("/login?room=x"), http.post("/login?room=x", data={"token": "y"})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/?room=x")
        assert http.post("/logout").headers["location"] == "/"


def test_it_listens_elsewhere_only_with_a_token(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COMMENTNLP_TOKEN", raising=False)
    store = str(tmp_path / "x.db")
    assert main(["serve", "--host", "0.0.0.0", "--store", store]) == 1
    assert "COMMENTNLP_TOKEN" in capsys.readouterr().err
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize("name", ["COMMENTNLP_TOKEN", "COMMENTNLP_READ_TOKEN"])
def test_it_listens_elsewhere_only_with_tokens_that_cannot_be_guessed(
    tmp_path, capsys, monkeypatch, name
):
    monkeypatch.setenv("COMMENTNLP_TOKEN", "long enough to be kept")
    monkeypatch.setenv(name, "fifteen letters")
    assert main(["serve", "--host", "0.0.0.0", "--store", str(tmp_path / "x.db")]) == 1
    assert f"{name} can be guessed" in capsys.readouterr().err
    assert not (tmp_path / "x.db").exists()


@pytest.mark.parametrize(
    ("options", "environment", "says"),
    [
        (["--model", "nirgends"], {}, "nirgends: no model there"),
        (["--store", "/nirgends/x.db"], {}, "/nirgends"),
        (["--tz", "Mars/Base"], {}, "unknown time zone"),
        (["--keep-days", "0"], {}, "keep_days"),
        (["--keep-days=-1"], {}, "keep_days"),
        (["--host", "::1", "--port", "99999"], {}, "99999"),
        ([], {"COMMENTNLP_KEEP_DAYS": "bald"}, "COMMENTNLP_KEEP_DAYS"),
        ([], {"COMMENTNLP_LANG": "de"}, "COMMENTNLP_LANG"),
        ([], {"COMMENTNLP_TOKEM": "geheim"}, "is COMMENTNLP_TOKEN meant?"),
        ([], {"COMMENTNLP_READ_TOKEN": "geheim"}, "set COMMENTNLP_TOKEN, too"),
        (
            [],
            {"COMMENTNLP_READ_TOKEN": "geheim", "COMMENTNLP_TOKEN": "geheim"},
            "give another than COMMENTNLP_TOKEN",
        ),
        ([], {"COMMENTNLP_WHATEVER": "1"}, "there are COMMENTNLP_STORE"),
        ([], {"COMMENTNLP_ALERT_SCORE": "95"}, "a score from 0 to 1, or off"),
        ([], {"COMMENTNLP_WEBHOOKS": "wecombot://"}, "webhook"),
        ([], {"COMMENTNLP_ALERT_LABELS": "complaint/x"}, "complaint/x"),
        (["--store", "postgresql+psycopg://u:geheim@127.0.0.1:1/x"], {}, "127.0.0.1"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(tmp_path, options, environment, says):
    service = started(tmp_path, *options, **environment)
    assert service.process.wait(60) == 1
    said = service.said().strip()
    assert not list(tmp_path.glob("弹幕*"))  # nothing is left of what did not start
    assert said.startswith("commentnlp: ")
    assert says in said
    assert "\n" not in said
    assert "geheim" not in said


def test_uvicorn_starts_it_too(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "serve:app", "--port", str(port)]
    environment = {"COMMENTNLP_STORE": str(tmp_path / "x.db"), "PATH": "/usr/bin:/bin"}
    process = start_process(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 40
        while time.monotonic() < end:
            try:
                told = httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        assert told.json() == {"status": "ready"}
    finally:
        process.terminate()
        process.wait(20)


def point(models, name):
    (models / ".current").write_text(name, encoding="utf-8")
    (models / ".current").replace(models / "current")


def test_another_model_takes_over_without_a_restart(tmp_path, shipped):
    models = tmp_path / "models"
    models.mkdir()
    shipped.save(models / "a")
    meta = shipped.meta
    try:
        shipped.meta = replace(meta, version="second")
        shipped.save(models / "b")
    finally:
        shipped.meta = meta
    shipped.save(models / "broken")
    (models / "broken" / "weights.npy").write_bytes(b"")
    point(models, "a")
    with running(tmp_path, "--model", str(models)) as service, service.client() as http:
        answered, ended = [], threading.Event()

        def load():
            comments = {"comments": [{"text": f"{i}号多少钱"} for i in range(300)]}
            with service.client() as mine:
                while not ended.is_set():
                    answer = mine.post("/v1/classify", json=comments)
                    assert len(answer.json()["results"]) == 300
                    answered.append((answer.status_code, answer.json()["model"]))

        thread = threading.Thread(target=load)
        thread.start()
        assert http.get("/v1/model").json()["version"] == meta.version
        point(models, "b")
        end = time.monotonic() + 10
        while http.get("/v1/model").json()["version"] != "second":
            assert time.monotonic() < end
            time.sleep(0.1)
        point(models, "broken")
        answer = http.post("/v1/model/reload")
        assert answer.status_code == 409
        assert "broken" in answer.json()["detail"]
        told = http.get("/v1/model").json()
        assert told["version"] == "second"
        assert "weights.npy" in told["failed"]["error"]
        time.sleep(0.3)
        ended.set()
        thread.join()
    assert {status for status, _ in answered} == {200}
    versions = [version for _, version in answered]
    assert sorted(versions, key=[meta.version, "second"].index) == versions
    assert set(versions) == {meta.version, "second"}


def test_old_events_are_deleted(tmp_path):
    with running(tmp_path, "--keep-days", "30") as service, service.client() as http:
        old = {"room": "r", "time": "2026-01-01T20:00:00+08:00", "text": "多少钱"}
        http.post("/v1/events", json=[old, {"room": "r", "text": "什么时候发货"}])
        assert len(http.get("/v1/comments").json()["comments"]) == 2
    with running(tmp_path, "--keep-days", "30") as service, service.client() as http:
        end = time.monotonic() + 10
        while len(http.get("/v1/comments").json()["comments"]) != 1:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_names_are_kept_when_told_to(tmp_path):
    event = {"room": "r", "name": "小圆", "text": "多少钱"}
    with running(tmp_path, "--keep-names") as service, service.client() as http:
        http.post("/v1/events", json=event)
        assert http.get("/v1/comments").json()["comments"][0]["name"] == "小圆"


def test_more_than_it_can_take_is_turned_away_and_memory_stays(tmp_path):
    with running(tmp_path) as service:
        statuses, threads = [], []
        comments = {"comments": [{"text": f"{i}号" + "好看" * 40} for i in range(1000)]}
        body = json.dumps(comments).encode()

        def load():
            with service.client() as http:
                for _ in range(3):
                    answer = http.post("/v1/classify", content=body)
                    statuses.append((answer.status_code, answer.headers.get("retry-after")))

        for _ in range(40):
            threads.append(threading.Thread(target=load))
            threads[-1].start()
        for thread in threads:
            thread.join()
        assert {status for status, _ in statuses} == {200, 503}
        assert all(after for status, after in statuses if status == 503)
        with service.client() as http:
            assert http.get("/health/ready").status_code == 200


def test_two_services_do_not_share_a_store(tmp_path):
    with running(tmp_path) as first, first.client() as client:
        other = tmp_path / "other"
        other.mkdir()
        second = started(other, store=str(tmp_path / "弹幕.db"))
        assert second.process.wait(30) == 1
        assert "another service uses this store" in second.said()
        assert len(second.said().splitlines()) == 1
        assert client.get("/health/ready").status_code == 200


def test_a_store_that_is_removed_is_told_within_two_seconds(tmp_path):
    with running(tmp_path) as service, service.client() as client:
        for path in tmp_path.glob("弹幕.db*"):
            path.unlink()
        event = {"room": "G", "text": "文件没了", "id": "g1"}
        assert client.post("/v1/events", json=event).status_code == 503
        time.sleep(2)
        assert client.get("/health/ready").status_code == 503
        assert "removed or replaced under the running service" in service.said()
