"""One POST to an address that somebody configured: no redirections, errors in words."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

TIMEOUT = 10.0
"""Seconds for a webhook to connect, and to answer."""
MAX_ANSWER_BYTES = 65_536
"""Of an answer that are looked at."""


class Refused(Exception):
    """A webhook did not take a message; the text says what it answered."""

    def __init__(self, reason: str, *, again: bool, after: float = 0.0) -> None:
        """Take what was answered, in words, and whether and when another try makes sense."""
        super().__init__(reason)
        self.again = again
        """Whether another try makes sense."""
        self.after = after
        """Seconds that it asks to wait."""


class _NoRedirect(HTTPRedirectHandler):
    """Leaves a redirection what it is: an answer that is no yes."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Poster:
    """Posts JSON to an ``http(s)://`` address; user and password in it become Basic."""

    def __init__(self, address: str) -> None:
        """Take the address, which may hold a token."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        self._address = parts._replace(netloc=host, fragment="").geturl()
        self._headers = {
            "Content-Type": "application/json; charset=utf-8", "User-Agent": "commentnlp",
        }  # fmt: skip
        if parts.username is not None:
            known = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(known.encode()).decode()}"
        # a proxy of the environment cannot reach what listens on this machine only
        proxies = [ProxyHandler({})] if is_loopback(parts.hostname or "") else []
        self._opener: OpenerDirector = build_opener(_NoRedirect, *proxies)

    def post(self, body: bytes, query: str = "") -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers of the answer; ``query`` goes behind the address's own.

        Raises Refused for any status but 2xx and where nobody answers.
        """
        address = f"{self._address}&{query}" if query else self._address
        request = Request(address, body, self._headers)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return answer.status, answer.read(MAX_ANSWER_BYTES), answer.headers
        except HTTPError as error:
            error.close()
            raise refused_with(error.code, error.headers.get("Retry-After")) from None
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            reason = (isinstance(cause, OSError) and cause.strerror) or type(cause).__name__
            raise Refused(f"it was not reached ({reason})", again=True) from None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def refused_with(status: int, retry_after: str | None) -> Refused:
    """What an answer with such a status means."""
    again = status in (408, 429) or status >= 500
    return Refused(f"it answered {status}", again=again, after=seconds_to_wait(retry_after))


def seconds_to_wait(retry_after: str | None) -> float:
    """A Retry-After header, seconds or a date, as seconds from now; 0 where there is none."""
    if not retry_after:
        return 0.0
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return float(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
