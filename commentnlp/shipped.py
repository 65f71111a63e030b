"""Where the shipped model and samples lie: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _find(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


DEFAULT_MODEL = _find("models") / "default"
TRAINING_DATA = _find("training_data")
