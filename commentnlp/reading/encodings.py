"""Bytes → text: the encodings that Chinese exports come in."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

from commentnlp.errors import ReadError

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16: first
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save it as CSV first",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file; save it as CSV first",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"PAR1": "a Parquet file; save it as CSV first",
    b"SQLite format 3": "an SQLite database; export the table as CSV first",
}
_MOST_BROKEN = 0.01
"""Share of broken or control characters from which a file counts as no text at all."""


class Decoded(NamedTuple):
    """A file's text, the encoding it was in, and what had to be mended."""

    text: str
    encoding: str
    broken: int
    """Bytes that belong to no character; each stands as U+FFFD in the text."""
    nuls: int
    """NUL characters left out."""


def read_text(path: Path) -> Decoded:
    """Read a whole file as text: by its byte-order mark, else UTF-8, else GB18030.

    A few broken bytes are marked and counted. Raises ReadError for a file that is missing, empty
    or no text.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ReadError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ReadError(f"{path}: is a folder; name a file") from None
    except OSError as error:
        raise ReadError(f"{path}: cannot be read ({error.strerror})") from None
    return decode(data, str(path))


def decode(data: bytes, name: str) -> Decoded:
    """Decode the bytes of the file ``name``; see `read_text`."""
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise ReadError(f"{name}: not a text table but {what}")
    encoding = next((e for mark, e in _MARKS if data.startswith(mark)), "")
    if not encoding:
        encoding = _guess(data)
    text = data.decode(encoding, "replace")
    broken = text.count("\ufffd")
    nuls = text.count("\0")
    text = text.replace("\0", "")
    if not text.strip():
        raise ReadError(f"{name}: the file is empty")
    controls = sum(text.count(chr(code)) for code in range(1, 32) if code not in (9, 10, 13))
    if broken + controls > max(3, _MOST_BROKEN * len(text)):
        raise ReadError(
            f"{name}: not a text file ({broken} broken bytes and {controls} control characters as"
            f" {encoding}); save it as CSV in UTF-8"
        )
    return Decoded(text, encoding, broken, nuls)


def _guess(data: bytes) -> str:
    """UTF-8 or GB18030, whichever breaks less; both are tried on the whole file.

    The shortest GB18030 files can be valid UTF-8 and the other way round; UTF-8 goes first.
    """
    fewest, best = None, ""
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            broken = data.decode(encoding, "replace").count("\ufffd")
            if fewest is None or broken < fewest:
                fewest, best = broken, encoding
            # text that is UTF-8 but for a few bytes is often valid GB18030, as gibberish
            if encoding == "utf-8" and broken * 100 < sum(byte >= 0x80 for byte in data) / 3:
                return encoding
        else:
            return encoding
    return best
