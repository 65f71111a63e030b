"""From a file of comments to another model in use, by the command line alone."""

import csv
import json
import sys

import pytest

from commentnlp import Model
from commentnlp.cli import main
from commentnlp.service.records import Correction
from commentnlp.service.store import Store

from .conftest import ROOT

POOL = ROOT / "benchmarks" / "slang" / "pool.csv"


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models of a shop, the second of more samples, and the samples."""
    folder = tmp_path_factory.mktemp("店")
    rows = read(POOL)
    for name, many in (("少", 300), ("多", 1400)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows[:many])
        command = ["train", str(folder / f"{name}.csv"), "--base", "none", "-q",
                   "-o", str(folder / "models" / name)]  # fmt: skip
        assert main(command) == 0
    return folder


def test_training_says_what_it_did(folder, capsys):
    command = ["train", str(folder / "少.csv"), "--base", "none", "-o", str(folder / "again")]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert "held out (by text)" in err
    assert "left out, fewer than 8 samples" in err
    assert "complaint/product_quality.color (" in err
    assert "cross-validation" in err
    assert f"rows, {Model.shipped().meta.version} → " in out
    for name in ("model.json", "weights.npy", "holdout.csv"):
        one, other = (folder / f / name for f in ("again", "models/少"))
        assert one.read_bytes() == other.read_bytes(), name


def test_the_held_out_rows_travel_with_the_model(folder):
    held = read(folder / "models" / "多" / "holdout.csv")
    texts = {row["text"] for row in held}
    assert 150 < len(held) < 400
    assert texts < {row["text"] for row in read(folder / "多.csv")}
    few = {row["text"] for row in read(folder / "models" / "少" / "holdout.csv")}
    assert few - texts < {row["text"] for row in read(folder / "多.csv")}
    assert len(few & texts) > 0.9 * len(few)  # what was held out stays so


def test_promoted_compared_and_rolled_back(folder, capsys, tmp_path):
    where = ["--folder", str(folder / "models")]
    holdout = ["--holdout", str(ROOT / "benchmarks/slang/holdout.csv")]
    assert main(["models", "promote", "少", *holdout, "--force", *where]) == 0
    assert main(["models", "promote", "多", *holdout, *where]) == 0
    printed = capsys.readouterr().out
    assert "is in use, after 少" in printed
    assert "mended" in printed
    assert "鱼干 → price" in printed
    assert main(["models", "list", *where]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith("*")] == [["*", "多"]]
    assert main(["models", "promote", "少", *holdout, *where]) == 1
    out, err = capsys.readouterr()
    assert "少: not promoted, it is worse: " in err
    assert "worse" in out
    for name in ("变化.xlsx", "变化.json"):
        assert main(["models", "compare", "少", *holdout, *where, "-o", str(tmp_path / name)]) == 0
    data = json.loads((tmp_path / "变化.json").read_text(encoding="utf-8"))
    assert data["holdout"]["samples"] == 400
    capsys.readouterr()
    assert main(["models", "rollback", *where]) == 0
    assert "少 (" in capsys.readouterr().out
    assert Model.load(folder / "models").folder.name == "少"
    command = ["train", str(folder / "少.csv"), "-o", str(folder / "models" / "少")]
    assert main(command) == 1
    assert "is in use; train into another folder" in capsys.readouterr().err


def test_without_the_packages_of_a_store(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "commentnlp.service.samples", None)
    assert main(["evaluate", "--store", "a.db"]) == 1
    assert 'pip install "commentnlp[serve]"' in capsys.readouterr().err


def test_a_queue_of_suggestions_can_be_labelled_and_trained_on(folder, tmp_path, capsys):
    queue = tmp_path / "待标.csv"
    model = ["--model", str(folder / "models" / "少")]
    assert main(["suggest", str(POOL), "-o", str(queue), "-n", "80", *model,
                 "--known", str(folder / "少.csv")]) == 0  # fmt: skip
    assert "80 comments to label (" in capsys.readouterr().out
    rows = read(queue)
    known = {row["text"] for row in read(folder / "少.csv")}
    assert len({row["text"] for row in rows}) == 80
    assert not known & {row["text"] for row in rows}
    assert main(["train", str(queue), "-o", str(tmp_path / "m")]) == 1
    assert "80 of 80 rows not checked yet" in capsys.readouterr().err
    truth = {row["text"]: row for row in read(POOL)}
    for row in rows[:50]:
        row.update({f: truth[row["text"]][f] for f in ("intent", "complaint", "act")})
        row.update({f"{f} 2": "" for f in ("intent", "complaint", "act")}, checked="是")
    with queue.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    command = ["train", str(queue), str(folder / "少.csv"), "--base", "none", "-q"]
    assert main([*command, "-o", str(tmp_path / "m")]) == 0
    assert "30 of 80 rows not checked yet" in capsys.readouterr().err


def test_corrections_of_the_service_are_samples(folder, tmp_path, capsys):
    url = tmp_path / "店.db"
    store = Store(f"sqlite:///{url}")
    given = {"intent": ("price",), "complaint": (), "act": ("ask",)}
    store.correct([Correction(f"几条鱼干{c}", given, "小李", 1_770_000_000_000) for c in "呀啊吗"])
    store.close()
    model = ["--model", str(folder / "models" / "多")]
    assert main(["evaluate", "--store", str(url), *model]) == 0
    assert "3 samples" in capsys.readouterr().out
    assert main(["train", str(folder / "少.csv"), "--store", str(url), "--base", "none", "-q",
                 "-o", str(tmp_path / "m")]) == 0  # fmt: skip
    assert main(["audit", "--store", str(url), "--base", "none", "-q"]) == 0
    assert "3 samples" in capsys.readouterr().out
    assert main(["evaluate", *model]) == 1
    assert "which samples" in capsys.readouterr().err


def test_samples_that_lost_rows_train_nothing(tmp_path, capsys):
    rows = POOL.read_text(encoding="utf-8").splitlines()
    for name, broken in (
        ("多列.csv", [*rows[:40], "贵,便宜,price,,ask", *rows[40:80]]),
        ("错标.csv", [*rows[:40], "贵,prize,,ask", *rows[40:80]]),
        ("空.csv", [*rows[:40], " ,price,,ask", *rows[40:80]]),
    ):
        path = tmp_path / name
        path.write_text("\n".join(broken) + "\n", encoding="utf-8")
        assert main(["train", str(path), "--base", "none", "-o", str(tmp_path / "m")]) == 1
        assert name in capsys.readouterr().err
        assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["train", "{pool}", "-o", "{tmp}/shipped"], "shipped is the name of the shipped model"),
        (["train", "{pool}", "-o", "{pool}"], "is a file; name a folder"),
        (["train", "{pool}", "-o", "{tmp}/m", "--language", "{tmp}/没有"], "no such folder"),
        (["train", "{pool}", "-o", "{tmp}/m", "--taxonomy", "{tmp}/没有"], "no such taxonomy file"),
        (["train", "--store", "{tmp}/没有.db", "-o", "{tmp}/m"], "no such store"),
        (["suggest", "{pool}", "-o", "{tmp}/q.doc"], "can be written"),
        (["suggest", "{pool}", "-o", "{tmp}/q.csv", "-n", "0"], "a number from 1 on"),
        (["models", "promote", "没有", "--folder", "{tmp}"], "no model there"),
        (["models", "rollback", "--folder", "{tmp}"], "no model was promoted there"),
        (["models", "compare", "没有", "--folder", "{tmp}"], "no model there"),
    ],
)
def test_wrong_usage_is_told_in_a_line(tmp_path, capsys, options, message):
    filled = [one.format(pool=POOL, tmp=tmp_path) for one in options]
    assert main(filled) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
