"""Webhooks: sends messages with patience, one thread each, so that none waits for another.

``http(s)://`` addresses get plain JSON by the standard library; the shapes of chat services
(DingTalk, Feishu, WeCom and a hundred more) are apprise's. All but scheme and host of an address
may be a secret: it is in no error and no log.
"""

from __future__ import annotations

import json
import logging
import random
import re
import sys
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from commentnlp.errors import CommentnlpError

MOST_WAITING = 100
"""Messages that wait for a webhook; where there are more, the oldest is dropped."""
TRIES = 5
"""How often a message is sent to a webhook that does not take it."""
FIRST_WAIT = 4.0
"""Seconds before the second try, less a random part up to half; each further wait is twice that."""
LONGEST_WAIT = 3600.0
"""Seconds that a webhook may ask us to wait (``Retry-After``)."""
TIMEOUT = 10.0
"""Seconds for a webhook to connect, and to answer."""
APART = 3.0
"""Seconds between two messages to a chat: robots of DingTalk and WeCom take 20 a minute."""

_log = logging.getLogger(__name__)

# as group robots show their address → as apprise writes it
_SHOWN = (
    ("oapi.dingtalk.com", "/robot/send", "access_token", "dingtalk"),
    ("open.feishu.cn", "/open-apis/bot/v2/hook/", "", "feishu"),
    ("open.larksuite.com", "/open-apis/bot/v2/hook/", "", "lark"),
    ("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", "key", "wecombot"),
)
_ROBOTS = ("dingtalk", "feishu", "lark", "wecombot")
# what those answer, with status 200, where the message may come again later: busy, too many
_LATER = (-1, 130101, 45009, 11232)


class Message(NamedTuple):
    """What a webhook is told, in the two forms that there are."""

    json: bytes
    """For plain webhooks."""
    title: str
    """For chats."""
    text: str


class _Refused(Exception):
    """A webhook did not take an alert."""

    def __init__(self, reason: str, *, again: bool, after: float = 0.0) -> None:
        super().__init__(reason)
        self.again = again
        """Whether another try makes sense."""
        self.after = after
        """Seconds that it asks to wait."""


class Webhook:
    """One address: what waits for it, and the thread that sends it."""

    def __init__(
        self,
        place: int,
        address: str,
        closing: threading.Event,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Take an address, the ``place``-th of several.

        ``closing`` is set when no more than one try is wanted; ``sleep`` waits between tries (as
        long as ``closing`` is not set, where it is not given). Raises CommentnlpError for an
        address that is not understood, or needs apprise where that is not installed.
        """
        self.sent = 0
        """Messages that were taken."""
        self.failed = 0
        """Messages that were not, in all tries."""
        self.dropped = 0
        """Messages that gave way to later ones, or came or waited too late."""
        self.messages: deque[Message] = deque()
        """Those that wait."""
        self._sending: Message | None = None
        self._name = _masked(place, address)
        self._post = _post_to(address, self._name)
        self._closing = closing
        self._sleep = sleep or closing.wait
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="commentnlp-alerts", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, message: Message) -> None:
        """Send a message when its turn comes; returns at once."""
        with self._wake:
            if self._closing.is_set():
                self.dropped += 1
                return
            if len(self.messages) >= MOST_WAITING:
                self.messages.popleft()
                self.dropped += 1
            self.messages.append(message)
            self._wake.notify()

    def drop(self, which: Callable[[Message], bool]) -> None:
        """Do not send, or try again, those of the messages that wait."""
        with self._wake:
            left = [message for message in self.messages if not which(message)]
            self.dropped += len(self.messages) - len(left)
            self.messages = deque(left)
            if self._sending is not None and which(self._sending):
                self._sending = None

    def wake(self) -> None:
        """Look at ``closing``."""
        with self._wake:
            self._wake.notify()

    def end(self, timeout: float) -> None:
        """Leave that many seconds to send what waits, and drop the rest."""
        self._thread.join(timeout)
        with self._wake:
            self.dropped += len(self.messages)
            self.messages.clear()

    # on the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self.messages or self._closing.is_set())
                if not self.messages:
                    return
                message = self._sending = self.messages.popleft()
            try:
                self._send(message)
                self.sent += 1
            except Exception as error:
                # what is not ours may hold the address
                reason = str(error) if isinstance(error, _Refused) else type(error).__name__
                _log.warning("%s did not take an alert: %s", self._name, reason)
                self.failed += 1
            if isinstance(self._post, _Chat):
                self._sleep(APART)

    def _send(self, message: Message) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                self._post(message)
                return
            except _Refused as refused:
                if not refused.again or attempt == TRIES or self._closing.is_set():
                    raise
                wait = FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1)
                self._sleep(max(wait, min(refused.after, LONGEST_WAIT)))
            if self._sending is None:
                raise _Refused("a comment that it quotes was deleted meanwhile", again=False)


def _post_to(address: str, name: str) -> _Plain | _Chat:
    """What sends to an address, which errors call ``name``."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for one that is no number
    except ValueError:
        raise CommentnlpError(f"{name} is no address; write one such as https://…") from None
    if parts.scheme not in ("http", "https"):
        return _Chat(address, name)
    if not parts.hostname or not re.fullmatch(r"[\x21-\x7e]+", address):
        raise CommentnlpError(
            f"{name} is no address that can be posted to; it needs a host, and what is not ASCII"
            " percent-encoded"
        )
    for host, path, key, scheme in _SHOWN:
        if parts.hostname == host and parts.path.startswith(path):
            token = parse_qs(parts.query).get(key, [""])[0] if key else parts.path[len(path) :]
            return _Chat(f"{scheme}://{token.strip('/')}", name)
    return _Plain(parts)


def _masked(place: int, address: str) -> str:
    """What may be shown of an address: everything but scheme and host can be a secret."""
    scheme, found, _ = address.partition("://")
    if not found or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,19}", scheme):
        return f"webhook {place}"
    host = ""
    if scheme.lower() in ("http", "https"):
        with suppress(ValueError):
            host = (urlsplit(address).hostname or "") + "/"
    return f"webhook {place} ({scheme}://{host}…)"


class _NoRedirect(HTTPRedirectHandler):
    """Leaves a redirection what it is: an answer that is no yes."""

    def redirect_request(self, *_: Any) -> None:
        return None


class _Plain:
    """Posts JSON to an address."""

    def __init__(self, parts: SplitResult) -> None:
        host = parts.netloc.rpartition("@")[2]
        self._address = parts._replace(netloc=host, fragment="").geturl()
        self._headers = {
            "Content-Type": "application/json; charset=utf-8", "User-Agent": "commentnlp",
        }  # fmt: skip
        if parts.username is not None:
            known = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(known.encode()).decode()}"
        # a proxy of the environment cannot reach what listens on this machine only
        proxies = [ProxyHandler({})] if _is_loopback(parts.hostname or "") else []
        self._opener: OpenerDirector = build_opener(_NoRedirect, *proxies)

    def __call__(self, message: Message) -> None:
        request = Request(self._address, message.json, self._headers)
        try:
            self._opener.open(request, timeout=TIMEOUT).close()
        except HTTPError as error:
            error.close()
            raise _refused(error.code, error.headers.get("Retry-After")) from None
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            reason = (isinstance(cause, OSError) and cause.strerror) or type(cause).__name__
            raise _Refused(f"it was not reached ({reason})", again=True) from None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(status: int, retry_after: str | None) -> _Refused:
    again = status in (408, 429) or status >= 500
    return _Refused(f"it answered {status}", again=again, after=_seconds(retry_after))


def _seconds(retry_after: str | None) -> float:
    """A Retry-After header: seconds, or a date."""
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


_here = threading.local()


def _audible(_: logging.LogRecord) -> bool:
    """Filter of log records: none while we send, since they hold addresses."""
    return not getattr(_here, "silent", False)


@contextmanager
def _silence() -> Iterator[None]:
    for name in ("apprise", "urllib3.connectionpool"):
        logging.getLogger(name).addFilter(_audible)
    _here.silent = True
    try:
        yield
    finally:
        _here.silent = False


class _Overheard:
    """``requests`` for one module of apprise, which remembers what was answered on a thread.

    apprise only says whether the status was 200, and that is what group robots also say no with.
    Nor does each of its versions have a timeout everywhere, and it escapes the signature for
    DingTalk, which requests then escapes again.
    """

    def __init__(self, requests: Any) -> None:
        self._requests = requests

    def __getattr__(self, name: str) -> Any:
        return getattr(self._requests, name)

    def post(self, *args: Any, **named: Any) -> Any:
        named["allow_redirects"] = False
        named.setdefault("timeout", TIMEOUT)
        if sign := (named.get("params") or {}).get("sign"):
            named["params"]["sign"] = unquote(sign)  # base64 has no % of its own
        _here.answer = self._requests.post(*args, **named)
        return _here.answer


class _Chat:
    """Sends a message in the shape of the service that an apprise address names."""

    def __init__(self, address: str, name: str) -> None:
        try:
            import apprise
        except ImportError:
            raise CommentnlpError(
                f'{name} needs apprise: pip install "commentnlp[alerts]"'
            ) from None
        with _silence():
            self._service: Any = apprise.Apprise.instantiate(address)
        if self._service is None:
            raise CommentnlpError(
                f"{name} is no address that apprise understands; see https://appriseit.com/services/"
            )
        # it would sleep where nobody can wake it
        self._service.request_rate_per_sec = 0
        self._robot = address.partition("://")[0].lower() in _ROBOTS
        module = sys.modules[type(self._service).__module__]
        requests = getattr(module, "requests", None)
        if requests is not None and not isinstance(requests, _Overheard):
            module.requests = _Overheard(requests)  # type: ignore[attr-defined]

    def __call__(self, message: Message) -> None:
        _here.answer = None
        with _silence():
            sent = self._service.notify(title=message.title, body=message.text, body_format="text")
        answer = _here.answer
        if answer is not None and not 200 <= answer.status_code < 300:
            raise _refused(answer.status_code, answer.headers.get("Retry-After"))
        if not sent:
            raise _Refused("it was not reached", again=True)
        if answer is not None and self._robot and (code := _code(answer.content)):
            raise _Refused(f"it answered with error {code}", again=code in _LATER)


def _code(answer: bytes) -> int:
    """The error that a group robot's answer names; 0 for none."""
    try:
        told = json.loads(answer)
    except ValueError:
        return 0
    if not isinstance(told, dict):
        return 0
    code = told.get("errcode", told.get("code", told.get("StatusCode", 0)))
    return code if isinstance(code, int) else 0
