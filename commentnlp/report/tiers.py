"""Fan tiers: viewers by fan-club or pay level, else by how much they typed and bought.

With levels: ``core`` is the top quarter of those who have one, ``regular`` the rest of them,
``newcomer`` who has none. Levels count from `LEAST_SHARE` of the known people on; the fan club
goes before the pay level. Without levels: ``core`` is who bought, and bought or typed as much as
the top tenth of those who did so (at least `CORE` times); ``regular`` who bought or typed at least
`REGULAR` times; ``newcomer`` all other known people. Whose identity is hidden is ``unknown``.
"""

from __future__ import annotations

import numpy as np

from commentnlp.noise import COMPLAINT
from commentnlp.report.log import NOBODY, Bools, Ints
from commentnlp.report.records import Question, Tier, Tiers, Upset
from commentnlp.report.room import Room
from commentnlp.report.slices import slice_of
from commentnlp.report.topics import Asked

TIERS = ("core", "regular", "newcomer", "unknown")
LEAST_SHARE = 0.05
CORE, REGULAR = 3, 2

_MOST_UPSET = 20
_FEW_QUOTES = 10


def tiers(room: Room, asked: Asked) -> Tiers:
    """Viewers by standing, newcomers' first questions, and heavy buyers left without an answer."""
    log = room.log
    typed = np.bincount(room.user[room.user != NOBODY], minlength=len(log.users))
    bought = _times(room, log.is_kind("purchase"))
    seen = _times(room, ~log.host) > 0
    by, level = _levels(room, seen)
    if by == "activity":
        tier, bounds = _by_activity(typed, bought)
    else:
        tier, bounds = _by_level(level, seen)
    of_event = np.where(log.user == NOBODY, len(TIERS) - 1, tier[log.user]) if len(tier) else (
        np.full(len(log), len(TIERS) - 1))  # fmt: skip
    of_comment = of_event[room.said]
    out = []
    for number, key in enumerate(TIERS):
        chosen = np.flatnonzero(of_comment == number)
        mine = seen & (tier == number)
        has_level = level[mine].any()
        out.append(
            Tier(
                people=int(mine.sum()),
                low=int(level[mine].min()) if has_level else None,
                high=int(level[mine].max()) if has_level else None,
                slice=slice_of(room, chosen, (of_event == number) & ~log.host, key=key),
            )
        )
    return Tiers(by, bounds, tuple(out), _first_questions(room, asked, of_comment),
                 _upset(room, asked, bought))  # fmt: skip


def _times(room: Room, events: Bools) -> Ints:
    """How often each known person is in these events."""
    users = room.log.user[events]
    return np.bincount(users[users != NOBODY], minlength=len(room.log.users))


def _levels(room: Room, seen: Bools) -> tuple[str, Ints]:
    """Which level tells the tiers, and that of each person, 0 for none."""
    people = int(seen.sum())
    for what in ("fan", "pay"):
        level = np.zeros(len(seen), np.int64)
        for user, levels in room.log.levels.items():
            level[user] = levels.get(what, 0)
        if people and (level[seen] > 0).sum() >= LEAST_SHARE * people:
            return what, level
    return "activity", np.zeros(len(seen), np.int64)


def _by_level(level: Ints, seen: Bools) -> tuple[Ints, dict[str, int]]:
    core = int(np.quantile(level[seen & (level > 0)], 0.75, method="higher"))
    return np.where(level >= core, 0, np.where(level > 0, 1, 2)), {"core": core, "regular": 1}


def _by_activity(typed: Ints, bought: Ints) -> tuple[Ints, dict[str, int]]:
    many_typed = _top(typed)
    many_bought = _top(bought)
    core = (bought > 0) & ((bought >= many_bought) | (typed >= many_typed))
    regular = (bought >= REGULAR) | (typed >= REGULAR)
    bounds = {"core_typed": many_typed, "core_bought": many_bought, "regular": REGULAR}
    return np.where(core, 0, np.where(regular, 1, 2)), bounds


def _top(times: Ints) -> int:
    """From how many times on somebody is in the top tenth of those who did it."""
    some = times[times > 0]
    return max(CORE, int(np.quantile(some, 0.9, method="higher"))) if len(some) else CORE


def _first_questions(room: Room, asked: Asked, of_comment: Ints) -> tuple[Question, ...]:
    """What newcomers ask first, each person's first question."""
    mine = np.flatnonzero(asked.is_question & (of_comment == TIERS.index("newcomer")))
    _, first = np.unique(room.user[mine], return_index=True)
    return asked.most(mine[np.sort(first)])


def _upset(room: Room, asked: Asked, bought: Ints) -> tuple[Upset, ...]:
    """Heavy buyers (the top tenth of buyers) who complained and were not answered.

    Without messages of the host nobody is known to have been answered.
    """
    complained = np.zeros(len(room.said), bool)
    for column in room.columns:
        if column[0] == COMPLAINT:
            complained |= room.has(*column)
    if asked.answered is not None:
        complained &= ~asked.answered
    complained &= room.user != NOBODY
    heavy = bought >= _top(bought)
    chosen = np.flatnonzero(complained & heavy[room.user]) if len(heavy) else np.zeros(0, np.int64)
    people = sorted(set(room.user[chosen].tolist()), key=lambda user: (-bought[user], user))
    out = []
    for user in people[:_MOST_UPSET]:
        mine = chosen[room.user[chosen] == user]
        out.append(Upset(room.who(int(room.said[mine[0]])), int(bought[user]),
                         room.quotes(mine, _FEW_QUOTES)))  # fmt: skip
    return tuple(out)
