"""Browsers that have signed in, and addresses that guess."""

import pytest

from commentnlp.service import failed_logins
from commentnlp.service.access import Access
from commentnlp.service.failed_logins import FailedLogins
from commentnlp.service.problems import Problem
from commentnlp.service.sessions import KEPT_AS, MAX_SESSIONS, SECONDS, Sessions
from commentnlp.service.store import Store

from .test_service_gate import READ_TOKEN, TOKEN, Notes

TOKENS = (TOKEN, READ_TOKEN)


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


def test_a_session_says_whether_its_browser_may_write():
    kept = Sessions(Notes(), TOKENS)
    writer, reader = kept.begin(may_write=True), kept.begin(may_write=False)
    assert writer != reader
    assert kept.may_write(writer.encode()) is True
    assert kept.may_write(reader.encode()) is False
    assert kept.may_write(b"0" * 64) is None


def test_sessions_survive_a_restart_and_can_be_ended():
    notes = Notes()
    kept = Sessions(notes, TOKENS)
    one, other = kept.begin(may_write=True), kept.begin(may_write=False)
    kept.save()
    again = Sessions(notes, TOKENS)
    assert again.cookie == kept.cookie
    assert again.may_write(one.encode()) is True
    assert again.may_write(other.encode()) is False
    assert again.end(one.encode())
    assert not again.end(one.encode())
    again.save()
    assert Sessions(notes, TOKENS).may_write(one.encode()) is None
    assert Sessions(notes, TOKENS).may_write(other.encode()) is False


@pytest.mark.parametrize("tokens", [("another", READ_TOKEN), (TOKEN, "another"), (TOKEN, "")])
def test_another_token_ends_all_sessions_for_good(tokens):
    notes = Notes()
    kept = Sessions(notes, TOKENS)
    id = kept.begin(may_write=True)
    kept.save()
    assert Sessions(notes, tokens).may_write(id.encode()) is None
    assert Sessions(notes, TOKENS).may_write(id.encode()) is None


def test_what_is_kept_lets_nobody_in():
    notes = Notes()
    kept = Sessions(notes, TOKENS)
    id = kept.begin(may_write=True)
    kept.save()
    for secret in (id, *TOKENS):
        assert secret.encode() not in notes[KEPT_AS]


def test_a_session_ends_by_itself():
    clock = Clock()
    kept = Sessions(Notes(), TOKENS, clock)
    id = kept.begin(may_write=True).encode()
    clock.now += SECONDS - 1
    assert kept.may_write(id) is True
    clock.now += 2
    assert kept.may_write(id) is None


def test_there_are_no_more_sessions_than_may_be():
    kept = Sessions(Notes(), TOKENS)
    ids = [kept.begin(may_write=True).encode() for _ in range(MAX_SESSIONS + 2)]
    assert [kept.may_write(id) for id in ids[:3]] == [None, None, True]
    assert kept.may_write(ids[-1]) is True


def test_each_service_has_a_cookie_of_its_own():
    assert Sessions(Notes(), TOKENS).cookie != Sessions(Notes(), TOKENS).cookie


def test_a_store_keeps_them(tmp_path):
    address = f"sqlite:///{tmp_path / 'x.db'}"
    store = Store(address)
    assert store.note(KEPT_AS) is None
    kept = Sessions(store, TOKENS)
    id = kept.begin(may_write=True).encode()
    kept.save()
    kept.save()
    store.close()
    store = Store(address)
    assert Sessions(store, TOKENS).may_write(id) is True
    store.close()


# guesses


def test_the_delay_grows_and_is_forgotten():
    clock = Clock()
    failed = FailedLogins(clock)
    assert failed.seconds_to_wait("a") == 0
    waits = []
    for count in range(1, 15):
        assert failed.add("a") == count
        waits.append(failed.seconds_to_wait("a"))
        clock.now += waits[-1]
        assert failed.seconds_to_wait("a") == 0
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert failed.seconds_to_wait("b") == 0
    clock.now += failed_logins.FORGOTTEN_AFTER + 1
    assert failed.add("a") == 1


def test_addresses_that_failed_are_not_remembered_without_end(monkeypatch):
    monkeypatch.setattr(failed_logins, "MAX_ADDRESSES", 3)
    failed = FailedLogins(Clock())
    for address in "aaaaaabcd":
        failed.add(address)
    assert failed.seconds_to_wait("a") == 0  # the oldest
    assert failed.add("d") == 2


def test_a_million_failures_are_no_error():
    failed = FailedLogins(Clock())
    failed._failures["a"] = failed_logins._Failures(1_000_000, Clock.now)
    assert failed.seconds_to_wait("a") == failed_logins.MAX_DELAY


def test_a_browser_that_guesses_has_to_wait_even_with_the_right_token():
    clock = Clock()
    access = Access(TOKEN, "", Sessions(Notes(), (TOKEN, "")), FailedLogins(clock))
    statuses = []
    for _ in range(6):
        with pytest.raises(Problem) as told:
            access.log_in("guess", "10.0.0.1")
        statuses.append(told.value.status)
    assert statuses == [401] * 5 + [429]
    with pytest.raises(Problem) as told:
        access.log_in(TOKEN, "10.0.0.1")
    assert told.value.headers["Retry-After"] == "2"
    assert access.log_in(TOKEN, "10.0.0.2")
    clock.now += 2
    assert access.log_in(TOKEN, "10.0.0.1")


def test_an_empty_token_is_nobodys():
    access = Access(TOKEN, "", Sessions(Notes(), (TOKEN, "")))
    with pytest.raises(Problem):
        access.log_in("", "10.0.0.1")
    assert access.rights_of([(b"authorization", b"Bearer ")], "10.0.0.1") == 0
