"""The model in use, and how another takes its place without a restart."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from commentnlp.compiled_core import core_name
from commentnlp.errors import ModelError
from commentnlp.model import Model
from commentnlp.model_folder import folder_in_use
from commentnlp.service.logs import audit

WARMING = "这个多少钱"
"""Tagged before a model is used: the first comment of all costs most."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """A model that was not taken."""

    error: str
    at: datetime


class Serving:
    """Holds the model in use. Whoever works takes ``model`` once and stays with it to the end."""

    def __init__(self, path: Path) -> None:
        """Load the model that ``path`` names. Raises ModelError."""
        self.path = path
        self._seen = _fingerprint(path)
        self.model = _load(path)
        self.loaded = datetime.now(timezone.utc)
        self.failed: Failure | None = None

    def changed(self) -> bool:
        """Whether the model folder or the pointer to it is another than at the last look."""
        return _fingerprint(self.path) != self._seen

    def reload(self) -> bool:
        """Load the model anew; a broken one is not taken, and ``failed`` says why.

        Returns whether another version is in use now.
        """
        self._seen = _fingerprint(self.path)
        try:
            model = _load(self.path)
        except ModelError as error:
            self.failed = Failure(str(error), datetime.now(timezone.utc))
            _log.error("the new model was not taken: %s", error)
            return False
        self.failed = None
        before = self.model.meta.version
        self.model = model
        if model.meta.version == before:
            return False
        self.loaded = datetime.now(timezone.utc)
        audit("model swap", model=model.meta.version, before=before, core=core_name())
        return True


def _load(path: Path) -> Model:
    model = Model.load(path)
    model.tag([WARMING], evidence=True)
    return model


def _fingerprint(path: Path) -> tuple[object, ...]:
    """What is different once another model lies there; looks at no contents but the pointer's."""
    try:
        folder = folder_in_use(path)
        told = (folder / "model.json").stat()
    except (ModelError, OSError):
        return (None,)
    return folder, told.st_mtime_ns, told.st_ino, told.st_size
