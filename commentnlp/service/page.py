"""What the controller on duty looks at: the live page, and the page that asks for the token."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
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
"""Rows of comments that come with the page; the stream brings the others."""
READ = 300
"""Comments that those rows are made of: the same words are one row."""
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
_NO_WORD = re.compile(r"[\W_]+")
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
    # the source
    "source.live": ("直播中 · {age}前", "live · {age} ago"),
    "source.silent": ("{age} 没有新数据", "silent for {age}"),
    "source.ended": ("已结束 · 最后 {at}", "ended · last {at}"),
    "source.none": ("没有数据", "no data"),
    "silent.silent": (
        "{age} 没有收到任何数据：请检查采集弹幕的程序。下面的数字只到 {at}。",
        "Nothing has come in for {age}: check what collects the comments. The figures end at {at}.",
    ),
    "silent.ended": (
        "最后一条数据是 {at}：直播已结束，或者数据断了。",
        "The last event is of {at}: the show is over, or its source is cut off.",
    ),
    "silent.none": (
        "从没收到过这个直播间的数据：请核对名字，或等第一条评论。",
        "Nothing ever came in from this room: check its name, or wait for the first comment.",
    ),
    "no_telling": ("没有新数据，看不出有没有投诉", "No data: complaints cannot be seen"),
    "no_waiting_known": ("没有新数据", "No data"),
    "elsewhere": ("别的直播间有投诉：", "Complaints in other rooms:"),
    "burns": ("{room}：{spots}", "{room}: {spots}"),
    "burns_label": ("{label} {people} 人", "{label}, {people} people"),
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
    "sound_waits": ("提示音：点一下页面才会响", "Sound: click the page first"),
    # figures
    "voice_rate": ("每分钟有效发言", "voices a minute"),
    "voice_hint": (
        "不算快捷短语、广告和同一人的重复",
        "without one-tap phrases, spam and what a person repeats",
    ),
    "rate": ("全部 {rate} 条/分", "all lines: {rate}/min"),
    "noise": ("快捷短语 {one_tap} · 广告 {spam}", "one-tap {one_tap} · spam {spam}"),
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
    "as_usual": ("和平时差不多", "about as usual"),
    "no_past": ("还没有对照", "no comparison yet"),
    "pasted": ("{people} 人在刷同一句：", "{people} people paste the same words: "),
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
    "first_of": ("列出前 {listed} 个，共 {all} 个", "first {listed} of {all}"),
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
    "matters": ("只看投诉和提问", "Complaints and questions"),
    "hide": ("隐藏快捷短语和广告", "Hide one-tap and spam"),
    "one_tap": ("快捷短语", "one-tap"),
    "spam": ("广告", "spam"),
    "same": ("{times} 条一样的，最近一条的时间", "{times} with the same words; time of the last"),
    "report": ("最近一天的报告", "Report of the last day"),
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
    "wait": (
        "输错的次数太多了，请 {seconds} 秒后再试。",
        "Too many wrong tokens. Try again in {seconds} s.",
    ),
    "logout": ("退出登录", "Sign out"),
    "logout_hint": (
        "这台设备要再看直播看板，就得重新输入口令。",
        "This device has to show the token again to see the live page.",
    ),
    "back": ("回到看板", "Back to the live page"),
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
    burning: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({}),
) -> str:
    """The live page of a room: all that is known now, and a script that keeps it so.

    ``now`` is what the stream's ``event: now`` says, ``comments`` the latest ones as
    ``/v1/comments`` has them, ``model`` what ``/v1/model`` answers, ``rooms`` the rooms with the
    milliseconds since 1970 of their last event, ``burning`` the complaints that rise in each room.
    The stream goes on behind ``after``, the last seq
    of the store when the comments were read, or behind the last comment. Raises CommentnlpError
    for a language that is neither ``zh`` nor ``en``.
    """
    words = Wording(language)
    taxonomy = Taxonomy.from_json(model["facets"])
    latest = sorted(comments, key=lambda one: one["seq"], reverse=True)
    today = now["at"][:10]
    view = _base(language) | {
        "room": room,
        "room_name": room[:_NAME],
        "rooms": _rooms(rooms, room, now),
        "after": max([after, *(one["seq"] for one in latest)]),
        "when": lambda time, short=False: _when(time, today, short=short),
        "source": _source(now, today, language),
        "compared": lambda spot: _compared(spot, language),
        "elsewhere": [
            (
                other,
                _said("burns", language).format(
                    room=other[:_NAME],
                    spots=" · ".join(
                        _said("burns_label", language).format(
                            label=taxonomy.name(spot["facet"], spot["label"], language=language),
                            people=spot["people"],
                        )
                        for spot in spots
                    ),
                ),
            )
            for other, spots in burning.items()
            if other != room
        ],
        "burning": _attribute(dict(burning)),
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
        "comments": [
            _comment(one, taxonomy, language, also) for one, also in _folded(latest)[:FIRST]
        ],
        "families": families(now["hotspots"]),
        "unanswered": sorted(now["unanswered"], key=lambda one: -one["people"] * one["seconds"]),
        "counted": {f"{one['facet']}/{one['label']}": one["comments"] for one in now["labels"]},
        "hour": _hour(now["series"], language),
        "pieces": pieces,
        "parent_of": parent_of,
    }
    return _written("live.html.jinja", view)


def login_page(language: str, wrong: bool = False, *, seconds: int = 0, query: str = "") -> str:
    """The page that asks for the service's token and sends it to ``/login`` as ``token``.

    ``wrong`` says that the last one was, ``seconds`` how long to wait for the next try; ``query``
    is what the live page was asked for, without its language.
    """
    view = {"wrong": wrong, "seconds": seconds, "query": query}
    return _written("login.html.jinja", _base(language) | view)


def logout_page(language: str) -> str:
    """The page whose button sends a POST to ``/logout``."""
    return _written("logout.html.jinja", _base(language))


def asset_address(name: str) -> str:
    """Where a file of `ASSETS` is served; another address for other content."""
    return f"/static/{name}?v={_digest(name)}"


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


def families(spots: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Complaints as cards: each with its leaves beneath, the loudest card first.

    A card has ``spot``, the ``leaves`` beneath it, and ``state``, the loudest of theirs. A leaf
    whose parent is not told has a card of its own.
    """
    spots = list(spots)
    told = {(one["facet"], one["label"]) for one in spots}
    cards: dict[tuple[str, str], dict[str, Any]] = {}
    for one in spots:
        parent = one["facet"], parent_of(one["label"])
        if parent not in told:
            cards[one["facet"], one["label"]] = {"spot": one, "leaves": [], "state": one["state"]}
    for one in spots:
        card = cards.get((one["facet"], parent_of(one["label"])))
        if card:
            card["leaves"].append(one)
            card["state"] = min(card["state"], one["state"], key=_STATES.index)
    return sorted(cards.values(), key=lambda card: _STATES.index(card["state"]))


def _folded(
    comments: Iterable[Mapping[str, Any]],
) -> list[tuple[Mapping[str, Any], list[int]]]:
    """Comments, the latest first, of those with the same words one: it, and seqs of the others."""
    rows: dict[str, tuple[Mapping[str, Any], list[int]]] = {}
    for one in comments:
        key = _NO_WORD.sub("", one["text"].lower()) or one["text"]
        if key in rows:
            rows[key][1].append(one["seq"])
        else:
            rows[key] = one, []
    return list(rows.values())


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
        "asset": asset_address,
    }


def _said(key: str, language: str) -> str:
    return _WORDS[key][LANGUAGES.index(language)]


def _rooms(
    rooms: Sequence[tuple[str, int]], room: str, now: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Rooms to choose from, their names, and the time of their last event.

    The one shown is among them.
    """
    zone = datetime.fromisoformat(now["at"]).tzinfo
    out = [
        (
            one,
            one[:_NAME],
            _when(datetime.fromtimestamp(at / 1000, zone).isoformat(), now["at"][:10], short=True),
        )
        for one, at in rooms
    ]
    return out if any(one == room for one, _, _ in out) else [(room, room[:_NAME], ""), *out]


def _source(now: Mapping[str, Any], today: str, language: str) -> dict[str, Any]:
    """What the page says of the room's source, and what it warns of."""
    kind = now["source"]
    values = {
        "age": _age(now["last_event_seconds"] or 0),
        "at": _when(now["last_event"] or now["at"], today, short=True),
    }
    return {
        "kind": kind,
        "last": _attribute({"at": now["last_event"], "seconds": now["last_event_seconds"]}),
        "words": _said(f"source.{kind}", language).format(**values),
        "warning": "" if kind == "live" else _said(f"silent.{kind}", language).format(**values),
    }


def _compared(spot: Mapping[str, Any], language: str) -> str:
    """How a complaint stands against its usual level, in words that fit its state."""
    if spot["state"] == "quiet":
        return ""
    if spot["usual"] is None:
        return _said("no_past", language)
    if spot["state"] == "steady":
        return _said("as_usual", language)
    if spot["times"]:
        return _said("times", language).format(times=_number(spot["times"]))
    return "" if spot["usual"] else _said("unusual", language)


def _comment(
    one: Mapping[str, Any], taxonomy: Taxonomy, language: str, also: Sequence[int] = ()
) -> dict[str, Any]:
    """A comment of the first ones: what is shown, and what the script has to know."""
    tags = [
        (facet, tag["label"], tag["score"])
        for facet in taxonomy.facets
        for tag in one.get(facet) or ()
    ]
    facet_of = {label: facet for facet, label, _ in tags}
    evidence = one.get("evidence") or ()
    fields = ("seq", "time", "name", "noise", "corrected", "correction", *taxonomy.facets)
    known = {key: one[key] for key in fields if key in one}
    known |= {"times": 1 + len(also), "also": also}
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
        "noise": one.get("noise", ""),
        "times": 1 + len(also),
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


def _when(time: str, today: str, *, short: bool = False) -> str:
    """The clock of an ISO time; before it the day, where that is not ``today``."""
    clock = time[11:16] if short else _clock(time)
    if time[:10] == today:
        return clock
    day = time[5:10] if time[:4] == today[:4] else time[:10]
    return f"{day} {clock}"


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
