import random
import sys
from dataclasses import replace

import openpyxl
import pytest

from benchmarks.audit import plant
from commentnlp.audit import audit, audit_table, write_audit
from commentnlp.cli import main
from commentnlp.corpus import shipped_samples
from commentnlp.records import Sample
from commentnlp.samples import Gathered, Problem, gather
from commentnlp.training import Settings

from .conftest import TINY_TAXONOMY
from .test_training import LANGUAGE, TAXONOMY

QUICK = Settings(folds=3, jobs=1)


def sample(text, place="a.csv, line 2", **labels):
    fields = {k: labels.pop(k) for k in ("annotator", "split") if k in labels}
    given = {facet: frozenset(x.split("|")) - {""} for facet, x in labels.items()}
    return Sample(text, given, place=place, **fields)


def look(samples, **more):
    return audit(Gathered(samples), TINY_TAXONOMY, LANGUAGE, settings=QUICK, **more)


@pytest.fixture(scope="module")
def planted():
    everything, _ = shipped_samples()
    some = random.Random(0).sample(everything, 2500)
    samples, flipped = plant(some, TAXONOMY, 0)
    return samples, flipped, audit(Gathered(samples), TAXONOMY, LANGUAGE, settings=QUICK)


def test_planted_errors_stand_before_others(planted):
    _, flipped, found = planted
    assert len(flipped) == 125
    assert len(found.doubts) == 2500
    first = [doubt.sample.text for doubt in found.doubts[:250]]
    assert sum(text in flipped for text in first) > 125 * 0.4
    assert [d.quality for d in found.doubts] == sorted(d.quality for d in found.doubts)


def test_a_doubt_says_which_label_and_how(planted):
    _, _, found = planted
    for doubt in found.doubtful[:100]:
        for facet, label, given, probability in doubt.labels:
            assert (label in doubt.sample.labels[facet]) == given
            assert (probability if not given else 1 - probability) >= 0.5
            # a parent is not named beside its leaf
            assert not any(x.startswith(f"{label}.") and g == given for _, x, g, _ in doubt.labels)


def test_contradictions_say_both_places():
    found = look([
        sample("贵", "a.csv, line 2", intent="price"),
        sample("贵", "b.csv, line 9", intent=""),
        sample("拍了57", "a.csv, line 3", intent=""),
        sample("拍了103！", "a.csv, line 4", intent="price"),
        sample("这个手镯多少钱", "a.csv, line 5", intent="price"),
        sample("这个手镯多少钱呀", "a.csv, line 6", intent=""),
        sample("会掉色", "a.csv, line 7", intent=""),
        sample("不会掉色", "a.csv, line 8", intent="price"),
    ])  # fmt: skip
    told = [(c.first.place, c.second.place, c.facets, c.alike) for c in found.contradictions]
    assert told == [
        ("a.csv, line 2", "b.csv, line 9", ("intent",), "same"),
        ("a.csv, line 3", "a.csv, line 4", ("intent",), "figures"),
        ("a.csv, line 5", "a.csv, line 6", ("intent",), "near"),
    ]


def test_facets_that_were_not_judged_contradict_nothing():
    found = look([sample("贵", intent="price"), sample("贵", complaint="logistics")])
    assert not found.contradictions


def test_rows_that_make_no_sample_and_labels_with_few():
    gathered = Gathered([sample("贵", intent="price")], [Problem("a.csv, line 3", "x", "wrong")])
    found = audit(gathered, TINY_TAXONOMY, LANGUAGE, settings=QUICK)
    assert found.problems[0].place == "a.csv, line 3"
    assert found.few == {
        ("intent", "price"): 1, ("complaint", "logistics"): 0, ("complaint", "logistics.delay"): 0
    }  # fmt: skip
    assert "no label has enough samples" in found.notes[-1]
    table = audit_table(found)
    assert "rows that make no sample: 1\n  a.csv, line 3: wrong" in table
    assert "intent/price  1" in table


def two_people(other, named=True):
    mine = ["price" if i < 8 else "" for i in range(20)]
    out = []
    for who, labels in (("小李", mine), ("小王", other)):
        for i, label in enumerate(labels):
            text = f"{chr(0x4E00 + 97 * i)}{chr(0x5E00 + 31 * i)}"
            place = f"{who}.csv, line {i + 2}"
            out.append(sample(text, place, intent=label, annotator=who if named else ""))
    return out


@pytest.mark.parametrize("named", [True, False])
def test_two_people_agree_by_kappa(named):
    other = ["price" if i < 6 or i == 19 else "" for i in range(20)]
    found = look(two_people(other, named))
    whole, price = found.agreements
    assert (whole.label, price.label) == ("", "price")
    assert (price.texts, price.both, price.either) == (20, 6, 9)
    assert price.same == pytest.approx(17 / 20)
    by_chance = (8 / 20) * (7 / 20) + (12 / 20) * (13 / 20)
    assert price.kappa == pytest.approx((17 / 20 - by_chance) / (1 - by_chance))
    assert {price.first, price.second} == ({"小李", "小王"} if named else {"小李.csv", "小王.csv"})
    assert f"{price.kappa:.2f}" in audit_table(found)


def test_kappa_of_what_neither_ever_gave_is_none():
    found = look([replace(s, labels={"intent": frozenset()}) for s in two_people([""] * 20)])
    assert [one.kappa for one in found.agreements] == [None, None]
    assert all(one.same == 1 for one in found.agreements)


def test_a_few_texts_in_common_tell_nothing():
    assert not look(two_people([""] * 20)[:29]).agreements
    assert look(two_people([""] * 20)[:30]).agreements


def test_texts_on_both_sides_of_a_split():
    rows = [
        sample("这个手镯多少钱", "a.csv, line 2", intent="price"),
        sample("慢", "a.csv, line 3", intent=""),
        sample("这个手镯多少钱呀", "a.csv, line 4", intent="price", split="holdout"),
    ]
    (leak,) = look(rows).leaks
    assert (leak.sample.place, leak.held_out.place) == ("a.csv, line 2", "a.csv, line 4")
    (leak,) = look(rows[:2], holdout=[sample("慢！", "h.csv, line 9", intent="")]).leaks
    assert leak.held_out.place == "h.csv, line 9"


def test_without_cleanlab_the_rest_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.multilabel_classification", None)
    found = look([sample("贵", intent="price"), sample("贵", intent="")] * 10)
    assert found.contradictions
    assert not found.doubts
    assert "pip install 'commentnlp[audit]'" in found.notes[-1]


def test_the_workbook(tmp_path, planted):
    _, _, found = planted
    write_audit(found, tmp_path / "查.xlsx")
    book = openpyxl.load_workbook(tmp_path / "查.xlsx")
    sheet = book["doubtful"]
    assert sheet.freeze_panes == "A2"
    assert sheet.max_row == len(found.doubtful) + 1
    head = [cell.value for cell in sheet[1]]
    assert head == ["quality", "place", "text", "against", "intent", "complaint", "act", "id"]
    assert sheet.cell(2, 3).value == found.doubtful[0].sample.text
    assert sheet.cell(2, 4).value.split()[1].strip(",") in ("given", "missing")
    assert [cell.value for cell in book["labels"][1]] == ["facet", "label", "samples", "few"]


def test_the_command(tmp_path, capsys):
    path = tmp_path / "样本.csv"
    path.write_text(
        "text,intent,complaint,act\n贵,prize,,\n贵,price,,\n贵！,,,\n", encoding="utf-8"
    )
    out = tmp_path / "查.xlsx"
    assert main(["audit", str(path), "--base", "none", "-o", str(out)]) == 0
    printed = capsys.readouterr()
    assert f"{path}, line 2: unknown label 'prize'" in printed.out
    assert "contradictions: 1" in printed.out
    assert "doubtful labels were not looked for" in printed.err
    assert out.exists()
    assert main(["audit"]) == 1
    assert main(["audit", str(path), "-o", str(tmp_path / "a.csv")]) == 1
    with pytest.raises(SystemExit):
        main(["audit", str(path), "--base", "some"])


def test_files_as_they_are_gathered(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,intent\n贵,price\n", encoding="utf-8")
    found = audit(gather([path], TINY_TAXONOMY), TINY_TAXONOMY, LANGUAGE, settings=QUICK)
    assert f"{path}: no column 'complaint': not judged there" in found.notes
