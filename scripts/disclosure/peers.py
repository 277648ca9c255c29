"""anjana, in an environment of its own: it pins older libraries than ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

INSTALL: Final = "uv run --isolated --no-project --with anjana python -c 'import anjana'"
_RUN: Final = """
import json, sys, time
import pandas as pd
from anjana.anonymity import k_anonymity
source, target, trees, k, limit = sys.argv[1:]
trees, k, limit = json.load(open(trees)), int(k), float(limit)
started = time.perf_counter()
table = pd.read_csv(source, sep=";", dtype=str)
known = {
    name: {level: [row[level] for row in rows] for level in range(len(rows[0]))} for name, rows in trees.items()
}
done = k_anonymity(table, [], list(trees), k, limit * 100, known)
done.to_csv(target, index=False)
print(json.dumps({"seconds": time.perf_counter() - started, "rows": len(done)}))
"""


def anjana(source: Path, target: Path, trees: Path, k: int, limit: float) -> dict[str, Any]:
    """Seconds from CSV to CSV after imports, and rows kept. Exits with the command that installs what is missing."""
    if shutil.which("uv") is None:
        raise SystemExit(
            "anjana runs in an environment of its own, which needs uv: pip install uv. Or --without anjana"
        )
    command = ["uv", "run", "--isolated", "--no-project", "--with", "anjana", "python", "-c", _RUN]
    done = subprocess.run(
        [*command, str(source), str(target), str(trees), str(k), str(limit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"anjana did not run; install it with: {INSTALL}. Or --without anjana\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
