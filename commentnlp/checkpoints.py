"""Text outputs that a later run can go on with: a part file, and a record of how far it is.

The record names what must be the same (command, model, columns) and a digest of the input as far
as it was read: another input, or one that was changed, is never gone on with.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from commentnlp.errors import CommentnlpError
from commentnlp.whole_files import alone, hidden_path, real_target, replace, unwritable

SECONDS = 1.0
"""Between two records: what a power cut may cost."""

_PART, _RECORD = ".part", ".json"
_BLOCK = 1 << 20


class PrefixDigest:
    """The digest of a file from its beginning to where it was read, or written."""

    def __init__(self, path: Path | None) -> None:
        """Take the file; None for what cannot be read twice."""
        self._path = path
        self._digest = hashlib.blake2b(digest_size=16)
        self._position = 0

    def upto(self, position: int) -> tuple[int, str]:
        """Bytes that were read, and their digest."""
        if self._path is not None and position > self._position:
            with self._path.open("rb") as file:
                file.seek(self._position)
                while self._position < position:
                    block = file.read(min(_BLOCK, position - self._position))
                    if not block:
                        break
                    self._digest.update(block)
                    self._position += len(block)
        return self._position, self._digest.hexdigest()


@dataclass
class Progress:
    """How far a run is."""

    pieces: int = 0
    """Pieces of the input that are in the part."""
    size: int = 0
    """Bytes of the part."""
    counts: Any = None
    """What the caller counted of these pieces."""


def can_resume(target: Path | str) -> bool:
    """Whether a broken-off run left something to go on with."""
    return hidden_path(real_target(target), _RECORD).exists()


@contextmanager
def resumable_file(
    path: Path | str,
    identity: Mapping[str, Any],
    source: Path | None,
    position: Callable[[], int],
    counts: Callable[[], Any],
    *,
    resume: bool,
) -> Iterator[tuple[Progress, Callable[[bytes], None]]]:
    """Give how far an earlier run was, and what appends a piece to the output.

    The output takes the place of ``path`` at the end of the block. Where the block raises, what is
    done stays beside it, and the same call with ``resume`` goes on. ``position`` tells how many
    bytes of ``source`` have been read, ``counts`` what to remember with the pieces, as JSON.
    Raises CommentnlpError where the file cannot be written, another run writes it, or ``resume``
    finds a run of something else.
    """
    target = real_target(path)
    part, record = hidden_path(target, _PART), hidden_path(target, _RECORD)
    try:
        with alone(target):
            done = Progress()
            digests = _Digests(PrefixDigest(source), PrefixDigest(part))
            if resume:
                done = _read_record(path, record, part, identity, digests)
            else:
                record.unlink(missing_ok=True)
            try:
                with part.open("r+b" if done.pieces else "wb") as file:
                    yield from _appending(file, done, record, identity, digests, position, counts)
                replace(part, target)
                record.unlink(missing_ok=True)
            except (OSError, CommentnlpError) as error:
                raise _kept(error, path, record) from None
            finally:
                if not record.exists():
                    part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def _appending(
    file: BinaryIO,
    done: Progress,
    record: Path,
    identity: Mapping[str, Any],
    digests: _Digests,
    position: Callable[[], int],
    counts: Callable[[], Any],
) -> Iterator[tuple[Progress, Callable[[bytes], None]]]:
    """Give what appends to the part; record now and then, and at a break, how far it is."""
    file.truncate(done.size)
    file.seek(done.size)
    saved, recorded = time.monotonic(), done.pieces

    def save() -> None:
        nonlocal saved, recorded
        file.flush()
        os.fsync(file.fileno())
        read, written = digests.read.upto(position()), digests.written.upto(done.size)
        _write_record(record, identity, done, read, written)
        saved, recorded = time.monotonic(), done.pieces

    def write(data: bytes) -> None:
        file.write(data)
        done.pieces += 1
        done.size += len(data)
        done.counts = counts()
        if not recorded or time.monotonic() - saved >= SECONDS:
            save()

    try:
        yield done, write
        file.flush()
    except BaseException:
        # what is done is worth a try, also where the disk is full or memory short
        if done.pieces > recorded:
            with suppress(OSError):
                save()
        raise


def _kept(error: OSError | CommentnlpError, path: Path | str, record: Path) -> CommentnlpError:
    """The error in words, which say so where something is kept to go on with."""
    told = unwritable(path, error) if isinstance(error, OSError) else error
    if not record.exists() or "without --resume" in str(told):
        return told
    return type(told)(f"{told}; what is done is kept, and the same command with --resume goes on")


class _Digests(NamedTuple):
    read: PrefixDigest
    """Of the input,"""
    written: PrefixDigest
    """and of the part."""


def _write_record(
    path: Path,
    identity: Mapping[str, Any],
    done: Progress,
    read: tuple[int, str],
    written: tuple[int, str],
) -> None:
    told: dict[str, Any] = {
        "identity": identity,
        "pieces": done.pieces,
        "bytes": done.size,
        "counts": done.counts,
        "read": read,
        "written": written,
    }
    told["digest"] = _digest_of(told)
    part = path.with_suffix(".new")
    with part.open("w", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _read_record(
    target: Path | str,
    record: Path,
    part: Path,
    identity: Mapping[str, Any],
    digests: _Digests,
) -> Progress:
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
        size = part.stat().st_size
        if told.pop("digest") != _digest_of(told):
            raise ValueError
        done = Progress(_whole(told["pieces"]), _whole(told["bytes"]), told["counts"])
        (read, known), (_, written) = told["read"], told["written"]
        same = told["identity"] == json.loads(json.dumps(identity))
    except FileNotFoundError:
        return Progress()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise CommentnlpError(
            f"{record}: the record of the run that was broken off is damaged; run without --resume"
            " to begin anew"
        ) from None
    if size < done.size or digests.written.upto(done.size)[1] != written:
        raise CommentnlpError(
            f"{part}: what the run that was broken off wrote was changed; run without --resume to"
            " begin anew"
        )
    if not same or list(digests.read.upto(_whole(read))) != [read, known]:
        raise CommentnlpError(
            f"{target}: the broken-off run was of another input, model or option, or its input was"
            " changed; run without --resume to begin anew"
        )
    return done


def _digest_of(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _whole(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{number!r} is no count")
    return number
