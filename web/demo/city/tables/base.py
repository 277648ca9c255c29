"""What every table is built from, and what building one gives."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from web.demo.city import mess
from web.demo.city.numbers import Floats, Indices, Objects
from web.demo.city.people import People
from web.demo.city.places import STREETS
from web.demo.city.truth import Span

Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class City:
    """The ground that all tables share: seed, people, and company names that people mention."""

    seed: int
    people: People
    companies: Objects

    def rng(self, department: str) -> np.random.Generator:
        """A generator of the department's own, so that no table depends on another's draws."""
        return np.random.default_rng([self.seed, zlib.crc32(department.encode())])


@dataclass(slots=True)
class RawTable:
    """Columns of equal length in the order of delivery; text columns are arrays of objects.

    `spans`: free-text column -> row -> spans. `duplicates`: rows that repeat the row before.
    """

    columns: dict[str, Column]
    spans: dict[str, dict[int, tuple[Span, ...]]] = field(default_factory=dict)
    duplicates: int = 0

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def with_repeats(self, rng: np.random.Generator) -> RawTable:
        """The same number of rows, some of which now repeat the row before them."""
        order, repeats = mess.repeat_rows(rng, len(self))
        spans = {
            name: {row: rows[source] for row, source in enumerate(order.tolist()) if source in rows}
            for name, rows in self.spans.items()
        }
        return RawTable({name: values[order] for name, values in self.columns.items()}, spans, repeats)


def pick(rng: np.random.Generator, people: People, candidates: Indices, count: int) -> Indices:
    """`count` people out of the candidates, the active ones oftener."""
    weight = people.activity[candidates]
    return np.asarray(rng.choice(candidates, count, p=weight / weight.sum()), dtype=np.int64)


def choose(rng: np.random.Generator, values: Sequence[Any], weights: Sequence[float], count: int) -> Objects:
    """`count` values, as often as their weights say."""
    share = np.asarray(weights, dtype=float)
    return np.array(values, dtype=object)[rng.choice(len(values), count, p=share / share.sum())]


def street_names(streets: Indices) -> Objects:
    return np.array([street.name for street in STREETS], dtype=object)[streets]


def numbered(prefix: str, first: int, count: int, width: int) -> Objects:
    """`count` running numbers with a prefix."""
    return np.array([f"{prefix}{number:0{width}d}" for number in range(first, first + count)], dtype=object)


def texts(values: npt.ArrayLike, pattern: str = "{}") -> Objects:
    """Numbers written as text by a format pattern such as `{:.2f}`."""
    write = pattern.format
    return np.array([write(value) for value in np.asarray(values).tolist()], dtype=object)


def objects(values: npt.ArrayLike) -> Objects:
    """Python numbers in an array of objects, so that text can stand among them."""
    return np.array(np.asarray(values).tolist(), dtype=object)


def spread(rng: np.random.Generator, streets: Indices) -> tuple[Floats, Floats]:
    """A place (longitude, latitude) for each street, near its centre, WGS84 to six decimals."""
    centre = np.array([(s.longitude, s.latitude, s.radius) for s in STREETS])[streets]
    offset = np.clip(rng.normal(0, 0.5, (len(streets), 2)), -1, 1) * centre[:, 2:3]
    return np.round(centre[:, 0] + offset[:, 0], 6), np.round(centre[:, 1] + offset[:, 1], 6)
