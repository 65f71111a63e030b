"""Empty databases for tests: a file of SQLite, a database of a throw-away PostgreSQL.

    @pytest.fixture(params=KINDS)
    def url(request, tmp_path):
        with empty(request.param, tmp_path) as url:
            yield url

One PostgreSQL starts when the first test asks for it, and ends with the tests.
"""

import atexit
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from .processes import run_when_dead

KINDS = ("sqlite", "postgresql")
PASSWORD = "s3cr3t-of-a-test"

_numbers = itertools.count(1)


@contextmanager
def empty(kind, folder):
    """The address of a database that nobody else uses."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'store.db'}"
        return
    with cluster().database() as url:
        yield url


@cache
def cluster():
    """The PostgreSQL of this run. Skips the test where none is installed."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install .[postgres]")
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return Cluster(programs)


def _programs():
    found = shutil.which("pg_ctl")
    places = [Path(found).parent] if found else []
    for pattern in (
        "usr/lib/postgresql/*/bin",
        "usr/pgsql-*/bin",
        "opt/homebrew/opt/postgresql*/bin",
    ):
        places += sorted(Path("/").glob(pattern), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


class Cluster:
    """A PostgreSQL in a folder of its own, reached by a socket in it and by a port."""

    def __init__(self, programs):
        self._programs = programs
        # PostgreSQL refuses to run as root
        self._user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        if not hasattr(os, "geteuid") or os.geteuid() != 0:
            self._user = {}
        # not under pytest's folders: other users may not look into them, and sockets need a
        # short path
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        if self._user:
            shutil.chown(self.folder, "postgres", "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        word = self.folder / "password"
        word.write_text(PASSWORD, encoding="utf-8")
        word.chmod(0o644)
        self._run(
            "initdb", "-U", "postgres", "--encoding=UTF8", "--locale=C", "--no-sync",
            "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={word}",
        )  # fmt: skip
        self.start()
        atexit.register(self.stop)
        # SIGQUIT is an immediate shutdown; the helper runs as we do, not as postgres
        pid = f"head -n 1 '{self.folder}/data/postmaster.pid'"
        self._guard = run_when_dead(["sh", "-c", f"kill -QUIT $({pid})"], stderr=subprocess.DEVNULL)

    def _run(self, program, *arguments):
        done = subprocess.run(
            [self._programs / program, "-D", self.folder / "data", *arguments],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **self._user,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    def start(self):
        # durable it need not be: nobody pulls the plug of a test
        options = (
            f"-k {self.folder} -p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off"
            " -c full_page_writes=off -c shared_buffers=32MB"
        )
        log = self.folder / "log"
        self._run("pg_ctl", "start", "-w", "-s", "-l", str(log), "-o", options)

    def stop(self):
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")

    def ask(self, query, database="postgres"):
        import psycopg

        address = f"host={self.folder} port={self.port} user=postgres dbname={database}"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else None

    @contextmanager
    def database(self, options=""):
        name = f"test{next(_numbers)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        try:
            yield f"postgresql+psycopg://postgres@/{name}?host={self.folder}&port={self.port}"
        finally:
            self.ask(f"DROP DATABASE {name} WITH (FORCE)")
