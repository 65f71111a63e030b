"""Tagging is the same alone and in a batch, by either core, and points into the text."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from commentnlp import Model, Tagged

KINDS = (
    "多少钱没不掉色差慢贵好看发货退", "一二三百万0123456789.，。 米克斤",
    "aA9z\uff21\uff5a\uff19\u2460\u338f\ufb01\ufdfa錢價", "\u0301\u0308\u20dd",
    "\u202e\u202d\u2066\u200b\u200d\ufe0f", "\0\x07\x1b\n\r\t\u2028",
    "😀👍\U0001f3fb\u200d\U0001f468\U0001f1e8\U0001f1f3", "\ud800\udc00\udfff",
    "\ue000\uf8ff\U000f0000", "@：//回复[]捂脸http:.cn微信vx",
)  # fmt: skip
CLOSE = 1e-4


def texts(count: int, seed: int) -> Iterator[str]:
    """Texts of one kind of characters, of several, and of any."""
    chance = random.Random(seed)
    for _ in range(count):
        size = chance.choice((0, 1, 2, 3, 5, 8, 13, 30, 120))
        kind = chance.randrange(4)
        if kind == 0:
            yield "".join(chance.choice(chance.choice(KINDS)) for _ in range(size))
        elif kind == 1:
            one = chance.choice(KINDS)
            yield "".join(chance.choice(one) for _ in range(size))
        elif kind == 2:
            yield chance.choice(chance.choice(KINDS)) * size
        else:
            yield "".join(chr(chance.randrange(0x110000)) for _ in range(size))


def check(compiled: Model, plain: Model, some: list[str], chance: random.Random) -> None:
    """Tag a batch by both models, and one of it alone."""
    found = compiled.tag(some, evidence=True)
    same(found, plain.tag(some, evidence=True))
    which = chance.randrange(len(some))
    same([found[which]], compiled.tag([some[which]], evidence=True))


def same(first: list[Tagged], second: list[Tagged]) -> None:
    """Compare labels and evidence exactly, scores but for rounding."""
    for one, other in zip(first, second, strict=True):
        text = one.text
        assert {f: one.labels(f) for f in one.tags} == {f: other.labels(f) for f in other.tags}, (
            text
        )
        scores, others = (
            [tag.score for several in x.tags.values() for tag in several] for x in (one, other)
        )
        assert all(abs(a - b) < CLOSE for a, b in zip(scores, others, strict=True)), text
        spans, others_spans = (
            [(e.label, e.start, e.end) for e in x.evidence] for x in (one, other)
        )
        assert spans == others_spans, text
        for proof in one.evidence:
            assert 0 <= proof.start < proof.end <= len(text), text
            assert proof.text == text[proof.start : proof.end], text


def run(count: int, seed: int, folder: Path) -> None:
    """Check so many texts; a batch that fails stays in ``folder``."""
    chance = random.Random(seed)
    compiled, plain = Model.shipped(), Model.shipped()
    vars(plain)["_compiled"] = None
    rest = texts(count, seed)
    while some := [text for _, text in zip(range(chance.choice((1, 7, 500))), rest, strict=False)]:
        try:
            check(compiled, plain, some, chance)
        except BaseException:
            (folder / "texts.txt").write_text("\n".join(map(ascii, some)), encoding="ascii")
            raise
