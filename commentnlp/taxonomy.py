"""Facets, labels and their names: what is tagged, in which order, and how people call it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from commentnlp.errors import SampleError
from commentnlp.records import Tag


def parent_of(label: str) -> str:
    """The parent of a leaf (``logistics.delay`` → ``logistics``); empty for a parent."""
    return label.rpartition(".")[0]


@dataclass(frozen=True)
class Taxonomy:
    """Labels of each facet, a parent before its leaves, and display names by language.

    ``names`` maps a facet or ``facet/label`` to names such as ``{"zh": "价格", "en": "price"}``.
    """

    facets: Mapping[str, tuple[str, ...]]
    names: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, path: Path) -> Taxonomy:
        """Read ``taxonomy.json``. Raises SampleError when it is not of that form."""
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8-sig")))
        except FileNotFoundError:
            raise SampleError(f"{path}: no such taxonomy file") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SampleError(
                f"{path}: not a taxonomy ({error}); see training_data/taxonomy.json"
            ) from None

    @classmethod
    def from_json(cls, data: Any) -> Taxonomy:
        """Build from ``{facet: {"names": {...}, "labels": {label: names}}}``."""
        if not data:
            raise ValueError("no facet in it")
        facets, names = {}, {}
        for facet, entry in data.items():
            names[facet] = dict(entry["names"])
            facets[facet] = tuple(entry["labels"])
            for label, label_names in entry["labels"].items():
                parent = parent_of(label)
                if parent and parent not in entry["labels"]:
                    raise SampleError(f"facet {facet!r}: leaf {label!r} has no parent {parent!r}")
                names[f"{facet}/{label}"] = dict(label_names)
        return cls(facets, names)

    def to_json(self) -> dict[str, Any]:
        """Give the form that `from_json` reads."""
        return {
            facet: {
                "names": dict(self.names[facet]),
                "labels": {label: dict(self.names[f"{facet}/{label}"]) for label in labels},
            }
            for facet, labels in self.facets.items()
        }

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """``(facet, label)`` of every column of a score matrix."""
        return tuple((facet, label) for facet, labels in self.facets.items() for label in labels)

    def parents(self, facet: str) -> tuple[str, ...]:
        """Labels of a facet that are no leaves."""
        return tuple(label for label in self.facets[facet] if not parent_of(label))

    def with_parents(self, facet: str, labels: Iterable[str]) -> frozenset[str]:
        """``labels`` and the parents they imply. Raises SampleError for one that is unknown."""
        out = set()
        for label in labels:
            if label not in self.facets[facet]:
                raise self._unknown(facet, label)
            out.add(label)
            if parent := parent_of(label):
                out.add(parent)
        return frozenset(out)

    def joined(self, columns: Iterable[tuple[str, str]]) -> Taxonomy:
        """The same with further labels, in facets of their own where need be."""
        facets = {facet: list(labels) for facet, labels in self.facets.items()}
        for facet, label in columns:
            several = facets.setdefault(facet, [])
            if label not in several:
                several.append(label)
        return Taxonomy({facet: tuple(labels) for facet, labels in facets.items()}, self.names)

    def without(self, columns: Collection[tuple[str, str]]) -> Taxonomy:
        """The same without some labels and their leaves; a facet that has none left goes, too."""
        kept = {
            facet: tuple(
                label
                for label in labels
                if (facet, label) not in columns and (facet, parent_of(label)) not in columns
            )
            for facet, labels in self.facets.items()
        }
        return Taxonomy({facet: labels for facet, labels in kept.items() if labels}, self.names)

    def name(self, facet: str, label: str = "", *, language: str = "zh") -> str:
        """Display name of a facet or of a label; the label itself where it has none."""
        names = self.names.get(f"{facet}/{label}" if label else facet, {})
        return names.get(language) or label or facet

    def entry(self, facet: str, label: str = "", *, language: str = "zh") -> str:
        """Identifier and display name, for people to choose from: ``price 价格``."""
        name = self.name(facet, label, language=language)
        return name if name == (label or facet) else f"{label or facet} {name}"

    def find_facet(self, name: str) -> str:
        """The facet that somebody means by identifier or display name; empty where none, or two."""
        if name in self.facets:
            return name
        folded = _folded(name)
        found = [
            facet
            for facet in self.facets
            if folded in map(_folded, (facet, *self.names.get(facet, {}).values()))
        ]
        return found[0] if len(found) == 1 else ""

    def identify(self, tags: Mapping[str, tuple[Tag, ...]]) -> dict[str, tuple[Tag, ...]]:
        """Tags by identifiers, where a table calls facets and labels by their display names."""
        found = {}
        for name, given in tags.items():
            facet = self.find_facet(name)
            found[facet or name] = tuple(self._identify_tag(facet, tag) for tag in given)
        return found

    def _identify_tag(self, facet: str, tag: Tag) -> Tag:
        labels = self.meant(facet, tag.label) if facet else ()
        unchanged = len(labels) != 1 or labels[0] == tag.label
        return tag if unchanged else replace(tag, label=labels[0])

    def meant(self, facet: str, said: str) -> tuple[str, ...]:
        """Labels that somebody may mean: by identifier, display name or entry, in any language."""
        if said in self.facets[facet]:
            return (said,)
        return self._spoken[facet].get(_folded(said), ())

    def find(self, facet: str, said: str) -> str:
        """The one label that somebody means. Raises SampleError where there is none, or two."""
        labels = self.meant(facet, said)
        if len(labels) > 1:
            raise SampleError(f"{said!r} in facet {facet!r} may be {' or '.join(labels)}")
        if not labels:
            raise self._unknown(facet, said)
        return labels[0]

    @cached_property
    def _spoken(self) -> dict[str, dict[str, tuple[str, ...]]]:
        spoken: dict[str, dict[str, tuple[str, ...]]] = {}
        for facet, labels in self.facets.items():
            ids = {_folded(label): (label,) for label in labels}
            names: dict[str, tuple[str, ...]] = {}
            for label in labels:
                given = self.names.get(f"{facet}/{label}", {}).values()
                for said in {_folded(x) for name in given for x in (name, f"{label} {name}")}:
                    names[said] = (*names.get(said, ()), label)
            spoken[facet] = {**names, **ids}
        return spoken

    def _unknown(self, facet: str, said: str) -> SampleError:
        near = get_close_matches(_folded(said), self._spoken[facet], n=1)
        labels = self._spoken[facet][near[0]] if near else ()
        return SampleError(
            f"unknown label {said!r} in facet {facet!r}; it has: {', '.join(self.facets[facet])}"
            + (f" (is {' or '.join(labels)} meant?)" if labels else "")
        )


def _folded(said: str) -> str:
    """As it is looked up: width, case and blanks do not matter."""
    return " ".join(unicodedata.normalize("NFKC", said).casefold().split())
