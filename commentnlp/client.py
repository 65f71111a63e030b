"""A client of the HTTP service: sends, classifies, reads; tries again where that makes sense.

>>> client = Client("http://127.0.0.1:8000")  # doctest: +SKIP
>>> client.send([{"user": "u1", "text": "什么时候发货"}], room="翡翠间").kept  # doctest: +SKIP
1
"""

from __future__ import annotations

import http.client
import json
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from commentnlp.errors import CommentnlpError

MAX_EVENTS_PER_CALL = 1_000
MAX_BYTES_PER_CALL = 900_000
"""Below the 1 MB that nginx takes where nobody says otherwise."""
MAX_COMMENTS_PER_CALL = 1_000
PATIENCE_SECONDS = 300.0
"""For which a call that is turned away is tried again."""
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
_RETRIED = (429, 502, 503, 504)


class ServiceError(CommentnlpError):
    """The service did not do what was asked; ``status`` is 0 where it did not answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        """Take the sentence and the HTTP status."""
        super().__init__(message)
        self.status = status


class RejectedEvent(NamedTuple):
    """An event that the service did not keep."""

    at: int
    """Place of the event among those that were sent, from 0."""
    why: str


@dataclass
class SendResult:
    """What became of the events that were sent."""

    kept: int = 0
    repeated: int = 0
    """Kept before, by an earlier call."""
    rejected: list[RejectedEvent] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """Events that the service has judged."""
        return self.kept + self.repeated + len(self.rejected)


class Client:
    """Calls one service. May be used from one thread at a time; close it, or use ``with``."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        token: str = "",
        *,
        timeout: float = 30.0,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], object] = time.sleep,
        waiting: Callable[[str, float], object] = lambda why, seconds: None,
    ) -> None:
        """Take the address of the service and, where it wants one, its token.

        ``timeout`` is that of one try in seconds; for ``patience`` seconds a call is tried again
        that was not answered or turned away for now (429, 502, 503, 504), after a wait that
        doubles, or as long as ``Retry-After`` asks. ``waiting`` is told why and how long. Raises
        ServiceError for what is no address.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServiceError(f"{url!r} is no address of a service; give one such as"
                               " http://127.0.0.1:8000")  # fmt: skip
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        """Without a user or a query."""
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(parts.hostname, port, timeout=timeout)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"User-Agent": "commentnlp", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._patience = patience
        self._sleep = sleep
        self._waiting = waiting

    def __enter__(self) -> Client:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; another call opens it again."""
        self._connection.close()

    def send(
        self,
        events: Iterable[Mapping[str, Any]],
        *,
        room: str = "",
        progress: Callable[[SendResult], object] = lambda result: None,
    ) -> SendResult:
        """Send events, as many as there are, in calls of a bounded size.

        An event is a mapping as ``POST /v1/events`` takes it; ``room`` is that of events that name
        none. Where an event has neither ``id`` nor ``time`` it is given an ``id``, so that trying
        again keeps nothing twice. ``progress`` is told after each call. Raises ServiceError where
        the service cannot be reached or refuses; what was acknowledged before is kept.
        """
        result = SendResult()
        for batch in _batches(_with_ids(events)):
            self._send_batch(batch, room, result)
            progress(result)
        return result

    def classify(self, texts: Iterable[str]) -> list[dict[str, Any]]:
        """Tags of each text, in the order of the texts: facet → labels with scores, evidence."""
        answers: list[dict[str, Any]] = []
        several = list(texts)
        for at in range(0, len(several), MAX_COMMENTS_PER_CALL):
            comments = [{"text": text} for text in several[at : at + MAX_COMMENTS_PER_CALL]]
            answers += self._call("POST", "/v1/classify", {"comments": comments})["results"]
        return answers

    def now(self, room: str | None = None) -> dict[str, Any]:
        """What a room, or all together, is like now: figures, questions, hotspots."""
        told: dict[str, Any] = self._call("GET", "/v1/now", query={"room": room})
        return told

    def comments(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Kept comments, the latest first, page by page.

        ``filters`` are those of ``GET /v1/comments``: ``room``, ``since``, ``until``, ``label``,
        ``text``; ``limit`` is the size of a page, not of the whole.
        """
        query = {"limit": 500, **filters}
        while True:
            page = self._call("GET", "/v1/comments", query=query)
            yield from page["comments"]
            if page["next"] is None:
                return
            query["before"] = page["next"]

    # one call ---------------------------------------------------------------------------------

    def _send_batch(self, batch: Sequence[str], room: str, result: SendResult) -> None:
        """Send events that are JSON texts; halves, where they are too many for the service."""
        body = f"[{','.join(batch)}]".encode()
        before = result.sent
        try:
            answer = self._call("POST", "/v1/events", body, {"room": room or None})
        except ServiceError as error:
            if error.status == 413 and len(batch) > 1:
                half = len(batch) // 2
                self._send_batch(batch[:half], room, result)
                self._send_batch(batch[half:], room, result)
                return
            if error.status not in (413, 422):
                raise
            # none of them can be used
            places = range(before, before + len(batch))
            result.rejected += [RejectedEvent(at, str(error)) for at in places]
            return
        result.kept += answer["kept"]
        result.repeated += answer["repeated"]
        result.rejected += [
            RejectedEvent(before + one["at"], one["why"]) for one in answer["rejected"]
        ]

    def _call(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        """The answer to a call, tried again as long as that makes sense."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        where = f"{self._prefix}{path}" + (f"?{urlencode(given)}" if given else "")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        end, wait = time.monotonic() + self._patience, FIRST_WAIT_SECONDS
        while True:
            status, content, after, why = self._try(method, where, body)
            if status == 200:
                return content
            error = self._error(status, content, why)
            if status and status not in _RETRIED:
                raise error
            pause = max(after, wait * random.uniform(0.5, 1.0))
            if time.monotonic() + pause > end:
                raise error
            self._waiting(str(error), pause)
            self._sleep(pause)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _try(self, method: str, where: str, body: bytes | None) -> tuple[int, Any, float, str]:
        """Status, JSON, seconds to wait and, where nobody answered (status 0), the reason."""
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, where, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return 0, None, 0.0, _reason(error)
        after = answer.headers.get("Retry-After", "")
        seconds = float(after) if after.isdecimal() and len(after) < 6 else 0.0
        try:
            told = json.loads(content)
        except ValueError:
            told = None
        if answer.status == 200 and not isinstance(told, dict):
            self._connection.close()
            return 404, None, 0.0, ""
        return answer.status, told, min(seconds, LONGEST_WAIT_SECONDS), ""

    def _error(self, status: int, content: Any, why: str) -> ServiceError:
        detail = content.get("detail", "") if isinstance(content, dict) else ""
        if not status:
            return ServiceError(f"{self.url}: no answer ({why}); does the service run there?")
        if status == 401:
            detail = "it wants a token; give it, or the right one (COMMENTNLP_TOKEN)"
        elif 300 <= status < 400:
            detail = "it leads elsewhere; give the address that it leads to"
        elif status == 404 and not detail:
            detail = "no commentnlp service answers there"
        return ServiceError(f"{self.url} answered {status}: {detail or 'no reason given'}", status)


def _reason(error: Exception) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "timed out"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _with_ids(events: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The events, those without id and time with an id of their own."""
    run = secrets.token_hex(8)
    for number, event in enumerate(events):
        unsure = not event.get("id") and not event.get("time")
        yield {**event, "id": f"{run}-{number}"} if unsure else event


def _batches(events: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Events as JSON texts, in parts that fit into a call."""
    batch: list[str] = []
    size = 0
    for event in events:
        text = json.dumps(event, ensure_ascii=False, default=_as_text)
        text = text.encode("utf-8", "replace").decode()
        length = len(text.encode()) + 1
        if batch and (len(batch) >= MAX_EVENTS_PER_CALL or size + length > MAX_BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


def _as_text(value: Any) -> str:
    """Times and the like."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
