"""The service looks by itself whether the model still fits."""

import asyncio
import re

import httpx
import pytest

from commentnlp.service import running
from commentnlp.service.app import create_app
from commentnlp.service.settings import Settings

from .conftest import TRAINING_DATA

WORDS = ("冰飘魔王", "豆豆眼", "糖心饼", "小月牙", "雪糕筒", "海盗船")


def comments():
    lines = (TRAINING_DATA / "holdout.csv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [line.split(",")[0] for line in lines if '"' not in line][:300]
    return [
        {"room": "翡翠间", "user": str(i), "text": WORDS[i // 3 % 6] * (i % 3 == 0) + text}
        for i, text in enumerate(texts)
    ]


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(running, "FIRST_DRIFT", 0.1)
    monkeypatch.setattr(running, "DRIFT", 0.3)


def test_it_tells_everywhere(tmp_path, often):
    async def ask():
        app = create_app(Settings(store=f"sqlite:///{tmp_path / 'a.db'}"))
        async with app.router.lifespan_context(app):
            service = app.state.running
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8000"
            ) as http:
                await until(lambda: service.fitting is not None)
                calm = await everywhere(http)
                assert (await http.post("/v1/events", json=comments())).status_code == 200
                await until(lambda: service.fitting["due"])
                return calm, await everywhere(http), service.hub._model[1]

    (calm, quiet, no_figures), (told, page, figures), heard = asyncio.run(ask())
    assert (calm["verdict"], calm["due"]) == ("too_few", False)
    assert " hidden" in quiet
    assert figures["commentnlp_retraining_due"] == 1
    assert no_figures["commentnlp_retraining_due"] == 0
    assert 0 < figures["commentnlp_unknown_words"] < 1
    assert (told["verdict"], told["due"]) == ("due", True)
    assert told["told"]["zh"]
    assert " hidden" not in page
    assert '"due":true' in heard


async def everywhere(http):
    """What the model's address, the page and the figures tell."""
    page = (await http.get("/?lang=zh")).text
    found = re.findall(r"^(\w+) ([0-9.e+-]+)$", (await http.get("/metrics")).text, re.MULTILINE)
    figures = {name: float(value) for name, value in found}
    model = (await http.get("/v1/model")).json()
    return model["drift"], re.search(r'<a id="due".*?>', page)[0], figures


async def until(known, seconds=40):
    for _ in range(seconds * 20):
        if known():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")


def test_answers_are_remembered_for_a_while(tmp_path):
    async def ask():
        app = create_app(Settings(store=f"sqlite:///{tmp_path / 'a.db'}"))
        async with app.router.lifespan_context(app):
            service = app.state.running
            first = await service.drift(None, 7)
            assert await service.drift(None, 7) is first
            assert await service.drift("翡翠间", 7) is not first
            for i in range(running.MOST_DRIFTS):
                service._drifts[str(i), 1, ""] = 0.0, {}
            assert await service.drift(None, 8) is not first
            assert len(service._drifts) <= running.MOST_DRIFTS

    asyncio.run(ask())
