import pytest

from commentnlp.service import push as push_module
from commentnlp.service.problems import Problem
from commentnlp.service.push import (
    MAX_AGE_SECONDS,
    MAX_AHEAD_SECONDS,
    SeenPushes,
    check_headers,
    check_signature,
    fresh,
    is_push,
    signature,
    signed,
)

BODY = '[{"msg_id":"1","sec_openid":"a","content":"这串能退吗"}]'.encode()
NOW = 1_773_490_503.12


def push(body=BODY, secret="玉", **other):
    headers = {
        "x-nonce-str": "q7Zp",
        "x-timestamp": "1773490503120",
        "x-roomid": "880055512345",
        "x-msg-type": "live_comment",
        "content-type": "application/json",
        **other,
    }
    return {"x-signature": signature(headers, body, secret), **headers}


def test_the_example_of_the_manual():
    headers = {
        "x-nonce-str": "123456", "x-timestamp": "456789", "x-roomid": "268",
        "x-msg-type": "live_gift", "x-signature": "PDcKhdlsrKEJif6uMKD2dw==",
    }  # fmt: skip
    assert signed(headers, "abc123你好".encode(), "123abc")


def test_a_push_is_told_by_its_headers():
    assert is_push(push())
    assert not is_push({"content-type": "application/json"})


def test_signed():
    assert signed(push(), BODY, "玉")
    check_headers(push(), NOW)
    check_signature(push(), BODY, "玉")


@pytest.mark.parametrize("name", ["x-nonce-str", "x-timestamp", "x-roomid", "x-msg-type"])
def test_every_header_counts(name):
    headers = push()
    assert not signed({**headers, name: "1"}, BODY, "玉")
    del headers[name]
    headers["x-signature"] = signature(headers, BODY, "玉")
    assert not signed(headers, BODY, "玉")


def test_another_body_secret_or_signature():
    assert not signed(push(), BODY + b" ", "玉")
    assert not signed(push(), BODY, "石")
    assert not signed({**push(), "x-signature": ""}, BODY, "玉")
    assert not signed({**push(), "x-signature": "caf\xe9\ufffd"}, BODY, "玉")
    headers = push()
    del headers["x-signature"]
    assert not signed(headers, BODY, "玉")


def test_without_a_secret_nothing_is_signed():
    assert not signed(push(secret=""), BODY, "")


def test_one_header_cannot_stand_for_two():
    """Nonce ``a&x-roomid=1`` and room ``2`` would read as nonce ``a``, room ``1&x-roomid=2``."""
    assert not signed(push(**{"x-nonce-str": "a&x-roomid=1"}), BODY, "玉")


def test_headers_are_signed_as_the_bytes_they_were():
    said = "直播".encode().decode("latin-1")
    assert signed(push(**{"x-msg-type": said}), BODY, "玉")


@pytest.mark.parametrize(
    ("said", "good"),
    [
        ("1773490503120", True),
        ("1773490503", True),
        (str(int(NOW * 1000) - MAX_AGE_SECONDS * 1000 + 1000), True),
        (str(int(NOW * 1000) - MAX_AGE_SECONDS * 1000 - 1000), False),
        (str(int(NOW * 1000) + MAX_AHEAD_SECONDS * 1000 - 1000), True),
        (str(int(NOW * 1000) + MAX_AHEAD_SECONDS * 1000 + 1000), False),
        ("456789", False),
        ("", False),
        ("NaN", False),
        ("1e12", False),
        ("-177349050312", False),
        ("１７７３４９０５０３１２０", False),
        ("9" * 400, False),
    ],
)
def test_fresh(said, good):
    assert fresh({"x-timestamp": said}, NOW) == good


def without(name):
    headers = push()
    del headers[name]
    return headers


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({**push(), "x-signature": "x"}, "x-signature"),
        ({**push(), "x-signature": ""}, "x-signature"),
        (without("x-signature"), "x-signature"),
        (without("x-nonce-str"), "x-nonce-str"),
        (without("x-timestamp"), "x-timestamp"),
        (push(**{"x-timestamp": "1773400000000"}), "x-timestamp"),
    ],
)
def test_a_push_that_is_refused_before_its_body_is_read(headers, field):
    with pytest.raises(Problem) as told:
        check_headers(headers, NOW)
    assert (told.value.status, told.value.field) == (401, field)


def test_a_push_that_another_secret_signed():
    with pytest.raises(Problem) as told:
        check_signature(push(secret="石"), BODY, "玉")
    assert (told.value.status, told.value.field) == (401, "x-signature")


# what came before


def test_a_push_is_remembered_as_long_as_it_may_come_again():
    now = [0.0]
    seen = SeenPushes(lambda: now[0])
    other = push(**{"x-nonce-str": "another"})
    assert seen.events_of(push()) is None
    seen.add(push(), 3)
    assert seen.events_of(push()) == 3
    assert seen.events_of(other) is None
    now[0] = MAX_AGE_SECONDS + MAX_AHEAD_SECONDS
    seen.add(other, 1)
    assert seen.events_of(push()) == 3
    now[0] += 1
    seen.add(other, 1)
    assert seen.events_of(push()) is None


def test_pushes_are_not_remembered_without_end(monkeypatch):
    monkeypatch.setattr(push_module, "MAX_REMEMBERED", 2)
    seen = SeenPushes(lambda: 0.0)
    pushes = [push(**{"x-nonce-str": str(n)}) for n in range(3)]
    for one in pushes:
        seen.add(one, 1)
    assert [seen.events_of(one) for one in pushes] == [None, 1, 1]
