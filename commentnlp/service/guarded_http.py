"""uvicorn's HTTP protocol with limits on what nobody has shown a token for yet.

uvicorn waits for a request as long as a connection is open, and takes headers of any length; a
thousand silent connections would then be all that the system lets a process open. `serve` uses
`Protocol` by itself; with uvicorn's own command it is an option::

    uvicorn serve:app --http commentnlp.service.guarded_http:Protocol

The limits of bodies, and of headers once they are whole, are kept by the app, whatever serves it.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from commentnlp.service.gate import MAX_HEADER_BYTES
from commentnlp.service.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Base
    from uvicorn.server import ServerState
else:
    # httptools where it is installed, else h11
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as Base

HEADER_SECONDS = 30.0
"""Until a header is whole: from the opening of a connection, from the answer before, or from its
first byte."""
BODY_SECONDS = 60.0
"""Without a byte of a body that has been answered already."""
ANSWER_SECONDS = 300.0
"""Without the client taking any of an answer. The system has buffers of megabytes, which a slow
line empties for a minute before this process sees any of it."""
MAX_CONNECTIONS = 1_000
"""Open at once; one more closes the one that has been waiting for its client longest."""

_FRAME_BYTES = 16
"""Bytes that may come for one of a body: a chunk of one byte has five more around it."""
_MOST_FILES = 65_536


class _Stage(Enum):
    """What a client sends."""

    NOTHING = "nothing"
    HEADER = "a header"
    BODY = "a body"


class Protocol(Base):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take what uvicorn gives; requests say in ``state`` that they are guarded."""
        super().__init__(config, server_state, {**app_state, "guarded": True}, _loop)
        self.ws_protocol_class = None  # nothing here speaks it
        self._open = _open_connections.setdefault(server_state, {})
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        """When what is waited for began, by the loop's clock."""
        self._stage_of_parser = _Stage.NOTHING
        self._received = self._content = 0
        """Bytes of this stage, and how many of them are content of a body."""
        self._unsent = 0
        """Bytes of the answer that the client had not taken at the last look."""
        self._refused = False

    # what uvicorn calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Close the connection that waits longest where there are too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        if len(self._open) >= max_connections():
            idle = next((one for one in self._open if one._waits_for_client()), self)
            self._open.pop(idle, None)
            idle.transport.abort()
        self._open[self] = None
        self._timer = self.loop.call_later(HEADER_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._open.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes, and refuse those of an endless header."""
        if self._refused:
            return
        before = self._stage
        super().data_received(data)
        stage = self._stage
        if stage is _Stage.NOTHING or (stage is _Stage.BODY and before is not stage):
            self._received = 0
        else:
            self._received += len(data)
        if stage is _Stage.BODY or (stage is not before and stage is _Stage.HEADER):
            self._since = self.loop.time()
        if stage is _Stage.HEADER and self._received > MAX_HEADER_BYTES:
            self._refuse(431, f"the header has more than {MAX_HEADER_BYTES:,} bytes")
        elif stage is _Stage.BODY and _COUNTS_CONTENT and (
            self._received > MAX_HEADER_BYTES + _FRAME_BYTES * self._content
        ):  # fmt: skip
            self._refuse(431, "what stands around the body is longer than a header may be")

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._since = self.loop.time()
        if self in self._open:  # who got an answer last is the last to be closed
            del self._open[self]
            self._open[self] = None
        super().on_response_complete()

    # what httptools calls

    def on_message_begin(self) -> None:
        """A header begins."""
        self._stage_of_parser = _Stage.HEADER
        self._received = self._content = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A body begins."""
        self._stage_of_parser = _Stage.BODY
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of a body."""
        self._content += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._stage_of_parser = _Stage.NOTHING
        super().on_message_complete()

    # within

    @property
    def _stage(self) -> _Stage:
        if _COUNTS_CONTENT:
            return self._stage_of_parser
        connection: Any = self.conn  # type: ignore[attr-defined]
        if str(connection.their_state) == "SEND_BODY":
            return _Stage.BODY
        return _Stage.HEADER if connection.trailing_data[0] else _Stage.NOTHING

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _waits_for_client(self) -> bool:
        """Whether nothing happens here until the client sends something."""
        if self._is_answering():
            return self._stage is _Stage.BODY
        return not self.transport.get_write_buffer_size()

    def _look(self) -> None:
        """See whether something has been waited for too long."""
        now = self.loop.time()
        unsent = self.transport.get_write_buffer_size()
        if self._is_answering() or unsent != self._unsent:
            # the app itself waits no longer than it may for a body
            self._since, self._unsent = now, unsent
        stage = self._stage
        if unsent:
            seconds = ANSWER_SECONDS
        else:
            seconds = BODY_SECONDS if stage is _Stage.BODY else HEADER_SECONDS
        left = self._since + seconds - now
        if left > 0:
            self._timer = self.loop.call_later(min(left, HEADER_SECONDS), self._look)
        elif stage is _Stage.HEADER and not unsent:
            self._refuse(408, f"the header was not whole within {HEADER_SECONDS:g} seconds")
        else:
            self.transport.abort()

    def _refuse(self, status: int, detail: str) -> None:
        """Answer and close; only close where another answer is on its way."""
        self._refused = True
        if self.transport.is_closing():
            return
        if self._is_answering():
            self.transport.abort()
            return
        problem = Problem(status, detail)
        body = problem.to_bytes()
        head = (
            f"HTTP/1.1 {status} {problem.title}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


_COUNTS_CONTENT = hasattr(Base, "on_headers_complete")
"""Whether the parser is httptools; h11 keeps a limit of its own around bodies."""
_open_connections: WeakKeyDictionary[ServerState, dict[Protocol, None]] = WeakKeyDictionary()
"""Connections of a server, the one that has been without an answer longest at the beginning."""
_allowed: int | None = None


def max_connections() -> int:
    """How many connections may be open: half of the files that the system allows are others."""
    global _allowed
    if _allowed is None:
        _allowed = min(MAX_CONNECTIONS, _raised_file_limit() // 2)
    return _allowed


def _raised_file_limit() -> int:
    """How many files the process may have open, once that is as many as it may ask for."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return _MOST_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return soft
        return wanted
    return _MOST_FILES if soft == resource.RLIM_INFINITY else soft
