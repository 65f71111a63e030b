"""Whoever writes a model may be killed at any moment."""

import random
import signal
import subprocess
import sys
import time

import pytest

from commentnlp import Model

from .conftest import ROOT, TRAINING_DATA
from .processes import start_process

pytestmark = pytest.mark.slow

GOLDEN = ROOT / "tests" / "golden" / "model"

SAVE = """
import sys
from commentnlp import Model
first, second = (Model.load(path) for path in sys.argv[1:3])
print("ready", flush=True)
while True:
    second.save(sys.argv[3], {"holdout.csv": b"text\\n"})
    first.save(sys.argv[3])
"""


def other(folder):
    """A model that differs from the golden one."""
    model = Model.load(GOLDEN)
    model.meta = type(model.meta)("another", "", 1)
    model.save(folder)
    return folder


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed like that on Windows")
def test_a_model_that_is_replaced_is_whole_at_any_moment(tmp_path):
    draw = random.Random(0)
    second = other(tmp_path / "another")
    target = tmp_path / "models" / "店"
    target.parent.mkdir()
    Model.load(GOLDEN).save(target)
    versions = {Model.load(GOLDEN).meta.version, "another"}
    seen, left = set(), 0
    for _ in range(20):
        process = start_process(
            [sys.executable, "-c", SAVE, GOLDEN, second, target], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(draw.random() / 20)
        kill(process)
        process.stdout.close()
        seen.add(Model.load(target).meta.version)
        left += len(list(target.parent.iterdir())) > 1
    assert seen == versions
    assert left > 2, "the kills came at moments that matter"
    Model.load(GOLDEN).save(target)
    assert [path.name for path in target.parent.iterdir()] == ["店"]
    assert not (target / "holdout.csv").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed like that on Windows")
def test_a_killed_training_leaves_the_old_model(tmp_path):
    target = tmp_path / "models" / "店"
    target.parent.mkdir()
    Model.load(GOLDEN).save(target)
    lines = (TRAINING_DATA / "samples" / "core.csv").read_text(encoding="utf-8-sig").splitlines()
    few = tmp_path / "样本.csv"
    few.write_text("\n".join(lines[:700]) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "commentnlp", "train", str(few), "--base", "none",
               "-o", str(target)]  # fmt: skip
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    whole = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    version = Model.load(target).meta.version
    Model.load(GOLDEN).save(target)
    for share in (0.3, 0.6, 0.9):
        process = start_process(command, cwd=ROOT, stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        time.sleep(whole * share)
        kill(process)
        assert Model.load(target).meta.version in (Model.load(GOLDEN).meta.version, version)
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    assert Model.load(target).meta.version == version
    assert [path.name for path in target.parent.iterdir()] == ["店"]
