"""One service, one store: the claim that a running service has on its store."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from commentnlp.errors import StoreError
from commentnlp.service.database import ADVISORY_KEY, Database
from commentnlp.whole_files import lock_file

_KEY = ADVISORY_KEY + 1


class Claim:
    """Keeps other services from serving a store; ends with the process, however that ends."""

    def __init__(self, database: Database) -> None:
        """Take the store. Raises StoreError where another service has it."""
        self._database = database
        self._release: Callable[[], None] = lambda: None
        self._connection: Connection | None = None
        self._take()

    def check(self) -> None:
        """See that the store is still ours; take it again where PostgreSQL was started anew.

        Raises StoreError where it is gone, or another service has it.
        """
        self._database.check_file()
        if self._connection is None:
            return
        try:
            self._connection.exec_driver_sql("SELECT 1")
        except SQLAlchemyError:
            self.close()
            self._take()

    def close(self) -> None:
        """Let others have it."""
        release, self._release, self._connection = self._release, lambda: None, None
        with suppress(SQLAlchemyError, OSError):
            release()

    def _take(self) -> None:
        if self._database.path is not None:
            self._release = _locked(self._database.path, self._taken)
            return
        with self._database.errors("opened"):
            connection = self._database.read.connect()
        # out of the pool: the lock belongs to the connection
        connection.detach()
        with self._database.errors("opened"):
            (ours,) = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_KEY})").one()
        if not ours:
            connection.close()
            raise self._taken()
        self._connection, self._release = connection, connection.close

    def _taken(self) -> StoreError:
        return StoreError(
            f"{self._database.place}: another service uses this store; one process serves one"
            " store, so stop the other, start with one worker, or name another store"
        )


def _locked(path: Path, taken: Callable[[], StoreError]) -> Callable[[], None]:
    """Lock a file beside the store, for SQLite locks the store itself; returns what ends it."""
    lock = path.with_name(f"{path.name}-service")
    try:
        number = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{lock}: cannot be made ({error.strerror}); let the service's user write"
                         " to the folder of the store") from None  # fmt: skip
    try:
        lock_file(number)
    except OSError:
        os.close(number)
        raise taken() from None
    return lambda: os.close(number)
