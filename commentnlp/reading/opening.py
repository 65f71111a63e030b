"""A path or stdin → readable bytes, unpacked; what a file is says its content, never its name."""

from __future__ import annotations

import io
import stat
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from commentnlp.errors import ReadError
from commentnlp.reading import kinds, unpacking
from commentnlp.reading.names import harmless_name, may_hold_comments

MOST_SPOOLED_BYTES = 4 << 30
"""Most bytes of a workbook, Parquet file or archive that are copied to a temporary file."""


@dataclass
class Opened:
    """One stream of unpacked bytes, valid until the next one is asked for."""

    name: str
    """For messages: the path, ``stdin``, or ``a.zip › 评论.csv`` for a member of an archive."""
    kind: str
    """What the bytes are: ``text``, ``xlsx``, ``xls`` or ``parquet``."""
    file: BinaryIO
    """At its start. Reading raises ReadError where the packed bytes turn out to be damaged."""
    size: int | None
    """Bytes of the outer file on disk; None where they come through a pipe."""
    position: Callable[[], int]
    """Bytes of the outer file taken in so far, for a progress line."""
    seekable: bool
    notes: tuple[str, ...] = ()
    """What was passed over on the way to it."""


def open_file(
    path: Path | str, unreadable: Callable[[ReadError], None] | None = None
) -> Iterator[Opened]:
    """What ``path`` holds, ``-`` being stdin: gz and zst unpacked, a zip archive member by member.

    Text is streamed; workbooks, Parquet files and archives that come packed or through a pipe go
    through a temporary file. Raises ReadError for what is missing, damaged, encrypted, a zip bomb
    or no table at all; of a member of an archive ``unreadable`` is told, if given.
    """
    with ExitStack() as stack:
        outer = _outer(path, stack)
        if kinds.packing(unpacking.head(outer.file)) != "zip":
            yield _settled(_unpacked(outer), stack)
            return
        outer = _on_disk(outer, stack)
        archive = stack.enter_context(_archive(outer))
        if kinds.is_document(archive):
            yield _settled(outer, stack)
            return
        members, notes = _members(archive, outer.name)
        for info in members:
            with ExitStack() as inner:
                name = f"{outer.name} › {_member_name(info)}"
                try:
                    member = _member(archive, info, outer, name, inner)
                except ReadError as error:
                    if unreadable is None:
                        raise
                    unreadable(error)
                    continue
                yield replace(member, notes=notes)
                notes = ()


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, outer: Opened, name: str, stack: ExitStack
) -> Opened:
    if info.flag_bits & 1:
        raise ReadError(f"{name}: needs a password; pack it without one")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ReadError(
            f"{name}: packed by a method of its own ({info.compress_type}); pack it as an ordinary"
            " zip"
        )
    try:
        source = stack.enter_context(archive.open(info))
    except unpacking.DAMAGE as error:
        raise unpacking.damaged(name, error, 0) from None
    return _settled(_unpacked(_over(outer, source, name)), stack)


def _outer(path: Path | str, stack: ExitStack) -> Opened:
    """The bytes as they lie there, of no known kind yet."""
    if str(path) == "-":
        return _opened(sys.stdin.buffer, "stdin", None)
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise ReadError(f"{path}: is a folder; name a file")
        regular = stat.S_ISREG(status.st_mode)
        if not regular and not stat.S_ISFIFO(status.st_mode):
            raise ReadError(f"{path}: is a device; name a file")
        source = stack.enter_context(io.FileIO(path))
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ReadError(f"{path}: cannot be read ({why})") from None
    return _opened(source, str(path), status.st_size if regular else None)


def _opened(source: IO[bytes], name: str, size: int | None) -> Opened:
    file, taken = unpacking.buffered(source, name)
    return Opened(name, "", file, size, taken, seekable=size is not None)


def _over(opened: Opened, source: IO[bytes], name: str) -> Opened:
    """The bytes that ``source`` unpacks from ``opened``."""
    file, _ = unpacking.buffered(source, name, opened.position)
    return replace(opened, name=name, file=file, seekable=False)


def _unpacked(opened: Opened) -> Opened:
    packing = kinds.packing(unpacking.head(opened.file))
    if packing not in ("gz", "zst"):
        return opened
    return _over(opened, unpacking.unpack(opened.file, packing, opened.name), opened.name)


def _settled(opened: Opened, stack: ExitStack) -> Opened:
    """``opened`` with its kind, and seekable where that kind has to be."""
    head = unpacking.head(opened.file)
    packing = kinds.packing(head)
    if packing in ("gz", "zst"):
        raise ReadError(f"{opened.name}: is packed twice; unpack it first")
    kind = "xlsx" if packing == "zip" else kinds.kind(head, opened.name)
    if kind != "text":
        opened = _on_disk(opened, stack)
    if kind == "xlsx":
        with _archive(opened) as archive:
            if not kinds.is_document(archive):
                raise ReadError(f"{opened.name}: is an archive in an archive; unpack it first")
            kinds.check_workbook(archive, opened.name)
    elif kind == "xls":
        kinds.check_old_workbook(opened.file, opened.name)
    if opened.seekable:
        opened.file.seek(0)
    return replace(opened, kind=kind, position=_progress(opened, kind))


def _progress(opened: Opened, kind: str) -> Callable[[], int]:
    if opened.size is None:
        return opened.position
    if kind == "text" and opened.seekable:
        return opened.file.tell
    # what is read again, such as an archive's directory, counts again
    return lambda: min(opened.position(), opened.size or 0)


def _on_disk(opened: Opened, stack: ExitStack) -> Opened:
    """The same bytes, seekable: in a temporary file where they come as a stream."""
    if opened.seekable:
        return opened
    name = opened.name
    done = 0
    try:
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        while block := opened.file.read(1 << 20):
            done += len(block)
            if done > MOST_SPOOLED_BYTES:
                raise ReadError(f"{name}: has more than {MOST_SPOOLED_BYTES:,} bytes; unpack it")
            file.write(block)
        file.seek(0)
    except OSError as error:
        raise ReadError(f"{name}: no room for a temporary copy ({error.strerror})") from None
    copy = _opened(file, name, done)
    # through a pipe there is no progress to tell, and what is unpacked next is measured by this
    position = copy.position if opened.size is None else opened.position
    return replace(copy, size=opened.size, position=position)


def _archive(opened: Opened) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(opened.file)
    except unpacking.DAMAGE as error:
        raise ReadError(
            f"{opened.name}: the archive is damaged or cut off, its directory cannot be read"
            f" ({error}); fetch or pack it again"
        ) from None


def _members(archive: zipfile.ZipFile, name: str) -> tuple[list[zipfile.ZipInfo], tuple[str, ...]]:
    """The files worth reading, in order, and a note of those that are passed over."""
    members: list[zipfile.ZipInfo] = []
    passed: list[str] = []
    for info in archive.infolist():
        member = _member_name(info)
        parts = PurePosixPath(member).parts
        if info.is_dir() or "__MACOSX" in parts or parts[-1:] == (".DS_Store",):
            continue
        if any(part.startswith(".") for part in parts) or not may_hold_comments(member):
            passed.append(member)
        else:
            members.append(info)
    more = f" and {len(passed) - 3} more" if len(passed) > 3 else ""
    told = f"passed over in the archive: {', '.join(passed[:3])}{more}"
    if not members:
        raise ReadError(
            f"{name}: the archive holds no files of comments" + f" ({told})" * bool(passed)
        )
    return members, (told,) * bool(passed)


def _member_name(info: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 flag are UTF-8 (macOS) or GBK (Windows), not code page 437."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        with suppress(UnicodeError):
            data = name.encode("cp437")
            with_three_bytes = max(data.decode("utf-8", "ignore"), default="") >= "\u0800"
            name = data.decode("utf-8" if with_three_bytes else "gbk")
    return harmless_name(name)
