"""Douyin's push: whether a POST is one, who signed it, when, and whether it came before."""

from __future__ import annotations

import hmac
import re
import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import md5

from commentnlp.service.problems import Problem

MAX_AGE_SECONDS = 600
"""A push that was sent longer ago is refused, so that a copied one does not count for ever."""
MAX_AHEAD_SECONDS = 60
"""A push whose clock is further ahead of ours is refused."""
MAX_PUSH_BYTES = 500_000
"""Of the body of a signed push: it has to be read before it is known who sent it."""
MAX_REMEMBERED = 100_000
"""Pushes that are remembered; the oldest goes first."""

ROOM, KIND, SIGNATURE = "x-roomid", "x-msg-type", "x-signature"
_SIGNED = (KIND, "x-nonce-str", ROOM, "x-timestamp")
"""The headers that are signed, in the order of their names."""
_MD5 = re.compile("[A-Za-z0-9+/]{22}==")


def is_push(headers: Mapping[str, str]) -> bool:
    """Whether it comes from Douyin, by headers that nobody else sends; names are lower case."""
    return ROOM in headers and KIND in headers


def signature(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    """What Douyin's ``x-signature`` must be: Base64 of the MD5 of headers, body and secret.

    The headers go as ``x-msg-type=…&x-nonce-str=…&x-roomid=…&x-timestamp=…``; nothing stands
    between them, the body as it came and the secret. One that is missing counts as empty.
    """
    said = "&".join(f"{name}={headers.get(name, '')}" for name in _SIGNED)
    # headers are bytes, which servers hand over as Latin-1
    raw = said.encode("latin-1", "replace") + body + secret.encode()
    return b64encode(md5(raw, usedforsecurity=False).digest()).decode()


def signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether who sent the push knows the secret; takes equally long for all that do not.

    False where one of the four headers is missing or holds ``&``, with which two different sets
    of headers would read the same, and where there is no secret.
    """
    values = [headers.get(name, "") for name in _SIGNED]
    whole = bool(secret) and all(values) and not any("&" in value for value in values)
    given = headers.get(SIGNATURE, "").strip().encode("latin-1", "replace")
    return hmac.compare_digest(signature(headers, body, secret).encode(), given) and whole


def sent_at(headers: Mapping[str, str]) -> float | None:
    """When a push was sent, in seconds since 1970; None for what is no time.

    ``x-timestamp`` has milliseconds; ten digits are seconds: not all who play Douyin in tests send
    milliseconds.
    """
    said = headers.get("x-timestamp", "")
    if len(said) not in (10, 13) or not (said.isascii() and said.isdigit()):
        return None
    return int(said) / (1000 if len(said) == 13 else 1)


def fresh(headers: Mapping[str, str], now: float) -> bool:
    """Whether a push was sent within `MAX_AGE_SECONDS` before ``now``, or a moment ahead."""
    sent = sent_at(headers)
    return sent is not None and -MAX_AHEAD_SECONDS <= now - sent <= MAX_AGE_SECONDS


def check_headers(headers: Mapping[str, str], now: float) -> None:
    """Raise Problem 401 for a push of which the headers say already that it will not do.

    It is looked at before its body is read: that may come from anybody.
    """
    missing = [name for name in _SIGNED if not headers.get(name)]
    if missing or not _MD5.fullmatch(headers.get(SIGNATURE, "").strip()):
        field = missing[0] if missing else SIGNATURE
        raise Problem(401, f"{field} of the push is missing or no value for it; send it as Douyin"
                      " does", field=field)  # fmt: skip
    if not fresh(headers, now):
        raise Problem(
            401,
            f"x-timestamp is more than {MAX_AGE_SECONDS // 60} minutes behind the clock of this"
            f" machine, or more than {MAX_AHEAD_SECONDS} seconds ahead; set the clock, or send the"
            " push anew",
            field="x-timestamp",
        )


def check_signature(headers: Mapping[str, str], body: bytes, secret: str) -> None:
    """Raise Problem 401 for a push that is not signed with the secret; the body is as it came."""
    if not signed(headers, body, secret):
        raise Problem(
            401,
            "x-signature does not fit the push; compare the secret with that of the push's"
            " configuration",
            field=SIGNATURE,
        )


class SeenPushes:
    """Remembers the pushes that were taken, for as long as they may come again.

    A push is known by its signature, in which its nonce, its time and its body are.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds that only grow."""
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def add(self, headers: Mapping[str, str], events: int) -> None:
        """Remember a push, once its events are durable."""
        now = self._clock()
        self._seen[headers[SIGNATURE].strip()] = now, events
        while self._seen:
            seen, _ = next(iter(self._seen.values()))
            # one from ahead of our clock lives that much longer
            past = now - seen > MAX_AGE_SECONDS + MAX_AHEAD_SECONDS
            if not past and len(self._seen) <= MAX_REMEMBERED:
                break
            self._seen.popitem(last=False)

    def events_of(self, headers: Mapping[str, str]) -> int | None:
        """How many events a push had that was taken before; None for one that was not."""
        found = self._seen.get(headers[SIGNATURE].strip())
        return found[1] if found else None
