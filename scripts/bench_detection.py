"""What is found, how surely and how fast.

    python scripts/bench_detection.py [--json] [--repeats 5] [--texts 2000] [--rows 100000] [--without PEER ...]
    python scripts/bench_detection.py --cases FILE [--mode leak-first|balanced] [--json] [--without presidio]

The first form measures speed on one core and memory: `texts` (hotline tickets a second, names on) beside plain Presidio
and argus-redact, `table_cells` (cells a second of a table of twelve columns) beside presidio-structured on 500 rows,
`peak_memory` beside plain Presidio; and scores the tickets. The second scores any labelled file: lines of
`{"text","spans":[[type,start,end]]}`, IOB2 columns (`.iob2`), or presidio-research's JSON. *Covered*: every character
of a span lies in some finding; *precise*: a finding touches a span; lines on names count PERSON alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from detection import peers  # noqa: E402  # after the path is set, as a script must
from detection.cases import Case, Span, hotline, load, residents  # noqa: E402
from detection.scoring import score  # noqa: E402

_PEERS: Final = ("presidio", "argus-redact", "presidio-structured")
_PRESIDIO_TEXTS: Final = 200
_STRUCTURED_ROWS: Final = 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, metavar="FILE", help="score this labelled file and do nothing else")
    parser.add_argument("--mode", choices=["leak-first", "balanced"], default="leak-first")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--without", choices=_PEERS, action="append", default=[], help="leave a peer out")
    options = parser.parse_args()
    report = Report(options.json, set(options.without))
    if options.cases:
        _score(report, load(options.cases), options.mode)
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [sorted(os.sched_getaffinity(0))[0]])
    cases = hotline(options.texts)
    _texts(report, [case.text for case in cases], options.repeats)
    _table(report, options.rows, options.repeats)
    _memory(report)
    _score(report, cases, options.mode)


class Report:
    """Prints measurements as a table or as JSON lines."""

    def __init__(self, as_json: bool, without: set[str]) -> None:
        self._json = as_json
        self.without = without

    def tell(
        self,
        name: str,
        ours: float,
        other: float | None,
        other_name: str,
        unit: str,
        better: str,
        pairs: Sequence[tuple[float, float]] = (),
    ) -> None:
        """One measurement; the ratio is the median over alternating pairs where there are any."""
        ratio = statistics.median(a / b for a, b in pairs) if pairs else (ours / other if other else None)
        row: dict[str, Any] = {
            "name": name,
            "ours": _short(ours),
            "other": _short(other),
            "other_name": other_name,
            "unit": unit,
            "better": better,
            "ratio": _short(ratio),
        }
        if other_name in self.without:
            row["without"] = other_name
        if self._json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        else:
            beside = "left out" if other_name in self.without else f"{_short(other)}"
            print(f"{name:34} {_short(ours):>12} {unit:14} {other_name} {beside}", flush=True)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _ours(texts: Sequence[str], mode: str = "leak-first") -> list[list[Span]]:
    from anonymizer import scan_text

    found = scan_text(texts, mode="balanced" if mode == "balanced" else "leak-first")
    return [[Span(f.type, f.start, f.end) for f in findings] for findings in found]


def _texts(report: Report, texts: list[str], repeats: int) -> None:
    """Texts a second. Presidio, which is slow, reads the first 200 each time."""
    from anonymizer import scan_text

    few = texts[:_PRESIDIO_TEXTS]
    others: dict[str, tuple[Callable[[], float], int]] = {}
    if "presidio" not in report.without:
        peers.presidio_findings(few[:5])
        others["presidio"] = (lambda: peers.timed(lambda: peers.presidio_findings(few)), len(few))
    guest = None if "argus-redact" in report.without else peers.argus(texts)
    if guest:
        others["argus-redact"] = (guest.seconds, len(texts))
    scan_text(texts[:50])
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(repeats):
        ours.append(len(texts) / peers.timed(lambda: scan_text(texts)))
        for name, (run, count) in others.items():
            theirs[name].append(count / run())
    if guest:
        guest.close()
    for name in ("presidio", "argus-redact"):
        rates = theirs.get(name, [])
        other = statistics.median(rates) if rates else None
        pairs = list(zip(ours, rates, strict=True)) if rates else []
        report.tell("texts", statistics.median(ours), other, name, "texts/s", "higher", pairs)


def _table(report: Report, rows: int, repeats: int) -> None:
    from anonymizer import scan

    frame = residents(rows)
    few = frame.head(_STRUCTURED_ROWS)
    guest = None if "presidio-structured" in report.without else peers.structured(few.write_csv())
    scan(few)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(repeats):
        ours.append(rows * frame.width / peers.timed(lambda: scan(frame)))
        if guest and len(theirs) < 3:
            theirs.append(few.height * few.width / guest.seconds())
    if guest:
        guest.close()
    other = statistics.median(theirs) if theirs else None
    pairs = list(zip(ours, theirs, strict=False))
    report.tell("table_cells", statistics.median(ours), other, "presidio-structured", "cells/s", "higher", pairs)


def _peak(kind: str, answers: multiprocessing.Queue[float]) -> None:
    texts = [case.text for case in hotline(2000 if kind == "ours" else _PRESIDIO_TEXTS)]
    if kind == "ours":
        _ours(texts)
    else:
        peers.presidio_findings(texts)
    answers.put(_peak_megabytes())


def _peak_megabytes() -> float:
    """Of this process's own memory: Linux carries `ru_maxrss` over from the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def _memory(report: Report) -> None:
    """Peak memory of a fresh process that reads the tickets."""
    context = multiprocessing.get_context("spawn")
    peaks: dict[str, float] = {}
    for kind in ("ours", "presidio"):
        if kind in report.without:
            continue
        answers: multiprocessing.Queue[float] = context.Queue()
        process = context.Process(target=_peak, args=(kind, answers))
        process.start()
        peaks[kind] = answers.get()
        process.join()
    report.tell("peak_memory", peaks["ours"], peaks.get("presidio"), "presidio", "MB", "lower")


def _score(report: Report, cases: Sequence[Case], mode: str) -> None:
    texts = [case.text for case in cases]
    ours = score(cases, _ours(texts, mode)).shares()
    theirs = {} if "presidio" in report.without else score(cases, peers.presidio_findings(texts)).shares()
    for name, value in ours.items():
        better = "lower" if name == "names_masked" else "higher"
        report.tell(name, value, theirs.get(name), "presidio", "share", better)


if __name__ == "__main__":
    main()
