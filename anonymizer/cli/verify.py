"""`shuyi verify RELEASE`: check a release again from its files alone.

Exit codes: 0 all recomputed claims hold, 1 one does not or the release cannot be read, 2 wrong usage.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anonymizer.results import VerifyResult

_LONGEST = 18


def verify_command(
    release: Annotated[Path, typer.Argument(help="The folder of a release.", metavar="RELEASE", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """Recompute what can be recomputed of a release, and say what rests on the run's word."""
    from anonymizer.verification import verify

    result = verify(release)
    if as_json:
        content = {
            "release_id": result.release_id,
            "ok": result.ok,
            "checks": [asdict(check) for check in result.checks],
            "attested": result.attested,
        }
        typer.echo(json.dumps(content, ensure_ascii=False))
    else:
        _show(result)
    if not result.ok:
        failed = ", ".join(check.name for check in result.mismatches)
        typer.echo(f"shuyi: the release does not agree with its papers: {failed}", err=True)
        raise typer.Exit(1)


def _short(text: str) -> str:
    """Hashes and long lists cut to what a person compares; `--json` has them whole."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _show(result: VerifyResult) -> None:
    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("Recomputed", overflow="fold")
    table.add_column("Claimed", overflow="fold")
    table.add_column("Found", overflow="fold")
    for check in result.checks:
        sign = "[green]ok[/]" if check.ok else "[bold red]no[/]"
        table.add_row(sign, escape(check.name), escape(_short(check.claimed)), escape(_short(check.found)))
    console.print(f"Release {escape(result.release_id)}")
    console.print(table)
    if result.attested:
        attested = Table(box=SIMPLE_HEAD, pad_edge=False)
        attested.add_column("Attested by the run, not recomputable")
        attested.add_column("", justify="right")
        for name, value in result.attested.items():
            attested.add_row(escape(name), escape(value))
        console.print(attested)
