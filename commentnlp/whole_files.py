"""Files that appear whole or not at all, and that one run at a time writes."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from commentnlp.errors import CommentnlpError


def real_target(path: Path | str) -> Path:
    """The file that a path means: where it is a link, the one that it leads to."""
    path = Path(path)
    return path.resolve() if path.is_symlink() else path


def check_target(path: Path | str, inputs: Sequence[Path | str] = ()) -> None:
    """See before the work that a file can be written after it.

    Raises CommentnlpError for a folder, a name too long, one of the ``inputs``, and for a folder
    in which nothing can be written.
    """
    path = Path(path)
    try:
        target = real_target(path)
        if target.is_dir():
            raise CommentnlpError(f"{path}: is a folder; name a file")
        same = [one for one in inputs if Path(one).exists() and target.exists()
                and target.samefile(one)]  # fmt: skip
        os.lstat(target)
    except FileNotFoundError:
        same = []
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    if same:
        raise CommentnlpError(f"{path}: is the input; name another file")
    if not target.absolute().parent.is_dir():
        raise CommentnlpError(f"{path}: cannot be written (there is no folder {target.parent})")
    part = part_path(target)
    try:
        part.open("xb").close()
        part.unlink()
    except OSError as error:
        raise unwritable(target.parent, error) from None


def unwritable(path: Path | str, error: Exception) -> CommentnlpError:
    """The error in words."""
    why = getattr(error, "strerror", None) or error
    return CommentnlpError(f"{path}: cannot be written ({why})")


def part_path(target: Path) -> Path:
    """A name for a file on its way to ``target``: beside it, hidden, nobody else's."""
    return target.with_name(f".commentnlp-{_short(target)}-{secrets.token_hex(4)}.part")


def hidden_path(target: Path, ending: str) -> Path:
    """A name beside ``target`` that a later run finds again; whoever uses it holds `alone`."""
    return target.with_name(f".commentnlp-{_short(target)}{ending}")


def _short(target: Path) -> str:
    # a target's name may be as long as a file system takes
    return hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Give a new file to write, which takes the place of ``path`` at the end of the block.

    Where the block raises, ``path`` stays as it was. A link stays one. Raises CommentnlpError where
    the file cannot be written, or another run writes it.
    """
    target = real_target(path)
    part = part_path(target)
    try:
        with alone(target):
            part.open("xb").close()
            try:
                yield part
                replace(part, target)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def replace(part: Path, target: Path) -> None:
    """Put a finished file in its place, durably and with the permissions of the one before."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    if target.exists():
        shutil.copymode(target, part)
    part.replace(target)
    with suppress(OSError):  # not every system opens folders
        number = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(number)  # so that the new name, too, survives a power cut
        finally:
            os.close(number)


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Keep other runs from writing ``target`` meanwhile. Raises CommentnlpError where one does."""
    lock = hidden_path(target, ".lock")
    while True:
        number = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock_file(number)
        except OSError:
            os.close(number)
            raise CommentnlpError(
                f"{target}: is being written by another run; wait for it, or name another file"
            ) from None
        # who held it before has removed it: then ours is a lock that nobody sees
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), os.stat(lock)):
                break
        os.close(number)
    try:
        yield
    finally:
        if os.name == "nt":  # what is open cannot be removed there
            os.close(number)
            with suppress(OSError):
                lock.unlink()
        else:
            lock.unlink(missing_ok=True)
            os.close(number)


def lock_file(number: int) -> None:
    """Lock an open file, or raise OSError where somebody else has."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
