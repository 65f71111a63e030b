"""Files → other files: what breaks readers in practice, at random places."""

from __future__ import annotations

import gzip
import io
import random
import zipfile

TOKENS = [
    b'"', b'""', b",", b"\t", b";", b"|", b"\n", b"\r", b"\r\n", b"\0", b"\xef\xbb\xbf", b"[", b"]",
    b"{", b"}", b"[[", b'{"text": "', b"</d>", b"<d p=", b"&amp;", b"=\"1\"", b"\xff\xfe",
    b"\x1b[31m",
    "评论".encode(), "时间,评论,昵称\n".encode(), "【实时弹幕】".encode(), "回复@小圆：".encode(),
    "合计,3,,\n".encode(), "\ufdfa".encode() * 50, "昨天 20:15".encode(), b"20:15:03", b"1e400",
    "多少钱".encode("gb18030"), "掉色".encode("utf-16"), b"\xf0\x9f", "\u202e\u200b".encode(),
]  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, put in, taken out, doubled or cut off."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(out) + 1)
        end = min(len(out), at + chance.choice((1, 2, 10, 100)))
        kind = chance.randrange(6)
        if kind == 0:
            out[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
        elif kind == 1:
            out[at:at] = chance.choice(TOKENS)
        elif kind == 2:
            del out[at:end]
        elif kind == 3:
            out[at:at] = out[at:end] * chance.choice((1, 2, 30))
        elif kind == 4:
            del out[at:]
        else:
            out[at:end] = chance.choice(TOKENS)
    return bytes(out)


def repacked(data: bytes, chance: random.Random) -> bytes:
    """The same in another encoding, or packed."""
    kind = chance.randrange(12)
    if kind < 3:
        try:
            return data.decode().encode(("gb18030", "utf-16", "big5")[kind], "replace")
        except UnicodeDecodeError:
            return data
    if kind == 3:
        return gzip.compress(data, 1)
    if kind == 4:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("评论.csv", data)
            archive.writestr("../又.txt", data[:50])
        return file.getvalue()
    return data
