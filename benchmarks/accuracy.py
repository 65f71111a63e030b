"""How right: micro-F1 on parents, everybody trained on the same samples."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import REAL, TRAINING_DATA
from benchmarks.rivals import CLASSIFIERS, OURS, Bools, Shipped, fitted
from commentnlp import CommentnlpError, Sample, Taxonomy
from commentnlp.evaluation import score, truth
from commentnlp.samples import digest, read_all_samples
from commentnlp.taxonomy import parent_of

REAL_COMMENTS = REAL / "real_dev.tsv"


def accuracy(work: Path) -> dict[str, Any]:
    """Micro-F1 on parents: set of comments → rival → facet, and their mean.

    Raises CommentnlpError where the shipped model was trained on other samples than these.
    """
    taxonomy = read_taxonomy()
    systems = {}
    for name in CLASSIFIERS:
        try:
            systems[name] = fitted(name, work)
        except ImportError:
            continue
    ours = systems[OURS]
    if isinstance(ours, Shipped) and ours.model.meta.data_digest != digest(_samples()):
        raise CommentnlpError(
            "models/default was trained on other samples than training_data/samples holds;"
            " run `python -m commentnlp train -o models/default` first"
        )
    out: dict[str, Any] = {}
    for name, samples in measured().items():
        given = truth(taxonomy, samples)
        texts = [sample.text for sample in samples]
        out[name] = {"comments": len(samples), "f1": {}}
        for rival, system in systems.items():
            predicted = with_parents(taxonomy, system.predict(texts))
            facets = score(taxonomy, given, predicted).facets
            f1 = {facet: facets[facet].micro.f1 for facet in taxonomy.facets}
            out[name]["f1"][rival] = {**f1, "mean": float(np.mean(list(f1.values())))}
    return out


def read_taxonomy() -> Taxonomy:
    """The shipped taxonomy."""
    return Taxonomy.read(TRAINING_DATA / "taxonomy.json")


def training_samples() -> tuple[list[str], Bools]:
    """Texts and labels (texts × labels, parents implied) of the shipped samples."""
    samples = _samples()
    return [sample.text for sample in samples], truth(read_taxonomy(), samples)


def _samples() -> list[Sample]:
    return read_all_samples(sorted((TRAINING_DATA / "samples").glob("*.csv")), read_taxonomy())


def measured() -> dict[str, list[Sample]]:
    """Labelled comments that nobody was trained on: the live-room lines, the holdout, and real
    ones where present."""
    taxonomy = read_taxonomy()
    out = {
        "shaped": read_all_samples([TRAINING_DATA / "rooms.csv"], taxonomy),
        "holdout": read_all_samples([TRAINING_DATA / "holdout.csv"], taxonomy),
    }
    if REAL_COMMENTS.exists():
        out["real"] = _read_unquoted(REAL_COMMENTS, taxonomy)
    return out


def _read_unquoted(path: Path, taxonomy: Taxonomy) -> list[Sample]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Sample(
            row["text"],
            {
                facet: taxonomy.with_parents(facet, filter(None, row[facet].split(",")))
                for facet in taxonomy.facets
            },
        )
        for row in rows
    ]


def with_parents(taxonomy: Taxonomy, predicted: Bools) -> Bools:
    """Let a leaf bring its parent along, as everybody would who knows the labels."""
    out = predicted.copy()
    column = {name: i for i, name in enumerate(taxonomy.columns)}
    for (facet, label), i in column.items():
        if parent := parent_of(label):
            out[:, column[facet, parent]] |= predicted[:, i]
    return out
