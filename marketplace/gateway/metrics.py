"""Counters of this process for `/metrics`, in Prometheus' text format.

The hot path adds to plain numbers under one lock; they become metrics only when somebody asks.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_TOTALS = (
    ("shuyi_data_units", "Units billed by the data API."),
    ("shuyi_data_rows", "Rows sent by the data API."),
    ("shuyi_data_bytes", "Bytes sent by the data API, before compression."),
)


class Counters(Collector):
    """Answers by status and reason, what they cost and held, and how long they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[tuple[int, str], int] = {}
        self._totals = [0, 0, 0]
        self._slower = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, status: int, reason: str, units: int, rows: int, size: int, seconds: float) -> None:
        """Count one answer."""
        place = bisect_left(BOUNDS, seconds)
        with self._lock:
            key = (status, reason)
            self._answers[key] = self._answers.get(key, 0) + 1
            self._totals[0] += units
            self._totals[1] += rows
            self._totals[2] += size
            self._slower[place] += 1
            self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand."""
        with self._lock:
            answers, totals = dict(self._answers), list(self._totals)
            slower, seconds = list(self._slower), self._seconds
        family = CounterMetricFamily("shuyi_data_answers", "Answers of the data API.", labels=["status", "reason"])
        for (status, reason), count in sorted(answers.items()):
            family.add_metric([str(status), reason], count)
        yield family
        for (name, help_text), total in zip(_TOTALS, totals, strict=True):
            yield CounterMetricFamily(name, help_text, value=total)
        running, buckets = 0, []
        for bound, count in zip((*BOUNDS, float("inf")), slower, strict=True):
            running += count
            buckets.append(("+Inf" if bound == float("inf") else str(bound), float(running)))
        yield HistogramMetricFamily(
            "shuyi_data_seconds", "Seconds from a call to its answer.", buckets=buckets, sum_value=seconds
        )


COUNTERS = Counters()
_registry = CollectorRegistry()
_registry.register(COUNTERS)


def exposition() -> bytes:
    """All counters as text; serve it with `CONTENT_TYPE`."""
    return generate_latest(_registry)
