import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet
import pytest

from commentnlp import Model
from commentnlp.batch import Options, classify_file, default_target
from commentnlp.checkpoints import can_resume
from commentnlp.errors import CommentnlpError, ReadError

from .processes import start_process
from .test_reading import EVENTS


def write(tmp_path, text, name="弹幕 评论.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_and_column_comes_back(tiny, tmp_path):
    source = write(tmp_path, 'id,评论,备注\n7401234567890123456,这个太贵了,"a,b"\n,,\n3,慢,\n')
    (summary,) = classify_file(tiny, source)
    assert summary.target == str(default_target(source))
    assert default_target(source).name == "弹幕 评论.tagged.csv"
    got = rows(default_target(source))
    assert [row["id"] for row in got] == ["7401234567890123456", "", "3"]
    assert got[0]["备注"] == "a,b"
    assert got[0]["intent"] == "price"
    assert got[0]["intent_score"] == "0.731"
    assert got[0]["evidence"] == "price:太贵"
    assert got[1]["intent"] == got[1]["evidence"] == ""
    assert got[2]["complaint"] == "logistics.delay"
    assert (summary.rows, summary.comments) == (3, 2)
    assert summary.labels["complaint"] == {"logistics": 1, "logistics.delay": 1}


def test_repeats_count_each_time(tiny, tmp_path):
    source = write(tmp_path, "评论\n" + "贵\n" * 5 + "慢\n慢死了\n")
    (summary,) = classify_file(tiny, source)
    assert summary.labels["intent"]["price"] == 5
    assert summary.comments == 7
    assert summary.examples["complaint/logistics"] in ("慢", "慢死了")
    assert len(rows(default_target(source))) == 7


def test_rows_that_are_no_comments_pass_through(tiny, tmp_path):
    source = write(tmp_path, EVENTS.replace("欢迎", "贵贵贵").replace("多少钱", "贵"))
    (summary,) = classify_file(tiny, source)
    got = rows(default_target(source))
    assert [row["intent"] for row in got] == ["", "price", ""]
    assert (summary.rows, summary.comments) == (3, 1)


def test_a_column_of_the_same_name_is_kept(tiny, tmp_path):
    source = write(tmp_path, "text,intent\n贵,mine\n")
    classify_file(tiny, source)
    got = rows(default_target(source))[0]
    assert (got["intent"], got["tagged_intent"]) == ("mine", "price")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_kinds_of_output(tiny, tmp_path, suffix):
    source = write(tmp_path, 'id,评论\n1,"贵\n了"\n')
    target = tmp_path / f"出{suffix}"
    classify_file(tiny, source, target)
    text = target.read_text(encoding="utf-8")
    if suffix == ".jsonl":
        assert json.loads(text)["评论"] == "贵\n了"
    else:
        assert text.startswith("\ufeffid,评论" if suffix == ".csv" else "id\t评论")


def test_other_kinds_are_refused_before_the_work(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n")
    with pytest.raises(CommentnlpError, match=r"one ending in .csv, .tsv, .jsonl, .xlsx, .parquet"):
        classify_file(tiny, source, tmp_path / "out.xls")


def test_nothing_half_written(tiny, tmp_path, monkeypatch):
    source = write(tmp_path, "评论\n贵\n")
    target = tmp_path / "out.csv"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr("commentnlp.tagging.Tagger.tag", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        classify_file(tiny, source, target)
    assert target.read_text(encoding="utf-8") == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "弹幕 评论.csv"]


def test_a_folder_that_cannot_be_written(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n")
    with pytest.raises(CommentnlpError, match="cannot be written"):
        classify_file(tiny, source, tmp_path / "none" / "out.csv")


def test_the_input_is_never_overwritten(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n", "a.csv")
    (tmp_path / "link.csv").symlink_to(source)
    for target in (source, tmp_path / "." / "a.csv", tmp_path / "link.csv"):
        with pytest.raises(CommentnlpError, match="is the input"):
            classify_file(tiny, source, target)
    assert source.read_text(encoding="utf-8") == "评论\n贵\n"


def test_columns_of_one_name_are_all_kept(tiny, tmp_path):
    source = write(tmp_path, "内容,备注,备注,内容,tagged_intent,intent\n贵,x,y,z,1,2\n")
    classify_file(tiny, source, tmp_path / "o.jsonl")
    got = json.loads((tmp_path / "o.jsonl").read_text(encoding="utf-8"))
    assert got["内容"] == "贵"
    assert got["备注 (column 3)"] == "y"
    assert got["内容 (column 4)"] == "z"
    assert got["tagged_tagged_intent"] == "price"


def test_names_as_long_as_the_file_system_takes(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n", "很" * 78 + ".csv")
    classify_file(tiny, source)
    assert len(rows(default_target(source))) == 1


def test_a_workbook_out(tiny, tmp_path):
    source = write(
        tmp_path,
        "消息id,评论时间,评论\n7401234567890123456,2026-02-07 20:15:03,=贵\n2,,+慢\n",
    )
    classify_file(tiny, source, tmp_path / "出.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "出.xlsx").active
    header, first, second = list(sheet.iter_rows(values_only=True))
    assert header[:4] == ("消息id", "评论时间", "评论", "intent")
    assert first[:4] == ("7401234567890123456", datetime(2026, 2, 7, 20, 15, 3), "=贵", "price")
    assert sheet["C2"].data_type == "s"
    assert second[5] == "logistics.delay"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref


def test_parquet_out_and_in(tiny, tmp_path):
    source = write(tmp_path, "id,评论\n7401234567890123456,贵\n")
    classify_file(tiny, source, tmp_path / "出.parquet")
    (row,) = pyarrow.parquet.read_table(tmp_path / "出.parquet").to_pylist()
    assert (row["id"], row["intent"]) == ("7401234567890123456", "price")
    classify_file(tiny, tmp_path / "出.parquet", tmp_path / "again.csv")
    assert rows(tmp_path / "again.csv")[0]["tagged_intent"] == "price"


def test_lines_stay_as_they_were(tiny, tmp_path):
    source = write(tmp_path, '备注,评论\n"a, ""b""",贵\n "x" ,"慢\n了"\n没有,好\n')
    classify_file(tiny, source, tmp_path / "o.csv")
    text = (tmp_path / "o.csv").read_text(encoding="utf-8-sig")
    assert text.startswith("备注,评论,intent,intent_score,complaint,complaint_score,evidence\n")
    assert '\n"a, ""b""",贵,price,0.731,' in text
    assert '\n "x" ,"慢\n了",,,logistics.delay,' in text
    assert text.endswith("\n没有,好,,,,,\n")


def test_no_mark_if_told_so(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n")
    classify_file(tiny, source, tmp_path / "o.csv", Options(bom=False))
    assert (tmp_path / "o.csv").read_bytes().startswith("评论".encode())


def test_packed_files_and_their_names(tiny, tmp_path):
    packed = tmp_path / "评论.csv.gz"
    packed.write_bytes(gzip.compress("评论\n贵\n".encode()))
    (summary,) = classify_file(tiny, packed)
    assert summary.target.endswith("评论.tagged.csv")
    with zipfile.ZipFile(tmp_path / "两场.zip", "w") as archive:
        archive.writestr("一.csv", "评论\n贵\n")
        archive.writestr("二.csv", "评论\n慢\n好\n")
    first, second = classify_file(tiny, tmp_path / "两场.zip")
    assert first.target.endswith("两场.一.tagged.csv")
    assert (first.rows, second.rows) == (1, 2)
    with pytest.raises(CommentnlpError, match="holds several files"):
        classify_file(tiny, tmp_path / "两场.zip", tmp_path / "o.csv")


def test_members_of_one_name_do_not_overwrite_each_other(tiny, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("一号/弹幕.csv", "评论\n贵\n")
        archive.writestr("二号/弹幕.csv", "评论\n慢\n好\n")
    first, second = classify_file(tiny, tmp_path / "a.zip")
    assert first.target.endswith("a.一号.弹幕.tagged.csv")
    assert second.target.endswith("a.二号.弹幕.tagged.csv")


def test_what_is_no_comment_for_its_length_is_tagged_by_its_beginning(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵" + "好" * 20_000 + "慢\n")
    (summary,) = classify_file(tiny, source)
    assert summary.labels["intent"]["price"] == 1
    assert not summary.labels["complaint"]
    assert "tagged by its beginning" in summary.odd[0]
    assert len(rows(default_target(source))[0]["评论"]) == 20_002


def many(tmp_path, count=60_000):
    lines = [f"{n},贵{n % 997} 慢{n % 89}" if n % 50 else f'{n},"贵\n{n}"' for n in range(count)]
    return write(tmp_path, "id,评论\n" + "\n".join(lines) + "\n", "many.csv")


def test_several_processes_give_what_one_gives(shipped, tmp_path):
    source = many(tmp_path)
    one = classify_file(shipped, source, tmp_path / "1.csv")[0]
    two = classify_file(shipped, source, tmp_path / "2.csv", Options(jobs=2))[0]
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert one.labels == two.labels
    assert one.rows == two.rows == 60_000
    ids = [row["id"] for row in rows(tmp_path / "1.csv")]
    assert ids == [str(n) for n in range(60_000)]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_a_broken_off_run_goes_on(tiny, tmp_path, suffix):
    source, target = many(tmp_path), tmp_path / f"o{suffix}"
    whole = classify_file(tiny, source, tmp_path / f"whole{suffix}")[0]

    def stop(rows, position, size):
        if rows > 20_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classify_file(tiny, source, target, progress=stop)
    assert can_resume(target)
    assert not target.exists()
    (again,) = classify_file(tiny, source, target, Options(resume=True))
    assert target.read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()
    assert (again.rows, again.labels) == (whole.rows, whole.labels)
    assert "went on after" in again.notes[0]
    assert not can_resume(target)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "many.csv",
        f"o{suffix}",
        f"whole{suffix}",
    ]


def broken_off(model, source, target, after=0):
    """Break a run off after so many rows."""

    def stop(rows, position, size):
        if rows > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classify_file(model, source, target, progress=stop)


def test_what_is_added_to_the_input_meanwhile_is_tagged_too(tiny, tmp_path):
    source, target = many(tmp_path), tmp_path / "o.csv"
    broken_off(tiny, source, target)
    source.write_text(source.read_text(encoding="utf-8") + "x,贵\n", encoding="utf-8")
    assert classify_file(tiny, source, target, Options(resume=True))[0].rows == 60_001
    classify_file(tiny, source, tmp_path / "whole.csv")
    assert target.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_going_on_is_refused_where_the_input_changed(tiny, tmp_path):
    source, target = many(tmp_path), tmp_path / "o.csv"
    broken_off(tiny, source, target)
    before = source.stat()
    content = source.read_bytes()
    source.write_bytes(content[:1000] + content[1000:1003][::-1] + content[1003:])
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(CommentnlpError, match="of another input, model or option"):
        classify_file(tiny, source, target, Options(resume=True))
    assert can_resume(target)
    assert classify_file(tiny, source, target)[0].rows == 60_000
    assert not can_resume(target)


def test_going_on_is_refused_with_another_model_and_for_a_pipe(tiny, tmp_path):
    source, target = many(tmp_path), tmp_path / "o.csv"
    broken_off(tiny, source, target)
    tiny.meta = replace(tiny.meta, version="another")
    with pytest.raises(CommentnlpError, match="of another input, model or option"):
        classify_file(tiny, source, target, Options(resume=True))
    with pytest.raises(CommentnlpError, match="a pipe cannot be read again"):
        classify_file(tiny, "-", target, Options(resume=True))


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b'{"identity": {}, "pieces": 1, "bytes": -5}',
        b"[" * 9999,
    ],
)
def test_a_damaged_record_is_told(tiny, tmp_path, record):
    source, target = many(tmp_path), tmp_path / "o.csv"
    broken_off(tiny, source, target)
    (path,) = tmp_path.glob(".*.json")
    path.write_bytes(record)
    with pytest.raises(CommentnlpError, match=r"the record of the run .* is damaged"):
        classify_file(tiny, source, target, Options(resume=True))
    assert classify_file(tiny, source, target)[0].rows == 60_000


def test_what_was_changed_in_the_part_or_the_record_is_found(tiny, tmp_path):
    source, target = many(tmp_path), tmp_path / "o.csv"
    broken_off(tiny, source, target, after=20_000)
    (record,), (part,) = tmp_path.glob(".*.json"), tmp_path.glob(".*.part")
    told = json.loads(record.read_text(encoding="utf-8"))
    for pieces in (0, 1, 10**9):
        record.write_text(json.dumps({**told, "pieces": pieces}), encoding="utf-8")
        with pytest.raises(CommentnlpError, match="is damaged"):
            classify_file(tiny, source, target, Options(resume=True))
    record.write_text(json.dumps(told), encoding="utf-8")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(CommentnlpError, match="wrote was changed"):
        classify_file(tiny, source, target, Options(resume=True))


def test_a_damaged_archive_can_be_gone_on_with_once_it_is_whole(tiny, tmp_path):
    numbers = random.Random(0)
    lines = [f"{numbers.random()},贵\n" for _ in range(60_000)]
    packed = gzip.compress(("编号,评论\n" + "".join(lines)).encode())
    source = tmp_path / "a.csv.gz"
    source.write_bytes(packed[:-50_000])
    with pytest.raises(ReadError, match=r"damaged or cut off.*--resume goes on"):
        classify_file(tiny, source)
    target = default_target(source)
    assert not target.exists()
    assert can_resume(target)
    source.write_bytes(packed)
    (done,) = classify_file(tiny, source, options=Options(resume=True))
    assert done.rows == 60_000
    classify_file(tiny, source, tmp_path / "whole.csv")
    assert target.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_one_run_at_a_time_writes_an_output(tiny, tmp_path):
    source, target = many(tmp_path), tmp_path / "o.csv"
    other = tmp_path / "other.csv"
    other.write_text("评论\n慢\n", encoding="utf-8")
    told = []

    def meanwhile(rows, position, size):
        if not told:
            with pytest.raises(CommentnlpError, match="is being written by another run") as error:
                classify_file(tiny, other, target)
            told.append(error)

    classify_file(tiny, source, target, progress=meanwhile)
    assert told
    assert len(rows(target)) == 60_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many.csv", "o.csv", "other.csv"]


def test_a_link_stays_one(tiny, tmp_path):
    source = write(tmp_path, "评论\n贵\n")
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    classify_file(tiny, source, link)
    assert link.is_symlink()
    assert len(rows(real)) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [("folder.csv", "is a folder; name a file"), ("长" * 200 + ".csv", "name too long"),
     ("no/o.csv", "there is no folder")],
)  # fmt: skip
def test_what_cannot_be_written_is_told_before_the_work(tiny, tmp_path, name, says):
    source = write(tmp_path, "评论\n贵\n")
    (tmp_path / "folder.csv").mkdir()

    def work(rows, position, size):
        raise AssertionError

    with pytest.raises(CommentnlpError, match=f"(?i){says}"):
        classify_file(tiny, source, tmp_path / name, progress=work)


def test_a_full_disk_is_told_and_can_be_gone_on_from(tmp_path):
    # /dev/full refuses every byte, as a full disk does
    source = write(tmp_path, "评论\n贵\n")
    done = subprocess.run(
        f"{sys.executable} -m commentnlp classify '{source}' -o - > /dev/full",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "No space left" in done.stderr


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(tmp_path):
    source, target = many(tmp_path, 200_000), tmp_path / "o.csv"
    command = [sys.executable, "-m", "commentnlp", "classify", "-q", "--jobs", "1"]
    process = start_process([*command, str(source), "-o", str(target)])
    while process.poll() is None and not can_resume(target):
        pass
    process.kill()
    process.wait()
    assert not target.exists()
    assert can_resume(target)
    subprocess.run([*command, str(source), "-o", str(target), "--resume"], check=True)
    assert len(rows(target)) == 200_000


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to see processes")
def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    source = many(tmp_path, 300_000)
    command = [sys.executable, "-m", "commentnlp", "classify", "-q", "--jobs", "2", str(source)]
    process = start_process(command)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = []
    while process.poll() is None and not can_resume(default_target(source)):
        workers = children.read_text().split()
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert workers
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_standard_input(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "commentnlp", "classify", "-"],
        input="评论\n多少钱\n".encode("gb18030"), capture_output=True, check=True,
    )  # fmt: skip
    got = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert got[0]["intent"] == "price"


def test_the_cache_forgets_and_stays_right(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("commentnlp.tagging.REMEMBERED", 10)
    monkeypatch.setattr("commentnlp.reading.encodings.BLOCK", 100)
    monkeypatch.setattr("commentnlp.reading.sources.HEAD", 100)
    source = write(tmp_path, "评论\n" + "".join(f"贵{n % 37}\n慢{n % 11}\n" for n in range(500)))
    (summary,) = classify_file(tiny, source)
    assert summary.labels["intent"]["price"] == 500
    got = rows(default_target(source))
    assert [row["intent"] for row in got] == ["price", ""] * 500
    assert [row["complaint"] for row in got] == ["", "logistics.delay"] * 500


def test_the_shipped_model_knows_its_folder(shipped):
    assert Model.load(shipped.folder).meta == shipped.meta
