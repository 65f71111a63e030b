"""Models side by side in a folder: which is in use, and how another takes its place.

The file ``current`` names the one in use; to rename a new one over it is the whole swap, so that
whoever reads finds the old model or the new one, never half of any. ``history.jsonl`` remembers
every swap: it is written first, and a line whose swap never came is told by what came after it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from commentnlp.comparison import ENOUGH, Change, Comparison, compare
from commentnlp.errors import CommentnlpError, ModelError
from commentnlp.model import Model
from commentnlp.model_folder import POINTER, SHIPPED, Meta, ModelFiles, folder_in_use
from commentnlp.records import Sample
from commentnlp.samples import read_samples
from commentnlp.shipped import DEFAULT_MODEL, TRAINING_DATA
from commentnlp.whole_files import whole_file

HISTORY = "history.jsonl"
HOLDOUT = "holdout.csv"
"""File of a model folder: the samples that its training held out."""


class RefusedError(CommentnlpError):
    """A model was not promoted because it is worse."""

    def __init__(self, message: str, comparisons: Mapping[str, Comparison]) -> None:
        """Take the message and what was compared, by the name of the rows."""
        super().__init__(message)
        self.comparisons = comparisons


@dataclass(frozen=True)
class Listed:
    """One model of a folder."""

    name: str
    written: datetime | None
    in_use: bool
    meta: Meta | None
    error: str = ""
    """Why it cannot be used, where that is so."""


@dataclass(frozen=True)
class Swap:
    """A line of the history."""

    at: str
    what: str
    """``promoted`` or ``rolled back``."""
    name: str
    before: str
    version: str = ""
    data_digest: str = ""
    forced: bool = False
    worse: tuple[Mapping[str, Any], ...] = ()
    """Labels that got worse, where it was forced."""


@dataclass(frozen=True)
class Promotion:
    """What `promote` did."""

    swap: Swap
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)


def current(folder: Path) -> str:
    """Name of the model in use; the shipped one where none was promoted."""
    if not (folder / POINTER).exists():
        return SHIPPED
    path = folder_in_use(folder)
    return SHIPPED if path == DEFAULT_MODEL else path.name


def path_of(folder: Path, name: str) -> Path:
    """Where a model of the folder lies. Raises ModelError for what is no name of one."""
    if name == SHIPPED:
        return DEFAULT_MODEL
    if Path(name).name != name or name in ("", ".", ".."):
        raise ModelError(f"{name!r} is no name of a model in {folder}; `models list` shows them")
    return folder / name


def listed(folder: Path) -> list[Listed]:
    """The shipped model and all of a folder, in the order of their names."""
    found = [(SHIPPED, DEFAULT_MODEL)]
    if folder.is_dir():
        found += [
            (path.name, path) for path in sorted(folder.iterdir())
            if (path / ModelFiles.META).exists() and not path.name.startswith(".")
        ]  # fmt: skip
    use = current(folder)
    out = []
    for name, path in found:
        try:
            meta, error = Model.load(path).meta, ""
        except ModelError as problem:
            meta, error = None, str(problem)
        try:
            written = datetime.fromtimestamp((path / ModelFiles.META).stat().st_mtime, timezone.utc)
        except OSError:
            written = None
        out.append(Listed(name, written, name == use, meta, error))
    if use not in [one.name for one in out]:
        out.append(Listed(use, None, True, None, f"{folder / use}: no model there"))
    return out


def history(folder: Path) -> list[Swap]:
    """Every swap that came to be, the oldest first."""
    swaps = []
    try:
        lines = (folder / HISTORY).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            told = json.loads(line)
            swaps.append(Swap(**{**told, "worse": tuple(told.get("worse", ()))}))
        except (ValueError, TypeError):
            continue  # whoever wrote it was killed
    after = [*(swap.before for swap in swaps[1:]), current(folder)]
    return [swap for swap, then in zip(swaps, after, strict=False) if swap.name == then]


def compare_on(
    before: Model, after: Model, holdout: Sequence[Sample] = ()
) -> dict[str, Comparison]:
    """Compare two models on ``holdout``, by the name of the rows.

    Where it is empty: on the rows that the training of ``after`` held out, and on the shipped
    holdout where it was trained on the shipped samples.
    """
    if holdout:
        return {"holdout": compare(before, after, holdout)}
    out = {}
    if after.folder and (after.folder / HOLDOUT).exists():
        own = read_samples(after.folder / HOLDOUT, after.taxonomy)
        out["held out"] = compare(before, after, own)
    if after.meta.training.get("base") == "shipped":
        shipped = read_samples(TRAINING_DATA / HOLDOUT, Model.shipped().taxonomy)
        out["shipped holdout"] = compare(before, after, shipped)
    return out


def promote(
    folder: Path, name: str, *, holdout: Sequence[Sample] = (), force: bool = False
) -> Promotion:
    """Put a model into use.

    Raises ModelError for one that cannot be loaded or is in use already, RefusedError where a
    label gets significantly or plainly worse, or no label has rows enough to tell (``force``
    promotes it nevertheless, and the history says so).
    """
    before = current(folder)
    if name == before:
        raise ModelError(f"{name}: in use already")
    after = Model.load(path_of(folder, name))
    comparisons: dict[str, Comparison] = {}
    try:
        comparisons = compare_on(Model.load(path_of(folder, before)), after, holdout)
    except ModelError as error:
        if not force:
            raise ModelError(
                f"the model in use cannot be compared with ({error}); --force promotes {name}"
            ) from None
    worse = [(rows, change) for rows, found in comparisons.items() for change in found.worse]
    if worse and not force:
        raise RefusedError(_refusal(name, worse), comparisons)
    if not force and (why := _too_few(name, comparisons)):
        raise RefusedError(why, comparisons)
    swap = Swap(
        _now(), "promoted", name, before, after.meta.version, after.meta.data_digest,
        bool(worse), tuple({"rows": rows, **asdict(change)} for rows, change in worse),
    )  # fmt: skip
    _swap(folder, swap)
    return Promotion(swap, comparisons)


def rollback(folder: Path) -> Swap:
    """Put the model into use again that was before. Raises ModelError where there is none."""
    stack: list[str] = []
    for swap in history(folder):
        if swap.what == "promoted":
            stack.append(swap.before)
        elif stack:
            stack.pop()
    if not stack:
        raise ModelError(f"{folder}: no model was promoted there before the one in use")
    name, before = stack[-1], current(folder)
    meta = Model.load(path_of(folder, name)).meta
    swap = Swap(_now(), "rolled back", name, before, meta.version, meta.data_digest)
    _swap(folder, swap)
    return swap


def _refusal(name: str, worse: Sequence[tuple[str, Change]]) -> str:
    told = "; ".join(
        f"{c.facet}/{c.label} F1 {c.before:.3f} → {c.after:.3f}"
        f" ({c.low:+.3f} to {c.high:+.3f}, {c.support} of {rows})"
        for rows, c in worse
    )
    return (
        f"{name}: not promoted, it is worse: {told}. Label more comments of these kinds and train"
        " again, or promote it with --force"
    )


def _too_few(name: str, comparisons: Mapping[str, Comparison]) -> str:
    """Why nothing can be said of a model; empty where something can, or nothing was held out."""
    unjudged = [one.unjudged for one in comparisons.values()]
    judged = any(c.support >= ENOUGH for one in comparisons.values() for c in one.labels)
    if judged or not any(unjudged):
        return ""
    label, most = max(
        (pair for several in unjudged for pair in several.items()), key=lambda pair: pair[1]
    )
    return (
        f"{name}: not promoted, too few held-out rows to judge any label: {label} has the most,"
        f" {most} of {ENOUGH}. Label at least {ENOUGH - most} more of it and train again, name"
        " labelled rows with --holdout, or promote it with --force"
    )


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _swap(folder: Path, swap: Swap) -> None:
    try:
        _append(folder / HISTORY, json.dumps(asdict(swap), ensure_ascii=False))
        with whole_file(folder / POINTER) as part:
            part.write_text(f"{swap.name}\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None


def _append(path: Path, line: str) -> None:
    # what a killed writer left has no end
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    _durably(path, "a", f"{chr(10) * torn}{line}\n")


def _durably(path: Path, mode: str, text: str) -> None:
    with path.open(mode, encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
