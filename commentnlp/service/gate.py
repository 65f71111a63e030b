"""The outermost door: who may come in, what every answer carries, how long it took."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.datastructures import Headers

from commentnlp.errors import StoreError
from commentnlp.service.problems import MEDIA_TYPE, Problem
from commentnlp.service.push import is_push

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

COOKIE = "commentnlp"
OPEN = ("/health/live", "/health/ready", "/login", "/static/live.css", "/static/live.js")
PASSED_ON = frozenset((b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip"))
"""Headers of what a proxy passes on."""
HERE = ("localhost", "testserver", "testclient")
"""Names of this machine; the latter two are those of tests without a socket."""

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
        token: str,
        push_secret: str,
        direct: Mapping[str, Callable[[Request], Awaitable[Response]]],
        served: Callable[[str, str, int, float], None],
    ) -> None:
        """Take the app, the token that callers must show, and who counts what was served.

        POST to the addresses in ``direct`` goes to these functions without a detour: what
        FastAPI's own way costs is more than tagging a comment does.
        """
        self._app = app
        self._direct = direct
        self._token = token.encode()
        self._cookie = session_of(token) if token else ""
        self._push = bool(push_secret)
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                # unless it says itself that it may be kept: most answers hold what people wrote
                store = [] if any(name == _CACHE[0] for name, _ in headers) else [_CACHE]
                message["headers"] = [*headers, *_HEADERS, *store]
                self._served(scope["method"], scope["path"], status, time.perf_counter() - began)
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
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if status:  # too late to say it
                raise
            await refuse(Problem(500, "an error of the service; its log says more"), answer)

    def _check(self, scope: Scope) -> None:
        """Raise Problem for who may not come in."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if scope["method"] not in ("GET", "HEAD") and _is_foreign(headers, host):
            raise Problem(403, "a page of another site may not do this")
        if not self._token:
            # a strange name for this machine is a page elsewhere that has it resolved to here
            # nor is this machine's own proxy, which lets others in
            if not PASSED_ON.isdisjoint(headers) or not (
                _is_here(host) and _is_here((scope.get("client") or ("",))[0])
            ):
                raise Problem(403, "only this machine may call; set COMMENTNLP_TOKEN for others")
            return
        if scope["path"] in OPEN:
            return
        scheme, _, shown = headers.get(b"authorization", b"").partition(b" ")
        if hmac.compare_digest(shown, self._token) and scheme.lower() == b"bearer":
            return
        if hmac.compare_digest(_cookie(headers).encode(), self._cookie.encode()):
            return
        if self._push and scope["path"] == "/v1/events" and is_push(Headers(scope=scope)):
            return  # signed: looked at where its body has been read
        if scope["path"] == "/" and scope["method"] == "GET":
            scope["path"], scope["raw_path"] = "/login", b"/login"
            return
        raise Problem(401, "show the token: Authorization: Bearer …",
                      headers={"WWW-Authenticate": "Bearer"})  # fmt: skip


def session_of(token: str) -> str:
    """What the cookie of a browser holds that has shown the token."""
    return hmac.new(token.encode(), b"commentnlp live page", "sha256").hexdigest()


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


def _is_foreign(headers: Mapping[bytes, bytes], host: str) -> bool:
    """Whether a page of another site sends it; only browsers say where a request comes from."""
    if site := headers.get(b"sec-fetch-site"):
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin", b"").decode("latin-1")
    return bool(origin) and urlsplit(origin).netloc != host


def _cookie(headers: Mapping[bytes, bytes]) -> str:
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


@lru_cache(1024)
def _is_here(host: str) -> bool:
    """Whether a name or address, perhaps with a port, is this machine's own."""
    name = urlsplit(f"//[{host}]" if host.count(":") > 1 and "[" not in host else f"//{host}")
    try:
        return name.hostname in HERE or ipaddress.ip_address(name.hostname or "").is_loopback
    except ValueError:
        return False
