"""What importing the library costs, and what verification may lean on."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import anonymizer

PACKAGE = Path(anonymizer.__file__).parent


def test_importing_the_library_loads_no_engine_and_no_model() -> None:
    code = (
        "import sys, anonymizer; heavy = {'polars', 'pandas', 'presidio_analyzer', 'spacy', 'onnxruntime', 'pyarrow'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_verification_imports_nothing_of_searches_and_models() -> None:
    """A check that shares the search's code would share its mistakes."""
    forbidden = ("anonymizer.algorithms", "anonymizer.models", "anonymizer.engines", "anonymizer.applying")
    code = f"import sys, anonymizer.verification; print([m for m in sys.modules if m.startswith({forbidden!r})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_library_knows_no_database_and_no_web() -> None:
    banned = {"sqlalchemy", "sqlmodel", "fastapi", "starlette", "catalog", "marketplace", "web"}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in banned, f"{file.name} imports {name}"
                assert not name.startswith("contracts.kit"), f"{file.name} imports {name}"
