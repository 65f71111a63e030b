"""Browsers that have signed in: a random id each, of which only a hash is kept.

Sessions are kept in the store, so that a page on a wall survives a restart of the service. A change
of the tokens ends all of them.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Callable
from hashlib import pbkdf2_hmac, sha256
from threading import Lock
from typing import Any, NamedTuple, Protocol

SECONDS = 30 * 86_400
"""How long a session lasts."""
MAX_SESSIONS = 1_000
"""Sessions at once; one more ends the oldest."""
KEPT_AS = "sessions"
"""Name under which the store keeps them."""

_ROUNDS = 100_000
"""Of the hash that tells whether the tokens are still the same: whoever copies the store must not
find a short token by trying."""


class Notes(Protocol):
    """What of a store sessions need."""

    def note(self, name: str) -> bytes | None:
        """A value by its name."""

    def keep_note(self, name: str, value: bytes) -> None:
        """Keep a value under a name."""


class _Session(NamedTuple):
    ends: int
    """Seconds since 1970."""
    may_write: bool


class Sessions:
    """The sessions of one service. ``may_write`` and ``end`` are quick; `save` waits for a disk."""

    def __init__(
        self, notes: Notes, tokens: tuple[str, ...], clock: Callable[[], float] = time.time
    ) -> None:
        """Read the sessions that were kept, unless the tokens have changed since."""
        self._notes = notes
        self._clock = clock
        self._lock = Lock()
        kept = _record_of(notes.note(KEPT_AS))
        salt = kept.get("salt") or secrets.token_hex(16)
        check = pbkdf2_hmac("sha256", "\0".join(tokens).encode(), salt.encode(), _ROUNDS).hex()
        same = hmac.compare_digest(check, kept.get("check", ""))
        self._record = {
            "service": kept.get("service") or secrets.token_hex(4), "salt": salt, "check": check,
        }  # fmt: skip
        self._sessions = {
            key: _Session(int(ends), bool(may_write))
            for key, (ends, may_write) in (kept.get("sessions", {}) if same else {}).items()
        }
        if not same:
            self.save()

    @property
    def cookie(self) -> str:
        """The name of the cookie: each service has its own, for a host's ports share cookies."""
        return f"commentnlp-{self._record['service']}"

    def begin(self, *, may_write: bool) -> str:
        """A new session's id, 64 hexadecimal digits; `save` it before it is handed out."""
        now = int(self._clock())
        id = secrets.token_hex(32)
        with self._lock:
            living = [item for item in self._sessions.items() if item[1].ends > now]
            self._sessions = dict(living[-(MAX_SESSIONS - 1) :])
            self._sessions[_hash(id.encode())] = _Session(now + SECONDS, may_write)
        return id

    def may_write(self, id: bytes) -> bool | None:
        """Whether who has the session may write; None where there is no such session."""
        session = self._sessions.get(_hash(id))
        if session is None or session.ends <= self._clock():
            return None
        return session.may_write

    def end(self, id: bytes) -> bool:
        """End a session, `save` to keep it so; returns whether there was one."""
        with self._lock:
            return self._sessions.pop(_hash(id), None) is not None

    def save(self) -> None:
        """Have the store keep them. Raises StoreError."""
        with self._lock:
            record = {**self._record, "sessions": self._sessions}
            self._notes.keep_note(KEPT_AS, json.dumps(record).encode())


def _hash(id: bytes) -> str:
    # ids are long and random: nobody finds one by trying, so a quick hash will do
    return sha256(id).hexdigest()


def _record_of(kept: bytes | None) -> dict[str, Any]:
    return dict(json.loads(kept)) if kept else {}
