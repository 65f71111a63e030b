"""A real Spark on two cores of this machine."""

import csv
import datetime
import gc
import importlib.util
import json
import os
import shutil
import sys
from collections import Counter
from decimal import Decimal

import pytest

from commentnlp import Model, spark
from commentnlp.batch import classify_file
from commentnlp.errors import CommentnlpError
from commentnlp.model_folder import Meta
from commentnlp.records import SHANGHAI
from commentnlp.taxonomy import parent_of

from .conftest import ROOT, TRAINING_DATA

pytestmark = [
    pytest.mark.slow,
    # Spark says it once where a newer pandas is installed; Arrow alone carries our columns
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    # Spark 4.0 and 4.1 leave the socket open through which rows came
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

OURS = ["intent", "intent_score", "complaint", "complaint_score", "act", "act_score"]
ODD = [
    None, "", "   ", "\u3000", "\n", "\x00", "\ufffd", "\u200b", "\U000e0041", "\ue000\ue000",
    "\u0301", "👍", "👩\u200d👩\u200d👧 好看👍🏽", "🀄\ufe0f多少米", "😭" * 50, "𠮷字圈口多大",
    "ｘｘ贵‼\ufe0f", "\ufeff太贵了", "?", "'\"\\`|,\t", "圈口56的多少米\n还有吗", "太贵了|退货",
    "戴了一周就掉色了 能退吗，客服也不理人" * 80, "贵", "贵", "贵 ", "NaN", "nan", "None", "null",
]  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    for package in ("pyspark", "pandas", "pyarrow"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is missing: pip install 'commentnlp[spark]'")
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=os.path.join(home, "bin") if home else None) is None:
        pytest.skip("Java is missing: apt-get install openjdk-17-jre-headless")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        # the workers are processes of their own: the same Python, this checkout
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        made = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.log.level", "ERROR")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.execution.arrow.pyspark.enabled", "true")
            .config("spark.sql.session.timeZone", "Asia/Shanghai")
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .config("spark.sql.streaming.checkpointLocation", str(folder / "checkpoints"))
            .getOrCreate()
        )
        yield made
        made.stop()
        gc.collect()  # its sockets, while they may still warn


@pytest.fixture(scope="module")
def texts():
    """Comments of our own, and all that a comment may also be."""
    with (TRAINING_DATA / "holdout.csv").open(encoding="utf-8-sig", newline="") as file:
        own = [row["text"] for row in csv.DictReader(file)]
    mixed = [*own[:1200], *ODD, *own[:300], *ODD]
    assert len(mixed) > 1000
    return mixed


def expected(model, texts, *, evidence=False):
    """What the columns must hold, by `Model.tag` alone."""
    rows = []
    for text, result in zip(texts, model.tag([t or "" for t in texts], evidence=True), strict=True):
        row = []
        for tags in result.tags.values():
            row += ["|".join(t.label for t in tags), "|".join(f"{t.score:.3f}" for t in tags)]
        row.append("|".join(f"{proof.label}:{proof.text}" for proof in result.evidence))
        blank = text is None or not text.strip()
        rows.append(tuple([""] * len(row) if blank else row)[: None if evidence else -1])
    return rows


def collected(frame, names, by="n"):
    return [
        tuple(row[name] for name in names) for row in sorted(frame.collect(), key=lambda r: r[by])
    ]


@pytest.fixture
def frame(session, texts):
    return session.createDataFrame(list(enumerate(texts)), "n long, text string").repartition(5)


def test_every_row_as_the_model_alone(frame, texts, shipped):
    tagged = spark.tag(frame, evidence=True)
    assert tagged.columns == ["n", "text", *OURS, "evidence"]
    assert [kind for _, kind in tagged.dtypes[2:]] == ["string"] * 7
    got = collected(tagged, tagged.columns)
    assert [row[1] for row in got] == texts
    assert [row[2:] for row in got] == expected(shipped, texts, evidence=True)


def test_the_cells_of_a_file(session, tiny, tmp_path):
    texts = ["这个太贵了", "慢死了|又贵又慢", "", "哈哈"]
    source = tmp_path / "a.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("n", "text"), *enumerate(texts)])
    classify_file(tiny, source)
    with (tmp_path / "a.tagged.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    frame = session.createDataFrame(list(enumerate(texts)), "n long, text string")
    tagged = spark.tag(frame, model=tiny, evidence=True)
    assert tagged.columns == header
    assert [tuple(row[1:]) for row in rows] == collected(tagged, header[1:])


def test_other_columns_come_back_unharmed(session, tiny):
    # what pandas would round, drop or refuse
    rows = [
        (
            7401234567890123457, 1, float("nan"), datetime.datetime(9999, 12, 31), "a",
            Decimal("1.10"), "这个太贵了", {"k": 7401234567890123457}, [1, None],
            datetime.date(2026, 3, 1), b"\0", True,
        ),
        (None,) * 12,
        (
            3, 2, 1.5, datetime.datetime(2026, 3, 1, 20, 5, 6, 789), None,
            None, "慢", {}, [], None, b"", None,
        ),
    ]  # fmt: skip
    frame = session.createDataFrame(
        rows,
        "id long, n int, x double, time timestamp, name string, paid decimal(20,2), comment string,"
        " counts map<string,long>, levels array<int>, day date, raw binary, fan boolean",
    ).coalesce(1)
    tagged = spark.tag(frame, "comment", model=tiny)
    assert tagged.schema.fields[:12] == frame.schema.fields
    before, after = frame.collect(), tagged.collect()
    assert [repr(row[:12]) for row in after] == [repr(row[:]) for row in before]
    assert [row["intent"] for row in after] == ["price", "", ""]
    assert [row["complaint"] for row in after] == ["", "", "logistics.delay"]


def test_a_column_of_the_same_name_is_kept(session, tiny):
    frame = session.createDataFrame(
        [("贵", "mine", 1, "x", "y", "z")],
        "text string, Intent string, intent_score int, `a.b` string, `a``b` string, `0` string",
    )
    tagged = spark.tag(frame, model=tiny)
    assert tagged.columns == [
        *frame.columns, "tagged_intent", "tagged_intent_score", "complaint", "complaint_score"
    ]  # fmt: skip
    assert tuple(tagged.first()) == ("贵", "mine", 1, "x", "y", "z", "price", "0.731", "", "")
    twice = spark.tag(tagged, model=tiny)
    assert twice.columns[-4:] == [
        "tagged_tagged_intent", "tagged_tagged_intent_score", "tagged_complaint",
        "tagged_complaint_score",
    ]  # fmt: skip


def test_columns_of_one_name_are_all_kept(session, tiny):
    frame = session.createDataFrame([("贵", 1, 2)], "text string, n int, m int").toDF(
        "text", "n", "n"
    )
    assert tuple(spark.tag(frame, model=tiny).first()) == ("贵", 1, 2, "price", "0.731", "", "")
    with pytest.raises(CommentnlpError, match="2 columns 'n'; rename all but one"):
        spark.tag(frame, "n", model=tiny)


def test_a_wrong_column_is_named(session, tiny):
    frame = session.createDataFrame([("贵", 1)], "text string, n int")
    with pytest.raises(CommentnlpError, match="no column 'comment'; it has: text, n"):
        spark.tag(frame, "comment", model=tiny)
    with pytest.raises(CommentnlpError, match="column 'n' is int; cast it to string"):
        spark.tag(frame, "n", model=tiny)


def test_nothing_comes_of_nothing(session, tiny):
    empty = session.createDataFrame([], "text string")
    assert spark.tag(empty, model=tiny).collect() == []
    assert spark.hourly(spark.tag(empty, model=tiny).selectExpr("*", "now() as time")).count() == 0


def test_small_batches_and_large_strings(session, texts, tiny):
    frame = session.createDataFrame(list(enumerate(texts)), "n long, text string")
    want = expected(tiny, texts)
    settings = {
        "spark.sql.execution.arrow.maxRecordsPerBatch": "7",
        "spark.sql.execution.arrow.useLargeVarTypes": "true",
    }
    try:
        for name, value in settings.items():
            session.conf.set(name, value)
        assert collected(spark.tag(frame, model=tiny), OURS[:4]) == want
    finally:
        for name in settings:
            session.conf.unset(name)


def test_equal_texts_are_tagged_once(tiny, monkeypatch):
    seen = []
    real = tiny.tag
    monkeypatch.setattr(tiny, "tag", lambda texts, **o: seen.extend(texts) or real(texts, **o))
    cells = spark.tag_cells(tiny, ["贵", None, "慢", "贵", " ", "贵"], evidence=False)
    assert seen == ["贵", "慢"]
    assert cells[0] == ["price", "", "", "price", "", "price"]


def test_the_model_is_sent_once_and_loaded_once_a_worker(session, tiny, tmp_path):
    tiny.meta = Meta("seen nowhere before", "", 0)
    frame = session.range(0, 400, numPartitions=8).selectExpr("id", "'贵' as text")
    digest, files = spark._broadcast(frame, tiny)
    assert spark._broadcast(frame, tiny) == (digest, files)
    tagger = spark._tagger(1, OURS[:4], digest, files, False)
    log = tmp_path / "loads"

    def watched(batches):
        real = Model.load

        def load(folder):
            with log.open("a") as file:
                file.write(f"{os.getpid()}\n")
            return real(folder)

        Model.load = load
        try:
            yield from tagger(batches)
        finally:
            Model.load = real

    schema = "id long, text string, " + ", ".join(f"{name} string" for name in OURS[:4])
    for _ in range(3):
        got = frame.mapInArrow(watched, schema).collect()
        assert [row["intent"] for row in got] == ["price"] * 400
    loads = log.read_text().split()
    assert loads
    assert len(loads) == len(set(loads)) < 3 * 8


def test_a_model_in_use_can_be_followed_by_another(session, tiny, shipped):
    frame = session.createDataFrame([("贵",), ("慢",)], "text string")
    for _ in range(2):
        assert spark.tag(frame, model=tiny).columns == ["text", *OURS[:4]]
        assert [row["complaint"] for row in spark.tag(frame, model=tiny).collect()] == [
            "", "logistics.delay"
        ]  # fmt: skip
        assert [tuple(row)[1:] for row in spark.tag(frame, model=shipped).collect()] == expected(
            shipped, ["贵", "慢"]
        )


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_stream_gets_the_same(session, texts, shipped, tmp_path, kind):
    # a CSV file cannot tell an empty cell from a null
    told = list(enumerate(text for text in texts if kind == "json" or (text and text.strip())))
    folder = tmp_path / "in"
    folder.mkdir()
    for part in range(3):
        path = folder / f"{part}.{kind}"
        with path.open("w", encoding="utf-8", newline="") as file:
            if kind == "json":
                file.writelines(json.dumps({"n": n, "text": t}) + "\n" for n, t in told[part::3])
            else:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerows([("n", "text"), *told[part::3]])
    reader = session.readStream.schema("n long, text string").option("maxFilesPerTrigger", 1)
    if kind == "csv":
        reader = reader.option("header", True).option("multiLine", True).option("escape", '"')
    stream = getattr(reader, kind)(str(folder))
    name = f"tagged_{kind}"
    query = (
        spark.tag(stream).writeStream.format("memory").queryName(name).trigger(availableNow=True)
    )
    running = query.start()
    assert running.awaitTermination(120)
    got = collected(session.table(name), ["text", *OURS])
    assert [row[0] for row in got] == [text for _, text in told]
    assert [row[1:] for row in got] == expected(shipped, [text for _, text in told])


# hours ------------------------------------------------------------------------------------

START = datetime.datetime(2026, 3, 1, 19, 40, tzinfo=SHANGHAI)


def counted(model, rows):
    """Hour → facet, label → comments, counted in plain Python."""
    counts = Counter()
    results = model.tag([text or "" for _, text in rows])
    for (time, text), result in zip(rows, results, strict=True):
        if time is None:
            continue
        hour = time.replace(minute=0, second=0, microsecond=0)
        counts[hour, "", ""] += 1
        for facet, tags in result.tags.items() if text and text.strip() else ():
            labels = {tag.label for tag in tags}
            for label in labels | {parent_of(label) for label in labels} - {""}:
                counts[hour, facet, label] += 1
    return counts


def told(frame):
    """The same from what `hourly` gives, whatever clock Python has here."""
    rows = frame.selectExpr("unix_seconds(hour) as at", "facet", "label", "comments").collect()
    return {
        (datetime.datetime.fromtimestamp(r.at, SHANGHAI), r.facet, r.label): r.comments
        for r in rows
    }


@pytest.fixture
def timed(texts):
    step = datetime.timedelta(seconds=7)
    return [(START + i * step if i % 50 else None, text) for i, text in enumerate(texts)]


def as_frame(session, rows):
    seconds = [(t and t.timestamp(), text) for t, text in rows]
    return session.createDataFrame(seconds, "s double, text string").selectExpr(
        "timestamp_seconds(s) as time", "text"
    )


def test_hours_as_counted_by_hand(session, timed, shipped):
    frame = as_frame(session, timed)
    hours = spark.hourly(spark.tag(frame))
    assert hours.dtypes == [
        ("hour", "timestamp"), ("facet", "string"), ("label", "string"), ("comments", "bigint")
    ]  # fmt: skip
    want = counted(shipped, timed)
    assert len({hour for hour, _, _ in want}) == 4
    assert told(hours) == want
    assert sum(1 for _, _, label in want if "." in label) > 10


def test_the_sessions_clock_does_not_move_the_hours(session, tiny):
    rows = [(START, "贵"), (START + datetime.timedelta(minutes=25), "慢慢贵贵")]
    tagged = spark.tag(as_frame(session, rows), model=tiny)
    zone = session.conf.get("spark.sql.session.timeZone")
    try:
        session.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
        assert told(spark.hourly(tagged)) == counted(tiny, rows)
    finally:
        session.conf.set("spark.sql.session.timeZone", zone)


def test_hours_of_columns_that_had_to_be_renamed(session, tiny, tmp_path):
    rows = [(START, "贵"), (START, "慢贵")]
    frame = as_frame(session, rows).selectExpr("time as `when.it`", "text", "'mine' as intent")
    tagged = spark.tag(frame, model=tiny)
    tagged.write.parquet(str(tmp_path / "kept"))
    for source in (tagged, session.read.parquet(str(tmp_path / "kept"))):
        assert told(spark.hourly(source, "when.it")) == counted(tiny, rows)


def test_what_has_no_hours_is_named(session, tiny):
    tagged = spark.tag(
        session.createDataFrame([("贵", "2026")], "text string, time string"), model=tiny
    )
    with pytest.raises(CommentnlpError, match="column 'time' is string; cast it to timestamp"):
        spark.hourly(tagged)
    with pytest.raises(CommentnlpError, match="no tags"):
        spark.hourly(session.sql("select now() as time, 'a' as text"))


@pytest.mark.parametrize("before", [True, False])
def test_hours_of_a_stream(session, timed, shipped, tmp_path, before):
    """Append mode gives an hour once its time is over, so the last one is still missing."""
    as_frame(session, timed).write.json(str(tmp_path / "in"))
    stream = session.readStream.schema("time timestamp, text string").json(str(tmp_path / "in"))
    if before:
        tagged = spark.tag(stream.withWatermark("time", "10 minutes"))
    else:
        tagged = spark.tag(stream).withWatermark("time", "10 minutes")
    name = f"hours_{before}"
    query = spark.hourly(tagged).writeStream.format("memory").queryName(name).outputMode("append")
    running = query.trigger(availableNow=True).start()
    assert running.awaitTermination(120)
    want = counted(shipped, timed)
    last = max(hour for hour, _, _ in want)
    assert told(session.table(name)) == {k: n for k, n in want.items() if k[0] < last}


# where there is no Spark ------------------------------------------------------------------


@pytest.mark.parametrize("package", ["pyspark", "pandas", "pyarrow"])
def test_a_missing_package_is_named(monkeypatch, package):
    for name in ("pyspark", "pandas", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None if name == package else json)
    with pytest.raises(CommentnlpError, match=rf"needs {package}.*'commentnlp\[spark\]'"):
        spark.tag(None)


def test_spark_connect_is_refused(tiny):
    class Frame:
        class sparkSession:  # noqa: N801
            pass

    with pytest.raises(CommentnlpError, match="Spark Connect"):
        spark._broadcast(Frame, tiny)
