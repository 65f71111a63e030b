"""A model folder that somebody else made: refused in words, whatever its digests say."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest

from commentnlp import Model
from commentnlp.errors import ModelError
from commentnlp.model_folder import ModelFiles, check_replaceable, meta_digest

from .conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "model"


@pytest.fixture
def folder(tiny, tmp_path):
    tiny.save(tmp_path / "m")
    return tmp_path / "m"


def seal(folder, change=lambda meta: None):
    """Make all digests right."""
    path = folder / ModelFiles.META
    meta = json.loads(path.read_text(encoding="utf-8"))
    for name in meta["digests"]:
        if (folder / name).is_file() and name != ModelFiles.META:
            meta["digests"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    change(meta)
    meta["digests"][ModelFiles.META] = meta_digest(meta)
    path.write_text(json.dumps(meta), encoding="utf-8")


def changed(name, make):
    def change(folder):
        array = np.load(folder / f"{name}.npy")
        np.save(folder / f"{name}.npy", make(array))
        seal(folder)

    return change


def content(name, data):
    def change(folder):
        (folder / name).write_bytes(data)
        seal(folder)

    return change


def meta(**values):
    return lambda folder: seal(folder, lambda meta: meta.update(values))


def digest_of(name, digest="00"):
    return lambda folder: seal(folder, lambda meta: meta["digests"].update({name: digest}))


def pipe(folder):
    os.mkfifo(folder / "pipe")
    digest_of("pipe")(folder)


def link(folder):
    (folder / "bias.npy").unlink()
    (folder / "bias.npy").symlink_to("/dev/zero")


def huge_header(folder):
    data = bytearray((folder / "bias.npy").read_bytes())
    start = data.index(b"(")
    data[start : start + 13] = b"(10000000000,"
    (folder / "bias.npy").write_bytes(data)
    seal(folder)


HOSTILE = {
    "an empty array": content("bias.npy", b""),
    "an archive of arrays": content("bias.npy", b"PK\3\4" + bytes(100)),
    "half a header": content("idf.npy", b"\x93NUMPY\1\0\xff\xff{"),
    "an array of 80 GB": huge_header,
    "complex numbers": changed("bias", lambda a: a.astype(complex)),
    "texts": changed("bias", lambda a: a.astype(str)),
    "whole numbers": changed("bias", lambda a: a.astype(int)),
    "halves": changed("bias", lambda a: a.astype(np.float16)),
    "foreign byte order": changed("bias", lambda a: a.astype(">f8")),
    "NaN": changed("thresholds", lambda a: a * np.nan),
    "infinite weights": changed("weights", lambda a: a * np.inf),
    "enormous weights": changed("weights", lambda a: a * 1e30),
    "a threshold over 1": changed("thresholds", lambda a: a + 1),
    "a threshold of 0": changed("thresholds", lambda a: a * 0),
    "a negative idf": changed("idf", lambda a: -a),
    "too few numbers": changed("bias", lambda a: a[:1]),
    "another shape": changed("bias", lambda a: a[None]),
    "keys out of order": changed("keys_char", lambda a: a[::-1]),
    "a key twice": changed("keys_char", lambda a: a[[0, 0]]),
    "keys beyond the alphabet": changed("keys_char", lambda a: a + np.uint64(1000)),
    "keys of another kind": changed("keys_char", lambda a: a.astype(np.int64)),
    "too many bits": changed("weighed", lambda a: np.full_like(a, 255)),
    "a word twice": content("words.txt", "圈口\n圈口\n".encode()),
    "an empty word": content("words.txt", b"\n\n"),
    "a character twice": content("chars.txt", "贵贵".encode()),
    "no UTF-8": content("chars.txt", b"\xff\xfe"),
    "a broken table": content("language/words.tsv", b"a\tb\tc\td\te\n"),
    "a frequency of 23 digits": content("language/words.tsv", b"ab\t" + b"9" * 23 + b"\n"),
    "no number of samples": meta(samples="many"),
    "infinitely many samples": meta(samples=float("inf")),
    "common words": meta(common_words=-1),
    "more common words than words": meta(common_words=5),
    "a taxonomy that is a list": meta(taxonomy=[1]),
    "a taxonomy of numbers": meta(taxonomy={"a": 1}),
    "scores that are text": meta(scores="good"),
    "a facet without labels": meta(taxonomy={"a": {"names": {}, "labels": {}}}),
    "digests that are a list": lambda folder: seal(
        folder, lambda meta: meta.update(digests={**meta["digests"], "bias.npy": 7})
    ),
    "a name with NUL": digest_of("a\0b"),
    "a file elsewhere": digest_of("../../../../etc/hostname"),
    "an absolute path": digest_of("/etc/hostname"),
    "a device": digest_of("/dev/zero"),
    "a hidden file": digest_of(".bashrc"),
    "a pipe": pipe,
    "a link to a device": link,
    "nested JSON": lambda folder: (folder / "model.json").write_text("[" * 200_000),
    "JSON that is a list": lambda folder: (folder / "model.json").write_text("[1]"),
    "no JSON": lambda folder: (folder / "model.json").write_bytes(b"\0\xff"),
    "a folder for a file": lambda folder: (
        (folder / "bias.npy").unlink(), (folder / "bias.npy").mkdir(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_folder_is_refused_in_words(folder, change):
    Model.load(folder)
    change(folder)
    with pytest.raises(ModelError) as error:
        Model.load(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("name", ["a\0b", "长" * 300, "..", "a/b", "\x1b[2J"])
def test_a_hostile_pointer_is_refused_in_words(tmp_path, name):
    (tmp_path / "current").write_text(name, encoding="utf-8")
    with pytest.raises(ModelError):
        Model.load(tmp_path)


def test_nothing_is_destroyed(tiny, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "my.xlsx").write_text("data")
    for folder in (precious, tmp_path):
        with pytest.raises(ModelError, match="would be lost; name a new folder"):
            tiny.save(folder)
    assert (precious / "my.xlsx").read_text() == "data"
    with pytest.raises(ModelError, match="is a file"):
        tiny.save(precious / "my.xlsx")


def test_a_model_with_something_beside_it_is_not_replaced(tiny, folder):
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match=r"holds notes.txt, which is no part of a model"):
        tiny.save(folder)
    (folder / "notes.txt").unlink()
    tiny.save(folder, {"holdout.csv": b"text\n"})
    check_replaceable(folder)
    tiny.save(folder)
    assert not (folder / "holdout.csv").exists()


def test_an_empty_folder_may_be_written_to(tiny, tmp_path):
    (tmp_path / "new").mkdir()
    tiny.save(tmp_path / "new")
    tiny.save(tmp_path / "deep" / "er" / "model")
    assert Model.load(tmp_path / "deep" / "er" / "model").meta == tiny.meta


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: {"bias": parts.bias + 1},
        lambda parts: {"thresholds": parts.thresholds / 2},
        lambda parts: {"idf": parts.idf * 2},
        lambda parts: {"weights": parts.weights * 2},
        lambda parts: {"products": {"手镯": "bracelet"}},
    ],
)
def test_the_fingerprint_is_of_all_that_decides(tiny, change):
    from dataclasses import replace

    parts = tiny.parts()
    assert parts.fingerprint() == tiny.parts().fingerprint()
    assert replace(parts, **change(parts)).fingerprint() != parts.fingerprint()


def test_the_shipped_model_bears_its_fingerprint(shipped):
    assert shipped.meta.version == shipped.parts().fingerprint()


def test_the_golden_model_loads_from_a_copy(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "copy")
    Model.load(tmp_path / "copy")
