"""The words of many texts as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from commentnlp.model import Model
from commentnlp.report.log import Codes, Ints

# words that say nothing by themselves
_EMPTY = frozenset(
    "的了吗呢啊吧呀哦嗯哈么嘛啦哇诶欸是我你他她它们这那有没不也都就还又在和跟与很"
    "太好要会能可个一上下来去到给把被让吃说看想做用里多少几谁啥咋哪俺咱之其而但"
) | {
    "什么", "怎么", "这个", "那个", "一个", "我们", "你们", "他们", "自己", "可以", "没有",
    "不是", "就是", "还是", "真的", "一下", "现在", "已经", "知道", "觉得", "这么", "那么",
    "怎么样", "为什么", "有没有", "是不是", "能不能", "哪个", "哪里", "因为", "所以", "如果",
    "或者", "然后", "请问", "几个",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """Words of many texts: those of text ``i`` are ``code[first[i]:first[i + 1]]``."""

    code: Ints
    first: Ints
    vocabulary: tuple[str, ...]
    concepts: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], model: Model) -> Words:
        """Cut normalised texts; each word counts once a text, and empty ones not at all."""
        codes = Codes()
        concepts = model.features.concepts
        found: list[int] = []
        first = [0]
        for text in texts:
            words = dict.fromkeys(_with_denials(model.features.segmenter.cut(text), concepts))
            found += [codes[word] for word in words if _says_something(word, concepts)]
            first.append(len(found))
        return cls(np.array(found, np.int64), np.array(first, np.int64), tuple(codes), concepts)

    def of_text(self, text: int) -> list[str]:
        """Words of one text."""
        codes = self.code[self.first[text] : self.first[text + 1]]
        return [self.vocabulary[code] for code in codes.tolist()]

    def of_texts(self, texts: Ints) -> tuple[Ints, Ints]:
        """The words of texts one after the other: whose each is, and which."""
        length = self.first[texts + 1] - self.first[texts]
        at = np.repeat(self.first[texts] - np.cumsum(length) + length, length)
        return np.repeat(np.arange(len(texts)), length), self.code[at + np.arange(length.sum())]


def _with_denials(words: Iterable[str], concepts: Mapping[str, str]) -> Iterator[str]:
    """The words, 不 before one without a concept joined to it: 对啊 is not what 不对啊 says."""
    denied = False
    for word in words:
        yield f"不{word}" if denied and word not in concepts else word
        denied = word == "不"


def _says_something(word: str, concepts: Mapping[str, str]) -> bool:
    if word in _EMPTY or not any(c.isalpha() for c in word):
        return False
    return len(word) > 1 or word in concepts
