"""The verbs for labelled samples: train, evaluate."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.cli.options import add_model
from commentnlp.corpus import FEW, corpus, describe, shipped_samples
from commentnlp.errors import CommentnlpError
from commentnlp.language import Language
from commentnlp.model import Model
from commentnlp.samples import gather, settled, sound
from commentnlp.shipped import TRAINING_DATA
from commentnlp.taxonomy import Taxonomy, parent_of

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs
    from commentnlp.evaluation import Evaluation, Score


def add(verbs: Verbs) -> None:
    """Add the verbs."""
    verb = verbs.add_parser("evaluate", help="score a model on labelled samples")
    verb.add_argument("files", nargs="+", type=Path, metavar="SAMPLES")
    verb.add_argument("--json", action="store_true", help="print JSON")
    add_model(verb)
    verb.set_defaults(run=_evaluate)

    verb = verbs.add_parser("train", help="make a model from labelled samples")
    verb.add_argument("files", nargs="*", type=Path, metavar="SAMPLES",
                      help="labelled samples; the shipped ones if none are given")  # fmt: skip
    verb.add_argument("-o", "--output", required=True, type=Path, metavar="FOLDER")
    verb.add_argument("--base", choices=("shipped", "none"), default="shipped",
                      help="train on the shipped samples, too (if not given), or on yours"
                      " alone")  # fmt: skip
    verb.add_argument("--language", type=Path, metavar="FOLDER", help="your dictionary, lexicon,"
                      " other tables: added to the shipped ones, or with --base none in their"
                      " place")  # fmt: skip
    verb.add_argument("--taxonomy", type=Path, default=TRAINING_DATA / "taxonomy.json",
                      metavar="FILE", help="facets, labels and their names")  # fmt: skip
    verb.add_argument("--min-samples", type=int, default=FEW, metavar="N",
                      help=f"leave out labels with fewer samples; {FEW} if not given")  # fmt: skip
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("-q", "--quiet", action="store_true", help="no progress")
    verb.set_defaults(run=_train)


def _evaluate(options: argparse.Namespace) -> int:
    from commentnlp.evaluation import evaluate

    model = Model.load(options.model)
    gathered = sound(gather(options.files, model.taxonomy))
    _tell(gathered.notes)
    result = evaluate(model, settled(gathered.samples))
    if options.json:
        print(json.dumps(result.to_json(), ensure_ascii=False, indent=1))
    else:
        print(evaluation_table(result, model.taxonomy))
    return 0


def evaluation_table(result: Evaluation, taxonomy: Taxonomy) -> str:
    """Lay an evaluation out for a terminal."""
    lines = [f"{result.samples} samples"]

    def row(name: str, score: Score, zh: str = "") -> None:
        lines.append(
            f"{name:<32}{score.precision:>10.3f}{score.recall:>10.3f}{score.f1:>10.3f}"
            f"{score.support:>9}  {zh}".rstrip()
        )

    for facet, scores in result.facets.items():
        lines += ["", f"{facet:<32}{'precision':>10}{'recall':>10}{'F1':>10}{'support':>9}"]
        for label, one in scores.labels.items():
            row(("    " if parent_of(label) else "  ") + label, one, taxonomy.name(facet, label))
        row("  micro, parents", scores.micro)
        row("  macro, parents", scores.macro)
        if scores.leaf_micro and scores.leaf_macro:
            row("  micro, leaves", scores.leaf_micro)
            row("  macro, leaves", scores.leaf_macro)
    return "\n".join(lines)


def _train(options: argparse.Namespace) -> int:
    from commentnlp.training import Settings, train  # brings scikit-learn: only here

    if options.output.exists() and not options.output.is_dir():
        raise CommentnlpError(f"{options.output}: is a file; name a folder for the model")
    if options.seed < 0 or options.min_samples < 1:
        raise CommentnlpError("--seed, --min-samples: give a number from 0 or 1 on")
    shipped, names = shipped_samples()
    taxonomy = Taxonomy.read(options.taxonomy)
    samples = shipped
    if options.files:
        gathered = sound(gather(options.files, taxonomy))
        _tell(gathered.notes)
        samples = settled(gathered.samples)
    base = shipped if options.files and options.base == "shipped" else []
    whole = corpus(samples, taxonomy, base=base, base_taxonomy=names, few=options.min_samples)
    if said := describe(whole.left_out, options.min_samples):
        _tell([said])
    with _stages(options.quiet) as progress:
        model = train(
            whole,
            _language(options.language, add=options.base == "shipped"),
            settings=Settings(seed=options.seed),
            progress=progress,
        )
        model.save(options.output)
    print(f"{options.output}: {len(samples)} samples"
          + (f" and {len(base)} shipped ones" if base else "")
          + f", {len(model.features)} features, version {model.meta.version}")  # fmt: skip
    return 0


def _language(own: Path | None, *, add: bool) -> Language:
    shipped = TRAINING_DATA / "language"
    return Language.extended(own, shipped, add=add) if own else Language.read(shipped)


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"commentnlp: {note}", file=sys.stderr)


@contextmanager
def _stages(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """What training tells of its stages: a bar where a person watches, else a line each."""
    from tqdm import tqdm

    if quiet:
        yield lambda stage, done, total: None
        return
    stages: list[str] = []
    where = not sys.stderr.isatty()
    form = "{l_bar}{bar}| {elapsed}<{remaining}"
    with tqdm(disable=where, leave=False, bar_format=form) as bar:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages.append(stage)
                bar.set_description(stage)
                if where:
                    print(stage, file=sys.stderr)
            bar.total = total
            bar.update(done - bar.n)

        yield show
