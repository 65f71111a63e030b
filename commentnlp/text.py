"""Normalise: one spelling for what viewers spell in many ways, and the way back to the raw text.

Width, case, traditional characters, emoji variants, links, numbers of contacts, @names,
repeats, and words in disguise. Every rule that is vocabulary stands in a plain table
(``variants.tsv``, ``symbols.tsv``, ``disguises.tsv``) that a shop can extend.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from commentnlp.quantities import NUMERALS, RULES, pairs

Codes = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

LINK, CONTACT = "🔗", "📞"
"""What links and contact numbers are folded to."""

SEPARATOR = "\n"
"""Stands in no normalised text, so that comments can be joined by it."""

_IGNORABLE = (
    "\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\u00ad\u20e3"
    "\U0001f3fb-\U0001f3ff\U000e0000-\U000e007f\U000e0100-\U000e01ef"
)
_CLASSES = re.compile(
    r"(?P<link>(?:https?://|www\.)[\x21-\x7e]+"
    r"|(?<![a-z0-9-])[a-z0-9-]{1,63}\.(?:com|cn|net|top|xyz|vip)\b[\x21-\x7e]*)"
    r"|(?P<mail>(?<![a-z0-9._+-])[a-z0-9._+-]{1,64}@[a-z0-9.-]+\.[a-z]{2,8})"
    r"|(?P<role>@(?=(?:主播|客服|助理|小助理|老板|店家|掌柜|管理)[^\s]))"
    r"|(?P<mention>@[^\s@:,。，!?、/\[\]]{1,24})"
    r"|(?P<face>\[[^\s\[\]]{1,6}\])"
    r"|(?P<contact>(?<![0-9a-z])(?=[0-9])(?!(?P<one>[0-9])(?P=one)+(?![0-9]))"
    r"(?:[0-9oil][ \-_.·]?){6,}[0-9oil](?![0-9a-z]))"
    rf"|(?P<ignorable>[{_IGNORABLE}])"
)
_IGNORED = [
    code
    for first, last in re.findall("(.)(?:-(.))?", _IGNORABLE)
    for code in range(ord(first), ord(last or first) + 1)
]
_CLASSED = "[@./0123456789"
"""One of these stands in whatever `_CLASSES` finds, what is ignorable apart."""

# A run of one character keeps two of it, a run of a short phrase two rounds; numbers are left
# alone (3000 is no cheering) unless they are five or more of one digit (666666).
_REPEATS = re.compile(
    r"(?P<digit>(?<![0-9.])(?P<d>[0-9])(?P=d){4,}(?![0-9.]))"
    r"|(?P<space> (?: )+)"
    r"|(?P<char>(?P<c>[^0-9\s])(?P=c){2,})"
    r"|(?P<phrase>(?P<p>[^0-9\s][^\n]{1,3}?)(?P=p){2,})"
)
_FEWEST_REPEATS = 2
"""Characters that have been there before, at least, in whatever is repeated but a blank."""

_PAUSES = frozenset(",，。､、;；~～·•…")
"""Fold to a blank: whether somebody parts what they say by a comma or a blank means nothing."""

_ADDRESS = re.compile(r"^ ?(?:回复|//) ?[^\s:]{0,20} ?: ?|//[^\s:]{0,20}:")
"""Whom an answer is for (``回复小圆:``, ``//小圆:``; @names are gone already)."""

_BLANKS = re.compile("  +")
_EDGE = " ."
"""What means nothing at the ends of a text."""

# what parts two things said in one breath; a point inside a figure does not
_BREAK = re.compile(r"(?:[ !?:]|(?<![0-9])\.|\.(?![0-9]))+")
_BREAKS = frozenset(" !?:.")
_ADDRESSES, _QUANTITIES, _DISGUISES, _ENDS = 1, 2, 4, 8
_ALL = _ADDRESSES | _QUANTITIES | _DISGUISES | _ENDS
"""The last rules, as bits."""

_NUMERALS = frozenset(NUMERALS)
_SHORTEST_CLAUSE = 3
_SHORTEST_CONTACT = 7
_FEW = 10
"""Comments from which on arrays pay."""


class Text(NamedTuple):
    """A normalised text that knows its raw one.

    ``starts[i]`` and ``ends[i]`` bound the raw characters behind normalised character ``i``;
    both are None where the two texts run in step.
    """

    raw: str
    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Raw span behind the normalised characters ``start`` to ``end`` (``end`` > ``start``)."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


@dataclass(frozen=True, slots=True)
class Disguise:
    """A way of writing that means something else in its context.

    ``after`` and ``before`` list what must stand right before and right after it (any of them;
    ``#`` is a digit, ``^``/``$`` the edge of the comment); a list that starts with ``!`` names
    what must not.
    """

    written: str
    means: str
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


def clauses(text: str) -> list[tuple[int, int]]:
    """Spans of the clauses of a normalised text; none where it is but one.

    Clauses end at blanks and punctuation; one of less than three characters belongs to the next.

    >>> clauses("圈口多大 几个钱,在吗")
    [(0, 4), (5, 10)]
    """
    if len(text) <= 2 * _SHORTEST_CLAUSE or _BREAKS.isdisjoint(text):
        return []
    spans = []
    start = 0
    for match in _BREAK.finditer(text):
        if match.start() - start >= _SHORTEST_CLAUSE:
            spans.append((start, match.start()))
            start = match.end()
    if len(text) - start >= _SHORTEST_CLAUSE or not spans:
        spans.append((start, len(text)))
    elif start < len(text):
        spans[-1] = spans[-1][0], len(text)
    return spans if len(spans) > 1 else []


class Normaliser:
    """Normalises raw comments. ``normalise`` never raises and keeps every offset.

    >>> Normaliser().normalise("５６圈口 　多少錢！！！！").text
    '56圈口 多少钱!!'
    """

    def __init__(
        self,
        variants: Iterable[tuple[str, str]] = (),
        symbols: Iterable[tuple[str, str]] = (),
        disguises: Iterable[Disguise] = (),
    ) -> None:
        """Take the tables: character → character, ``[表情]`` or emoji → symbol, disguises."""
        self.variants = dict(variants)
        self.symbols = dict(symbols)
        self.disguises = tuple(disguises)
        self._fold = _Fold(self.variants)
        self._means = [disguise.means for disguise in self.disguises]
        # the empty group behind each tells which it was, and leaves its first character bare: only
        # so can the engine pass over a branch without trying it
        self._disguised = re.compile("|".join(_pattern(d) + "()" for d in self.disguises) or "(?!)")
        emoji = sorted((s for s in self.symbols if not s.startswith("[")), key=len, reverse=True)
        self._emoji = re.compile("|".join(map(re.escape, emoji)) or "(?!)")
        self._classed = {*_CLASSED, *map(chr, _IGNORED), *(e[0] for e in emoji)}
        self._watch = _Watch(self._fold, emoji, [d.written.lower() for d in self.disguises])

    def normalise_all(self, raws: Sequence[str]) -> list[Text]:
        """`normalise` for each of ``raws``, in a fraction of the time.

        Most comments are only folded; the rules are tried where something stands that one needs.
        """
        if len(raws) < _FEW:
            return [self.normalise(raw) for raw in raws]
        folded, watched, rules = self._watch.fold(raws)
        texts = list(map(Text, raws, folded))
        for i in rules.nonzero()[0].tolist():
            texts[i] = self._unmasked(raws[i], folded[i], None, int(rules[i]))
        for i in watched:
            texts[i] = self.normalise(raws[i])
        return texts

    def normalise(self, raw: str) -> Text:
        """Fold ``raw``, keeping for every character where it came from."""
        text = raw.translate(self._fold)
        spans: _Spans = None
        if len(text) != len(raw):
            origin = [i for i, char in enumerate(raw) for _ in self._fold[ord(char)]]
            spans = origin, [i + 1 for i in origin]
        # most comments show at a glance that a rule has nothing to do
        if not self._classed.isdisjoint(text):
            text, spans = _substitute(_CLASSES, self._class, text, spans)
            text, spans = _substitute(self._emoji, lambda m: self.symbols[m[0]], text, spans)
        if "  " in text or len(text) - len(set(text)) >= _FEWEST_REPEATS:
            text, spans = _substitute(_REPEATS, _shorten, text, spans)
        return self._unmasked(raw, text, spans)

    def _unmasked(self, raw: str, text: str, spans: _Spans, rules: int = _ALL) -> Text:
        """The last rules, those of ``rules``: whom it is for, quantities, disguises, ends."""
        if rules & _ADDRESSES and ":" in text:
            text, spans = _substitute(
                _ADDRESS, lambda m: "" if m.start() == 0 else " ", text, spans
            )
        if rules & _QUANTITIES and not _NUMERALS.isdisjoint(text):
            for needed, pattern, replace in RULES:
                if not needed or any(char in text for char in needed):
                    text, spans = _substitute(pattern, replace, text, spans)
        if rules & (_QUANTITIES | _DISGUISES):  # 两个w becomes 2个w, and that 2万
            text, spans = _substitute(
                self._disguised, lambda m: self._means[(m.lastindex or 1) - 1], text, spans
            )
        text, spans = _trim(text, spans)
        return Text(raw, text) if spans is None else Text(raw, text, *spans)

    def _class(self, match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "face":
            return self.symbols.get(match[0], "" if _is_face(match[0]) else match[0])
        return {"contact": CONTACT, "link": LINK, "mail": LINK}.get(kind or "", "")


_Spans = tuple[list[int], list[int]] | None


def _substitute(
    pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str], text: str, spans: _Spans
) -> tuple[str, _Spans]:
    """``pattern.sub`` that carries the spans along."""
    match = pattern.search(text)
    if match is None:
        return text, spans
    starts, ends = spans or (list(range(len(text))), list(range(1, len(text) + 1)))
    out: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for match in pattern.finditer(text):
        i, j = match.span()
        out.append(text[at:i])
        new_starts += starts[at:i]
        new_ends += ends[at:i]
        new = replace(match)
        out.append(new)
        new_starts += [starts[i]] * len(new)
        new_ends += [ends[j - 1]] * len(new)
        at = j
    out.append(text[at:])
    new_text = "".join(out)
    if new_text == text:
        return text, spans
    return new_text, (new_starts + starts[at:], new_ends + ends[at:])


def _trim(text: str, spans: _Spans) -> tuple[str, _Spans]:
    """``text`` without blanks at its ends and without blanks after blanks."""
    if "  " in text:
        text, spans = _substitute(_BLANKS, lambda match: " ", text, spans)
    first = len(text) - len(text.lstrip(_EDGE))
    last = len(text.rstrip(_EDGE))
    if first and spans is None:
        spans = list(range(len(text))), list(range(1, len(text) + 1))
    if spans is not None:
        spans = spans[0][first:last], spans[1][first:last]
    return text[first:last], spans


def _shorten(match: re.Match[str]) -> str:
    if match["digit"]:
        return match["d"] * 4
    if match["space"]:
        return " "
    return (match["c"] or match["p"]) * 2


def _is_face(code: str) -> bool:
    """Tell ``[捂脸]`` from other things in brackets: letters or Han, no figures."""
    return code[1:-1].isalpha()


def _pattern(disguise: Disguise) -> str:
    """A regular expression that starts with the written word, so that the scan stays fast."""
    written = disguise.written.lower()
    word = re.escape(written)
    behind = _context(disguise.after, lambda c: f"(?<={c}{word})", lambda c: f"(?<!{c}{word})")
    ahead = _context(disguise.before, lambda c: f"(?={c})", lambda c: f"(?!{c})")
    # letters stand for a word only where no others stand beside them: th, but not thx
    if written[0].isascii():
        behind += f"(?<![a-z]{word})"
    if written[-1].isascii():
        ahead += "(?![a-z])"
    return word + behind + ahead


def _context(
    words: tuple[str, ...], must: Callable[[str], str], must_not: Callable[[str], str]
) -> str:
    if not words:
        return ""
    if words[0].startswith("!"):
        return "".join(must_not(_literal(word.lstrip("!"))) for word in words)
    return "(?:" + "|".join(must(_literal(word)) for word in words) + ")"


def _literal(word: str) -> str:
    return "".join({"#": "[0-9]", "^": "^", "$": "$"}.get(c) or re.escape(c) for c in word)


class _Fold(dict[int, str]):
    """Translation table that is filled as characters are first met.

    What it folds: NFKC width and compatibility forms, case, traditional → simplified, the
    table of variants. Kept one to one where possible; controls and blanks become a space,
    lone surrogates U+FFFD, and Han characters that jieba does not know as Han a geta mark.
    """

    def __init__(self, variants: dict[str, str]) -> None:
        super().__init__()
        self._variants = variants

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in self._variants:
            folded = self._variants[char]
        elif 0xD800 <= code <= 0xDFFF:
            folded = "\ufffd"
        elif char.isspace() or char in _PAUSES or unicodedata.category(char) == "Cc":
            folded = " "
        else:
            plain = unicodedata.normalize("NFKC", char).lower()
            folded = "".join(self._variants.get(c, _simplified(c)) for c in plain)
            folded = re.sub(r"\s", " ", folded) or char
        self[code] = folded
        return folded


class _Watch:
    """Folds many comments at once and names those on which a further rule could work.

    It may name too many, never too few; a test holds that against `Normaliser.normalise`.
    """

    _RULE, _FIGURE, _PAIR, _ALONE = 1, 2, 4, 8
    _MANY = 0x10FFFF
    """Stands for characters that fold to more than one, or to none."""

    def __init__(self, fold: _Fold, emoji: Iterable[str], disguises: Iterable[str]) -> None:
        self._fold = fold
        self._folded = np.zeros(0x110000, np.uint32)  # 0 where not yet met
        self._flags = np.zeros(0x110000, np.uint8)
        self._flags[[*_IGNORED, *map(ord, "[@./"), self._MANY, *(ord(e[0]) for e in emoji)]] = (
            self._RULE
        )
        for char in "0123456789oil":
            self._flags[ord(char)] |= self._FIGURE
        rules: dict[int, int] = {}
        for several, rule in (
            (disguises, _DISGUISES),
            (pairs(), _QUANTITIES),
            (("回复", "//"), _ADDRESSES),
        ):
            for written in several:
                self._flags[ord(written[0])] |= self._ALONE if len(written) == 1 else self._PAIR
                if len(written) > 1:
                    pair = ord(written[0]) << 21 | ord(written[1])
                    rules[pair] = rules.get(pair, 0) | rule
        # the last one is no pair: whatever is sought, it is not beyond the end
        self._pairs = np.array([*sorted(rules), 1 << 42], np.int64)
        self._rules = np.array([rules[pair] for pair in sorted(rules)], np.uint8)

    def fold(self, raws: Sequence[str]) -> tuple[list[str], list[int], npt.NDArray[np.uint8]]:
        """The folded comments, which of them any rule could change, and for each other one which
        of the last rules could."""
        joined = SEPARATOR.join(raws) + SEPARATOR
        codes = self._fold_codes(np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4"))
        edge = np.zeros(len(codes), bool)
        edge[(np.fromiter(map(len, raws), np.int64, len(raws)) + 1).cumsum() - 1] = True
        codes[edge] = ord(SEPARATOR)
        row = edge.cumsum()
        flags = self._flags[codes]
        figures = row[(flags & self._FIGURE).nonzero()]
        watched = np.bincount(figures, minlength=len(raws)) >= _SHORTEST_CONTACT
        watched[row[(flags & self._RULE).nonzero()]] = True
        watched[row[_repeats(codes, row)]] = True
        rules = np.zeros(len(raws), np.uint8)
        places, found = self._last_rules(codes, flags)
        for rule in (_ADDRESSES, _QUANTITIES, _DISGUISES):
            rules[row[places[(found & rule) > 0]]] |= rule
        rules[row[_bare_ends(codes, edge)]] |= _ENDS
        rules[watched] = 0
        texts = codes.tobytes().decode("utf-32-le").split(SEPARATOR)[:-1]
        return texts, watched.nonzero()[0].tolist(), rules

    def _fold_codes(self, codes: Codes) -> Codes:
        folded: Codes = self._folded[codes]
        if not folded.all():
            for code in set(codes[folded == 0].tolist()):
                means = self._fold[code]
                self._folded[code] = ord(means) if len(means) == 1 else self._MANY
            folded = self._folded[codes]
        return folded

    def _last_rules(
        self, codes: Codes, flags: npt.NDArray[np.uint8]
    ) -> tuple[Ints, npt.NDArray[np.uint8]]:
        """Where one of the last rules may have something to do, and which, as bits."""
        (alone,) = (flags & self._ALONE).nonzero()
        (at,) = (flags & self._PAIR).nonzero()
        # never the last character of all: that is a separator
        pair = codes[at].astype(np.int64) << 21 | codes[at + 1]
        place = self._pairs.searchsorted(pair)
        known = self._pairs[place] == pair
        found = np.full(len(alone), _DISGUISES, np.uint8)
        return np.concatenate([alone, at[known]]), np.append(found, self._rules[place[known]])


def _bare_ends(codes: Codes, edge: npt.NDArray[np.bool_]) -> Ints:
    """Where a text begins or ends with a blank or a point."""
    bare = (codes == ord(" ")) | (codes == ord("."))
    first = np.empty_like(edge)
    first[0], first[1:] = True, edge[:-1]
    last = np.append(edge[1:], False)
    places: Ints = (bare & (first | last)).nonzero()[0]
    return places


def _repeats(codes: Codes, row: Ints) -> Ints:
    """Where two blanks, three of one character, or a phrase that comes again may begin."""
    place = row << 21 | codes
    found = np.zeros(len(codes), bool)
    for period in range(1, 5):
        same = place[:-period] == place[period:]
        if period == 1:
            found[:-1] = same & (codes[1:] == ord(" "))
        again = same[:-period] & same[period:]
        found[: len(again)] |= again
    return found.nonzero()[0]


def _simplified(char: str) -> str:
    """Simplified form of one character. GB 2312 holds only simplified ones: no look-up for them."""
    if not _is_han(char):
        return char
    if not "\u4e00" <= char <= "\u9fd5":
        return "〓"
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        simple: str = _converter().convert(char)
        return simple if len(simple) == 1 and "\u4e00" <= simple <= "\u9fd5" else char
    return char


def _is_han(char: str) -> bool:
    code = ord(char)
    return 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF


@lru_cache(maxsize=1)
def _converter() -> Any:
    import opencc  # 15 ms, and only where somebody writes traditional characters

    return opencc.OpenCC("t2s")
