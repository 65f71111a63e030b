import random
import time

import numpy as np
import pytest

from commentnlp.report.questions import join

CONCEPTS = {
    **dict.fromkeys(["圈口", "链长", "手寸", "多大", "大圈口"], "SIZE"),
    **dict.fromkeys(["克重", "##g"], "WEIGHT"),
    **dict.fromkeys(["金价", "工费"], "PRICE"),
}

# blanks part the words
SAME = [
    "圈口 多大|什么 圈口|多大 圈口 的|圈口|圈口 多少|请问 圈口 是 多大 呢|多 大圈口|圈口 大小",
    "多少 钱|什么 价|怎么 卖|多少 米|价格|多少钱|这个 怎么卖 的|老板 这 条 多少|什么 价位 呀|几百",
    "什么时候 发货|几时 发货|多久 发货|啥 时候 发|什么时候发|几号 发货|几天 发货 呢|什么 时间 寄出",
    "怎么 领券|优惠券 怎么 领|如何 领 优惠券|主播 怎么领优惠券 呀|券 怎样 领取",
    "能 退 吗|可以 退货 吗|退不退|包退 吗|能 不能 退|买 了 能 退 不",
    "有 平安扣 吗|平安扣 有没有|还有 平安扣 不|平安扣 链接|有没有 平安扣 呀 姐姐|没有 平安扣 吗",
    "会 不会 掉色|掉 不 掉色|掉色 吗|掉不掉色|会 掉色 么",
    "送绳 子 吗|送 绳子 不 送|送不送 绳子",
    "58 号 讲 一下|看看 58 号链接|58 介绍 下 呗|讲讲 58",
    "58 圈口 有 吗|有 58 圈口 吗|58 的 圈口 有没有|圈口 58 还有 吗",
    "怎么 没 声音|为什么 没有 声音|没 声音 怎么回事",
    "克重 多少|多少 克|几克|多重|重量",
    "金价 多少|金价|现在 金价 多少 钱",
    "戴着 怎么样|戴着 如何",
]  # fmt: skip
DIFFERENT = [
    ("56 圈口 有 吗", "58 圈口 有 吗"),
    ("链长 多少", "圈口 多大"),
    ("能 退 吗", "能 换 吗"),
    ("翡翠 多少 钱", "珍珠 多少 钱"),
    ("多少 钱", "多少 克"),
    ("3 号 多少 钱", "8 号 多少 钱"),
    ("怎么 发货", "怎么 不 发货"),
    ("怎么 退", "能 退 吗"),
    ("什么时候 发货", "今天 发货 吗"),
    ("今天 发货 吗", "明天 发货 吗"),
    ("没有 声音", "有 声音"),
    ("18k 的 吗", "24k 的 吗"),
    ("一箱 多少 个", "一箱 多少 钱"),
    ("有 几百 的 吗", "有 几千 的 吗"),
    ("58 圈口 多少", "58 圈口 有 吗"),
    ("哪里 发货", "什么时候 发货"),
    ("客服 在 哪", "链接 在 哪"),
    ("还 没", "不 知道 吧"),
    ("手镯 怎么 洗", "手镯 怎么样"),
]


def together(*texts):
    return join([text.split() for text in texts], [1] * len(texts), CONCEPTS)


@pytest.mark.parametrize("wordings", SAME, ids=lambda wordings: wordings.split("|")[0])
def test_the_same_question(wordings):
    texts = wordings.split("|")
    assert together(*texts) == [0] * len(texts)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_questions(one, other):
    assert together(one, other) == [0, 1]


def test_all_of_them_at_once():
    texts = [text for wordings in SAME for text in wordings.split("|")]
    groups = together(*texts)
    assert len(set(groups)) == len(SAME)


def test_groups_are_numbered_by_weight():
    texts = [["有", "证书", "吗"], ["多少", "钱"], ["证书", "呢"], ["包邮", "吗"]]
    assert join(texts, [3, 5, 3, 5], {}) == [0, 1, 0, 2]
    assert join(texts, [1, 5, 3, 6], {}) == [2, 1, 2, 0]


def test_what_says_nothing_is_not_lost():
    assert join([], [], {}) == []
    groups = together("这个 呢", "有 吗", "吗", "")
    assert len(set(groups)) == 4


def test_the_order_of_the_texts_does_not_matter():
    texts = [text for wordings in SAME for text in wordings.split("|")]
    before = together(*texts)
    order = random.Random(1).sample(range(len(texts)), len(texts))
    after = together(*(texts[i] for i in order))
    pairs = {(before[i], after[at]) for at, i in enumerate(order)}
    assert len(pairs) == len(set(before))


def test_many_texts_are_quick():
    generator = np.random.default_rng(2)
    words = [word for text in SAME for word in text.replace("|", " ").split()]
    words += [f"词{i}" for i in range(2000)]
    texts = [[words[i] for i in generator.integers(0, len(words), 6)] for _ in range(20_000)]
    started = time.perf_counter()
    join(texts, np.ones(len(texts)).tolist(), CONCEPTS)
    # 0.4 s on a laptop
    assert time.perf_counter() - started < 5
