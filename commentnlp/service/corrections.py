"""The body of POST /v1/labels → what people say the labels of comments are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from commentnlp.service.problems import Problem
from commentnlp.taxonomy import Taxonomy, parent_of

MOST = 1_000
SHAPE = '{"labels":[{"seq":9,"intent":["price"],"complaint":[],"act":["ask"],"by":"…"}]}'

_KNOWN = {"seq", "text", "by", "note"}
_LONGEST = {"text": 10_000, "by": 200, "note": 2_000}


class Given(NamedTuple):
    """One correction as it came."""

    seq: int | None
    text: str
    labels: Mapping[str, tuple[str, ...]]
    by: str
    note: str


def labels_of(value: Any, taxonomy: Taxonomy) -> list[Given]:
    """Corrections of a decoded body; facets and labels must be those of the model in use."""
    several = value.get("labels") if isinstance(value, dict) else None
    if not isinstance(several, list):
        raise Problem(422, f"send {SHAPE}", field="labels")
    if len(several) > MOST:
        raise Problem(413, f"{len(several)} labels; send at most {MOST} in one call")
    return [_given(one, f"labels[{at}]", taxonomy) for at, one in enumerate(several)]


def _given(one: Any, where: str, taxonomy: Taxonomy) -> Given:
    if not isinstance(one, dict):
        raise Problem(422, f"{where} must be an object; send {SHAPE}", field=where)
    for key in one:
        if key not in _KNOWN and key not in taxonomy.facets:
            facets = ", ".join(taxonomy.facets)
            raise Problem(422, f"{where}: no facet {key[:60]!r}; there are {facets}", field=where)
    seq = one.get("seq")
    if seq is not None and (type(seq) is not int or not 0 < seq < 1 << 62):
        raise Problem(422, f"{where}.seq must be that of a kept comment", field=f"{where}.seq")
    words = {key: _words(one.get(key), f"{where}.{key}", most) for key, most in _LONGEST.items()}
    if (seq is None) == (not words["text"].strip()):
        raise Problem(422, f"{where}: give seq or text, one of them", field=where)
    labels = {
        facet: _labels(one[facet], f"{where}.{facet}", taxonomy.facets[facet])
        for facet in taxonomy.facets if facet in one
    }  # fmt: skip
    if not labels:
        raise Problem(422, f"{where}: judge at least one facet; send {SHAPE}", field=where)
    return Given(seq, words["text"], labels, words["by"], words["note"])


def _words(value: Any, where: str, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Problem(422, f"{where} must be a text", field=where)
    if len(value) > most:
        raise Problem(422, f"{where} has {len(value)} characters, at most {most} go", field=where)
    return value


def _labels(value: Any, where: str, known: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Problem(422, f"{where} must be a list of labels", field=where)
    for label in value:
        if not isinstance(label, str) or label not in known:
            shown = msgspec.json.encode(label).decode("utf-8", "replace")[:60]
            raise Problem(422, f"{where}: no label {shown}; there are {', '.join(known)}",
                          field=where)  # fmt: skip
    # as in samples: a leaf stands for its parent, too
    parents = {parent_of(label) for label in value}
    return tuple(label for label in known if label in value and label not in parents)
