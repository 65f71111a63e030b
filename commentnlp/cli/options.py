"""What several verbs share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.errors import CommentnlpError
from commentnlp.shipped import DEFAULT_MODEL

if TYPE_CHECKING:
    from commentnlp.reading import TableHints

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def add_files(verb: argparse.ArgumentParser) -> None:
    """Files of comments, and how to read them."""
    verb.add_argument("files", nargs="+", metavar="FILE",
                      help="CSV, TSV, XLSX, XLS, JSON, Parquet, what live tools save, any of these"
                      " as gz, zst or zip; - for stdin")  # fmt: skip
    verb.add_argument(
        "--text", default="", metavar="COLUMN", help="column of the comments, by its name or number"
    )
    verb.add_argument("--time", default="", metavar="COLUMN", help="column of the times")
    verb.add_argument("--name", default="", metavar="COLUMN", help="column of the nicknames")
    verb.add_argument("--sheet", default="", metavar="SHEET",
                      help="sheet of a workbook, by its name or number; that which looks like the"
                      " comments if not given")  # fmt: skip
    verb.add_argument("--date", type=_day, metavar="YYYY-MM-DD",
                      help="day of a log that only tells the hour")  # fmt: skip


def hints_of(options: argparse.Namespace) -> TableHints:
    """What was said of the table."""
    from commentnlp.reading import TableHints

    return TableHints(options.time, options.name, options.sheet)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-02-07") from None


def add_model(verb: argparse.ArgumentParser) -> None:
    """Which model."""
    verb.add_argument("--model", type=Path, default=DEFAULT_MODEL, metavar="FOLDER",
                      help="model folder; the shipped one if not given")  # fmt: skip


def add_safe_cells(verb: argparse.ArgumentParser) -> None:
    """Formulas made harmless."""
    verb.add_argument("--safe-cells", action="store_true",
                      help="in CSV and TSV, put an apostrophe before cells that a spreadsheet"
                      " would take for formulas")  # fmt: skip


@contextmanager
def progress_line(name: str, quiet: bool) -> Iterator[Callable[[int, int, int | None], None]]:
    """A line with rows, rows a second and the time left; only where a person watches.

    Gives what is told of rows, bytes of the file taken in, and its size.
    """
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


def language_of_environment() -> str:
    """``zh`` where the environment speaks Chinese, else ``en``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh" if os.environ[name].lower().startswith("zh") else "en"
    return "en"


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def printable(text: str, width: int = 60) -> str:
    """A comment on one line, harmless to a terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def tell_failed(failed: Sequence[CommentnlpError]) -> int:
    """Say which files could not be done while others were; returns the exit status."""
    if not failed:
        return 0
    print(f"commentnlp: {len(failed)} not done:", file=sys.stderr)
    for error in failed:
        print(f"  {error}", file=sys.stderr)
    return 1
