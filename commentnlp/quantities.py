"""Quantities: one way of writing for what viewers count, weigh, measure and pay.

Numbers in words become figures (``一百一十万`` → ``110万``, ``六斤重`` → ``6斤重``), but only
where they are numbers: before a unit, or where hundreds and thousands leave no doubt. 一下, 十分
and 万一 stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_DIGITS = "零〇一二两三四五六七八九"
_VALUES = dict(zip(_DIGITS, "001223456789", strict=True))
_STEPS = {"十": 10, "百": 100, "千": 1000}
_TEN_THOUSANDS = {"万": 10_000, "亿": 100_000_000}

NUMERALS = _DIGITS + "".join(_STEPS)
"""One of these stands in every number in words."""

# 块 is missing: 一块 is also 'together'
_SHORT_UNITS = (
    "元毛角米克斤两吨升岁天日号圈寸码年周月晚次遍条件只对颗粒串双盒箱包袋瓶罐支根枚片张本台套款"
    "单层楼折杯个位名倍度户室人亿wk"
)
_LONG_UNITS = (
    "分钱 分钟 小时 秒钟 点钟 点半 厘米 毫米 公分 公斤 千克 毫升 平方 平米 克拉 英寸 礼拜 星期"
    " 块钱 cm mm kg ml"
)
UNITS = (*_SHORT_UNITS, *_LONG_UNITS.split())
"""What a number counts; without one a number in words below a hundred is none."""

_LONGEST = 16
"""Characters of the longest number in words that is read."""

_UNIT = re.compile("|".join(map(re.escape, sorted(UNITS, key=len, reverse=True))))
_RUN = re.compile(rf"(?<![0-9.])[0-9.]*[{NUMERALS}万亿][0-9{NUMERALS}万亿]*")
_PART = re.compile(rf"[0-9.]+|[{_DIGITS}]+|.")
_DECIMAL = re.compile(
    rf"(?<![0-9.])(?P<whole>[0-9]+)(?P<unit>[米块万])(?P<rest>[0-9{_DIGITS}]{{1,2}})"
    rf"(?![0-9.{NUMERALS}万亿]|{_UNIT.pattern}|块)"
)
_FAMILY = re.compile(f"(?P<big>[{_DIGITS}])大(?P<small>[{_DIGITS}])小")
_PERCENT = re.compile(f"百分之(?P<share>[0-9.]+|[{NUMERALS}]+)")
_DISCOUNT = re.compile(r"(?P<tenths>[0-9])\.(?P<hundredths>[0-9])(?=折)")

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def as_figures(number: str) -> str | None:
    """Figures for a number in words or in words and figures; None where it is no number.

    >>> as_figures("一百一十万"), as_figures("3千5"), as_figures("十七"), as_figures("千万")
    ('110万', '3500', '17', None)
    """
    if len(number) > _LONGEST:
        return None
    if all(char in _VALUES or char.isascii() for char in number):
        return "".join(_VALUES.get(char, char) for char in number)
    total, section, digits, step = 0.0, 0.0, "", 0
    for part in _PART.findall(number):
        if part in _TEN_THOUSANDS:
            if not (digits or section or total):
                return None
            step = _TEN_THOUSANDS[part]
            total, section, digits = (total + section + float(digits or 0)) * step, 0.0, ""
        elif part in _STEPS:
            step = _STEPS[part]
            many = float(digits or 0)
            if not many and (part != "十" or section):
                return None  # 千万, 百搭, 一十十
            section, digits = section + (many or 1) * step, ""
        else:
            if digits or part.count(".") > 1 or part == ".":
                return None
            digits = "".join(_VALUES.get(char, char) for char in part)
    if digits and not digits.startswith("0") and len(digits) == 1 and step > 10:
        section += float(digits) * step / 10  # 三千五 is 3500, 三万五 35000
    else:
        section += float(digits or 0)
    return _spell(total + section)


def _spell(value: float) -> str:
    for name, step in reversed(_TEN_THOUSANDS.items()):
        if value >= step:
            return f"{value / step:.4f}".rstrip("0").rstrip(".") + name
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _run(match: re.Match[str]) -> str:
    """Figures for a run of numerals, where it is a number."""
    run, text, end = match[0], match.string, match.end()
    unit = _UNIT.match(text, end)
    rest = ""
    if len(run) > 1 and run[-1] == "两" and not unit:  # 三两 is a weight
        run, rest = run[:-1], "两"
    elif len(run) > 1 and run[-1] in _TEN_THOUSANDS and run[0].isdigit() and run[:-1].isascii():
        return match[0]  # 8万 is as it should be
    words = sum(char in NUMERALS for char in run)
    counted = rest or unit or (run != "一" and text.startswith("块", end))
    large = not {"百", "千"}.isdisjoint(run[1:])
    scaled = not _TEN_THOUSANDS.keys().isdisjoint(run[1:])
    plain = words == len(run) >= 3 and _STEPS.keys().isdisjoint(run)
    in_points = run.endswith("十") and len(run) > 1 and text.startswith("分", end)
    if counted or large or scaled or plain or in_points:
        figures = as_figures(run)
        if figures:
            return figures + rest
    return match[0]


def _decimal(match: re.Match[str]) -> str:
    rest = "".join(_VALUES.get(char, char) for char in match["rest"])
    return f"{match['whole']}.{rest}{match['unit']}"


def _family(match: re.Match[str]) -> str:
    return f"{_VALUES[match['big']]}大{_VALUES[match['small']]}小"


def _percent(match: re.Match[str]) -> str:
    return (as_figures(match["share"]) or match["share"]) + "%"


RULES: tuple[Rule, ...] = (
    (_PERCENT, _percent),
    (_FAMILY, _family),
    (_RUN, _run),
    (_DECIMAL, _decimal),
    (_DISCOUNT, lambda match: match["tenths"] + match["hundredths"]),
)
"""What is replaced, and by what, in this order."""


def pairs() -> set[str]:
    """Two characters of which one pair at least stands wherever a rule has something to do."""
    first = {unit[0] for unit in UNITS} | {*"块万亿分大"} | {*NUMERALS}
    return (
        {a + b for a in NUMERALS for b in (*first, *"0123456789")}
        | {a + b for a in "0123456789" for b in (*NUMERALS, "米", "块", "万")}
        | {"百分"}
    )
