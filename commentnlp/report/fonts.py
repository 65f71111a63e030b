"""A typeface with Chinese characters, found on this machine."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from matplotlib.font_manager import FontProperties, findSystemFonts
from matplotlib.ft2font import FT2Font

from commentnlp.errors import CommentnlpError
from commentnlp.report.sheet import Face

# files of typefaces that read well on a screen, the best first; every other font comes after them
_KNOWN = (
    "NotoSansCJK", "NotoSansSC", "SourceHanSans", "PingFang", "msyh", "Hiragino", "STHeiti",
    "wqy-zenhei", "wqy-microhei", "simhei", "DroidSansFallback", "Songti", "simsun", "uming",
)  # fmt: skip
_PROBE = "中评论"
_STYLED = re.compile("bold|black|heavy|light|thin|medium|mono|italic|serif|bd", re.IGNORECASE)


@cache
def chinese() -> Face:
    """The best typeface for Chinese text. Raises CommentnlpError where there is none."""
    paths = sorted(findSystemFonts(), key=_rank)
    for path in paths:
        if _can_write(path):
            bold = _bold(Path(path), paths)
            glyphs = _Glyphs(path)
            return Face(FontProperties(fname=path), FontProperties(fname=bold),
                        glyphs.advance, glyphs.showable)  # fmt: skip
    raise CommentnlpError(
        "no font with Chinese characters is installed, so no picture can be drawn: install one"
        " (Debian, Ubuntu: apt-get install fonts-noto-cjk; Fedora: dnf install"
        " google-noto-sans-cjk-fonts), or write .html"
    )


def _rank(path: str) -> tuple[int, bool, str]:
    name = Path(path).stem.lower()
    known = [place for place, word in enumerate(_KNOWN) if name.startswith(word.lower())]
    return (known[0] if known else len(_KNOWN), bool(_STYLED.search(name)), path)


def _bold(regular: Path, paths: list[str]) -> str:
    """The bold weight that lies beside a font, else the font itself."""
    family = re.split(r"[-_]|(?<=[a-z])(?=Regular)", regular.stem)[0].lower()
    for path in paths:
        name = Path(path).stem.lower()
        if name.startswith(family) and re.search("bold|bd$", name) and _can_write(path):
            return path
    return str(regular)


def _can_write(path: str) -> bool:
    try:
        font = FT2Font(path)
        return all(font.get_char_index(ord(char)) for char in _PROBE)
    except (OSError, RuntimeError, ValueError):  # a font that is broken, or none
        return False


class _Glyphs:
    """What a font can show, and how wide it is."""

    def __init__(self, path: str) -> None:
        self._font = FT2Font(path)
        self._font.set_size(100, 72)
        self.advance = lru_cache(20_000)(self._advance)

    def _advance(self, char: str) -> float:
        # of type 100 px high; 16 bits behind the point
        return float(self._font.load_char(ord(char)).linearHoriAdvance / 65536 / 100)

    def showable(self, text: str) -> str:
        """The text without emoji and the like; a dot for other characters that the font lacks."""
        return "".join(
            char if self._font.get_char_index(ord(char)) else _instead(char) for char in text
        )


def _instead(char: str) -> str:
    return "" if unicodedata.category(char)[0] in "SCM" else "·"
