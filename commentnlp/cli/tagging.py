"""The verbs for files of comments: classify, inspect, explain."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.batch import (
    STDOUT,
    Options,
    Summary,
    classify_file,
    default_target,
    distinct_target,
)
from commentnlp.checkpoints import can_resume
from commentnlp.cli.options import (
    add_files,
    add_model,
    add_safe_cells,
    cores,
    hints_of,
    language_of_environment,
    printable,
    progress_line,
    tell_failed,
)
from commentnlp.errors import CommentnlpError
from commentnlp.model import Model
from commentnlp.reading import files_of
from commentnlp.records import Explanation
from commentnlp.tag_columns import LANGUAGES
from commentnlp.taxonomy import parent_of
from commentnlp.writing import SUFFIXES

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs
    from commentnlp.inspection import Inspection, Phrase


def add(verbs: Verbs) -> None:
    """Add the verbs."""
    verb = verbs.add_parser("classify", help="tag the comments of files")
    add_files(verb)
    verb.add_argument("-o", "--output", metavar="OUT", help=f"{' '.join(SUFFIXES)}, or - for"
                      " stdout; NAME.tagged.csv beside the input if not given")  # fmt: skip
    verb.add_argument("--labels", choices=LANGUAGES,
                      help="names of columns and labels: en (intent, price), as in files if not"
                      " given, or zh (关注点, 价格)")  # fmt: skip
    verb.add_argument("--wide", action="store_true",
                      help="also a column of 0 and 1 for each label, for pivot tables")  # fmt: skip
    add_safe_cells(verb)
    verb.add_argument("--no-bom", action="store_true",
                      help="no byte-order mark in CSV files (Excel needs it)")  # fmt: skip
    verb.add_argument("--resume", action="store_true", help="go on where a run was broken off")
    verb.add_argument("--jobs", type=int, default=0, metavar="N",
                      help="processes for large files; all cores if not given")  # fmt: skip
    verb.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    add_model(verb)
    verb.set_defaults(run=_classify)

    verb = verbs.add_parser("inspect", help="show what is in files, and what is odd about them")
    add_files(verb)
    verb.add_argument("--json", action="store_true", help="print JSON")
    verb.set_defaults(run=_inspect)

    verb = verbs.add_parser("explain", help="show which characters raised each label of a comment")
    verb.add_argument("text", metavar="TEXT")
    verb.add_argument("--all", action="store_true", help="labels under their threshold, too")
    verb.add_argument("--json", action="store_true", help="print JSON")
    add_model(verb)
    verb.set_defaults(run=_explain)


def _classify(options: argparse.Namespace) -> int:
    named = options.files
    options.files = files_of(named)
    if options.output and len(options.files) > 1:
        raise CommentnlpError("-o goes with one input file; leave it out to write one output each")
    targets: list[Path | str] = []
    for path in options.files:
        target = options.output or default_target(path)
        if os.path.abspath(target) in map(os.path.abspath, targets):
            if path in named:
                raise CommentnlpError(
                    "two inputs would write the same output; tag them one by one with -o"
                )
            target = distinct_target(Path(target), Path(path).suffix, targets)
        targets.append(target)
    if options.jobs < 0:
        raise CommentnlpError("--jobs: give a number from 1 on")
    model = Model.load(options.model)
    how = Options(
        text=options.text, hints=hints_of(options), day=options.date, bom=not options.no_bom,
        resume=options.resume, jobs=options.jobs or cores(), labels=options.labels or "en",
        wide=options.wide, safe_cells=options.safe_cells,
    )  # fmt: skip
    failed: list[CommentnlpError] = []
    for path, target in zip(options.files, targets, strict=True):
        try:
            with progress_line(path, options.quiet) as progress:
                to = options.output or (target if target != default_target(path) else None)
                done = classify_file(
                    model, path, to, how, progress=progress, unreadable=failed.append
                )
        except CommentnlpError as error:
            if len(options.files) == 1:
                raise
            failed.append(error)
            continue
        except KeyboardInterrupt:
            if not can_resume(target):
                raise
            print(f"commentnlp: {target}: interrupted; what is done is kept, and the same command"
                  " with --resume goes on", file=sys.stderr)  # fmt: skip
            return 130
        out = sys.stderr if str(target) == STDOUT else sys.stdout
        for summary in () if options.quiet else done:
            print(_summary(model, summary, options.labels or language_of_environment()), file=out)
    return tell_failed(failed)


def _inspect(options: argparse.Namespace) -> int:
    from commentnlp.inspection import inspect

    files = files_of(options.files)
    found: list[Inspection] = []
    failed: list[CommentnlpError] = []
    for path in files:
        try:
            found += inspect(
                path,
                text=options.text or None,
                day=options.date,
                hints=hints_of(options),
                unreadable=failed.append,
            )
        except CommentnlpError as error:
            if len(files) == 1:
                raise
            failed.append(error)
    if options.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1, default=str))
    else:
        print("\n\n".join(map(inspection_table, found)))
    return tell_failed(failed)


def inspection_table(found: Inspection) -> str:
    """Lay an inspection out for a terminal."""
    lines = [found.name]

    def row(name: str, text: str) -> None:
        lines.append(f"  {name:<12}{text}")

    def phrases(name: str, total: int, several: Sequence[Phrase], people: bool) -> None:
        row(name, f"{total}")
        for one in several:
            who = f", {one.people} people" if people else ""
            lines.append(f"{'':14}{one.count} × 「{printable(one.text)}」{who}")

    row("written by", found.tool + (f", {found.encoding}" if found.encoding else ""))
    for note in found.notes:
        row("note", note)
    row("columns", ", ".join(map(printable, found.columns[:40])))
    row("taken for", ", ".join(f"{w} = {printable(c)}" for w, c in found.taken_for.items())
        or "nothing known")  # fmt: skip
    row("rows", f"{found.rows} kept")
    for name, oddities in (("odd, kept", found.odd), ("lost", found.lost)):
        for one in oddities:
            where = ", ".join(map(str, one.lines)) + (", …" if one.count > len(one.lines) else "")
            row(name, f"{one.count} × {one.why}" + (f" (line {where})" if one.lines else ""))
    row("kinds", ", ".join(f"{printable(kind)} {count}" for kind, count in found.kinds.items()))
    if found.start and found.end:
        row("time", f"{found.start:%Y-%m-%d %H:%M:%S} to {found.end:%Y-%m-%d %H:%M:%S} (Shanghai)")
    row("no time", f"{found.without_time}")
    row("backwards", f"{found.backwards}")
    for gap in found.gaps:
        row("silence", f"{gap.start:%m-%d %H:%M:%S} to {gap.end:%m-%d %H:%M:%S}")
    if found.comments:
        share = 1 - found.different / found.comments
        row("comments", f"{found.comments}, {found.different} different ({share:.0%} repeats)")
    else:
        row("comments", "0")
    phrases("one-tap", found.canned_comments, found.canned, True)
    phrases("floods", found.flood_comments, found.floods, False)
    row("spam", f"{found.spam} with a link or a contact number")
    row("people", f"{found.people}; {found.masked} events with a hidden person")
    row("next", found.next)
    return "\n".join(lines)


_TALK = {
    "en": {
        "counts": "rows {rows} · comments {comments} · {tool} · model {model}",
        "shares": "shares are of all comments; `report` leaves out one-tap phrases, spam and what a"
        " person repeats, so its shares differ",
        "none": "none",
        "complaints": "top complaints",
    },
    "zh": {
        "counts": "{rows} 行 · {comments} 条评论 · {tool} · 模型 {model}",
        "shares": "占比按全部评论算；`report` 不算快捷短语、广告和同一人的重复，所以两处占比不同",
        "none": "无",
        "complaints": "最多的投诉",
    },
}


def _summary(model: Model, summary: Summary, language: str) -> str:
    talk = _TALK[language]
    lines = [
        f"{summary.source} → {summary.target}",
        talk["counts"].format(
            rows=summary.rows,
            comments=summary.comments,
            tool=summary.tool,
            model=model.meta.version,
        ),
    ]
    lines += [f"note: {note}" for note in summary.notes]
    lines += [f"odd, kept: {what}" for what in summary.odd]
    lines += [f"lost: {what}" for what in summary.lost]
    lines += [talk["shares"]] * any(summary.labels.values())
    for facet in model.taxonomy.facets:
        name = model.taxonomy.name(facet)
        lines += ["", name if language == "zh" else f"{facet} {name}"]
        counts = summary.labels[facet]
        for label in model.taxonomy.facets[facet]:
            if not counts[label]:
                continue
            share = counts[label] / max(summary.comments, 1)
            name = model.taxonomy.name(facet, label)
            indent = "    " if parent_of(label) else "  "
            if language == "zh":
                # numbers first: in a column they stand below each other whatever the font
                lines.append(f"{counts[label]:>7}{share:>8.1%}{indent}{name}")
            else:
                lines.append(f"{indent + label:<30}{counts[label]:>7}{share:>7.1%}  {name}")
        if not counts:
            lines.append(f"  {talk['none']}")
    hottest = [
        (label, count)
        for label, count in summary.labels.get("complaint", {}).items()
        if not parent_of(label)
    ]
    if hottest:
        lines += ["", talk["complaints"]]
        for label, count in sorted(hottest, key=lambda pair: -pair[1])[:5]:
            quote = printable(summary.examples[f"complaint/{label}"])
            lines.append(f"  {model.taxonomy.name('complaint', label)} {count}: 「{quote}」")
    return "\n".join(lines)


def _explain(options: argparse.Namespace) -> int:
    model = Model.load(options.model)
    explained = model.explain(options.text)
    chosen = {
        (facet, label)
        for facet, tags in model.tag([options.text])[0].tags.items()
        for tag in tags
        for label in (tag.label, parent_of(tag.label))
    }
    shown = [e for e in explained if options.all or (e.facet, e.label) in chosen]
    if options.json:
        print(json.dumps([_explanation_json(e) for e in shown], ensure_ascii=False, indent=1))
        return 0
    for one in shown:
        mark = "" if (one.facet, one.label) in chosen else "  (under its threshold)"
        print(f"{one.facet} {one.label} {model.taxonomy.name(one.facet, one.label)}"
              f"  score {one.score:.3f}, threshold {one.threshold:.3f}{mark}")  # fmt: skip
        for piece in one.pieces:
            print(f"  {piece.weight:+8.3f}  {printable(piece.text)}")
        print(f"  {one.bias:+8.3f}  (bias)")
        if abs(one.others) >= _SHOWN:
            print(f"  {one.others:+8.3f}  (other labels)")
        print(f"  {one.logit:+8.3f}  = log-odds")
    if not shown:
        print("no label reaches its threshold (--all shows every label)")
    return 0


_SHOWN = 0.0005
"""What is less than this prints as 0.000."""


def _explanation_json(one: Explanation) -> dict[str, object]:
    return {
        "facet": one.facet, "label": one.label, "score": one.score, "threshold": one.threshold,
        "logit": one.logit, "bias": one.bias, "others": one.others,
        "pieces": [
            {"start": p.start, "end": p.end, "text": p.text, "weight": p.weight} for p in one.pieces
        ],
    }  # fmt: skip
