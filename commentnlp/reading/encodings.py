"""Bytes → text, block by block: the encodings that Chinese exports come in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from commentnlp.errors import ReadError
from commentnlp.reading.remarks import Remarks

HEAD = 1 << 22
"""Bytes from which the encoding is told."""

BLOCK = 1 << 18
"""Bytes decoded at a time."""

LONGEST_LINE = 1 << 24
"""Bytes after which a line is parted, wherever that is."""

BROKEN = "broken byte or character, marked as \ufffd"
OTHER_ENCODING = "line in another encoding than the rest, read in its own"
NULS = "NUL character, left out"

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16: first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8 = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf]{2}){2}")
"""Two Chinese characters in UTF-8; by chance, other encodings have such bytes, too."""
_MOST_BROKEN = 0.01
"""Share of broken or control characters from which a file counts as no text at all."""

_COMMON = set(
    "的一是了不我有在人这这个個来來们們大好很到说說要就你会會可没沒多少钱錢买買吗嗎什么麼怎看上价價"
    "评評论論内內容时時间間用户戶号號名称稱货貨发發"
)


def encoding_of(head: bytes, name: str) -> str:
    """Tell the encoding of a file by its first bytes.

    By its byte-order mark, else by its NUL bytes (UTF-16 without a mark), else UTF-8, GB18030 or
    Big5, whichever breaks less and makes more common characters. Raises ReadError for a file
    that is empty or no text.
    """
    if not head.strip(b"\0 \t\r\n"):
        raise ReadError(f"{name}: the file is empty")
    encoding = next((e for mark, e in _MARKS if head.startswith(mark)), "") or _unmarked(head)
    text = head.decode(encoding, "replace").replace("\0", "")
    broken = text.count("\ufffd")
    controls = sum(text.count(chr(code)) for code in range(1, 32) if code not in (9, 10, 13))
    if broken + controls > max(3, _MOST_BROKEN * len(text)) and not _mixed(head):
        raise ReadError(
            f"{name}: not a text file ({broken} broken bytes and {controls} control characters"
            f" in its head, as {encoding}); export it as CSV in UTF-8"
        )
    return encoding


def text_blocks(head: bytes, file: BinaryIO, encoding: str, remarks: Remarks) -> Iterator[str]:
    """Decode ``head`` and what follows it in ``file``, in blocks that end with a line.

    Broken bytes are marked, lines in another encoding read in theirs, NULs left out; all are
    counted in ``remarks``. Only a line over `LONGEST_LINE` is parted between two blocks.
    """
    line = 1
    old_mac = None
    if encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        blocks: Iterator[bytes | str] = _wide_blocks(head, file, encoding)
    else:
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        blocks = _byte_blocks(head, file, encoding)
    for block in blocks:
        text = block if isinstance(block, str) else _decoded(block, encoding, remarks, line)
        if old_mac is None:  # the first block
            text = text.removeprefix("\ufeff")
            old_mac = "\n" not in text and "\r" in text.rstrip("\r")
        if old_mac:
            text = text.replace("\r", "\n")
        _remark(NULS, "\0", text, line, remarks)
        _remark(BROKEN, "\ufffd", text, line, remarks)
        line += text.count("\n")
        if text := text.replace("\0", ""):
            yield text


def _remark(why: str, char: str, text: str, line: int, remarks: Remarks) -> None:
    """Count a character, and tell on which lines it stands first."""
    count = text.count(char)
    at = -1
    for _ in range(min(count, 5)):
        at = text.find(char, at + 1)
        remarks.add(why, line + text.count("\n", 0, at))
        count -= 1
    if count:
        remarks.add(why, count=count)


def _unmarked(head: bytes) -> str:
    even, odd = head[::2].count(0), head[1::2].count(0)
    # one of the two bytes of every comma, digit and line end is zero, and always the same one
    if max(even, odd) * 50 > len(head) and min(even, odd) * 20 < max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    if _is_utf8(head):
        return "utf-8"
    head = head[: head.rfind(b"\n") + 1] or head
    # of a file in several encodings, the one that names the columns is most likely UTF-8
    lines = [line for line in head.split(b"\n")[:10_000] if not line.isascii()]
    if sum(_decodes(line, "utf-8") for line in lines) * 3 >= len(lines):
        return "utf-8"
    high = sum(byte >= 0x80 for byte in head)
    # text that is UTF-8 but for a few bytes is often valid GB18030, as gibberish
    if head.decode("utf-8", "replace").count("\ufffd") * 100 < high / 3:
        return "utf-8"
    return max(("gb18030", "big5", "utf-8"), key=lambda encoding: _likely(head, encoding))


def _is_utf8(head: bytes) -> bool:
    try:
        # the last character may be cut
        codecs.getincrementaldecoder("utf-8")().decode(head, len(head) < HEAD)
    except UnicodeDecodeError:
        return False
    return True


def _likely(head: bytes, encoding: str) -> float:
    """Share of common Chinese characters among those that are not ASCII, broken ones against it."""
    other = [char for char in head[: 1 << 18].decode(encoding, "replace") if char > "\x7f"]
    common = sum(char in _COMMON for char in other)
    return (common - 5 * other.count("\ufffd")) / max(len(other), 1)


def _mixed(head: bytes) -> bool:
    """Whether each line alone is text, in whichever encoding."""
    lines = head[: head.rfind(b"\n")].split(b"\n")
    good = sum(_decodes(line, "utf-8") or _decodes(line, "gb18030") for line in lines)
    return len(lines) > 1 and good > (1 - _MOST_BROKEN) * len(lines) and b"\0" not in head


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(block: bytes, encoding: str, remarks: Remarks, line: int) -> str:
    # a line of UTF-8 is often valid in the others, as gibberish
    if encoding == "utf-8" or not _UTF8.search(block):
        try:
            return block.decode(encoding)
        except UnicodeDecodeError:
            pass
    lines = block.split(b"\n")
    return "\n".join(_decoded_line(one, encoding, remarks, n) for n, one in enumerate(lines, line))


def _decoded_line(one: bytes, encoding: str, remarks: Remarks, line: int) -> str:
    if _is_utf8_line(one, encoding):
        remarks.add(OTHER_ENCODING, line)
        return one.decode("utf-8")
    if _decodes(one, encoding):
        return one.decode(encoding)
    other = "gb18030" if encoding == "utf-8" else "utf-8"
    marked = one.decode(encoding, "replace")
    high = sum(byte >= 0x80 for byte in one)
    # a line that is broken in one place only is broken; one that is broken all over is another's
    if marked.count("\ufffd") * 5 > high / 3 and _decodes(one, other):
        remarks.add(OTHER_ENCODING, line)
        return one.decode(other)
    return marked


def _is_utf8_line(one: bytes, encoding: str) -> bool:
    """Whether a line among others of ``encoding`` reads better as UTF-8."""
    if encoding == "utf-8" or not _UTF8.search(one) or not _decodes(one, "utf-8"):
        return False
    return _likely(one, "utf-8") > _likely(one, encoding)


def _read(head: bytes, file: BinaryIO) -> Iterator[bytes]:
    """``head`` and the rest of ``file``, a block at a time.

    Where the file is damaged, no part of a block comes: blocks begin at the same places once it is
    whole, so that a run that was broken off can go on.
    """
    blocks = len(head) // BLOCK * BLOCK
    for start in range(0, blocks, BLOCK):
        yield head[start : start + BLOCK]
    block = head[blocks:] + file.read(BLOCK - len(head) + blocks)
    while block:
        yield block
        block = file.read(BLOCK)


def _byte_blocks(head: bytes, file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Blocks that end after a newline, which is one byte in all these encodings."""
    rest = b""
    for block in _read(head, file):
        rest += block
        end = rest.rfind(b"\n") + 1
        if not end and len(rest) >= LONGEST_LINE:
            end = _between_characters(rest, encoding)
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _between_characters(block: bytes, encoding: str) -> int:
    """A place near the end of ``block`` that is inside no character."""
    for end in range(len(block), max(len(block) - 1000, 1), -1):
        byte = block[end - 1]
        # below 0x30 no encoding has a second byte
        if byte < 0x30 or (
            encoding == "utf-8" and block[end : end + 1] and block[end] & 0xC0 != 0x80
        ):
            return end
    return len(block)


def _wide_blocks(head: bytes, file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    rest = ""
    for block in _read(head, file):
        rest += decoder.decode(block)
        end = rest.rfind("\n") + 1 if len(rest) < LONGEST_LINE else len(rest)
        if end:
            yield rest[:end]
            rest = rest[end:]
    yield rest + decoder.decode(b"", True)
