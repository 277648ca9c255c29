"""Counters of this process for `/metrics`, in Prometheus' text format."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

REGISTRY = CollectorRegistry()
ANSWERS = Counter("shuyi_data_answers", "Answers of the data API.", ["status", "reason"], registry=REGISTRY)
UNITS = Counter("shuyi_data_units", "Units billed by the data API.", registry=REGISTRY)
ROWS = Counter("shuyi_data_rows", "Rows sent by the data API.", registry=REGISTRY)
BYTES = Counter("shuyi_data_bytes", "Bytes sent by the data API, before compression.", registry=REGISTRY)
SECONDS = Histogram(
    "shuyi_data_seconds",
    "Seconds from request to the start of the answer.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
    registry=REGISTRY,
)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition() -> bytes:
    """All counters as text; serve it with `CONTENT_TYPE`."""
    return generate_latest(REGISTRY)
