"""A damaged or hostile model folder is refused in words, or gives tags as any other."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path

from commentnlp import Model
from commentnlp.errors import ModelError
from commentnlp.model_folder import ModelFiles, meta_digest

from ..conftest import ROOT
from .mutations import mutated
from .words import check_words

MODEL = ROOT / "tests" / "golden" / "model"


def seal(folder: Path) -> None:
    """Make the digests right, as somebody would who means harm."""
    path = folder / ModelFiles.META
    try:
        meta = json.loads(path.read_bytes())
        for name in meta["digests"]:
            if (folder / name).is_file() and name != ModelFiles.META:
                meta["digests"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        meta["digests"][ModelFiles.META] = meta_digest(meta)
        path.write_text(json.dumps(meta), encoding="utf-8")
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return  # so broken that no digest could be right


def run(count: int, seed: int, folder: Path) -> None:
    """Load so many damaged folders; the one that fails stays in ``folder``."""
    chance = random.Random(seed)
    there = folder / "model"
    for _ in range(count):
        shutil.rmtree(there, ignore_errors=True)
        shutil.copytree(MODEL, there)
        files = sorted(path for path in there.rglob("*") if path.is_file())
        for _ in range(chance.choice((1, 1, 3))):
            path = chance.choice(files)
            path.write_bytes(mutated(path.read_bytes(), chance))
        if chance.random() < 0.7:
            seal(there)
        try:
            Model.load(there).tag(["多少钱", "没掉色，就是慢", ""], evidence=True)
        except ModelError as error:
            check_words(error)
