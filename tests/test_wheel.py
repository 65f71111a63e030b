"""The wheel carries the model and the samples, and works where there is no checkout."""

import os
import shutil
import subprocess
import sys
import venv

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An empty environment with nothing but the built wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", folder / "dist", ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [python, "-m", "pip", "install", "--quiet", wheel]
    subprocess.run(install, check=True, capture_output=True, cwd=folder)
    return folder, python


def test_a_wheel_without_a_compiler_is_plain_python(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT]
    environment = {**os.environ, "CC": "no-such-compiler"}
    subprocess.run(build, check=True, capture_output=True, env=environment)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler here (Debian: gcc)")
def test_a_wheel_carries_the_compiled_core(installed):
    folder, python = installed
    (wheel,) = (folder / "dist").glob("*.whl")
    assert "-cp310-abi3-" in wheel.name
    code = "from commentnlp.compiled_core import core_name; print(core_name())"
    done = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, check=True)
    assert done.stdout.split() == [b"compiled"]


def test_classifies_away_from_the_checkout(installed):
    folder, python = installed
    (folder / "评论.csv").write_text("评论\n这个多少米\n哈哈\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-W", "error", "-m", "commentnlp", "classify", "评论.csv"],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tagged = (folder / "评论.tagged.csv").read_text(encoding="utf-8-sig")
    assert tagged.splitlines()[1].startswith("这个多少米,price,")


def test_carries_samples_and_language_for_training(installed):
    folder, python = installed
    code = (
        "from commentnlp.shipped import DEFAULT_MODEL, TRAINING_DATA as t;"
        "print(DEFAULT_MODEL.is_dir(), (t / 'language/concepts.tsv').is_file(),"
        " len(list((t / 'samples').glob('*.csv'))) > 5, (t / 'sample_room.csv').is_file())"
    )
    done = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.stdout.split() == ["True"] * 4, done.stderr
