"""The verbs for labelled samples: suggest, audit, train, evaluate."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.cli.models import comparisons_table
from commentnlp.cli.options import add_files, add_model, add_safe_cells, hints_of
from commentnlp.corpus import FEW, Corpus, corpus, describe, shipped_samples
from commentnlp.errors import CommentnlpError, ModelError
from commentnlp.language import Language
from commentnlp.model import Model
from commentnlp.model_folder import SHIPPED, check_replaceable
from commentnlp.records import Sample
from commentnlp.samples import Gathered, gather, settled, sound, table
from commentnlp.shipped import TRAINING_DATA
from commentnlp.taxonomy import Taxonomy, parent_of
from commentnlp.whole_files import check_target

STRATEGIES = ("novelty", "margin", "diversity", "rare", "committee")

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs
    from commentnlp.evaluation import Evaluation, Score


def add(verbs: Verbs) -> None:
    """Add the verbs."""
    verb = verbs.add_parser("suggest", help="choose the comments that are most worth labelling")
    add_files(verb)
    verb.add_argument("-o", "--output", required=True, type=Path, metavar="OUT",
                      help=".xlsx or .csv to label in, .json for Label Studio, .jsonl for"
                      " doccano")  # fmt: skip
    verb.add_argument("-n", "--number", type=int, default=200, metavar="N",
                      help="how many; 200 if not given")  # fmt: skip
    verb.add_argument("--known", nargs="+", type=Path, default=[], metavar="SAMPLES",
                      help="what is labelled already is left out")  # fmt: skip
    verb.add_argument("--strategy", action="append", choices=STRATEGIES, default=[],
                      help="only this one; may be given several times")  # fmt: skip
    verb.add_argument("--lang", choices=("zh", "en"), default="zh",
                      help="language of the labels' names")  # fmt: skip
    verb.add_argument("--seed", type=int, default=0)
    add_safe_cells(verb)
    add_model(verb)
    verb.set_defaults(run=_suggest)

    verb = verbs.add_parser("audit", help="look for what is wrong with labelled samples")
    verb.add_argument("files", nargs="*", type=Path, metavar="SAMPLES")
    _add_store(verb)
    verb.add_argument("-o", "--output", type=Path, metavar="OUT", help=".xlsx of all that is found")
    verb.add_argument("--holdout", nargs="+", type=Path, default=[], metavar="SAMPLES",
                      help="held-out rows that must not stand among the samples")  # fmt: skip
    _add_training(verb)
    verb.set_defaults(run=_audit)

    verb = verbs.add_parser("evaluate", help="score a model on labelled samples")
    verb.add_argument("files", nargs="*", type=Path, metavar="SAMPLES")
    _add_store(verb)
    verb.add_argument("--json", action="store_true", help="print JSON")
    add_model(verb)
    verb.set_defaults(run=_evaluate)

    verb = verbs.add_parser("train", help="make a model from labelled samples")
    verb.add_argument("files", nargs="*", type=Path, metavar="SAMPLES",
                      help="labelled samples; the shipped ones if none are given")  # fmt: skip
    verb.add_argument("-o", "--output", required=True, type=Path, metavar="FOLDER")
    _add_store(verb)
    verb.add_argument("--holdout", nargs="+", type=Path, default=[], metavar="SAMPLES",
                      help="labelled rows to compare on; if not given, a fifth of yours is held"
                      " out")  # fmt: skip
    verb.add_argument("--min-samples", type=int, default=FEW, metavar="N",
                      help=f"leave out labels with fewer samples; {FEW} if not given")  # fmt: skip
    verb.add_argument("--dry-run", action="store_true",
                      help="say what would be trained on, held out and left out, and write"
                      " nothing")  # fmt: skip
    _add_training(verb)
    verb.set_defaults(run=_train)


def _audit(options: argparse.Namespace) -> int:
    from commentnlp.audit import audit, audit_table, check, write_audit
    from commentnlp.training import Settings

    if not options.files and not options.store:
        raise CommentnlpError("which samples? Name a file, or --store")
    if options.output and options.output.suffix != ".xlsx":
        raise CommentnlpError(f"{options.output}: .xlsx can be written")
    if options.output:
        check_target(options.output, [*options.files, *options.holdout])
    taxonomy = Taxonomy.read(options.taxonomy)
    gathered = gather(options.files, taxonomy)
    if options.store:
        more = _corrections(options.store, taxonomy)
        gathered.samples += more.samples
        gathered.problems += more.problems
    holdout = sound(gather(options.holdout, taxonomy)).samples
    base, names = shipped_samples() if options.base == "shipped" else ([], None)
    language = _language(options.language, add=options.base == "shipped")
    if options.output:  # what is found at once, whatever becomes of the rest
        write_audit(check(gathered, taxonomy, language, holdout=holdout), options.output)
    with _stages(options.quiet) as progress:
        found = audit(
            gathered, taxonomy, language,
            holdout=holdout, base=base, base_taxonomy=names,
            settings=Settings(seed=options.seed), progress=progress,
        )  # fmt: skip
    _tell(found.notes)
    if options.output:
        write_audit(found, options.output)
    print(audit_table(found))
    return 0


def _suggest(options: argparse.Namespace) -> int:
    from commentnlp.annotation import SUFFIXES, write_queue
    from commentnlp.reading import open_sources
    from commentnlp.suggestion import SHARES, suggest

    if options.output.suffix not in SUFFIXES:
        raise CommentnlpError(f"{options.output}: one of {', '.join(SUFFIXES)} can be written")
    check_target(options.output, [*options.files, *options.known])
    if options.number < 1:
        raise CommentnlpError("-n: give a number from 1 on")
    model = Model.load(options.model)
    known = gather(options.known, model.sample_taxonomy) if options.known else Gathered()
    chosen = suggest(
        (
            event
            for path in options.files
            for source in open_sources(
                path, text=options.text, day=options.date, hints=hints_of(options)
            )
            for event in source.events()
        ),
        model,
        options.number,
        seed=options.seed,
        known=[*(one.text for one in known.samples), *(one.text for one in known.problems)],
        strategies={name: SHARES[name] for name in options.strategy} or SHARES,
    )
    if not chosen:
        raise CommentnlpError("no comment to label; is --text the column they are in?")
    write_queue(
        options.output,
        chosen,
        model.taxonomy,
        language=options.lang,
        safe_cells=options.safe_cells,
    )
    counts = Counter(one.strategy for one in chosen)
    print(f"{options.output}: {len(chosen)} comments to label ("
          + ", ".join(f"{name} {count}" for name, count in counts.most_common()) + ")")  # fmt: skip
    return 0


def _add_training(verb: argparse.ArgumentParser) -> None:
    """How models are trained."""
    verb.add_argument("--base", choices=("shipped", "none"), default="shipped",
                      help="train on the shipped samples, too (if not given), or on yours"
                      " alone")  # fmt: skip
    verb.add_argument("--language", type=Path, metavar="FOLDER", help="your dictionary, lexicon,"
                      " other tables: added to the shipped ones, or with --base none in their"
                      " place")  # fmt: skip
    verb.add_argument("--taxonomy", type=Path, default=TRAINING_DATA / "taxonomy.json",
                      metavar="FILE", help="facets, labels and their names")  # fmt: skip
    verb.add_argument("--seed", type=int, default=0)
    verb.add_argument("-q", "--quiet", action="store_true", help="no progress")


def _add_store(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--store", metavar="STORE", help="corrections that the service keeps there,"
                      " too: its SQLite file or address")  # fmt: skip


def _evaluate(options: argparse.Namespace) -> int:
    from commentnlp.evaluation import evaluate

    model = Model.load(options.model)
    if not options.files and not options.store:
        raise CommentnlpError("which samples? Name a file, or --store")
    result = evaluate(model, _own(options.files, options.store, model.sample_taxonomy))
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
    from commentnlp.holdout import divide
    from commentnlp.registry import HOLDOUT, compare_on, current, path_of
    from commentnlp.training import Settings, train  # brings scikit-learn: only here

    check_replaceable(options.output)
    if options.output.name == SHIPPED:
        raise CommentnlpError(f"{options.output}: {SHIPPED} is the name of the shipped model;"
                              " give another")  # fmt: skip
    folder = options.output.absolute().parent
    if options.output.name == current(folder):
        raise CommentnlpError(f"{options.output}: is in use; train into another folder, and"
                              " `models promote` it where it is better")  # fmt: skip
    if options.seed < 0 or options.min_samples < 1:
        raise CommentnlpError("--seed, --min-samples: give a number from 0 or 1 on")
    shipped, names = shipped_samples()
    taxonomy = Taxonomy.read(options.taxonomy)
    language = _language(options.language, add=options.base == "shipped")
    samples, base, held = shipped, [], []
    if options.files or options.store:
        samples = _own(options.files, options.store, taxonomy)
        base = shipped if options.base == "shipped" else []
        if options.holdout:
            held = _own(options.holdout, None, taxonomy)
            divided = divide(
                [*samples, *(replace(one, split="holdout") for one in held)], language.normaliser
            )
        else:
            divided = divide(
                samples,
                language.normaliser,
                trained=[one.text for one in base],
                few=options.min_samples,
            )
        samples, held = divided.train, divided.holdout
        _tell([f"{len(samples)} samples to train on, {len(held)} held out ({divided.how}),"
               f" {len(divided.near)} left out, nearly the same as those"])  # fmt: skip
    whole = corpus(samples, taxonomy, base=base, base_taxonomy=names, few=options.min_samples)
    if said := describe(whole.left_out, options.min_samples):
        out = Counter(
            f"{facet}/{label}"
            for one in held
            for facet, labels in one.labels.items()
            for label in labels
        )
        more = [f"{name} has {out[name]} more held out" for name in whole.left_out if out[name]]
        _tell([f"{said}; {', '.join(more) or 'label more of these'} (--min-samples and --holdout"
               " change that)"])  # fmt: skip
    if options.dry_run:
        print(_plan_table(whole, held, len(samples), taxonomy))
        return 0
    with _stages(options.quiet) as progress:
        model = train(whole, language, settings=Settings(seed=options.seed), progress=progress)
        beside = {HOLDOUT: table(held, model.taxonomy)} if held else {}
        model.save(options.output, beside)
    print(f"{options.output}: {len(samples)} samples"
          + (f" and {len(base)} shipped ones" if base else "")
          + f", {len(model.features)} features, version {model.meta.version}")  # fmt: skip
    if held:
        try:
            before = Model.load(path_of(folder, current(folder)))
        except ModelError as error:
            _tell([f"not compared, the model in use cannot be read: {error}"])
            return 0
        print()
        print(comparisons_table(compare_on(before, Model.load(options.output)), model.taxonomy))
    return 0


_SECONDS_A_SAMPLE = 0.0011
"""Of training, on two cores."""


def _plan_table(whole: Corpus, held: Sequence[Sample], own: int, taxonomy: Taxonomy) -> str:
    """What training would do, for a terminal: rows a label, and how long it will take."""
    lines = [f"{'label':<34}{'to train on':>12}{'held out':>10}{'shipped':>9}"]
    for facet, label in taxonomy.columns:

        def count(several: Iterable[Sample], facet: str = facet, label: str = label) -> int:
            return sum(label in one.labels.get(facet, ()) for one in several)

        out = "  left out" if f"{facet}/{label}" in whole.left_out else ""
        lines.append(
            f"{facet + '/' + label:<34}{count(whole.samples[:own]):>12}{count(held):>10}"
            f"{count(whole.samples[own:]):>9}{out}"
        )
    seconds = 3 + len(whole.samples) * _SECONDS_A_SAMPLE
    base = len(whole.samples) - own
    lines += [
        "",
        f"{own} samples to train on, {len(held)} held out, {base} shipped ones; takes about"
        f" {seconds:.0f} s on two cores; nothing was written",
    ]
    return "\n".join(lines)


def _own(files: Sequence[Path], store: str | None, taxonomy: Taxonomy) -> list[Sample]:
    """A shop's samples from files and from what its service keeps, each text once."""
    gathered = sound(gather(files, taxonomy))
    _tell(gathered.notes)
    samples = gathered.samples
    if store:
        corrections = sound(_corrections(store, taxonomy)).samples
        from commentnlp.service.samples import latest

        samples = [*samples, *latest(corrections)]
    return settled(samples)


def _corrections(store: str, taxonomy: Taxonomy) -> Gathered:
    try:
        from commentnlp.service.samples import gather_corrections
    except ImportError as error:
        raise CommentnlpError(f"--store needs more packages ({error.name} is missing):"
                              ' pip install "commentnlp[serve]"') from None  # fmt: skip
    return gather_corrections(store, taxonomy)


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
    unseen = not sys.stderr.isatty()
    form = "{l_bar}{bar}| {elapsed}<{remaining}"
    with tqdm(disable=unseen, leave=False, bar_format=form) as bar:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages.append(stage)
                bar.set_description(stage)
                if unseen:
                    print(stage, file=sys.stderr)
            bar.total = total
            bar.update(done - bar.n)

        yield show
