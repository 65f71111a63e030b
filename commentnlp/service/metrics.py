"""Figures for Prometheus: counted as plain numbers, laid out when somebody asks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from commentnlp.service.running import Running

METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH")
MOST_ROOMS = 100
"""Rooms of which the age of the last event is told: those with the latest ones."""
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds."""


class Metrics(Collector):
    """Counts what the gate served, and asks the service for the rest."""

    def __init__(self, paths: frozenset[str]) -> None:
        """Take the addresses that there are; all others count as one."""
        self._paths = paths
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._registry = CollectorRegistry()
        seconds = Histogram("commentnlp_request_seconds", "From request to the head of its answer",
                            ["path"], buckets=BUCKETS, registry=self._registry)  # fmt: skip
        self._seconds = {path: seconds.labels(path) for path in (*paths, "other")}
        self._registry.register(self)
        self._running: Running | None = None
        self._rooms: Sequence[tuple[str, int]] = ()

    def served(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one request."""
        if path not in self._paths:
            path = "other"
        if method not in METHODS:  # anything can be sent
            method = "other"
        self._requests[method, path, status] += 1
        self._seconds[path].observe(seconds)

    def exposed(self, running: Running, rooms: Sequence[tuple[str, int]] = ()) -> tuple[bytes, str]:
        """All figures as text, and its media type.

        ``rooms`` are rooms and the milliseconds since 1970 of their last events, the latest first.
        """
        self._running, self._rooms = running, rooms[:MOST_ROOMS]
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def collect(self) -> Iterator[Metric]:
        """What is not in the registry by itself."""
        requests = CounterMetricFamily("commentnlp_requests", "Requests answered",
                                       labels=["method", "path", "status"])  # fmt: skip
        for (method, path, status), count in self._requests.items():
            requests.add_metric([method, path, str(status)], count)
        yield requests
        service = self._running
        if service is None:
            return
        comments = CounterMetricFamily("commentnlp_comments", "Comments tagged, by label",
                                       labels=["facet", "label"])  # fmt: skip
        for key, count in service.classifier.labels.items():
            comments.add_metric(key.split("/", 1), count)
        yield comments
        yield CounterMetricFamily("commentnlp_comments_tagged", "Comments tagged",
                                  value=service.classifier.tagged)  # fmt: skip
        events = CounterMetricFamily("commentnlp_events", "Events taken in", labels=["result"])
        events.add_metric(["kept"], service.kept)
        events.add_metric(["repeated"], service.repeated)
        yield events
        ages = GaugeMetricFamily(
            "commentnlp_last_event_seconds", "Seconds since the last event of a room",
            labels=["room"],
        )  # fmt: skip
        for room, last in self._rooms:
            ages.add_metric([room], max(0.0, time.time() - last / 1000))
        yield ages
        waiting = GaugeMetricFamily("commentnlp_waiting", "Comments that wait to be tagged, events"
                                    " that wait to be kept", labels=["queue"])  # fmt: skip
        waiting.add_metric(["tag"], service.classifier.waiting)
        waiting.add_metric(["keep"], service.writer.waiting)
        yield waiting
        yield GaugeMetricFamily("commentnlp_listeners", "Open streams",
                                value=len(service.hub.listeners))  # fmt: skip
        alerts = CounterMetricFamily("commentnlp_alerts", "Alerts", labels=["result"])
        for result in ("sent", "failed", "dropped"):
            alerts.add_metric([result], getattr(service.alerts, result))
        yield alerts
        meta = service.serving.model.meta
        model = GaugeMetricFamily("commentnlp_model", "The model in use",
                                  labels=["version", "data_digest"])  # fmt: skip
        model.add_metric([meta.version, meta.data_digest], 1)
        yield model
        fitting = service.fitting
        if fitting is not None:
            yield GaugeMetricFamily("commentnlp_retraining_due", "1 while retraining is due",
                                    value=fitting["due"])  # fmt: skip
        if fitting is not None and fitting["fit"] is not None:
            yield GaugeMetricFamily(
                "commentnlp_unknown_words", "Share of words that the model does not know",
                value=fitting["fit"].unknown.share,
            )  # fmt: skip
        yield GaugeMetricFamily("commentnlp_model_refused", "1 while a newer model was not taken",
                                value=service.serving.failed is not None)  # fmt: skip
