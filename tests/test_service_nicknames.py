"""Nicknames are kept as hashes: their key, and the texts that call somebody by name."""

import json
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from commentnlp.errors import StoreError
from commentnlp.service.nicknames import digest_key, key_file, mask_answer, mask_names
from commentnlp.service.store import Store

from .service_process import running
from .stores import KINDS, empty
from .test_service_privacy import everything_in, heard, post
from .test_service_store import row

POSIX = pytest.mark.skipif(os.name == "nt", reason="no modes of files there")


@pytest.fixture(params=KINDS)
def url(request, tmp_path):
    with empty(request.param, tmp_path) as url:
        yield url


def key_of(url, *, make=True):
    store = Store(url)
    key = store.own_key(make=make)
    store.close()
    return key


def test_a_store_keeps_its_key(url):
    assert key_of(url, make=False) is None
    key = key_of(url)
    assert len(key) == 32
    assert key_of(url) == key_of(url, make=False) == key


def test_the_key_lies_beside_the_store_and_not_in_it(tmp_path):
    path = tmp_path / "store.db"
    key = key_of(f"sqlite:///{path}")
    assert key_file(path).read_bytes() == key
    assert key not in path.read_bytes()
    key_file(path).write_bytes(b"short")
    with pytest.raises(StoreError, match=r"store\.db-key: is no key of nicknames \(5 bytes"):
        key_of(f"sqlite:///{path}")


def test_the_key_of_an_older_store_moves_out(tmp_path):
    path, key = tmp_path / "store.db", bytes(range(200, 232))
    Store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO meta VALUES ('secret', ?)", (key,))
    assert key in path.read_bytes()
    assert key_of(f"sqlite:///{path}", make=False) == key
    assert key not in b"".join(one.read_bytes() for one in tmp_path.glob("store.db*[!y]"))
    assert key_file(path).read_bytes() == key
    assert key_of(f"sqlite:///{path}") == key


@POSIX
def test_nobody_else_may_read_the_files(tmp_path):
    path = tmp_path / "store.db"
    before = os.umask(0o022)
    try:
        store = Store(f"sqlite:///{path}")
        store.add([row(1)])
        store.own_key(make=True)
        claim = store.claim()
        names = {one.name for one in tmp_path.iterdir()}
        assert names == {"store.db" + end for end in ("", "-wal", "-shm", "-service", "-key")}
        assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {0o600}
        claim.close()
        store.close()
        for one in tmp_path.iterdir():
            one.chmod(0o664)
        store = Store(f"sqlite:///{path}")  # one of an earlier version
        store.add([row(2)])
        assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {0o600}
        store.close()
    finally:
        os.umask(before)


def test_a_key_that_changed_is_noticed_while_names_of_then_are_kept(url):
    a, b = digest_key(b"a"), digest_key(b"b")
    store = Store(url)
    assert store.note_key(a) == (None, set())
    store.add([row(1, name="n")])
    assert store.note_key(a) == (None, set())
    until, others = store.note_key(b)
    assert until > 1_700_000_000_000
    assert others == {a}
    assert store.note_key(b) == (until, {a})
    store.expire(2**60)
    assert store.note_key(b) == (None, {a})
    store.close()


def test_people_are_found_under_the_stores_own_key_and_the_given_one(tmp_path):
    with running(tmp_path) as service, service.client() as http:
        post(http, {"room": "r", "name": "小圆圆", "text": "早"})
        assert "another key" not in service.said()
    with running(tmp_path, COMMENTNLP_SECRET="k1") as service, service.client() as http:
        assert "hashed by another key, the store's own" in service.said()
        post(http, {"room": "r", "name": "小圆圆", "text": "晚"}, {"name": "小方", "text": "晚"})
        told = http.delete("/v1/people", params={"name": "小圆圆"}).json()
        assert told["deleted"] == 2
    with running(tmp_path, COMMENTNLP_SECRET="k2") as service, service.client() as http:
        assert "start with the key of then, or delete by user" in service.said()
        told = http.delete("/v1/people", params={"name": "小方"}).json()
        assert told["deleted"] == 0
        assert "hashed by another key" in told["why"]
    with running(tmp_path, COMMENTNLP_SECRET="k1") as service, service.client() as http:
        assert http.delete("/v1/people", params={"name": "小方"}).json()["deleted"] == 1
    with running(tmp_path, COMMENTNLP_SECRET="k3") as service:
        assert service.said().count("hashed by another key") == 3  # nothing of then is left


MASKED = [
    ("@小圆圆 明天发货吗", "@*** 明天发货吗"),
    ("＠Tom：好 ＠小王", "＠***：好 ＠**"),
    ("你好@昵称很特别XYZ 明天", "你好@******** 明天"),
    ("@客服小美 在吗 @主播 @老板娘", "@客服小美 在吗 @主播 @老板娘"),
    ("发到a.b@qq.com 谢谢", "发到a.b@qq.com 谢谢"),
    ("回复 小圆：好的", "回复 **：好的"),
    ("回复太慢了，什么时候好", "回复太慢了，什么时候好"),
    ("好看//小圆:真的", "好看//**:真的"),
    ("http://x.cn/a 看", "http://x.cn/a 看"),
    ("@ 空 @，空", "@ 空 @，空"),
    ("@" + "长" * 40, "@" + "*" * 24 + "长" * 16),
    ("没有名字", "没有名字"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_who_is_called_by_name_is_masked(text, masked):
    assert mask_names(text) == masked
    assert mask_names(masked) == masked


def test_the_model_says_the_same_of_a_masked_text(shipped):
    for text, masked in MASKED:
        for tail in ("", " 什么时候发货 色差好大"):
            one, other = shipped.tag([text + tail, masked + tail])
            assert one.tags == other.tags


def test_evidence_quotes_the_masked_text():
    proof = {"label": "x", "start": 0, "end": 5, "text": "@小圆 早", "weight": 1.5}
    told = mask_answer(json.dumps({"act": [], "evidence": [proof]}), "@** 早")
    assert json.loads(told)["evidence"] == [{**proof, "text": "@** 早"}]


@pytest.mark.parametrize("keep", [False, True])
def test_names_in_texts_are_not_kept_unless_names_are(tmp_path, keep):
    text = "@很特别的蓝莓 什么时候发货啊"
    with running(tmp_path, *["--keep-names"] * keep) as service, service.client() as http:
        (result,) = http.post("/v1/events", json=[{"room": "r", "text": text, "id": "1"}]).json()[
            "results"
        ]
        assert [one["label"] for one in result["complaint"]] == ["logistics.delay"]
        http.post("/v1/labels", json={"labels": [{"text": text, "act": ["ask"]}]})
        # it is the same when it comes again
        assert not http.post("/v1/events", json=[{"room": "r", "text": text, "id": "1"}]).json()[
            "kept"
        ]
        (shown,) = http.get("/v1/comments").json()["comments"]
        assert shown["text"] == (text if keep else "@****** 什么时候发货啊")
        (label,) = http.get("/v1/labels").json()["labels"]
        assert label["text"] == shown["text"]
        told = heard(service, after=0, now=1) + http.get("/").text
        assert ("很特别的蓝莓" in told) == keep
        found = everything_in(f"sqlite:///{tmp_path / '弹幕.db'}").decode("utf-8", "replace")
        assert ("很特别的蓝莓" in found) == keep
