"""The tables that a shop can extend: spellings, user dictionary, lexicon, goods, rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from commentnlp.denials import NO_DENIALS, Denials
from commentnlp.errors import ReadError
from commentnlp.features import concepts_of
from commentnlp.noise import Noise
from commentnlp.tables import read_table
from commentnlp.text import Disguise, Normaliser

COLUMNS = {
    "variants.tsv": 2,
    "symbols.tsv": 2,
    "disguises.tsv": 4,
    "words.tsv": 2,
    "concepts.tsv": 2,
    "denials.tsv": 2,
    "products.tsv": 2,
    "rules.tsv": 2,
    "vocatives.tsv": 1,
    "noise.tsv": 2,
}
"""The tables of a language folder and how many cells their rows have."""

OPTIONAL = ("denials.tsv", "products.tsv", "rules.tsv", "vocatives.tsv", "noise.tsv")
"""Tables that a language can do without."""

ONLY_TRAINING = ("vocatives.tsv",)
"""Tables that training reads and no model keeps."""

LONGEST_WORD = 60
"""Characters of a word in the user dictionary."""

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Language:
    """What is known of a language before the first sample."""

    normaliser: Normaliser
    words: Mapping[str, int | None] = field(default_factory=dict)
    """The user dictionary: word → frequency, None where the table gives none."""
    concepts: Mapping[str, str] = field(default_factory=dict)
    """The lexicon: word, or shape such as ``##k``, → concept."""
    denials: Denials = NO_DENIALS
    """What denies, and what can be denied."""
    products: Mapping[str, str] = field(default_factory=dict)
    """Word → the kind of goods that it names."""
    rules: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Label (``facet/label``) → phrases that speak for it; `suggest` asks them, nothing else."""
    vocatives: Sequence[str] = ()
    """Words that call somebody, by which training disturbs samples."""
    noise: Noise | None = None
    """Phrases and words of one-tap buttons and spam; None where the folder tells of none."""

    @classmethod
    def read(cls, folder: Path) -> Language:
        """Read a folder that has every table. Raises ReadError that names file and line."""
        missing = {name for name in OPTIONAL if not (folder / name).exists()}
        return cls.of({n: _rows(folder, n) for n in COLUMNS if n not in missing}, str(folder))

    @classmethod
    def extended(cls, own: Path, shipped: Path, *, add: bool) -> Language:
        """Tables of a shop and, for those that it has not, the shipped ones.

        With ``add`` the shop's rows come on top of the shipped table; where both tell something of
        the same word, the shop's counts. Raises ReadError for a folder without tables or with one
        that is not known.
        """
        if not own.is_dir():
            raise ReadError(f"{own}: no such folder; it should hold {', '.join(COLUMNS)}")
        there = {path.name for path in own.glob("*.tsv")}
        if strange := sorted(there - set(COLUMNS)):
            raise ReadError(f"{own / strange[0]}: no table of that name is known;"
                            f" there are {', '.join(COLUMNS)}")  # fmt: skip
        if not there:
            raise ReadError(f"{own}: no table in it; it should hold some of {', '.join(COLUMNS)}")
        rows = {}
        for name in COLUMNS:
            mine = _rows(own, name) if name in there else []
            if name == "concepts.tsv":  # a word stands under one concept: the shop's
                theirs = _without(_rows(shipped, name), mine) if add or not mine else []
            else:
                theirs = _rows(shipped, name) if add or not mine else []
            rows[name] = [*mine, *theirs] if name == "disguises.tsv" else [*theirs, *mine]
        return cls.of(rows, str(own))

    @classmethod
    def of(cls, rows: Mapping[str, Rows], place: str) -> Language:
        """Build from the rows of the tables, by file name; ``place`` is for messages."""
        disguises = [
            Disguise(written, means, tuple(filter(None, after.split("|"))),
                     tuple(filter(None, before.split("|"))))
            for written, means, after, before in rows["disguises.tsv"]
        ]  # fmt: skip
        variants, symbols = ([(a, b) for a, b in rows[f"{n}.tsv"]] for n in ("variants", "symbols"))
        words: dict[str, int | None] = {}
        for word, frequency in rows["words.tsv"]:
            if frequency and not (frequency.isascii() and frequency.isdecimal()):
                raise ReadError(
                    f"{place}/words.tsv: the frequency of {word!r} is no number: {frequency!r}"
                )
            if len(frequency) > 9 or len(word) > LONGEST_WORD:
                raise ReadError(
                    f"{place}/words.tsv: {word[:20]!r}: a word has up to {LONGEST_WORD} characters,"
                    " its frequency up to 9 digits"
                )
            words[word.lower()] = int(frequency) if frequency else None
        products = rows.get("products.tsv", ())
        rules: dict[str, Sequence[str]] = {}
        for label, phrases in rows.get("rules.tsv", ()):
            both = (*rules.get(label, ()), *phrases.lower().split())
            rules[label] = tuple(dict.fromkeys(both))
        normaliser = Normaliser(variants, symbols, disguises)
        return cls(
            normaliser,
            words,
            concepts_of(rows["concepts.tsv"], f"{place}/concepts.tsv"),
            Denials.of(rows.get("denials.tsv", ()), f"{place}/denials.tsv"),
            {word.lower(): kind for kind, several in products for word in several.split()},
            rules,
            [word for (word,) in rows.get("vocatives.tsv", ())],
            _noise_of(rows.get("noise.tsv", ()), f"{place}/noise.tsv", normaliser),
        )

    def tables(self) -> dict[str, Rows]:
        """The rows of the tables that a model keeps, by file name; `of` reads them as in use."""
        return {
            "variants.tsv": list(self.normaliser.variants.items()),
            "symbols.tsv": list(self.normaliser.symbols.items()),
            "disguises.tsv": [
                (d.written, d.means, "|".join(d.after), "|".join(d.before))
                for d in self.normaliser.disguises
            ],
            "words.tsv": [(w, "" if n is None else str(n)) for w, n in self.words.items()],
            "concepts.tsv": _grouped(self.concepts),
            "denials.tsv": self.denials.rows(),
            "products.tsv": _grouped(self.products),
            "rules.tsv": [(label, " ".join(phrases)) for label, phrases in self.rules.items()],
            **({"noise.tsv": self.noise.rows()} if self.noise else {}),
        }


def _noise_of(rows: Rows, place: str, normaliser: Normaliser) -> Noise | None:
    """The table of noise, its words folded as comments are; None where it is empty."""
    folded = [
        (kind, " ".join(normaliser.normalise(word).text for word in words.split()))
        for kind, words in rows
    ]
    return Noise.of(folded, place) if folded else None


def _rows(folder: Path, name: str) -> Rows:
    return read_table(folder / name, COLUMNS[name])


def _without(rows: Rows, others: Rows) -> Rows:
    """Groups of words without those that stand in other groups."""
    taken = {word.lower() for _, words in others for word in words.split()}
    kept = (
        (group, " ".join(word for word in words.split() if word.lower() not in taken))
        for group, words in rows
    )
    return [row for row in kept if row[1]]


def _grouped(groups: Mapping[str, str]) -> Rows:
    words_of: dict[str, list[str]] = {}
    for word, group in groups.items():
        words_of.setdefault(group, []).append(word)
    return [(group, " ".join(words)) for group, words in words_of.items()]
