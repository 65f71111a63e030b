"""Tag a column of a pandas frame: the frame comes back with the columns that `classify` writes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from commentnlp.errors import CommentnlpError
from commentnlp.inputs import list_texts
from commentnlp.records import Given
from commentnlp.tag_columns import TagColumns

if TYPE_CHECKING:
    import pandas as pd

    from commentnlp.model import Model

_BLOCK = 10_000
"""Different texts whose tags are held at a time."""


def tag_frame(
    model: Model,
    frame: pd.DataFrame | pd.Series[Any],
    text: object = None,
    *,
    evidence: bool = True,
    one_column_per_label: bool = False,
    labels: str = "en",
) -> pd.DataFrame:
    """See `commentnlp.Model.tag_frame`."""
    import pandas as pd

    frame, text = _framed(frame, text)
    place = _find_column(frame, text)
    columns = TagColumns(model.taxonomy, labels, one_column_per_label, evidence)
    texts = list_texts(frame.iloc[:, place])
    values = _tag_each(model, columns, texts)
    names = columns.names([*frame.columns])
    added = pd.DataFrame(
        {
            name: pd.Series([row[i] for row in values], frame.index, dtype=kind)
            for i, (name, kind) in enumerate(zip(names, _dtypes(columns), strict=True))
        },
        index=frame.index,
    )
    tagged = pd.concat([frame, added], axis=1)
    tagged.columns.names = frame.columns.names
    tagged.attrs = dict(frame.attrs)
    return tagged


def _framed(frame: Any, text: object) -> tuple[pd.DataFrame, object]:
    """The frame and the name of its column of comments; a Series becomes a frame of one column."""
    import pandas as pd

    if isinstance(frame, pd.Series):
        name = text if text is not None else frame.name
        name = "text" if name is None else name
        return frame.to_frame(name), name
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"a pandas DataFrame or Series is wanted, not {type(frame).__name__};"
            " Model.tag takes any list of comments, commentnlp.spark.tag Spark's frames"
        )
    if text is None:
        raise TypeError(
            "which column are the comments in? tag_frame(frame, COLUMN); the frame has:"
            f" {_listed(frame)}"
        )
    return frame, text


def _find_column(frame: pd.DataFrame, text: object) -> int:
    """Where the column stands. Raises CommentnlpError where there is none such, or several."""
    if frame.columns.nlevels > 1:
        raise CommentnlpError(
            "the frame's columns have several levels; give them one name each, such as"
            " frame.columns = ['_'.join(map(str, name)) for name in frame.columns]"
        )
    places = [place for place, name in enumerate(frame.columns) if name == text]
    if not places:
        raise CommentnlpError(f"the frame has no column {text!r}; it has: {_listed(frame)}")
    if len(places) > 1:
        raise CommentnlpError(f"the frame has {len(places)} columns {text!r}; rename all but one")
    return places[0]


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns)) or "none"


def _tag_each(model: Model, columns: TagColumns, texts: Sequence[str]) -> list[tuple[Any, ...]]:
    """The values of each text under the columns; each different text is tagged once."""
    known: dict[str, tuple[Any, ...]] = {}
    rest = iter(dict.fromkeys(texts))
    while block := list(islice(rest, _BLOCK)):
        given = model.given(block, evidence=columns.evidence)
        known.update(zip(block, (_values(columns, one) for one in given), strict=True))
    return [known[text] for text in texts]


def _values(columns: TagColumns, given: Sequence[Given]) -> tuple[Any, ...]:
    """As `TagColumns.cells`, but the score is a number: the one of the likeliest label."""
    values: list[Any] = [*columns.cells(given)]
    for place, numbers in enumerate(columns.places):
        scores = [one.score for one in given if one.column in numbers]
        values[2 * place + 1] = max(scores, default=None)
    if columns.wide:
        values[-len(columns.taxonomy.columns) :] = columns.marks(one.column for one in given)
    return tuple(values)


def _dtypes(columns: TagColumns) -> list[str]:
    facets = ["object", "float64"] * len(columns.taxonomy.facets)
    marks = ["int8"] * len(columns.taxonomy.columns) if columns.wide else []
    return [*facets, *["object"] * columns.evidence, *marks]
