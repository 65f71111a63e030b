import json
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from commentnlp import Model
from commentnlp.errors import ModelError
from commentnlp.model_folder import POINTER, SHIPPED
from commentnlp.records import Sample
from commentnlp.registry import (
    HISTORY,
    RefusedError,
    current,
    history,
    listed,
    promote,
    rollback,
)
from commentnlp.samples import read_samples
from commentnlp.service.serving import Serving

from .conftest import ROOT, TRAINING_DATA
from .processes import start_process

GOLDEN = ROOT / "tests/golden/model"


@pytest.fixture
def folder(tmp_path):
    """Three models that are the same but for their names."""
    for name in ("一月", "二月", "三月"):
        shutil.copytree(GOLDEN, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="module")
def few(shipped):
    """Rows on which the golden model is no worse than the shipped one."""
    rows = read_samples(TRAINING_DATA / "holdout.csv", shipped.taxonomy)
    golden = Model.load(GOLDEN)
    texts = [row.text for row in rows]
    same = (shipped.predict(texts) == golden.predict(texts)).all(axis=1)
    return [row for row, one in zip(rows, same, strict=True) if one][:200]


def test_promoted_and_rolled_back(folder, few):
    assert current(folder) == SHIPPED
    done = promote(folder, "一月", holdout=few)
    assert (done.swap.before, done.swap.name, done.swap.forced) == (SHIPPED, "一月", False)
    assert not done.comparisons["holdout"].worse
    assert (folder / POINTER).read_text(encoding="utf-8") == "一月\n"
    assert Model.load(folder).folder == folder / "一月"
    promote(folder, "二月", holdout=few)
    promote(folder, "三月", holdout=few)
    assert [rollback(folder).name for _ in range(3)] == ["二月", "一月", SHIPPED]
    assert Model.load(folder).meta.version == Model.shipped().meta.version
    with pytest.raises(ModelError, match="no model was promoted there before"):
        rollback(folder)
    promote(folder, "三月", holdout=few)
    assert rollback(folder).name == SHIPPED
    assert [swap.what for swap in history(folder)] == ["promoted"] * 3 + ["rolled back"] * 3 + [
        "promoted", "rolled back"
    ]  # fmt: skip


def test_a_worse_model_is_refused_and_the_reason_shown(folder):
    rows = read_samples(TRAINING_DATA / "holdout.csv", Model.shipped().taxonomy)
    with pytest.raises(RefusedError, match=r"一月: not promoted, it is worse: .*intent/quality F1"):
        promote(folder, "一月", holdout=rows)
    assert current(folder) == SHIPPED
    assert history(folder) == []
    done = promote(folder, "一月", holdout=rows, force=True)
    assert current(folder) == "一月"
    (swap,) = history(folder)
    assert swap == done.swap
    assert swap.forced
    quality = next(one for one in swap.worse if one["label"] == "quality")
    assert quality["after"] < quality["before"]


def test_the_rows_that_training_held_out(folder):
    model = Model.load(GOLDEN)
    text = (TRAINING_DATA / "holdout.csv").read_bytes()
    model.save(folder / "四月", {"holdout.csv": text})
    with pytest.raises(RefusedError, match="of held out") as refused:
        promote(folder, "四月")
    assert list(refused.value.comparisons) == ["held out"]


def test_models_on_the_shipped_samples_must_stand_the_shipped_holdout(folder):
    model = Model.load(GOLDEN)
    model.meta = type(model.meta)("v", "", 1, training={"base": "shipped"})
    model.save(folder / "四月")
    with pytest.raises(RefusedError, match="of shipped holdout"):
        promote(folder, "四月")


def test_listed(folder, few):
    promote(folder, "二月", holdout=few)
    (folder / "三月" / "weights.npy").write_bytes(b"?")
    (folder / "notes").mkdir()
    models = listed(folder)
    assert [one.name for one in models] == [SHIPPED, "一月", "三月", "二月"]
    assert [one.name for one in models if one.in_use] == ["二月"]
    assert "damaged" in next(one.error for one in models if one.name == "三月")
    first = models[1]
    assert first.meta.version == Model.load(GOLDEN).meta.version
    assert first.meta.data_digest
    assert first.written
    shutil.rmtree(folder / "二月")
    assert [one.error for one in listed(folder) if one.in_use] == [
        f"{folder / '二月'}: no model there"
    ]
    assert [one.name for one in listed(folder / "没有")] == [SHIPPED]


@pytest.mark.parametrize("name", ["没有", "../一月", "", "..", "a/b"])
def test_names_of_no_model(folder, name):
    with pytest.raises(ModelError):
        promote(folder, name)
    assert not (folder / POINTER).exists()
    assert not (folder / HISTORY).exists()


def test_the_one_in_use_and_damaged_ones(folder, few):
    (folder / "二月" / "weights.npy").write_bytes(b"?")
    with pytest.raises(ModelError, match="damaged"):
        promote(folder, "二月", holdout=few, force=True)
    promote(folder, "一月", holdout=few)
    with pytest.raises(ModelError, match="一月: in use already"):
        promote(folder, "一月", holdout=few)
    promote(folder, "三月", holdout=few)
    shutil.rmtree(folder / "一月")
    with pytest.raises(ModelError, match="no model there"):
        rollback(folder)
    assert current(folder) == "三月"


def test_where_the_one_in_use_is_gone(folder, few):
    promote(folder, "一月", holdout=few)
    shutil.rmtree(folder / "一月")
    with pytest.raises(ModelError, match=r"cannot be compared with .*--force promotes 二月"):
        promote(folder, "二月", holdout=few)
    promote(folder, "二月", holdout=few, force=True)
    assert current(folder) == "二月"


def test_lines_of_killed_writers_are_told_from_swaps(folder, few):
    promote(folder, "一月", holdout=few)
    promote(folder, "二月", holdout=few)
    lines = (folder / HISTORY).read_text(encoding="utf-8")
    told = json.loads(lines.splitlines()[-1])
    never = json.dumps({**told, "name": "三月", "before": "二月"})
    for end in (never + "\n", '{"at": "2026', "\n\n"):
        (folder / HISTORY).write_text(lines + end, encoding="utf-8")
        assert [swap.name for swap in history(folder)] == ["一月", "二月"]
    (folder / HISTORY).write_text(lines + '{"at": "2026', encoding="utf-8")
    promote(folder, "三月", holdout=few)
    assert [swap.name for swap in history(folder)] == ["一月", "二月", "三月"]
    assert rollback(folder).name == "二月"


def test_a_running_service_takes_it_up(folder, few):
    promote(folder, "一月", holdout=few)
    serving = Serving(folder)
    assert not serving.changed()
    model = Model.load(GOLDEN)
    model.meta = type(model.meta)("another", "", 1)
    model.save(folder / "四月")
    promote(folder, "四月", holdout=few)
    assert serving.changed()
    assert serving.reload()
    assert serving.model.meta.version == "another"
    rollback(folder)
    assert serving.changed()
    assert serving.reload()
    assert serving.model.meta.version == Model.load(GOLDEN).meta.version


LOOP = """
import sys
from pathlib import Path
from commentnlp.registry import promote, rollback
from commentnlp.records import Sample
folder, rows = Path(sys.argv[1]), [Sample("x", {})]
for turn in range(10**9):
    promote(folder, "二月", holdout=rows)
    rollback(folder)
    if not turn:  # the first one loads what the others have
        print("ready", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed like that on Windows")
def test_killed_at_any_moment_a_whole_model_is_in_use(folder):
    draw = random.Random(0)
    rows = [Sample("x", {})]
    promote(folder, "一月", holdout=rows)
    began = time.monotonic()
    promote(folder, "二月", holdout=rows)
    rollback(folder)
    turn = time.monotonic() - began
    seen = set()
    for _ in range(20):
        if current(folder) == "二月":
            rollback(folder)
        process = start_process([sys.executable, "-c", LOOP, folder], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(draw.random() * 3 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        seen.add(current(folder))
        assert Model.load(folder).meta.version == Model.load(GOLDEN).meta.version
        assert [one.in_use for one in listed(folder)].count(True) == 1
        assert history(folder)[-1].name == current(folder)
    assert seen == {"一月", "二月"}
    if current(folder) == "二月":
        rollback(folder)
    assert rollback(folder).name == SHIPPED
