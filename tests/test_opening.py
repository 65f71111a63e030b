import gzip
import io
import os
import random
import struct
import sys
import threading
import tracemalloc
import zipfile
from contextlib import suppress
from types import SimpleNamespace

import pytest

from commentnlp.errors import ReadError
from commentnlp.reading import kinds, opening, unpacking
from commentnlp.reading.opening import open_file

TEXT = "昵称,评论\n阿玉,这个手镯圈口多少\n小满,证书能扫吗\n".encode()
LONG = TEXT + "".join(f"路人{i},第{i * 7919 % 1009}号链接还有吗\n" for i in range(20_000)).encode()


def contents(path):
    return [(opened.name, opened.kind, opened.file.read()) for opened in open_file(path)]


def zst(data):
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


class Unflagged(zipfile.ZipInfo):
    """A member whose name is written in the encoding of an old system, without the UTF-8 flag."""

    encoding = "gbk"

    def _encodeFilenameFlags(self):  # noqa: N802
        return self.filename.encode(self.encoding), self.flag_bits


def ole2(**streams):
    """An OLE2 file of streams, each at least 4,096 bytes long so that none is a small one."""
    names = ["Root Entry", *streams]
    blocks = [b"".ljust(512 * -(-len(names) // 4), b"\0")]
    blocks += [
        data.ljust(-(-max(len(data), 4096) // 512) * 512, b"\0") for data in streams.values()
    ]
    fat, starts = [-3], []
    for block in blocks:
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + len(block) // 512), -2]
    folder = b""
    for number, name in enumerate(names):
        root = number == 0
        label = name.encode("utf-16-le")
        last = number in (0, len(names) - 1)
        folder += label.ljust(64, b"\0") + struct.pack("<HBB", len(label) + 2, 5 if root else 2, 1)
        folder += struct.pack("<iii", -1, -1 if last else number + 1, 1 if root else -1)
        folder += bytes(36) + struct.pack(
            "<iii", -2 if root else starts[number], 0 if root else len(blocks[number]), 0
        )
    blocks[0] = folder.ljust(len(blocks[0]), b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<iiiiiiii", 1, starts[0], 0, 4096, -2, 0, -2, 0)
    head += struct.pack("<109i", 0, *[-1] * 108)
    return head + struct.pack("<128i", *fat, *[-1] * (128 - len(fat))) + b"".join(blocks)


@pytest.fixture
def put(tmp_path):
    def put(data, name="comments.csv"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return put


@pytest.mark.parametrize("name", ["comments.csv", "comments.xlsx", "comments.gz"])
def test_text_is_text_whatever_its_name(put, name):
    path = put(LONG, name)
    (opened,) = [o for o in open_file(path) if o.file.read() == LONG]
    assert (opened.name, opened.kind, opened.size) == (str(path), "text", len(LONG))
    assert opened.seekable


def test_an_empty_file_is_text(put):
    assert contents(put(b"")) == [(str(put(b"")), "text", b"")]


@pytest.mark.parametrize("pack", [gzip.compress, zst])
def test_packed_text(put, pack):
    path = put(pack(LONG))
    for opened in open_file(path):
        assert (opened.name, opened.kind, opened.seekable) == (str(path), "text", False)
        assert opened.file.read(len(TEXT)) == TEXT
        assert 0 < opened.position() <= opened.size == path.stat().st_size
        assert opened.file.read() == LONG[len(TEXT) :]
        assert opened.position() == opened.size
    # members after one another are one text
    assert contents(put(pack(TEXT) + pack(LONG)))[0][2] == TEXT + LONG


def test_an_archive_yields_its_files_in_order(put):
    members = {
        "夜场/b.csv": LONG,
        "夜场/": b"",
        "__MACOSX/夜场/._b.csv": b"\0\5\x16\7",
        "夜场/.DS_Store": b"\0\0\0\1Bud1",
        "a.csv.gz": gzip.compress(TEXT),
    }
    path = put(zipped(members), "场次.zip")
    assert contents(path) == [
        (f"{path} › 夜场/b.csv", "text", LONG),
        (f"{path} › a.csv.gz", "text", TEXT),
    ]
    places = []
    for opened in open_file(path):
        while opened.file.read(1000):
            places.append(opened.position())
        assert opened.size == path.stat().st_size
    assert places == sorted(places)
    assert places[-1] <= path.stat().st_size


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_member_names_without_the_flag(put, encoding):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("评论导出.csv", "plain.csv", "通知.csv"):
            info = Unflagged(name)
            info.encoding = encoding
            archive.writestr(info, TEXT)
    path = put(file.getvalue(), "a.zip")
    names = [opened.name for opened in open_file(path)]
    assert names == [f"{path} › {name}" for name in ("评论导出.csv", "plain.csv", "通知.csv")]


def workbook():
    openpyxl = pytest.importorskip("openpyxl")
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (workbook, "xlsx"),
        (lambda: ole2(Workbook=b"\x09\x08"), "xls"),
        (lambda: ole2(Book=b"\x09\x08"), "xls"),
        (lambda: b"PAR1\x15\x04" + bytes(50) + b"PAR1", "parquet"),
    ],
)
def test_tables_that_must_be_seekable(put, monkeypatch, data, kind):
    data = data()
    path = put(data)
    assert contents(path) == [(str(path), kind, data)]
    for packed in (gzip.compress(data), zipped({"t": data})):
        for opened in open_file(put(packed)):
            assert (opened.kind, opened.seekable, opened.file.read()) == (kind, True, data)
            assert opened.file.seek(0) == 0
            assert opened.file.read() == data
            assert opened.position() <= opened.size == len(packed)
    for piped in (data, gzip.compress(data), zipped({"t": data})):
        monkeypatch.setattr(sys, "stdin", piped_in(piped))
        assert [(kind_, got) for _, kind_, got in contents("-")] == [(kind, data)]


def piped_in(data):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def read(self, size=-1):
            return super().read(min(size, 7) if size > 7 else size)

    return SimpleNamespace(buffer=Pipe(data))


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (TEXT, ["stdin"]),
        (gzip.compress(TEXT), ["stdin"]),
        (zipped({"a.csv": TEXT, "b.csv": TEXT}), ["stdin › a.csv", "stdin › b.csv"]),
    ],
)
def test_stdin(monkeypatch, data, names):
    monkeypatch.setattr(sys, "stdin", piped_in(data))
    assert contents("-") == [(name, "text", TEXT) for name in names]
    monkeypatch.setattr(sys, "stdin", piped_in(data))
    assert all(not o.seekable and o.size is None and o.position() > 0 for o in open_file("-"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_read_like_stdin(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(LONG,))
    writer.start()
    assert contents(path) == [(str(path), "text", LONG)]
    writer.join()


def test_what_cannot_be_opened(tmp_path, put):
    for path, why in [
        (tmp_path, "is a folder"),
        (tmp_path / "none.csv", "no such file"),
        (put(TEXT) / "below.csv", "cannot be read"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(ReadError, match=why):
            contents(path)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no device files here")
def test_devices_are_refused():
    with pytest.raises(ReadError, match=r"/dev/zero: is a device; name a file"):
        contents("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_no_permission(put):
    path = put(TEXT)
    path.chmod(0)
    with pytest.raises(ReadError, match="cannot be read"):
        contents(path)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a picture"),
        (b"\0\0\0\x18ftypmp42", "a video"),
        (b"\x7fELF\2\1\1\0", "a program"),
        (b"MZ\x90\0\3\0\0\0", "a program"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "an HTML page"),
        (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "an XML workbook"),
        (b"a.csv".ljust(257, b"\0") + b"ustar\x0000", "a tar archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z, RAR"),
        (b"PARE\x15\x04", "an encrypted Parquet file"),
        (ole2(EncryptedPackage=b"x"), "a workbook with a password; save it without one"),
        (ole2(WordDocument=b"x"), "an old Word file"),
        (ole2(Contents=b"x"), "an old Office file"),
        (zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "a Word file"),
        (zipped({"[Content_Types].xml": "", "xl/workbook.bin": ""}), "a binary workbook"),
        (zipped({"mimetype": "", "content.xml": ""}), "an OpenDocument file"),
        (zipped({"[Content_Types].xml": "", "ppt/p.xml": ""}), "an Office file without a workbook"),
    ],
)
def test_what_is_no_table_is_named(put, data, what):
    with pytest.raises(ReadError, match=f"not a table but {what}"):
        contents(put(data))
    with pytest.raises(ReadError, match=f" › x: not a table but {what}"):
        contents(put(zipped({"x": data})))


@pytest.mark.parametrize(
    "text", [b"PARENT,text\n", b"PAR1,text\n", b"MZ,text\n", b"GIF8,\n", b"{\\x"]
)
def test_texts_that_begin_like_something_else(put, text):
    assert contents(put(text))[0][1] == "text"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (zipped({}), "the archive holds no files"),
        (zipped({".hidden": TEXT}), "the archive holds no files"),
        (zipped({"in.zip": zipped({"a.csv": TEXT})}), "in.zip: is an archive in an archive"),
        (gzip.compress(zipped({"a.csv": TEXT})), "is an archive in an archive"),
        (gzip.compress(gzip.compress(TEXT)), "is packed twice"),
        (zipped({"a.csv": TEXT}, zipfile.ZIP_LZMA), "a method of its own"),
    ],
)
def test_archives_that_are_refused(put, data, why):
    with pytest.raises(ReadError, match=why):
        contents(put(data))


def test_an_archive_with_a_password(put):
    data = bytearray(zipped({"评论.csv": TEXT}))
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(magic) + at] |= 1
    with pytest.raises(ReadError, match=r"› 评论.csv: needs a password; pack it without one"):
        contents(put(bytes(data)))


@pytest.mark.parametrize("pack", [gzip.compress, zst])
def test_a_stream_cut_off(put, pack):
    packed = pack(LONG)
    path = put(packed[: len(packed) // 2])
    with pytest.raises(ReadError, match=r"damaged or cut off after [1-9][\d,]+ unpacked bytes"):
        contents(path)
    with pytest.raises(ReadError, match="damaged or cut off"):
        contents(put(packed[:6]))


def test_an_archive_cut_off(put):
    packed = zipped({"a.csv": LONG})
    with pytest.raises(ReadError, match="its directory cannot be read"):
        contents(put(packed[: len(packed) // 2]))
    broken = bytearray(packed)
    broken[len(packed) // 2] ^= 255
    with pytest.raises(ReadError, match=r"› a.csv: the archive is damaged or cut off after"):
        contents(put(bytes(broken)))


@pytest.mark.parametrize(
    "pack", [gzip.compress, zst, lambda data: zipped({"评论.csv": data, "b": data}), workbook]
)
def test_damage_of_any_kind_is_a_read_error(put, pack):
    packed = workbook() if pack is workbook else pack(LONG[:5000])
    chance = random.Random(5)
    for _ in range(150):
        broken = bytearray(packed)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        del broken[chance.randint(0, 2 * len(broken)) :]
        with suppress(ReadError):
            contents(put(bytes(broken)))


@pytest.mark.parametrize("pack", [gzip.compress, zst, lambda data: zipped({"a.csv": data})])
def test_a_bomb_is_noticed_while_it_is_unpacked(put, monkeypatch, pack):
    monkeypatch.setattr(unpacking, "BOMB_BYTES", 1 << 20)
    monkeypatch.setattr(unpacking, "BOMB_RATIO", 500)
    with pytest.raises(ReadError, match="looks like a zip bomb"):
        contents(put(pack(bytes(80 << 20))))
    assert len(contents(put(pack(LONG * 4)))[0][2]) > 1 << 20
    monkeypatch.setattr(sys, "stdin", piped_in(pack(bytes(80 << 20))))
    with pytest.raises(ReadError, match="looks like a zip bomb"):
        contents("-")


def test_a_workbook_that_unpacks_to_too_much(put, monkeypatch):
    data = zipped({"[Content_Types].xml": "", "xl/s.xml": bytes(4 << 20)})
    assert contents(put(data))[0][1] == "xlsx"
    monkeypatch.setattr(kinds, "BOMB_WORKBOOK_BYTES", 1 << 20)
    monkeypatch.setattr(kinds, "BOMB_RATIO", 500)
    with pytest.raises(ReadError, match="looks like a zip bomb"):
        contents(put(data))
    monkeypatch.setattr(kinds, "MOST_WORKBOOK_BYTES", 1 << 20)
    with pytest.raises(ReadError, match="the workbook unpacks to 4,194,304 bytes"):
        contents(put(data))


def test_what_goes_to_a_temporary_file_is_bounded(monkeypatch, put):
    monkeypatch.setattr(opening, "MOST_SPOOLED_BYTES", 100)
    with pytest.raises(ReadError, match="has more than 100 bytes"):
        contents(put(gzip.compress(workbook())))


def test_unpacking_needs_little_memory(put):
    path = put(zipped({"a.csv": LONG * 50}))
    tracemalloc.start()
    try:
        for opened in open_file(path):
            while opened.file.read(1 << 16):
                pass
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_missing_package_is_named(put, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ReadError, match=r"pip install 'commentnlp\[zstd\]'"):
        contents(put(b"\x28\xb5\x2f\xfd" + bytes(9)))
