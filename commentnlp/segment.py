"""Cut normalised text into words by jieba's dictionary: the only file that knows jieba.

The engine is ``rjieba`` (the Rust jieba); where it has no wheel, ``jieba`` itself cuts, slower and
with the same words. The hidden Markov model is off: it guesses names in half-sentences.

The two engines agree when user words are new to the dictionary, carry explicit frequencies, and
the totals are levelled (jieba counts one line of its dictionary twice); `Segmenter` keeps to that.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import Any

from commentnlp.compiled_core import load_core, read_dictionary

_TWICE_COUNTED = 3
"""jieba 0.42.1 adds the frequency of its duplicate line (``B超 3``) twice to its total."""

_PAD = "\ue000\ue000"
"""A word that no comment holds; carries the difference of the totals into rjieba."""


class Segmenter:
    """Cuts texts into words; owns its dictionary, shares nothing.

    >>> Segmenter({"圈口": 300}).cut("56圈口的飘花")
    ['56', '圈口', '的', '飘', '花']
    """

    def __init__(self, words: Mapping[str, int] | None = None, *, engine: str = "") -> None:
        """Take the user ``words`` with their frequencies.

        ``engine`` is ``"core"``, ``"rjieba"``, ``"jieba"``, or empty for the fastest there is.
        """
        self.words = dict(words or {})
        self._engine = engine

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the user words: the engine cannot travel, and is loaded again when needed."""
        return {name: value for name, value in vars(self).items() if name != "_cut"}

    def cut(self, text: str) -> list[str]:
        """Words of one normalised text; joined they give the text again."""
        return self._cut(text)

    @cached_property
    def _cut(self) -> Callable[[str], list[str]]:
        """The engine, loaded when first needed."""
        core = load_core()
        if core and self._engine in ("", "core"):
            return partial(core.cut, read_dictionary(self.words))
        if self._engine != "jieba":
            try:
                return _rjieba(self.words)
            except ImportError:
                if self._engine:
                    raise
        return _jieba(self.words)


def new_words(words: Mapping[str, int | None]) -> dict[str, int]:
    """Make ``words`` safe for both engines: drop those that jieba knows, fill in frequencies.

    A word without a frequency gets the smallest one with which it wins over its parts.
    Words of one character or with a blank are dropped, too: jieba cuts them anyway.
    """
    tokenizer = _tokenizer()
    out = {}
    for word, frequency in words.items():
        word = word.strip().lower()
        if len(word) < 2 or tokenizer.FREQ.get(word) or any(c.isspace() for c in word):
            continue
        out[word] = frequency if frequency is not None else _winning(tokenizer, word)
    return out


def _winning(tokenizer: Any, word: str) -> int:
    log_total = math.log(tokenizer.total)
    parts = tokenizer.lcut(word, HMM=False)
    best = sum(math.log(tokenizer.FREQ.get(part) or 1) - log_total for part in parts)
    return max(3, math.ceil(math.exp(best + log_total) * 1.05) + 1)


def _rjieba(words: Mapping[str, int]) -> Callable[[str], list[str]]:
    jieba = _compiled().Jieba()
    jieba.add_word(_PAD, _TWICE_COUNTED, "x")
    for word, frequency in words.items():
        jieba.add_word(word, frequency, "n")

    def cut(text: str) -> list[str]:
        words: list[str] = jieba.cut(text, False)
        return words

    return cut


def _compiled() -> ModuleType:
    """The compiled module inside the package ``rjieba``.

    The package itself would load a dictionary that nobody here uses: a quarter of a cold start.
    """
    name = "rjieba.rjieba"
    package = importlib.util.find_spec("rjieba")
    if package is None:
        raise ImportError("no package rjieba")
    for folder in () if name in sys.modules else package.submodule_search_locations or ():
        for suffix in EXTENSION_SUFFIXES:
            path = Path(folder) / f"rjieba{suffix}"
            spec = importlib.util.spec_from_file_location(name, path)
            if path.exists() and spec and spec.loader:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                # it must not be made twice: whoever imports the package gets this one
                sys.modules[name] = module
    return importlib.import_module(name)


def _jieba(words: Mapping[str, int]) -> Callable[[str], list[str]]:
    tokenizer = _tokenizer()
    for word, frequency in words.items():
        tokenizer.add_word(word, frequency)

    def cut(text: str) -> list[str]:
        words: list[str] = tokenizer.lcut(text, HMM=False)
        return words

    return cut


def _tokenizer() -> Any:
    """A jieba of our own, loaded aside from the shared cache that anybody could have planted."""
    import logging
    import warnings

    with warnings.catch_warnings():
        # jieba 0.42.1 has invalid escapes and asks for pkg_resources
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.tmp_dir = folder
        tokenizer.initialize()
    return tokenizer
