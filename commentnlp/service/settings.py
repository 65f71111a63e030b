"""What the service may be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from commentnlp.errors import CommentnlpError
from commentnlp.shipped import DEFAULT_MODEL


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service runs. The doors fill it from options and environment."""

    store: str = "sqlite:///commentnlp.db"
    """Where events are kept: an SQLAlchemy address, ``sqlite:///FILE`` or
    ``postgresql+psycopg://USER:PASSWORD@HOST/NAME``."""
    model: Path = DEFAULT_MODEL
    """A model folder, or a folder whose file ``current`` names the one in use."""
    token: str = ""
    """What callers must show; empty where everybody on this machine may call."""
    read_token: str = ""
    """What callers may show instead who are to change nothing; empty where there are none."""
    push_secret: str = ""
    """Secret of Douyin's push; where it is set, a push must be signed with it."""
    name_secret: str = ""
    """Key of the hashed nicknames; the store makes its own where none is given."""
    keep_names: bool = False
    """Keep nicknames as they are."""
    keep_days: float | None = None
    """Days after which events are deleted; None keeps them."""
    zone: str = "Asia/Shanghai"
    """The clock of times that name none, and of the page."""
    language: str = "zh"
    """Of the live page where the browser asks for neither: ``zh`` or ``en``."""
    webhooks: tuple[str, ...] = ()
    """Where alerts go: ``https://…`` gets plain JSON; other shapes are apprise's addresses, such
    as ``dingtalk://…``."""
    alert_labels: tuple[str, ...] = ()
    """Complaints that alert, as ``facet/label``; empty for all."""
    alert_score: float | None = 0.95
    """A single comment alerts from this score on; None for hotspots only."""
    alert_pause: float = 600.0
    """Seconds for which a label that alerted stays silent in its room."""
    log_format: str = "text"
    """``text`` or ``json``."""
    access_log: bool = False
    """A line in the log for every request."""
    url: str = ""
    """Where people reach the service, such as ``https://live.example.com``: alerts link to it."""
    most_comments: int = 1_000
    """Comments a call of classify."""
    most_events: int = 5_000
    """Events a call."""
    most_bytes: int = 4_000_000
    """Bytes a body, unpacked."""
    most_characters: int = 10_000
    """Characters a comment."""
    most_waiting: int = 20_000
    """Events or comments that may wait for their turn; more are turned away with 503."""


PREFIX = "COMMENTNLP_"
_NAMES = {
    "STORE": "store", "MODEL": "model", "TOKEN": "token", "READ_TOKEN": "read_token",
    "PUSH_SECRET": "push_secret", "SECRET": "name_secret", "KEEP_NAMES": "keep_names",
    "KEEP_DAYS": "keep_days", "TZ": "zone", "LANG": "language", "WEBHOOKS": "webhooks",
    "ALERT_LABELS": "alert_labels", "ALERT_SCORE": "alert_score", "ALERT_PAUSE": "alert_pause",
    "URL": "url", "LOG_FORMAT": "log_format", "ACCESS_LOG": "access_log",
}  # fmt: skip
_ELSEWHERE = ("CORE",)
"""Variables that others read."""


def settings_of(environment: Mapping[str, str], **options: Any) -> Settings:
    """Settings from ``COMMENTNLP_…`` variables; ``options`` that are not None go before them.

    Raises CommentnlpError that names the variable whose value is none.
    """
    _refuse_unknown(environment)
    values: dict[str, Any] = {}
    for name, field in _NAMES.items():
        text = environment.get(PREFIX + name, "").strip()
        if text and options.get(field) is None:
            values[field] = _value(PREFIX + name, field, text)
    values.update((field, value) for field, value in options.items() if value is not None)
    if "://" not in values.get("store", "://"):
        values["store"] = f"sqlite:///{values['store']}"
    if values.get("language", "zh") not in ("zh", "en"):
        raise CommentnlpError(f"{PREFIX}LANG: give zh or en, not {values['language']!r}")
    if values.get("log_format", "text") not in ("text", "json"):
        raise CommentnlpError(
            f"{PREFIX}LOG_FORMAT: give text or json, not {values['log_format']!r}"
        )
    if values.get("keep_days") is not None and not values["keep_days"] > 0:
        raise CommentnlpError("keep_days: give more than 0 days, or leave it out to keep all")
    if values.get("url"):
        values["url"] = _checked_url(values["url"])
    read_token = values.get("read_token")
    if read_token and not values.get("token"):
        raise CommentnlpError(f"{PREFIX}READ_TOKEN: nobody could write; set {PREFIX}TOKEN, too")
    if read_token and read_token == values["token"]:
        raise CommentnlpError(f"{PREFIX}READ_TOKEN: give another than {PREFIX}TOKEN")
    return Settings(**values)


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not re.fullmatch(r"[\x21-\x7e]+", url) or "?" in url or "#" in url:
        raise CommentnlpError(f"{PREFIX}URL: give the address of the live page, such as"
                              f" https://live.example.com, not {url!r}")  # fmt: skip
    return url.rstrip("/")


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    """A misspelt variable would leave a door open without a word."""
    known = [*_NAMES, *_ELSEWHERE]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in known:
            near = get_close_matches(name.removeprefix(PREFIX), known, n=1)
            every = ", ".join(PREFIX + one for one in known)
            hint = f"is {PREFIX}{near[0]} meant?" if near else f"there are {every}"
            raise CommentnlpError(f"{name}: no such setting; {hint}")


def _value(name: str, field: str, text: str) -> Any:
    if field == "model":
        return Path(text)
    if field in ("webhooks", "alert_labels"):
        return tuple(text.split())
    if field in ("keep_names", "access_log"):
        if text.lower() not in ("0", "1", "no", "yes", "false", "true"):
            raise CommentnlpError(f"{name}: give 1 or 0, not {text!r}")
        return text.lower() in ("1", "yes", "true")
    if field in ("keep_days", "alert_score", "alert_pause"):
        if field == "alert_score" and text.lower() in ("none", "off"):
            return None
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if field == "alert_score" and not 0 <= number <= 1:
            raise CommentnlpError(f"{name}: give a score from 0 to 1, or off, not {text!r}")
        if not 0 <= number < 1e9:
            raise CommentnlpError(f"{name}: give a number from 0 on, not {text!r}")
        return number
    return text
