"""Copies of a store, and whether a store is sound."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from commentnlp.errors import StoreError
from commentnlp.service.schema import VERSION_TABLE
from commentnlp.whole_files import whole_file


def backup(store: Path, target: Path) -> int:
    """Copy an SQLite store, also while a service writes to it; returns how many events it holds.

    Raises StoreError where there is no store, where it is damaged, or where ``target`` is there
    already: a backup never takes the place of another.
    """
    if target.exists():
        raise StoreError(f"{target}: is there already; name a new file for the backup")
    with closing(_opened(store)) as source, whole_file(target) as part:
        _checked(source, store)
        part.chmod(0o600)  # it holds what the store holds
        with closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            return _checked(copy, store)


def check(store: Path) -> int:
    """See that an SQLite store is sound; returns how many events it holds. Raises StoreError."""
    with closing(_opened(store)) as source:
        return _checked(source, store)


def _opened(store: Path) -> sqlite3.Connection:
    if not store.is_file():
        raise StoreError(f"{store}: there is no store; --store names its file")
    try:
        # never makes a file, and changes nothing
        return sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise StoreError(f"{store}: cannot be opened ({error})") from None


def _checked(connection: sqlite3.Connection, store: Path) -> int:
    try:
        (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if said == "ok":
            connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
            (events,) = connection.execute("SELECT count(*) FROM events").fetchone()
            return int(events)
    except sqlite3.Error as error:
        said = error
    raise StoreError(f"{store}: is damaged or no store of ours ({said}); bring a backup back")
