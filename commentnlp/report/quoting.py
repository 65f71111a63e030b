"""What strangers typed, made harmless to show: on a page, in a cell, in a terminal."""

from __future__ import annotations

import unicodedata

LONGEST_SHOWN = 140
"""Characters from which on a quote is cut."""
_MOST_MARKS = 3
"""Marks that may stand on one character: Thai and Arabic need two or three, mischief hundreds."""


def shown(text: str) -> str:
    """The text on one line, without control and direction characters, cut where it is long."""
    if text.isascii() and text.isprintable():
        line = " ".join(text.split())
    else:
        line = " ".join("".join(_harmless(text[: 50 * LONGEST_SHOWN])).split())
    return line if len(line) <= LONGEST_SHOWN else line[: LONGEST_SHOWN - 1] + "…"


def _harmless(text: str) -> list[str]:
    kept: list[str] = []
    marks = 0
    for char in text:
        # Zs blanks; Cc controls, Cf directions and joiners, Cs lone halves, Co and Cn nothing
        category = unicodedata.category(char)
        marks = marks + 1 if category[0] == "M" else 0
        if marks > _MOST_MARKS:
            continue
        if category == "Cf" and char == "\u200d":  # joins emoji
            kept.append(char)
        elif category[0] == "Z" or category == "Cc":
            kept.append(" ")
        elif category[0] != "C":
            kept.append(char)
    return kept


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
