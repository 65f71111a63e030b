"""What a file is, by its first bytes and its parts, and what to do where it is no table."""

from __future__ import annotations

import re
import zipfile
from typing import IO

from commentnlp.errors import ReadError
from commentnlp.reading.unpacking import BOMB_RATIO

BOMB_WORKBOOK_BYTES = 200_000_000
"""From so many unpacked bytes on, a workbook packed more than `BOMB_RATIO` to one is refused."""
MOST_WORKBOOK_BYTES = 4 << 30
"""Most unpacked bytes of a workbook; of its texts much is held in memory."""

_HEAD = 512
_PACKING = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst", b"PK\3\4": "zip", b"PK\5\6": "zip"}
_KINDS = {
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "xls",
    # a text can begin with PAR1 and PARE, a control character after it has none
    rb"PAR1[^\t\r\n -~\x80-\xff]": "parquet",
    rb"SQLite format 3\0": "sqlite",
    rb"": "text",
}
_TABLE = "export the comments as CSV or XLSX"
_FOREIGN = {
    rb"%PDF-": f"a PDF; {_TABLE}",
    rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype )?(html|table)": f"an HTML page; {_TABLE}",
    rb"(\xef\xbb\xbf)?\s*<\?xml.*progid=.Excel\.Sheet": "an XML workbook; save it as XLSX",
    rb"\{\\rtf": f"an RTF document; {_TABLE}",
    rb"PARE[^\t\r\n -~\x80-\xff]": "an encrypted Parquet file; write it without encryption",
    rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP": f"a picture; {_TABLE}",
    rb"\0\0\0.ftyp|RIFF....AVI |\x1aE\xdf\xa3": f"a video; {_TABLE}",
    rb"\x7fELF|MZ.{0,60}\0": "a program; name the file of the comments",
    rb".{257}ustar": "a tar archive; unpack it first",
    rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\xfd7zXZ\0|BZh\d1AY&SY": "a 7z, RAR, xz or bzip2 archive;"
    " unpack it first or pack it as zip or gz",
}
_OLE2_STREAMS = {
    "EncryptedPackage": "a workbook with a password; save it without one",
    "Workbook": "",
    "Book": "",
    "WordDocument": "an old Word file; copy its table to a workbook and save that as XLSX",
    "": f"an old Office file without a workbook; {_TABLE}",
}
_DOCUMENTS = {
    "xl/workbook.bin": "a binary workbook (XLSB); save it as XLSX",
    "xl/": "",
    "word/": "a Word file; copy its table to a workbook and save that as XLSX",
    "content.xml": "an OpenDocument file; save it as XLSX",
    "Index/Document.iwa": "a Numbers or Pages file; export it as XLSX",
    "": f"an Office file without a workbook; {_TABLE}",
}


def packing(head: bytes) -> str:
    """``gz``, ``zst`` or ``zip`` by the first bytes, else nothing; a workbook is a zip, too."""
    return next((kind for magic, kind in _PACKING.items() if head.startswith(magic)), "")


def kind(head: bytes, name: str) -> str:
    """``xls``, ``parquet`` or ``text`` by the first bytes of a file that is not packed.

    Raises ReadError for what is known to be no table.
    """
    head = head[:_HEAD]
    for pattern, what in _FOREIGN.items():
        if re.match(pattern, head, re.DOTALL):
            raise ReadError(f"{name}: not a table but {what}")
    return next(found for pattern, found in _KINDS.items() if re.match(pattern, head))


def is_document(archive: zipfile.ZipFile) -> bool:
    """An Office file, not an archive of tables."""
    names = archive.namelist()
    return any(n in names for n in ("[Content_Types].xml", "mimetype", "Index/Document.iwa"))


def check_workbook(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse what is no XLSX workbook, or unpacks to more than memory may hold."""
    names = archive.namelist()
    what = next(w for start, w in _DOCUMENTS.items() if any(n.startswith(start) for n in names))
    if what:
        raise ReadError(f"{name}: not a table but {what}")
    unpacked = sum(info.file_size for info in archive.infolist())
    packed = max(sum(info.compress_size for info in archive.infolist()), 1)
    if unpacked > MOST_WORKBOOK_BYTES:
        raise ReadError(f"{name}: the workbook unpacks to {unpacked:,} bytes; save it as CSV")
    if unpacked > BOMB_WORKBOOK_BYTES and unpacked > BOMB_RATIO * packed:
        raise ReadError(
            f"{name}: looks like a zip bomb ({packed:,} bytes unpack to {unpacked:,});"
            " if it is none, save it as CSV"
        )


def check_old_workbook(file: IO[bytes], name: str) -> None:
    """Refuse an OLE2 file that is no XLS workbook: its streams' names fill fields of 64 bytes."""
    found = {""}
    tail = b""
    while block := file.read(1 << 20):
        fields = tail + block
        for stream in _OLE2_STREAMS:
            if stream.encode("utf-16-le").ljust(64, b"\0") in fields:
                found.add(stream)
        tail = block[-63:]
    what = next(what for stream, what in _OLE2_STREAMS.items() if stream in found)
    if what:
        raise ReadError(f"{name}: not a table but {what}")
