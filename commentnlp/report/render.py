"""A report → a file of the kind that its name tells, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from commentnlp.errors import CommentnlpError
from commentnlp.report.records import Report
from commentnlp.whole_files import check_target as check_file
from commentnlp.whole_files import whole_file

SUFFIXES = (".html", ".json", ".xlsx", ".md", ".png")


def check_target(path: Path | str, inputs: Sequence[Path | str] = ()) -> None:
    """Raise CommentnlpError for a file that could not be written, or is one of the ``inputs``,
    before the work is done."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise CommentnlpError(
            f"{path}: a report is written as {', '.join(SUFFIXES)}; give such a name"
        )
    check_file(path, inputs)


def rendered(report: Report, suffix: str, *, language: str = "zh") -> bytes:
    """The report as a file with one of `SUFFIXES` holds it.

    Raises CommentnlpError where pictures have no font with Chinese characters.
    """
    # each renderer brings its library along: only the one that is asked for
    if suffix == ".xlsx":
        from commentnlp.report.workbook import to_xlsx

        return to_xlsx(report, language=language)
    if suffix == ".png":
        from commentnlp.report.picture import to_png

        return to_png(report, language=language)
    if suffix == ".html":
        from commentnlp.report.page import to_html

        text = to_html(report, language=language)
    elif suffix == ".md":
        from commentnlp.report.markdown import to_markdown

        text = to_markdown(report, language=language)
    else:
        from commentnlp.report.jsons import to_json

        text = to_json(report)
    return text.encode("utf-8", "replace")


def write(report: Report, path: Path | str, *, language: str = "zh") -> None:
    """Write the report; a file that stands there is replaced once the new one is whole."""
    path = Path(path)
    check_target(path)
    content = rendered(report, path.suffix.lower(), language=language)
    with whole_file(path) as part:
        part.write_bytes(content)
