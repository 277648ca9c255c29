"""`shuyi scan FILE`: what personal data a table or a list of texts holds.

Exit codes: 0 ok, 1 refused or failed (also when `--fail-on` finds its type), 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from anonymizer.classify.types import TYPES
from anonymizer.results import Finding, Mode, ScanResult
from anonymizer.results import Progress as Tell
from contracts.errors import FileRejected, InvalidInput

_ROLE_STYLES = {"direct-identifier": "bold red", "quasi-identifier": "yellow", "sensitive": "magenta", "plain": "dim"}
_STAGES = {"read": "Reading", "columns": "Judging columns", "text": "Reading free text", "done": "Done"}
_IMPERSONAL = ("organisation", "plain", "text")
_LINES_AT_ONCE = 2000
_WIDE = 120
"""Shapes and reasons are shown from this many characters a line on; `--json` has them always."""


def scan_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .csv, .tsv, .parquet, .jsonl or .ndjson table, or with --lines a text file.", metavar="FILE"
        ),
    ],
    mode: Annotated[
        Literal["leak-first", "balanced"],
        typer.Option(help="leak-first rather finds too much than too little; balanced weighs both alike."),
    ] = "leak-first",
    lines: Annotated[
        bool, typer.Option("--lines", help="FILE is text: read every line as one text, answer one JSON object a line.")
    ] = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            help="Exit with 1 if this entity type is found (PERSONAL for any that tells of persons, ANY for any); "
            "may be repeated.",
            metavar="TYPE",
        ),
    ] = None,
    language: Annotated[Literal["en", "zh-CN"], typer.Option("--language", help="Language of the reasons.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Find the personal data in a table or in texts. Shows shapes of cells, never their values."""
    found = _scan_lines(file, mode) if lines else _scan_table(file, mode, language, as_json=as_json)
    unwanted = sorted(name for name in fail_on or () if _is_in(name, found))
    if unwanted:
        typer.echo(f"shuyi: found {', '.join(unwanted)} in {file.name}", err=True)
        raise typer.Exit(1)


def _is_in(wanted: str, found: Counter[str]) -> bool:
    if wanted == "ANY":
        return found.total() > 0
    if wanted == "PERSONAL":
        return any(n and (kind not in TYPES or TYPES[kind].group not in _IMPERSONAL) for kind, n in found.items())
    return found[wanted] > 0


def _scan_table(file: Path, mode: Mode, language: str, *, as_json: bool) -> Counter[str]:
    from anonymizer.scanning import scan

    with _bar() as tell:
        result = scan(file, mode=mode, on_progress=tell)
    if as_json:
        typer.echo(result.to_json())
    else:
        _show(result, file.name, language)
    if result.rows_set_aside:
        rows = "1 row has" if result.rows_set_aside == 1 else f"{result.rows_set_aside:,} rows have"
        typer.echo(f"shuyi: {rows} fewer fields than the header and were not looked at", err=True)
    found: Counter[str] = Counter()
    for column in result.columns:
        found.update(column.entity_counts)
        if column.semantic_type and column.role != "plain":
            found.setdefault(column.semantic_type, column.distinct)
    return found


def _show(result: ScanResult, name: str, language: str) -> None:
    console = Console()
    wide = console.width >= _WIDE
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Column", overflow="fold")
    table.add_column("Type", overflow="fold")
    table.add_column("Role", no_wrap=True)
    table.add_column("Sure", justify="right", no_wrap=True)
    table.add_column("Cells", justify="right", no_wrap=True)
    if wide:
        table.add_column("Shape", overflow="fold", max_width=24)
        table.add_column("Why", overflow="fold")
    for column in result.columns:
        role = column.role.value
        counts = sorted(column.entity_counts.items(), key=lambda item: (-item[1], item[0]))
        kinds = "\n".join([column.semantic_type or "", *(f"  {kind}" for kind, _ in counts if column.free_text)])
        cells = "\n".join([*([""] if column.free_text else []), *(f"{count:,}" for _, count in counts)])
        shape = column.examples_masked[0] if column.examples_masked else ""
        reason = column.reason.get(language, column.reason.get("en", ""))
        row = [escape(column.name), kinds, f"[{_ROLE_STYLES[role]}]{role}[/]", f"{column.confidence:.2f}", cells]
        table.add_row(*row, *([escape(shape), reason] if wide else []))
    console.print(f"{escape(name)}: {result.rows:,} rows, {result.personal_cells:,} cells with personal data")
    console.print(table)


def _scan_lines(file: Path, mode: Mode) -> Counter[str]:
    """One JSON object a line, in order: the line's number from 1 and what was found in it."""
    from anonymizer.scanning import scan_text

    found: Counter[str] = Counter()
    texts = _read_lines(file)
    with _bar() as tell:
        for start in range(0, len(texts), _LINES_AT_ONCE):
            tell("text", start / len(texts))
            batch = texts[start : start + _LINES_AT_ONCE]
            for number, findings in enumerate(scan_text(batch, mode=mode), start=start + 1):
                found.update(finding.type for finding in findings)
                sys.stdout.write(_as_line(number, findings) + "\n")
    sys.stdout.flush()
    return found


def _as_line(number: int, findings: list[Finding]) -> str:
    entities = [{"type": f.type, "start": f.start, "end": f.end, "score": round(f.score, 4)} for f in findings]
    return json.dumps({"line": number, "entities": entities}, ensure_ascii=False)


def _read_lines(file: Path) -> list[str]:
    if not file.is_file():
        raise InvalidInput(f"There is no file {file.name!r}")
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise FileRejected(f"The file {file.name!r} cannot be read ({error.strerror})") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        lines = text.replace("\r\n", "\n").split("\n")
        return lines[:-1] if lines[-1] == "" else lines
    raise FileRejected(f"The file {file.name!r} is neither UTF-8 nor GB18030 text")


@contextmanager
def _bar() -> Iterator[Tell]:
    """A progress bar on standard error where that is a terminal; silence elsewhere."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("Reading", total=1.0)

        def tell(stage: str, share: float) -> None:
            progress.update(task, completed=share, description=_STAGES.get(stage, stage))

        yield tell
