"""Words as they slip from a keyboard, and which word was meant.

The slips of a few words are listed once: comparing each strange word of a message with each known
one would take a sender's garbage seconds.
"""

from __future__ import annotations

from collections.abc import Iterable


def misspellings(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Slip → the words that may have been meant; none of the words is a slip of another.

    A letter is missing, doubled, or in the place of another of the word; two have changed places;
    there is an s too many.

    >>> found = misspellings(["user", "room", "time", "item"])
    >>> [found.get(word) for word in ("uesr", "usr", "users", "romm", "tiem", "user", "groom")]
    [('user',), ('user',), ('user',), ('room',), ('item', 'time'), None, None]
    """
    words = sorted(words)
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        for slip in set(_slips(word)):
            if len(slip) > 2:  # so short, it may be anything
                found[slip] = (*found.get(slip, ()), word)
    for word in words:
        found.pop(word, None)
    return found


def _slips(word: str) -> Iterable[str]:
    yield f"{word}s"
    for at, letter in enumerate(word):
        before, after = word[:at], word[at + 1 :]
        yield before + after
        yield before + letter + letter + after
        if after:
            yield before + after[0] + letter + after[1:]
        for other in set(word):
            yield before + other + after
