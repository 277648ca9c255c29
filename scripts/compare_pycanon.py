"""Compare what releases claim with what pyCANON counts in them.

    python scripts/compare_pycanon.py [--releases 500] [--seed 1]

pyCANON (Sáinz-Pardo Díaz, López García, *pyCANON: a Python library to check the level of anonymity of a dataset*, 2022)
needs an older pandas, so it runs in an environment of its own that `uv` makes. Compared are k, distinct l, entropy l
(which it rounds down) and t with the equal and the ordered distance. Its recursive (c,l) is left out: it takes the
rarest value where the definition takes the most frequent. It knows no subjects and no empty cells: every row is its own
subject here, and an empty cell is written as a word.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # as a script: the root, for the packages beside

import anonymizer
from anonymizer.errors import Unreachable
from contracts.privacy import (
    CategoryHierarchy,
    ColumnPolicy,
    ColumnRole,
    DistinctLDiversity,
    EntropyLDiversity,
    Generalise,
    KAnonymity,
    Keep,
    NumericHierarchy,
    Policy,
    TCloseness,
)

PEER = "pycanon==1.3.6"
EMPTY = "(empty)"
COUNT = """
import json, sys
from pathlib import Path
import pandas as pd
from pycanon import anonymity
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    told = json.loads(path.read_text())
    data = pd.read_csv(path.with_suffix(".csv"), dtype={name: str for name in [*told["quasi"], "illness"]})
    quasi = told["quasi"]
    print(json.dumps({
        "name": path.stem, "k": int(anonymity.k_anonymity(data, quasi)),
        "l": int(anonymity.l_diversity(data, quasi, ["illness"])),
        "entropy": int(anonymity.entropy_l_diversity(data, quasi, ["illness"])),
        "equal": float(anonymity.t_closeness(data, quasi, ["illness"])),
        "ordered": float(anonymity.t_closeness(data, quasi, ["income"])),
    }), flush=True)
"""


def release(rng: np.random.Generator) -> tuple[pl.DataFrame, Policy]:
    """A random table with a random policy."""
    size = int(rng.integers(10, 120))
    values = [f"v{n}" for n in range(int(rng.integers(2, 7)))]
    tree = [[value, f"g{rng.integers(0, 3)}"] for value in values]
    missing = rng.random(size) < rng.choice([0, 0.1])
    table = pl.DataFrame(
        {
            "cat": pl.Series(rng.choice(values, size).tolist()).set(pl.Series(missing), None),
            "age": rng.integers(18, 60, size),
            "sex": rng.choice(["f", "m"], size),
            "illness": rng.choice(["cold", "flu", "gout", "hay fever"], size, p=[0.4, 0.3, 0.2, 0.1]),
            "income": rng.integers(1, 6, size),
        }
    )
    quasi, sensitive = ColumnRole.QUASI_IDENTIFIER, ColumnRole.SENSITIVE
    widths = [float(w) for w in ([1, 5, 10], [5, 20], [10])[int(rng.integers(0, 3))]]
    return table, Policy(
        columns={
            "cat": ColumnPolicy(role=quasi, operator=Generalise(hierarchy=CategoryHierarchy(rows=tree))),
            "age": ColumnPolicy(role=quasi, operator=Generalise(hierarchy=NumericHierarchy(widths=widths))),
            "sex": ColumnPolicy(role=quasi, operator=Keep()),
            "illness": ColumnPolicy(role=sensitive, operator=Keep()),
            "income": ColumnPolicy(role=sensitive, operator=Keep()),
        },
        models=[
            KAnonymity(k=int(rng.integers(2, 6))),
            DistinctLDiversity(column="illness", l=2),
            EntropyLDiversity(column="illness", l=1.01),
            TCloseness(column="illness", t=0.99),
            TCloseness(column="income", t=0.99, distance="ordered"),
        ],
        suppression_limit=float(rng.choice([0.0, 0.1, 0.3])),
        algorithm=rng.choice(["local", "full-domain"]),
    )


def write(folder: Path, count: int, seed: int) -> dict[str, dict[str, float]]:
    """Write releases as pyCANON reads them, and give what each claims."""
    rng = np.random.default_rng(seed)
    claimed: dict[str, dict[str, float]] = {}
    while len(claimed) < count:
        table, policy = release(rng)
        try:
            result = anonymizer.anonymize(table, policy, secret=rng.bytes(16), release_id="r")
        except Unreachable:
            continue
        recounted = result.public_report.claims.recomputable
        if recounted.k_by_row is None:
            continue
        l, entropy, equal, ordered = (found.reached or math.nan for found in recounted.diversity)  # noqa: E741
        quasi = recounted.quasi_identifiers
        name = f"{len(claimed):05d}"
        shown = result.table.with_columns(pl.col(quasi).cast(pl.String).fill_null(EMPTY))
        shown.write_csv(folder / f"{name}.csv")
        (folder / f"{name}.json").write_text(json.dumps({"quasi": quasi}))
        claimed[name] = {"k": recounted.k_by_row, "l": l, "entropy": entropy, "equal": equal, "ordered": ordered}
    return claimed


def differences(claimed: dict[str, dict[str, float]], counted: dict[str, dict[str, float]]) -> list[str]:
    """What the two do not agree on."""
    found = []
    for name, own in claimed.items():
        for figure, value in own.items():
            other = counted[name][figure]
            if figure == "entropy":
                same = other in (math.floor(value - 1e-9), math.floor(value + 1e-9))
            else:
                # An exact distance of zero is claimed as nothing to tell.
                same = math.isclose(0.0 if math.isnan(value) else value, other, abs_tol=1e-9)
            if not same:
                found.append(f"{name} {figure}: {value} here, {other} there")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--releases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        claimed = write(Path(place), options.releases, options.seed)
        command = ["uv", "run", "--isolated", "--no-project", "--with", PEER, "python", "-c", COUNT, place]
        try:
            run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=place)
        except (OSError, subprocess.CalledProcessError) as error:
            told = getattr(error, "stderr", "") or str(error)
            sys.exit(f"pyCANON could not be run by `uv run --with {PEER}`: {told[-2000:]}")
    counted = {found["name"]: found for found in map(json.loads, run.stdout.splitlines())}
    wrong = differences(claimed, counted)
    print("\n".join(wrong) or f"{len(claimed)} releases: k, l, entropy l and t agree")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
