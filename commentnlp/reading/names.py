"""Which files are worth reading, and names of files inside archives made harmless."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from commentnlp.errors import ReadError

_TABLES = ".csv .tsv .txt .log .json .jsonl .ndjson .xlsx .xlsm .xls .parquet"
_OTHERS = ".xml .ass .srt .vtt .db .sqlite .sqlite3 .gz .zst .zip"
ENDINGS = frozenset(f"{_TABLES} {_OTHERS}".split())
"""Of files that may hold comments; others in a folder or archive are passed over."""

# what moves the cursor, turns the text, or is no name on Windows
_HARMFUL = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]'
)


_OF_PACKAGES = frozenset(
    ["METADATA", "WHEEL", "RECORD", "LICENSE", "README", "Makefile", "Dockerfile"]
)


def may_hold_comments(name: str) -> bool:
    """By its name alone; no ending, or one that is a number (弹幕3.14), says nothing."""
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    if not ending or re.fullmatch(r"\.\d+", ending):
        return path.name not in _OF_PACKAGES
    return ending in ENDINGS


def harmless_name(name: str) -> str:
    """A name inside an archive as it may be shown and used for a file: no control or bidi
    characters, no backslashes and drives, by which it would lead elsewhere on Windows."""
    return _HARMFUL.sub("_", name.replace("\\", "/"))


def files_of(paths: Sequence[Path | str]) -> list[str]:
    """The paths, with the files of comments in a folder in its place, sorted by name.

    Hidden files, what `classify` wrote and what has another ending are passed over. Raises
    ReadError for a folder without any.
    """
    files: list[str] = []
    for path in paths:
        folder = Path(path)
        if str(path) == "-" or not folder.is_dir():
            files.append(str(path))
            continue
        inside = sorted(
            str(one)
            for one in folder.iterdir()
            if one.is_file()
            and one.suffix
            and may_hold_comments(one.name)
            and not one.name.startswith((".", "~$"))
            and ".tagged." not in one.name
        )
        if not inside:
            raise ReadError(
                f"{path}: no file of comments in this folder ({' '.join(sorted(ENDINGS))})"
            )
        files += inside
    return files
