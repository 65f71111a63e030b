"""Backups of a store: whole, never empty, never over another."""

import sqlite3
import stat

import pytest

from commentnlp.cli import main
from commentnlp.service.store import Store

from .test_service_store import row


@pytest.fixture
def store(tmp_path):
    with_events = Store(f"sqlite:///{tmp_path / 'room.db'}")
    with_events.add([row(number) for number in range(50)])
    yield with_events
    with_events.close()


def run(*arguments):
    return main(["store", *map(str, arguments)])


def test_a_backup_of_a_store_in_use_is_whole(store, tmp_path, capsys):
    target = tmp_path / "backup.db"
    assert run("backup", target, "--store", tmp_path / "room.db") == 0
    told = capsys.readouterr().out
    assert "50 events" in told
    assert "key" not in told
    store.add([row(99)])
    assert run("check", "--store", target) == 0
    assert "sound, 50 events" in capsys.readouterr().out
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert run("check", "--store", tmp_path / "room.db") == 0
    assert "51 events" in capsys.readouterr().out


def test_a_backup_does_not_hold_the_key_and_says_so(store, tmp_path, capsys):
    key = store.own_key(make=True)
    assert run("backup", tmp_path / "backup.db", "--store", tmp_path / "room.db") == 0
    assert f"not in it: the key of hashed nicknames, {tmp_path / 'room.db-key'}" in (
        capsys.readouterr().out
    )
    assert key not in (tmp_path / "backup.db").read_bytes()


def test_a_backup_is_never_empty_and_never_over_another(store, tmp_path, capsys):
    target = tmp_path / "backup.db"
    assert run("backup", target, "--store", tmp_path / "elsewhere.db") == 1
    assert "there is no store" in capsys.readouterr().err
    assert not target.exists()
    assert not (tmp_path / "elsewhere.db").exists()
    target.write_text("mine")
    assert run("backup", target, "--store", tmp_path / "room.db") == 1
    assert "is there already" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert run("backup", "--store", tmp_path / "room.db") == 1


@pytest.mark.parametrize("damage", ["no store", "torn"])
def test_what_is_damaged_is_told(tmp_path, capsys, damage):
    path = tmp_path / "room.db"
    if damage == "torn":
        Store(f"sqlite:///{path}").close()
        path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 5000)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE other (a)")
        connection.close()
    assert run("check", "--store", path) == 1
    assert "is damaged or no store of ours" in capsys.readouterr().err
    assert run("backup", tmp_path / "b.db", "--store", path) == 1
    assert not (tmp_path / "b.db").exists()


def test_postgresql_has_a_backup_of_its_own(capsys):
    assert run("check", "--store", "postgresql://127.0.0.1/x") == 1
    assert "pg_dump" in capsys.readouterr().err
