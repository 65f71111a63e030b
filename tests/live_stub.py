"""A service that keeps its comments in a list and tags by single words: the live page's partner.

It speaks as the real one does (`/v1/events`, `/v1/stream`, `/v1/comments`, `/v1/labels`,
`/v1/model`), so that tests of the page run against either. It never samples its stream.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from commentnlp.records import SHANGHAI
from commentnlp.service.page import ASSETS, POLICY, asset, language_of, login_page, page
from commentnlp.taxonomy import Taxonomy, parent_of

from .conftest import TRAINING_DATA

TAXONOMY = Taxonomy.read(TRAINING_DATA / "taxonomy.json")
MODEL = {"version": "a1b2c3d4e5f6", "facets": TAXONOMY.to_json()}
WORDS = {
    "多少钱": "intent/price act/ask",
    "太贵": "intent/price",
    "圈口": "intent/fit",
    "吗": "act/ask",
    "证书": "intent/quality",
    "款": "intent/style",
    "好看": "intent/style act/praise",
    "色差": "intent/quality complaint/product_quality.color act/complain",
    "发货": "complaint/logistics.delay act/ask",
    "退": "complaint/after_sales.return act/ask",
    "没声音": "complaint/livestream.tech act/complain",
    "已拍": "act/order",
}


def tagged(text: str) -> dict[str, Any]:
    """Facets and evidence of a comment, by the words in it."""
    answer: dict[str, Any] = {facet: [] for facet in TAXONOMY.facets}
    answer["evidence"] = []
    for word, labels in WORDS.items():
        start = text.find(word)
        for name in labels.split() if start >= 0 else ():
            facet, label = name.split("/")
            if all(tag["label"] != label for tag in answer[facet]):
                answer[facet].append({"label": label, "score": 0.9731})
                proof = {"label": label, "start": start, "end": start + len(word)}
                answer["evidence"].append(proof | {"text": word, "weight": 2.1})
    return answer


def comment(seq: int, text: str, at: datetime, **more: Any) -> dict[str, Any]:
    """A comment as it leaves the service."""
    known = {"seq": seq, "time": at.isoformat(timespec="milliseconds"), "room": "8801"}
    known |= {"kind": "comment", "id": f"c{seq}", "user": f"u{seq % 97}", "name": "", "text": text}
    noise = {"noise": "one_tap"} if "抽周边" in text else {}
    return known | tagged(text) | noise | {"model": MODEL["version"]} | more


def nothing(at: datetime, room: str = "8801") -> dict[str, Any]:
    """What is known of an empty room."""
    known: dict[str, Any] = {"room": room, "at": at.isoformat(), "minutes": 10, "rate": 0.0}
    known |= {"source": "none", "last_event": None, "last_event_seconds": None, "voice_rate": 0.0}
    known |= {"one_tap": 0, "spam": 0, "open_questions": 0}
    known |= {"people": 0, "comments": 0, "series": series(at, [])}
    return known | {"labels": [], "asked": [], "unanswered": [], "hotspots": []}


def sourced(state: dict[str, Any], at: datetime, last: datetime) -> dict[str, Any]:
    """A state with what it says of the last event."""
    seconds = max(0, int((at - last).total_seconds()))
    source = "live" if seconds < 180 else "silent" if seconds < 1800 else "ended"
    last_event = last.isoformat(timespec="seconds")
    return state | {
        "source": source,
        "last_event": last_event,
        "last_event_seconds": seconds,
    }


def series(at: datetime, counts: list[int]) -> list[dict[str, Any]]:
    """An hour of minutes that ends now; counts of its last ones."""
    counts = [0] * (60 - len(counts)) + counts[-60:]
    first = at.replace(second=0, microsecond=0) - timedelta(minutes=59)
    return [
        {"minute": (first + timedelta(minutes=n)).isoformat(), "comments": count}
        for n, count in enumerate(counts)
    ]


def state_of(comments: list[dict[str, Any]], at: datetime) -> dict[str, Any]:
    """What is known of a room that has these comments."""
    state = nothing(at)
    ago = [(at - datetime.fromisoformat(one["time"])).total_seconds() for one in comments]
    minutes = Counter(int(seconds // 60) for seconds in ago)
    late = [one for one, seconds in zip(comments, ago, strict=True) if seconds < 600]
    state["series"] = series(at, [minutes[n] for n in range(59, -1, -1)])
    state["rate"] = round(sum(seconds < 120 for seconds in ago) / 2, 1)
    state["comments"], state["people"] = len(late), len({one["user"] for one in late})
    labels = Counter(
        (facet, label)
        for one in late
        for facet in TAXONOMY.facets
        for tag in one[facet]
        for label in {tag["label"], parent_of(tag["label"]) or tag["label"]}
    )
    state["labels"] = [
        {"facet": facet, "label": label, "comments": n, "share": n / len(late)}
        for (facet, label), n in labels.items()
    ]
    by_label: dict[str, list[dict[str, Any]]] = {}
    questions: dict[str, list[dict[str, Any]]] = {}
    for one in late:
        for tag in one["complaint"]:
            by_label.setdefault(tag["label"], []).append(one)
        if any(tag["label"] == "ask" for tag in one["act"]):
            questions.setdefault(one["text"][:200], []).append(one)
    state["hotspots"] = [
        {
            "facet": "complaint", "label": label, "state": "rising" if len(some) > 2 else "quiet",
            "comments": len(some), "people": len({one["user"] for one in some}), "of": len(late),
            "usual": 0.5, "times": 2 * len(some), "p": 0.001, "since": some[0]["time"],
            "pasted": None,
            "quotes": [
                {"seq": one["seq"], "time": one["time"], "text": one["text"], "score": 0.97}
                | {key: proof[key] for proof in one["evidence"] if proof["label"] == label
                   for key in ("start", "end")}
                for one in some[-3:]
            ],
        }
        for label, some in by_label.items()
    ]  # fmt: skip
    for text, some in sorted(questions.items(), key=lambda item: -len(item[1]))[:8]:
        people = len({one["user"] for one in some})
        waited = (at - datetime.fromisoformat(some[0]["time"])).total_seconds()
        known = {"text": text, "people": people, "comments": len(some), "seq": some[0]["seq"]}
        state["asked"].append(known | {"answered": 0, "last": some[-1]["time"], "seconds": 3})
        state["unanswered"].append(known | {"since": some[0]["time"], "seconds": int(waited)})
    state["open_questions"] = len(state["unanswered"])
    state["voice_rate"] = state["rate"]
    if comments:
        state = sourced(state, at, datetime.fromisoformat(comments[-1]["time"]))
    return state


@dataclass
class Stub:
    """The service as tests see it; the real one's stand-in has the same few names."""

    room: str = "8801"
    comments: list[dict[str, Any]] = field(default_factory=list)
    corrected: list[dict[str, Any]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    """Content types of what came to ``/v1/labels``."""
    refuses: str = ""
    """Why corrections are turned away; empty where they are not."""
    state: Callable[[list[dict[str, Any]], datetime], dict[str, Any]] = state_of
    rooms: list[tuple[str, int]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What its streams say besides, such as ``labels`` and ``deleted``."""
    version: str = MODEL["version"]
    due: bool = False
    """Whether the model must be trained anew."""
    burning: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Complaints that rise in each room."""
    quiet: bool = False
    """Its streams say nothing any more."""
    port: int = 0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None
    _stopping: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        config = uvicorn.Config(
            self._app(), port=self.port, log_level="error", lifespan="off", ws="none",
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        self._stopping = False
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        """Away at once: streams break off, nobody listens any more."""
        self._stopping = True
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()

    def post(self, texts: Iterable[str]) -> None:
        """Comments by HTTP."""
        events = [
            {"id": f"{time.time_ns()}-{n}", "room": self.room, "user": f"u{n}", "text": text}
            for n, text in enumerate(texts)
        ]
        httpx.post(f"{self.url}/v1/events", json=events).raise_for_status()

    def delete(self, *seqs: int) -> None:
        """Tell that comments were deleted."""
        self.told.append(("deleted", {"seqs": list(seqs)}))

    def take(self, texts: Iterable[str]) -> None:
        """Comments, without HTTP."""
        at = datetime.now(SHANGHAI)
        for seq, text in enumerate(texts, len(self.comments) + 1):
            self.comments.append(comment(seq, text, at))

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/login", self._login, methods=["GET", "POST"]),
                Route("/static/{name}", self._static),
                Route("/v1/stream", self._stream),
                Route("/v1/comments", self._comments),
                Route("/v1/model", lambda _: JSONResponse(MODEL | {"version": self.version})),
                Route("/v1/events", self._events, methods=["POST"]),
                Route("/v1/labels", self._labels, methods=["POST"]),
                Route("/v1/labels/{id:int}", self._undo, methods=["DELETE"]),
            ]
        )

    async def _page(self, request: Request) -> Response:
        asked = request.query_params
        text = page(
            self.state(self.comments, datetime.now(SHANGHAI)),
            self.comments[-60:],
            MODEL | {"version": self.version},
            self.rooms or [(self.room, int(1000 * time.time()))],
            room=self.room,
            language=language_of(asked.get("lang", ""), request.headers.get("accept-language", "")),
            after=len(self.comments),
            burning=self.burning,
        )
        return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})

    async def _login(self, request: Request) -> Response:
        text = login_page(request.query_params.get("lang", "zh"), request.method == "POST")
        return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        return Response(asset(name), headers={"Content-Type": ASSETS[name]})

    async def _stream(self, request: Request) -> Response:
        after = int(request.headers.get("last-event-id") or request.query_params["after"])
        return StreamingResponse(self._said(after), media_type="text/event-stream")

    async def _said(self, seq: int) -> AsyncIterator[str]:
        told, model, burning, heard = 0.0, self._model(), dict(self.burning), len(self.told)
        with suppress(asyncio.CancelledError):
            while not self._stopping:
                if self.quiet:
                    await asyncio.sleep(0.02)
                    continue
                fresh = self.comments[seq:]
                for one in fresh:
                    yield f"event: comment\nid: {one['seq']}\ndata: {json.dumps(one)}\n\n"
                seq += len(fresh)
                for event, data in self.told[heard:]:
                    yield f"event: {event}\ndata: {json.dumps(data)}\n\n"
                heard = len(self.told)
                if time.monotonic() - told > 1:
                    state = self.state(self.comments, datetime.now(SHANGHAI))
                    yield f"event: now\ndata: {json.dumps(state)}\n\n"
                    told = time.monotonic()
                if self.burning != burning:
                    burning = dict(self.burning)
                    yield f"event: burning\ndata: {json.dumps(burning)}\n\n"
                if self._model() != model:
                    model = self._model()
                    yield f"event: model\ndata: {json.dumps(model)}\n\n"
                await asyncio.sleep(0.02)

    def _model(self) -> dict[str, Any]:
        return {"version": self.version, "due": self.due}

    async def _comments(self, request: Request) -> Response:
        facet, label = request.query_params["label"].split("/")
        found = [
            one
            for one in reversed(self.comments)
            if any(f"{tag['label']}.".startswith(f"{label}.") for tag in one[facet])
        ]
        limit = int(request.query_params["limit"])
        return JSONResponse({"comments": found[:limit], "next": None})

    async def _events(self, request: Request) -> Response:
        self.take(one["text"] for one in await request.json())
        return JSONResponse({})

    async def _labels(self, request: Request) -> Response:
        self.types.append(request.headers["content-type"])
        if self.refuses:
            problem = {"type": "about:blank", "title": "Unprocessable Content", "status": 422}
            return JSONResponse(problem | {"detail": self.refuses}, status_code=422)
        for one in (await request.json())["labels"]:
            self.corrected.append(one)
            for known in self.comments:
                if known["seq"] == one["seq"]:
                    self._relabel(known, one)
        return JSONResponse({})

    def _relabel(self, known: dict[str, Any], one: dict[str, Any]) -> None:
        model = {facet: known[facet] for facet in (*TAXONOMY.facets, "evidence")}
        known |= {facet: [{"label": label, "score": 1.0} for label in one[facet]]
                  for facet in TAXONOMY.facets}  # fmt: skip
        correction = {"id": len(self.corrected), "by": one["by"], "at": "", "model": model}
        known |= {"corrected": True, "correction": correction, "evidence": []}
        self.told.append(("labels", dict(known)))

    async def _undo(self, request: Request) -> Response:
        for known in self.comments:
            if known.get("correction", {}).get("id") == request.path_params["id"]:
                known |= known.pop("correction")["model"]
                del known["corrected"]
                self.told.append(("labels", dict(known)))
        return JSONResponse({"deleted": 1})


def likely(at: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A busy evening: what goes on now, and the comments of the last minutes."""
    said = """
主播这款有没有小一点的|56的圈口还有吗|什么时候发货|已拍两条|好看好看|多少钱|太贵了吧|链接几号|来了来了
收到的有色差 跟直播里不一样|可以退吗 不喜欢的话|666|有证书吗|我手粗58圈口能戴吗|没声音了主播
色差有点大 不像天然的|妈妈戴这款合适吗|昨天买的什么时候发货啊|好看 已拍|主播晚上好
这个多少钱啊 包邮吗|我的也有色差 客服不回
"""
    lines = [line for line in said.replace("\n", "|").split("|") if line]
    comments = [
        comment(
            n + 1,
            lines[(7 * n + n // 9) % len(lines)],
            at - timedelta(seconds=3.1 * (60 - n)),
            name=["晚风", "木棠", "小圆Yuan", "听眠", "芝士桃桃"][n % 5] if n % 3 else "",
        )
        for n in range(60)
    ]
    state = state_of(comments, at)
    counts = [8 + (n * n) % 7 + (18 if 30 < n < 42 else 0) + (n % 5) for n in range(60)]
    state |= {"series": series(at, [*counts, 11]), "rate": 19.5, "people": 83, "comments": 216}
    state |= {"voice_rate": 12.5}

    def quote(text: str, word: str, ago: int) -> dict[str, Any]:
        start = text.index(word)
        found = {"seq": 9, "time": (at - timedelta(seconds=ago)).isoformat(), "text": text}
        return found | {"score": 0.98, "start": start, "end": start + len(word)}

    def spot(label: str, condition: str, lines: int, people: int, times: float | None, since: int,
             *quotes: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
        known = {"facet": "complaint", "label": label, "state": condition, "comments": lines}
        known |= {
            "people": people,
            "of": 216,
            "usual": 1.2 if times else 0,
            "times": times,
            "p": 0.00001,
        }
        started = (at - timedelta(seconds=since)).isoformat()
        return known | {"since": started, "pasted": None, "quotes": list(quotes)}

    def question(text: str, people: int, seconds: int, answered: int = 0) -> dict[str, Any]:
        known = {"text": text, "people": people, "comments": people + 2, "answered": answered}
        since = (at - timedelta(seconds=seconds)).isoformat()
        return known | {"last": since, "since": since, "seconds": seconds, "seq": 7}

    state["hotspots"] = [
        spot("product_quality.color", "rising", 14, 9, 11.7, 420,
             quote("收到的有色差 跟直播里完全不是一个颜色", "色差", 35),
             quote("我的也有色差 客服不回", "色差", 92), quote("色差太大了 想退", "色差", 200)),
        spot("livestream.tech", "new", 6, 6, None, 60,
             quote("没声音了主播", "没声音", 8), quote("卡住了 听不见", "卡住", 20)),
        spot("logistics.delay", "steady", 11, 10, 1.3, 3000,
             quote("什么时候发货", "发货", 15), quote("上周五拍的还没发货", "没发货", 130)),
        spot("after_sales.return", "falling", 4, 3, 0.4, 2400,
             quote("可以退吗 不喜欢的话", "退", 50)),
        spot("logistics.damage", "quiet", 1, 1, 1.0, 100, quote("盒子压扁了", "压扁", 300)),
    ]  # fmt: skip
    state["unanswered"] = [
        question("能不能复检", 6, 424),
        question("56的圈口还有吗", 9, 211),
        question("可以刷花呗分期吗 大概能分几期啊 有没有手续费", 3, 95),
        question("黄皮能戴绿色吗", 2, 70),
        question("几号链接", 4, 12),
    ]
    state["asked"] = [
        question("什么时候发货", 12, 15, 3),
        question("56的圈口还有吗", 9, 20),
        question("多少钱", 8, 4, 10),
        question("能不能复检", 6, 60),
        question("有证书吗", 5, 41, 7),
        question("几号链接", 4, 12),
    ]
    shares = {
        "intent/quality": 31, "intent/price": 44, "intent/style": 18, "intent/fit": 27,
        "complaint/product_quality": 16, "complaint/product_quality.color": 14,
        "complaint/logistics": 12, "complaint/logistics.delay": 11, "complaint/after_sales": 4,
        "complaint/livestream": 6, "act/ask": 108, "act/complain": 24, "act/praise": 9,
        "act/order": 13,
    }  # fmt: skip
    state["labels"] = [
        {"facet": key.split("/")[0], "label": key.split("/")[1], "comments": n, "share": n / 216}
        for key, n in shares.items()
    ]
    return state, comments
