"""What was asked, and what was said while an item was shown."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from commentnlp.noise import ASK
from commentnlp.report.log import NOBODY, Bools, Codes, Floats, Ints
from commentnlp.report.questions import join
from commentnlp.report.quoting import shown
from commentnlp.report.records import Question, Slice
from commentnlp.report.room import Room, paired
from commentnlp.report.slices import slice_of

MOST_QUESTIONS = 10
"""Questions of a slice, at most."""
MOST_ITEMS = 60
"""Items of a report, at most."""
_MOST_WORDINGS = 8
_FEW_QUOTES = 10
_NUMBER = re.compile(r"(\d{1,4})\s*号?(?:宝贝|链接|商品)?")
_ANNOUNCED = re.compile(r"正在讲解(.+)")


class Asked:
    """The questions of a room, those that ask the same joined."""

    def __init__(self, room: Room) -> None:
        """Join what was asked in the room."""
        self.room = room
        long = np.array([len(text) > 1 for text in room.texts.normals], bool)  # a lone 5 is a cheer
        self.is_question = room.has(*ASK) & long[room.normal]
        texts, lines = np.unique(room.normal[self.is_question], return_counts=True)
        words = [self._words(room.texts.normals[text]) for text in texts.tolist()]
        group = join(words, lines.tolist(), room.model.features.concepts)
        self._group = np.full(len(room.texts.normals), NOBODY)
        self._group[texts] = group
        self.answered: Bools | None = None
        """Which comments were answered; None while, or where, that is not known."""

    def _words(self, text: str) -> list[str]:
        """Words of a normal text, without punctuation."""
        words = self.room.model.features.segmenter.cut(text)
        return [word for word in words if any(c.isalnum() for c in word)]

    def most(
        self, comments: Ints, *, most: int = MOST_QUESTIONS, least_people: int = 0
    ) -> tuple[Question, ...]:
        """The most asked among some comments: by people, then by lines."""
        found = [
            one for one in self.groups(comments)
            if self.room.people(one) + int((self.room.user[one] == NOBODY).sum()) >= least_people
        ]  # fmt: skip
        return tuple(map(self._question, worth_telling(found)[:most]))

    def groups(self, comments: Ints) -> list[Ints]:
        """The questions among some comments, each as all that ask the same, most asked first."""
        chosen = comments[self.is_question[comments]]
        group = self._group[self.room.normal[chosen]]
        order = np.argsort(group, kind="stable")
        chosen, group = chosen[order], group[order]
        edges = np.flatnonzero(np.diff(group, prepend=-2, append=-2))
        first, after = edges[:-1], edges[1:]
        user = self.room.user[chosen]
        known = user != NOBODY
        _, one_each = np.unique(paired(group[known], user[known]), return_index=True)
        asking = np.searchsorted(first, np.flatnonzero(known)[one_each], "right") - 1
        people = np.bincount(asking, minlength=len(first))
        ranked = np.lexsort((first, first - after, -people))
        return [
            chosen[a:b] for a, b in zip(first[ranked].tolist(), after[ranked].tolist(), strict=True)
        ]

    def _question(self, comments: Ints) -> Question:
        room = self.room
        known = None if self.answered is None else int(self.answered[comments].sum())
        text, *others = self.wordings(comments)
        return Question(
            text,
            len(comments),
            room.people(comments),
            tuple(others),
            known,
            room.quotes(comments, _FEW_QUOTES),
        )

    def wordings(self, comments: Ints, most: int = _MOST_WORDINGS) -> list[str]:
        """How some comments put it, the commonest first."""
        normal = self.room.normal[comments]
        return [
            self.room.quote(int(self.room.said[comments[normal == text][0]])).text
            for text, _ in Counter(normal.tolist()).most_common(most)
        ]


def worth_telling(groups: list[Ints]) -> list[Ints]:
    """Questions that came more than once; all of them where none did."""
    return [group for group in groups if len(group) > 1] or groups


def item_name(item: str) -> str:
    """An item as one name: 112号, 112 and 112号宝贝 are the same."""
    item = shown(item)
    match = _NUMBER.fullmatch(item)
    return f"{int(match[1])}号" if match else item


class Explained:
    """Which item was being explained when."""

    def __init__(self, room: Room) -> None:
        """Take it from the tool's own events and from what it typed in the host's name."""
        log = room.log
        self.room = room
        names = Codes()
        self.of_item = np.array([names[item_name(item)] for item in log.items], np.int64)
        announced = {}
        for text, said in enumerate(log.texts):
            if match := _ANNOUNCED.match(said):
                announced[text] = names[item_name(match[1])]
        self.announcement = np.isin(log.text, list(announced)) & log.host
        """Which events are the tool's announcement of an item."""
        begun = log.is_kind("explain_start", "explain") & (log.item != NOBODY)
        ended = log.is_kind("explain_end")
        changes = np.flatnonzero((begun | ended | self.announcement) & room.timed)
        self._at = log.time[changes]
        self._item = np.full(len(changes), NOBODY)
        now = NOBODY
        for place, event in enumerate(changes.tolist()):
            if self.announcement[event]:
                now = announced[int(log.text[event])]
            elif begun[event]:
                now = int(self.of_item[log.item[event]])
            elif log.item[event] == NOBODY or self.of_item[log.item[event]] == now:
                now = NOBODY  # the end of another item is late news
            self._item[place] = now
        self.names = tuple(names)
        self.comments = self._now(room.time)
        """Of each comment: the item explained when it was typed."""

    def _now(self, time: Floats) -> Ints:
        if not len(self._at):
            return np.full(len(time), NOBODY)
        place = np.searchsorted(self._at, time, "right") - 1
        found = np.where(place >= 0, self._item[place], NOBODY)
        # what was explained before a long silence is not explained after it
        for _, end in self.room.live:
            after = np.searchsorted(self._at, end, "right")
            if after < len(self._at):
                found[(time > end) & (time < self._at[after])] = NOBODY
        return np.where(np.isnan(time), NOBODY, found)

    def minutes(self) -> dict[int, float]:
        """Item → minutes that it was explained."""
        found: dict[int, float] = {}
        if not len(self._at):
            return found
        after = [*self._at[1:].tolist(), self.room.live[-1][1]]
        for start, end, item in zip(self._at.tolist(), after, self._item.tolist(), strict=True):
            if item != NOBODY:
                found[item] = found.get(item, 0.0) + self.room.minutes(start, end)
        return found


def items(room: Room, explained: Explained, asked: Asked) -> tuple[Slice, ...]:
    """By item explained: what was typed meanwhile, and what was done with the item at any time.

    Those that made most people speak come first.
    """
    minutes = explained.minutes()
    log = room.log
    mine = np.where(log.item != NOBODY, explained.of_item[log.item], NOBODY) if log.items else None
    voiced = explained.comments[room.voice]
    comments = Counter(voiced[voiced != NOBODY].tolist())
    done = Counter(mine.tolist()) if mine is not None else Counter()
    spoken_of = [item for item in minutes if comments[item] or done[item]]
    shown = sorted(spoken_of, key=lambda item: (-comments[item], -done[item]))[:MOST_ITEMS]
    out = []
    for item in shown:
        here = np.flatnonzero(explained.comments == item)
        events = np.flatnonzero(mine == item) if mine is not None else np.zeros(0, np.int64)
        out.append(
            slice_of(
                room,
                here,
                events,
                key=explained.names[item],
                minutes=minutes[item],
                questions=asked.most(here, most=3),
            )
        )
    return tuple(out)
