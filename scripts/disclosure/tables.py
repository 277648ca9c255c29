"""The tables that are measured, their policies, and the loss of a written release, counted from its CSV alone."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.privacy import Policy

Hierarchy = list[list[str]]


def make(data: Path, folder: Path, name: str) -> Path:
    """The CSV called ``adult_30k``, ``adult_1m``, ``residents_1m`` …; made in ``folder`` when it is not there yet."""
    kind, size = name.rsplit("_", 1)
    if name == "adult_30k":
        return data / "adult" / "adult.csv"
    rows = int(size[:-1]) * {"k": 1_000, "m": 1_000_000}[size[-1]]
    if kind == "residents":
        target = folder / name / "residents.csv"
        script, place = data / "residents" / "generate.py", target.parent
    else:
        target = folder / f"{name}.csv"
        script, place = data / "adult" / "resample.py", target
    if not target.is_file():
        subprocess.run([sys.executable, script, str(rows), str(place)], check=True, stdout=subprocess.DEVNULL)
    return target


def header(table: Path) -> list[str]:
    """Names of the columns of a `;`-separated file."""
    with table.open(encoding="utf-8") as stream:
        return stream.readline().strip().split(";")


def hierarchies(data: Path, table: Path) -> dict[str, Hierarchy]:
    """The rows of each quasi-identifier's hierarchy file, as ARX has them. Columns without one are none."""
    adult = table.name.startswith("adult")
    prefix = data / "adult" / "adult_hierarchy_" if adult else table.parent / "hierarchy_"
    found = {}
    for name in header(table):
        file = Path(f"{prefix}{name}.csv")
        if file.is_file():
            with file.open(encoding="utf-8", newline="") as stream:
                found[name] = [row for row in csv.reader(stream, delimiter=";") if row]
    return found


def policy(columns: list[str], trees: dict[str, Hierarchy], k: int, limit: float, algorithm: str) -> Policy:
    """k-anonymity on the columns that have a hierarchy; the others are sensitive and kept."""
    from contracts.privacy import (
        Algorithm,
        CategoryHierarchy,
        ColumnPolicy,
        ColumnRole,
        Generalise,
        KAnonymity,
        Keep,
        Policy,
    )

    chosen = {
        name: ColumnPolicy(
            role=ColumnRole.QUASI_IDENTIFIER, operator=Generalise(hierarchy=CategoryHierarchy(rows=trees[name]))
        )
        if name in trees
        else ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep())
        for name in columns
    }
    return Policy(columns=chosen, models=[KAnonymity(k=k)], suppression_limit=limit, algorithm=Algorithm(algorithm))


def loss(source: Path, release: Path, trees: dict[str, Hierarchy], *, separator: str = ",") -> float:
    """Mean loss over all rows of the source and all quasi-identifiers, rows that are missing in the release 1.

    (leaves covered - 1) / (leaves - 1); where all leaves are numbers, the range they cover within the table's domain.
    A column may come as ``name`` or as ``name_code`` with ``name_level``.
    """
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    domains = {name: {row[name] for row in rows} for name in trees}
    total = len(rows)
    del rows
    kept = 0
    lost = {name: _lost(tree, domains[name]) for name, tree in trees.items()}
    sums: Counter[str] = Counter()
    with release.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=separator):
            kept += 1
            for name, costs in lost.items():
                text = row[name] if name in row else row[f"{name}_code"]
                level = int(row[f"{name}_level"]) if f"{name}_level" in row else None
                sums[name] += costs[text, level]
    return (sum(sums.values()) / len(trees) + total - kept) / total


def _lost(tree: Hierarchy, present: set[str]) -> dict[tuple[str, int | None], float]:
    """Loss of each text of a hierarchy, by level and (None) at its coarsest."""
    costs: dict[tuple[str, int | None], float] = {("*", None): 1.0}
    numbers = all(row[0].lstrip("-").isdigit() for row in tree)
    low, high = (min(map(int, present)), max(map(int, present))) if numbers else (0, 0)
    depth = len(tree[0])
    for level in range(depth):
        covered: dict[str, list[str]] = {}
        for row in tree:
            covered.setdefault(row[level], []).append(row[0])
        for text, leaves in covered.items():
            if text == "*" and level == depth - 1:
                cost = 1.0
            elif numbers:
                inside = [min(max(int(leaf), low), high) for leaf in leaves]
                cost = (max(inside) - min(inside)) / (high - low)
            else:
                cost = (len(leaves) - 1) / (len(tree) - 1)
            costs[text, level] = cost
            costs[text, None] = max(cost, costs.get((text, None), 0.0))
    costs["*", depth] = 1.0
    return costs
