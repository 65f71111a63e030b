"""Normalise: one spelling for what viewers spell in many ways, and the way back to the raw text.

Width, case, traditional characters, emoji variants, links, numbers of contacts, @names,
repeats, and words in disguise. Every rule that is vocabulary stands in a plain table
(``variants.tsv``, ``symbols.tsv``, ``disguises.tsv``) that a shop can extend.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from commentnlp.arrays import Ints, ranges
from commentnlp.quantities import RULES, Rule, pairs

Codes = npt.NDArray[np.uint32]
_Offsets = tuple[list[int], list[int]]

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
    # in one piece, figure by figure, or as telephones are written; 38 124 125 are item numbers
    r"(?:(?:[0-9oil][\-_.·]?){6,}|(?:[0-9oil] ){6,}|1[0-9]{2} [0-9]{4} [0-9]{3})[0-9oil]"
    r"(?![0-9a-z]))"
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

_ADDRESS = re.compile(r"^ ?(?:回复|//) ?[^\s:]{0,20} ?: ?|//[^\s:]{0,20}:", re.MULTILINE)
"""Whom an answer is for (``回复小圆:``, ``//小圆:``; @names are gone already)."""

_PARTS = "回复", "//"
"""One of these stands in whatever `_ADDRESS` finds."""

_BLANKS = re.compile("  +")
_EDGE = " ."
"""What means nothing at the ends of a text."""

# what parts two things said in one breath; a point inside a figure does not
_BREAK = re.compile(r"(?:[ !?:]|(?<![0-9])\.|\.(?![0-9]))+")
_BREAKS = frozenset(" !?:.")
_SHORTEST_CLAUSE = 3
_SHORTEST_CONTACT = 7
_FEW = 10
"""Comments from which on arrays pay."""


class Text:
    """A normalised text that knows its raw one."""

    __slots__ = ("_offsets", "raw", "text")

    def __init__(
        self, raw: str, text: str, offsets: _Offsets | tuple[Ints, Ints] | None = None
    ) -> None:
        """Take both texts and where the characters come from.

        ``offsets`` holds the first raw character behind each normalised one, and the one after the
        last; it is None where the two texts run in step.
        """
        self.raw = raw
        self.text = text
        self._offsets = offsets

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Raw span behind the normalised characters ``start`` to ``end`` (``end`` > ``start``)."""
        if self._offsets is None:
            return start, end
        starts, ends = self._offsets
        return int(starts[start]), int(ends[end - 1])


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


_EXPANDING = re.compile("[\u3300-\u33ff\ufb00-\ufdff]")
"""Characters that fold to several; U+FDFA becomes eighteen."""


MOST_GROWTH = 18
"""Characters that one becomes at most."""


def normalised_length(text: str) -> int:
    """How many characters ``text`` may have once it is normalised; never fewer than it will."""
    if text.isascii() or not _EXPANDING.search(text):
        return len(text)
    return len(text) + (MOST_GROWTH - 1) * len(_EXPANDING.findall(text))


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
        means = [disguise.means for disguise in self.disguises]
        # the empty group behind each tells which it was, and leaves its first character bare: only
        # so can the engine pass over a branch without trying it
        branches = "|".join(_pattern(d) + "()" for d in self.disguises) or "(?!)"
        disguised = re.compile(branches, re.MULTILINE)
        emoji = sorted((s for s in self.symbols if not s.startswith("[")), key=len, reverse=True)
        self._first_rules: tuple[Rule, Rule, Rule] = (
            (_CLASSES, self._class),
            (re.compile("|".join(map(re.escape, emoji)) or "(?!)"), lambda m: self.symbols[m[0]]),
            (_REPEATS, _shorten),
        )
        # 两个w becomes 2个w, and that 2万: disguises come after quantities
        self._last_rules: tuple[Rule, ...] = (
            (_ADDRESS, lambda match: "" if _begins(match) else " "),
            *RULES,
            (disguised, lambda match: means[(match.lastindex or 1) - 1]),
            (_BLANKS, lambda match: " "),
        )
        self._classed = {*_CLASSED, *map(chr, _IGNORED), *(e[0] for e in emoji)}
        self._watch = _Watch(self._fold, emoji, [d.written.lower() for d in self.disguises])

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the tables; the rules are made from them again."""
        return Normaliser, (
            tuple(self.variants.items()),
            tuple(self.symbols.items()),
            self.disguises,
        )

    def normalise_all(self, raws: Sequence[str]) -> list[Text]:
        """`normalise` for each of ``raws``, in a fraction of the time.

        Most comments are only folded. Those in which a rule may find something are joined, so that
        each rule goes through them but once.
        """
        if len(raws) < _FEW:
            return [self.normalise(raw) for raw in raws]
        folded, watched, ruled = self._watch.fold(raws)
        texts = list(map(Text, raws, folded))
        many = _Joined([self._folded(raws[i]) for i in watched])
        for rule in self._first_rules:
            many.substitute(*rule)
        many.append([folded[i] for i in ruled])
        for rule in self._last_rules:
            many.substitute(*rule)
        for i, (text, offsets) in zip([*watched, *ruled], many.apart(), strict=True):
            if text != folded[i]:
                texts[i] = Text(raws[i], text, offsets)
        return texts

    def meet(self, text: str) -> None:
        """See to it that `tables` knows how each character of ``text`` is folded."""
        self._watch.fold([text])

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """What each character met so far is folded to (0: not yet met), what it could begin, and
        the pairs that a rule needs, for the compiled core."""
        return self._watch.tables()

    def normalise(self, raw: str) -> Text:
        """Fold ``raw``, keeping for every character where it came from."""
        text, offsets = self._folded(raw)
        # most comments show at a glance that a rule has nothing to do
        classes, emoji, repeats = self._first_rules
        if not self._classed.isdisjoint(text):
            text, offsets = _substitute(*classes, text, offsets)
            text, offsets = _substitute(*emoji, text, offsets)
        if "  " in text or len(text) - len(set(text)) >= _FEWEST_REPEATS:
            text, offsets = _substitute(*repeats, text, offsets)
        for rule in self._last_rules:
            text, offsets = _substitute(*rule, text, offsets)
        first, after = _edges(text)
        if first and offsets is None:
            offsets = _in_step(text)
        if offsets:
            offsets = offsets[0][first:after], offsets[1][first:after]
        return Text(raw, text[first:after], offsets)

    def _folded(self, raw: str) -> tuple[str, _Offsets | None]:
        text = raw.translate(self._fold)
        if len(text) == len(raw):
            return text, None
        origin = [i for i, char in enumerate(raw) for _ in self._fold[ord(char)]]
        return text, (origin, [i + 1 for i in origin])

    def _class(self, match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "face":
            return self.symbols.get(match[0], "" if _is_face(match[0]) else match[0])
        return {"contact": CONTACT, "link": LINK, "mail": LINK}.get(kind or "", "")


class _Joined:
    """Several texts one after the other, with their offsets, rewritten all at once."""

    def __init__(self, texts: Sequence[tuple[str, _Offsets | None]]) -> None:
        self._text = ""
        self._starts = self._ends = np.zeros(0, np.int64)
        self.append([text for text, _ in texts])
        at = 0
        for text, offsets in texts:
            if offsets:
                self._starts[at : at + len(text)], self._ends[at : at + len(text)] = offsets
            at += len(text) + 1

    def append(self, texts: Sequence[str]) -> None:
        """Add texts that run in step with their raw ones."""
        size = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
        starts = np.arange(size.sum()) - (size.cumsum() - size).repeat(size)
        self._text += "".join(text + SEPARATOR for text in texts)
        self._starts = np.concatenate([self._starts, starts])
        self._ends = np.concatenate([self._ends, starts + 1])

    def substitute(self, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> None:
        """`_substitute` for all texts."""
        at = 0
        pieces: list[str] = []
        spans: list[tuple[int, int, int]] = []
        for match in pattern.finditer(self._text):
            new = replace(match)
            if new != match[0]:
                pieces += [self._text[at : match.start()], new]
                at = match.end()
                spans.append((match.start(), at, len(new)))
        if not spans:
            return
        self._text = "".join(pieces) + self._text[at:]
        begin, end, size = np.array(spans, np.int64).T
        # all characters of the new text come from the whole of the match
        count = np.ones(len(self._starts), np.int64)
        count[ranges(begin, end - begin)] = 0
        count[begin] = size
        self._starts = self._starts.repeat(count)
        count[begin] = 0
        count[end - 1] = size
        self._ends = self._ends.repeat(count)

    def apart(self) -> Iterator[tuple[str, tuple[Ints, Ints]]]:
        """Each text without its bare edges, and its offsets."""
        at = 0
        for text in self._text.split(SEPARATOR)[:-1]:
            first, after = _edges(text)
            part = slice(at + first, at + after)
            yield text[first:after], (self._starts[part], self._ends[part])
            at += len(text) + 1


def _substitute(
    pattern: re.Pattern[str],
    replace: Callable[[re.Match[str]], str],
    text: str,
    offsets: _Offsets | None,
) -> tuple[str, _Offsets | None]:
    """``pattern.sub`` that carries the offsets along."""
    match = pattern.search(text)
    if match is None:
        return text, offsets
    starts, ends = offsets or _in_step(text)
    out: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for match in pattern.finditer(text):
        new = replace(match)
        if new == match[0]:
            continue
        i, j = match.span()
        out.append(text[at:i])
        new_starts += starts[at:i]
        new_ends += ends[at:i]
        out.append(new)
        new_starts += [starts[i]] * len(new)
        new_ends += [ends[j - 1]] * len(new)
        at = j
    if not out:
        return text, offsets
    out.append(text[at:])
    return "".join(out), (new_starts + starts[at:], new_ends + ends[at:])


def _in_step(text: str) -> _Offsets:
    return list(range(len(text))), list(range(1, len(text) + 1))


def _edges(text: str) -> tuple[int, int]:
    """Where what means something begins in a text, and where it is over."""
    return len(text) - len(text.lstrip(_EDGE)), len(text.rstrip(_EDGE))


def _begins(match: re.Match[str]) -> bool:
    """Whether a match stands at the beginning of a text, or of one of several that were joined."""
    return match.start() == 0 or match.string[match.start() - 1] == SEPARATOR


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
        several: set[int] = set()
        for written in (*disguises, *pairs(), *_PARTS):
            self._flags[ord(written[0])] |= self._ALONE if len(written) == 1 else self._PAIR
            if len(written) > 1:
                several.add(ord(written[0]) << 21 | ord(written[1]))
        # the last one is no pair: whatever is sought, it is not beyond the end
        self._pairs = np.array([*sorted(several), 1 << 42], np.int64)

    def fold(self, raws: Sequence[str]) -> tuple[list[str], list[int], list[int]]:
        """The folded comments, which of them the first rules could change, and which of the others
        the last rules could."""
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
        ruled = np.zeros(len(raws), bool)
        ruled[row[self._needing_a_last_rule(codes, flags)]] = True
        ruled[row[_bare_ends(codes, edge)]] = True
        ruled[watched] = False
        texts = codes.tobytes().decode("utf-32-le").split(SEPARATOR)[:-1]
        return texts, watched.nonzero()[0].tolist(), ruled.nonzero()[0].tolist()

    def tables(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays that `fold` looks into; they are filled as characters are met."""
        return {"folded": self._folded, "flags": self._flags, "pairs": self._pairs}

    def _fold_codes(self, codes: Codes) -> Codes:
        folded: Codes = self._folded[codes]
        if not folded.all():
            for code in set(codes[folded == 0].tolist()):
                means = self._fold[code]
                self._folded[code] = ord(means) if len(means) == 1 else self._MANY
            folded = self._folded[codes]
        return folded

    def _needing_a_last_rule(self, codes: Codes, flags: npt.NDArray[np.uint8]) -> Ints:
        """Where one of the last rules may have something to do."""
        (alone,) = (flags & self._ALONE).nonzero()
        (at,) = (flags & self._PAIR).nonzero()
        # never the last character of all: that is a separator
        pair = codes[at].astype(np.int64) << 21 | codes[at + 1]
        known = self._pairs[self._pairs.searchsorted(pair)] == pair
        return np.concatenate([alone, at[known]])


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
