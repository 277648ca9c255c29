"""How much disclosure control loses and how long it takes.

    python scripts/bench_disclosure.py [--only NAME ...] [--repeats 3] [--json] [--tables FOLDER] [--without anjana]

Each repetition runs in a process of its own, after imports, in turns with DuckDB (same threads) reading and writing
the same file. `adult_*`: nine quasi-identifiers, k=5, full-domain, suppression 0, 2, 5 %; `residents_*`: eight, nearly
all rows unique; `memory_*`: peak MB of the run with 2 %; `fresh_30k`: Adult itself; `verify_1m`: a release checked
again, beside one group-by of its columns. `loss_*` stand beside the least loss of all nodes of the lattice, `local_*`
beside what ARX's local recoding loses (ARX does not run here, its figures are given); they are counted from the
written CSV alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from disclosure import peers, tables  # noqa: E402  # after the path is set, as a script must

ROOT: Final = Path(__file__).resolve().parents[1]
DATA: Final = Path(os.environ.get("SHUYI_TEST_DATA", ROOT.parent / "shared" / "data"))
SECRET: Final = b"a secret of this benchmark"
DUCKDB: Final = "duckdb read and write"
OPTIMUM: Final = {
    ("k5", 0): 0.6355, ("k5", 2): 0.3633, ("k5", 5): 0.2752, ("k10", 0): 0.6355, ("k10", 2): 0.3857, ("k10", 5): 0.3235,
}  # fmt: skip
ARX_LOCAL: Final = {"local_30k": 0.183, "local_300k": 0.0414, "local_1m": 0.0225}


@dataclass(frozen=True)
class Job:
    """One run of ours: ``source`` to ``target``, by policy; ``release``: write the folder of a release there."""

    source: str
    target: str
    k: int = 5
    limit: float = 0.0
    algorithm: str = "full-domain"
    release: bool = False


def ours(job: Job, answers: multiprocessing.Queue[dict[str, float]]) -> None:
    """Anonymise and write, in this process: seconds after imports, peak memory in MB."""
    import anonymizer
    from anonymizer import release_files

    source, target = Path(job.source), Path(job.target)
    twin = source.with_suffix(".csv")
    trees = tables.hierarchies(DATA, twin)
    policy = tables.policy(tables.header(twin), trees, job.k, job.limit, job.algorithm)
    run = anonymizer.anonymize
    started = time.perf_counter()
    result = run(source, policy, secret=SECRET, release_id="bench", out=target if job.release else None)
    if target.suffix == ".csv":
        release_files.write_csv(target, result.table, result.contract, result.repeats)
    elif not job.release:
        result.table.write_parquet(target)
    answers.put({"seconds": time.perf_counter() - started, "mb": _peak()})


def duckdb_copy(job: Job, answers: multiprocessing.Queue[dict[str, float]]) -> None:
    """DuckDB reads the file and writes it again in the same form."""
    import duckdb

    started = time.perf_counter()
    read = f"read_csv('{job.source}', delim=';')" if job.source.endswith(".csv") else f"read_parquet('{job.source}')"
    form = "csv, DELIMITER ';'" if job.target.endswith(".csv") else "parquet"
    duckdb.sql(f"COPY (FROM {read}) TO '{job.target}' (FORMAT {form})")
    answers.put({"seconds": time.perf_counter() - started, "mb": _peak()})


def verify(job: Job, answers: multiprocessing.Queue[dict[str, float]]) -> None:
    """Check the release again."""
    import anonymizer
    from anonymizer.verification.verify import verify as check

    started = time.perf_counter()
    result = check(Path(job.target))
    answers.put({"seconds": time.perf_counter() - started, "mb": _peak()})
    if not result.ok:
        raise SystemExit(f"{anonymizer.__name__} does not verify its own release: {result.mismatches}")


def group_by(job: Job, answers: multiprocessing.Queue[dict[str, float]]) -> None:
    """One group-by over all columns of the release's Parquet file."""
    import polars as pl

    started = time.perf_counter()
    table = pl.read_parquet(Path(job.target) / "data.parquet")
    table.group_by(table.columns).len()
    answers.put({"seconds": time.perf_counter() - started, "mb": _peak()})


def _peak() -> float:
    """Peak memory of this process in MB (Linux; `ru_maxrss` would carry over from the process that started it)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measured(target: Callable[..., None], job: Job) -> dict[str, float]:
    """Run in a fresh process and give what it put."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[dict[str, float]] = context.Queue()
    process = context.Process(target=target, args=(job, answers))
    process.start()
    while True:
        try:
            found = answers.get(timeout=1)
            break
        except Exception as error:
            if not process.is_alive():
                raise SystemExit(f"{target.__name__} of {Path(job.source).name} failed") from error
    process.join()
    return found


class Bench:
    """Runs and reports."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.folder = folder
        self.tables = options.tables or folder
        self.tables.mkdir(parents=True, exist_ok=True)
        self.repeats: int = options.repeats
        self.json: bool = options.json
        self.without: set[str] = set(options.without)

    def time(self, name: str, table: str, limit: float, *, form: str = "csv", what: str = "seconds") -> None:
        """Ours and DuckDB in turns; median figures and the median ratio of pairs."""
        source = tables.make(DATA, self.tables, table).with_suffix(f".{form}")
        job = Job(str(source), str(self.folder / f"ours.{form}"), limit=limit)
        copy = Job(str(source), str(self.folder / f"copy.{form}"))
        pairs = [
            (measured(ours, job)[what], measured(duckdb_copy, copy)[what])
            for _ in range(self.repeats if what == "seconds" else 1)
        ]
        self.pairs(name, pairs, DUCKDB, "s" if what == "seconds" else "MB")

    def fresh(self, name: str) -> None:
        """Adult itself, also beside anjana."""
        self.time(name, "adult_30k", 0.02)
        if "anjana" in self.without:
            self.note(f"{name}_anjana", "anjana was left out")
            return
        source, trees = self._trees()
        pairs = []
        for _ in range(self.repeats):
            mine = measured(ours, Job(str(source), str(self.folder / "ours.csv"), limit=0.02))["seconds"]
            pairs.append((mine, peers.anjana(source, self.folder / "anjana.csv", trees, 5, 0.02)["seconds"]))
        self.pairs(f"{name}_anjana", pairs, "anjana", "s")

    def full_domain(self, name: str, k: int, percent: int) -> None:
        """Loss beside the least loss of all nodes, and beside anjana's."""
        mine = self._loss("adult_30k", k, percent / 100, "full-domain")
        self.line(name, mine, OPTIMUM[f"k{k}", percent], "least loss of all nodes", "loss")
        if "anjana" in self.without:
            self.note(f"{name}_anjana", "anjana was left out")
            return
        source, trees = self._trees()
        target = self.folder / "anjana.csv"
        peers.anjana(source, target, trees, k, percent / 100)
        theirs = tables.loss(source, target, tables.hierarchies(DATA, source))
        self.line(f"{name}_anjana", mine, theirs, "anjana", "loss")

    def local(self, name: str) -> None:
        """Loss of local recoding without suppression."""
        mine = self._loss("adult" + name.removeprefix("local"), 5, 0.0, "local")
        self.line(name, mine, ARX_LOCAL[name], "ARX local recoding (given)", "loss")

    def verify(self, name: str) -> None:
        """Checking a release again."""
        source = tables.make(DATA, self.tables, "adult_1m")
        job = Job(str(source), str(self.folder / "release"), limit=0.02, release=True)
        measured(ours, job)
        pairs = [(measured(verify, job)["seconds"], measured(group_by, job)["seconds"]) for _ in range(self.repeats)]
        self.pairs(name, pairs, "one group-by of the same columns", "s")

    def _trees(self) -> tuple[Path, Path]:
        source = tables.make(DATA, self.tables, "adult_30k")
        trees = self.folder / "trees.json"
        trees.write_text(json.dumps(tables.hierarchies(DATA, source)), encoding="utf-8")
        return source, trees

    def _loss(self, table: str, k: int, limit: float, algorithm: str) -> float:
        source = tables.make(DATA, self.tables, table)
        target = self.folder / "ours.csv"
        measured(ours, Job(str(source), str(target), k=k, limit=limit, algorithm=algorithm))
        return tables.loss(source, target, tables.hierarchies(DATA, source))

    def pairs(self, name: str, pairs: list[tuple[float, float]], other: str, unit: str) -> None:
        """Medians of both sides, and of the ratios of pairs."""
        mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        self.line(name, mine, theirs, other, unit, statistics.median(a / b for a, b in pairs))

    def line(self, name: str, mine: float, theirs: float, other: str, unit: str, ratio: float | None = None) -> None:
        """One measurement."""
        ratio = mine / theirs if ratio is None else ratio
        if self.json:
            row: dict[str, Any] = {
                "name": name, "ours": round(mine, 4), "other": round(theirs, 4), "other_name": other, "unit": unit,
                "better": "lower", "ratio": round(ratio, 3),
            }  # fmt: skip
            print(json.dumps(row), flush=True)
        else:
            print(f"{name:<20} {mine:9.4g} {unit:<5} {ratio:6.2f} × {other} ({theirs:.4g})", flush=True)

    def note(self, name: str, text: str) -> None:
        """Something that was not measured."""
        print(json.dumps({"name": name, "note": text}) if self.json else f"{name:<20} {text}", flush=True)


def benchmarks() -> dict[str, Callable[[Bench], None]]:
    """Every benchmark by name, the quick ones first."""
    found: dict[str, Callable[[Bench], None]] = {"fresh_30k": lambda b: b.fresh("fresh_30k")}
    for k in (5, 10):
        for percent in (0, 2, 5):
            name = f"loss_30k_k{k}_s{percent}"
            found[name] = lambda b, n=name, k=k, p=percent: b.full_domain(n, k, p)  # type: ignore[misc]
    for name in ARX_LOCAL:
        found[name] = lambda b, n=name: b.local(n)  # type: ignore[misc]
    for percent in (0, 2, 5):
        name = f"adult_1m_s{percent}"
        found[name] = lambda b, n=name, p=percent: b.time(n, "adult_1m", p / 100)  # type: ignore[misc]
    found["memory_1m"] = lambda b: b.time("memory_1m", "adult_1m", 0.02, what="mb")
    found["residents_1m_s2"] = lambda b: b.time("residents_1m_s2", "residents_1m", 0.02)
    found["verify_1m"] = lambda b: b.verify("verify_1m")
    found["adult_10m"] = lambda b: b.time("adult_10m", "adult_10m", 0.02, form="parquet")
    found["memory_10m"] = lambda b: b.time("memory_10m", "adult_10m", 0.02, form="parquet", what="mb")
    return found


def main() -> None:
    """Measure and print."""
    known = benchmarks()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", choices=list(known), action="append", metavar="NAME", help="run this one (repeatable)"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--tables", type=Path, metavar="FOLDER", help="keep generated tables here for the next run")
    parser.add_argument("--without", choices=["anjana"], action="append", default=[], help="leave a peer out")
    options = parser.parse_args()
    if not (DATA / "adult").is_dir():
        parser.error(f"{DATA} has no Adult table; say where the data is with SHUYI_TEST_DATA")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        for name in options.only or known:
            known[name](bench)


if __name__ == "__main__":
    main()
