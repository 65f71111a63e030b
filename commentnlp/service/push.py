"""Douyin's push: whether a POST is one, who signed it, and when."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5

from commentnlp.service.problems import Problem

MOST_SECONDS = 600
"""A push whose clock is further from ours than this is refused, so that a copied one does not count
for ever. What comes twice within it is the same event and kept once."""

ROOM, KIND = "x-roomid", "x-msg-type"
_SIGNED = (KIND, "x-nonce-str", ROOM, "x-timestamp")
"""The headers that are signed, in the order of their names."""


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
    given = headers.get("x-signature", "").strip().encode("latin-1", "replace")
    return hmac.compare_digest(signature(headers, body, secret).encode(), given) and whole


def fresh(headers: Mapping[str, str], now: float) -> bool:
    """Whether ``x-timestamp``, in milliseconds, is within `MOST_SECONDS` of ``now``, in seconds.

    Ten digits are seconds: not all who play Douyin in tests send milliseconds.
    """
    said = headers.get("x-timestamp", "")
    if len(said) not in (10, 13) or not (said.isascii() and said.isdigit()):
        return False
    sent = int(said) / (1000 if len(said) == 13 else 1)
    return abs(now - sent) <= MOST_SECONDS


def check(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> None:
    """Raise Problem 401 for a push that is not signed with the secret, or not of these minutes."""
    if not signed(headers, body, secret):
        raise Problem(
            401,
            "x-signature does not fit the push; compare the secret with that of the push's"
            " configuration",
            field="x-signature",
        )
    if not fresh(headers, now):
        raise Problem(
            401,
            f"x-timestamp is more than {MOST_SECONDS // 60} minutes away from the clock of this"
            " machine; set the clock, or send the push anew",
            field="x-timestamp",
        )
