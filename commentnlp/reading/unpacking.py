"""Streams that unpack gz, zst and zip members, notice damage, and stop at zip bombs."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from commentnlp.errors import ReadError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BOMB_RATIO = 1000
"""So many unpacked bytes from one packed byte are a zip bomb ..."""
BOMB_BYTES = 1 << 30
"""... once there are more than this of them, in one stream."""

_BLOCK = 1 << 16
_ZSTD_BLOCK = 1 << 9  # four bytes can stand for 128 KiB: at most 16 MiB come out at once

DAMAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, struct.error, ValueError, RuntimeError)
"""What the standard library raises over a damaged archive."""


def buffered(
    source: IO[bytes], name: str, packed: Callable[[], int] | None = None
) -> tuple[BinaryIO, Callable[[], int]]:
    """``source`` as a stream to peek into and read, and how many of its bytes were taken so far.

    ``packed`` counts the bytes that ``source`` unpacks; damage and zip bombs become ReadError.
    """
    stream = _Stream(source, name, packed)
    return cast(BinaryIO, io.BufferedReader(stream, _BLOCK)), lambda: stream.taken


def head(file: BinaryIO) -> bytes:
    """The first bytes of a stream of `buffered`, which stay in it: 64 KiB or all there is."""
    return cast("io.BufferedReader", file).peek()


def read_block(file: BinaryIO, size: int) -> bytes:
    """Up to ``size`` bytes, fewer only at the end, and where what follows is damaged.

    Raises ReadError where nothing can be read any more.
    """
    parts: list[bytes] = []
    left = size
    try:
        while left and (part := file.read1(left)):  # type: ignore[attr-defined]
            parts.append(part)
            left -= len(part)
    except ReadError:
        if not parts:
            raise
    return b"".join(parts)


def unpack(file: BinaryIO, packing: str, name: str) -> IO[bytes]:
    """What a ``gz`` or ``zst`` stream holds."""
    if packing == "gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    return io.BufferedReader(_Zstd(file, name))


_PORTION = 1 << 16


class _Stream(io.RawIOBase):
    """The bytes of ``source``, counted, as many at a time as are asked for."""

    def __init__(self, source: IO[bytes], name: str, packed: Callable[[], int] | None) -> None:
        self.source, self.name, self.packed = source, name, packed
        self.taken = 0
        self._damage: ReadError | None = None
        # of what was taken before, a block may still wait in a buffer
        self._before = max(packed() - _BLOCK, 0) if packed else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self.packed is None and self.source.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.source.seek(offset, whence)

    def tell(self) -> int:
        return self.source.tell()

    def readinto(self, buffer: WriteableBuffer) -> int:
        if self._damage:
            raise self._damage
        view = memoryview(buffer)
        filled = 0
        try:
            # in pieces: where it is damaged, all that a call asked for is lost
            while filled < len(view) and (
                block := self.source.read(min(len(view) - filled, _PORTION))
            ):
                view[filled : filled + len(block)] = block
                filled += len(block)
        except DAMAGE as error:
            # what was read before is given out first
            self._damage = damaged(self.name, error, self.taken + filled)
            if not filled:
                raise self._damage from None
        self.taken += filled
        if self.packed and self.taken > BOMB_BYTES:
            packed = max(self.packed() - self._before, 1)
            if self.taken > BOMB_RATIO * packed:
                raise ReadError(
                    f"{self.name}: looks like a zip bomb ({packed:,} bytes unpack to more than"
                    f" {self.taken:,}); if it is none, unpack it by hand"
                )
        return filled


class _Zstd(io.RawIOBase):
    """The frames of a zst file, unpacked; unlike `zstandard`'s own reader it notices a cut."""

    def __init__(self, packed: IO[bytes], name: str) -> None:
        try:
            import zstandard
        except ImportError:
            raise ReadError(
                f"{name}: reading zst needs zstandard; pip install 'commentnlp[zstd]'"
            ) from None
        self.packed, self.error = packed, zstandard.ZstdError
        self.begin = zstandard.ZstdDecompressor().decompressobj
        self.frame, self.ready = self.begin(), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        while not self.ready:
            block = self.frame.unused_data or self.packed.read(_ZSTD_BLOCK)
            if not block:
                if self.frame.eof:
                    return 0
                raise EOFError("cut off")
            if self.frame.eof:
                self.frame = self.begin()
            try:
                self.ready = memoryview(self.frame.decompress(block))
            except self.error as error:
                raise EOFError(str(error)) from None
        count = min(len(view), len(self.ready))
        view[:count], self.ready = self.ready[:count], self.ready[count:]
        return count


def damaged(name: str, error: Exception, done: int) -> ReadError:
    """What to tell of an error of `DAMAGE` after ``done`` unpacked bytes."""
    if isinstance(error, OSError) and error.strerror:
        return ReadError(f"{name}: cannot be read after {done:,} bytes ({error.strerror})")
    return ReadError(
        f"{name}: the archive is damaged or cut off after {done:,} unpacked bytes ({error});"
        " fetch or pack it again"
    )
