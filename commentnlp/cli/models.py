"""The verb models: which there are, which is in use, and how another takes its place."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.cli.options import printable
from commentnlp.errors import CommentnlpError, ModelError
from commentnlp.model import Model
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy, parent_of

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs
    from commentnlp.comparison import Comparison
    from commentnlp.registry import Listed
    from commentnlp.workbooks import Cell

_FOLDER = Path("models")


def add(verbs: Verbs) -> None:
    """Add the verb."""
    verb = verbs.add_parser("models", help="models side by side: list, compare, promote, rollback")
    verb.set_defaults(run=_list, folder=_FOLDER)
    what = verb.add_subparsers(title="what", metavar="WHAT")

    one = what.add_parser("list", help="versions, dates, data digests, scores; which is in use")
    _add_folder(one)
    one.set_defaults(run=_list)

    one = what.add_parser("compare", help="a model against the one in use, label by label")
    one.add_argument("name", metavar="NAME")
    one.add_argument("--with", dest="other", type=Path, metavar="FOLDER",
                     help="another model than the one in use")  # fmt: skip
    _add_holdout(one)
    one.add_argument("-o", "--output", type=Path, metavar="OUT",
                     help=".xlsx or .json: every label, every line that changed")  # fmt: skip
    _add_folder(one)
    one.set_defaults(run=_compare)

    one = what.add_parser("promote", help="use a model from now on, unless it is worse")
    one.add_argument("name", metavar="NAME")
    _add_holdout(one)
    one.add_argument("--force", action="store_true", help="also where labels get worse; that is"
                     " written down")  # fmt: skip
    _add_folder(one)
    one.set_defaults(run=_promote)

    one = what.add_parser("rollback", help="use the model that was in use before")
    _add_folder(one)
    one.set_defaults(run=_rollback)


def _add_folder(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--folder", type=Path, default=_FOLDER, metavar="FOLDER",
                      help="where the models are; models if not given")  # fmt: skip


def _add_holdout(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--holdout", nargs="+", type=Path, default=[], metavar="SAMPLES",
                      help="labelled rows to compare on, instead of those that training held"
                      " out")  # fmt: skip


def _list(options: argparse.Namespace) -> int:
    from commentnlp.registry import listed

    print(models_table(listed(options.folder)))
    return 0


def models_table(models: Sequence[Listed]) -> str:
    """Lay models out for a terminal."""
    facets = list(dict.fromkeys(f for one in models if one.meta for f in one.meta.scores))
    head = f"  {'name':<20}{'version':<14}{'written (UTC)':<18}{'samples':>8}  {'data':<10}"
    lines = [head + "".join(f"{facet:>11}" for facet in facets)]
    for one in models:
        line = f"{'*' if one.in_use else ' '} {one.name:<20}"
        if one.meta is None:
            lines.append(f"{line}{one.error}")
            continue
        meta = one.meta
        written = f"{one.written:%Y-%m-%d %H:%M}" if one.written else ""
        line += f"{meta.version:<14}{written:<18}{meta.samples:>8}  {meta.data_digest[:8]:<10}"
        scores = [meta.scores.get(facet, {}).get("micro", {}).get("f1") for facet in facets]
        lines.append(line + "".join("" if x is None else f"{x:>11.3f}" for x in scores))
    return "\n".join(lines)


def _compare(options: argparse.Namespace) -> int:
    from commentnlp.registry import compare_on, current, path_of

    if options.output and options.output.suffix not in (".xlsx", ".json"):
        raise CommentnlpError(f"{options.output}: .xlsx or .json can be written")
    after = Model.load(path_of(options.folder, options.name))
    before = Model.load(options.other or path_of(options.folder, current(options.folder)))
    found = compare_on(before, after, _holdout(options, before, after))
    if not found:
        raise CommentnlpError(f"{options.name}: nothing was held out when it was trained; give"
                              " labelled rows with --holdout")  # fmt: skip
    if options.output:
        write_comparisons(options.output, found)
    print(comparisons_table(found, after.taxonomy))
    return 0


def _promote(options: argparse.Namespace) -> int:
    from commentnlp.registry import RefusedError, current, path_of, promote

    after = Model.load(path_of(options.folder, options.name))
    try:
        before = Model.load(path_of(options.folder, current(options.folder)))
    except ModelError:  # gone: what to do then, `promote` says
        before = after
    rows = _holdout(options, before, after)
    try:
        done = promote(options.folder, options.name, holdout=rows, force=options.force)
    except RefusedError as error:
        print(comparisons_table(error.comparisons, after.taxonomy))
        raise
    if done.comparisons:
        print(comparisons_table(done.comparisons, after.taxonomy))
        print()
    else:
        print("commentnlp: nothing was held out when it was trained: promoted unseen",
              file=sys.stderr)  # fmt: skip
    print(f"{options.folder}: {done.swap.name} ({done.swap.version}) is in use, after"
          f" {done.swap.before}{', by force' if done.swap.forced else ''}")  # fmt: skip
    return 0


def _rollback(options: argparse.Namespace) -> int:
    from commentnlp.registry import rollback

    done = rollback(options.folder)
    print(f"{options.folder}: {done.name} ({done.version}) is in use again, after {done.before}")
    return 0


def _holdout(options: argparse.Namespace, before: Model, after: Model) -> list[Sample]:
    """Rows that somebody named; they may have the labels of either model."""
    from commentnlp.samples import read_all_samples

    taxonomy = after.sample_taxonomy.joined(before.sample_taxonomy.columns)
    return read_all_samples(options.holdout, taxonomy) if options.holdout else []


def comparisons_table(found: Mapping[str, Comparison], taxonomy: Taxonomy) -> str:
    """Lay comparisons out for a terminal, by the name of the rows."""
    tables = [_table(name, one, taxonomy) for name, one in found.items()]
    words = {w.word: w.label for one in found.values() for w in reversed(one.learned)}
    if words:
        said = ", ".join(f"{word} → {label}" for word, label in list(words.items())[:_WORDS])
        tables.append(f"new words: {said}{', …' if len(words) > _WORDS else ''}")
    return "\n\n".join(tables)


_LINES = 8
_WORDS = 24


def _table(name: str, found: Comparison, taxonomy: Taxonomy) -> str:
    lines = [f"{name}: {found.samples} rows, {found.before} → {found.after}"]

    def number(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    for facet in dict.fromkeys(change.facet for change in found.labels):
        lines += ["", f"{facet:<32}{'before':>8}{'after':>8}{'95 % of the difference':>26}"
                      f"{'support':>9}"]  # fmt: skip
        several = [change for change in found.labels if change.facet == facet and change.support]
        several += [change for change in found.averages if change.facet == facet and change.support]
        for change in several:
            average = change.label in ("parents", "leaves")
            title = f"micro, {change.label}" if average else change.label
            bounds = "" if change.low is None else f"{change.low:+.3f} to {change.high:+.3f}"
            zh = "" if average else taxonomy.name(facet, change.label)
            lines.append(
                f"{('    ' if parent_of(change.label) else '  ') + title:<32}"
                f"{number(change.before, '.3f'):>8}{number(change.after, '.3f'):>8}"
                f"{bounds:>26}{change.support:>9}  {change.verdict or '':<7}{zh}".rstrip()
            )
    from commentnlp.comparison import ENOUGH  # brings numpy's random numbers: only here

    if few := found.unjudged:
        most = max(few.values())
        lines += ["", f"too few held-out rows to judge {len(few)} labels (up to {most} of"
                      f" {ENOUGH}): label {ENOUGH - most} more or so of each"]  # fmt: skip
    if found.lines:
        counts = {v: sum(x.verdict == v for x in found.lines) for v in ("right", "wrong", "other")}
        lines += ["", f"{len(found.lines)} answers changed: {counts['right']} mended,"
                      f" {counts['wrong']} spoilt, {counts['other']} wrong both times"]  # fmt: skip
        for verdict, title in (("wrong", "spoilt"), ("right", "mended")):
            for line in [x for x in found.lines if x.verdict == verdict][:_LINES]:
                before, after = ("|".join(labels) or "none" for labels in (line.before, line.after))
                lines.append(
                    f"  {title}  {line.facet}: {before} → {after}  「{printable(line.text)}」"
                )
    return "\n".join(lines)


def write_comparisons(path: Path, found: Mapping[str, Comparison]) -> None:
    """Write comparisons as ``.xlsx`` or ``.json``."""
    if path.suffix == ".json":
        data = {name: one.to_json() for name, one in found.items()}
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return
    from commentnlp.workbooks import write_sheets

    labels: list[list[Cell]] = []
    lines: list[list[Cell]] = []
    words: list[list[Cell]] = []
    for name, one in found.items():
        for c in (*one.averages, *one.labels):
            labels.append(
                [name, c.facet, c.label, c.support, c.before, c.after, c.low, c.high, c.verdict]
            )
        for x in one.lines:
            given, before, after = ("|".join(several) for several in (x.given, x.before, x.after))
            lines.append([name, x.verdict, x.facet, given, before, after, x.text, x.place])
        words = [[w.word, w.facet, w.label, w.weight] for w in one.learned]
    heads = {
        "labels": "rows facet label support before after low high verdict",
        "changed": "rows verdict facet given before after text place",
        "new words": "word facet label weight",
    }
    sheets = zip(heads.items(), (labels, lines, words), strict=True)
    write_sheets(path, {name: [head.split(), *rows] for (name, head), rows in sheets})
