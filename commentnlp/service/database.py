"""Opening the store's database: drivers, settings of a connection, migration, errors in words."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from commentnlp.errors import StoreError
from commentnlp.service import relabelling
from commentnlp.service.schema import VERSION, VERSION_TABLE, metadata

SHAPES = "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"

_BUSY = 10.0
"""Seconds to wait for another process that writes to the same file, or for PostgreSQL."""
_SQLITE = (
    "PRAGMA synchronous = FULL",  # what is acknowledged survives a power cut
    "PRAGMA secure_delete = ON",  # what is deleted is gone from the file
    "PRAGMA cache_size = -65536",
    # pages that change in every transaction are copied into the file once for all of them
    "PRAGMA wal_autocheckpoint = 4000",
)
# Every query walks an index in its order and stops early. Without statistics, as in the first hour
# of a new store, PostgreSQL would rather read whole tables and sort them, and compile plans of
# which it thinks that they take long.
_POSTGRES = "; ".join(
    f"SET {way} = off"
    for way in (
        "enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin",
        "enable_mergejoin", "jit",
    )
)  # fmt: skip
# a server that has gone without a word is given up within half a minute
_ALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
ADVISORY_KEY = 0x636F6D6D656E74  # any number of our own


@dataclass(frozen=True, slots=True)
class Database:
    """A database by its two doors: one writes, one reads at the same time."""

    place: str
    """As errors name it: a path, or the address without who and how."""
    sqlite: bool
    write: Engine
    read: Engine
    path: Path | None = None
    """SQLite's file,"""
    file: tuple[int, int] | None = None
    """and which file that was when the store was opened: device and number."""

    def check_file(self) -> None:
        """See that SQLite's file is still where it was: what is written to a file that has been
        removed or replaced is lost. Raises StoreError."""
        if self.path is None or self.file is None:
            return
        if _file_number(self.path) != self.file:
            raise StoreError(
                f"{self.place}: the file of the store was removed or replaced under the running"
                " service; stop the service, bring the file back, and start again"
            )

    def close(self) -> None:
        """Give all connections back."""
        self.read.dispose()
        self.write.dispose()

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Turn a driver's errors into StoreErrors; ``what`` is what could not be done."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreError(self.sentence(what, error)) from None

    def sentence(self, what: str, error: Exception) -> str:
        """What is wrong and what to do about it, without the password."""
        told = _told(error)
        if self.write.url.password:
            told = told.replace(str(self.write.url.password), "***")
        if isinstance(error, PoolTimeoutError):
            told, advice = "too many readers at once", "try again"
        else:
            advice = _advice(told, _OF_SQLITE if self.sqlite else _OF_POSTGRES)
        return f"{self.place}: the store cannot be {what} ({told}); {advice}"


def connect(url: str) -> Database:
    """Open a database and bring its tables up to date. Raises StoreError."""
    address = _address(url)
    sqlite = address.get_backend_name() == "sqlite"
    place = str(address.database) if sqlite else _public(address)
    if sqlite:
        _check_path(address)
        if not place.startswith("file:"):
            _make_private(Path(place))
    try:
        database = Database(place, sqlite, _engine(address, True), _engine(address, False))
    except ImportError:
        raise StoreError(
            f"{place}: the driver of PostgreSQL is not installed;"
            ' pip install "commentnlp[postgres]"'
        ) from None
    except (SQLAlchemyError, TypeError, ValueError) as error:
        raise StoreError(f"{place}: not an address of a store ({error}); give {SHAPES}") from None
    try:
        with database.errors("opened"):
            _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    if not sqlite or place.startswith("file:"):
        return database
    return replace(database, path=Path(place), file=_file_number(Path(place)))


def _file_number(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        backend, host = address.get_backend_name(), address.database
    except (ArgumentError, ValueError):
        # not repeated: there may be a password in it
        raise StoreError(f"not an address of a store; give {SHAPES}") from None
    if backend in ("postgres", "postgresql"):
        return address.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreError(f"{backend}: no store of this kind; give {SHAPES}")
    if not host or host == ":memory:":
        raise StoreError("the store must be a file, or nothing would be kept; give sqlite:///FILE")
    return address.set(drivername="sqlite+pysqlite")


def _public(address: URL) -> str:
    port = f":{address.port}" if address.port else ""
    # of a password that was not escaped, a part may stand here
    host = (address.host or "").rpartition("@")[2]
    return f"postgresql://{host}{port}/{(address.database or '').rpartition('@')[2]}"


def _check_path(address: URL) -> None:
    path = Path(str(address.database))
    if str(path).startswith("file:"):
        return
    if path.is_dir():
        raise StoreError(f"{path}: the store is a file, and this is a folder; name a file in it")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}; make it, or name another file")


def _make_private(path: Path) -> None:
    """Let nobody but the service's user read the store; SQLite gives its journal the same mode."""
    with suppress(OSError):  # opening it says what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for ending in ("", "-wal", "-shm", "-journal", "-service", "-key"):
        file = path.with_name(path.name + ending)
        with suppress(OSError):  # it is not there, or another's
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                file.chmod(mode & 0o700)


def _engine(address: URL, writes: bool) -> Engine:
    """An engine; parameters stay out of its errors, for they are what people wrote."""
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": 8, "max_overflow": 32}
    if address.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _BUSY, "isolation_level": None}
    else:
        options["pool_pre_ping"] = True
        defaults = {"connect_timeout": int(_BUSY), "client_encoding": "utf8", **_ALIVE}
        options["connect_args"] = {
            name: value for name, value in defaults.items() if name not in address.query
        }
    if not writes:
        options["isolation_level"] = "AUTOCOMMIT"
    engine = create_engine(address, **options)
    if address.get_backend_name() == "sqlite":
        settings = _SQLITE if writes else ("PRAGMA query_only = ON",)

        def set_up(connection: Any, _: Any) -> None:
            for setting in settings:
                connection.execute(setting)

    else:

        def set_up(connection: Any, _: Any) -> None:
            before, connection.autocommit = connection.autocommit, True
            connection.execute(f"{_POSTGRES}; SET lock_timeout = {_BUSY * 1000:.0f}")
            connection.autocommit = before

    event.listen(engine, "connect", set_up)
    if writes:
        event.listen(engine, "begin", _alone)
    return engine


def _alone(connection: Connection) -> None:
    """One writing transaction at a time, whichever process it is of.

    So the last number that it reads is the last, and who sees a number sees all before it.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_KEY})")


# migration --------------------------------------------------------------------------------


def _bring_up_to_date(database: Database) -> None:
    if database.sqlite:
        _set_journal(database)
    with database.write.begin() as connection:
        if not database.sqlite:
            _check_encoding(database, connection)
        version = _version(connection)
        if version == VERSION:
            return
        names = set(inspect(connection).get_table_names())
        if version is None and (names if database.sqlite else names & set(metadata.tables)):
            raise StoreError(
                f"{database.place}: holds the tables of another program; name"
                f" {'a new file' if database.sqlite else 'a database of its own'}"
            )
        _migrate(database, connection)
        if version == "0001":  # its corrections did not count yet
            relabelling.apply_all(connection)


def _set_journal(database: Database) -> None:
    with database.read.connect() as connection:
        if connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal":
            return
    # a connection of its own: the mode cannot be changed within a transaction
    raw = database.write.raw_connection()
    try:
        (mode,) = raw.cursor().execute("PRAGMA journal_mode = WAL").fetchone()
    finally:
        raw.close()
    if mode != "wal":
        raise StoreError(
            f"{database.place}: this disk does not let SQLite keep a journal for several readers;"
            " put the store on a local disk"
        )


def _check_encoding(database: Database, connection: Connection) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise StoreError(
            f"{database.place}: is a database of encoding {encoding}, which cannot hold every"
            " comment; make one with: createdb --encoding=UTF8 --template=template0 NAME"
        )


def _version(connection: Connection) -> str | None:
    """The migration that the store stands at; None for a store without tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if version is None else str(version)


def _migrate(database: Database, connection: Connection) -> None:
    # imported here: a store that is up to date opens in half the time without
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StoreError(
            f"{database.place}: was written by a newer commentnlp; upgrade with"
            " pip install --upgrade commentnlp"
        ) from None


def truncate_journal(database: Database) -> bool:
    """Empty SQLite's journal of what was deleted; False while somebody still reads from it."""
    raw = database.write.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA busy_timeout = 100")
        (busy, _, _) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY * 1000:.0f}")
    finally:
        raw.close()
    return not busy


def rewrite(database: Database) -> None:
    """Write an SQLite store anew, without what is left of deleted rows in it; others read on.

    PostgreSQL is told to clean up: it writes over the bytes of deleted rows when it needs the
    room, not before.
    """
    if not database.sqlite:
        with database.read.connect() as connection:
            connection.exec_driver_sql("VACUUM events, labels, corrections, rooms, minutes")
        return
    raw = database.write.raw_connection()
    try:
        raw.cursor().execute("VACUUM")
    finally:
        raw.close()


# errors in words --------------------------------------------------------------------------


def _told(error: Exception) -> str:
    """What the driver says, in one line."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(origin).split()) or type(origin).__name__


_OF_SQLITE = {
    "full": "make room on the disk and send it again",
    "not a database": "name another file, or move this one away",
    "malformed": "stop the service and bring a copy back, or move the file away",
    "locked": "another program keeps it locked; end it, then try again",
    "readonly": "let the service's user write to the file and its folder",
    "unable to open": "let the service's user write to the file and its folder",
    "": "look at the file and its disk, then try again",
}
# a failed connection has no code, only words
_OF_POSTGRES = {
    "password": "check user and password in the store's address",
    "authentication": "check user and password in the store's address",
    "does not exist": "make the database with createdb, or name another",
    "permission denied": "let the user make tables there, or name a database of its own",
    "No space left": "make room on the server's disk and send it again",
    "lock timeout": "another program keeps it locked; end it, then try again",
    "too many": "let PostgreSQL take more connections (max_connections)",
    "": "see that PostgreSQL runs and can be reached, then try again",
}


def _advice(told: str, advice: Mapping[str, str]) -> str:
    return next(what for words, what in advice.items() if words in told)
