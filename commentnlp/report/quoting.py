"""What strangers typed, made harmless to show: on a page, in a cell, in a terminal."""

from __future__ import annotations

import re
import unicodedata

LONGEST_SHOWN = 140
"""Characters from which on a quote is cut."""

_UNSEEN = re.compile(
    "[\u00ad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_ORDINARY = re.compile("[ -~\u3000-\u301f\u4e00-\u9fff\uff01-\uff5e]*")
_MARKS = 4
"""More combining characters in a row are no language's."""


def harmless(text: str, most: int = 2000) -> str:
    """Text that changes nothing around it: one line, no control or direction characters.

    Half surrogates become U+FFFD, piles of combining characters and long texts are cut.
    """
    if len(text) <= most and _ORDINARY.fullmatch(text):
        return " ".join(text.split())
    out, marks = [], 0
    for char in _UNSEEN.sub("", text[: 4 * most]):
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS:
            continue
        if category == "Cs":
            char = "\ufffd"
        out.append(" " if category in ("Cc", "Zl", "Zp") else char)
    clean = " ".join("".join(out).split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def shown(text: str) -> str:
    """A quote: harmless, and cut where it is long."""
    return harmless(text, LONGEST_SHOWN)


def masked(name: str) -> str:
    """A name of which the first and last character are shown.

    >>> masked("翡翠小圆"), masked("阿水")
    ('翡**圆', '阿*')
    """
    name = shown(name)
    if len(name) < 2:
        return "*" if name else ""
    if len(name) == 2:
        return name[0] + "*"
    return f"{name[0]}**{name[-1]}"
