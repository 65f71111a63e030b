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
    "table.overview": ("概览", "Overview"),
    "table.steps": ("分时数据", "Over time"),
    "table.spells": ("热闹与冷场", "Busy and cold spells"),
    "table.phases": ("直播阶段", "Phases"),
    "table.contrast": ("热闹时段对比其余时间", "Busy windows against the rest"),
    "table.compared": ("与往期同时段对比", "Same hour of earlier shows"),
    "table.week": ("每周各时段", "Hours of the week"),
    "table.topics": ("各标签占比", "Topics"),
    "table.topics_by_step": ("各标签分时占比", "Topics over time"),
    "table.words": ("分时关键词", "Words over time"),
    "table.questions": ("高频问题", "Most asked questions"),
    "table.products": ("提到的品类", "Product kinds named"),
    "table.items": ("讲解商品", "Items explained"),
    "table.answers": ("回复情况", "Answers"),
    "table.answers_by_step": ("分时回复率", "Answers over time"),
    "table.examples": ("回复示例", "Examples of answers"),
    "table.unanswered": ("一直没人回的问题", "Never answered"),
    "table.hotspots": ("投诉一览", "Complaints"),
    "table.hotspot_steps": ("投诉分时", "Complaints over time"),
    "table.concerned": ("涉及商品与品类", "What the complaints are about"),
    "table.tiers": ("各层级互动", "By tier"),
    "table.tier_topics": ("各层级占比", "Topics by tier"),
    "table.newcomers": ("新客先问什么", "First questions of newcomers"),
    "table.upset": ("投诉未获回复的老买家", "Heavy buyers who complained, unanswered"),
    "table.quotes": ("评论原文", "Quotes"),
    "table.figures": ("数据口径", "What the figures rest on"),
    "table.files": ("读取的文件", "Files"),
    "table.remarks": ("异常行", "Odd lines"),
    "table.kinds": ("事件类型", "Kinds of events"),
    "table.canned": ("快捷短语", "One-tap phrases"),
    "table.floods": ("刷屏", "Floods"),
    "table.spam": ("广告", "Spam"),
    "all": ("全场", "whole show"),
    "yes": ("是", "yes"),
    "room": ("直播间", "room"),
    "span": ("时间", "time"),
    "no_time": ("文件没有时间", "the file has no times"),
    "spread": ("时间为估算，分时数据仅供参考", "times are estimated: take hours with care"),
    "live": ("直播时长（分钟）", "minutes live"),
    "minutes": ("分钟", "minutes"),
    "comments": ("评论条数", "comments"),
    "people": ("人数", "people"),
    "writers": ("发言人数", "people"),
    "lines": ("条数", "lines"),
    "voices": ("有效条数", "own words"),
    "per_minute": ("每分钟", "a minute"),
    "comments_per_minute": ("每分钟评论", "comments a minute"),
    "share": ("占比", "share"),
    "low": ("95%区间下限", "95% from"),
    "high": ("95%区间上限", "95% to"),
    "interval": ("95%区间", "95% interval"),
    "times": ("倍数", "times"),
    "times_usual": ("平时的倍数", "times the usual"),
    "start": ("开始", "from"),
    "end": ("结束", "to"),
    "when": ("时段", "when"),
    "hour": ("钟点", "hour"),
    "most": ("最多提到", "most about"),
    "spell": ("类型", "spell"),
    "busy": ("热闹", "busy"),
    "cold": ("冷场", "cold"),
    "quote": ("例句", "quote"),
    "phase": ("阶段", "phase"),
    "facet": ("维度", "facet"),
    "label": ("标签", "label"),
    "difference": ("相差", "difference"),
    "clear": ("差异明显", "clear"),
    "here": ("本场", "this show"),
    "there": ("往期", "earlier"),
    "change": ("变化", "change"),
    "moved": ("占比明显变化", "shares that moved"),
    "weekday": ("星期", "weekday"),
    "word": ("关键词", "word"),
    "voices_here": ("本时段", "here"),
    "voices_elsewhere": ("其他时段", "elsewhere"),
    "z": ("显著度 z", "z"),
    "question": ("问题", "question"),
    "top_question": ("最常问", "most asked"),
    "answered": ("已回复", "answered"),
    "wordings": ("其他问法", "other wordings"),
    "product": ("品类", "product kind"),
    "item": ("商品", "item"),
    "asked": ("提问条数", "questions"),
    "answer_share": ("回复率", "answered share"),
    "window": ("多少秒内算回复", "an answer must come within, s"),
    "host_lines": ("主播和场控打字条数", "lines typed by host and staff"),
    "announcements": ("其中播报", "announcements among them"),
    "median_wait": ("等待中位数（秒）", "median wait, s"),
    "p90_wait": ("九成等待不超过（秒）", "nine in ten wait at most, s"),
    "no_host": (
        "主播和场控没有打字，无法统计回复。",
        "Host and staff typed nothing: answers cannot be counted.",
    ),
    "spoken": (
        "只统计打字和讲解商品，口头回复不在内",
        "counts what was typed and items shown, not what was said aloud",
    ),
    "answer": ("回复", "answer"),
    "wait": ("等待（秒）", "wait, s"),
    "by": ("方式", "how"),
    "state": ("状态", "state"),
    "peak": ("最突出时段", "stands out at"),
    "earlier_share": ("往期占比", "earlier share"),
    "words": ("关键词", "words"),
    "items": ("相关商品", "items"),
    "products": ("相关品类", "product kinds"),
    "first": ("最早一条", "first"),
    "worst": ("最典型一条", "plainest"),
    "expected": ("预期条数", "expected"),
    "p": ("偶然概率 p", "p"),
    "rising": ("升温", "rising"),
    "no_hotspots": ("没有投诉。", "No complaints."),
    "tier": ("层级", "tier"),
    "level": ("等级", "level"),
    "per_person": ("人均评论", "comments a person"),
    "comments_share": ("评论占比", "share of comments"),
    "tiers_by": ("分层依据", "tiers"),
    "who": ("用户", "who"),
    "purchases": ("购买次数", "purchases"),
    "text": ("评论", "comment"),
    "time": ("时间", "time"),
    "file": ("文件", "file"),
    "line": ("行号", "line"),
    "figure": ("项目", "figure"),
    "value": ("数值", "value"),
    "rows": ("记录数", "rows"),
    "rows_lost": ("读不出的行", "lines that are no rows"),
    "twice": ("重复记录（已剔除）", "recorded twice (left out)"),
    "outside": ("时间范围外（已剔除）", "outside the span (left out)"),
    "host_comments": ("主播、场控和系统发言", "comments of host, staff, system"),
    "blank": ("空评论", "comments without text"),
    "different": ("不同内容", "different texts"),
    "canned": ("快捷短语条数", "one-tap lines"),
    "flood_lines": ("刷屏条数", "lines of floods"),
    "spam": ("广告条数", "lines of spam"),
    "repeats": ("同一人重复发言", "said again by the same person"),
    "without_time": ("没有时间的记录", "events without a time"),
    "backwards": ("时间倒退的记录", "events that stand after a later one"),
    "estimated": ("时间为估算", "times are estimated"),
    "hidden": ("匿名用户的记录", "events of hidden people"),
    "likes": ("点赞数", "likes"),
    "likes_total": ("平台累计点赞", "likes by the tool's own total"),
    "unknown_kinds": ("不认识的事件类型", "unknown kinds of events"),
    "earlier_files": ("往期文件", "earlier files"),
    "shares": (
        "占有效条数：快捷短语和广告不算，同一人同一时段重复只算一次",
        "of own words: without one-tap phrases and spam, repeats of a person once a step",
    ),
    "step": ("每个时段（分钟）", "minutes of a step"),
    "model": ("模型", "model"),
    "zone": ("时区", "time zone"),
    "tool": ("来源", "written by"),
    "encoding": ("编码", "encoding"),
    "odd": ("异常行（已保留）", "odd, kept"),
    "lost": ("丢弃行", "lost"),
    "notes": ("备注", "notes"),
    "why": ("原因", "why"),
    "count": ("次数", "count"),
    "first_lines": ("行号（前几处）", "lines, first ones"),
    "kind": ("类型", "kind"),
    "phrase": ("内容", "phrase"),
    # the page
    # the pictures
    # workbook and Markdown
    "sheet.overview": ("概览", "overview"),
    "sheet.steps": ("分时", "over time"),
    "sheet.contrast": ("时段对比", "spells and phases"),
    "sheet.topics": ("关注点", "topics"),
    "sheet.topics_by_step": ("关注点分时", "topics over time"),
    "sheet.words": ("关键词", "words"),
    "sheet.questions": ("问题", "questions"),
    "sheet.items": ("商品", "items"),
    "sheet.responses": ("主播响应", "responses"),
    "sheet.hotspots": ("投诉热点", "hotspots"),
    "sheet.tiers": ("粉丝层级", "tiers"),
    "sheet.quotes": ("评论原文", "quotes"),
    "sheet.quality": ("数据质量", "quality"),
    "in_zone": ("{name}（{zone}）", "{name} ({zone})"),
    "section": ("板块", "section"),
    "about": ("对应数字", "behind"),
    "more": ("另有 {count} 行未列出。", "{count} more rows."),
    "busiest_only": (
        "只列评论最多的 {count} 个时段，共 {all} 个。",
        "The {count} busiest of {all}.",
    ),
    "more_quotes": (
        "另有 {count} 条未列出，完整内容见 JSON 报告。",
        "{count} more; the JSON report has all.",
    ),
    "comments_and_purchases": ("评论与购买", "Comments and purchases"),
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
    return f"{share:.1%}" if share < 0.0995 else f"{share:.0%}"
