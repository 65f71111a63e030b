"""Events → report, and files → report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path

import numpy as np

from commentnlp.errors import CommentnlpError, ReadError
from commentnlp.model import Model
from commentnlp.reading import NO_HINTS, Remarks, Source, TableHints, open_sources
from commentnlp.records import Event
from commentnlp.report.activity import activity
from commentnlp.report.fit import fit
from commentnlp.report.hotspots import count_complaints, hotspots
from commentnlp.report.log import Log, read_log
from commentnlp.report.quality import quality
from commentnlp.report.quoting import shown
from commentnlp.report.records import FORMAT, File, Remark, Report
from commentnlp.report.responses import responses
from commentnlp.report.room import Room
from commentnlp.report.settings import Settings
from commentnlp.report.slices import slice_of
from commentnlp.report.tiers import tiers
from commentnlp.report.topics import Asked, Explained, items

DEFAULT = Settings()
_EVENT_LOG = "event log"
"""The tool whose purchases are 用户正在购买: somebody clicks on "buy", ordered or not."""


def summarise(
    events: Iterable[Event],
    model: Model,
    settings: Settings = DEFAULT,
    *,
    earlier: Iterable[Event] = (),
) -> Report:
    """Make the report of one show (or of several, taken together).

    Comments that carry tags keep them; the others are tagged by ``model``. ``earlier`` are the
    events of earlier shows to compare with, the same hour of the day with the same. Memory grows
    with the events, some hundred bytes each. Raises CommentnlpError where there is no event at
    all, or nothing in the span asked for.
    """
    return _report(read_log([events]), model, settings, read_log([earlier]), [], [])


def summarise_files(
    paths: Sequence[Path | str],
    model: Model,
    settings: Settings = DEFAULT,
    *,
    earlier: Sequence[Path | str] = (),
    text: str | None = None,
    day: date | None = None,
    hints: TableHints = NO_HINTS,
    unreadable: Callable[[ReadError], None] | None = None,
) -> Report:
    """Read files and make one report of all their events.

    ``text``, ``day`` and ``hints`` as of `commentnlp.reading.open_sources`. Raises ReadError for
    what cannot be read, and what `summarise` raises. Of a file that cannot be opened ``unreadable``
    is told, if given, and the report is of the others.
    """
    files: list[File] = []
    before: list[File] = []

    def opened(path: Path | str) -> Iterator[Source]:
        try:
            yield from open_sources(
                path, text=text, day=day, zone=settings.zone, hints=hints, unreadable=unreadable
            )
        except ReadError as error:
            if unreadable is None:
                raise
            unreadable(error)

    log = read_log(_events(chain.from_iterable(map(opened, paths)), files))
    there = read_log(_events(chain.from_iterable(map(opened, earlier)), before))
    return _report(log, model, settings, there, files, before)


def _events(sources: Iterable[Source], files: list[File]) -> Iterator[Iterator[Event]]:
    """The events file by file; tells ``files`` of each once it is read."""
    for source in sources:
        rows = 0

        def counted(source: Source = source) -> Iterator[Event]:
            nonlocal rows
            for event in source.events():
                rows += 1
                yield event

        yield counted()
        files.append(
            File(
                shown(Path(source.name).name),
                source.tool,
                source.encoding,
                rows,
                _remarks(source.odd),
                _remarks(source.lost),
                tuple(map(shown, source.notes)),
            )
        )


def _remarks(remarks: Remarks) -> tuple[Remark, ...]:
    return tuple(Remark(shown(why), count, tuple(lines)) for why, count, lines in remarks)


def _report(
    log: Log,
    model: Model,
    settings: Settings,
    there: Log,
    files: Sequence[File],
    before: Sequence[File],
) -> Report:
    if not len(log):
        raise CommentnlpError("no events: there is nothing to report on")
    room = Room(log, model, settings)
    there = replace(there, file=there.file + len(files))
    earlier = Room(there, model, _unbounded(settings)) if len(there) else None
    asked, explained = Asked(room), Explained(room)
    answered = responses(room, asked, explained)  # first: it tells which questions were answered
    times = room.log.time[room.timed]
    start = float(times[0]) if len(times) else np.nan
    end = float(times[-1]) if len(times) else np.nan
    everything = np.arange(len(room.said))
    total = slice_of(
        room,
        everything,
        np.arange(len(room.log)),
        start=start,
        end=end,
        minutes=sum(room.minutes(*span) for span in room.live),
        questions=asked.most(everything, most=20),
    )
    return Report(
        format=FORMAT,
        model=model.meta.version,
        zone=str(settings.zone),
        step=settings.step,
        start=room.moment(start),
        end=room.moment(end),
        purchase_clicks=any(file.tool == _EVENT_LOG for file in files),
        title=_title(settings, room.log.rooms, files),
        rooms=tuple(map(shown, room.log.rooms)),
        names=model.taxonomy.names,
        total=total,
        activity=activity(room, asked.most, earlier),
        items=items(room, explained, asked),
        responses=answered,
        complaints=count_complaints(room),
        hotspots=hotspots(room, explained, earlier),
        tiers=tiers(room, asked),
        quality=quality(room, files),
        fit=fit(room),
        earlier=tuple(before),
    )


def _title(settings: Settings, rooms: Sequence[str], files: Sequence[File]) -> str:
    """What the report is on; of many rooms or files the first ones."""
    if settings.title.strip():
        return shown(settings.title.strip())
    names = [shown(room) for room in rooms if room.strip()]
    names = names or [Path(file.name).stem for file in files if file.name not in ("-", "stdin")]
    return " · ".join(names[:3]) + (" …" if len(names) > 3 else "")


def _unbounded(settings: Settings) -> Settings:
    """For earlier shows: the span asked for is that of this one."""
    return Settings(settings.zone, settings.step, settings.window, show_names=settings.show_names)
