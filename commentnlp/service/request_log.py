"""ASGI around the app: audit lines of what changes something, access lines of all, where asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from commentnlp.service.logs import audit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_NAMES = {
    ("POST", "/login"): "login",
    ("POST", "/logout"): "logout",
    ("DELETE", "/v1/people"): "deletion",
    ("DELETE", "/v1/rooms"): "deletion of a room",
    ("POST", "/v1/labels"): "labels",
    ("POST", "/v1/model/reload"): "model reload",
    ("POST", "/v1/mutes"): "mute",
    ("DELETE", "/v1/mutes"): "end of a mute",
}
"""What the audit line of a request is called; others go by method and path."""
_UNAUDITED = ("/v1/events", "/v1/classify")
_SAFE = ("GET", "HEAD", "OPTIONS")
_MAX_PATH_CHARACTERS = 200

_log = logging.getLogger("commentnlp.access")


class RequestLog:
    """Writes lines about requests. Queries are left out: they hold what people wrote.

    An endpoint adds fields to its audit line by ``request.state.audit``.
    """

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], *, access: bool
    ) -> None:
        """Take the app; with ``access`` there is a line for every request."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        audited = scope["type"] == "http" and _is_audited(scope["method"], scope["path"])
        if scope["type"] != "http" or not (audited or self._access):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"][:_MAX_PATH_CHARACTERS]
        began, status, size = time.perf_counter(), 0, 0

        async def answer(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            client = (scope.get("client") or ("",))[0]
            if audited:
                state = scope.get("state", {})  # what endpoints know as `request.state`
                audit(_NAMES.get((method, path), f"{method} {path}"), client=client, status=status,
                      **state.get("audit", {}))  # fmt: skip
            if self._access:
                seconds = round(time.perf_counter() - began, 4)
                fields = {"client": client, "status": status, "seconds": seconds, "bytes": size}
                _log.info("%s %s", method, path, extra={"fields": fields})


def _is_audited(method: str, path: str) -> bool:
    return method not in _SAFE and path not in _UNAUDITED
