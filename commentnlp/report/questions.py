"""Join questions that ask the same in other words: 圈口多大, 什么圈口, 多大圈口的.

A question becomes a key: what it asks (when, where, how …) and the characters of what it is
about, in no order, so that neither the order of words nor how they were cut matters. Whole
figures stand in the key, because 56圈口 is not 58圈口. Questions with one key are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

# Words that mean the same, by what stands in the key for them; capitals are asking words, which
# no text holds. A phrase may be cut into any words.
_SAME = {
    "": """
        请问 问一下 问下 想问 想问下 想问一下 我想问 麻烦 麻烦问下 谢谢 谢了 拜托 你好 您好 哈喽
        嗨 在吗 在么 主播 老板 老板娘 姐 姐姐 小姐姐 哥 哥哥 小哥哥 美女 帅哥 亲 亲亲 宝 宝子
        家人们 掌柜 吗 么 嘛 呢 啊 呀 哇 哦 噢 哈 吧 吖 哟 咯 喽 啦 呗 撒 蛮 不啦 诶 哎 欸 嗯 呃
        的 地 得 滴 了 着 哒 到底 究竟 其实 大概 大约 一下 下 一下子
        """,
    "LIGHT": """
        是 是不是 是否 就是 都是 不就是 能 能不能 能否 可以 可不可以 可否 会 会不会 可 可不 可能
        行 行不行 对 对不对 对吗 好不好 成不成 中不中 要 要不要 需要 需不需要 用不用 想 想要 应该
        我 你 您 他 她 它 我们 咱 咱们 你们 我的 你的 自己 人家 这 那 这个 那个 这里 那里 这边
        那边 这样 那样 这种 那种 这些 那些 这俩 这么 那么 都 也 还 就 再 又 才 只 却 一般 一共
        总共 具体 求 过 之 个 帮 帮我 给 给我 让 把 被 跟 和 与 及 或 在 对于 关于 上面 报 报一下
        报下 报个 告诉 告诉我 知道 谁知道 不知道 有人知道 说 的话 来说 现在 目前 刚 刚才 刚刚
        刚刚那个 刚才那个
        """,
    "HAVE": "有 还有 有没有 还有没有 有木有 有没 还有没 有无 还有无 有不有 是不是有 带不带 带不",
    "NOT": "不 没 没有 还没 还没有 未 无 木有 不能 不可以 不会 不是 不要 不行",
    "FAILS": "不了 不到 不上 不出来 不进去",
    "GONE": "没了 没有了 卖完了 卖完 卖光了 售罄 断货",
    "WHAT": "什么 啥 甚么 什么样 什么样的 啥样 啥样的 哪些 有哪些 什么东西 啥东西",
    "INSIDE": """
        里面有什么 里面都有什么 里面有啥 里面都有啥 里面是什么 里面有哪些 都有什么 都有啥 都有哪些
        包含什么 包括什么
        """,
    "HOW": "怎么 咋 怎 怎末 咋个 怎么样才能 怎么才能 要怎么 怎么去 怎么弄 怎么搞",
    "HOW GOOD": "怎么样 咋样 怎样 如何",
    "WHY": "为什么 为啥 为何 怎么回事 咋回事 什么原因 啥原因 什么情况 啥情况",
    "WHEN": """
        什么时候 啥时候 什么时间 啥时间 几时 何时 多久 要多久 多长时间 多少时间 多少天 几天 几天内
        几天能 哪天 哪一天 几点 几点钟 多会儿 多会 多咱 啥时 啥时儿 几日 预计什么时候 大概多久
        时间多久
        """,
    "WHERE": "哪里 哪儿 哪 在哪 在哪里 在哪儿 去哪 去哪里 从哪 从哪里 什么地方 啥地方 哪边 哪块",
    "WHO": "谁 哪位 什么人",
    "LINK": """
        几号 几号链接 几号连接 几号宝贝 多少号 多少号链接 哪个链接 哪个连接 哪号 哪号链接 什么链接
        什么号 第几个 第几个链接 几链接 链接几 链接几号 链接是几号 链接是多少 链接多少 链接在哪
        链接在哪里 链接哪个 链接是哪个 几号品 哪个号 多少链接 几号橱窗 挂几号 在几号
        """,
    "MANY": "多少 好多 几",
    "PIECES": "几个 多少个 好多个 几条 几只 几颗 几件 几枚 多少颗 多少条 多少只 多少件",
    "PRICE": """
        多少钱 多钱 几钱 几个钱 几多钱 好多钱 多少米 多少元 多少块 多少块钱 几元 几块 几块钱
        多少银子 多少大洋 多少刀 什么价 啥价 什么价格 啥价格 什么价位 啥价位 什么价钱 啥价钱 几多
        价 价格 价钱 价位 售价 单价 卖价 报价 到手价 到手价格 直播价 价格多少 多少价 多少价格
        价多少 怎么卖 怎么卖的 咋卖 咋卖的 怎卖 怎么个价 怎么个卖法 卖多少 卖多少钱 什么钱 钱多少
        要多少钱 售多少 报价格 报个价 报下价 报价一下 问价 询价
        """,
    "几百": "几百块 几百元",
    "几千": "几千块 几千元",
    "几万": "几万块 几万元",
    "SHOW": """
        看看 看下 看一下 看一看 看一眼 瞅瞅 瞧瞧 讲 讲讲 讲下 讲一下 讲一讲 讲解 讲解下 讲解一下
        介绍 介绍下 介绍一下 说说 说下 说一下 展示 展示下 展示一下 拿来看看 拿出来看看 上手看看
        """,
    "SIZE": "多大 尺寸 大小 规格 什么尺寸 什么规格 多大尺寸 多少尺寸 几寸 尺码 什么尺码 几码",
    "LONG": "多长 长度 多少长 有多长",
    "WIDE": "多宽 宽度 有多宽",
    "HIGH": "多高 高度 有多高",
    "THICK": "多厚 厚度 多粗 有多厚 有多粗",
    "HEAVY": "多重 克重 克数 重量 几克 多少克 多少g 几g 有多重 几克重 多少克重 分量 份量 重多少",
    "圈口": "圈号 圈径 几号圈口 什么圈 几圈口 多少圈口",
    "上链接": """
        发链接 发个链接 发下链接 发一下链接 弹链接 弹个链接 上个链接 链接发一下 链接再发一下
        挂链接
        """,
    "发货": "发 寄 寄出 出货 发出 发走 发快递 寄走 发货了 发货时间",
    "到": "到货 送到 送达 寄到 能到 到手里",
    "券": "优惠券 优惠卷 优惠劵 卷 劵",
    "领": "领取",
    "领券": "领优惠券 领卷 领劵 领优惠卷",
    "买": "拍 购买 下单 入手 买到 购入 拍下 去拍 下手 下单买",
    "退": "退货 包退 给退",
    "换": "换货 包换 给换",
    "修": "维修 包修 给修",
    "用": "使用",
    "点": "一点 一些 些",
    "男": "男士 男生 男人",
    "女": "女士 女生 女人",
    "邮费": "运费 快递费 邮寄费",
    "真": "真的吗 真的假的 是真的吗 真假 是真是假 保真 真的么 真不真 真货",
    "货": "现货 有货 存货",
    "直播": "开播 上播",
    "证": "证书 鉴定证书 鉴定证",
    "区别": "不同 差别 不一样 差异 分别",
    "材质": "材料 什么料子 什么做的 啥做的 什么材料 料子 什么料",
    "颜色": "什么色 啥色 色系 哪些颜色 几个色 几色 几种颜色",
}  # fmt: skip
_MEASURES = "个款条只件颗串对枚支种双套块张盒箱把台瓶袋粒根副本包样"
_SOFT = {"买", "卖", "商品", "产品", "东西", "宝贝", "链接", "直播", "直播间", "店", "店里", "里面"}
"""They count only where nothing else is named: 直播间有优惠吗 is 有优惠吗."""
_WHOLE = {"PRICE", "LINK", "SIZE", "LONG", "WIDE", "HIGH", "THICK", "HEAVY", "INSIDE"}
"""Asking words that say all; beside any other, light words count when nothing is named."""
_SIZES = {"SIZE", "LONG", "WIDE", "HIGH", "THICK"}
_MEASURED = {"SIZE", "WEIGHT", "PRICE"}
"""Concepts of words with which 多少 and 多大 say no more: 链长 and 链长多少 are one."""
_ABOUT = {"几百", "几千", "几万", "几位数"}
_ON_A_DAY = {"发货", "到", "直播"}
"""With these 几号 asks for the date."""
_YES_NO = {"吗", "么", "嘛"}
_FRONT_LETTERS, _BACK_LETTERS = "能有没", "吗呢么的了吧啊呀"

_ALTERNATIVE = re.compile(r"(.{1,2})[不没](?=\1)")
_FIGURE = re.compile(r"[0-9]")
_HAN = re.compile(r"[㐀-鿿]")
_NUMBERED = re.compile(r"(号|链接|连接|号链接|号连接|号宝贝|号品)$")

Key = frozenset[str]


def join(
    texts: Sequence[Sequence[str]], weights: Sequence[float], concepts: Mapping[str, str]
) -> list[int]:
    """Give each question the number of its group.

    ``texts`` holds the words of each distinct question, normalised and without punctuation;
    ``weights`` how often or by how many each is asked: group 0 is asked most, and so on (as
    often: the earlier). ``concepts`` tells what words have in common (圈口 → SIZE); ``#`` in a
    word of it is any digit. Takes time linear in the words.

    >>> join([["圈口", "多大"], ["多少", "钱"], ["什么", "圈口"]], [1, 5, 2], {"圈口": "SIZE"})
    [1, 0, 1]
    """
    keys: dict[Key, int] = {}
    groups = [keys.setdefault(_key(words, concepts), len(keys)) for words in texts]
    totals = [0.0] * len(keys)
    for group, weight in zip(groups, weights, strict=True):
        totals[group] += weight
    order = sorted(range(len(totals)), key=lambda group: -totals[group])
    rank = {group: number for number, group in enumerate(order)}
    return [rank[group] for group in groups]


def _key(words: Sequence[str], concepts: Mapping[str, str]) -> Key:
    """What a question asks, and about what."""
    pieces = _plain(_pieces(words))
    said = [(piece, means) for piece, means in _meanings(pieces) if means]
    light = {piece for piece, means in said if means == "LIGHT"}
    said = [(piece, means) for piece, means in said if means != "LIGHT"]
    means = _asked([means for _, means in said], pieces[-1] in _YES_NO if pieces else False)
    measured = {_concept(piece, concepts) for piece, mean in said if mean == piece} & _MEASURED
    kept = _reduced(means, measured)
    named = {mean for mean in kept if not mean.isupper() or _FIGURE.search(mean)}
    if named - _SOFT:
        kept -= _SOFT
    elif not named and not kept & _WHOLE:
        kept |= light or (set() if kept else set("".join(words)))
    return frozenset(char for mean in kept for char in _characters(mean))


def _asked(means: list[str], yes_no: bool) -> list[str]:
    """Make out how, why, and the no of a yes-or-no question."""
    if means[-1:] == ["HOW GOOD"]:
        return [*means[:-1], "GOOD"]
    means = ["HOW" if mean == "HOW GOOD" else mean for mean in means]
    if "HOW" in means and {"NOT", "FAILS"} & set(means):
        return ["WHY" if mean == "HOW" else mean for mean in means]
    if "NOT" in means and "WHY" not in means and len(set(means)) > 1:
        if means[-1] == "NOT":
            return [mean for mean in means if mean != "NOT"]
        # 不包邮吗 and 包邮吗 want the same answer
        return [mean for mean in means if mean != "NOT" or not yes_no]
    return means


def _reduced(means: list[str], measured: set[str | None]) -> set[str]:
    """Leave out what says no more beside the rest."""
    kept = set(means)
    if "MANY" in kept:
        figures = any(_FIGURE.search(mean) for mean in kept)
        if kept & {"PRICE", "HEAVY", *_SIZES} or (measured and not figures):
            kept.discard("MANY")
        elif means[-1] == "MANY":
            kept = kept - {"MANY"} | {"PRICE"}
    if kept & _ABOUT and "HAVE" not in kept:
        # but 有几百块的吗 asks for something cheap
        kept = kept - _ABOUT | {"PRICE"}
    if "PRICE" in measured:
        # 金价多少钱
        kept.discard("PRICE")
    if "SIZE" in measured:
        # 多大圈口, 几号圈口
        kept -= {"SIZE", "LINK"}
    if "LINK" in kept and kept & _ON_A_DAY:
        kept = kept - {"LINK"} | {"WHEN"}
    return kept - {"HAVE", "WHAT"} or kept


def _meanings(pieces: list[str]) -> Iterator[tuple[str, str]]:
    """Pieces, or the longest runs of them, with what stands for them in the key."""
    at = 0
    while at < len(pieces):
        stop, found = at + 1, pieces[at]
        run = ""
        for end, piece in enumerate(pieces[at:], at + 1):
            run += piece
            if run not in _BEGINNINGS:
                break
            if run in _MEANS:
                stop, found = end, run
        means = _MEANS.get(found, found)
        if means == "MANY" and "".join(pieces[stop : stop + 1]).startswith("一"):
            # 多少一条
            means = "PRICE"
        yield found, means
        at = stop


def _plain(pieces: list[str]) -> list[str]:
    """Without 号 and 链接 behind a figure, and 掉不掉 as 掉."""
    plain: list[str] = []
    for piece in pieces:
        if plain and "0" <= plain[-1][0] <= "9":
            piece = _NUMBERED.sub("", piece)
        if len(plain) > 1 and plain[-1] in ("不", "没") and piece.startswith(plain[-2]):
            del plain[-2:]
        if len(piece) > 2 and piece not in _MEANS:
            piece = _ALTERNATIVE.sub("", piece)
        if piece:
            plain.append(piece)
    if plain[-2:-1] == ["不"] and plain[-1] in plain[:-2]:
        # 送绳子不送
        del plain[-2:]
    return plain or pieces


def _pieces(words: Sequence[str]) -> list[str]:
    """Words with asking words and particles cut off them: 什么时候发 → 什么时候, 发."""
    pieces: list[str] = []
    for word in words:
        if pieces[-1:] == ["多"] and word.startswith(tuple("大长宽高厚粗重久")):
            # 多大 and 圈口, though 大圈口 is a word
            pieces[-1] += word[0]
            word = word[1:]
        pieces += _split(word)
    return pieces


@lru_cache(1 << 14)
def _split(word: str) -> tuple[str, ...]:
    front: list[str] = []
    back: list[str] = []
    while len(word) > 1 and word not in _MEANS and not word.isascii():
        for size in range(min(len(word) - 1, 4), 0, -1):
            if word[:size] in _FRONT:
                front.append(word[:size])
                word = word[size:]
                break
            if word[-size:] in _BACK:
                back.append(word[-size:])
                word = word[:-size]
                break
        else:
            break
    return (*front, *([word] if word else []), *reversed(back))


def _characters(mean: str) -> Sequence[str]:
    """Parts of a word in the key: Han characters one by one, names and figures whole."""
    return mean if _HAN.match(mean) else [mean]


def _concept(word: str, concepts: Mapping[str, str]) -> str | None:
    return concepts.get(word) or concepts.get(_FIGURE.sub("#", word))


_MEANS = {phrase: means for means, phrases in _SAME.items() for phrase in phrases.split()}
for _measure in _MEASURES:
    for _this in ("这", "那", "此", "该"):
        _MEANS[_this + _measure] = "LIGHT"
    for _which in ("哪", "哪一"):
        _MEANS[_which + _measure] = "WHICH"
_BEGINNINGS = {phrase[:size] for phrase in _MEANS for size in range(1, len(phrase) + 1)}
_ASKING = {phrase for phrase, means in _MEANS.items() if means.isupper() and len(phrase) > 1}
_FRONT = {*_ASKING, *_FRONT_LETTERS}
_BACK = {*_ASKING, *_BACK_LETTERS}
