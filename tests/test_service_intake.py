from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from commentnlp.records import Event
from commentnlp.service.intake import is_typed, key_of

AT = datetime(2026, 3, 14, 12, 15, 3, 120_000, timezone.utc)
EVENT = Event("comment", "贵", room="r", user="u", name="n")


def test_by_id_nothing_else_counts():
    event = replace(EVENT, id="7401234567890123456")
    key = key_of(event, AT)
    assert len(key) == 16
    assert key_of(replace(event, text="慢", user="v"), AT + timedelta(days=1)) == key
    for other in ({"id": "7401234567890123457"}, {"room": "s"}, {"kind": "like"}):
        assert key_of(replace(event, **other), AT) != key


def test_without_id_person_words_and_second_count():
    key = key_of(EVENT, AT)
    assert key_of(EVENT, AT.replace(microsecond=999_000)) == key
    assert key_of(replace(EVENT, name="other"), AT) == key  # the identity is known
    for other in ({"text": "慢"}, {"room": "s"}, {"user": "v"}, {"kind": "like"}, {"count": 2}):
        assert key_of(replace(EVENT, **other), AT) != key
    assert key_of(EVENT, AT + timedelta(seconds=1)) != key
    hidden = replace(EVENT, user="")
    assert key_of(hidden, AT) != key_of(replace(hidden, name="m"), AT)


def test_what_comes_together_stands_together():
    keys = [key_of(replace(EVENT, id=str(10**18 + n)), AT) for n in range(100)]
    assert keys == sorted(keys)
    keys = [key_of(EVENT, AT + timedelta(seconds=n)) for n in range(100)]
    assert keys == sorted(keys)


@pytest.mark.parametrize("id", ["e1", "0", "٣", "9" * 40, "-1", "半\ud83d"])
def test_any_id_has_a_key(id):
    key = key_of(replace(EVENT, id=id), AT)
    assert len(key) == 16
    assert key == key_of(replace(EVENT, id=id), AT)


def test_only_what_viewers_type_is_tagged():
    assert is_typed(EVENT)
    for other in ({"role": "host"}, {"kind": "like"}, {"text": ""}, {"text": " \t"}):
        assert not is_typed(replace(EVENT, **other))
