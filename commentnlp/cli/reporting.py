"""The verb report."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from commentnlp.cli.options import add_files, add_model, hints_of, tell_failed
from commentnlp.errors import CommentnlpError
from commentnlp.model import Model
from commentnlp.reading import files_of

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs


def add(verbs: Verbs) -> None:
    """Add the verb."""
    verb = verbs.add_parser("report", help="report on a show: activity, questions, complaints")
    add_files(verb)
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
    verb.add_argument("--title", default="", metavar="TEXT", help="what stands above the report;"
                      " the room's name if not given, else the file's")  # fmt: skip
    verb.add_argument("--show-names", action="store_true", help="nicknames in full, not masked")
    verb.add_argument("-q", "--quiet", action="store_true", help="say nothing where all went well")
    add_model(verb)
    verb.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from commentnlp.report import Settings, check_target, summarise_files, write, zone_named
    from commentnlp.report.terminal import to_terminal

    files, baseline = files_of(options.files), files_of(options.baseline)
    for target in options.output:
        check_target(target, [*files, *baseline])
    zone = zone_named(options.tz)
    start = _moment("--start", options.start, options.date, zone)
    end = _moment("--end", options.end, options.date, zone)
    if start and end and end <= start and _hour_only(options.end):
        end += timedelta(days=1)  # past midnight
    settings = Settings(
        zone, options.step, options.window, start, end, options.show_names, options.title
    )
    failed: list[CommentnlpError] = []
    report = summarise_files(
        files,
        Model.load(options.model),
        settings,
        earlier=baseline,
        text=options.text or None,
        day=options.date,
        hints=hints_of(options),
        unreadable=failed.append if len(files) > 1 else None,
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
    return tell_failed(failed)


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
