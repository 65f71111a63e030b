"""The verb store: backup and check of what the service keeps."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.errors import CommentnlpError

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs


def add(verbs: Verbs) -> None:
    """Add the verb."""
    verb = verbs.add_parser("store", help="back up and check what the service keeps")
    verb.add_argument("what", choices=("backup", "check"))
    verb.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the backup to write")
    verb.add_argument("--store", metavar="FILE", help="the SQLite file of the service;"
                      " COMMENTNLP_STORE or commentnlp.db if not given")  # fmt: skip
    verb.set_defaults(run=_store)


def _store(options: argparse.Namespace) -> int:
    named = options.store or os.environ.get("COMMENTNLP_STORE") or "commentnlp.db"
    if named.startswith(("postgresql", "postgres")):
        raise CommentnlpError("a PostgreSQL store is backed up by pg_dump, its server checks it")
    store = Path(named.removeprefix("sqlite:///"))
    try:
        from commentnlp.service.backups import backup, check
        from commentnlp.service.nicknames import key_file
    except ImportError as error:
        raise CommentnlpError(f"the service needs more packages ({error.name} is missing):"
                              ' pip install "commentnlp[serve]"') from None  # fmt: skip
    if options.what == "check":
        print(f"{store}: sound, {check(store):,} events")
        return 0
    if options.file is None:
        raise CommentnlpError("store backup: name the file to write")
    print(f"{options.file}: {backup(store, options.file):,} events of {store}")
    if (key := key_file(store)).exists():
        print(f"not in it: the key of hashed nicknames, {key}; keep a copy of that elsewhere")
    return 0
