"""Webhooks: sends messages with patience, one thread each, so that none waits for another.

``http(s)://`` addresses get plain JSON, group robots (`commentnlp.service.robots`) text; other
addresses are apprise's. All but scheme, host and port of an address may be a secret: it is in no
error and no log.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from commentnlp.errors import CommentnlpError
from commentnlp.service import robots
from commentnlp.service.posting import Poster, Refused

MAX_WAITING = 100
"""Messages that wait for a webhook; where there are more, the oldest is dropped."""
TRIES = 5
"""How often a message is sent to a webhook that does not take it."""
FIRST_WAIT = 4.0
"""Seconds before the second try, less a random part up to half; each further wait is twice that."""
LONGEST_WAIT = 3600.0
"""Seconds that a webhook may ask us to wait (``Retry-After``)."""
CHAT_PAUSE = 3.0
"""Seconds between two messages to a chat: robots of DingTalk and WeCom take 20 a minute."""
LATE_SECONDS = 120.0
"""Age from which on a message to a chat says of which time it is."""

_log = logging.getLogger(__name__)


class Message(NamedTuple):
    """What a webhook is told, in the forms that there are."""

    json: bytes
    """For plain webhooks."""
    title: str
    """For chats."""
    text: str
    late_title: str
    """Instead of the title, once it is late."""
    made: float
    """Seconds since 1970."""


class Trial(NamedTuple):
    """What became of a test message."""

    webhook: str
    """As the log names it."""
    taken: bool
    answer: str
    """What was answered, in words."""


class Webhook:
    """One address: what waits for it, and the thread that sends it."""

    def __init__(
        self,
        place: int,
        address: str,
        closing: threading.Event,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take an address, the ``place``-th of several.

        ``closing`` is set when no more than one try is wanted; ``sleep`` waits between tries (as
        long as ``closing`` is not set, where it is not given); ``clock`` tells seconds since 1970.
        Raises CommentnlpError for an address that is not understood, or needs apprise where that
        is not installed.
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
        """The one that is tried; None once it is not to be sent any more."""
        self.name = public_name(place, address)
        """What the log calls it."""
        self._sender = _sender_to(address, self.name, clock)
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
            if len(self.messages) >= MAX_WAITING:
                self.messages.popleft()
                self.dropped += 1
            self.messages.append(message)
            self._wake.notify()

    def drop(self, unwanted: Callable[[Message], bool]) -> None:
        """Leave messages unsent that still wait, also those that wait for another try."""
        with self._wake:
            wanted = [message for message in self.messages if not unwanted(message)]
            self.dropped += len(self.messages) - len(wanted)
            self.messages = deque(wanted)
            if self._sending is not None and unwanted(self._sending):
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
                _log.warning("%s did not take an alert: %s", self.name, _reason(error))
                self.failed += 1
            if not isinstance(self._sender, _Plain):
                self._sleep(CHAT_PAUSE)

    def _send(self, message: Message) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                self._sender.send(message)
                return
            except Refused as refused:
                if not refused.again or attempt == TRIES or self._closing.is_set():
                    raise
                wait = FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1)
                self._sleep(max(wait, min(refused.after, LONGEST_WAIT)))
            if self._sending is None:
                raise Refused("a comment that it quotes was deleted meanwhile", again=False)


def try_webhook(place: int, address: str, message: Message) -> Trial:
    """Send a message once, now. Raises CommentnlpError for an address that is not understood."""
    name = public_name(place, address)
    try:
        return Trial(name, True, _sender_to(address, name, time.time).send(message))
    except CommentnlpError:
        raise
    except Exception as error:
        return Trial(name, False, _reason(error))


def _reason(error: Exception) -> str:
    # what is not ours may hold the address
    return str(error) if isinstance(error, Refused) else type(error).__name__


def _sender_to(
    address: str, name: str, clock: Callable[[], float]
) -> _Plain | _RobotSender | _AppriseSender:
    """What sends to an address, which errors call ``name``."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for one that is no number
    except ValueError:
        raise CommentnlpError(f"{name} is no address; write one such as https://…") from None
    try:
        robot = robots.read_address(address)
    except ValueError as error:
        raise CommentnlpError(f"{name} is {error}") from None
    if robot is not None:
        return _RobotSender(robots.Robot(robot, clock), clock)
    if parts.scheme not in ("http", "https"):
        return _AppriseSender(address, name, clock)
    if not parts.hostname or not re.fullmatch(r"[\x21-\x7e]+", address):
        raise CommentnlpError(
            f"{name} is no address that can be posted to; it needs a host, and what is not ASCII"
            " percent-encoded"
        )
    return _Plain(Poster(address))


def public_name(place: int, address: str) -> str:
    """What may be shown of an address: its number, scheme, host and port; the rest can be a
    secret, in other schemes than http(s) the host, too."""
    scheme, found, _ = address.partition("://")
    if not found or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,19}", scheme):
        return f"webhook {place}"
    host = ""
    if scheme.lower() in ("http", "https"):
        with suppress(ValueError):
            parts = urlsplit(address)
            port = f":{parts.port}" if parts.port is not None else ""
            name = parts.hostname or ""
            host = (f"[{name}]" if ":" in name else name) + port + "/"
    return f"webhook {place} ({scheme}://{host}…)"


class _Plain:
    """Posts JSON to an address."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster

    def send(self, message: Message) -> str:
        status, _, _ = self._poster.post(message.json)
        return f"it answered {status}"


class _RobotSender:
    """Sends a message as text to a group robot."""

    def __init__(self, robot: robots.Robot, clock: Callable[[], float]) -> None:
        self._robot = robot
        self._clock = clock

    def send(self, message: Message) -> str:
        return self._robot.send(f"{_title(message, self._clock())}\n{message.text}")


def _title(message: Message, now: float) -> str:
    return message.late_title if now - message.made > LATE_SECONDS else message.title


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


class _AppriseSender:
    """Sends a message in the shape of the service that an apprise address names."""

    def __init__(self, address: str, name: str, clock: Callable[[], float]) -> None:
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
        self._clock = clock

    def send(self, message: Message) -> str:
        title = _title(message, self._clock())
        with _silence():
            sent = self._service.notify(title=title, body=message.text, body_format="text")
        if not sent:  # apprise keeps the reason to itself
            raise Refused("it did not take it", again=True)
        return "it took it"
