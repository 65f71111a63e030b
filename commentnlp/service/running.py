"""A running service: its parts, what it does by itself, how it starts and stops."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from commentnlp import __version__
from commentnlp.compiled_core import core_name
from commentnlp.errors import CommentnlpError
from commentnlp.records import Event
from commentnlp.report import zone_named
from commentnlp.service import reader
from commentnlp.service.alerts import Alerts
from commentnlp.service.answers import moment, stored_json
from commentnlp.service.claims import Claim
from commentnlp.service.classify import Classifier
from commentnlp.service.intake import Intake, stored
from commentnlp.service.nicknames import digest_key, hash_name, usable_key
from commentnlp.service.push import SeenPushes
from commentnlp.service.records import Deleted, Placed, Row, Stored
from commentnlp.service.serving import Serving
from commentnlp.service.settings import Settings
from commentnlp.service.store import Store
from commentnlp.service.stream import Hub
from commentnlp.service.writer import Writer

LOOK = 2.0
"""Seconds between two looks at the model's pointer, and at what busy rooms are like."""
WATCH = 1.0
"""Seconds between two looks at whether the store is still there, and ours."""
SWEEP = 600.0
"""Seconds between two deletions of what is too old."""
WIPE = 30.0
"""Seconds between two tries to take what was deleted out of the files."""
MOST_ROOMS = 500
"""Rooms that a page may choose from."""
MINUTES = 10
"""Of "now"."""
ASKED = 60.0
"""Seconds for which who asked which rooms there are may ask again: so long rooms are watched."""
MOST_LOOKS = 4
"""Rooms that nobody watches, and that are looked at for fires, in one `LOOK`."""
DAYS = 7
"""Of what is compared with the model's samples."""
DRIFT = 600.0
"""Seconds between two looks at whether the model still fits; what is told of it is that old."""
FIRST_DRIFT = 60.0
"""Seconds from the start to the first: there is enough to do before."""
MOST_DRIFTS = 100
"""Answers that are remembered so long."""

_T = TypeVar("_T")
_DAY = 86_400_000
_log = logging.getLogger(__name__)


class Running:
    """Everything that one service holds. Made, used and closed on one loop."""

    def __init__(
        self, settings: Settings, store: Store, claim: Claim, serving: Serving, alerts: Alerts
    ) -> None:
        """Take the parts that can fail to open; store, claim and alerts are closed at the end."""
        self.settings = settings
        self.zone = zone_named(settings.zone)
        self.store = store
        self.claim = claim
        self.store_lost = ""
        """Why the store can no longer be used; empty while it can."""
        self.serving = serving
        self.classifier = Classifier(self.serving, settings.most_waiting)
        self.writer = Writer(self.store, settings.most_waiting, self._kept)
        own = self.store.own_key(make=not settings.name_secret)
        keys = [usable_key(settings.name_secret), own or b""]
        self._name_keys = [key for key in keys if key]
        """The one in use, then others by which nicknames may have been hashed before."""
        self._other_key = ""
        if not settings.keep_names:
            self._look_at_key(settings.name_secret)
        name_key = None if settings.keep_names else self._name_keys[0]
        self.intake = Intake(self.classifier, self.writer, name_key=name_key)
        self.hub = Hub(self.store, self.shown)
        self.reader = reader.Reader(settings)
        self.alerts = alerts
        self.ready = False
        self.going: dict[tuple[str, ...], Event] = {}
        """Combos of gifts that go on from call to call."""
        self.pushes = SeenPushes()
        self.kept = self.repeated = 0
        """Events taken in so far."""
        self.fitting: dict[str, Any] | None = None
        """Whether the model fits what came into all rooms lately; None until that is known."""
        self._drifts: dict[tuple[str | None, int, str], tuple[float, dict[str, Any]]] = {}
        self._deletions = 0
        self._refreshing: set[asyncio.Task[None]] = set()
        self._stirred: set[str] = set()
        self._rooms = dict.fromkeys(name for name, _ in store.rooms())
        self.hub.publish_rooms(list(self._rooms)[:MOST_ROOMS])
        self._told: dict[str | None, float] = {}
        self.burning: dict[str, list[dict[str, Any]]] = {}
        """Rooms in which a complaint is rising or new, and these complaints; see `_burns`."""
        self.rooms_asked = -ASKED
        """When (by `time.monotonic`) somebody last asked which rooms there are."""
        self._watched = False
        self._unseen: dict[str, None] = {}
        """Rooms in which something happened since they were last looked at, the longest first."""
        self._tasks = [
            asyncio.create_task(self._again(every, work))
            for every, work in (
                (LOOK, self._watch_model),
                (LOOK, self._look),
                (WATCH, self._watch_store),
                (SWEEP, self._sweep),
                (WIPE, self._wipe),
            )
        ]
        self._tasks.append(asyncio.create_task(self._again(DRIFT, self._fits, FIRST_DRIFT)))

    async def start(self) -> None:
        """Be ready to serve: a comment has been tagged, the store has answered."""
        await self.classifier.classify(["这个多少钱"])
        await asyncio.to_thread(self.store.ping)
        # what is there now stays: a search for cycles in all of it would take tens of milliseconds
        gc.collect()
        gc.freeze()
        self.ready = True
        self._tasks.append(asyncio.create_task(self.reader.run(reader.warm)))
        _log.info("%s", self._start_line())

    async def close(self) -> None:
        """Keep what was accepted, then let go of everything."""
        self.ready = False
        self.hub.close()
        tasks = [*self._tasks, *self._refreshing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.writer.close)
        await self.reader.close()
        await asyncio.to_thread(self.alerts.close, 3.0)
        self.store.close()
        self.claim.close()
        _log.info("stopped: %d events kept and %d repeated since the start, alerts: %d sent, %d"
                  " failed, %d dropped", self.kept, self.repeated, self.alerts.sent,
                  self.alerts.failed, self.alerts.dropped)  # fmt: skip

    def _start_line(self) -> str:
        names = self.alerts.names
        hooks = ", ".join(names) or "no webhooks"
        version = self.serving.model.meta.version
        door = "token: set" if self.settings.token else "no token: this machine only"
        return (
            f"commentnlp {__version__} started; store {self.store.place}; model {version},"
            f" {core_name()} core; {hooks}; {door}"
        )

    def shown(self, one: Stored) -> str:
        """A kept event as JSON."""
        return stored_json(one, self.zone, names=self.settings.keep_names)

    async def read(self, call: Callable[..., _T], *arguments: Any) -> _T:
        """Read the store beside the loop; for what takes milliseconds."""
        return await asyncio.to_thread(call, *arguments)

    async def now(self, room: str | None, minutes: int = MINUTES) -> str:
        """What a room is like now, as JSON."""
        while True:
            deletions, at = self._deletions, int(time.time() * 1000)
            told = await self.reader.run(reader.now_of, room, at, minutes)
            if deletions == self._deletions:  # else it may quote what has been deleted since
                return told

    async def forget(self, user: str, name: str, by: str) -> Deleted:
        """Delete what one person wrote and did, from all that the service holds.

        The person is who has this identity or this nickname. Who has no identity is shown by the
        hash of the nickname, so a ``user`` may be that, too.
        """
        names = [user, name, *[hash_name(name, key) for key in self._name_keys]]
        deleted = await self.read(lambda: self.store.forget(user=user, names=names, by=by))
        self.going = {
            key: event
            for key, event in self.going.items()
            if not ((user and event.user == user) or (name and event.name == name))
        }
        await self._forgotten(deleted)
        return deleted

    def why_nobody(self, name: str) -> str:
        """Why nothing may have been found of a person."""
        if not name:
            return (
                "nothing is kept of this user; give the identity as it was sent, or the hash that"
                " stands for a nickname, or name=NICKNAME"
            )
        return f"nothing is kept of this nickname; it must fit to the letter{self._other_key}"

    def _look_at_key(self, configured: str) -> None:
        """Warn where nicknames are kept that were hashed by another key than the one in use."""
        until, others = self.store.note_key(digest_key(self._name_keys[0]))
        if until is None:
            return
        when = moment(until, self.zone)
        known = {digest_key(key) for key in self._name_keys}
        told = f"nicknames that were kept before {when} are hashed by another key"
        if others <= known:
            _log.warning("%s, the store's own: who came back since counts as somebody else", told)
            return
        source = "COMMENTNLP_SECRET" if configured else "no COMMENTNLP_SECRET is given, or the"
        source += "" if configured else " store's key file is a new one"
        _log.warning(
            "%s than now (%s): who came back since counts as somebody else, and people cannot be"
            " deleted by a nickname of then; start with the key of then, or delete by user",
            told, source,
        )  # fmt: skip
        self._other_key = (
            f"; {told}, under which it may be kept: start the service with that"
            " COMMENTNLP_SECRET, or delete by user"
        )

    async def forget_room(self, room: str, by: str) -> Deleted:
        """Delete a room from all that the service holds."""
        deleted = await self.read(lambda: self.store.forget_room(room, by=by))
        self.going = {key: event for key, event in self.going.items() if event.room != room}
        await self._forgotten(deleted)
        return deleted

    async def relabelled(self, seqs: Iterable[int]) -> None:
        """Tell everybody of comments that have other labels now."""
        found = [await self.read(self.store.event, seq) for seq in dict.fromkeys(seqs)]
        there = [event for event in found if event is not None]
        self.hub.publish_labels(there)
        heard = self.hub.rooms_heard()
        if rooms := heard & {None, *[event.room for event in there]}:
            self._begin(self._tell_rooms(rooms))

    async def _forgotten(self, deleted: Deleted) -> None:
        """Hold nothing of what the store has deleted, and tell everybody."""
        if not (deleted.events or deleted.labels or deleted.rooms):
            return
        self._deletions += 1
        self.hub.publish_deleted(deleted.seqs)
        await self._list_rooms()
        self.classifier.forget()
        self.alerts.forget(deleted.seqs)
        self._drifts.clear()
        self.fitting = None  # it tells words
        self._begin(self._tell_rooms(self.hub.rooms_heard()))
        self._begin(self._fits())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for."""
        task = asyncio.create_task(work)
        self._refreshing.add(task)
        task.add_done_callback(self._refreshed)

    def _refreshed(self, task: asyncio.Task[None]) -> None:
        self._refreshing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("what is told of the rooms could not be looked at again: %s", error)

    async def _list_rooms(self) -> None:
        """Tell which rooms there are, where some have gone."""
        there = {name for name, _ in await self.read(self.store.rooms)}
        if not self._rooms.keys() <= there:
            self._rooms = {name: None for name in self._rooms if name in there}
            self.hub.publish_rooms(list(self._rooms)[-MOST_ROOMS:])

    async def reload(self) -> bool:
        """Look for another model; returns whether one was taken."""
        # beside the loop: loading takes half a second
        changed = await asyncio.to_thread(self.serving.reload)
        if changed:
            self.alerts.taxonomy = self.serving.model.taxonomy
            self.fitting = None
            self.hub.publish_model(self.serving.model.meta.version)
        return changed

    async def drift(self, room: str | None, days: int) -> dict[str, Any]:
        """Whether the model fits what came in lately; `DRIFT` seconds old at most."""
        version = self.serving.model.meta.version
        at, told = self._drifts.get((room, days, version), (0.0, None))
        if told is None or time.monotonic() - at > DRIFT:
            until, deletions = int(time.time() * 1000), self._deletions
            since = until - days * reader.DAY
            told = await self.reader.run(reader.drift_of, room, since, until)
            if deletions != self._deletions:
                return await self.drift(room, days)
            if len(self._drifts) >= MOST_DRIFTS:
                self._drifts.clear()
            self._drifts[room, days, version] = time.monotonic(), told
        return told

    async def _fits(self) -> None:
        was_due = self.fitting is not None and self.fitting["due"]
        told = await self.drift(None, DAYS)
        if told["model"] != self.serving.model.meta.version:
            return  # another came in between
        self.fitting = told
        if told["due"] != was_due:
            self.hub.publish_model(told["model"], due=told["due"])

    def _kept(self, rows: Sequence[Row], placed: Sequence[Placed]) -> None:
        """What the writer has made durable."""
        new = [stored(row, place) for row, place in zip(rows, placed, strict=True) if place.new]
        self.kept += len(new)
        self.repeated += len(rows) - len(new)
        if not new:
            return
        self._stirred.update(one.room for one in new)
        if not self._rooms.keys() >= {one.room for one in new}:
            self._rooms.update(dict.fromkeys(one.room for one in new))
            self.hub.publish_rooms(list(self._rooms)[-MOST_ROOMS:])
        self.hub.publish(new)
        self.alerts.comments([one for one in new if one.answer])

    async def _watch_model(self) -> None:
        if await asyncio.to_thread(self.serving.changed):
            await self.reload()

    async def _watch_store(self) -> None:
        try:
            await asyncio.to_thread(self.claim.check)
        except CommentnlpError as error:
            if not self.store_lost:
                _log.error("%s", error)
            self.store_lost = str(error)
        else:
            if self.store_lost:
                _log.warning("the store can be used again")
            self.store_lost = ""

    async def _look(self) -> None:
        """Tell listeners and alerts what the rooms are like where something happened."""
        heard, alerting = self.hub.rooms_heard(), bool(self.settings.webhooks)
        stirred, self._stirred = self._stirred, set()
        rooms: set[str | None] = {room for room in stirred if alerting or room in heard}
        before, self._watched = self._watched, self.watches_all
        if self._watched:
            if not before:  # it may burn since before anybody looked
                since = (time.time() - 60 * MINUTES) * 1000
                latest = await self.read(self.store.rooms)
                self._unseen.update((room, None) for room, last in latest if last >= since)
            self._unseen.update(dict.fromkeys(stirred))
            self._unseen.update(dict.fromkeys(self.burning))
            rooms |= set(islice(self._unseen, MOST_LOOKS))
        # what was told of may be over once nobody speaks
        watched: set[str | None] = {*heard, *self.alerts.rooms_alarmed()}
        self._told = {room: when for room, when in self._told.items() if room in watched}
        due = time.monotonic() - 5 * LOOK  # ages grow, and minutes pass, when nobody speaks
        rooms |= {r for r in watched if self._told.get(r, 0.0) < due or (r is None and stirred)}
        rooms |= {r for r in heard if self._told.get(r, 0.0) < due or (r is None and stirred)}
        await self._tell_rooms(rooms)

    async def _tell_rooms(self, rooms: set[str | None]) -> None:
        """Tell listeners and alerts what rooms are like now."""
        heard, alerting = self.hub.rooms_heard(), bool(self.settings.webhooks)
        for room in rooms:
            told = await self.now(room)
            self._told[room] = time.monotonic()
            if room in heard:
                self.hub.publish_now(room, told)
            if room is None:
                continue
            hots = json.loads(told)["hotspots"]
            self._unseen.pop(room, None)
            self._burns(room, hots)
            if alerting:
                self.alerts.hotspots(room, hots, MINUTES, self.serving.model.meta.version)

    @property
    def watches_all(self) -> bool:
        """Whether somebody wants to know where it burns: a page, or who asked lately."""
        return bool(self.hub.rooms_heard()) or time.monotonic() - self.rooms_asked < ASKED

    def _burns(self, room: str, hots: Sequence[Mapping[str, Any]]) -> None:
        """Tell all listeners where it begins or ceases to burn."""
        spots = [
            {key: one[key] for key in ("facet", "label", "state", "people")}
            for one in hots
            if one["state"] in ("new", "rising")
        ]
        if spots == self.burning.get(room, []):
            return
        if spots:
            self.burning[room] = spots
        else:
            self.burning.pop(room)
        self.hub.publish_burning(self.burning)

    async def _sweep(self) -> None:
        if self.settings.keep_days is None:
            return
        before = int(time.time() * 1000 - self.settings.keep_days * _DAY)
        while expired := await asyncio.to_thread(self.store.expire, before):
            self.hub.publish_deleted(expired)
            await asyncio.sleep(0.05)  # others write in between
        await self._list_rooms()

    async def _wipe(self) -> None:
        """Take out of the files what a reader kept there."""
        await asyncio.to_thread(self.store.wipe)

    async def _again(
        self, every: float, work: Callable[[], Awaitable[None]], first: float = 0.0
    ) -> None:
        await asyncio.sleep(first)
        failing = False
        while True:
            try:
                await work()
            except Exception as error:
                if not failing:  # once, however long it lasts
                    name, known = work.__name__.strip("_"), isinstance(error, CommentnlpError)
                    _log.error("%s failed: %s; it is tried again every %g s", name, error, every,
                               exc_info=not known)  # fmt: skip
                failing = True
            else:
                if failing:
                    _log.info("%s works again", work.__name__.strip("_"))
                failing = False
            await asyncio.sleep(every)
