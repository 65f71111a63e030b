"""Nicknames that are not kept: hashed by a key, and masked where a text calls somebody by one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from commentnlp.errors import StoreError
from commentnlp.whole_files import whole_file

KEY_BYTES = 32
"""Of a key that a store makes for itself."""
_LONGEST_KEY = 64

# What ends a name is what ends it for the model, which reads no name (`commentnlp.text`), so a text
# gets the same labels without them. Who works for the shop is called by what they are.
_CALLED = re.compile(
    r"(?P<mail>(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z]{2,8})"
    r"|(?P<role>[@＠](?:主播|客服|助理|小助理|老板|店家|掌柜|管理))"
    r"|(?:[@＠]|^\s*回复\s?(?=[^\s:：]{1,20}\s?[:：])|//\s?(?=[^\s:：/]{1,20}[:：]))"
    r"(?P<name>[^\s@＠:：,，。!！?？、/\[\]【】]{1,24})"
)
_MARKS = "@", "＠", "回复", "//"
"""One of these stands in whatever calls somebody."""
_MASK = "*"


def usable_key(secret: str) -> bytes:
    """A key of the settings as the hash takes it."""
    return secret.encode()[:_LONGEST_KEY]


def hash_name(name: str, key: bytes) -> str:
    """What is kept of a nickname; empty for an empty one."""
    if not name:
        return ""
    return blake2b(name.encode("utf-8", "replace"), key=key, digest_size=8).hexdigest()


def digest_key(key: bytes) -> str:
    """What stands for a key where it is remembered which one was used."""
    return blake2b(key, person=b"commentnlp names", digest_size=16).hexdigest()


# a key beside its store -------------------------------------------------------------------


def key_file(store: Path) -> Path:
    """Where the key of an SQLite store lies."""
    return store.with_name(f"{store.name}-key")


def read_key(file: Path) -> bytes | None:
    """The key in a file; None where there is no file. Raises StoreError for what is no key."""
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{file}: the key of the nicknames cannot be read ({error.strerror}); let"
                         " the service's user read it") from None  # fmt: skip
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"{file}: is no key of nicknames ({len(key)} bytes, not {KEY_BYTES}); bring it back"
            " from where it is kept, or move it away for a new one"
        )
    return key


def write_key(file: Path, key: bytes) -> None:
    """Write a key that only the service's user may read; durable on return."""
    with whole_file(file) as part:
        part.chmod(0o600)
        part.write_bytes(key)
    file.chmod(0o600)


def new_key() -> bytes:
    """A key that nobody knows."""
    return secrets.token_bytes(KEY_BYTES)


# names in texts ---------------------------------------------------------------------------


def mask_names(text: str) -> str:
    """A text in which who is called by name has stars for it; the length stays the same.

    >>> mask_names("@小圆圆 明天发货吗"), mask_names("@客服 在吗"), mask_names("回复小圆：好的")
    ('@*** 明天发货吗', '@客服 在吗', '回复**：好的')
    """
    if not any(mark in text for mark in _MARKS):
        return text
    return _CALLED.sub(_without_name, text)


def _without_name(called: re.Match[str]) -> str:
    name = called["name"]
    if name is None:  # a role, or an address that is no name
        return called[0]
    return called[0][: len(called[0]) - len(name)] + _MASK * len(name)


def mask_answer(answer: str, text: str) -> str:
    """An answer whose evidence quotes a masked text, of the same length, instead."""
    told: dict[str, Any] = msgspec.json.decode(answer)
    evidence: Sequence[dict[str, Any]] = told.get("evidence", ())
    for one in evidence:
        one["text"] = text[one["start"] : one["end"]]
    return msgspec.json.encode(told).decode()
