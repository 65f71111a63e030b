"""The command line: each verb is one library call.

Results go to files or stdout, talk to stderr. Exit status 0, 1 (a known problem, told in one
line), 2 (wrong usage) or 130 (interrupted).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp import __version__
from commentnlp.batch import (
    STDOUT,
    Options,
    Summary,
    can_resume,
    classify_file,
    default_target,
)
from commentnlp.errors import CommentnlpError
from commentnlp.model import Model
from commentnlp.records import Explanation
from commentnlp.shipped import DEFAULT_MODEL, TRAINING_DATA
from commentnlp.taxonomy import Taxonomy, parent_of
from commentnlp.writing import SUFFIXES

# the rest is imported by the verb that needs it: who classifies a small file waits for imports most
if TYPE_CHECKING:
    from commentnlp.evaluation import Evaluation, Score
    from commentnlp.inspection import Inspection, Phrase


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that cannot show every character
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(argv)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except CommentnlpError as error:
        print(f"commentnlp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("commentnlp: interrupted; nothing half-written is left", file=sys.stderr)
        return 130
    except OSError as error:
        if error.filename is not None:
            print(f"commentnlp: {error.filename}: {error.strerror}", file=sys.stderr)
            return 1
        if not isinstance(error, BrokenPipeError):  # the reader of stdout left, as `head` does
            print(f"commentnlp: stdout cannot be written ({error.strerror})", file=sys.stderr)
        # what is still buffered would fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "commentnlp", description="Tags what viewers write in Chinese livestream shops."
    )
    parser.add_argument("--version", action="version", version=f"commentnlp {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    verb = verbs.add_parser("classify", help="tag the comments of files")
    _add_files(verb)
    verb.add_argument("-o", "--output", metavar="OUT", help=f"{' '.join(SUFFIXES)}, or - for"
                      " stdout; NAME.tagged.csv beside the input if not given")  # fmt: skip
    verb.add_argument("--no-bom", action="store_true",
                      help="no byte-order mark in CSV files (Excel needs it)")  # fmt: skip
    verb.add_argument("--resume", action="store_true", help="go on where a run was broken off")
    verb.add_argument("--jobs", type=int, default=0, metavar="N",
                      help="processes for large files; all cores if not given")  # fmt: skip
    verb.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    _add_model(verb)
    verb.set_defaults(run=_classify)

    verb = verbs.add_parser("inspect", help="show what is in files, and what is odd about them")
    _add_files(verb)
    verb.add_argument("--json", action="store_true", help="print JSON")
    verb.set_defaults(run=_inspect)

    verb = verbs.add_parser("report", help="report on a show: activity, questions, complaints")
    _add_files(verb)
    verb.add_argument("-o", "--output", action="append", default=[], metavar="OUT",
                      help="NAME.html, .json, .xlsx, .md or .png, several times if you like; a"
                      " summary on the screen if not given")  # fmt: skip
    verb.add_argument("--baseline", nargs="+", default=[], metavar="FILE",
                      help="earlier shows to compare with")  # fmt: skip
    verb.add_argument("--lang", choices=("zh", "en"), default="zh", help="language of the report")
    verb.add_argument("--step", type=int, default=60, choices=(60, 30, 15), metavar="MINUTES",
                      help="60, 30 or 15 minutes; 60 if not given")  # fmt: skip
    verb.add_argument("--window", type=int, default=120, metavar="SECONDS",
                      help="time that the host has to answer; 120 if not given")  # fmt: skip
    verb.add_argument("--tz", default="Asia/Shanghai", metavar="ZONE",
                      help="time zone; Asia/Shanghai if not given")  # fmt: skip
    verb.add_argument("--start", metavar="TIME", help="only from then on; where no row has a time:"
                      " when it began ('2026-02-07 20:00', or 20:00 with --date)")  # fmt: skip
    verb.add_argument("--end", metavar="TIME", help="only until then, or when it ended")
    verb.add_argument("--show-names", action="store_true", help="nicknames in full, not masked")
    verb.add_argument("-q", "--quiet", action="store_true", help="say nothing where all went well")
    _add_model(verb)
    verb.set_defaults(run=_report)

    verb = verbs.add_parser("serve", help="HTTP for a room's monitor, and the live page",
                            epilog="Each option but host and port can also be given as"
                            " COMMENTNLP_STORE, COMMENTNLP_MODEL, …; secrets only so:"
                            " COMMENTNLP_TOKEN, COMMENTNLP_SECRET, COMMENTNLP_PUSH_SECRET,"
                            " COMMENTNLP_WEBHOOKS.")  # fmt: skip
    verb.add_argument(
        "--host",
        default="127.0.0.1",
        help="where to listen; others than 127.0.0.1 need COMMENTNLP_TOKEN",
    )
    verb.add_argument("--port", type=int, default=8000)
    verb.add_argument("--store", metavar="STORE", help="SQLite file, or postgresql+psycopg://…;"
                      " commentnlp.db if not given")  # fmt: skip
    verb.add_argument("--model", type=Path, metavar="FOLDER", help="model folder, or a folder"
                      " whose file `current` names the one in use")  # fmt: skip
    verb.add_argument("--keep-days", type=float, metavar="DAYS",
                      help="delete what is older; nothing if not given")  # fmt: skip
    verb.add_argument("--keep-names", action="store_true", default=None,
                      help="keep nicknames readable")  # fmt: skip
    verb.add_argument("--tz", dest="zone", metavar="ZONE", help="Asia/Shanghai if not given")
    verb.add_argument(
        "--lang",
        dest="language",
        choices=("zh", "en"),
        help="of the page where a browser asks for neither; zh if not given",
    )
    verb.set_defaults(run=_serve)

    verb = verbs.add_parser("explain", help="show which characters raised each label of a comment")
    verb.add_argument("text", metavar="TEXT")
    verb.add_argument("--all", action="store_true", help="labels under their threshold, too")
    verb.add_argument("--json", action="store_true", help="print JSON")
    _add_model(verb)
    verb.set_defaults(run=_explain)

    verb = verbs.add_parser("evaluate", help="score a model on labelled samples")
    verb.add_argument("files", nargs="+", type=Path, metavar="SAMPLES")
    verb.add_argument("--json", action="store_true", help="print JSON")
    _add_model(verb)
    verb.set_defaults(run=_evaluate)

    verb = verbs.add_parser("train", help="make a model from labelled samples")
    verb.add_argument("files", nargs="*", type=Path, metavar="SAMPLES",
                      help="labelled samples; the shipped ones if none are given")  # fmt: skip
    verb.add_argument("-o", "--output", required=True, type=Path, metavar="FOLDER")
    verb.add_argument("--language", type=Path, default=TRAINING_DATA / "language",
                      metavar="FOLDER", help="dictionary, lexicon, other tables")  # fmt: skip
    verb.add_argument("--taxonomy", type=Path, default=TRAINING_DATA / "taxonomy.json",
                      metavar="FILE", help="facets, labels and their names")  # fmt: skip
    verb.add_argument("--seed", type=int, default=0)
    verb.set_defaults(run=_train)
    return parser


def _add_files(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("files", nargs="+", metavar="FILE",
                      help="CSV, TSV, XLSX, XLS, JSON, Parquet, what live tools save, any of these"
                      " as gz, zst or zip; - for stdin")  # fmt: skip
    verb.add_argument("--text", default="", metavar="COLUMN", help="column of the comments")
    verb.add_argument("--date", type=_day, metavar="YYYY-MM-DD",
                      help="day of a log that only tells the hour")  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-02-07") from None


def _add_model(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--model", type=Path, default=DEFAULT_MODEL, metavar="FOLDER",
                      help="model folder; the shipped one if not given")  # fmt: skip


def _classify(options: argparse.Namespace) -> int:
    if options.output and len(options.files) > 1:
        raise CommentnlpError("-o goes with one input file; leave it out to write one output each")
    targets = [options.output or default_target(path) for path in options.files]
    if len({os.path.abspath(target) for target in targets}) < len(targets):
        raise CommentnlpError("two inputs would write the same output; tag them one by one with -o")
    if options.jobs < 0:
        raise CommentnlpError("--jobs: give a number from 1 on")
    model = Model.load(options.model)
    how = Options(
        text=options.text, day=options.date, bom=not options.no_bom, resume=options.resume,
        jobs=options.jobs or _cores(),
    )  # fmt: skip
    for path, target in zip(options.files, targets, strict=True):
        try:
            with _progress(path, options.quiet) as progress:
                done = classify_file(model, path, options.output, how, progress=progress)
        except KeyboardInterrupt:
            if not can_resume(target):
                raise
            print(f"commentnlp: {target}: interrupted; what is done is kept, and the same command"
                  " with --resume goes on", file=sys.stderr)  # fmt: skip
            return 130
        out = sys.stderr if str(target) == STDOUT else sys.stdout
        for summary in () if options.quiet else done:
            print(_summary(model, summary), file=out)
    return 0


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _progress(name: str, quiet: bool) -> Iterator[Callable[[int, int, int | None], None]]:
    """A line with rows, rows a second and the time left; only where a person watches."""
    if quiet or not sys.stderr.isatty():
        yield lambda rows, position, size: None
        return
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, desc=Path(name).name[:24], leave=False) as bar:

        def show(rows: int, position: int, size: int | None) -> None:
            bar.total = size
            seconds = max(bar.format_dict["elapsed"], 1e-3)
            bar.set_postfix_str(f"{rows:,} rows, {rows / seconds:,.0f} rows/s", refresh=False)
            bar.update(position - bar.n)

        yield show


def _inspect(options: argparse.Namespace) -> int:
    from commentnlp.inspection import inspect

    found = [
        one for path in options.files
        for one in inspect(path, text=options.text or None, day=options.date)
    ]  # fmt: skip
    if options.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1, default=str))
        return 0
    print("\n\n".join(map(inspection_table, found)))
    return 0


def _report(options: argparse.Namespace) -> int:
    from commentnlp.report import Settings, check_target, summarise_files, write, zone_named
    from commentnlp.report.terminal import to_terminal

    for target in options.output:
        check_target(target)
    zone = zone_named(options.tz)
    start = _moment("--start", options.start, options.date, zone)
    end = _moment("--end", options.end, options.date, zone)
    if start and end and end <= start and _hour_only(options.end):
        end += timedelta(days=1)  # past midnight
    settings = Settings(zone, options.step, options.window, start, end, options.show_names)
    report = summarise_files(
        options.files,
        Model.load(options.model),
        settings,
        earlier=options.baseline,
        text=options.text or None,
        day=options.date,
    )
    if report.quality.estimated:
        how = "rows are spread evenly over the span" if start else (
            "the show is one block (--start and --end would spread the rows)")  # fmt: skip
        print(f"commentnlp: no row has a time: {how}", file=sys.stderr)
    if not report.quality.comments:
        print("commentnlp: no comments of viewers; is --text the column they are in?",
              file=sys.stderr)  # fmt: skip
    for target in options.output:
        write(report, target, language=options.lang)
        if not options.quiet:
            print(f"{target}: {report.quality.rows} rows, {report.quality.comments} comments",
                  file=sys.stderr)  # fmt: skip
    if not options.output:
        print(to_terminal(report, language=options.lang), end="")
    return 0


def _hour_only(text: str) -> bool:
    return bool(re.fullmatch(r"\d?\d:\d\d(:\d\d)?", text.strip()))


def _moment(option: str, text: str | None, day: date | None, zone: tzinfo) -> datetime | None:
    """A time that somebody typed."""
    if not text:
        return None
    if _hour_only(text):
        if day is None:
            raise CommentnlpError(f"{option} {text}: of which day? Say so with --date YYYY-MM-DD")
        text = f"{day} {text.strip():0>5}"
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CommentnlpError(f"{option}: {text!r} is no time such as '2026-02-07 20:00'") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def inspection_table(found: Inspection) -> str:
    """Lay an inspection out for a terminal."""
    lines = [found.name]

    def row(name: str, text: str) -> None:
        lines.append(f"  {name:<12}{text}")

    def phrases(name: str, total: int, several: Sequence[Phrase], people: bool) -> None:
        row(name, f"{total}")
        for one in several:
            who = f", {one.people} people" if people else ""
            lines.append(f"{'':14}{one.count} × 「{_printable(one.text)}」{who}")

    row("written by", found.tool + (f", {found.encoding}" if found.encoding else ""))
    for note in found.notes:
        row("note", note)
    row("columns", ", ".join(map(_printable, found.columns[:40])))
    row("taken for", ", ".join(f"{w} = {_printable(c)}" for w, c in found.taken_for.items())
        or "nothing known")  # fmt: skip
    row("rows", f"{found.rows} kept")
    for name, oddities in (("odd, kept", found.odd), ("lost", found.lost)):
        for one in oddities:
            where = ", ".join(map(str, one.lines)) + (", …" if one.count > len(one.lines) else "")
            row(name, f"{one.count} × {one.why}" + (f" (line {where})" if one.lines else ""))
    row("kinds", ", ".join(f"{_printable(kind)} {count}" for kind, count in found.kinds.items()))
    if found.start and found.end:
        row("time", f"{found.start:%Y-%m-%d %H:%M:%S} to {found.end:%Y-%m-%d %H:%M:%S} (Shanghai)")
    row("no time", f"{found.without_time}")
    row("backwards", f"{found.backwards}")
    for gap in found.gaps:
        row("silence", f"{gap.start:%m-%d %H:%M:%S} to {gap.end:%m-%d %H:%M:%S}")
    share = 1 - found.different / max(found.comments, 1)
    row("comments", f"{found.comments}, {found.different} different ({share:.0%} repeats)")
    phrases("one-tap", found.canned_comments, found.canned, True)
    phrases("floods", found.flood_comments, found.floods, False)
    row("spam", f"{found.spam} with a link or a contact number")
    row("people", f"{found.people}; {found.masked} events with a hidden person")
    row("next", found.next)
    return "\n".join(lines)


def _summary(model: Model, summary: Summary) -> str:
    lines = [
        f"{summary.source} → {summary.target}",
        f"rows {summary.rows} · comments {summary.comments} · {summary.tool}"
        f" · model {model.meta.version}",
    ]
    lines += [f"note: {note}" for note in summary.notes]
    lines += [f"odd, kept: {what}" for what in summary.odd]
    lines += [f"lost: {what}" for what in summary.lost]
    for facet in model.taxonomy.facets:
        lines.append("")
        lines.append(f"{facet} {model.taxonomy.name(facet)}")
        counts = summary.labels[facet]
        for label in model.taxonomy.facets[facet]:
            if not counts[label]:
                continue
            share = counts[label] / max(summary.comments, 1)
            indent = "    " if parent_of(label) else "  "
            lines.append(
                f"{indent + label:<30}{counts[label]:>7}{share:>7.1%}  "
                f"{model.taxonomy.name(facet, label)}"
            )
        if not counts:
            lines.append("  none")
    hottest = [
        (label, count)
        for label, count in summary.labels.get("complaint", {}).items()
        if not parent_of(label)
    ]
    if hottest:
        lines += ["", "top complaints"]
        for label, count in sorted(hottest, key=lambda pair: -pair[1])[:5]:
            quote = _printable(summary.examples[f"complaint/{label}"])
            lines.append(f"  {model.taxonomy.name('complaint', label)} {count}: 「{quote}」")
    return "\n".join(lines)


def _printable(text: str, width: int = 60) -> str:
    """A comment on one line, harmless to a terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _serve(options: argparse.Namespace) -> int:
    try:
        import uvicorn

        from commentnlp.service.app import create_app
        from commentnlp.service.settings import settings_of
    except ImportError as error:
        raise CommentnlpError(f"the service needs more packages ({error.name} is missing):"
                              ' pip install "commentnlp[serve]"') from None  # fmt: skip
    given = ("store", "model", "keep_days", "keep_names", "zone", "language")
    settings = settings_of(os.environ, **{name: getattr(options, name) for name in given})
    if not settings.token and options.host not in ("127.0.0.1", "localhost", "::1"):
        raise CommentnlpError(f"--host {options.host}: who can reach it could read all comments;"
                              " set COMMENTNLP_TOKEN first")  # fmt: skip
    with _listening(options.host, options.port) as listening:
        app = create_app(settings)
        host = f"[{options.host}]" if ":" in options.host else options.host
        print(f"commentnlp {__version__}: http://{host}:{listening.getsockname()[1]}/ (Ctrl-C stops"
              " it)", file=sys.stderr)  # fmt: skip
        how = uvicorn.Config(app, access_log=False, log_level="warning",
                             timeout_graceful_shutdown=10)  # fmt: skip
        uvicorn.Server(how).run(sockets=[listening])
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """A socket that nobody else listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise CommentnlpError(f"--host {host} --port {port}: cannot be listened on ({error});"
                              " give another --port") from None  # fmt: skip


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
            print(f"  {piece.weight:+8.3f}  {_printable(piece.text)}")
        print(f"  {one.bias:+8.3f}  (bias)")
        print(f"  {one.logit:+8.3f}  = log-odds")
    if not shown:
        print("no label reaches its threshold (--all shows every label)")
    return 0


def _explanation_json(one: Explanation) -> dict[str, object]:
    return {
        "facet": one.facet, "label": one.label, "score": one.score, "threshold": one.threshold,
        "logit": one.logit, "bias": one.bias,
        "pieces": [
            {"start": p.start, "end": p.end, "text": p.text, "weight": p.weight} for p in one.pieces
        ],
    }  # fmt: skip


def _evaluate(options: argparse.Namespace) -> int:
    from commentnlp.evaluation import evaluate
    from commentnlp.samples import read_all_samples

    model = Model.load(options.model)
    result = evaluate(model, read_all_samples(options.files, model.taxonomy))
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
    from commentnlp.samples import read_all_samples
    from commentnlp.training import Settings, train  # brings scikit-learn: only here

    if options.output.exists() and not options.output.is_dir():
        raise CommentnlpError(f"{options.output}: is a file; name a folder for the model")
    if options.seed < 0:
        raise CommentnlpError("--seed: give a number from 0 on")
    taxonomy = Taxonomy.read(options.taxonomy)
    files = options.files or sorted((TRAINING_DATA / "samples").glob("*.csv"))
    samples = read_all_samples(files, taxonomy)
    model = train(
        samples,
        taxonomy,
        options.language,
        settings=Settings(seed=options.seed),
        progress=lambda stage: print(stage, file=sys.stderr),
    )
    model.save(options.output)
    print(f"{options.output}: {len(samples)} samples, {len(model.features)} features,"
          f" version {model.meta.version}")  # fmt: skip
    return 0
