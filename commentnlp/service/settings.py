"""What the service may be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
