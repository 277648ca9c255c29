"""Counting and applying on a table. One engine so far, in memory with Polars; others give the same
histogram."""

from anonymizer.engines.histogram import Demand, Histogram, build, in_order, number, rows_alike, split

__all__ = ["Demand", "Histogram", "build", "in_order", "number", "rows_alike", "split"]
