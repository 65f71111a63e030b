"""Who a caller is: by token or session, what they may do, and how often they may be wrong."""

from __future__ import annotations

import hmac
import logging
import math
from collections import OrderedDict
from collections.abc import Iterable
from enum import IntEnum

from commentnlp.service.failed_logins import FailedLogins
from commentnlp.service.problems import Problem
from commentnlp.service.request_headers import cookies_named, field_of
from commentnlp.service.sessions import Sessions

MIN_TOKEN_CHARACTERS = 16
"""Shorter tokens open a service only to those who reach it on this machine."""
MAX_TRUSTED_ADDRESSES = 1_000

_log = logging.getLogger(__name__)


class Rights(IntEnum):
    """What a caller may do."""

    NONE = 0
    READ = 1
    """Whatever changes nothing: every GET, the stream, the page, and tagging without keeping."""
    WRITE = 2
    """Everything."""


class Access:
    """The tokens of a service, and the sessions of the browsers that showed one."""

    def __init__(
        self, token: str, read_token: str, sessions: Sessions, failed: FailedLogins | None = None
    ) -> None:
        """Take the token that may do everything, and the one that may read (empty for none)."""
        self.sessions = sessions
        self._tokens = [(token.encode(), Rights.WRITE)]
        if read_token:
            self._tokens.append((read_token.encode(), Rights.READ))
        self._failed = failed or FailedLogins()
        self._trusted: OrderedDict[str, None] = OrderedDict()
        self.has_short_token = any(
            0 < len(one) < MIN_TOKEN_CHARACTERS for one in (token, read_token)
        )

    def rights_of(self, headers: Iterable[tuple[bytes, bytes]], address: str) -> Rights:
        """What a request may do, by its session or its ``Authorization``.

        Raises Problem 429 for a token from an address that showed too many wrong ones. An address
        that has shown the token that may do everything is let go on: what others behind the same
        proxy get wrong does not cut off a room's monitor.
        """
        for id in cookies_named(headers, self.sessions.cookie):
            may_write = self.sessions.may_write(id)
            if may_write is not None:
                return Rights.WRITE if may_write else Rights.READ
        scheme, _, shown = field_of(headers, b"authorization").partition(b" ")
        if scheme.lower() != b"bearer":
            return Rights.NONE
        rights = self._rights_of_token(shown.strip())
        wait = self._failed.seconds_to_wait(address)
        if wait and not (rights and address in self._trusted):
            raise _too_many(wait)
        if rights is Rights.NONE:
            self._count_failure(address)
        elif rights is Rights.WRITE and address not in self._trusted:
            self._trusted[address] = None
            if len(self._trusted) > MAX_TRUSTED_ADDRESSES:
                self._trusted.popitem(last=False)
        return rights

    def log_in(self, token: str, address: str) -> str:
        """Begin a session for who shows a token; returns its id.

        Raises Problem: 401 for a wrong token, 429 where the address has to wait.
        """
        wait = self._failed.seconds_to_wait(address)
        if wait:
            raise _too_many(wait)
        rights = self._rights_of_token(token.encode())
        if rights is Rights.NONE:
            self._count_failure(address)
            raise Problem(401, "that is not the token")
        _log.info("%s signed in and may %s", address, rights.name.lower())
        return self.sessions.begin(may_write=rights is Rights.WRITE)

    def log_out(self, headers: Iterable[tuple[bytes, bytes]], address: str) -> bool:
        """End the session that a request shows; returns whether there was one."""
        sent = cookies_named(headers, self.sessions.cookie)
        ended = sum(self.sessions.end(id) for id in sent)
        if ended:
            _log.info("%s signed out", address)
        return ended > 0

    def _rights_of_token(self, shown: bytes) -> Rights:
        # all are compared, whichever fits: the time that it takes tells nothing
        return max(
            rights if hmac.compare_digest(shown, token) and token else Rights.NONE
            for token, rights in self._tokens
        )

    def _count_failure(self, address: str) -> None:
        failures = self._failed.add(address)
        wait = self._failed.seconds_to_wait(address)
        more = f"; it has to wait {math.ceil(wait)} s" if wait else ""
        _log.warning("%s showed a wrong token, %d in a row%s", address, failures, more)


def _too_many(wait: float) -> Problem:
    seconds = math.ceil(wait)
    return Problem(
        429,
        f"too many wrong tokens came from this address; try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )
