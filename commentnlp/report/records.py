"""The report as data: what `summarise` gives, what JSON holds and every renderer shows.

Counts of comments come three ways. ``lines`` are rows as typed; ``people`` the different known
persons among them (hidden ones are in no count of people); ``voices`` the lines in somebody's own
words, where a person who says the same again within one step counts once. One-tap phrases and spam
are in nobody's own words: they are counted among what was said and apart, and have no labels here.
Shares and rates are of voices, so that nothing is hot by one person's flood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from commentnlp.drift import Moved, Reason, Share

FORMAT = 1
"""Number of the report's layout as JSON; it changes when a reader of the old one would stumble."""

MOST_QUOTES = 50
"""Comments that stand behind a number."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A comment, harmless to show: no control characters, long ones cut."""

    text: str
    time: datetime | None
    who: str
    """Nickname, else identity; masked unless asked otherwise; empty where hidden."""
    file: int
    """Which of ``Report.quality.files``; those of ``Report.earlier`` come behind them."""
    line: int


@dataclass(frozen=True, slots=True)
class Count:
    """Comments, and those to quote: different texts, up to `MOST_QUOTES`."""

    lines: int
    people: int
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Comments with one label; leaves count for their parent, too."""

    facet: str
    label: str
    lines: int
    people: int
    voices: int
    of: int
    """All voices of the slice: the share is ``voices / of``."""
    low: float
    """Lower end of the share's 95 % Wilson interval."""
    high: float
    quotes: tuple[Quote, ...]

    @property
    def share(self) -> float:
        """``voices / of``; 0 where nobody spoke."""
        return self.voices / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Word:
    """A word that sets a slice apart from the rest of the show."""

    word: str
    here: int
    """Voices of the slice with it."""
    elsewhere: int
    z: float
    """Weighted log-odds over its standard deviation."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """Something named or concerned: a product kind, an item; with the comments on it."""

    name: str
    lines: int
    people: int
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Questions that ask the same, joined."""

    text: str
    """The commonest wording."""
    lines: int
    people: int
    wordings: tuple[str, ...]
    """The other wordings, commonest first."""
    answered: int | None
    """Lines that were answered; None where the host typed nothing."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the show: an hour, a phase, an item's time, a tier of viewers, or all of it."""

    key: str
    """Which one, where time does not tell: ``warm_up`` ``peak`` ``closing``, ``busy`` ``rest``,
    an item, a tier; else empty."""
    start: datetime | None
    end: datetime | None
    minutes: float
    """Minutes live in it; 0 where time is not known."""
    events: Mapping[str, int]
    """Kind of event but comments → how many; likes and gifts by their counts."""
    said: Count
    """What viewers typed."""
    voices: int
    canned: int
    """Lines among ``said`` that are one-tap phrases."""
    spam: int
    """Lines with a link or a contact number."""
    repeats: int
    """Lines in which a person says the same again within one step."""
    labels: tuple[Labelled, ...]
    """Every label of the taxonomy, in its order."""
    words: tuple[Word, ...] = ()
    products: tuple[Named, ...] = ()
    """Product kinds named, most lines first."""
    questions: tuple[Question, ...] = ()
    """Most asked, by people, then lines."""
    host: int = 0
    """Comments of host, staff and system."""

    def labelled(self, facet: str, label: str) -> Labelled:
        """The figures of one label. Raises KeyError for one that is not in the taxonomy."""
        for one in self.labels:
            if one.facet == facet and one.label == label:
                return one
        raise KeyError(f"{facet}/{label}")

    @property
    def per_minute(self) -> float:
        """Comments a minute."""
        return self.said.lines / self.minutes if self.minutes else 0.0


@dataclass(frozen=True, slots=True)
class Series:
    """Events minute by minute through one stretch of being live."""

    start: datetime
    kinds: Mapping[str, tuple[int, ...]]
    """Kind of event → its count in each minute; ``comment`` is what viewers typed."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch far above or below the room's own level."""

    start: datetime
    end: datetime
    comments: int
    per_minute: float
    times: float
    """Of the room's usual level."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class WeekHour:
    """One hour of one weekday, all such days together."""

    weekday: int
    """0 is Monday."""
    hour: int
    minutes: float
    comments: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The same hour of the day, in this show and in the earlier ones."""

    hour: int
    here: Slice
    there: Slice


@dataclass(frozen=True, slots=True)
class Activity:
    """How lively the room was, and when."""

    usual: float
    """The room's usual level: comments a minute."""
    steps: tuple[Slice, ...]
    """Hour by hour (or each half, or quarter of an hour), with words and questions."""
    minutes: tuple[Series, ...]
    busy: tuple[Spell, ...]
    cold: tuple[Spell, ...]
    """Longest first."""
    phases: tuple[Slice, ...]
    """``warm_up``, ``peak``, ``closing``, one after the other; empty where nothing was busy and for
    a show of several days."""
    contrast: tuple[Slice, ...]
    """``busy`` and ``rest``; empty where nothing was busy."""
    week: tuple[WeekHour, ...]
    """Empty unless there are several days."""
    compared: tuple[Compared, ...]
    """Empty without earlier shows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and what answered it."""

    question: Quote
    answer: Quote
    wait: float
    """Seconds."""
    by: str
    """``name``, ``item`` or ``words``."""


@dataclass(frozen=True, slots=True)
class AnsweredStep:
    """Questions of one step."""

    start: datetime
    asked: int
    answered: int


@dataclass(frozen=True, slots=True)
class Responses:
    """Whether the host's side answered, as far as it typed or showed the item."""

    window: int
    """Seconds within which an answer must come."""
    host_lines: int
    """What host and staff typed."""
    announcements: int
    """Those of them that a tool typed (正在讲解3号宝贝) or that came five times and more."""
    asked: int
    """Questions with a time, one-tap phrases and spam apart, a person's repeats once a step."""
    answered: int
    low: float
    high: float
    """95 % Wilson interval of the answered share."""
    median_wait: float | None
    """Seconds, of the answered ones."""
    p90_wait: float | None
    by: Mapping[str, int]
    """``name``, ``item``, ``words`` → answered so."""
    steps: tuple[AnsweredStep, ...]
    examples: tuple[Answer, ...]
    unanswered: tuple[Question, ...]
    """Asked by at least three people, answered never."""

    @property
    def share(self) -> float:
        """Answered share; 0 where nothing was asked."""
        return self.answered / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class HotStep:
    """A label in one step, against what was to be expected."""

    start: datetime
    lines: int
    people: int
    """Hidden ones among them, told apart by their words."""
    voices: int
    of: int
    expected: float
    """Voices that the rest of the show, or the earlier shows, would make likely."""
    p: float
    """Chance of so many or more; 1 where it was not tested."""
    rising: bool


@dataclass(frozen=True, slots=True)
class Complaints:
    """Comments in own words that carry any complaint label, each once, parted by their act."""

    total: Count
    discontent: Count
    """With the act ``complain``, or without ``ask``: somebody is annoyed."""
    inquiries: Count
    """With the act ``ask`` and without ``complain``: somebody only asks (能退吗)."""


@dataclass(frozen=True, slots=True)
class Hotspot:
    """A complaint: how many, how it moved, what it is about."""

    facet: str
    label: str
    state: str
    """``new``, ``rising``, ``steady``, ``falling`` or ``quiet``."""
    when: datetime | None
    """Beginning of the hottest step; None where there is none."""
    times: float | None
    """How many times the expected the hottest step holds; None where nothing was expected."""
    total: Labelled
    inquiries: int
    """Lines of ``total`` that only ask; see `Complaints`."""
    steps: tuple[HotStep, ...]
    earlier: Labelled | None
    """The same in the earlier shows."""
    first: Quote
    worst: Quote
    """The one most surely meant as a complaint."""
    words: tuple[Word, ...]
    items: tuple[Named, ...]
    products: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Upset:
    """A heavy buyer who complained and got no answer."""

    who: str
    purchases: int
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """Viewers of one standing."""

    people: int
    """Known people who did anything; 0 in ``unknown``, whose people cannot be told apart."""
    low: int | None
    """Least level or, without levels, None."""
    high: int | None
    slice: Slice
    """Its key is ``core``, ``regular``, ``newcomer`` or ``unknown``."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """Viewers by standing."""

    by: str
    """``fan`` or ``pay`` level, else ``activity``."""
    bounds: Mapping[str, int]
    """The figures that part the tiers, by name."""
    tiers: tuple[Tier, ...]
    newcomers: tuple[Question, ...]
    """First questions of newcomers."""
    upset: tuple[Upset, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something strange in a file, how often, and on which lines first."""

    why: str
    count: int
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read."""

    name: str
    tool: str
    encoding: str
    rows: int
    """Rows kept."""
    odd: tuple[Remark, ...]
    """Strange, and kept."""
    lost: tuple[Remark, ...]
    """No rows."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """What the figures rest on. ``rows`` = ``twice`` + ``outside`` + all of ``kinds``."""

    files: tuple[File, ...]
    rows: int
    """Rows kept by reading."""
    lost: int
    """Lines that are no rows."""
    twice: int
    """Recorded twice: the same kind and id again. Not counted anywhere else."""
    outside: int
    """Outside the span that was asked for. Not counted anywhere else."""
    kinds: Mapping[str, int]
    """Kind of event → rows. ``comment`` includes the host's side."""
    unknown: tuple[str, ...]
    """Kinds that no tool here is known to write."""
    comments: int
    """What viewers typed."""
    host: int
    """Comments of host, staff and system."""
    blank: int
    """Comments without a text."""
    different: int
    """Different texts among ``comments``."""
    canned: tuple[Named, ...]
    """One-tap phrases; ``lines`` and ``people`` of each."""
    floods: tuple[Named, ...]
    """The same words many times from one person (刷屏)."""
    flood_lines: int
    spam: Count
    without_time: int
    estimated: bool
    """No event had a time: what there is was spread between start and end, or is one block."""
    backwards: int
    """Events that stand after a later one."""
    hidden: int
    """Events whose person is hidden."""
    likes: int
    likes_total: int | None
    """Likes as the tool's running total says, where there is one."""


@dataclass(frozen=True, slots=True)
class NewWord:
    """A frequent word that the model does not know."""

    word: str
    comments: int
    """Different comments that hold it."""
    share: float
    """Of all different comments."""
    known: str
    """What the model has of it: ``dictionary`` (it is cut as a word), ``lexicon`` (its concept),
    ``cut`` (it is cut apart)."""
    quotes: tuple[Quote, ...]
    """One that shows it in use."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether the model still fits what is typed; see `commentnlp.drift`.

    Different comments in own words count, each once.
    """

    verdict: str
    """``due`` (retraining is), ``fits``, ``too_few``."""
    comments: int
    reasons: tuple[Reason, ...]
    """Why it is due."""
    unknown: Share
    """Words that the model does not know, of all words."""
    holding: Share
    """Comments that hold some."""
    unsure: Share
    """Comments that the model is not sure of."""
    words: tuple[NewWord, ...]
    """The most frequent first."""
    labels: tuple[Moved, ...]
    """Every label, in the model's order."""
    scores: Mapping[str, float]
    """Facet → population stability index of its likeliest label's probability."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. Every renderer shows this and nothing else."""

    format: int
    model: str
    """Version of the model whose taxonomy this is."""
    zone: str
    step: int
    """Minutes of a step."""
    start: datetime | None
    end: datetime | None
    purchase_clicks: bool
    """Whether ``purchase`` counts clicks on "buy" (用户正在购买) and not orders."""
    title: str
    """What the report is on: as asked for, else its rooms, else its first file; may be empty."""
    rooms: tuple[str, ...]
    names: Mapping[str, Mapping[str, str]]
    """Display names of ``facet`` and ``facet/label``: language → name."""
    total: Slice
    activity: Activity
    items: tuple[Slice, ...]
    """By item explained, those with most voices first; empty where the file does not say."""
    responses: Responses | None
    """None where host and staff typed nothing."""
    complaints: Complaints
    hotspots: tuple[Hotspot, ...]
    """Parents and leaves of the facet ``complaint``: new and rising ones first, then by people."""
    tiers: Tiers
    quality: Quality
    fit: Fit | None
    """None where the model tells nothing of its samples: it was trained before version 0.5."""
    earlier: tuple[File, ...]
    """The earlier shows compared with."""
