"""Files that people label comments in: a workbook, a table, Label Studio, doccano.

In the first two, rows count once ``checked`` says so; in doccano, a label `CHECKED` does; Label
Studio tells by itself which tasks were submitted. `commentnlp.samples.gather` reads all four back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from commentnlp.errors import CommentnlpError, ReadError
from commentnlp.layouts import encodable, layout
from commentnlp.records import Candidate
from commentnlp.taxonomy import Taxonomy, parent_of

SUFFIXES = (".xlsx", ".csv", ".tsv", ".json", ".jsonl")
CHECKED = "checked"
SLOTS = 2
"""Columns that a facet has in a workbook or table."""
ID = "comment_id"
"""Where the comment's own id travels: the tools number what they take in themselves."""

LABELS_SHEET = "标签 labels"

_YES = {"是", "对", "y", "yes", "1", "true", "x", "✓", "√", "✔", "ok", "已标", "1.0"}
_WIDTHS = {"text": 48, CHECKED: 9, "note": 20, "why": 40, "strategy": 11, "count": 7, "time": 20}
_HOW = (
    "看一行，改好标签，在 checked 里选「是」。没选的行不算。没有标签就清空；说不准写 ?。",
    "Look at a row, correct its labels, choose 是 in checked. Rows without it do not count."
    " No label: leave empty; cannot tell: ?.",
)


def check_queue(path: Path) -> None:
    """Raise CommentnlpError where `write_queue` could not write such a file."""
    if path.suffix.lower() not in SUFFIXES:
        raise CommentnlpError(f"{path}: {', '.join(SUFFIXES)} can be written")


def write_queue(
    path: Path, candidates: Sequence[Candidate], taxonomy: Taxonomy, *, language: str = "zh"
) -> None:
    """Write comments to label, with what the model says of them, in the form of the suffix.

    ``.xlsx``, ``.csv`` and ``.tsv`` are tables; ``.json`` are tasks of Label Studio, the labelling
    configuration beside them (``NAME.label-studio.xml``); ``.jsonl`` are lines of doccano. The file
    appears whole or not at all. Raises CommentnlpError where it cannot be written.
    """
    check_queue(path)
    part = path.with_name(f".{path.name}.part")
    try:
        match path.suffix.lower():
            case ".xlsx":
                _write_workbook(part, path, candidates, taxonomy, language)
            case ".json":
                tasks = [_task(one) for one in candidates]
                part.write_text(encodable(_json(tasks, indent=1)), encoding="utf-8", newline="\n")
                config = label_studio_config(taxonomy, language)
                path.with_suffix(".label-studio.xml").write_text(config, encoding="utf-8")
            case ".jsonl":
                lines = "".join(_json(_line(one)) for one in candidates)
                part.write_text(encodable(lines), encoding="utf-8", newline="\n")
            case suffix:
                table = layout(suffix, columns(taxonomy))
                rows = table.rows(_row(one, taxonomy, "") for one in candidates)
                text = f"\ufeff{table.head()}{rows}"
                part.write_text(text, encoding="utf-8", newline="")
        part.replace(path)
    except OSError as error:
        raise CommentnlpError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)


def columns(taxonomy: Taxonomy) -> list[str]:
    """The header of a table to label in."""
    slots = [slot for facet in taxonomy.facets for slot in slots_of(facet)]
    return [CHECKED, "text", *slots, "note", "why", "strategy", "count", "time", "room", "id"]


def slots_of(facet: str, many: int = SLOTS) -> list[str]:
    """Names of the columns of a facet: ``intent``, ``intent 2``."""
    return [facet, *(f"{facet} {number}" for number in range(2, many + 1))]


def is_checked(cell: str) -> bool:
    """Whether a cell of the column ``checked`` says yes."""
    return cell.strip().lower() in _YES


def _row(one: Candidate, taxonomy: Taxonomy, language: str) -> list[str]:
    cells = ["", one.text]
    for facet in taxonomy.facets:
        said = [_entry(taxonomy, facet, x, language) for x in one.labels.get(facet, ())]
        # more labels than columns: the last column takes the rest
        first, rest = said[: SLOTS - 1], said[SLOTS - 1 :]
        cells += [*first, *[""] * (SLOTS - 1 - len(first)), "|".join(rest)]
    return [*cells, "", one.why, one.strategy, str(one.count), one.time, one.room, one.id]


def _entry(taxonomy: Taxonomy, facet: str, label: str, language: str) -> str:
    """A label as a list offers it: ``price 价格``."""
    name = taxonomy.name(facet, label, language=language) if language else label
    return label if name == label else f"{label} {name}"


# a workbook -------------------------------------------------------------------------------


def _write_workbook(
    part: Path, path: Path, candidates: Sequence[Candidate], taxonomy: Taxonomy, language: str
) -> None:
    try:
        import xlsxwriter
        import xlsxwriter.exceptions
    except ImportError:
        raise CommentnlpError(
            f"{path}: writing XLSX needs xlsxwriter; pip install 'commentnlp[excel]', or write .csv"
        ) from None
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(part), options)
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F2F2F2"})
    plain = book.add_format({"valign": "top", "num_format": "@"})
    wrapped = book.add_format({"valign": "top", "num_format": "@", "text_wrap": True})
    label = book.add_format({"valign": "top", "num_format": "@", "bg_color": "#FFF9E5"})
    sheet = book.add_worksheet("标注 queue")
    sheet.freeze_panes(1, 2)
    header = columns(taxonomy)
    slots = {slot: facet for facet in taxonomy.facets for slot in slots_of(facet)}
    for j, name in enumerate(header):
        sheet.set_column(j, j, 24 if name in slots else _WIDTHS.get(name, 12), plain)
        sheet.write_string(0, j, name, bold)
    for i, one in enumerate(candidates, 1):
        for j, (name, cell) in enumerate(zip(header, _row(one, taxonomy, language), strict=True)):
            form = label if name in slots or name == CHECKED else plain
            form = wrapped if name in ("text", "why") else form
            if cell:
                sheet.write_string(i, j, encodable(cell), form)
            else:
                sheet.write_blank(i, j, None, form)
    offered = _write_labels(book.add_worksheet(LABELS_SHEET), taxonomy, language, bold)
    last = max(len(candidates), 1)
    for j, name in enumerate(header):
        if name == CHECKED:
            sheet.data_validation(1, j, last, j, {"validate": "list", "source": ["是", "否"]})
        elif name in slots:
            sheet.data_validation(1, j, last, j, {
                "validate": "list", "source": offered[slots[name]], "error_type": "warning",
                "error_title": "没有这个标签", "error_message": "几个标签用 | 分开；说不准写 ?",
            })  # fmt: skip
    sheet.autofilter(0, 0, last, len(header) - 1)
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise error.args[0] from None


def _write_labels(sheet: Any, taxonomy: Taxonomy, language: str, bold: Any) -> dict[str, str]:
    """The sheet of all labels; gives for each facet the cells that its lists offer."""
    for i, line in enumerate(_HOW):
        sheet.write_string(i, 0, line)
    top, offered = len(_HOW) + 1, {}
    for j, (facet, labels) in enumerate(taxonomy.facets.items()):
        sheet.write_string(top, j, f"{facet} {taxonomy.name(facet, language=language)}", bold)
        for i, label in enumerate(labels, top + 1):
            sheet.write_string(i, j, _entry(taxonomy, facet, label, language))
        sheet.set_column(j, j, 40)
        letter = chr(ord("A") + j)
        first, last = top + 2, top + 1 + len(labels)
        offered[facet] = f"='{LABELS_SHEET}'!${letter}${first}:${letter}${last}"
    return offered


# Label Studio and doccano -----------------------------------------------------------------


def label_studio_config(taxonomy: Taxonomy, language: str = "zh") -> str:
    """The labelling interface: a list of choices for each facet.

    A choice shows its name and is exported as the label (``alias``).
    """
    lines = ["<View>", '  <Text name="text" value="$text"/>']
    for facet, labels in taxonomy.facets.items():
        lines += [
            f"  <Header value={quoteattr(taxonomy.name(facet, language=language))}/>",
            f'  <Choices name={quoteattr(facet)} toName="text" choice="multiple"'
            ' showInline="true">',
        ]
        for label in labels:
            shown = ("– " if parent_of(label) else "") + taxonomy.name(
                facet, label, language=language
            )
            lines.append(f"    <Choice value={quoteattr(shown)} alias={quoteattr(label)}/>")
        lines.append("  </Choices>")
    return "\n".join([*lines, "</View>", ""])


def _task(one: Candidate) -> dict[str, Any]:
    result = [
        {"from_name": facet, "to_name": "text", "type": "choices",
         "value": {"choices": list(labels)}}
        for facet, labels in one.labels.items() if labels
    ]  # fmt: skip
    return {"data": {"text": one.text, **_beside(one)}, "predictions": [{"result": result}]}


def _line(one: Candidate) -> dict[str, Any]:
    labels = [f"{facet}/{label}" for facet, several in one.labels.items() for label in several]
    return {"text": one.text, "label": labels, **_beside(one)}


def _beside(one: Candidate) -> dict[str, Any]:
    return {
        ID: one.id, "time": one.time, "room": one.room, "count": one.count,
        "strategy": one.strategy, "why": one.why,
    }  # fmt: skip


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent) + "\n"


# back -------------------------------------------------------------------------------------

Labelled = tuple[str, Mapping[str, Any], Mapping[str, Sequence[str]] | None]
"""Place, what else is known, and labels of each facet; None where nobody has checked them."""


def read_labelled(path: Path, taxonomy: Taxonomy) -> Iterator[Labelled] | None:
    """What Label Studio or doccano exported; None where a file is of neither.

    Raises ReadError for what is no JSON.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReadError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ReadError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    found = list(_values(path, text))
    first = found[0][1] if found else None
    if not isinstance(first, dict) or not all(isinstance(one, dict) for _, one in found):
        return None
    if "annotations" in first or "data" in first:
        return _of_label_studio(found)
    if isinstance(first.get("label", first.get("labels")), list):
        return _of_doccano(found)
    facets = [facet for facet in taxonomy.facets if facet in first]
    if "annotation_id" in first or any(isinstance(first[f], (dict, list)) for f in facets):
        return _of_json_min(found, taxonomy)
    return None


def _values(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """The objects of a JSON array, or of lines, with their places."""
    try:
        if text.lstrip().startswith("["):
            for number, one in enumerate(json.loads(text), 1):
                yield f"{path}, task {number}", one
            return
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield f"{path}, line {number}", json.loads(line)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}" if text.lstrip().startswith("[") else f"line {number}"
        raise ReadError(f"{path}, {where}: no JSON ({error.msg}); is the file whole?") from None


def _of_label_studio(found: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Labelled]:
    for place, task in found:
        data = _object(task.get("data"), place, "data")
        several = task.get("annotations") or task.get("completions") or []
        done = [one for one in several if not one.get("was_cancelled") and not one.get("skipped")]
        if not done:
            yield place, data, None
        for one in done:
            labels: dict[str, list[str]] = {}
            for part in one.get("result", []):
                if part.get("type") == "choices":
                    said = _object(part.get("value"), place, "value").get("choices", [])
                    labels.setdefault(str(part.get("from_name")), []).extend(map(str, said))
            yield place, {**data, "annotator": _annotator(one.get("completed_by"))}, labels


def _of_json_min(
    found: Sequence[tuple[str, dict[str, Any]]], taxonomy: Taxonomy
) -> Iterator[Labelled]:
    for place, task in found:
        labels = {}
        for facet in taxonomy.facets:
            said = task.get(facet) or []
            said = said.get("choices", []) if isinstance(said, dict) else said
            labels[facet] = [said] if isinstance(said, str) else list(map(str, said))
        known = {**task, "annotator": _annotator(task.get("annotator"))}
        yield place, {k: v for k, v in known.items() if k != "id"}, labels


def _of_doccano(found: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[Labelled]:
    for place, line in found:
        said = line.get("label", line.get("labels")) or []
        known = {key: value for key, value in line.items() if key != "id"}
        if CHECKED not in said:
            yield place, known, None
            continue
        labels: dict[str, list[str]] = {}
        for name in said:
            if name != CHECKED:
                facet, _, label = str(name).partition("/")
                labels.setdefault(facet, []).append(label)
        yield place, known, labels


def _object(value: Any, place: str, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ReadError(f"{place}: {name!r} is no object; export it again as JSON")
    return value


def _annotator(said: Any) -> str:
    if isinstance(said, dict):
        said = said.get("email") or said.get("id")
    return "" if said is None else str(said)
