"""Seconds from a department's CSV to the written release, beside DuckDB copying the same CSV to Parquet.

    python scripts/bench_road.py [--rows 100000 1000000] [--adult adult.csv] [--repeats 3] [--json]

The road: received and sealed in the vault, read and scanned, anonymised to k=5 on the eight quasi-identifiers the scan
proposes, approved, and both files of the release written. Each repetition runs in a process of its own, whose peak
memory is told, alternating with DuckDB's copy. The table is Adult drawn with replacement (ages move by up to three
years, other values are redrawn with probability 3 %), always the same for the same number of rows.
"""

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
DATA = Path(os.environ.get("SHUYI_TEST_DATA", ROOT.parent / "shared" / "data"))


def resample(adult: Path, rows: int, target: Path) -> None:
    """A larger table with Adult's shape, `;`-separated."""
    import numpy as np
    import pandas as pd

    source = pd.read_csv(adult, sep=";")
    chance = np.random.default_rng(20261124)
    drawn = chance.integers(0, len(source), rows)
    columns: dict[str, Any] = {}
    for name in source.columns:
        values = source[name].to_numpy()
        if name == "age":
            columns[name] = np.clip(values[drawn] + chance.integers(-3, 4, rows), 17, 90)
            continue
        redrawn = chance.random(rows) < 0.03
        columns[name] = np.where(redrawn, values[chance.integers(0, len(source), rows)], values[drawn])
    pd.DataFrame(columns).to_csv(target, sep=";", index=False)


def road(csv: str, answers: "multiprocessing.Queue[dict[str, float]]") -> None:
    """One walk in this process; seconds per stage and peak memory in MB."""
    from catalog.releases import building, policies, publishing
    from catalog.vault import profiling
    from contracts.kit.database import Database, metadata
    from contracts.kit.settings import Settings
    from contracts.kit.store import FolderStore
    from tests.factories.catalog import CatalogWorld

    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        database = Database(settings.database)
        metadata.create_all(database.engine)
        store = FolderStore(Path(folder) / "objects")
        world = CatalogWorld(database, store, settings)
        dataset = world.dataset()
        content = Path(csv).read_bytes()
        started = last = time.perf_counter()

        def stage(name: str) -> None:
            nonlocal last
            now = time.perf_counter()
            seconds[name] = now - last
            last = now

        upload = world.upload(dataset, content, "adult.csv", work=False)
        stage("receive")
        profiling.profile_upload(database, store, settings, upload.id)
        stage("read and scan")
        policies.propose(database, upload.id)
        request = world.submit(upload, world.policy(upload), work=False)
        building.anonymise(database, store, settings, request.id)
        stage("anonymise")
        world.decide(request, "officer")
        world.decide(request, "second_officer")
        publishing.publish(database, store, settings, request.id)
        stage("publish")
        seconds["road"] = last - started
        database.close()
    seconds["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answers.put(seconds)


def copy(csv: str, answers: "multiprocessing.Queue[dict[str, float]]") -> None:
    """DuckDB's copy of the same CSV to Parquet."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        duckdb.sql(f"COPY (FROM read_csv('{csv}', delim=';')) TO '{folder}/copy.parquet' (FORMAT parquet)")
        answers.put({"copy": time.perf_counter() - started})


def measured(target: Any, csv: Path) -> dict[str, float]:
    """Run in a fresh process and give what it put."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=target, args=(str(csv), answers))
    process.start()
    found: dict[str, float] = answers.get()
    process.join()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument(
        "--adult", type=Path, default=DATA / "adult" / "adult.csv", help="the Adult table, `;`-separated"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one object a line")
    arguments = parser.parse_args()
    if not arguments.adult.is_file():
        parser.error(f"{arguments.adult} is not there; name the Adult table with --adult")
    with tempfile.TemporaryDirectory() as folder:
        for rows in arguments.rows:
            csv = Path(folder) / f"adult-{rows}.csv"
            resample(arguments.adult, rows, csv)
            ours: list[dict[str, float]] = []
            other: list[float] = []
            for _ in range(arguments.repeats):
                other.append(measured(copy, csv)["copy"])
                ours.append(measured(road, csv))
            report(
                f"road_{rows // 1_000_000}m" if rows >= 1_000_000 else f"road_{rows // 1000}k",
                ours,
                other,
                arguments.json,
            )


def report(name: str, ours: list[dict[str, float]], other: list[float], as_json: bool) -> None:
    """Medians, the ratio of alternating pairs, stages and memory."""
    middle = {key: statistics.median(run[key] for run in ours) for key in ours[0]}
    ratio = statistics.median(run["road"] / copied for run, copied in zip(ours, other, strict=True))
    if as_json:
        line = {
            "name": name,
            "ours": round(middle["road"], 3),
            "other": round(statistics.median(other), 3),
            "other_name": "duckdb copy csv to parquet",
            "unit": "s",
            "better": "lower",
            "ratio": round(ratio, 2),
            "stages": {key: round(value, 3) for key, value in middle.items() if key not in ("road", "peak_mb")},
            "peak_mb": round(middle["peak_mb"]),
        }
        print(json.dumps(line))
        return
    print(f"{name}: {middle['road']:.2f} s, {ratio:.1f} times DuckDB's copy ({statistics.median(other):.2f} s)")
    for key, value in middle.items():
        if key not in ("road", "peak_mb"):
            print(f"  {key:<14} {value:7.2f} s")
    print(f"  {'peak memory':<14} {middle['peak_mb']:7.0f} MB")


if __name__ == "__main__":
    main()
