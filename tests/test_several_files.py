"""Several files, folders and archives: one that cannot be read does not stop the others."""

import io
import json
import zipfile

import pytest

from commentnlp.batch import default_target
from commentnlp.cli import main
from commentnlp.errors import ReadError
from commentnlp.reading import files_of, open_sources

from .conftest import ROOT

GOLDEN = str(ROOT / "tests" / "golden" / "model")


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return path


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture
def evening(tmp_path):
    (tmp_path / "a.csv").write_text("评论\n这个多少钱\n", encoding="utf-8")
    (tmp_path / "空.csv").write_text("", encoding="utf-8")
    (tmp_path / "c.csv").write_text("评论\n颜色好看\n", encoding="utf-8")
    return tmp_path


def test_classify_goes_on_after_an_empty_file(evening, capsys):
    files = [evening / name for name in ("a.csv", "空.csv", "c.csv")]
    assert run("classify", "--model", GOLDEN, *files) == 1
    assert (evening / "a.tagged.csv").exists()
    assert (evening / "c.tagged.csv").exists()
    said = capsys.readouterr().err
    assert "1 not done" in said
    assert "空.csv: the file is empty" in said


def test_a_folder_stands_for_its_files(evening, capsys):
    (evening / ".hidden.csv").write_text("评论\n贵\n", encoding="utf-8")
    (evening / "picture.png").write_bytes(b"\x89PNG\r\n")
    assert run("classify", "-q", "--model", GOLDEN, evening) == 1
    assert sorted(path.name for path in evening.glob("*.tagged.csv")) == [
        "a.tagged.csv",
        "c.tagged.csv",
    ]
    assert [name.rpartition("/")[2] for name in files_of([evening])] == ["a.csv", "c.csv", "空.csv"]
    (evening / "none").mkdir()
    with pytest.raises(ReadError, match="no file of comments in this folder"):
        files_of([evening / "none"])


def test_inspect_and_report_go_on_too(evening, capsys):
    assert run("inspect", "--json", evening) == 1
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 2
    assert "空.csv: the file is empty" in err
    assert run("report", "--model", GOLDEN, "-o", evening / "r.json", evening) == 1
    assert json.loads((evening / "r.json").read_text())["quality"]["rows"] == 2
    assert run("report", "--model", GOLDEN, evening / "空.csv") == 1


def test_an_archive_goes_on_and_passes_over_what_holds_no_comments(tmp_path, capsys):
    packed = archive(
        tmp_path / "导出.zip",
        **{
            "甲.csv": "评论\n贵\n",
            "空.csv": "",
            "code.py": "print()",
            "pkg/METADATA": "Name: x",
            "图.png": "x",
            "更多.doc": "x",
            "z.csv": "评论\n慢\n",
        },
    )
    assert run("classify", "--model", GOLDEN, packed) == 1
    out, err = capsys.readouterr()
    assert sorted(path.name for path in tmp_path.glob("*.tagged.csv")) == [
        "导出.z.tagged.csv",
        "导出.甲.tagged.csv",
    ]
    assert "空.csv: the file is empty" in err
    assert "passed over in the archive: code.py, pkg/METADATA, 图.png and 1 more" in out
    only = archive(tmp_path / "code.zip", **{"a.py": "x"})
    with pytest.raises(ReadError, match=r"holds no files of comments \(passed over"):
        list(open_sources(only))


@pytest.mark.parametrize(
    "name",
    [
        "\x1b[31m红.csv",
        "a\u202egnp.csv",
        "x\\..\\..\\..\\evil.csv",
        "C:\\windows\\evil.csv",
        "../../evil.csv",
        "/etc/evil.csv",
        "a\nb.csv",
        "nul:stream.csv",
        "长" * 300 + ".csv",
    ],
)
def test_names_in_archives_do_no_harm(tmp_path, name, capsys):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(name, "评论\n贵\n")
        packed.writestr("good.csv", "评论\n慢\n")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "t.zip").write_bytes(buffer.getvalue())
    assert run("classify", "--model", GOLDEN, folder / "t.zip") == 0
    out, err = capsys.readouterr()
    assert not {"\x1b", "\u202e", "\0"} & set(out + err)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    for path in folder.iterdir():
        assert path.name.isprintable()
        assert not set('\\:<>"|?*') & set(path.name)


def test_a_name_with_nul(tmp_path):
    path = archive(tmp_path / "t.zip", **{"aXb.csv": "评论\n贵\n"})
    path.write_bytes(path.read_bytes().replace(b"aXb.csv", b"a\0b.csv"))
    assert run("classify", "-q", "--model", GOLDEN, path) in (0, 1)
    assert all(one.name.isprintable() for one in tmp_path.iterdir())


def test_names_of_outputs_fit(tmp_path):
    target = default_target(tmp_path / "t.zip", f"t.zip › {'长' * 300}.csv")
    assert len(target.name.encode()) < 255
    assert target.parent == tmp_path


def test_files_of_one_stem_get_outputs_of_their_own(tmp_path):
    archive(
        tmp_path / "t.zip", **{"x.csv": "评论\n贵\n", "x.txt": "好看\n慢\n", "x.tsv": "评论\n色\n"}
    )
    assert run("classify", "-q", "--model", GOLDEN, tmp_path / "t.zip") == 0
    names = sorted(path.name for path in tmp_path.glob("*.tagged.csv"))
    assert names == ["t.x.tagged.csv", "t.x.tsv.tagged.csv", "t.x.txt.tagged.csv"]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "y.csv").write_text("评论\n贵\n", encoding="utf-8")
    (folder / "y.txt").write_text("好看\n慢\n", encoding="utf-8")
    assert run("classify", "-q", "--model", GOLDEN, folder) == 0
    assert len(list(folder.glob("*.tagged.csv"))) == 2
