"""Report → one tall picture for a work group, read on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

from commentnlp.report.charts import (
    CALM,
    PEOPLE,
    RISING,
    Plot,
    hotspot_name,
    minutes_panels,
    steps_panels,
    top_hotspots,
)
from commentnlp.report.fonts import chinese
from commentnlp.report.headline import (
    figures,
    interval,
    moments,
    number,
    per_hundred,
    sentences,
    span_of,
    who,
)
from commentnlp.report.quoting import harmless
from commentnlp.report.records import Labelled, Question, Report, Slice
from commentnlp.report.sheet import INK, LINE, SOFT, Panel, Sheet
from commentnlp.report.wording import Wording, clock, percent
from commentnlp.taxonomy import parent_of

WIDTH, SIZE, SCALE = 540.0, 15.0, 2.0
"""In px, and how many dots a px has: 1,080 dots across."""

_MARGIN = 24.0
_GROUND, _TINT = "#ffffff", "#eef6f4"
_STATES = {"new": RISING, "rising": RISING, "falling": PEOPLE, "steady": SOFT, "quiet": SOFT}
_NOT_FIRST = frozenset("，。、；：！？）】》」』”’…·%,.;:!?)]}")
_WHOLE = re.compile(r"[0-9A-Za-z:.,%–×-]+$")
_MOST_QUESTIONS, _MOST_HOTSPOTS, _MOST_ITEMS, _MOST_COLD = 6, 5, 5, 3


def to_png(report: Report, *, language: str = "zh") -> bytes:
    """The report as PNG, 1,080 dots wide and as tall as it takes.

    Raises CommentnlpError where no font with Chinese characters is installed, or for a language
    that is neither ``zh`` nor ``en``.
    """
    story = _Story(report, Wording(language, purchase_clicks=report.purchase_clicks))
    story.title()
    story.glance()
    story.chart(minutes_panels, "page.minutes")
    story.cold()
    story.chart(steps_panels, "page.by_step")
    story.topics()
    story.questions()
    story.complaints()
    story.items()
    story.footer()
    return story.sheet.png(scale=SCALE, ground=_GROUND)


class _Story:
    """Fills a sheet from top to bottom."""

    def __init__(self, report: Report, words: Wording) -> None:
        self.report = report
        self.words = words
        self.moment = moments(report)
        self.sheet = Sheet(WIDTH, SIZE, chinese(), margin=_MARGIN)
        self.width = WIDTH - 2 * _MARGIN

    # words ----------------------------------------------------------------------------------

    def line(self, words: str, *, x: float = 0.0, colour: str = INK, size: float = SIZE,
             bold: bool = False, most: int = 3) -> None:  # fmt: skip
        """Words in as many lines as they need, ``most`` of them at most."""
        for part in self._wrapped(harmless(words), self.width - x, size, most):
            self.sheet.height += 1.55 * size
            self.sheet.text(_MARGIN + x, self.sheet.height, part, size=size, colour=colour,
                            bold=bold)  # fmt: skip

    def _wrapped(self, words: str, width: float, size: float, most: int) -> list[str]:
        words = self.sheet.face.showable(words)
        lines = [""]
        for char in words:
            if self.sheet.length(lines[-1] + char, size) > width and char not in _NOT_FIRST:
                if len(lines) == most:
                    lines[-1] = lines[-1].rstrip()[:-1] + "…"
                    break
                # a word or figure is not cut
                tail = _WHOLE.search(lines[-1]) if _WHOLE.match(char) else None
                if tail and 0 < len(tail[0]) < min(16, len(lines[-1])):
                    lines[-1], char = lines[-1][: tail.start()], tail[0] + char
                lines.append("")
            lines[-1] += char if lines[-1] or char != " " else ""
        return lines

    def heading(self, key: str) -> None:
        self.sheet.height += 46
        self.sheet.box(_MARGIN, self.sheet.height - 14, 4, 17, PEOPLE, corner=2)
        self.sheet.text(_MARGIN + 12, self.sheet.height, self.words.say(key), size=18, bold=True)
        self.sheet.height += 2

    def gap(self, height: float = 8.0) -> None:
        self.sheet.height += height

    # parts ----------------------------------------------------------------------------------

    def title(self) -> None:
        report, say = self.report, self.words.say
        self.gap(12)
        rooms = report.title
        self.line(rooms or say("title"), size=24, bold=True, most=2)
        date = f"{report.start:%Y-%m-%d} " if report.start else ""
        under = f"{say('title')} · " if rooms else ""
        self.line(f"{under}{date}{span_of(report, self.words)}", colour=SOFT)
        if report.quality.estimated:
            self.line(say("picture.estimated"), colour=RISING)
        self.gap(14)

    def glance(self) -> None:
        """Key figures as big numbers, then the sentences of what mattered."""
        found = figures(self.report, self.words)[:6]
        across, height = (self.width - 16) / 3, 96.0
        top = self.sheet.height
        for place, figure in enumerate(found):
            x = _MARGIN + place % 3 * (across + 8)
            y = top + place // 3 * (height + 8)
            self.sheet.box(x, y, across, height, _TINT, corner=8, behind=True)
            self.sheet.text(x + 12, y + 22, figure.name, size=13, colour=SOFT)
            self.sheet.text(x + 12, y + 51, figure.value, size=26, bold=True, colour=PEOPLE)
            for row, more in enumerate(self._wrapped(figure.more, across - 20, 11, 2)):
                self.sheet.text(x + 12, y + 71 + 15 * row, more, size=11, colour=SOFT)
        self.sheet.height = top + (len(found) + 2) // 3 * (height + 8)
        for sentence in sentences(self.report, self.words, self.moment):
            self.gap(6)
            self.sheet.box(_MARGIN, self.sheet.height + 12, 6, 6, PEOPLE, corner=3)
            self.line(sentence.text, x=16)

    def chart(self, panels: Callable[[Report, Wording, Plot], list[Panel]], key: str) -> None:
        """A stack of panels, if there is anything to draw."""
        left, size = _MARGIN + 2.6 * SIZE, 13.0
        width = WIDTH - left - _MARGIN
        made = panels(self.report, self.words, Plot(width, size))
        if made:
            self.heading(key)
            self.sheet.panels(made, left, width)

    def cold(self) -> None:
        """The longest stretches in which hardly anybody typed."""
        for spell in self.report.activity.cold[:_MOST_COLD]:
            told = self.words.say(
                "picture.cold_spell", start=self.moment(spell.start), end=clock(spell.end),
                minutes=number((spell.end - spell.start).total_seconds() // 60),
                rate=number(spell.per_minute),
            )  # fmt: skip
            self.line(told, size=13, colour=SOFT)

    def topics(self) -> None:
        """Intents as bars with their shares and intervals; words of the busiest step."""
        labels = [
            one for one in self.report.total.labels
            if one.facet == "intent" and one.voices and not parent_of(one.label)
        ]  # fmt: skip
        if not labels:
            return
        self.heading("section.topics")
        top = max(one.high for one in labels)
        for one in sorted(labels, key=lambda one: -one.voices):
            self._share(one, top)
        steps = self.report.activity.steps
        busiest = max(steps, key=lambda step: step.said.lines, default=None)
        if busiest and busiest.words and busiest.start:
            said = " · ".join(f"{word.word} {word.here}" for word in busiest.words[:6])
            self.gap()
            title = self.words.say("page.words")
            self.line(f"{title} · {self.moment(busiest.start)}", size=13, colour=SOFT)
            self.line(said, most=2)

    def _share(self, one: Labelled, top: float) -> None:
        name = harmless(self.words.name(self.report.names, one.facet, one.label))
        self.gap(26)
        base = self.sheet.height
        left, width = _MARGIN + 92, self.width - 92 - 128
        self.sheet.text(_MARGIN, base, self._wrapped(name, 88, SIZE, 1)[0])
        self.sheet.box(left, base - 12, width, 12, LINE, corner=3)
        self.sheet.box(left, base - 12, max(width * one.share / top, 3), 12, PEOPLE, corner=3)
        self.sheet.text(left + width + 10, base, percent(one.share), bold=True)
        self.sheet.text(WIDTH - _MARGIN, base, interval(one.low, one.high), size=12, colour=SOFT,
                        align="right")  # fmt: skip

    def questions(self) -> None:
        """The most asked, with who answered."""
        found = self.report.total.questions[:_MOST_QUESTIONS]
        if not found:
            return
        self.heading("page.questions")
        for place, one in enumerate(found, 1):
            self.gap(5)
            self.line(f"{place}. {one.text}", most=2)
            self.line(self._reply(one), x=20, size=13,
                      colour=RISING if one.answered == 0 else SOFT)  # fmt: skip

    def _reply(self, one: Question) -> str:
        say = self.words.say
        told = [who(one.people, self.words),
                f"{number(one.lines)} {say('page.of_lines')}"]  # fmt: skip
        if one.answered is not None:
            key = "all" if one.answered >= one.lines else "some" if one.answered else "none"
            told.append(say(f"page.reply.{key}", answered=number(one.answered)))
        return " · ".join(told)

    def complaints(self) -> None:
        """The first hotspots: state, people, rate, when, a quote."""
        found = [one for one in top_hotspots(self.report, _MOST_HOTSPOTS) if one.state != "quiet"]
        if not self.report.total.said.lines:
            return
        self.heading("section.hotspots")
        if not found:
            self.line(self.words.say("page.no_hotspots"), colour=SOFT)
        for one in found:
            self.gap(30)
            base, state = self.sheet.height, self.words.say(f"state.{one.state}")
            wide = self.sheet.length(state, 12) + 14
            self.sheet.box(_MARGIN, base - 15, wide, 20, _STATES.get(one.state, CALM), corner=5)
            self.sheet.text(_MARGIN + 7, base - 0.5, state, size=12, colour="#ffffff", bold=True)
            name = hotspot_name(self.report, self.words, one)
            name = self._wrapped(name, self.width - wide - 8, SIZE, 1)[0]
            self.sheet.text(_MARGIN + wide + 8, base, name, bold=True)
            say = self.words.say
            told = [who(one.total.people, self.words),
                    f"{number(one.total.lines)} {say('page.of_lines')}",
                    f"{say('page.rate')} {per_hundred(one.total.share)}"]  # fmt: skip
            if one.when:
                times = f" ×{one.times:.1f}" if one.times else ""
                told.append(f"{self.moment(one.when)}{times}")
            self.line(" · ".join(told), size=13, colour=SOFT)
            self.line(f"“{one.worst.text}”", size=14, most=2)

    def items(self) -> None:
        """Items that made most people speak."""
        found: list[Slice] = [one for one in self.report.items if one.voices][:_MOST_ITEMS]
        if not found:
            return
        self.heading("page.items")
        for one in found:
            self.gap(5)
            self.line(one.key, most=1, bold=True)
            told = [f"{self.words.kind('comment')} {number(one.said.lines)}"]
            told += [
                f"{self.words.kind(kind)} {number(one.events[kind])}"
                for kind in ("cart", "purchase")
                if one.events.get(kind)
            ]
            if one.questions:
                told.append(f"{self.words.say('page.top_question')} “{one.questions[0].text}”")
            self.line(" · ".join(told), size=13, colour=SOFT, most=2)

    def footer(self) -> None:
        """What the figures rest on."""
        found, say = self.report.quality, self.words.say
        told = [f"{say('page.rows')} {number(found.rows)}"]
        if self.report.total.canned:
            told.append(f"{say('page.canned')} {number(self.report.total.canned)}")
        if found.spam.lines:
            told.append(f"{say('picture.spam')} {number(found.spam.lines)}")
        if found.flood_lines:
            told.append(f"{say('picture.floods')} {number(found.flood_lines)}")
        told.append(say("page.made", model=self.report.model, zone=self.report.zone,
                        step=self.report.step))  # fmt: skip
        self.gap(24)
        self.sheet.box(_MARGIN, self.sheet.height, self.width, 1, LINE)
        if self.report.fit and self.report.fit.verdict == "due":
            self.line(say("fit.due"), size=12, colour=RISING)
        self.line(" · ".join(told), size=12, colour=SOFT)
        self.gap(20)
