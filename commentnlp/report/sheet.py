"""A page that grows downwards: words, boxes and panels on it; in the end SVG or PNG."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

INK, SOFT, LINE = "#000000", "#5f6b78", "#dfe4ea"

_STACK = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Source Han Sans SC, sans-serif"
_SETTINGS = Lock()
"""matplotlib's settings are the whole process's: one thread at a time may change them."""


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface: its two weights, how wide a character is in ems, and what it can show."""

    regular: FontProperties
    bold: FontProperties
    advance: Callable[[str], float]
    showable: Callable[[str], str]


def _guessed(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WFA":
        return 1.0
    return 0.62 if char.isupper() or char in "%m" else 0.55


_PLAIN = FontProperties(family="DejaVu Sans")
READERS = Face(_PLAIN, _PLAIN, _guessed, str)
"""The fonts of whoever reads an SVG; those of this machine do not matter."""


def _type(found: re.Match[str]) -> str:
    """Size and, where there is one, weight; the family is the page's."""
    weight = f"font-weight: {found[1]}; " if found[1] else ""
    return f"{weight}font-size: {found[2]}"


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry above a panel: words, and the sign they stand for.

    The sign is ``box``, ``dot``, ``line``, ``dash`` or, for words alone, empty.
    """

    words: str
    colour: str = INK
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart, or one of those that stand on one another and share their time."""

    marks: tuple[Mark, ...]
    height: float = 0.0
    """Of the axes, in lines."""
    draw: Callable[[Axes], None] | None = None
    """None where there are only the marks."""
    above: float = 0.0
    """Room for labels over the axes, in lines."""
    below: float = 0.0
    """Room for labels under them, in lines."""


class Sheet:
    """Takes words and shapes at places in px from the upper left; grows as it is filled.

    ``size`` is the height of its usual type in px.
    """

    def __init__(
        self, width: float, size: float, face: Face = READERS, *, margin: float = 0.0
    ) -> None:
        """Begin an empty page."""
        self.width, self.size, self.face, self.margin = width, size, face, margin
        self.height = 0.0
        self._figure = Figure(figsize=(width / 72, 1), dpi=72)
        self._figure.patch.set_visible(False)
        self._page = Affine2D()
        self._texts: list[tuple[Text, str]] = []
        self._axes: list[tuple[Axes, tuple[float, float, float, float]]] = []

    def length(self, words: str, size: float = 0.0) -> float:
        """How wide words are, in px."""
        return sum(map(self.face.advance, words)) * (size or self.size)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 0.0,
        colour: str = INK,
        bold: bool = False,
        align: Literal["left", "center", "right"] = "left",
    ) -> float:
        """Put one line of words, ``y`` being its base line; give its width."""
        words = self.face.showable(words)
        text = Text(
            x,
            y,
            words,
            color=colour,
            fontproperties=self.face.bold if bold else self.face.regular,
            horizontalalignment=align,
            parse_math=False,
            transform=self._page + self._figure.dpi_scale_trans,
        )
        text.set_fontsize(size or self.size)
        self._figure.add_artist(text)
        self._texts.append((text, words))
        return self.length(words, size)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: str,
        *,
        corner: float = 0.0,
        behind: bool = False,
    ) -> None:
        """Put a filled box; ``corner`` is the radius of its corners."""
        style = f"round,pad=0,rounding_size={corner}" if corner else "square,pad=0"
        self._figure.add_artist(
            FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle=style,
                facecolor=colour,
                linewidth=0,
                transform=self._page + self._figure.dpi_scale_trans,
                zorder=-1 if behind else 1,
            )
        )

    def panels(self, panels: Sequence[Panel], left: float, width: float) -> None:
        """Put panels on one another, at the end of the page, axes from ``left`` on."""
        for panel in panels:
            if self.height and panel.marks:
                self.height += 0.5 * self.size
            self._marks(panel.marks)
            if panel.draw is None:
                continue
            top = self.height + (0.35 + panel.above) * self.size
            height = panel.height * self.size
            axes = self._figure.add_axes((0, 0, 1, 1))
            self._axes.append((axes, (left, top, width, height)))
            self._style(axes)
            panel.draw(axes)
            for label in (*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts):
                label.set_fontproperties(self.face.regular)
                label.set_fontsize(self.size)
            self.height = top + height + panel.below * self.size

    def _style(self, axes: Axes) -> None:
        axes.patch.set_visible(False)
        for side in ("left", "right", "top"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set(color=SOFT, linewidth=1)
        axes.tick_params(length=0, pad=4, labelcolor=SOFT)
        axes.grid(axis="y", color=LINE, linewidth=1, clip_on=False)
        axes.set_axisbelow(True)

    def _marks(self, marks: Sequence[Mark]) -> None:
        x, size = self.margin, self.size
        for number, mark in enumerate(marks):
            sign = 1.35 * size if mark.sign else 0.0
            width = sign + self.length(mark.words)
            if x > self.margin and x + width > self.width - self.margin:
                x, self.height = self.margin, self.height + 1.5 * size
            elif not number:
                self.height += 1.25 * size
            base = self.height - 0.25 * size
            if mark.sign == "box":
                self.box(x, base - 0.8 * size, 0.95 * size, 0.9 * size, mark.colour, corner=2)
            elif mark.sign == "dot":
                self.box(
                    x, base - 0.7 * size, 0.7 * size, 0.7 * size, mark.colour, corner=0.35 * size
                )
            elif mark.sign == "line":
                self.box(x, base - 0.45 * size, 0.95 * size, 1.5, mark.colour)
            elif mark.sign == "dash":
                for part in (0.0, 0.4, 0.8):
                    self.box(x + part * size, base - 0.42 * size, 0.22 * size, 1.5, mark.colour)
            colour = SOFT if mark.sign else mark.colour
            self.text(x + sign, base, mark.words, colour=colour, bold=colour == INK)
            x += width + 0.9 * size

    def svg(self, title: str) -> str:
        """The page as SVG to stand in HTML: no size, no ids, text without colour takes the page's.

        ``title`` is what a screen reader says.
        """
        # matplotlib lays out places only: no font here needs to have these characters
        for number, (text, _) in enumerate(self._texts):
            text.set_text(f"~{number}~")
        svg = self._written("svg", 72, metadata={"Date": None}).decode()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(
            r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>|<!--.*?-->", "", svg, flags=re.S
        )
        svg = re.sub(r">\s+<", "><", re.sub(r"\s*\n(?=[MLz\"])|(?<=[ML]) ", "", svg))
        svg = re.sub(r"\d+\.\d{2,}", lambda found: f"{float(found[0]):.1f}", svg)
        size = f"0 0 {self.width:g} {self.height:g}"
        svg = re.sub(
            r"<svg.*?>",
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img"'
            f' aria-label={quoteattr(title)} font-family="{_STACK}" fill="currentColor"'
            ' stroke-linejoin="round">',
            svg,
            count=1,
            flags=re.S,
        )
        svg = re.sub(r' id="[^"]*"| transform="rotate\(-?0 [^"]*"', "", svg)
        svg = re.sub(r"font: (?:(\w+) )?([\d.]+px)[^;\"]*", _type, svg)
        svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
        return re.sub(r"~(\d+)~", lambda found: escape(self._texts[int(found[1])][1]), svg)

    def png(self, *, scale: float, ground: str) -> bytes:
        """The page as PNG, ``scale`` dots a px, on a ground of this colour."""
        self._figure.patch.set(visible=True, facecolor=ground)
        return self._written("png", 72 * scale)

    def _written(self, form: str, dpi: float, **options: Any) -> bytes:
        height = self.height
        self._figure.set_size_inches(self.width / 72, height / 72)
        self._page.clear().scale(1 / 72, -1 / 72).translate(0, height / 72)
        for axes, (left, top, across, down) in self._axes:
            axes.set_position(
                (left / self.width, 1 - (top + down) / height, across / self.width, down / height)
            )
        out = BytesIO()
        with _SETTINGS, rc_context({"svg.fonttype": "none", "svg.hashsalt": "commentnlp"}):
            self._figure.savefig(out, format=form, dpi=dpi, **options)
        return out.getvalue()
