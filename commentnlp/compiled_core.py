"""The compiled core, where there is one, and jieba's dictionary as it reads it.

``_core.c`` does for one comment after the other what `commentnlp.features` and `commentnlp.model`
do with arrays for a thousand: the same answers, several times faster, and without the
interpreter's lock. It is built where a compiler is at hand when the package is installed. The
environment variable ``COMMENTNLP_CORE=python`` turns it off.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any


def load_core() -> ModuleType | None:
    """The extension module; None where it was not built, or is turned off."""
    if os.environ.get("COMMENTNLP_CORE") == "python":
        return None
    try:
        return import_module("commentnlp._core")
    except ImportError:
        return None


def core_name() -> str:
    """``compiled`` or ``python``: what tags comments here."""
    return "compiled" if load_core() else "python"


@lru_cache(maxsize=2)
def _dictionary_of(words: tuple[tuple[str, int], ...]) -> Any:
    core, package = load_core(), find_spec("jieba")
    if not core or not package or not package.origin:
        raise ImportError("the compiled core needs the package jieba for its dictionary")
    lines = Path(package.origin).with_name("dict.txt").read_bytes()
    return core.read_dictionary(lines, dict(words))


def read_dictionary(words: Mapping[str, int]) -> Any:
    """jieba's dictionary and ``words`` with their frequencies, for the compiled core."""
    return _dictionary_of(tuple(words.items()))
