import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commentnlp.cli import main

from .conftest import REAL, TRAINING_DATA


@pytest.fixture
def comments(tmp_path):
    path = tmp_path / "评论.csv"
    path.write_text(
        "时间,评论内容\n20:01,这个多少米\n20:02,戴了一周就掉色了 退货\n20:03,=1+1 哈哈\n",
        encoding="gb18030",
    )
    return path


def run(*args, **options):
    return subprocess.run(
        [sys.executable, "-m", "commentnlp", *map(str, args)],
        capture_output=True, encoding="utf-8", **options,
    )  # fmt: skip


def test_classify(comments):
    done = run("classify", comments)
    assert done.returncode == 0, done.stderr
    assert "rows 3 · comments 3 · CSV table" in done.stdout
    assert "「戴了一周就掉色了 退货」" in done.stdout
    tagged = (comments.parent / "评论.tagged.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(tagged) == 4
    assert "price" in tagged[1]
    assert "product_quality.flaw" in tagged[2]
    assert tagged[3] == "20:03,=1+1 哈哈,,,,,,,"


def test_classify_to_stdout_keeps_talk_apart(comments):
    done = run("classify", comments, "-o", "-")
    assert done.stdout.splitlines()[0].startswith("时间,评论内容,intent,intent_score,complaint")
    assert len(done.stdout.splitlines()) == 4
    assert "rows 3" in done.stderr


def test_several_files(comments, tmp_path, capsys):
    other = tmp_path / "b.csv"
    other.write_text("text\n好看\n", encoding="utf-8")
    assert main(["classify", str(comments), str(other)]) == 0
    assert (tmp_path / "b.tagged.csv").exists()
    assert main(["classify", str(comments), str(other), "-o", str(tmp_path / "c.csv")]) == 1
    assert "one input file" in capsys.readouterr().err


def test_text_column_by_name(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("正文,评论\n多少米,1\n", encoding="utf-8")
    assert main(["classify", str(path), "--text", "正文"]) == 0
    assert "多少米" in (tmp_path / "a.tagged.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("none.csv", None, "no such file"),
        ("empty.csv", b"", "the file is empty"),
        ("cols.csv", "日期,数\n1,2\n".encode(), "the columns are: 日期, 数"),
        ("binary.csv", bytes(range(256)) * 9, "not a text file"),
        ("nul.csv", b"\0" * 500, "the file is empty"),
        ("broken.csv", b"text\n" + b"\xff\xfe\x80\x81" * 400, "not a text file"),
        ("book.csv", b"PK\x03\x04....", "damaged"),
    ],
)
def test_bad_input_is_one_line_and_status_1(tmp_path, capsys, name, data, message):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    assert main(["classify", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"commentnlp: {path}")
    assert message in err
    assert err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ([name] if data is not None else [])


def test_a_missing_model(comments, tmp_path, capsys):
    assert main(["classify", str(comments), "--model", str(tmp_path / "m")]) == 1
    assert "no model there" in capsys.readouterr().err
    assert not (tmp_path / "评论.tagged.csv").exists()


@pytest.mark.parametrize("args", [[], ["classify"], ["clasify", "x"], ["train"]])
def test_wrong_usage_is_status_2(args, capsys):
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == 2
    assert "usage: commentnlp" in capsys.readouterr().err


def test_explain(capsys):
    assert main(["explain", "这个多少米"]) == 0
    out = capsys.readouterr().out
    assert "intent price 价格" in out
    assert "= log-odds" in out
    assert main(["explain", "这个多少米", "--json", "--all"]) == 0
    explained = json.loads(capsys.readouterr().out)
    assert len(explained) == 28
    for one in explained:
        pieces = sum(p["weight"] for p in one["pieces"])
        assert one["bias"] + pieces + one["others"] == pytest.approx(one["logit"])
    assert main(["explain", ""]) == 0
    assert "no label" in capsys.readouterr().out


def test_evaluate(tmp_path, capsys):
    path = tmp_path / "gold.tsv"
    path.write_text(
        'text\tintent\tcomplaint\tact\n这个多少米\tprice\t\task\n"掉色\tquality\t'
        "product_quality.flaw\tcomplain\n",
        encoding="utf-8",
    )
    assert main(["evaluate", str(path)]) == 0
    assert "micro, parents" in capsys.readouterr().out
    assert main(["evaluate", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["samples"] == 2
    assert result["facets"]["intent"]["labels"]["price"]["f1"] == 1


def test_evaluate_names_what_is_wrong(tmp_path, capsys):
    path = tmp_path / "gold.csv"
    path.write_text("text,intent,complaint,act\n贵,prise,,\n", encoding="utf-8")
    assert main(["evaluate", str(path)]) == 1
    assert "line 2: unknown label 'prise'" in capsys.readouterr().err


def test_train_writes_a_model_that_classifies(tmp_path, comments):
    import random

    lines = []
    for path in sorted((TRAINING_DATA / "samples").glob("*.csv")):
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        lines += rows
    random.Random(0).shuffle(lines)
    samples = tmp_path / "mine.csv"
    samples.write_text("\n".join([header, *lines[:2500]]), encoding="utf-8")
    done = run("train", samples, "-o", tmp_path / "模型", "--base", "none")
    assert done.returncode == 0, done.stderr
    assert "cross-validation" in done.stderr
    done = run("classify", comments, "--model", tmp_path / "模型")
    assert done.returncode == 0, done.stderr


def test_hostile_comments_stay_harmless_on_the_terminal(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\n\x1b[31m掉色了退货\x07\u202e\n", encoding="utf-8")
    done = run("classify", path)
    assert done.returncode == 0
    assert "掉色" in done.stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not beside this checkout")
def test_real_rooms_come_back_row_for_row(tmp_path):
    for source in sorted(REAL.glob("jd_live/*.csv")):
        done = run("classify", source, "-o", tmp_path / source.name)
        assert done.returncode == 0, done.stderr
        lines = source.read_bytes().count("【".encode())
        assert (tmp_path / source.name).read_bytes().count("【".encode()) == lines


def test_two_inputs_for_one_output(tmp_path, capsys):
    for name in ("a.csv", "a.tsv"):
        (tmp_path / name).write_text("text\n好\n", encoding="utf-8")
    assert main(["classify", str(tmp_path / "a.csv"), str(tmp_path / "a.tsv")]) == 1
    assert "same output" in capsys.readouterr().err
    assert not (tmp_path / "a.tagged.csv").exists()


def test_a_console_that_cannot_show_everything(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\n掉色😀了 退货\n", encoding="utf-8")
    for encoding in ("gbk", "ascii"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(
            [sys.executable, "-m", "commentnlp", "classify", path],
            capture_output=True, env=environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout(comments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "commentnlp", "classify", comments, "-o", "-"],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr


def test_folders_are_no_comments(tmp_path, capsys):
    (tmp_path / "notes").write_text("no ending", encoding="utf-8")
    for name in (".", str(tmp_path)):
        assert main(["classify", name]) == 1
        assert "no file of comments in this folder" in capsys.readouterr().err


def test_train_checks_before_it_works(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert main(["train", "-o", str(tmp_path / "file")]) == 1
    assert "is a file" in capsys.readouterr().err
    assert main(["train", "-o", str(tmp_path / "m"), "--seed", "-1"]) == 1
    assert "--seed" in capsys.readouterr().err


def test_inspect(comments, capsys):
    assert main(["inspect", str(comments)]) == 0
    out = capsys.readouterr().out
    assert "CSV table, gb18030" in out
    assert "text = 评论内容" in out
    assert "rows        3 kept" in out
    assert f"classify {comments}" in out
    assert main(["inspect", str(comments), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["comments"], found["encoding"]) == (3, 3, "gb18030")


def test_inspect_shows_columns_where_none_is_known(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("日期,说了\n2026-02-07,贵\n", encoding="utf-8")
    assert main(["inspect", str(path)]) == 0
    assert "--text COLUMN" in capsys.readouterr().out
    assert main(["inspect", str(path), "--text", "说了"]) == 0
    assert "--text 说了" in capsys.readouterr().out


@pytest.fixture
def show(comments):
    text = comments.read_text(encoding="gb18030").replace("\n20:", "\n2026-02-07 20:")
    comments.write_text(text, encoding="gb18030")
    return comments


def test_report_on_the_screen(show, capsys):
    assert main(["report", str(show)]) == 0
    out = capsys.readouterr().out
    assert "互动节奏" in out
    assert main(["report", str(show), "--lang", "en"]) == 0
    assert "Activity" in capsys.readouterr().out


def test_report_as_every_kind_of_file(show, tmp_path):
    targets = [tmp_path / f"报告{suffix}" for suffix in (".html", ".json", ".xlsx", ".md", ".png")]
    outputs = [part for target in targets for part in ("-o", target)]
    done = run("report", show, *outputs)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("3 rows, 3 comments") == 5
    assert all(target.stat().st_size > 1000 for target in targets)
    assert len(list(tmp_path.iterdir())) == 6  # nothing half-written
    report = json.loads((tmp_path / "报告.json").read_text(encoding="utf-8"))
    assert report["start"] == "2026-02-07T20:01:00+08:00"
    assert "戴了一周就掉色了" in (tmp_path / "报告.html").read_text(encoding="utf-8")


def test_report_against_earlier_shows(show, tmp_path):
    target = tmp_path / "r.json"
    args = ["report", str(show), "-o", str(target), "-q"]
    assert main([*args, "--baseline", str(show), str(show)]) == 0
    report = json.loads(target.read_text(encoding="utf-8"))
    assert len(report["earlier"]) == 2
    assert [pair["hour"] for pair in report["activity"]["compared"]] == [20]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-o", "a.docx"], "a report is written as .html, .json, .xlsx, .md, .png"),
        (["-o", "none/a.html"], "there is no folder"),
        (["-o", "."], "a report is written as"),
        (["--tz", "Mars"], "unknown time zone 'Mars'"),
        (["--start", "20:00"], "of which day? Say so with --date"),
        (["--start", "heute"], "is no time such as '2026-02-07 20:00'"),
        (["--start", "2026-02-07 22:00", "--end", "2026-02-07 20:00"], "is not after the start"),
        (["--start", "2026-02-07 22:00"], "give both start and end"),
        (["--window", "0"], "give seconds from 1 on"),
    ],
)
def test_report_says_what_is_wrong(comments, monkeypatch, capsys, args, message):
    monkeypatch.chdir(comments.parent)
    comments.write_text("评论内容\n这个多少米\n", encoding="utf-8")
    assert main(["report", str(comments), *args]) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert list(comments.parent.iterdir()) == [comments]


def test_report_of_a_show_past_midnight(comments, capsys, tmp_path):
    comments.write_text("评论内容\n这个多少米\n好看\n", encoding="utf-8")
    target = tmp_path / "r.json"
    assert main(["report", str(comments), "-o", str(target), "--date", "2026-02-07",
                 "--start", "23:00", "--end", "1:00"]) == 0  # fmt: skip
    report = json.loads(target.read_text(encoding="utf-8"))
    assert report["quality"]["estimated"]
    assert report["start"] == "2026-02-07T23:30:00+08:00"
    assert report["end"] == "2026-02-08T00:30:00+08:00"


def test_report_of_times_that_only_tell_the_hour(comments, tmp_path):
    target = tmp_path / "r.json"
    assert main(["report", str(comments), "--date", "2026-02-07", "-o", str(target), "-q"]) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["end"] == "2026-02-07T20:03:00+08:00"


def test_report_on_a_clock_elsewhere(show, tmp_path):
    target = tmp_path / "r.json"
    assert main(["report", str(show), "--tz", "Europe/London", "-o", str(target), "-q"]) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["start"] == "2026-02-07T20:01:00+00:00"


def test_report_says_what_is_not_there(comments, capsys):
    comments.write_text("评论内容\n这个多少米\n", encoding="utf-8")
    assert main(["report", str(comments)]) == 0
    assert "no row has a time: the show is one block" in capsys.readouterr().err
    comments.write_text("类型,时间\n点赞,2026-02-07 20:00:00\n", encoding="utf-8")
    assert main(["report", str(comments)]) == 0
    assert "no comments of viewers" in capsys.readouterr().err
