import numpy as np
import pytest

from commentnlp.corpus import HEAVIEST, corpus, describe, own_weight, shipped_samples
from commentnlp.records import Sample
from commentnlp.taxonomy import Taxonomy
from commentnlp.training import Settings, train

from .conftest import TINY_TAXONOMY
from .test_training import LANGUAGE

SHOP = Taxonomy.from_json(
    {
        "intent": {
            "names": {"zh": "关注点"},
            "labels": {"price": {"zh": "价格"}, "fabric": {"zh": "面料"}},
        },
        "body": {"names": {"zh": "身材"}, "labels": {"height": {"zh": "身高"}}},
    }
)


def sample(text, **labels):
    return Sample(text, {facet: frozenset(filter(None, [x])) for facet, x in labels.items()})


def both(few=0):
    own = [sample("起球吗", intent="fabric", body=""), sample("贵", intent="", body="height")]
    base = [sample("多少钱", intent="price", complaint=""), sample("贵", intent="price")]
    return corpus(own, SHOP, base=base, base_taxonomy=TINY_TAXONOMY, few=few)


def test_the_base_says_nothing_of_labels_it_does_not_know():
    got = both()
    assert got.texts == ["起球吗", "贵", "多少钱"]
    assert got.taxonomy.columns == (("intent", "price"), ("intent", "fabric"), ("body", "height"))
    assert got.judged.tolist() == [[True] * 3, [True] * 3, [True, False, False]]
    assert got.given.tolist() == [
        [False, True, False],
        [False, False, True],  # the shop's own word on 贵 counts
        [True, False, False],
    ]


def test_facets_that_nobody_judged_do_not_count():
    got = corpus([sample("贵", intent="price"), sample("高", body="height")], SHOP, few=0)
    assert got.judged.tolist() == [[True, True, False], [False, False, True]]


@pytest.mark.parametrize(
    ("own", "base", "weight"),
    [(100, 0, 1), (10, 40_000, HEAVIEST), (400, 40_000, HEAVIEST), (4_000, 36_000, 3),
     (40_000, 40_000, 1), (90_000, 40_000, 1)],
)  # fmt: skip
def test_the_weight_of_own_samples(own, base, weight):
    assert own_weight(own, base) == pytest.approx(weight)


def test_own_samples_weigh_more():
    got = both()
    # one base sample is left, which speaks as weakly as it may of what it does not know
    assert got.weight.tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    own = [sample(f"起球吗{i}", intent="fabric", body="") for i in range(2)]
    base = [sample(f"多少钱{i}", intent="price") for i in range(18)]
    got = corpus(own, SHOP, base=base, base_taxonomy=TINY_TAXONOMY, few=0)
    third = pytest.approx(6 / 18)
    assert got.weight.tolist() == [[3, 3, 3]] * 2 + [[1, third, third]] * 18
    assert got.told() == {"base": "shipped", "base_samples": 18, "own_weight": 3, "left_out": {}}


def test_labels_with_too_few_samples_are_left_out_and_told():
    several = [sample(f"起球吗{i}", intent="fabric", body="") for i in range(3)]
    several += [sample(f"多少钱{i}", intent="price", body="") for i in range(2)]
    got = corpus(several, SHOP, few=2)
    assert got.taxonomy.columns == (("intent", "price"), ("intent", "fabric"))
    assert got.given.shape == got.judged.shape == (5, 2)
    assert got.left_out == {"body/height": 0}
    assert describe(got.left_out, 2) == (
        "left out, fewer than 2 samples with or without the label: body/height (0)"
    )
    assert describe({}) == ""


def test_a_leaf_goes_with_its_parent():
    late = [Sample(f"慢{i}", {"complaint": frozenset({"logistics", "logistics.delay"})})
            for i in range(5)]  # fmt: skip
    got = corpus([*late, sample("好", complaint="")], TINY_TAXONOMY, few=2)
    assert got.taxonomy.columns == ()
    assert set(got.left_out) == {"intent/price", "complaint/logistics", "complaint/logistics.delay"}


def test_a_shop_s_slang_is_learnt_beside_what_is_known():
    """Some own samples of words that mean something else elsewhere, and a new facet."""
    base, names = shipped_samples()
    base = base[::16]
    taxonomy = Taxonomy.from_json({
        **names.to_json(),
        "fans": {"names": {"zh": "粉丝"}, "labels": {"old": {"zh": "老粉"}}},
    })  # fmt: skip
    price = ["几条鱼干", "这个几条鱼干呀", "八条鱼干能走吗", "鱼干多少", "要几条鱼干", "鱼干不够了",
             "再少条鱼干", "鱼干给个数", "三条鱼干行吗", "报一下鱼干"]  # fmt: skip
    old = [
        "老粉报到",
        "老粉来了",
        "我是老粉",
        "老粉举手",
        "老粉在此",
        "三年老粉",
        "老粉排队",
        "又是老粉",
    ]
    own = [sample(text, intent="price", complaint="", act="ask", fans="") for text in price]
    own += [sample(text, intent="", complaint="", act="", fans="old") for text in old]
    settings = Settings(folds=3, max_features=8000, jobs=1)
    general = train(corpus(base, names), LANGUAGE, settings=settings)
    model = train(
        corpus(own, taxonomy, base=base, base_taxonomy=names), LANGUAGE, settings=settings
    )
    (slang, plain, fan) = model.tag(["那条几条鱼干啊", "圈口多大", "老粉冒个泡"])
    assert general.tag(["那条几条鱼干啊"])[0].labels("intent") != ("price",)
    assert slang.labels("intent") == ("price",)
    assert plain.labels("intent") == ("fit",)
    assert fan.labels("fans") == ("old",)
    assert plain.labels("fans") == ()
    known = [s.text for s in base[:300]]
    same = (model.predict(known)[:, :-1] == general.predict(known)).mean()
    assert same > 0.98
    assert np.isfinite(model.weights).all()
