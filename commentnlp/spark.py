"""The same tagging over a cluster: a Spark frame in, the tagged frame out, batch or streaming.

>>> from commentnlp.spark import hourly, tag                 # doctest: +SKIP
>>> tagged = tag(spark.read.parquet("comments"))             # doctest: +SKIP
>>> hourly(tagged).show()                                    # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.errors import CommentnlpError
from commentnlp.model import Model
from commentnlp.model_folder import ModelFiles

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark import Broadcast
    from pyspark.sql import Column, DataFrame

Files = Mapping[str, bytes]
"""A model folder: name of a file → its bytes."""

_sent: dict[tuple[str, str], Broadcast[Files]] = {}
"""In the driver: application and digest → the model as it was broadcast."""

_loaded: dict[str, Model] = {}
"""In a worker: digest → the model. Spark keeps its Python workers from task to task."""


def tag(
    frame: DataFrame, text: str = "text", *, model: Model | None = None, evidence: bool = False
) -> DataFrame:
    """Tag the comments in column ``text``, with the shipped model unless another is given.

    All columns come back as they were, and to them, as strings, ``<facet>`` (labels joined by
    ``|``, the likeliest first), ``<facet>_score`` (probabilities) and, if asked, ``evidence``;
    where the frame has such a column already, ours is called ``tagged_<name>``. Comments that are
    null or blank get empty strings. Raises CommentnlpError where the frame has no such column of
    strings, or Spark is missing.
    """
    _need("pyspark", "pandas", "pyarrow")
    from pyspark.sql.types import StringType, StructField, StructType

    _check_column(frame, text, StringType)
    model = model or Model.shipped()
    facets = [name for facet in model.taxonomy.facets for name in (facet, f"{facet}_score")]
    names = _new_names(frame.columns, [*facets, "evidence"] if evidence else facets)
    digest, files = _broadcast(frame, model)
    # Spark looks columns up by name on their way to Python, and would stumble over "a.b" and over
    # two of one name; so they travel under their numbers
    numbered = frame.toDF(*map(str, range(len(frame.columns))))
    ours = [StructField(name, StringType(), nullable=False) for name in names]
    # mapInArrow, not mapInPandas: pandas would round a long id beside a null, make a null of a
    # NaN, and refuse timestamps after 2262; Arrow hands every other column back untouched
    return numbered.mapInArrow(
        _tagger(frame.columns.index(text), names, digest, files, evidence),
        StructType([*numbered.schema.fields, *ours]),
    ).toDF(*frame.columns, *names)


def hourly(frame: DataFrame, time: str = "time") -> DataFrame:
    """Count the comments of a tagged frame by hour, facet and label.

    Gives ``hour`` (its start; hours of China's clock), ``facet``, ``label`` and ``comments``. A
    leaf counts for its parent, too; the row with empty ``facet`` and ``label`` counts all comments
    of the hour. Rows without a time are left out. A stream needs ``withWatermark`` on ``time``
    before. Raises CommentnlpError where ``time`` is no timestamp or the frame has no tags.
    """
    _need("pyspark")
    from pyspark.sql import functions as f
    from pyspark.sql.types import TimestampNTZType, TimestampType

    _check_column(frame, time, TimestampType, TimestampNTZType)
    facets = _facet_columns(frame)
    pairs = f.array(_pair(f.lit(""), f.lit("")))
    for facet, name in facets.items():
        pairs = f.concat(pairs, _pairs(facet, _quoted(name)))
    # Spark's windows begin at whole hours of UTC, which are whole hours in China, too
    return (
        frame.select(_quoted(time).alias("time"), f.explode(pairs).alias("pair"))
        .groupBy(f.window("time", "1 hour"), "pair.facet", "pair.label")
        .agg(f.count(f.lit(1)).alias("comments"))
        .select(f.col("window.start").alias("hour"), "facet", "label", "comments")
    )


# columns ----------------------------------------------------------------------------------


def _check_column(frame: DataFrame, name: str, *types: type) -> None:
    """Refuse a column that is missing, there twice, or of another type."""
    found = [field.dataType for field in frame.schema.fields if field.name == name]
    if not found:
        raise CommentnlpError(
            f"the frame has no column {name!r}; it has: {', '.join(frame.columns) or 'none'}"
        )
    if len(found) > 1:
        raise CommentnlpError(f"the frame has {len(found)} columns {name!r}; rename all but one")
    if not isinstance(found[0], types):
        raise CommentnlpError(
            f"column {name!r} is {found[0].simpleString()}; cast it to"
            f" {types[0]().simpleString()} before"
        )


def _new_names(taken: Sequence[str], names: Sequence[str]) -> list[str]:
    """``names``, each with ``tagged_`` before it while the frame has such a column."""
    # Spark takes Intent and intent for one name
    known = {name.lower() for name in taken}
    out = []
    for name in names:
        while name.lower() in known:
            name = f"tagged_{name}"
        known.add(name.lower())
        out.append(name)
    return out


def _facet_columns(frame: DataFrame) -> dict[str, str]:
    """Facet → its column: each that has scores, as `tag` names them."""
    columns = [name for name, kind in frame.dtypes if kind == "string"]
    scores = {_bare(name) for name in columns if name.endswith("_score")}
    # of intent and tagged_intent the later is ours
    found = {_bare(name): name for name in columns if f"{_bare(name)}_score" in scores}
    if not found:
        raise CommentnlpError(
            "the frame has no tags (a column <facet> and a column <facet>_score); tag it before"
        )
    return found


def _bare(name: str) -> str:
    while name.startswith("tagged_"):
        name = name.removeprefix("tagged_")
    return name


def _quoted(name: str) -> Column:
    from pyspark.sql import functions as f

    return f.col("`" + name.replace("`", "``") + "`")


def _pair(facet: Column, label: Column) -> Column:
    from pyspark.sql import functions as f

    return f.struct(facet.alias("facet"), label.alias("label"))


def _pairs(facet: str, cell: Column) -> Column:
    """``(facet, label)`` of each label in a cell and of each parent, once."""
    from pyspark.sql import functions as f

    labels = f.filter(f.split(f.coalesce(cell, f.lit("")), r"\|"), lambda label: label != "")
    parents = f.transform(
        f.filter(labels, lambda label: f.contains(label, f.lit("."))),
        lambda label: f.regexp_extract(label, r"(.*)\.", 1),
    )
    both = f.array_distinct(f.concat(labels, parents))
    return f.transform(both, lambda label: _pair(f.lit(facet), label))


# the way of the model ---------------------------------------------------------------------


def _broadcast(frame: DataFrame, model: Model) -> tuple[str, Broadcast[Files]]:
    """The model's digest, and its folder on the way to every machine, once an application.

    It travels as the bytes of its files: the segmenter's dictionary lies in Rust and cannot be
    pickled, and a path would have to be the same on all machines.
    """
    try:
        context = frame.sparkSession.sparkContext
    except AttributeError:  # what Spark Connect raises
        raise CommentnlpError(
            "a Spark Connect session cannot broadcast the model; use a classic session"
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        written = Path(folder) / "model"
        files = {
            name: (written / name).read_bytes()
            for name in (*ModelFiles.files(), ModelFiles.META)
            if (written / name).exists()  # there may be no table of noise
        }
    # the file that holds the digests of the others
    digest = hashlib.sha256(files[ModelFiles.META]).hexdigest()
    key = (str(context.applicationId), digest)
    if key not in _sent:
        _sent[key] = context.broadcast(files)
    return digest, _sent[key]


def _model(digest: str, files: Broadcast[Files]) -> Model:
    """The model in this worker, loaded at its first task."""
    if digest not in _loaded:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.value.items():
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            _loaded[digest] = Model.load(folder)
    return _loaded[digest]


# in the workers ---------------------------------------------------------------------------


def _tagger(
    column: int, names: Sequence[str], digest: str, files: Broadcast[Files], evidence: bool
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a worker does with the batches of one task: add the columns ``names``."""

    def tagger(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        model = _model(digest, files)
        for batch in batches:
            cells = tag_cells(model, batch.column(column).to_pylist(), evidence=evidence)
            added = [pa.array(values, pa.string()) for values in cells]
            yield pa.RecordBatch.from_arrays(
                [*batch.columns, *added], names=[*batch.schema.names, *names]
            )

    return tagger


def tag_cells(model: Model, texts: Sequence[str | None], *, evidence: bool) -> list[list[str]]:
    """The columns that `tag` adds, in its order; each different text is tagged once."""
    different = list(dict.fromkeys(text for text in texts if text and text.strip()))
    rows: dict[str | None, list[str]] = {
        result.text: result.cells(evidence=evidence)
        for result in model.tag(different, evidence=evidence)
    }
    blank = [""] * (2 * len(model.taxonomy.facets) + evidence)
    return [[rows.get(text, blank)[i] for text in texts] for i in range(len(blank))]


def _need(*packages: str) -> None:
    for package in packages:
        try:
            import_module(package)
        except ImportError:
            raise CommentnlpError(
                f"Spark needs {package}, which is missing: pip install 'commentnlp[spark]'"
            ) from None
