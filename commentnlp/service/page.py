"""What the controller on duty looks at: the live page, and the page that asks for the token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from commentnlp.report.quoting import harmless
from commentnlp.report.wording import LANGUAGES, Wording
from commentnlp.taxonomy import Taxonomy, parent_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of both pages: nothing foreign is loaded, nothing inline runs."""
ASSETS = {
    "live.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
}
"""What the pages load from ``/static/``: names and media types of files beside this one."""
FIRST = 60
"""Comments that come with the page; the stream brings the others."""
LONGEST = 300
"""Characters of a comment in the stream; its editor shows more."""
RATE = 20
"""Comments a second that the page asks the stream for. Counts do not depend on it."""
_KEPT = 2000
"""Characters of a comment that the page's editor shows; of one that the stream brought, all."""
_NAME = 60
"""Characters of the name of a person or room."""
_COMPLAINT = "complaint"
_STATES = ("new", "rising", "steady", "falling", "quiet")
_AGES = ((420, "burning"), (180, "hot"), (60, "warm"))
"""Seconds from which on a question that waits looks so."""
_HEIGHT = 24
"""Of the picture of the last hour, a minute being one wide."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("直播看板", "Live room"),
    "room": ("直播间", "Room"),
    "no_room": ("还没有直播间", "no room yet"),
    "go": ("切换", "Show"),
    "skip": ("跳到评论", "Skip to the comments"),
    "other_language": ("English", "中文"),
    "overview": ("概况", "Overview"),
    "to_hotspots": ("投诉热点", "Hotspots"),
    "to_questions": ("没人回的", "Unanswered"),
    # the connection
    "connecting": ("正在连接", "connecting"),
    "connected": ("已连接", "connected"),
    "reconnecting": ("正在重连", "reconnecting"),
    "reconnecting_in": ("{seconds} 秒后重连", "reconnecting in {seconds} s"),
    "lost": ("连接已断开", "connection lost"),
    "lost_in": (
        "连接已断开 {age}，{seconds} 秒后重试",
        "lost for {age}, next try in {seconds} s",
    ),
    "retry": ("立即重连", "Reconnect now"),
    "old": (
        "连接断了，数字停在 {at}",
        "Not connected: the figures stand as of {at}",
    ),
    "no_script": (
        "浏览器没有运行脚本：这一页不会自己更新，请手动刷新。",
        "Scripts are off: this page does not update by itself; reload it.",
    ),
    "sound_off": ("提示音：关", "Sound off"),
    "sound_on": ("提示音：开", "Sound on"),
    # figures
    "rate": ("每分钟评论", "comments a minute"),
    "mean": ("一小时平均 {rate}", "mean of the hour {rate}"),
    "last_hour": ("最近一小时，每分钟的评论", "comments of each minute of the last hour"),
    "peak": ("最高 {comments} 条 · {at}", "peak {comments} at {at}"),
    "hour_ago": ("一小时前", "an hour ago"),
    "now": ("现在", "now"),
    "people": ("说话的人", "people"),
    "comments": ("评论", "comments"),
    "waiting": ("等回应的问题", "questions waiting"),
    "of_minutes": ("近 {minutes} 分钟", "last {minutes} min"),
    # hotspots
    "hotspots": ("投诉热点", "Complaint hotspots"),
    "no_hotspots": ("没有投诉热点", "No complaint hotspot"),
    "calm": (
        "有人抱怨多起来，这里会马上亮。",
        "As soon as a complaint picks up, it shows here.",
    ),
    "times": ("平时的 {times} 倍", "{times}× usual"),
    "unusual": ("平时没有", "usually none"),
    "by": ("{people} 人", "{people} people"),
    "by_one": ("1 人", "1 person"),
    "lines": ("{comments} 条", "{comments} comments"),
    "lines_one": ("1 条", "1 comment"),
    "since": ("{at} 起", "since {at}"),
    "show_label": ("只看“{label}”的评论", "Show only comments on “{label}”"),
    "new_hotspot": ("投诉热点：{label}，{state}", "Complaint hotspot: {label}, {state}"),
    # questions
    "unanswered": ("还没人回的问题", "Unanswered questions"),
    "no_unanswered": ("没有在等回应的问题", "No question is waiting"),
    "typed_only": ("只看得到打字的回复", "typed answers only"),
    "asked": ("现在在问什么", "Asked right now"),
    "no_asked": ("最近没有人提问", "Nobody asked anything lately"),
    "answered_all": ("都答了", "answered"),
    "answered_none": ("没人答", "not answered"),
    "answered_some": ("答了 {answered}/{comments}", "{answered} of {comments} answered"),
    # the stream
    "stream": ("评论", "Comments"),
    "no_stream": ("还没有评论", "No comments yet"),
    "send": (
        "把评论发到 POST /v1/events，马上出现在这里。",
        "Send some to POST /v1/events and they appear here at once.",
    ),
    "no_match": ("没有符合的评论", "No comment with these labels"),
    "filter": ("按标签筛选", "Filter by label"),
    "all": ("全部", "All"),
    "pause": ("暂停", "Pause"),
    "go_on": ("继续", "Resume"),
    "fresh": ("{comments} 条新评论", "{comments} new"),
    "gap": ("中间有 {comments} 条没有显示", "{comments} not shown here"),
    "sampled": (
        "评论太快，这里只显示一部分；数字按全部算。",
        "Too fast to show all comments; the figures count every one.",
    ),
    "edit": ("改标签", "Correct labels"),
    "corrected_by": ("{by}改过", "corrected by {by}"),
    # the editor
    "whole": ("评论原文", "The comment"),
    "who": ("你是谁", "Your name"),
    "who_hint": ("会和修改一起保存", "kept with the correction"),
    "note": ("备注（可不填）", "Note (optional)"),
    "save": ("保存", "Save"),
    "cancel": ("取消", "Cancel"),
    "saving": ("正在保存…", "Saving…"),
    "saved": ("已保存", "Saved"),
    "undo": ("撤销修改", "Undo correction"),
    "undone": ("已撤销", "Undone"),
    "failed": ("没有保存：{why}", "Not saved: {why}"),
    "no_answer": ("服务没有回应，请再试一次", "the service did not answer, try again"),
    # the model
    "model": ("模型 {version}", "model {version}"),
    "updated": ("更新于 {at}", "as of {at}"),
    "model_changed": (
        "模型已换成 {version}，新评论用新模型打标签。",
        "The model is now {version}: new comments are tagged by it.",
    ),
    "due": (
        "模型该重新训练了：看看为什么",
        "Retraining of the model is due: see why",
    ),
    "reload": ("刷新页面", "Reload"),
    "close": ("知道了", "Dismiss"),
    # the door
    "login": ("登录", "Sign in"),
    "token": ("口令", "Token"),
    "token_hint": (
        "启动服务时设的 COMMENTNLP_TOKEN。",
        "The COMMENTNLP_TOKEN that the service was started with.",
    ),
    "wrong": ("口令不对，请再输一次。", "That is not the token. Try again."),
}


def page(
    now: Mapping[str, Any],
    comments: Iterable[Mapping[str, Any]],
    model: Mapping[str, Any],
    rooms: Sequence[tuple[str, int]],
    *,
    room: str,
    language: str,
    after: int = 0,
) -> str:
    """The live page of a room: all that is known now, and a script that keeps it so.

    ``now`` is what the stream's ``event: now`` says, ``comments`` the latest ones as
    ``/v1/comments`` has them, ``model`` what ``/v1/model`` answers, ``rooms`` the rooms with the
    milliseconds since 1970 of their last event. The stream goes on behind ``after``, the last seq
    of the store when the comments were read, or behind the last comment. Raises CommentnlpError
    for a language that is neither ``zh`` nor ``en``.
    """
    words = Wording(language)
    taxonomy = Taxonomy.from_json(model["facets"])
    shown = sorted(comments, key=lambda one: one["seq"], reverse=True)[:FIRST]
    view = _base(language) | {
        "room": room,
        "room_name": room[:_NAME],
        "rooms": _rooms(rooms, room, now),
        "after": max([after, *(one["seq"] for one in shown)]),
        "rate_asked": RATE,
        "now": now,
        "version": model["version"],
        "week_ago": int(datetime.fromisoformat(now["at"]).timestamp()) - 7 * 86_400,
        "due": bool((model.get("drift") or {}).get("due")),
        "taxonomy": taxonomy,
        "exact": escape,
        "name": lambda facet, label="": taxonomy.name(facet, label, language=language),
        "state_of": lambda state: words.say(f"state.{state}"),
        "script_words": _attribute(
            {key: _said(key, language) for key in _WORDS}
            | {f"state.{state}": words.say(f"state.{state}") for state in _STATES}
        ),
        "comments": [_comment(one, taxonomy, language) for one in shown],
        "hotspots": sorted(now["hotspots"], key=lambda one: _STATES.index(one["state"])),
        "unanswered": sorted(now["unanswered"], key=lambda one: -one["people"] * one["seconds"]),
        "counted": {f"{one['facet']}/{one['label']}": one["comments"] for one in now["labels"]},
        "hour": _hour(now["series"], language),
        "pieces": pieces,
        "parent_of": parent_of,
    }
    return _written("live.html.jinja", view)


def login_page(language: str, wrong: bool = False) -> str:
    """The page that asks for the service's token and sends it to ``/login`` as ``token``."""
    return _written("login.html.jinja", _base(language) | {"wrong": wrong})


def asset(name: str) -> bytes:
    """A file of `ASSETS`."""
    return (Path(__file__).parent / name).read_bytes()


def language_of(asked: str, accepted: str, otherwise: str = "zh") -> str:
    """The page's language: what ``?lang=`` asks for, else what the browser likes best.

    >>> language_of("", "fr, en-GB;q=0.8, zh;q=0.7"), language_of("zh", "en"), language_of("", "")
    ('en', 'zh', 'zh')
    """
    if asked in LANGUAGES:
        return asked
    best, found = 0.0, otherwise
    for part in accepted.split(","):
        tag, _, quality = part.partition(";")
        try:
            liked = float(quality.partition("=")[2] or 1)
        except ValueError:
            continue
        language = tag.strip().lower().partition("-")[0]
        if language in LANGUAGES and liked > best:
            best, found = liked, language
    return found


def pieces(
    text: str, evidence: Iterable[Mapping[str, Any]], most: int = LONGEST
) -> list[tuple[str, tuple[str, ...]]]:
    """A comment cut where its evidence begins and ends: stretches, and the labels of each.

    >>> pieces("有色差吗", [{"label": "color", "start": 1, "end": 3}])
    [('有', ()), ('色差', ('color',)), ('吗', ())]
    """
    end = min(len(text), most)
    spans = [
        (max(0, one["start"]), min(end, one["end"]), one["label"])
        for one in evidence
        if max(0, one["start"]) < min(end, one["end"])
    ]
    cuts = sorted({0, end, *(start for start, _, _ in spans), *(stop for _, stop, _ in spans)})
    out = [
        (
            text[start:stop],
            tuple(dict.fromkeys(label for a, b, label in spans if a <= start < b)),
        )
        for start, stop in pairwise(cuts)
    ]
    return [*out, ("…", ())] if end < len(text) else out


# ---------------------------------------------------------------- what the templates know


def _base(language: str) -> dict[str, Any]:
    Wording(language)  # refuses a language that there is not
    return {
        "language": language,
        "other": LANGUAGES[1 - LANGUAGES.index(language)],
        "say": lambda key, **values: _said(key, language).format(**values),
        "clock": _clock,
        "number": _number,
        "age": _age,
        "how_old": _how_old,
        "asset": lambda name: f"/static/{name}?v={_digest(name)}",
    }


def _said(key: str, language: str) -> str:
    return _WORDS[key][LANGUAGES.index(language)]


def _rooms(
    rooms: Sequence[tuple[str, int]], room: str, now: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Rooms to choose from, their names, and the clock of their last event.

    The one shown is among them.
    """
    zone = datetime.fromisoformat(now["at"]).tzinfo
    out = [
        (one, one[:_NAME], f"{datetime.fromtimestamp(at / 1000, zone):%H:%M}") for one, at in rooms
    ]
    return out if any(one == room for one, _, _ in out) else [(room, room[:_NAME], ""), *out]


def _comment(one: Mapping[str, Any], taxonomy: Taxonomy, language: str) -> dict[str, Any]:
    """A comment of the first ones: what is shown, and what the script has to know."""
    tags = [
        (facet, tag["label"], tag["score"])
        for facet in taxonomy.facets
        for tag in one.get(facet) or ()
    ]
    facet_of = {label: facet for facet, label, _ in tags}
    evidence = one.get("evidence") or ()
    keys = ("seq", "time", "name", "corrected", "correction", *taxonomy.facets)
    known = {key: one[key] for key in keys if key in one}
    known["text"] = one["text"][:_KEPT]
    known["evidence"] = [{key: e[key] for key in ("label", "start", "end")} for e in evidence]
    return {
        "seq": one["seq"],
        "time": one["time"],
        "name": (one.get("name") or "")[:_NAME],
        "pieces": [
            (
                text,
                _loudest([facet_of.get(label, "") for label in labels]),
                " · ".join(
                    taxonomy.name(facet_of[label], label, language=language)
                    for label in labels
                    if label in facet_of
                ),
            )
            for text, labels in pieces(one["text"], evidence)
        ],
        "tags": tags,
        "corrected": _by_whom(one, language) if one.get("corrected") else "",
        "trouble": any(facet == _COMPLAINT for facet, _, _ in tags),
        "known": _attribute(known),
    }


def _by_whom(one: Mapping[str, Any], language: str) -> str:
    return _said("corrected_by", language).format(by=one["correction"]["by"][:_NAME] or "?")


def _loudest(facets: Sequence[str]) -> str:
    """The facet whose colour a stretch gets: complaints before all else."""
    return _COMPLAINT if _COMPLAINT in facets else (facets[0] if facets else "")


def _hour(series: Sequence[Mapping[str, Any]], language: str) -> dict[str, str]:
    """The picture of the last hour: outlines of its bars, and what it says in words."""
    counts = [one["comments"] for one in series][-60:]
    most = max(counts, default=0)
    whole = counts[:-1]
    while whole and not whole[0]:
        whole = whole[1:]  # the show had not begun
    bars = [_bar(place + 60 - len(counts), count, most) for place, count in enumerate(counts)]
    mean = _number(sum(whole) / len(whole)) if whole else ""
    peak = ""
    if most:
        at = _clock(series[-len(counts) :][counts.index(most)]["minute"])[:5]
        peak = _said("peak", language).format(comments=_number(most), at=at)
    return {
        "past": "".join(bars[:-1]),
        "present": "".join(bars[-1:]),
        "mean": _said("mean", language).format(rate=mean) if mean else "",
        "peak": peak,
    }


def _bar(place: int, count: int, most: int) -> str:
    height = max(0.6, _HEIGHT * count / most) if count else 0.3
    return f"M{place + 0.12:.2f} {_HEIGHT}v-{height:.2f}h.76V{_HEIGHT}z"


def _clock(time: str) -> str:
    """Of an ISO time, by its own zone: 20:15:03."""
    return time[11:19]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")


def _age(seconds: float) -> str:
    """As 7:05, or 1:12:30."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _how_old(seconds: float) -> str:
    return next((name for least, name in _AGES if seconds >= least), "young")


def _attribute(value: object) -> Markup:
    """JSON in plain ASCII, escaped: it may stand in an attribute and comes out unchanged."""
    return escape(json.dumps(value, separators=(",", ":")))


@cache
def _digest(name: str) -> str:
    return sha256(asset(name)).hexdigest()[:12]


def _plain(value: object) -> object:
    """What strangers typed changes nothing around it; blanks at its ends stay."""
    if type(value) is not str:
        return value
    before, behind = (" " if end.isspace() else "" for end in (value[:1], value[-1:]))
    return f"{before}{clean}{behind}" if (clean := harmless(value)) else before


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        finalize=_plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _written(template: str, view: Mapping[str, Any]) -> str:
    text: Callable[..., str] = _templates().get_template(template).render
    return text(view).encode("utf-8", "replace").decode("utf-8")
