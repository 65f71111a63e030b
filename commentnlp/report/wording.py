"""What the report says in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from commentnlp.errors import CommentnlpError

LANGUAGES = ("zh", "en")

_WORDS: Mapping[str, tuple[str, str]] = {
    # kinds of events
    "kind.comment": ("评论", "comments"),
    "kind.emoji": ("表情", "emoji"),
    "kind.like": ("点赞", "likes"),
    "kind.enter": ("进房", "entries"),
    "kind.follow": ("关注", "follows"),
    "kind.share": ("分享", "shares"),
    "kind.gift": ("礼物", "gifts"),
    "kind.fanclub": ("粉丝团", "fan club"),
    "kind.cart": ("加购", "carts"),
    "kind.purchase": ("购买", "purchases"),
    "kind.coupon": ("领券", "coupons taken"),
    "kind.coupon_offer": ("发券", "coupons offered"),
    "kind.push": ("推送商品", "items pushed"),
    "kind.explain_start": ("开始讲解", "explaining begun"),
    "kind.explain": ("正在讲解", "explaining"),
    "kind.explain_end": ("结束讲解", "explaining ended"),
    "kind.stats": ("统计", "statistics"),
    "kind.session_start": ("开播", "show begins"),
    "kind.session_end": ("下播", "show ends"),
    "kind.system": ("系统", "system"),
    # states of a hotspot
    "state.new": ("新出现", "new"),
    "state.rising": ("升温", "rising"),
    "state.steady": ("平稳", "steady"),
    "state.falling": ("回落", "falling"),
    "state.quiet": ("零星", "quiet"),
    # keys of slices
    "slice.warm_up": ("预热", "warm-up"),
    "slice.peak": ("高峰", "peak"),
    "slice.closing": ("收尾", "closing"),
    "slice.busy": ("热闹时段", "busy windows"),
    "slice.rest": ("其余时间", "the rest"),
    "slice.core": ("铁粉", "core"),
    "slice.regular": ("常客", "regulars"),
    "slice.newcomer": ("新客", "newcomers"),
    "slice.unknown": ("身份不明", "unknown"),
    # what answered
    "by.name": ("点名回复", "by name"),
    "by.item": ("讲到该商品", "by item"),
    "by.words": ("同一话题", "by words"),
    # what tiers go by
    "tiers.fan": ("按粉丝团等级", "by fan-club level"),
    "tiers.pay": ("按消费等级", "by pay level"),
    "tiers.activity": ("按发言与购买", "by comments and purchases"),
    # sections
    "title": ("直播间互动报告", "Livestream room report"),
    "section.activity": ("互动节奏", "Activity"),
    "section.topics": ("观众关心什么", "What viewers care about"),
    "section.responses": ("主播响应", "Were they answered"),
    "section.hotspots": ("投诉热点", "Complaint hotspots"),
    "section.tiers": ("粉丝层级", "Fan tiers"),
    "section.quality": ("数据质量", "Data quality"),
    # shared by the renderers
    # the page
    # the pictures
    # workbook and Markdown
}


class Wording:
    """One language. Keys are those of this file; an unknown one is a mistake of ours."""

    def __init__(self, language: str) -> None:
        """Take ``zh`` or ``en``. Raises CommentnlpError for another."""
        if language not in LANGUAGES:
            raise CommentnlpError(f"language {language!r}: there are {' and '.join(LANGUAGES)}")
        self.language = language
        self._place = LANGUAGES.index(language)

    def say(self, key: str, **values: object) -> str:
        """The words of a key, with ``{name}`` filled in."""
        return _WORDS[key][self._place].format(**values)

    def kind(self, kind: str) -> str:
        """Name of a kind of event; a tool's own kind stays as it is."""
        return self.say(f"kind.{kind}") if f"kind.{kind}" in _WORDS else kind

    def weekday(self, day: int) -> str:
        """Short name of a weekday, 0 for Monday."""
        if self.language == "zh":
            return "周" + "一二三四五六日"[day]
        return ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day]

    def name(self, names: Mapping[str, Mapping[str, str]], facet: str, label: str = "") -> str:
        """Display name of a facet or label, given ``Report.names``."""
        key = f"{facet}/{label}" if label else facet
        return names.get(key, {}).get(self.language) or label or facet


def clock(time: datetime | None) -> str:
    """As 20:15; a dash where there is no time."""
    return f"{time:%H:%M}" if time else "–"


def percent(share: float) -> str:
    """As 12 %, with one figure after the point below ten."""
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"
