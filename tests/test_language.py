import pytest

from commentnlp.errors import ReadError
from commentnlp.language import COLUMNS, ONLY_TRAINING, Language
from commentnlp.tables import write_table

from .conftest import TRAINING_DATA

SHIPPED = TRAINING_DATA / "language"


def write(folder, **tables):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")
    return folder


def test_what_is_written_reads_back(tmp_path):
    language = Language.read(SHIPPED)
    (tmp_path / "l").mkdir()
    for name, rows in language.tables().items():
        (tmp_path / "l" / name).write_bytes(write_table(rows))
    assert {path.name for path in (tmp_path / "l").iterdir()} == set(COLUMNS) - set(ONLY_TRAINING)
    again = Language.read(tmp_path / "l")
    for name in ("words", "concepts", "products", "denials"):
        assert getattr(again, name) == getattr(language, name), name
    text = "多少米呀，👍[比心]證書"
    assert again.normaliser.normalise(text).text == language.normaliser.normalise(text).text


def test_a_shop_s_tables_are_added(tmp_path):
    own = write(tmp_path / "店", words="鱼干\t900\n", concepts="PRICE_SLANG\t鱼干 圈口\n")
    shipped = Language.read(SHIPPED)
    both = Language.extended(own, SHIPPED, add=True)
    assert both.words == {**shipped.words, "鱼干": 900}
    assert both.concepts["鱼干"] == both.concepts["圈口"] == "PRICE_SLANG"  # the shop's counts
    assert both.concepts["手寸"] == shipped.concepts["手寸"]
    assert len(both.concepts) == len({**shipped.concepts, "鱼干": ""})
    assert both.products == shipped.products


def test_a_shop_s_tables_take_the_place_of_the_shipped(tmp_path):
    own = write(tmp_path / "店", words="鱼干\n", concepts="PRICE_SLANG\t鱼干\n")
    alone = Language.extended(own, SHIPPED, add=False)
    assert alone.words == {"鱼干": None}
    assert alone.concepts == {"鱼干": "PRICE_SLANG"}
    shipped = Language.read(SHIPPED)
    assert alone.products == shipped.products
    assert alone.normaliser.normalise("證書").text == "证书"


def test_of_two_disguises_the_shop_s_is_tried_first(tmp_path):
    own = write(tmp_path / "店", disguises="米\t块\t多少\t\n")
    both = Language.extended(own, SHIPPED, add=True)
    assert both.normaliser.normalise("多少米").text == "多少块"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "no table in it; it should hold some of variants.tsv"),
        ({"word": "鱼干\n"}, "word.tsv: no table of that name is known; there are variants.tsv"),
        ({"words": "鱼干\t很多\n"}, "words.tsv: the frequency of '鱼干' is no number: '很多'"),
        ({"words": "鱼干\t1\t2\n"}, "words.tsv, line 1: expected 1 to 2 cells"),
        ({"concepts": "A\t鱼干\nB\t鱼干\n"}, "concepts.tsv: '鱼干' stands under A and B"),
    ],
)
@pytest.mark.parametrize("add", [True, False])
def test_what_is_wrong_is_named(tmp_path, tables, message, add):
    with pytest.raises(ReadError, match=message):
        Language.extended(write(tmp_path / "店", **tables), SHIPPED, add=add)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ReadError, match=r"没有: no such folder; it should hold variants\.tsv"):
        Language.extended(tmp_path / "没有", SHIPPED, add=True)
