import asyncio
import json
import unicodedata
from dataclasses import replace

import pytest

from commentnlp.service import classify
from commentnlp.service.classify import Classifier
from commentnlp.service.problems import Problem


class Served:
    """A model, and how many comments it was asked in each call."""

    def __init__(self, model):
        self.real, self.meta, self.calls = model, model.meta, []
        self.model = self
        self.normaliser, self.noise = model.normaliser, model.noise

    def tag(self, texts, *, evidence=False):
        self.calls.append(len(texts))
        return self.real.tag(texts, evidence=evidence)


@pytest.fixture
def served(tiny):
    return Served(tiny)


def test_an_answer_is_what_the_model_says(tiny, served):
    async def run():
        return await Classifier(served, 100).classify(["太贵了", "发货慢", "好看", "", "  "])

    found = asyncio.run(run())
    assert found.model == tiny.meta.version
    answers = [json.loads(answer.json) for answer in found.answers]
    for answer, tagged in zip(answers, tiny.tag(["太贵了", "发货慢", "好看"]), strict=False):
        for facet, tags in tagged.tags.items():
            assert [tag["label"] for tag in answer[facet]] == [tag.label for tag in tags]
    assert "贵" in answers[0]["evidence"][0]["text"]
    assert found.answers[1].labels == ("complaint/logistics", "complaint/logistics.delay")
    assert answers[3] == answers[4] == {"intent": [], "complaint": [], "evidence": []}


def test_what_comes_at_once_is_tagged_at_once(served):
    async def run():
        classifier = Classifier(served, 1000)
        served.calls.clear()
        several = [classifier.classify([f"{i}号贵", f"{i}号慢"]) for i in range(16)]
        found = await asyncio.gather(*several)
        assert [len(one.answers) for one in found] == [2] * 16
        assert served.calls == [32]
        assert classifier.waiting == 0

    asyncio.run(run())


def test_a_repeat_is_not_tagged_again(served):
    async def run():
        classifier = Classifier(served, 1000)
        first = await classifier.classify(["贵", "慢", "贵"])
        served.calls.clear()
        again = await classifier.classify(["慢", "贵", "贵"])
        assert served.calls == []
        assert again.answers == [first.answers[1], first.answers[0], first.answers[0]]
        assert classifier.tagged == 6
        assert classifier.labels["intent/price"] == 4

    asyncio.run(run())


def test_a_small_call_does_not_wait_for_a_large_one(served):
    async def run():
        classifier = Classifier(served, 10_000)
        ended = []

        async def call(name, texts):
            await classifier.classify(texts)
            ended.append(name)

        large = [f"第{i}句" for i in range(20 * classify.SLICE)]
        await asyncio.gather(call("large", large), call("small", ["贵"]))
        assert ended == ["small", "large"]
        assert max(served.calls) <= classify.SLICE

    asyncio.run(run())


def test_long_comments_make_short_slices(served):
    async def run():
        classifier = Classifier(served, 1000)
        served.calls.clear()
        await classifier.classify([f"{i}" * 3_000 for i in range(1, 9)])
        assert max(served.calls) <= 2

    asyncio.run(run())


def test_too_much_is_turned_away_and_then_goes_again(served):
    async def run():
        classifier = Classifier(served, 10)
        waiting = asyncio.ensure_future(classifier.classify(["贵"] * 8))
        await asyncio.sleep(0)
        with pytest.raises(Problem) as caught:
            await classifier.classify(["贵"] * 3)
        assert caught.value.status == 503
        assert caught.value.headers["Retry-After"]
        await waiting
        await classifier.classify(["贵"] * 10)
        assert classifier.waiting == 0

    asyncio.run(run())


def test_who_leaves_is_not_waited_for(served):
    async def run():
        classifier = Classifier(served, 100)
        leaving = asyncio.ensure_future(classifier.classify(["贵"]))
        staying = asyncio.ensure_future(classifier.classify(["慢"]))
        await asyncio.sleep(0)
        leaving.cancel()
        assert len((await staying).answers) == 1
        assert classifier.waiting == 0

    asyncio.run(run())


def test_a_call_is_answered_by_one_model(tiny, served):
    async def run():
        classifier = Classifier(served, 100_000)
        call = asyncio.ensure_future(classifier.classify([f"第{i}句" for i in range(1000)]))
        for _ in range(3):
            await asyncio.sleep(0)
        newer = Served(tiny)
        newer.meta = replace(tiny.meta, version="newer")
        served.model = newer
        found = await call
        assert found.model == "newer"
        assert sum(newer.calls) >= 1000  # also the part that the old one had tagged
        assert classifier.waiting == 0

    asyncio.run(run())


def test_an_error_of_the_model_reaches_who_asked_and_nobody_else(served):
    async def run():
        classifier = Classifier(served, 100)
        tag, served.tag = served.tag, lambda *a, **k: 1 / 0
        with pytest.raises(ZeroDivisionError):
            await classifier.classify(["贵"])
        assert classifier.waiting == 0
        served.tag = tag
        assert len((await classifier.classify(["贵"])).answers) == 1

    asyncio.run(run())


def test_a_turn_counts_characters_as_they_are_written_out(served, monkeypatch):
    monkeypatch.setattr(classify, "SLICE_CHARACTERS", 100)

    class Sizes(Served):
        def tag(self, texts, *, evidence=False):
            self.calls.append([len(unicodedata.normalize("NFKC", text)) for text in texts])
            return self.real.tag(texts, evidence=evidence)

    sizes = Sizes(served.real)

    async def run():
        classifier = Classifier(sizes, 1000)
        sizes.calls.clear()
        sentence = "\ufdfa"  # 18 characters
        texts = [f"{n}{sentence * 2}" for n in range(7)] + ["贵" * 90, sentence * 10, "慢", ""]
        quick = asyncio.create_task(classifier.classify(["太贵了"]))
        found = await asyncio.gather(classifier.classify(texts), classifier.classify([]), quick)
        assert [len(one.answers) for one in found] == [11, 0, 1]
        assert classifier.waiting == 0
        return found[0].answers

    answers = asyncio.run(run())
    assert answers[-2].labels == ("complaint/logistics", "complaint/logistics.delay")
    assert [180] in sizes.calls  # what is longer than a turn may be has one of its own
    assert all(sum(call) <= 100 for call in sizes.calls if call != [180])
    assert sum(map(len, sizes.calls)) == 11


def test_after_a_long_comment_others_have_a_moment(served):
    async def run():
        loop = asyncio.get_running_loop()
        classifier = Classifier(served, 1000)
        long = asyncio.create_task(classifier.classify([f"{n}" + "贵" * 6_000 for n in range(3)]))
        await asyncio.sleep(0)
        served.calls.clear()
        for _ in range(20):  # turns of the loop, as a request of somebody else needs them
            await asyncio.sleep(0)
        assert len(served.calls) <= 1
        assert len((await long).answers) == 3
        assert loop.is_running()

    asyncio.run(run())
