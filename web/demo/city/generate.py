"""Builds the whole demo city: every department's file, and the truth about what is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from web.demo.city import files, mess
from web.demo.city.people import FULL_SIZE, populate
from web.demo.city.plan import Department, plan
from web.demo.city.tables import air, bike, carpark, clinic, company, hotline, parking, rental, water, weather
from web.demo.city.tables.base import City, RawTable
from web.demo.city.truth import BrokenRow, ColumnTruth, TableTruth, Truth

SEED = 20261124
LEAST_ROWS = 60
_LEAST_PEOPLE = 400
_MENTIONED_COMPANIES = 900

BUILDERS: dict[str, Callable[[City, int], RawTable]] = {
    "futian-hotline": hotline.build,
    "futian-parking": parking.build,
    "futian-housing": rental.build,
    "futian-health": clinic.build,
    "futian-environment": air.build,
    "nanshan-market": company.build,
    "nanshan-transport": bike.build,
    "nanshan-water": water.build,
    "nanshan-weather": weather.build,
    "nanshan-carparks": carpark.build,
}


@dataclass(frozen=True, slots=True)
class CityFiles:
    """Where each department's file lies (by department code), and the truth about all of them."""

    folder: Path
    files: dict[str, Path]
    truth: Truth


def generate(
    folder: Path,
    seed: int = SEED,
    scale: float = 1.0,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> CityFiles:
    """Write every department's file into `folder`, which is made if it is missing.

    The same seed and scale give the same bytes. `scale` multiplies the rows of each table (never
    fewer than `LEAST_ROWS`) and the number of people. `on_progress` hears the department's code,
    how many tables are written and how many there are. ValueError if the scale is not positive.
    """
    if not scale > 0:
        raise ValueError(f"the scale must be positive, not {scale}")
    folder.mkdir(parents=True, exist_ok=True)
    city = City(
        seed,
        populate(seed, max(_LEAST_PEOPLE, round(FULL_SIZE * scale))),
        company.company_names(seed, max(40, round(_MENTIONED_COMPANIES * min(scale, 1.0)))),
    )
    departments = plan().departments
    paths: dict[str, Path] = {}
    truths: dict[str, TableTruth] = {}
    for done, department in enumerate(departments, start=1):
        rows = max(LEAST_ROWS, round(department.dataset.rows * scale))
        table = BUILDERS[department.code](city, rows)
        _check(department, table)
        rng = city.rng(f"{department.code}/file")
        paths[department.code], broken = files.write(department, table, folder, rng)
        truths[department.code] = _truth(department, table, broken)
        if on_progress is not None:
            on_progress(department.code, done, len(departments))
    return CityFiles(folder, paths, Truth(seed, scale, truths))


def _check(department: Department, table: RawTable) -> None:
    """A table must have the columns its dictionary describes, or the truth would be about another."""
    described = [field.name for field in department.dataset.fields]
    if list(table.columns) != described:
        raise ValueError(f"{department.code}: built columns {list(table.columns)}, described {described}")


def _truth(department: Department, table: RawTable, broken: tuple[BrokenRow, ...]) -> TableTruth:
    dataset = department.dataset
    return TableTruth(
        department=department.code,
        file_name=dataset.delivery.file_name,
        rows=len(table),
        subjects=len(set(table.columns[dataset.subject].tolist())) if dataset.subject else 0,
        duplicates=table.duplicates,
        columns=tuple(
            ColumnTruth(
                field.name,
                field.semantic,
                field.role,
                field.personal,
                mess.filled(table.columns[field.name]),
                field.group,
            )
            for field in dataset.fields
        ),
        broken=broken,
        spans=table.spans,
    )
