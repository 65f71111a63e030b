"""The report at a glance: key figures and a few sentences, and how figures are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from commentnlp.report.records import (
    Activity,
    Hotspot,
    Labelled,
    Question,
    Quote,
    Report,
    Spell,
    Tier,
)
from commentnlp.report.wording import Wording, clock, percent
from commentnlp.taxonomy import parent_of

_TO_WATCH = ("new", "rising")
_ACT = "act"


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure: what it is, how much, what to know about it."""

    name: str
    value: str
    more: str
    quotes: tuple[Quote, ...] = ()
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Sentence:
    """What mattered, and the comments that show it."""

    text: str
    quotes: tuple[Quote, ...] = ()
    lines: int = 0


def number(count: float) -> str:
    """As 12,345; small ones that are not whole as 3.4."""
    if count == int(count) or count >= 100:
        return f"{count:,.0f}"
    return f"{count:.1f}"


def interval(low: float, high: float) -> str:
    """Both ends of a share: 12–16%."""
    return f"{percent(low).removesuffix('%')}–{percent(high)}"


def per_hundred(share: float) -> str:
    """As 3.2."""
    return f"{100 * share:.1f}"


def label_name(report: Report, words: Wording, facet: str, label: str = "") -> str:
    """Name of a facet or label; a leaf's with its parent's before it."""
    name = words.name(report.names, facet, label)
    parent = parent_of(label)
    return f"{words.name(report.names, facet, parent)} · {name}" if parent else name


def difference(one: Labelled, other: Labelled) -> int:
    """1 where ``one`` is the more frequent, -1 where ``other`` is, 0 where chance could do it."""
    return int(one.low > other.high) - int(other.low > one.high)


def moments(report: Report) -> Callable[[datetime | None], str]:
    """Clock times; with the day, where the report has several."""

    def moment(time: datetime | None) -> str:
        return f"{time:%m-%d} {clock(time)}" if time and several_days(report) else clock(time)

    return moment


def seconds(report: Report) -> Callable[[datetime], str]:
    """Clock times to the second; with the day, where the report has several."""
    pattern = "%m-%d %H:%M:%S" if several_days(report) else "%H:%M:%S"
    return lambda time: time.strftime(pattern)


def several_days(report: Report) -> bool:
    """Whether a clock time alone would leave the day open."""
    if not report.start or not report.end:
        return False
    return (report.end - report.start).total_seconds() > 20 * 3600


def span_of(report: Report, words: Wording) -> str:
    """From when to when, after the date of the first."""
    if not report.start or not report.end:
        return words.say("page.timeless")
    day = f"{report.end:%Y-%m-%d} " if several_days(report) else ""
    return f"{clock(report.start)}–{day}{clock(report.end)}"


def hottest_spell(activity: Activity) -> Spell | None:
    """The busy spell with most comments above the usual level; None where nothing was busy.

    A long spell at twice the level counts for more than some minutes of a little more.
    """

    def extra(spell: Spell) -> float:
        minutes = (spell.end - spell.start).total_seconds() / 60
        return spell.comments - activity.usual * minutes

    return max(activity.busy, key=extra, default=None)


def complaints_split(report: Report, words: Wording) -> str:
    """As 不满 57 · 咨询 34."""
    found = report.complaints
    return words.say(
        "complaints.split",
        discontent=number(found.discontent.lines),
        inquiries=number(found.inquiries.lines),
    )


def without_doubles(hotspots: Sequence[Hotspot]) -> list[Hotspot]:
    """Leave out parents whose comments are all those of one leaf."""
    leaves = {(parent_of(spot.label), spot.total.lines) for spot in hotspots}
    return [spot for spot in hotspots if (spot.label, spot.total.lines) not in leaves]


def peopled_tiers(report: Report) -> list[Tier]:
    """Tiers with anybody in them; none where all are in one, which sets nobody apart."""
    there = [tier for tier in report.tiers.tiers if tier.people or tier.slice.said.lines]
    return there if len(there) > 1 else []


def long(minutes: float, words: Wording) -> str:
    """As 3 h 20 min."""
    hours, rest = divmod(round(minutes), 60)
    if hours:
        return words.say("page.hours_minutes", hours=hours, minutes=rest)
    return words.say("page.only_minutes", minutes=rest)


def wait(seconds: float | None, words: Wording) -> str:
    """As 32 s or 2 min 5 s."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return words.say("page.only_seconds", seconds=rest)
    if not rest:
        return words.say("page.only_minutes", minutes=minutes)
    return words.say("page.minutes_seconds", minutes=minutes, seconds=rest)


def who(people: int, words: Wording) -> str:
    """How many people; where none is known, that they are hidden."""
    if people < 2:
        return words.say("page.one_person" if people else "page.hidden_people")
    return words.say("page.asked_by", people=number(people))


def change(here: float, there: float, words: Wording) -> str:
    """By how much there is more here."""
    if not there:
        return "–"
    change = here / there - 1
    if abs(change) < 0.05:
        return words.say("page.change.same")
    key = "page.change.more" if change > 0 else "page.change.fewer"
    return words.say(key, share=f"{abs(change):.0%}")


def figures(report: Report, words: Wording) -> list[Figure]:
    """Four to six of them, of what the file has."""
    total, events = report.total, report.total.events
    usual = report.activity.usual
    key = "page.figure.comments.more" if usual else "page.figure.comments.people"
    more = words.say(key, who=who(total.said.people, words), usual=number(round(usual, 1)))
    figures = [
        Figure(
            words.say("page.figure.comments"), number(total.said.lines), more,
            total.said.quotes, total.said.lines,
        )
    ]  # fmt: skip
    if events.get("enter"):
        more = ""
        if events.get("follow"):
            more = words.say("page.figure.enter.more", follow=number(events["follow"]))
        figures.append(Figure(words.say("page.figure.enter"), number(events["enter"]), more))
    if report.responses and report.responses.asked:
        said = report.responses
        more = words.say(
            "page.figure.answered.more", answered=number(said.answered), asked=number(said.asked)
        )
        figures.append(Figure(words.say("page.figure.answered"), percent(said.share), more))
    else:
        figures += _label_figure(report, words, "ask")
    complaints = report.complaints
    watched = sum(spot.state in _TO_WATCH for spot in report.hotspots)
    notes = [complaints_split(report, words)] if complaints.total.lines else []
    if watched:
        notes.append(words.say("page.figure.complaints.watch", count=watched))
    figures.append(
        Figure(
            words.say("page.figure.complaints"), number(complaints.total.lines),
            " · ".join(notes), complaints.total.quotes, complaints.total.lines,
        )
    )  # fmt: skip
    if "purchase" in events:
        more = ""
        if events.get("cart"):
            more = words.say("page.figure.purchase.more", cart=number(events["cart"]))
        figures.append(Figure(words.say("page.figure.purchase"), number(events["purchase"]), more))
    else:
        figures += _label_figure(report, words, "order")
    if len(figures) < 6:
        figures += _label_figure(report, words, "praise")
    return figures


def _label_figure(report: Report, words: Wording, label: str) -> list[Figure]:
    for one in report.total.labels:
        if (one.facet, one.label) == (_ACT, label):
            name = words.name(report.names, _ACT, label)
            more = words.say("page.figure.label.more", rate=per_hundred(one.share))
            return [Figure(name, number(one.lines), more, one.quotes, one.lines)]
    return []


def sentences(
    report: Report, words: Wording, moment: Callable[[datetime | None], str]
) -> list[Sentence]:
    """Three to five: the busiest time, complaints, questions, answers, purchases."""
    if not report.total.said.lines:
        return [Sentence(words.say("page.nothing"))]
    found = (
        _busiest(report, words, moment),
        _hottest(report, words, moment),
        _most_asked(report, words),
        _answered(report, words),
        _bought(report, words, moment),
        _against_earlier(report, words),
    )
    return [sentence for sentence in found if sentence][:5]


def _busiest(
    report: Report, words: Wording, moment: Callable[[datetime | None], str]
) -> Sentence | None:
    one = hottest_spell(report.activity)
    if one:
        text = words.say(
            "page.says.busy", start=moment(one.start), end=clock(one.end),
            rate=number(round(one.per_minute, 1)), times=number(round(one.times, 1)),
        )  # fmt: skip
        return Sentence(text, one.quotes, one.comments)
    timed = [step for step in report.activity.steps if step.start]
    if not timed:
        return None
    most = max(timed, key=lambda step: step.said.lines)
    text = words.say("page.says.most", start=moment(most.start), lines=number(most.said.lines))
    return Sentence(text, most.said.quotes, most.said.lines)


def _hottest(
    report: Report, words: Wording, moment: Callable[[datetime | None], str]
) -> Sentence | None:
    if not report.hotspots:
        return None
    watched = [spot for spot in report.hotspots if spot.state in _TO_WATCH]
    if not watched:
        found = report.complaints.total
        text = words.say(
            "page.says.calm", lines=number(found.lines), split=complaints_split(report, words)
        )
        return Sentence(text, found.quotes, found.lines)
    # a leaf says more than its parent, where it is the same matter
    one = watched[0]
    for spot in watched:
        if spot.label.startswith(f"{one.label}.") and spot.total.people * 2 > one.total.people:
            one = spot
    values = {
        "label": label_name(report, words, one.facet, one.label),
        "state": words.say(f"state.{one.state}"),
        "who": who(one.total.people, words),
        "lines": number(one.total.lines),
    }
    if one.when and one.times:
        text = words.say(
            "page.says.hot.when", when=moment(one.when), times=number(round(one.times, 1)), **values
        )
    else:
        text = words.say("page.says.hot", **values)
    return Sentence(text, one.total.quotes, one.total.lines)


def _most_asked(report: Report, words: Wording) -> Sentence | None:
    unanswered = report.responses.unanswered if report.responses else ()
    questions: Sequence[Question] = unanswered or report.total.questions
    if not questions or questions[0].lines < 2:
        return None
    one = questions[0]
    key = "page.says.unanswered" if unanswered else "page.says.asked"
    text = words.say(key, text=one.text, who=who(one.people, words), lines=number(one.lines))
    return Sentence(text, one.quotes, one.lines)


def _answered(report: Report, words: Wording) -> Sentence | None:
    said = report.responses
    if not said:
        return Sentence(words.say("page.no_host"))
    if not said.asked:
        return None
    if not said.answered:
        return Sentence(words.say("page.says.answered.none", asked=number(said.asked)))
    text = words.say(
        "page.says.answered", asked=number(said.asked), share=percent(said.share),
        interval=interval(said.low, said.high), wait=wait(said.median_wait, words),
    )  # fmt: skip
    return Sentence(text)


def _bought(
    report: Report, words: Wording, moment: Callable[[datetime | None], str]
) -> Sentence | None:
    bought = report.total.events.get("purchase", 0)
    timed = [step for step in report.activity.steps if step.start]
    if bought and timed:
        most = max(timed, key=lambda step: step.events.get("purchase", 0))
        text = words.say(
            "page.says.purchases", purchase=number(bought), start=moment(most.start),
            most=number(most.events.get("purchase", 0)),
        )  # fmt: skip
        return Sentence(text)
    for one in report.total.labels:
        if (one.facet, one.label) == (_ACT, "order") and one.lines:
            text = words.say("page.says.order", who=who(one.people, words), lines=number(one.lines))
            return Sentence(text, one.quotes, one.lines)
    return None


def _against_earlier(report: Report, words: Wording) -> Sentence | None:
    pairs = [pair for pair in report.activity.compared if pair.there.minutes and pair.here.minutes]
    here = sum(pair.here.said.lines for pair in pairs)
    there = sum(pair.there.per_minute * pair.here.minutes for pair in pairs)
    if not there:
        return None
    return Sentence(words.say("page.says.earlier", change=change(here, there, words)))
