"""Two reports to test renderers with: a likely evening, and one whose every guest is hostile.

``python -m tests.report_example`` writes the gold files of the likely one anew.
"""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle

from commentnlp.drift import Moved, Reason, Share
from commentnlp.records import SHANGHAI
from commentnlp.report import records as r
from commentnlp.taxonomy import Taxonomy

from .conftest import ROOT, TRAINING_DATA

GOLD = ROOT / "tests" / "gold"
TAXONOMY = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
START = datetime(2026, 11, 13, 20, 0, tzinfo=SHANGHAI)
MINUTES = 180
BUSY, COLD = (72, 84), (125, 133)
ALL = [(0, MINUTES)]
HOURS = [(0, 60), (60, 120), (120, 180)]
Spans = list[tuple[int, int]]
Part = tuple[float, float]

# minute, who, text, labels
SAID = """
2 晚**风 主播晚上好呀 praise
4 小**圆 今天有没有福利价 price,ask
7 芝**糖 9号翡翠手镯什么价 price,ask
11 阿**宁 珍珠项链多少钱 price,ask
15 听**眠 上次买的耳环收到了很喜欢 praise
18 木**棠 56的圈口有没有 fit,ask
22 晴**晴 这只翡翠种水怎么样 quality,ask
26 L*a 手围十四多点戴哪个圈口 fit,ask
31 栗**酱 珍珠是真珠还是贝珠 quality,ask
35 小**圆 拍了一条珍珠的 order
39 秋**禾 上周五的单还没出库呢 logistics.delay,complain
44 桃**李 有没有细一点的款 style,ask
48 芝**糖 翡翠这个多少米 price,ask
53 安**暖 快递盒子收到都压瘪了 logistics.damage,complain
58 余**生 退货要自己出运费吗 after_sales.return,ask
63 晚**风 主播戴着显白 fit,praise
66 木**棠 黄皮能戴绿色吗 fit,ask
70 可**乐 链接点进去是空的 livestream.link,complain
73 栗**酱 翡翠多少钱一只 price,ask
74 听**眠 已拍两条 order
75 晴**晴 实物颜色比直播里暗多了 product_quality.color,complain
76 梧**桐 抢到了开心 order,praise
78 L*a 多少钱 price,ask
79 秋**禾 收到的珠子发黄 跟画面不是一个色 product_quality.color,complain
81 桃**李 什么价 price,ask
83 安**暖 有证书吗 quality,ask
88 可**乐 客服两天没回我了 after_sales.service,complain
95 余**生 色差太大了吧 product_quality.color,complain
99 晴**晴 我上个月买的也有色差 product_quality.color,complain
104 梧**桐 会掉色吗 quality,ask
108 小**圆 手链收到有道裂 product_quality.flaw,complain
113 栗**酱 有证书没 quality,ask
119 木**棠 少发了一对耳钉 logistics.lost,complain
124 听**眠 怎么没声音了 livestream.tech,complain
127 芝**糖 卡住了 画面不动 livestream.tech,complain
131 安**暖 听不见声音 livestream.tech,complain
136 阿**宁 问了三遍都没人理我 livestream.ignored,complain
141 秋**禾 灯光一开颜色全不一样 product_quality.color,complain
146 余**生 昨天买的今天便宜二十 price_fluctuation.change,complain
152 晚**风 珍珠能改短吗 style,ask
158 桃**李 证书能扫码查吗 quality,ask
164 梧**桐 有54圈口吗 fit,ask
171 L*a 这串拍好了 order
176 阿**宁 明天几点开播 ask
"""
RATES = {
    "quality": 0.1, "price": 0.22, "style": 0.07, "fit": 0.12, "product_quality": 0.004,
    "product_quality.size": 0.006, "product_quality.material": 0.008,
    "product_quality.flaw": 0.005, "logistics": 0.003, "logistics.delay": 0.012,
    "logistics.damage": 0.002, "logistics.lost": 0.004, "after_sales": 0.003,
    "after_sales.return": 0.01, "after_sales.repair": 0.002, "after_sales.service": 0.006,
    "price_fluctuation.change": 0.002, "livestream": 0.002, "livestream.link": 0.012,
    "livestream.ignored": 0.004, "ask": 0.46, "complain": 0.11, "praise": 0.06, "order": 0.1,
}  # fmt: skip
KINDS = {
    "like": 11.0, "enter": 2.1, "follow": 0.09, "share": 0.03, "gift": 0.05, "fanclub": 0.02,
    "cart": 0.27, "purchase": 0.08,
}  # fmt: skip


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def typed(minute: int) -> int:
    lively = 8 + 13 * math.sin(math.pi * minute / MINUTES) + minute * 7919 % 7
    busy = 3.2 if BUSY[0] <= minute < BUSY[1] else 1
    cold = 0.15 if COLD[0] <= minute < COLD[1] else 1
    return int(lively * busy * cold)


def rate(label: str, minute: int) -> float:
    if label == "product_quality.color":
        return 0.05 if 60 <= minute < 120 else 0.012
    if label == "livestream.tech":
        return 0.06 if minute >= 120 else 0.0
    mood = (0.7, 1.0, 1.35)[(minute // 60 + len(label)) % 3]
    return RATES.get(label, 0.0) * mood


TYPED = [typed(minute) for minute in range(MINUTES)]
USUAL = sum(TYPED) / MINUTES * 0.92


def read_said() -> list[tuple[int, r.Quote, set[str]]]:
    out = []
    for row in SAID.split("\n")[1:-1]:
        minute, who, *text, labels = row.split(" ")
        quote = r.Quote(" ".join(text), at(int(minute)), who, 0, 40 * int(minute) + 3)
        out.append((int(minute), quote, set(labels.split(","))))
    return out


QUOTES = read_said()


def upto(minute: int, what: float | str) -> int:
    """Events that come so many times a comment, or voices of a label, before a minute."""
    if isinstance(what, str):
        return int(sum(TYPED[m] * 0.8 * rate(what, m) for m in range(minute)))
    return int(sum(TYPED[:minute]) * what)


def within(spans: Spans, what: float | str, part: Part = (0, 1)) -> int:
    """As `upto`, so that parts add up to the whole."""
    count = sum(upto(end, what) - upto(start, what) for start, end in spans)
    return int(count * part[1]) - int(count * part[0])


def persons(count: int) -> int:
    return min(count, int(0.9 * count**0.8) + 1)


def wilson(hits: int, of: int) -> tuple[float, float]:
    if not of:
        return 0.0, 1.0
    share, z = hits / of, 1.96
    middle = share + z * z / 2 / of
    off = z * math.sqrt(share * (1 - share) / of + (z / of / 2) ** 2)
    below = 1 + z * z / of
    return max(0.0, (middle - off) / below), min(1.0, (middle + off) / below)


def quotes(spans: Spans, word: str = "", label: str = "", most: int = 2) -> tuple[r.Quote, ...]:
    return tuple(
        quote
        for minute, quote, labels in QUOTES
        if word in quote.text
        and any(start <= minute < end for start, end in spans)
        and any(one == label or one.startswith(label + ".") or not label for one in labels)
    )[:most]


def labelled(
    facet: str, label: str, spans: Spans, part: Part = (0, 1), most: int = 1
) -> r.Labelled:
    leaves = [one for one in TAXONOMY.facets[facet] if one == label or one.startswith(label + ".")]
    voices = sum(within(spans, one, part) for one in leaves)
    of, lines = within(spans, 0.8, part), int(voices * 1.1)
    shown = quotes(spans, label=label, most=min(most, lines))
    return r.Labelled(facet, label, lines, persons(voices), voices, of, *wilson(voices, of), shown)


def named(name: str, lines: int, people: int | None = None) -> r.Named:
    found = quotes(ALL, name, most=3)
    return r.Named(name, lines, persons(lines) if people is None else people, found)


def question(text: str, lines: int, answered: int | None, *wordings: str) -> r.Question:
    return r.Question(text, lines, persons(lines), wordings, answered, quotes(ALL, text, most=5))


def word(text: str, here: int, elsewhere: int, z: float) -> r.Word:
    return r.Word(text, here, elsewhere, z, quotes(ALL, text, most=3))


def stretch(key: str, *spans: tuple[int, int], part: Part = (0, 1), most: int = 1) -> r.Slice:
    """What the formulas say of these minutes; ``part`` is a stretch of their comments."""
    cut = list(spans)
    lines, voices = within(cut, 1.0, part), within(cut, 0.8, part)
    canned, spam = within(cut, 0.08, part), within(cut, 0.01, part)
    return r.Slice(
        key,
        at(spans[0][0]),
        at(spans[-1][1]),
        float(sum(end - start for start, end in spans)),
        {"comment": lines} | {kind: within(cut, float(KINDS[kind]), part) for kind in KINDS},
        r.Count(lines, persons(lines), quotes(cut, most=most)),
        voices,
        canned,
        spam,
        lines - voices - canned - spam,
        tuple(labelled(*column, cut, part, most) for column in TAXONOMY.columns),
    )


def series() -> r.Series:
    times = {"comment": 1.0} | {kind: float(KINDS[kind]) for kind in ("like", "cart", "purchase")}
    minutes = [[(minute, minute + 1)] for minute in range(MINUTES)]
    return r.Series(at(0), {k: tuple(within(m, times[k]) for m in minutes) for k in times})


def spell(start: int, end: int) -> r.Spell:
    lines = sum(TYPED[start:end])
    pace = lines / (end - start)
    return r.Spell(at(start), at(end), lines, pace, pace / USUAL, quotes([(start, end)], most=6))


def chance(hits: int, expected: float) -> float:
    """Of so many or more, by Poisson."""
    less = (math.exp(i * math.log(expected) - expected - math.lgamma(i + 1)) for i in range(hits))
    return max(0.0, min(1.0, 1 - sum(less)))


def hotspot(label: str, state: str, *words: r.Word) -> r.Hotspot:
    total, steps = labelled("complaint", label, ALL, most=50), []
    for start, end in HOURS:
        one = labelled("complaint", label, [(start, end)])
        expected = (total.voices - one.voices) / (total.of - one.of) * one.of
        p = chance(one.voices, expected) if expected else 1.0
        rising = state == "rising" and p < 0.001
        steps.append(
            r.HotStep(at(start), one.lines, one.people, one.voices, one.of, expected, p, rising)
        )
    before = r.Labelled("complaint", label, 15, 11, 14, 2600, *wilson(14, 2600), ())
    top = max(steps, key=lambda step: step.voices)
    return r.Hotspot(
        "complaint",
        label,
        state,
        None if state == "quiet" else top.start,
        top.voices / top.expected if top.expected else None,
        total,
        total.lines // 4,
        tuple(steps),
        None if state == "new" else before,
        total.quotes[0],
        total.quotes[-1],
        words,
        (named("3号 冰种翡翠手镯", 31), named("7号 淡水珍珠项链", 12)),
        (named("翡翠", 25), named("珍珠", 14)),
    )  # fmt: skip


def activity() -> r.Activity:
    words = (
        (word("福利", 22, 9, 3.4), word("圈口", 41, 30, 2.9), word("珍珠", 58, 61, 2.2)),
        (word("色差", 49, 6, 6.1), word("证书", 33, 18, 3.0)),
        (word("声音", 27, 1, 5.2), word("证书", 12, 39, 2.1)),
    )
    asked = (
        question("多少钱", 64, 40, "什么价", "多少米"),
        question("圈口有没有", 22, 12, "有54圈口吗"),
        question("有证书", 15, 0, "证书能扫码查吗"),
        question("几点开播", 4, 1),
    )
    steps = tuple(
        replace(
            stretch("", hour, most=2),
            words=words[i],
            questions=asked[i : i + 2],
            products=(named("翡翠", 80 - 9 * i), named("珍珠", 60 + 7 * i)),
        )
        for i, hour in enumerate(HOURS)
    )
    compared = tuple(
        r.Compared(
            20 + i,
            steps[i],
            replace(
                stretch("", HOURS[2 - 2 * i], part=(0, 0.7)),
                start=at(60 * i - 1440),
                end=at(60 * i - 1380),
            ),
        )
        for i in range(2)
    )
    contrast = (
        replace(stretch("busy", BUSY), words=(word("抢到", 19, 4, 4.0),)),
        stretch("rest", (0, BUSY[0]), (BUSY[1], MINUTES)),
    )
    phases = ("warm_up", (0, 30)), ("peak", (30, 150)), ("closing", (150, 180))
    return r.Activity(
        usual=USUAL,
        steps=steps,
        minutes=(series(),),
        busy=(spell(*BUSY),),
        cold=(spell(*COLD),),
        phases=tuple(stretch(*phase) for phase in phases),
        contrast=contrast,
        week=(),
        compared=compared,
    )


def responses() -> r.Responses:
    asked = [labelled("act", "ask", [hour]).voices for hour in HOURS]
    answered = [int(count * share) for count, share in zip(asked, (0.5, 0.31, 0.4), strict=True)]
    by_name, by_item = sum(answered) // 5, sum(answered) // 2
    found = {quote.text: quote for _, quote, _ in QUOTES}
    examples = tuple(
        r.Answer(
            found[asked_text], r.Quote(text, at(minute), "主播", 0, int(40 * minute) + 4), wait, by
        )
        for asked_text, text, minute, wait, by in (
            ("9号翡翠手镯什么价", "芝**糖 9号今晚八百八", 7.4, 24.0, "name"),
            ("有证书吗", "每只都带证书 扫码能查", 83.85, 51.0, "words"),
            ("黄皮能戴绿色吗", "正在讲解3号宝贝", 67.5, 90.0, "item"),
        )
    )
    return r.Responses(
        180, 96, 14, sum(asked), sum(answered), *wilson(sum(answered), sum(asked)), 38.0, 131.5,
        {"item": by_item, "name": by_name, "words": sum(answered) - by_item - by_name},
        tuple(r.AnsweredStep(at(60 * i), asked[i], answered[i]) for i in range(3)),
        examples,
        (question("会掉色吗", 17, 0, "掉不掉色"), question("能改短吗", 6, 0)),
    )  # fmt: skip


def tiers() -> r.Tiers:
    made = []
    for key, people, low, high, part in (
        ("core", 96, 10, None, (0.0, 0.22)),
        ("regular", 411, 4, 9, (0.22, 0.6)),
        ("newcomer", 1840, None, 3, (0.6, 0.93)),
        ("unknown", 0, None, None, (0.93, 1.0)),
    ):
        one = stretch(key, *ALL, part=part)
        asked = question("多少钱", int(148 * (part[1] - part[0])), None, "什么价")
        if not people:
            one = replace(one, said=replace(one.said, people=0))
        made.append(r.Tier(people, low, high, replace(one, questions=(asked,))))
    upset = r.Upset("秋**禾", 6, quotes(ALL, "珠子发黄") + quotes(ALL, "灯光"))
    newcomers = (question("今天有没有福利价", 12, 5), question("有证书吗", 7, 2))
    return r.Tiers("fan", {"core": 10, "regular": 4}, tuple(made), newcomers, (upset,))


def quality(total: r.Slice) -> r.Quality:
    rows = {
        "comment": total.said.lines + 96, "like": 2210, "enter": total.events["enter"],
        "cart": total.events["cart"], "purchase": total.events["purchase"], "stats": 36,
        "LightGiftMessage": 5,
    }  # fmt: skip
    kept = sum(rows.values()) + 41 + 12
    return r.Quality(
        files=(r.File(
            "2026-11-13 晚场.csv", "CSV table", "utf-8", kept,
            (r.Remark("more cells than the header", 3, (118, 1204, 3377)),),
            (r.Remark("not JSON", 2, (77, 4051)),), ("no name column",),
        ),),
        rows=kept, lost=2, twice=41, outside=12, kinds=rows, unknown=("LightGiftMessage",),
        comments=total.said.lines, host=96, blank=3, different=int(total.said.lines * 0.71),
        canned=(named("1", 102, 55), named("主播好美", 60, 48), named("已拍", 31, 25)),
        floods=(named("多少钱", 26, 1),), flood_lines=26,
        spam=r.Count(total.spam, 9, quotes(ALL, "链接")),
        without_time=0, estimated=False, backwards=7, hidden=310,
        likes=total.events["like"], likes_total=total.events["like"] + 1300,
    )  # fmt: skip


def fit() -> r.Fit:
    columns = TAXONOMY.columns
    return r.Fit(
        verdict="due",
        comments=1420,
        reasons=(
            Reason("new_words", 0.064, 0.02, "words"),
            Reason("unsure", 0.31, 0.252, "label"),
        ),
        unknown=Share(310, 5900, *wilson(310, 5900), 0.043),
        holding=Share(214, 1420, *wilson(214, 1420), 0.152),
        unsure=Share(440, 1420, *wilson(440, 1420), 0.252),
        words=(
            r.NewWord("冰飘", 38, 38 / 1420, "cut", quotes(ALL, "翡翠")[:1]),
            r.NewWord("云肩", 21, 21 / 1420, "dictionary", quotes(ALL, "珠子")[:1]),
            r.NewWord("平安扣", 9, 9 / 1420, "lexicon", ()),
        ),
        labels=tuple(
            Moved(facet, label, 0.1, 0.02 * (i % 9), 0.05 - 0.02 * (i % 9), 0.12)
            for i, (facet, label) in enumerate(columns)
        ),
        scores=dict.fromkeys(TAXONOMY.facets, 0.04),
    )


def example() -> r.Report:
    """One evening of a jewellery room, 20:00 to 23:00; all counts follow from formulas."""
    total = replace(
        stretch("", *ALL, most=50),
        products=(named("翡翠", 231), named("珍珠", 190), named("手链", 40)),
        questions=(question("多少钱", 148, 88, "什么价", "多少米"), question("圈口", 41, 19)),
    )
    items = (
        ("3号 冰种翡翠手镯", (65, 110)),
        ("7号 淡水珍珠项链", (20, 65)),
        ("12号 和田玉", (110, 160)),
    )
    hotspots = (
        hotspot("product_quality", "rising", word("色差", 31, 4, 5.0)),
        hotspot("product_quality.color", "rising", word("色差", 31, 4, 5.4)),
        hotspot("livestream.tech", "new", word("声音", 22, 1, 4.7)),
        hotspot("price_fluctuation", "quiet"),
    )
    before = r.File("2026-11-12 晚场.csv", "CSV table", "utf-8", 9950, (), (), ())
    return r.Report(
        format=r.FORMAT,
        model="42c84afdc470",
        zone="Asia/Shanghai",
        step=60,
        start=at(0),
        end=at(MINUTES),
        purchase_clicks=False,
        title="暖玉珠宝直播间",
        rooms=("暖玉珠宝直播间",),
        names=TAXONOMY.names,
        total=total,
        activity=activity(),
        items=tuple(stretch(*item) for item in items),
        responses=responses(),
        complaints=r.Complaints(
            r.Count(120, 88, quotes(ALL, "灯光")),
            r.Count(90, 70, quotes(ALL, "灯光")),
            r.Count(30, 24, ()),
        ),
        hotspots=hotspots,
        tiers=tiers(),
        quality=quality(total),
        fit=fit(),
        earlier=(before,),
    )


HOSTILE = (
    "<script>alert(1)</script>", "=cmd()|' /C calc'!A0", "+1", "@x", "-2", "\u202e退货\u2066x",
    "a" + "\u0301" * 10_000, "\x00\x1b[31m红\x07\r\n# x", "|`x`| ](javascript:alert(1)) **[x](y)",
    "长" * 5000, "\ud83d半", "{{7*7}}</td><img src=x onerror=alert(1)>", "",
)  # fmt: skip
FOREIGN = {
    "text",
    "who",
    "word",
    "name",
    "title",
    "rooms",
    "why",
    "notes",
    "wordings",
    "unknown",
    "tool",
}


def hostile() -> r.Report:
    """The same shape, small; every string that comes from files is out for harm."""
    bad = cycle(HOSTILE)

    def spoil(value: object, field: str = "") -> object:
        if field in ("kinds", "events") and isinstance(value, dict):
            return value | {next(bad): next(iter(value.values()))}
        if isinstance(value, tuple):
            kept = value if field == "labels" else value[:2]
            return tuple(spoil(one, field) for one in kept)
        if is_dataclass(value) and not isinstance(value, type):
            spoiled = {f.name: spoil(getattr(value, f.name), f.name) for f in fields(value)}
            return replace(value, **spoiled)
        return next(bad) if field in FOREIGN and isinstance(value, str) else value

    report = spoil(example())
    assert isinstance(report, r.Report)
    return replace(report, items=tuple(replace(one, key=next(bad)) for one in report.items))


def main() -> None:
    from commentnlp.report.jsons import to_json
    from commentnlp.report.markdown import to_markdown

    GOLD.mkdir(exist_ok=True)
    (GOLD / "report.json").write_text(to_json(example()), encoding="utf-8", newline="\n")
    (GOLD / "report.md").write_text(to_markdown(example()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
