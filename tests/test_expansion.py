"""How long a text is once it is written out."""

import random
import sys
import unicodedata

import pytest

from commentnlp.reading.expansion import MAX_EXPANSION, expanded_length

EVERY = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]


def test_every_character_counts_as_what_it_becomes():
    lengths = {one: len(unicodedata.normalize("NFKC", one)) for one in EVERY}
    assert max(lengths.values()) == MAX_EXPANSION
    assert [one for one in EVERY if expanded_length(one) != lengths[one]] == []


def test_texts():
    rng = random.Random(3)
    heavy = [one for one in EVERY if expanded_length(one) > 1]
    for _ in range(300):
        text = "".join(rng.choices([*heavy, "多", "少", "a", " "], k=rng.randrange(60)))
        # marks may join with what stands before them; nothing ever becomes longer by that
        assert expanded_length(text) >= len(unicodedata.normalize("NFKC", text))


@pytest.mark.parametrize("text", ["", "多少钱", "plain", "🌹", "\ud83d"])
def test_what_stands_for_itself(text):
    assert expanded_length(text) == len(text)
