"""The service's log: time, level and one line an event, as text or as JSON.

Whatever a line holds of callers is escaped: control and direction characters, line ends.
"""

from __future__ import annotations

import json
import logging
import sys
import unicodedata
from datetime import datetime, tzinfo
from typing import Any

FORMATS = ("text", "json")

AUDIT = "commentnlp.audit"
"""The logger of what changes something besides events: logins, deletions, labels, models."""

_ESCAPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
# uvicorn's own lines go to the same place in the same form; ours tell who called, where asked for
_OURS = "commentnlp"
_SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
_ACCESS_OF_SERVER = "uvicorn.access"


def set_up_logging(form: str, zone: tzinfo, server_level: int = logging.WARNING) -> None:
    """Have the log of the service and of uvicorn written to stderr.

    ``form`` is one of `FORMATS`; times are those of ``zone``; ``server_level`` is that of uvicorn's
    own lines. For the process that serves; a program that has the app in itself keeps its own
    logging.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(zone) if form == "json" else TextLines(zone))
    for name in (_OURS, *_SERVERS):
        logger = logging.getLogger(name)
        outermost = name in (_OURS, _SERVERS[0])
        logger.handlers[:] = [handler] if outermost else []
        logger.propagate = not outermost
        logger.setLevel(logging.INFO if name == _OURS else server_level)
    access = logging.getLogger(_ACCESS_OF_SERVER)
    access.handlers[:], access.propagate = [], False


def audit(action: str, **fields: Any) -> None:
    """Write a line of what somebody did: ``deletion client=127.0.0.1 deleted=3``."""
    logging.getLogger(AUDIT).info("%s", action, extra={"fields": fields})


class TextLines(logging.Formatter):
    """``2026-03-14T20:15:03.123+08:00 WARNING webhooks: …``."""

    def __init__(self, zone: tzinfo) -> None:
        """Take the clock of the lines."""
        super().__init__()
        self._zone = zone

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the record."""
        line = record.getMessage()
        for name, value in _fields_of(record).items():
            line += f" {name}={_bare_or_quoted(value)}"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        server = record.name.startswith(_SERVERS[0])  # whose "uvicorn.error" is not only errors
        name = _SERVERS[0] if server else record.name.rpartition(".")[2]
        return f"{_moment(record, self._zone)} {record.levelname} {name}: {escape(line)}"


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``message``, fields of the event."""

    def __init__(self, zone: tzinfo) -> None:
        """Take the clock of the lines."""
        super().__init__()
        self._zone = zone

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the record."""
        told = {
            "time": _moment(record, self._zone),
            "level": record.levelname,
            "logger": record.name,
            "message": escape(record.getMessage()),
            **{name: _escaped(value) for name, value in _fields_of(record).items()},
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str).encode(
            "utf-8", "backslashreplace"
        ).decode()  # fmt: skip


def escape(text: str) -> str:
    """Text on one line that neither moves a terminal's cursor nor turns its direction.

    >>> escape("a" + chr(10) + chr(27) + "[2J")
    'a\\\\n\\\\x1b[2J'
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_SHORT.get(char) or _escaped_character(char) for char in text)


def _escaped_character(char: str) -> str:
    if unicodedata.category(char) not in _ESCAPED:
        return char
    code = ord(char)
    if code < 1 << 8:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"


def _escaped(value: Any) -> Any:
    return escape(value) if isinstance(value, str) else value


def _bare_or_quoted(value: Any) -> str:
    text = str(value)
    # one word as it is; else a reader could not tell where it ends
    plain = text and not any(char in text for char in ' "=')
    return text if plain else json.dumps(text, ensure_ascii=False)


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _moment(record: logging.LogRecord, zone: tzinfo) -> str:
    return datetime.fromtimestamp(record.created, zone).isoformat(timespec="milliseconds")
