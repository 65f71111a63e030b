"""Comments → answers, on the loop: work of microseconds needs no thread.

Comments that come in the same turn of the loop, whoever sends them, are tagged together: a batch of
sixteen costs a fraction of sixteen batches. Most of a room's comments have been said before, so
answers are remembered.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from itertools import chain, islice
from typing import NamedTuple

from commentnlp.model import Model
from commentnlp.noise import ONE_TAP, words_only
from commentnlp.reading.expansion import expanded_length
from commentnlp.service.answers import Answer, answer_of
from commentnlp.service.problems import Problem
from commentnlp.service.serving import Serving

SLICE = 128
SLICE_CHARACTERS = 4_000
"""Comments, and their characters as normalising writes them out, tagged in one turn of the loop:
others wait some milliseconds."""
PAUSE = 0.002
"""Seconds that others have after a comment that is longer than a slice."""

REMEMBERED = 25_000
"""Texts after which the older half of what is remembered is dropped."""

MOST_ONE_TAP = 1_000
"""Answers to the host's own words that are remembered."""

_LONGEST_REMEMBERED = 200


class Answers(NamedTuple):
    """Answers to some comments, in their order, all by the same model."""

    answers: list[Answer]
    model: str
    """Its version."""


class Classifier:
    """Answers comments with the model in use."""

    def __init__(self, serving: Serving, most_waiting: int) -> None:
        """Take the model and how many comments may wait before more are turned away."""
        self._serving = serving
        self._most_waiting = most_waiting
        self._jobs: deque[_Job] = deque()
        self.waiting = 0
        """Comments that wait to be tagged."""
        self.tagged = 0
        self.labels: Counter[str] = Counter()
        """Comments tagged so far, and ``facet/label`` → how many of them have it."""
        self._model = serving.model
        self._nothing = answer_of(self._model.tag([""])[0])
        self._young: dict[str, Answer] = {}
        self._old: dict[str, Answer] = {}
        self._one_tap: dict[str, Answer] = {}

    def forget(self) -> None:
        """Remember no answer any more: they quote what people wrote."""
        self._young, self._old = {}, {}

    async def classify(self, texts: Sequence[str]) -> Answers:
        """Answer comments; raises Problem (503) where too many wait already."""
        if self.waiting + len(texts) > self._most_waiting:
            raise Problem(503, "too many comments wait to be tagged; try again in a second",
                          headers={"Retry-After": "1"})  # fmt: skip
        job = _Job(texts, asyncio.get_running_loop().create_future())
        if not self._jobs:
            asyncio.get_running_loop().call_soon(self._turn)
        self._jobs.append(job)
        self.waiting += len(texts)
        return await job.future

    def words(self, text: str) -> str:
        """Give the normalised words of a text, as `Answer.words` has them."""
        return words_only(self._current().normaliser.normalise(text).text)

    def as_one_tap(self, text: str, answer: Answer) -> Answer:
        """Answer a comment as a one-tap phrase, and count it so in place of ``answer``."""
        model = self._current()
        found = self._one_tap.get(text)
        if found is None:
            if len(self._one_tap) >= MOST_ONE_TAP:
                self._one_tap.clear()
            (tagged,) = model.tag([text], evidence=True)
            found = self._one_tap[text] = answer_of(tagged, noise=ONE_TAP, words=answer.words)
        self.labels.subtract(answer.labels)
        self.labels.update(found.labels)
        return found

    def _turn(self) -> None:
        """Tag what waits, a slice of it; what is left has the next turn.

        A long call is tagged in pieces: whoever asks for little goes first.
        """
        model = self._current()
        parts: list[tuple[_Job, list[str]]] = []
        left, characters = SLICE, SLICE_CHARACTERS
        full = False
        for job in islice(self._jobs, SLICE):
            if job.model is not model:  # another model came in between: begin anew
                self.waiting += len(job.answers)
                job.model, job.answers = model, []
            part: list[str] = []
            for text in islice(job.texts, len(job.answers), len(job.answers) + left):
                length = expanded_length(text)
                # a long comment has a turn of its own
                full = length > characters and (bool(part) or bool(parts))
                if full:
                    break
                part.append(text)
                characters -= length
                if characters <= 0:
                    break
            if part or not job.texts:
                parts.append((job, part))
            left -= len(part)
            if full or left <= 0 or characters <= 0:
                break
        try:
            known = self._answers(model, [text for _, part in parts for text in part])
        except Exception as error:
            self._fail(parts, error)
        else:
            at = 0
            for job, part in parts:
                job.answers += known[at : at + len(part)]
                at += len(part)
                self.waiting -= len(part)
                self._jobs.popleft()
                if len(job.answers) < len(job.texts):
                    self._jobs.append(job)
                elif not job.future.done():  # who asked may have left
                    job.future.set_result(Answers(job.answers, model.meta.version))
        if self._jobs:
            loop = asyncio.get_running_loop()
            if characters < 0:
                loop.call_later(PAUSE, self._turn)
            else:
                loop.call_soon(self._turn)

    def _fail(self, parts: Sequence[tuple[_Job, list[str]]], error: Exception) -> None:
        for job, _ in parts:
            self._jobs.remove(job)
            self.waiting -= len(job.texts) - len(job.answers)
            if not job.future.done():
                job.future.set_exception(error)

    def _current(self) -> Model:
        if self._model is not self._serving.model:
            self._model = self._serving.model
            self._nothing = answer_of(self._model.tag([""])[0])
            self._young, self._old, self._one_tap = {}, {}, {}
        return self._model

    def _answers(self, model: Model, texts: Sequence[str]) -> list[Answer]:
        found: dict[str, Answer] = {}
        new: dict[str, None] = {}
        for text in texts:
            answer = self._young.get(text) or self._old.get(text)
            if answer is not None:
                found[text] = self._young[text] = answer
            elif not text or text.isspace():
                found[text] = self._nothing
            else:
                new[text] = None
        normals = model.normaliser.normalise_all(list(new)) if new else ()
        for tagged, normal in zip(model.tag(list(new), evidence=True) if new else (), normals,
                                  strict=True):  # fmt: skip
            noise = model.noise.kind_of(normal.text)
            answer = answer_of(tagged, noise=noise, words=words_only(normal.text))
            found[tagged.text] = answer
            if len(tagged.text) <= _LONGEST_REMEMBERED:
                self._young[tagged.text] = answer
        if len(self._young) > REMEMBERED:
            self._old, self._young = self._young, {}
        answers = [found[text] for text in texts]
        self.tagged += len(answers)
        self.labels.update(chain.from_iterable(answer.labels for answer in answers))
        return answers


class _Job:
    """Comments of one call, and their answers so far."""

    __slots__ = ("answers", "future", "model", "texts")

    def __init__(self, texts: Sequence[str], future: asyncio.Future[Answers]) -> None:
        self.texts = texts
        self.future = future
        self.answers: list[Answer] = []
        self.model: Model | None = None
