"""A model as a folder: plain arrays, tables and JSON, each file with its digest.

Nothing in a folder is executed, and nothing outside it is opened. Digests find damage, they are no
signature: whoever can change a file can change its digest, too. So whatever is read is checked
for what it is: sizes before anything is read, numbers before anything is done with them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.errors import CommentnlpError, ModelError
from commentnlp.features import BOUNDARY, ORDERS, Features, Keys
from commentnlp.language import COLUMNS, ONLY_TRAINING, OPTIONAL, Language
from commentnlp.noise import Noise
from commentnlp.segment import Segmenter
from commentnlp.shipped import DEFAULT_MODEL
from commentnlp.stacking import SecondLook
from commentnlp.tables import read_rows, write_table
from commentnlp.taxonomy import Taxonomy
from commentnlp.text import Normaliser
from commentnlp.whole_files import alone

Floats = npt.NDArray[np.floating[Any]]

FORMAT = 2
"""Number of the folder's layout; another number is refused."""

POINTER = "current"
"""File in a folder of models that names the one in use."""

SHIPPED = "shipped"
"""What `POINTER` says where it is the model that comes with the library."""

MOST_BYTES = 256 << 20
"""Of one file of a model. The shipped one has 4 million."""
MOST_META_BYTES = 32 << 20
MOST_FEATURES, MOST_LABELS = 4_000_000, 2_000

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")
_LANGUAGE_TABLES = tuple(name for name in COLUMNS if name not in ONLY_TRAINING)


class ModelFiles:
    """The names of the files in a model folder."""

    META = "model.json"
    ARRAYS = ("idf", "weighed", "weights", "bias", "thresholds", "second_look")
    KEYS = tuple(f"keys_{sequence}" for sequence in ORDERS)
    WORDS = "words.txt"
    CHARS = "chars.txt"
    LANGUAGE = "language"

    @classmethod
    def files(cls) -> list[str]:
        """Every file but the one that holds the digests."""
        arrays = [f"{name}.npy" for name in (*cls.ARRAYS, *cls.KEYS)]
        tables = [f"{cls.LANGUAGE}/{table}" for table in _LANGUAGE_TABLES]
        return [*arrays, cls.WORDS, cls.CHARS, *tables]

    @classmethod
    def optional(cls) -> set[str]:
        """Those of `files` that a model can do without."""
        return {f"{cls.LANGUAGE}/{name}" for name in OPTIONAL}


@dataclass(frozen=True)
class Meta:
    """What a model says of itself."""

    version: str
    data_digest: str
    samples: int
    scores: Mapping[str, Any] = field(default_factory=dict)
    reference: Mapping[str, Any] = field(default_factory=dict)
    """What comments were like when it was trained, to which `drift` compares those that come."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained: on which base, with which settings, what was left out."""


@dataclass(frozen=True)
class ModelParts:
    """All that a model is made of; `commentnlp.model.Model` takes them by these names."""

    normaliser: Normaliser
    features: Features
    taxonomy: Taxonomy
    idf: Floats
    weights: Floats
    bias: Floats
    thresholds: Floats
    second_look: SecondLook | None
    products: Mapping[str, str]
    rules: Mapping[str, Sequence[str]]
    meta: Meta
    noise: Noise | None = None
    """What tells one-tap phrases and spam; None: what the library's own table says."""

    def contents(self) -> dict[str, bytes]:
        """The files of the folder, by name, all but `ModelFiles.META`."""
        weighed, weights = _packed(self.weights)
        second = self.second_look.weights if self.second_look else np.zeros((0, len(self.bias)))
        arrays = (self.idf, weighed, weights, self.bias, self.thresholds, second)
        named: dict[str, npt.NDArray[Any]] = dict(zip(ModelFiles.ARRAYS, arrays, strict=True))
        named.update(
            (name, self.features.keys[sequence])
            for name, sequence in zip(ModelFiles.KEYS, ORDERS, strict=True)
        )
        files = {f"{name}.npy": _array_bytes(array) for name, array in named.items()}
        files[ModelFiles.WORDS] = "".join(f"{word}\n" for word in self.features.words).encode()
        files[ModelFiles.CHARS] = self.features.chars.encode()
        language = Language(
            self.normaliser,
            self.features.segmenter.words,
            self.features.concepts,
            self.features.denials,
            self.products,
            self.rules,
            noise=self.noise,
        )
        for name, rows in language.tables().items():
            files[f"{ModelFiles.LANGUAGE}/{name}"] = write_table(rows)
        return files

    def fingerprint(self) -> str:
        """Twelve letters that change with everything that decides an answer."""
        digest = hashlib.sha256()
        for name, content in sorted(self.contents().items()):
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
        told = [self.features.common, list(self.taxonomy.facets.items())]
        digest.update(json.dumps(told, ensure_ascii=False).encode())
        return digest.hexdigest()[:12]


# which folder -----------------------------------------------------------------------------------


def folder_in_use(path: Path | str) -> Path:
    """The model folder that ``path`` means: itself, or the one its file ``current`` names.

    A folder of several models has such a file of one line; to rename another into its place swaps
    the model at once for everybody. `SHIPPED` there means the model that comes with the library.
    Raises ModelError where it names none of them.
    """
    path = Path(path)
    pointer = path / POINTER
    try:
        name = _content(pointer, 1000).decode().strip()
    except (FileNotFoundError, NotADirectoryError):
        return _whole(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"{pointer}: cannot be read ({error})") from None
    if not name or name in (".", "..") or Path(name).name != name or not name.isprintable():
        raise ModelError(f"{pointer}: names no folder beside it: {name[:60]!r}")
    return DEFAULT_MODEL if name == SHIPPED else _whole(path / name)


def _whole(folder: Path) -> Path:
    """The folder, or the one before it where a writer was killed as it put another in its place."""
    old = _hidden(folder.absolute(), "old")
    try:
        return old if old.exists() and not folder.exists() else folder
    except OSError as error:
        raise ModelError(f"{folder}: cannot be read ({error.strerror})") from None


def _hidden(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")


def check_replaceable(folder: Path | str) -> None:
    """See that a model can be written to ``folder`` and destroys nothing there.

    Raises ModelError unless it is absent, empty, or holds a model and nothing else.
    """
    folder = Path(folder)
    try:
        if not folder.exists():
            if not folder.absolute().parent.is_dir():
                return  # it is made
            part = _hidden(folder.absolute(), f"{secrets.token_hex(4)}.part")
            part.mkdir()
            part.rmdir()
            return
        if not folder.is_dir():
            raise ModelError(f"{folder}: is a file; name a folder for the model (-o models/NAME)")
        there = sorted(
            str(path.relative_to(folder).as_posix())
            for path in folder.rglob("*")
            if path.is_symlink() or not path.is_dir()
        )
        if not there:
            return
        ours = {ModelFiles.META, *ModelFiles.files()}
        if ModelFiles.META in there:
            ours |= {*_read_meta(folder, any_format=True)["digests"]}
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None
    foreign = [name for name in there if name not in ours] if ModelFiles.META in there else there
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise ModelError(
            f"{folder}: holds {foreign[0]}{more}, which is no part of a model and would be lost;"
            " name a new folder (-o models/NAME)"
        )


# writing ----------------------------------------------------------------------------------------


def write_model(folder: Path | str, parts: ModelParts, beside: Mapping[str, bytes]) -> None:
    """Write the folder, whole or not at all; a model that stands there is replaced.

    ``beside`` are files that travel with it, by name. Whoever reads ``folder`` finds the old
    model or the new one at any moment, also where the writer is killed; what such a one left
    is cleared away. Raises ModelError where it cannot be written, would destroy what is no model,
    or another run writes it.
    """
    folder = Path(folder).absolute()
    check_replaceable(folder)
    files = {**parts.contents(), **beside}
    meta: dict[str, Any] = {
        "format": FORMAT,
        "version": parts.meta.version,
        "data_digest": parts.meta.data_digest,
        "samples": parts.meta.samples,
        "scores": parts.meta.scores,
        "reference": parts.meta.reference,
        "training": parts.meta.training,
        "common_words": parts.features.common,
        "taxonomy": parts.taxonomy.to_json(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    meta["digests"] = {**digests, ModelFiles.META: meta_digest(meta)}
    files[ModelFiles.META] = (json.dumps(meta, ensure_ascii=False, indent=1) + "\n").encode()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            _swap(folder, files)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None
    except ModelError:
        raise
    except CommentnlpError as error:
        raise ModelError(str(error)) from None


def _swap(folder: Path, files: Mapping[str, bytes]) -> None:
    old = _hidden(folder, "old")
    for left in folder.parent.glob(f".{_escaped(folder.name)}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    part = _hidden(folder, f"{secrets.token_hex(4)}.part")
    try:
        (part / ModelFiles.LANGUAGE).mkdir(parents=True)
        for name, content in files.items():
            (part / name).write_bytes(content)
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _array_bytes(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _packed(weights: Floats) -> tuple[npt.NDArray[np.uint8], Floats]:
    """Which weights are not 0, as bits, a feature after the other in whole bytes, and those."""
    weighed = weights != 0
    return np.packbits(weighed, axis=1), weights[weighed]


# reading ----------------------------------------------------------------------------------------


def read_model(folder: Path | str) -> tuple[Path, ModelParts]:
    """Read a model folder, or the one that the file ``current`` in a folder of models names.

    Gives the folder, too. Raises ModelError when it is missing, damaged, foreign or newer.
    """
    folder = folder_in_use(folder)
    meta = _read_meta(folder)
    files = _read_files(folder, meta["digests"])
    try:
        return folder, _parts(meta, files)
    except ModelError:
        raise
    except (
        CommentnlpError, ValueError, KeyError, TypeError, AttributeError, IndexError,
        OverflowError, EOFError, MemoryError, RecursionError, OSError,
    ) as error:  # fmt: skip
        why = str(error) or type(error).__name__
        raise ModelError(f"{folder}: not a model of this program ({why[:200]})") from None


def _read_files(folder: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a model, by name, each as its digest says."""
    known = set(ModelFiles.files())
    names = (known - ModelFiles.optional()) | (digests.keys() - {ModelFiles.META})
    files = {}
    for name in sorted(names):
        if name not in known and not _PLAIN_NAME.fullmatch(name):
            raise ModelError(f"{folder}: names a file that is no part of a model: {name[:60]!r}")
        try:
            content = _content(folder / name, MOST_BYTES)
        except (OSError, ValueError) as error:
            why = "missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
            raise ModelError(f"{folder / name}: {why}; the model is not whole") from None
        if digests.get(name) != hashlib.sha256(content).hexdigest():
            raise _damaged(folder / name)
        files[name] = content
    return files


def _content(path: Path, most: int) -> bytes:
    """The bytes of a plain file. Raises OSError, and ValueError for what is no plain file or has
    more than ``most``."""
    # a pipe would wait for ever, a device never end
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(number, "rb") as file:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("is no plain file")
        if status.st_size > most:
            raise ValueError(f"has {status.st_size:,} bytes, more than {most:,}")
        return file.read(most + 1)[:most]


def _parts(meta: Mapping[str, Any], files: Mapping[str, bytes]) -> ModelParts:
    taxonomy = Taxonomy.from_json(meta["taxonomy"])
    labels = len(taxonomy.columns)
    if labels > MOST_LABELS:
        raise ValueError(f"{labels} labels, more than {MOST_LABELS}")
    tables = {
        name: read_rows(files[f"{ModelFiles.LANGUAGE}/{name}"], COLUMNS[name], name)
        for name in _LANGUAGE_TABLES
        if f"{ModelFiles.LANGUAGE}/{name}" in files
    }
    language = Language.of(tables, ModelFiles.LANGUAGE)
    words = files[ModelFiles.WORDS].decode().split("\n")[:-1]
    chars = files[ModelFiles.CHARS].decode()
    _check_alphabet("word", words)
    _check_alphabet("character", list(chars))
    common = _whole_number(meta["common_words"], "common_words", len(words))
    keys = {
        sequence: _array(files, name, np.uint64, (None,))
        for name, sequence in zip(ModelFiles.KEYS, ORDERS, strict=True)
    }
    count = sum(map(len, keys.values()))
    idf = _floats(files, "idf", (count,), above=0)
    weighed = _array(files, "weighed", np.uint8, (count, -(-labels // 8)))
    second = _floats(files, "second_look", (None, labels))
    features = Features(
        Segmenter({w: n for w, n in language.words.items() if n is not None}),
        language.concepts,
        words,
        common,
        chars,
        keys,
        language.denials,
    )
    _check_keys(keys, features)
    return ModelParts(
        language.normaliser,
        features,
        taxonomy,
        idf,
        _unpacked(weighed, _floats(files, "weights", (None,)), labels),
        _floats(files, "bias", (labels,)),
        _floats(files, "thresholds", (labels,), above=0, below=1),
        SecondLook(second, taxonomy) if len(second) else None,
        language.products,
        language.rules,
        Meta(
            str(meta["version"]),
            str(meta["data_digest"]),
            _whole_number(meta["samples"], "samples", 10**12),
            dict(meta["scores"]),
            dict(meta.get("reference", {})),
            dict(meta.get("training", {})),
        ),
        language.noise,
    )


def _array(
    files: Mapping[str, bytes], name: str, kind: Any, shape: tuple[int | None, ...]
) -> npt.NDArray[Any]:
    """An array of this kind and shape (None: any length); its size is known before it is made."""
    content = files[f"{name}.npy"]
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        told, in_columns, dtype = np.lib.format.read_array_header_1_0(file)
    except Exception as error:  # numpy tries several parsers, each with errors of its own
        raise ValueError(f"{name}.npy: no array ({str(error)[:80]})") from None
    if version != (1, 0):
        raise ValueError(f"{name}.npy: an array of version {version}")
    fits = len(told) == len(shape) and all(
        0 <= size <= MOST_BYTES and wanted in (None, size)
        for size, wanted in zip(told, shape, strict=True)
    )
    if not fits or (in_columns and len(told) > 1 and min(told) > 1):
        raise ValueError(f"{name}.npy: {told} does not fit {shape}")
    if not (np.issubdtype(dtype, kind) and dtype.isnative and not dtype.hasobject):
        raise ValueError(f"{name}.npy: holds {dtype}")
    size = dtype.itemsize
    for length in told:
        size *= length
    if size != len(content) - file.tell():
        raise ValueError(f"{name}.npy: has {len(content) - file.tell()} bytes instead of {size}")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(told)


def _floats(
    files: Mapping[str, bytes],
    name: str,
    shape: tuple[int | None, ...],
    *,
    above: float = -np.inf,
    below: float = np.inf,
) -> Floats:
    numbers = _array(files, name, np.floating, shape)
    if numbers.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name}.npy: holds {numbers.dtype}")
    if not (np.isfinite(numbers).all() and (numbers > above).all() and (numbers < below).all()):
        raise ValueError(f"{name}.npy: holds numbers that cannot be")
    if numbers.size and np.abs(numbers).max() > 1e6:
        raise ValueError(f"{name}.npy: holds numbers that cannot be")
    return numbers


def _check_alphabet(what: str, symbols: Sequence[str]) -> None:
    if len(set(symbols)) < len(symbols) or "" in symbols or "\n" in symbols:
        raise ValueError(f"a {what} of the alphabet is empty or stands in it twice")


def _check_keys(keys: Mapping[str, Keys], features: Features) -> None:
    """Keys are in order, and of symbols that there are."""
    if sum(map(len, keys.values())) > MOST_FEATURES:
        raise ValueError(f"more than {MOST_FEATURES:,} features")
    for sequence, several in keys.items():
        if (several[1:] <= several[:-1]).any():
            raise ValueError(f"keys_{sequence}.npy: not in order")
        bits = 64 // ORDERS[sequence]
        last = features.symbols_of(sequence)
        for i in range(ORDERS[sequence]):
            symbol = several >> np.uint64(bits * i)
            if i + 1 < ORDERS[sequence]:
                symbol = symbol & np.uint64((1 << bits) - 1)
            if (len(several) and (symbol > last).any()) or (not i and (symbol < BOUNDARY).any()):
                raise ValueError(f"keys_{sequence}.npy: of symbols that are not in the alphabet")


def _unpacked(weighed: npt.NDArray[np.uint8], weights: Floats, labels: int) -> Floats:
    """The weights, features × labels, that `_packed` made small."""
    bits = np.unpackbits(weighed, axis=1, count=labels).astype(bool)
    if weights.shape != (bits.sum(),):
        raise ValueError(f"{len(weights)} weights instead of {bits.sum()}")
    out = np.zeros(bits.shape, weights.dtype)
    out[bits] = weights
    return out


def _whole_number(value: Any, name: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{name}: {str(value)[:40]} is no number from 0 to {most}")
    return value


def meta_digest(meta: Mapping[str, Any]) -> str:
    """Digest of what a model says of itself, the digests apart."""
    said = {key: value for key, value in meta.items() if key != "digests"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"{path}: damaged (its digest is not the recorded one); copy the model again or retrain it"
    )


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _read_meta(folder: Path, *, any_format: bool = False) -> dict[str, Any]:
    path = folder / ModelFiles.META
    try:
        text = _content(path, MOST_META_BYTES).decode()
        meta = json.loads(text, parse_constant=_refuse)
        number = meta["format"]
        digests = meta.get("digests")
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(f"{folder}: no model there (no {ModelFiles.META}); give a folder that"
                         " `train` wrote") from None  # fmt: skip
    except (
        ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError, MemoryError,
    ) as error:  # fmt: skip
        why = str(error) or type(error).__name__
        raise ModelError(f"{path}: damaged or not of this program ({why[:200]})") from None
    if number != FORMAT and not any_format:
        raise ModelError(
            f"{path}: format {str(number)[:20]}, this program reads {FORMAT};"
            " update commentnlp or retrain the model"
        )
    sound = isinstance(digests, dict) and all(isinstance(d, str) for d in digests.values())
    if not sound or digests.get(ModelFiles.META) != meta_digest(meta):
        raise _damaged(path)
    return dict(meta)
