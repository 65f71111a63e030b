"""Settings → the ASGI app."""

from __future__ import annotations

import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from commentnlp import __version__
from commentnlp.errors import CommentnlpError
from commentnlp.service import routes
from commentnlp.service.alerts import Alerts
from commentnlp.service.gate import Gate
from commentnlp.service.metrics import Metrics
from commentnlp.service.openapi import ANSWERS, described
from commentnlp.service.problems import MEDIA_TYPE, Problem
from commentnlp.service.running import Running
from commentnlp.service.serving import Serving
from commentnlp.service.settings import Settings
from commentnlp.service.store import Store


def create_app(settings: Settings) -> FastAPI:
    """Make the app. Raises CommentnlpError where store or model cannot be opened."""
    serving = Serving(settings.model)
    alerts = Alerts(settings, serving.model.taxonomy)
    store = Store(settings.store)
    try:
        claim = store.claim()
    except CommentnlpError:
        store.close()
        raise

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        running = app.state.running = Running(settings, store, claim, serving, alerts)
        await running.start()
        restore = _on_stop(running.hub.close)
        try:
            yield
        finally:
            restore()
            await running.close()

    app = FastAPI(
        title="commentnlp",
        version=__version__,
        lifespan=lifespan,
        # their pages load scripts from elsewhere
        docs_url=None,
        redoc_url=None,
        routes=[Route(path, endpoint, methods=["POST"]) for path, endpoint in routes.POSTS.items()],
        exception_handlers={
            Problem: _problem,
            HTTPException: _http_error,
            RequestValidationError: _wrong_parameter,
        },
    )
    app.include_router(routes.router)
    app.state.metrics = Metrics(frozenset(path for path in ANSWERS if path.startswith("/")))
    app.add_middleware(
        Gate,
        token=settings.token,
        push_secret=settings.push_secret,
        direct=routes.POSTS,
        served=app.state.metrics.served,
    )
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app


def _on_stop(call: Callable[[], None]) -> Callable[[], None]:
    """Call when the process is told to stop; returns what undoes it.

    A server waits for all answers to end before it tells its app to stop, and streams never end by
    themselves.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    before = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}

    def stop(which: int, frame: Any) -> None:
        call()
        handler = before[signal.Signals(which)]
        if callable(handler):
            handler(which, frame)

    for which in before:
        signal.signal(which, stop)

    def restore() -> None:
        for which, handler in before.items():
            signal.signal(which, handler)

    return restore


def _answer(problem: Problem) -> Response:
    return Response(problem.to_bytes(), problem.status, problem.headers, MEDIA_TYPE)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return _answer(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = {
        404: f"there is no {request.url.path[:100]}; /openapi.json tells what there is",
        405: f"{request.url.path[:100]} has no {request.method}",
    }.get(error.status_code, error.detail)
    return _answer(Problem(error.status_code, detail, headers=error.headers))


async def _wrong_parameter(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"][1:]))
    return _answer(Problem(422, f"{field}: {first['msg']}", field=field))
