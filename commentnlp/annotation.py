"""What people label in: comments out to a workbook, CSV, Label Studio or doccano, and back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from commentnlp.errors import CommentnlpError, SampleError
from commentnlp.layouts import encodable, layout
from commentnlp.records import Candidate
from commentnlp.taxonomy import Taxonomy, parent_of
from commentnlp.whole_files import whole_file
from commentnlp.workbooks import CELL_LENGTH, SHEET_ROWS, close_workbook

SUFFIXES = (".xlsx", ".csv", ".tsv", ".json", ".jsonl")
CHECKED = "checked"
"""The column that says whether somebody has looked at a row."""
FACETS = "facets"
"""The key that says which facets were asked for, where a tool writes down only what applies."""
NOT_JUDGED = "?"
"""What stands in a facet for which nobody can, or did, say which labels belong there."""
NONE = "none"
"""The label that says: somebody looked, and none applies."""
LABELS_SHEET = "labels 标签"
"""The sheet that the drop-downs take their labels from; it holds no samples."""

_QUEUE_SHEET = "queue 待标注"
_CANNOT_TELL = "? 看不出 cannot tell"
_PLACES = ("note", "why", "strategy", "count", "time", "room", "id")
_WIDTHS = {CHECKED: 9, "text": 56, "note": 20, "why": 34, "time": 20, "room": 14, "id": 22}
_LABEL_WIDTH = 24
_HIGHEST = 405.0
"""Points; a row cannot be higher than 409."""
_HOW = (
    "模型先填了标签。看 text 一列，标签不对就改：点格子，从下拉里选；标签不止一个，填到后面 {more}"
    " 这样的列。",
    "没有标签就让格子空着；实在看不出来填 ?，这一类就不算。",
    "看过的行在 checked 里选“是”；没选的行不会用来训练。text 和 id 不要改，note 随便写。",
    "The model has filled in labels. Read the text and put right what is wrong: click a cell and"
    " choose; a second label goes into a column such as {more}.",
    "Leave a cell empty where no label applies; ? where you cannot tell: that facet is then left"
    " out for the row.",
    "Set checked to 是 (or yes) once you have looked at a row; other rows are not learnt from."
    " Leave text and id as they are; note is yours.",
)


@dataclass(frozen=True)
class Said:
    """What somebody said of a text, before anybody looked whether it makes a sample."""

    cells: Mapping[str, str]
    labels: Mapping[str, Sequence[str]]
    """Facet → cells of labels; a facet that is not there was not asked for."""
    place: str


def write_queue(
    path: Path | str,
    candidates: Sequence[Candidate],
    taxonomy: Taxonomy,
    *,
    language: str = "zh",
    safe_cells: bool = False,
) -> None:
    """Write comments to be labelled; what comes back is read by `samples.gather`.

    The ending tells the form. ``.xlsx`` is a workbook with drop-downs, ``.csv`` and ``.tsv`` are
    the same table; in them the model's labels stand filled in and ``checked`` is empty. ``.json``
    are tasks for Label Studio, with the model's labels as predictions and, beside it, the
    labelling configuration (``.label-studio.xml``). ``.jsonl`` is for doccano, beside it the
    labels to import there (``.doccano-labels.json``). doccano does not export which lines
    somebody approved, so labels filled in would come back as if a person had said so: there they
    stand as metadata ``suggested``, a line without labels has not been labelled, and the label
    ``none`` says that none applies.

    With ``safe_cells``, cells of CSV and TSV that a spreadsheet would take for formulas get an
    apostrophe before them. Half surrogate pairs become U+FFFD: no tool takes them. Raises
    CommentnlpError where the file cannot be written as it is.
    """
    path = Path(path)
    if path.suffix == ".xlsx":
        _write_workbook(path, candidates, taxonomy, language)
    elif path.suffix in (".csv", ".tsv"):
        _write_table(path, candidates, taxonomy, safe_cells)
    elif path.suffix == ".json":
        lines = [_dumped(_task(candidate, taxonomy)) for candidate in candidates]
        _write(path, "[\n" + ",\n".join(lines) + "\n]\n")
        config = label_studio_config(taxonomy, language)
        _write(path.with_suffix(".label-studio.xml"), config)
    elif path.suffix == ".jsonl":
        lines = [_dumped(_document(one, taxonomy, language)) + "\n" for one in candidates]
        _write(path, "".join(lines))
        labels = [{"text": label} for label in _doccano_labels(taxonomy, language)]
        _write(path.with_suffix(".doccano-labels.json"), _dumped(labels) + "\n")
    else:
        raise CommentnlpError(
            f"{path}: comments to label go to .xlsx, .csv, .tsv, .json (Label Studio) or .jsonl"
            " (doccano)"
        )


def _write(path: Path, text: str) -> None:
    with whole_file(path) as part:
        part.write_bytes(encodable(text).encode())


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# tables and workbooks


def _header(candidates: Sequence[Candidate], taxonomy: Taxonomy) -> dict[str, tuple[str, int]]:
    """Columns in their order; those of labels with facet and number, others with none."""
    columns: dict[str, tuple[str, int]] = {CHECKED: ("", 0), "text": ("", 0)}
    for facet, labels in taxonomy.facets.items():
        most = max((len(c.labels.get(facet, ())) for c in candidates), default=0)
        for i in range(max(min(2, len(labels)), most)):
            columns[f"{facet} {i + 1}" if i else facet] = (facet, i)
    return columns | dict.fromkeys(_PLACES, ("", 0))


def _cell(candidate: Candidate, name: str, column: tuple[str, int]) -> str:
    facet, i = column
    if facet:
        labels = candidate.labels.get(facet, ())
        return labels[i] if i < len(labels) else ""
    return "" if name in (CHECKED, "note") else str(getattr(candidate, name))


def _write_table(
    path: Path, candidates: Sequence[Candidate], taxonomy: Taxonomy, safe_cells: bool
) -> None:
    columns = _header(candidates, taxonomy)
    form = layout(path.suffix, list(columns), safe=safe_cells)
    rows = ([_cell(one, *column) for column in columns.items()] for one in candidates)
    # Excel takes a CSV file for UTF-8 only by its mark
    _write(path, "\ufeff" * (path.suffix == ".csv") + form.head() + form.rows(rows))


def _write_workbook(
    path: Path, candidates: Sequence[Candidate], taxonomy: Taxonomy, language: str
) -> None:
    import xlsxwriter
    import xlsxwriter.exceptions

    if len(candidates) >= SHEET_ROWS:
        raise CommentnlpError(f"{path}: a sheet has room for {SHEET_ROWS - 1:,} comments")
    for number, one in enumerate(candidates, 1):
        if len(encodable(one.text).encode("utf-16-le")) > 2 * CELL_LENGTH:
            raise CommentnlpError(
                f"{path}: comment {number} has more than {CELL_LENGTH:,} characters, too many for"
                " a cell; write CSV"
            )
    with whole_file(path) as part:
        book = xlsxwriter.Workbook(str(part))
        sheet = book.add_worksheet(_QUEUE_SHEET)
        ranges = _write_labels(book, taxonomy, language)
        _fill_queue(book, sheet, candidates, taxonomy, language, ranges)
        close_workbook(book)


def _fill_queue(
    book: Any,
    sheet: Any,
    candidates: Sequence[Candidate],
    taxonomy: Taxonomy,
    language: str,
    ranges: Mapping[str, str],
) -> None:
    bold = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1})
    # as text, what somebody types does not become a formula or a date either
    plain = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    number = book.add_format({"valign": "top"})
    columns = _header(candidates, taxonomy)
    last = max(len(candidates), 1)
    heights = [1] * (last + 1)
    for j, (name, column) in enumerate(columns.items()):
        facet, _ = column
        width = _LABEL_WIDTH if facet else _WIDTHS.get(name, 10)
        sheet.set_column(j, j, width, plain)
        sheet.write_string(0, j, name, bold)
        for i, one in enumerate(candidates, 1):
            cell = _cell(one, name, column)
            if facet and cell in taxonomy.facets[facet]:
                cell = taxonomy.entry(facet, cell, language=language)
            if name == "count":
                sheet.write_number(i, j, one.count, number)
            elif cell:
                sheet.write_string(i, j, encodable(cell), plain)
                heights[i] = max(heights[i], _lines(cell, width))
        if facet:
            # what is not in the list may be typed, too: two labels in a cell, a display name
            check = {"validate": "list", "source": ranges[facet], "error_type": "warning"}
            check |= {"error_title": facet[:32], "error_message": "不在标签表里 not in the list"}
            sheet.data_validation(1, j, last, j, check)
    sheet.data_validation(1, 0, last, 0, {"validate": "list", "source": ["是", "否"],
        "error_type": "warning", "error_title": CHECKED, "error_message": "是 / 否"})  # fmt: skip
    # not every program makes room for wrapped text by itself
    for i, height in enumerate(heights):
        sheet.set_row(i, min(16.0 * height, _HIGHEST))
    done = book.add_format({"bg_color": "#E6F2E2"})
    whole = (1, 0, last, len(columns) - 1)
    sheet.conditional_format(*whole, {"type": "formula", "criteria": '=$A2="是"', "format": done})
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _lines(text: str, width: int) -> int:
    """Lines that a text takes in a cell; what is not Latin is two columns wide."""
    wide = [len(line) + sum(c > "\u1100" for c in line) for line in text.split("\n")]
    return sum(max(-(-columns // (width - 2)), 1) for columns in wide)


def _write_labels(book: Any, taxonomy: Taxonomy, language: str) -> dict[str, str]:
    """How to label, and two columns a facet: the entries of its drop-down, and other names."""
    from xlsxwriter.utility import xl_range_abs

    sheet = book.add_worksheet(LABELS_SHEET)
    bold = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1})
    indented = book.add_format({"indent": 2})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    more = next((f"{facet} 2" for facet, labels in taxonomy.facets.items() if labels[1:]), "")
    wide = 2 * len(taxonomy.facets)
    for i, line in enumerate(_HOW):
        line = line.replace("{more}", more or "…")
        sheet.merge_range(i, 0, i, wide - 1, line, wrapped)
        sheet.set_row(i, 32)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 1)
    top, ranges = len(_HOW) + 1, {}
    for j, (facet, labels) in enumerate(taxonomy.facets.items()):
        sheet.set_column(2 * j, 2 * j, 40)
        sheet.set_column(2 * j + 1, 2 * j + 1, 30)
        sheet.write_string(top, 2 * j, taxonomy.entry(facet, language=language), bold)
        sheet.write_string(top, 2 * j + 1, "", bold)
        for i, label in enumerate(labels, top + 1):
            form = indented if parent_of(label) else None
            sheet.write_string(i, 2 * j, taxonomy.entry(facet, label, language=language), form)
            names = taxonomy.names.get(f"{facet}/{label}", {})
            others = [name for code, name in names.items() if code != language]
            sheet.write_string(i, 2 * j + 1, " / ".join(others), form)
        end = top + 1 + len(labels)
        sheet.write_string(end, 2 * j, NOT_JUDGED)
        sheet.write_string(end, 2 * j + 1, _CANNOT_TELL.removeprefix("? "))
        cells = xl_range_abs(top + 1, 2 * j, end, 2 * j)
        ranges[facet] = f"='{LABELS_SHEET}'!{cells}"
    return ranges


# Label Studio


def _task(candidate: Candidate, taxonomy: Taxonomy) -> dict[str, Any]:
    result = [
        {"from_name": facet, "to_name": "text", "type": "choices", "value": {"choices": [*labels]}}
        for facet, labels in candidate.labels.items()
        if labels and facet in taxonomy.facets
    ]
    return {"data": _data(candidate, taxonomy), "predictions": [{"result": result}]}


def _data(candidate: Candidate, taxonomy: Taxonomy) -> dict[str, Any]:
    """What a tool keeps with the text; ``id`` is what tools call their own numbers."""
    return {
        "text": candidate.text,
        "comment_id": candidate.id,
        "time": candidate.time,
        "room": candidate.room,
        "count": candidate.count,
        "strategy": candidate.strategy,
        "why": candidate.why,
        FACETS: "|".join(taxonomy.facets),
    }


def label_studio_config(taxonomy: Taxonomy, language: str = "zh") -> str:
    """The labelling configuration of a Label Studio project that fits the tasks.

    One ``Choices`` a facet. A choice shows identifier and display name; the identifier is its
    alias, which is what Label Studio writes into an export.
    """
    lines = ["<View>", '  <Text name="text" value="$text"/>']
    for facet, labels in taxonomy.facets.items():
        name = taxonomy.entry(facet, language=language)
        choices = [(label, taxonomy.entry(facet, label, language=language)) for label in labels]
        lines.append(f"  <Header value={quoteattr(name)}/>")
        lines.append(
            f'  <Choices name={quoteattr(facet)} toName="text" choice="multiple" showInline="true">'
        )
        for label, shown in [*choices, (NOT_JUDGED, _CANNOT_TELL)]:
            lines.append(f"    <Choice value={quoteattr(shown)} alias={quoteattr(label)}/>")
        lines.append("  </Choices>")
    return "\n".join([*lines, "</View>", ""])


def said_in_label_studio(
    tasks: Iterable[tuple[Mapping[str, str], int]], name: str, taxonomy: Taxonomy, notes: list[str]
) -> list[Said]:
    """What annotators said of exported tasks, whose values are JSON; one for each annotation.

    A submitted annotation without a choice says that no label applies. Tasks without annotation,
    and those skipped, are left out and counted in ``notes``. Raises SampleError where a task has
    another form.
    """
    done: list[tuple[dict[str, str], dict[str, list[str]], str]] = []
    asked: set[str] = set()
    foreign: set[str] = set()
    unread: Counter[str] = Counter()
    many = left = 0
    for cells, _ in tasks:
        many += 1
        place = f"{name}, task {cells['id']}" if cells.get("id") else f"{name}, task {many}"
        try:
            data = _texts(json.loads(cells["data"]))
            annotations = json.loads(cells.get("annotations") or "[]")
            kept = [one for one in annotations if not one.get("was_cancelled")]
            said = [
                (_texts({"annotator": _who(one)}), _choices(one["result"], unread)) for one in kept
            ]
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
            raise SampleError(
                f"{place}: not a task as Label Studio exports it as JSON; export it again"
            ) from None
        if "text" not in data:
            raise SampleError(f"{place}: no 'text' in its data; it has: {', '.join(data)}")
        left += not said
        for who, labels in said:
            asked |= labels.keys()
            foreign |= labels.keys() - taxonomy.facets.keys()
            done.append((data | who, labels, place))
    if left:
        notes.append(f"{name}: {left} of {many} tasks not labelled yet, or skipped: left out")
    notes += [f"{name}: the control {one!r} is no facet: left out" for one in sorted(foreign)]
    notes += [
        f"{name}: the control {control} gives no labels: {count} results of it are left out"
        for control, count in unread.items()
    ]
    return _asked(done, asked, name, taxonomy, notes)


_READ = ("choices", "taxonomy", "labels")
"""Controls of Label Studio whose results are labels: the keys of their values, too."""


def _choices(result: Iterable[Mapping[str, Any]], unread: Counter[str]) -> dict[str, list[str]]:
    """Labels by control; results of controls that give none are counted in ``unread``."""
    labels: dict[str, list[str]] = {}
    for one in result:
        kind = one["type"]
        if kind not in _READ:
            unread[f"{one['from_name']!r} ({kind})"] += 1
            continue
        # a nested choice comes with those above it
        said = [c[-1] if isinstance(c, list) else c for c in one["value"][kind]]
        labels.setdefault(one["from_name"], []).extend(map(str, said))
    return labels


def _who(annotation: Mapping[str, Any]) -> Any:
    """Who annotated: a number, or a record of the person."""
    who = annotation.get("completed_by")
    return (who.get("email") or who.get("id")) if isinstance(who, dict) else who


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else "" if value is None else _dumped(value)
        for key, value in values.items()
    }


# doccano


def _document(candidate: Candidate, taxonomy: Taxonomy, language: str) -> dict[str, Any]:
    suggested = [
        f"{facet}/{taxonomy.entry(facet, label, language=language)}"
        for facet, labels in candidate.labels.items()
        for label in labels
    ]
    data = _data(candidate, taxonomy)
    return {"text": data.pop("text"), "label": [], "suggested": "|".join(suggested), **data}


def _doccano_labels(taxonomy: Taxonomy, language: str) -> list[str]:
    labels = [f"{f}/{taxonomy.entry(f, x, language=language)}" for f, x in taxonomy.columns]
    return [*labels, NONE, *(f"{facet}/{NOT_JUDGED}" for facet in taxonomy.facets)]


def said_in_doccano(
    lines: Iterable[tuple[Mapping[str, str], int]], name: str, taxonomy: Taxonomy, notes: list[str]
) -> list[Said]:
    """What annotators said of exported lines, whose lists are JSON.

    An export does not tell which lines were approved. A line without a label counts as not
    labelled: it is left out and counted in ``notes``; the label ``none`` says that none applies.
    Of an archive with a file for each user, the file's name tells who it was.
    """
    done: list[tuple[dict[str, str], dict[str, list[str]], str]] = []
    asked: set[str] = set()
    many = left = 0
    _, member, file = name.rpartition(" › ")
    who = Path(file).stem if member else ""
    for cells, line in lines:
        many += 1
        given = unfolded(cells["label"])
        if not given:
            left += 1
            continue
        labels = _by_facet(given, taxonomy)
        asked |= labels.keys()
        by = {"annotator": "" if who == "all" else who}
        done.append((by | dict(cells), labels, f"{name}, line {line}"))
    if left:
        notes.append(f"{name}: {left} of {many} lines without a label: left out")
    return _asked(done, asked & taxonomy.facets.keys(), name, taxonomy, notes)


def _by_facet(given: Iterable[str], taxonomy: Taxonomy) -> dict[str, list[str]]:
    """``intent/price`` says its facet; a bare label stands for the facet that alone has it."""
    labels: dict[str, list[str]] = {}
    for label in given:
        facet, slash, said = label.partition("/")
        if not slash or facet not in taxonomy.facets:
            facets = [f for f in taxonomy.facets if taxonomy.meant(f, label)]
            facet, said = (facets[0] if len(facets) == 1 else ""), label
        if facet or said != NONE:
            labels.setdefault(facet, []).append(said)
    return labels


def unfolded(cell: str) -> list[str]:
    """Cells of labels in one that holds JSON: a list, or choices of Label Studio; else itself."""
    with suppress(ValueError, RecursionError):
        value = json.loads(cell)
        if isinstance(value, dict):
            value = value.get("choices")
        if isinstance(value, list):
            return [one if isinstance(one, str) else _dumped(one) for one in value]
    return [cell] if cell.strip() else []


def _asked(
    done: Iterable[tuple[dict[str, str], dict[str, list[str]], str]],
    seen: Iterable[str],
    name: str,
    taxonomy: Taxonomy,
    notes: list[str],
) -> list[Said]:
    """The same with the facets asked for: as the data say, else those that came at all."""
    out = []
    missing: set[str] = set()
    for cells, labels, place in done:
        asked = cells[FACETS].split("|") if cells.get(FACETS) else [*seen]
        facets = [facet for facet in taxonomy.facets if facet in asked or facet in labels]
        missing |= taxonomy.facets.keys() - set(facets)
        wrong = {"": labels[""]} if "" in labels else {}
        out.append(Said(cells, wrong | {f: labels.get(f, []) for f in facets}, place))
    notes += [f"{name}: no label of {facet!r}: not judged there" for facet in missing]
    return out
