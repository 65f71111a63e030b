"""The outermost door: who may come in, what every answer carries, how long it took."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import Headers

from commentnlp.errors import StoreError
from commentnlp.service.access import MIN_TOKEN_CHARACTERS, Access, Rights
from commentnlp.service.problems import MEDIA_TYPE, Problem
from commentnlp.service.push import is_push
from commentnlp.service.request_headers import (
    PASSED_ON,
    address_of,
    is_foreign,
    is_host,
    is_this_machine,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OPEN = (
    "/health/live", "/health/ready", "/login", "/logout", "/static/live.css", "/static/live.js",
)  # fmt: skip
"""Addresses for which no token is needed."""
MAX_HEADER_BYTES = 65_536
"""Of an address and the header fields."""
CHANGES_NOTHING = ("/v1/classify",)
"""POSTs for which the right to read will do."""

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_CACHE = (b"cache-control", b"no-store")
_log = logging.getLogger(__name__)


class Gate:
    """ASGI around the app."""

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        *,
        access: Access | None,
        push_secret: str,
        direct: Mapping[str, Callable[[Request], Awaitable[Response]]],
        served: Callable[[str, str, int, float], None],
    ) -> None:
        """Take the app, what knows callers (None: only this machine), and what counts the served.

        POST to the addresses in ``direct`` goes to these functions without a detour: what
        FastAPI's own way costs is more than tagging a comment does.
        """
        self._app = app
        self._direct = direct
        self._access = access
        self._push = bool(push_secret)
        self._served = served
        self._told = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._told and not scope.get("state", {}).get("guarded"):
            self._tell_unguarded(scope)
        began = time.perf_counter()
        status = 0
        method = scope["method"]
        if method == "HEAD":  # it is answered as GET is, and the body left out
            scope = {**scope, "method": "GET"}

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                # unless it says itself that it may be kept: most answers hold what people wrote
                store = [] if any(name == _CACHE[0] for name, _ in headers) else [_CACHE]
                message["headers"] = [*headers, *_HEADERS, *store]
                self._served(method, scope["path"], status, time.perf_counter() - began)
                await send(message)
                if method == "HEAD":  # a stream would never end
                    await send({"type": "http.response.body", "body": b""})
            elif method != "HEAD":
                await send(message)

        try:
            self._check(scope)
            direct = self._direct.get(scope["path"]) if scope["method"] == "POST" else None
            if direct is None:
                await self._app(scope, receive, answer)
            else:
                response = await direct(Request(scope, receive))
                await response(scope, receive, answer)
        except Problem as problem:
            await refuse(problem, answer)
        except StoreError as error:
            _log.error("the store does not answer: %s", error)
            await refuse(Problem(503, "the store does not answer now; try again in a few seconds",
                                 headers={"Retry-After": "5"}), answer)  # fmt: skip
        except Exception:
            # a path may hold line ends and what turns a terminal's writing round
            _log.exception("%s %a failed", scope["method"], scope["path"][:200])
            if status:  # too late to say it
                raise
            await refuse(Problem(500, "an error of the service; its log says more"), answer)

    def _tell_unguarded(self, scope: Scope) -> None:
        """Say once that others can hold connections open for as long as they like."""
        if is_this_machine((scope.get("client") or ("",))[0]):
            return
        self._told = True
        _log.warning(
            "nothing limits connections that send no request; start uvicorn with --http"
            " commentnlp.service.guarded_http:Protocol, or have a proxy limit them"
        )

    def _check(self, scope: Scope) -> None:
        """Raise Problem for who may not come in."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        size = len(scope.get("query_string", b"")) + len(scope["path"])
        if size + sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
            raise Problem(431, f"the header has more than {MAX_HEADER_BYTES:,} bytes")
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        host = hosts[0] if hosts else ""
        if len(hosts) > 1 or (host and not is_host(host)):
            raise Problem(400, "Host must be one name or address, perhaps with a port")
        if scope["method"] not in ("GET", "HEAD") and is_foreign(headers, host):
            raise Problem(403, "a page of another site may not do this")
        if self._access is None:
            # a strange name for this machine is a page elsewhere that has it resolved to here
            # nor is this machine's own proxy, which lets others in
            if not PASSED_ON.isdisjoint(name for name, _ in headers) or not (
                is_this_machine(host) and is_this_machine((scope.get("client") or ("",))[0])
            ):
                raise Problem(403, "only this machine may call; set COMMENTNLP_TOKEN for others")
            return
        if scope["path"] in OPEN:
            return
        if self._access.has_short_token and not _is_reached_here(scope):
            raise Problem(
                403,
                f"a token of the service has less than {MIN_TOKEN_CHARACTERS} characters: only this"
                " machine may call; set longer ones",
            )
        rights = self._access.rights_of(headers, address_of(scope.get("client")))
        if rights is Rights.WRITE or (rights is Rights.READ and _only_reads(scope)):
            return
        if rights is Rights.READ:
            raise Problem(403, "this token may only read; show COMMENTNLP_TOKEN to change anything")
        if self._push and scope["path"] == "/v1/events" and is_push(Headers(scope=scope)):
            return  # signed: looked at where its body has been read
        if scope["path"] == "/" and scope["method"] == "GET":
            scope["path"], scope["raw_path"] = "/login", b"/login"
            return
        raise Problem(401, "show the token: Authorization: Bearer …",
                      headers={"WWW-Authenticate": "Bearer"})  # fmt: skip


def _only_reads(scope: Scope) -> bool:
    return scope["method"] in ("GET", "HEAD") or scope["path"] in CHANGES_NOTHING


def _is_reached_here(scope: Scope) -> bool:
    """Whether the connection came to an address, or a socket file, of this machine alone."""
    address, port = scope.get("server") or ("", 0)
    return port is None or is_this_machine(address)


async def refuse(problem: Problem, send: Send) -> None:
    """Answer with a problem."""
    body = problem.to_bytes()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *((k.lower().encode(), v.encode()) for k, v in problem.headers.items()),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
