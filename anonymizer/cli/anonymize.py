"""`shuyi anonymize FILE --policy P --out DIR`: treat a table by a policy, or propose one.

Exit codes: 0 ok, 1 refused or failed, 2 wrong usage.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anonymizer.cli.progress import bar, warnings_told
from anonymizer.results import AnonymizeResult
from contracts.errors import InvalidInput
from contracts.ids import new_id
from contracts.privacy import Policy

_STAGES = {
    "read": "Reading",
    "count": "Counting combinations",
    "search": "Searching",
    "apply": "Applying",
    "text": "Redacting text",
    "report": "Writing reports",
    "write": "Writing the release",
    "columns": "Judging columns",
    "done": "Done",
}
_POLICY = "policy.yaml"


def anonymize_command(
    file: Annotated[
        Path,
        typer.Argument(help="A .csv, .tsv, .parquet, .jsonl or .ndjson table.", metavar="FILE", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write; it must not exist or be empty.", show_default=False)
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            help="The policy (YAML). Without it a policy is proposed and written to the folder, nothing else.",
        ),
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            "--secret-file",
            help="File with the dataset's secret, 16 bytes or more. Without it one is made up and forgotten.",
        ),
    ] = None,
    release_id: Annotated[
        str | None, typer.Option("--release-id", help="Identifier of the release; made up when left out.")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=2, help="k of a proposed policy.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """De-identify a table by a policy and write an unapproved release with its reports."""
    if policy is None:
        _propose(file, out, k, as_json=as_json)
        return
    from anonymizer.anonymise import anonymize
    from anonymizer.policies import load_policy

    rules = load_policy(policy)
    lasting = [name for name, column in rules.columns.items() if getattr(column.operator, "scope", "") == "dataset"]
    if lasting and secret_file is None:
        raise InvalidInput(
            f"The policy keeps pseudonyms over releases ({', '.join(lasting)}): give the dataset's --secret-file"
        )
    secret = secrets.token_bytes(32) if secret_file is None else _read_secret(secret_file)
    with warnings_told(), bar(_STAGES) as tell:
        result = anonymize(file, rules, secret=secret, release_id=release_id or new_id(), out=out, on_progress=tell)
    if as_json:
        typer.echo(json.dumps(_summary(result, out), ensure_ascii=False))
    else:
        _show(result, out)


def _read_secret(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise InvalidInput(f"The secret file {path.name!r} cannot be read ({error.strerror})") from None


def _propose(file: Path, out: Path, k: int, *, as_json: bool) -> None:
    from anonymizer import sources
    from anonymizer.policies import propose_policy
    from anonymizer.release_files import check_free

    check_free(out)
    with warnings_told(), bar(_STAGES) as tell:
        tell("read", 0.0)
        table = sources.read(file)
        tell("columns", 0.1)
        policy = propose_policy(table, k=k)
    out.mkdir(parents=True, exist_ok=True)
    target = out / _POLICY
    target.write_text(policy.to_yaml(), encoding="utf-8")
    if as_json:
        content = {"proposed": str(target), "policy": policy.model_dump(mode="json", exclude_none=True)}
        typer.echo(json.dumps(content, ensure_ascii=False))
        return
    console = Console()
    console.print(_policy_table(policy))
    console.print(
        f"A proposal for {escape(file.name)} is in {escape(str(target))}; nothing else was written. "
        f"Read it, correct it, then run: shuyi anonymize {escape(str(file))} "
        f"--policy {escape(str(target))} --out RELEASE",
        soft_wrap=True,
    )


def _policy_table(policy: Policy) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Column", "Type", "Role", "Treatment"):
        table.add_column(heading, overflow="fold")
    for name, column in policy.columns.items():
        hierarchy = getattr(column.operator, "hierarchy", None)
        treatment = column.operator.kind + (f" ({hierarchy.kind})" if hierarchy else "")
        table.add_row(escape(name), column.semantic_type or "", column.role.value, treatment)
    return table


def _summary(result: AnonymizeResult, out: Path) -> dict[str, object]:
    attested = result.public_report.claims.attested
    return {
        "release_id": result.manifest.release_id,
        "out": str(out),
        "approved": False,
        "k": attested.k_by_subject,
        "rows_in": attested.rows_in,
        "rows_published": result.table.height,
        "rows_suppressed": attested.rows_suppressed,
        "subjects_suppressed": attested.subjects_suppressed,
        "loss": attested.loss,
        "loss_by_column": {item.column: item.loss for item in attested.loss_by_column},
        "warnings": [warning.text["en"] for warning in result.public_report.warnings],
        "content_hash": result.content_hash,
        "release_hash": result.manifest.release_hash,
    }


def _show(result: AnonymizeResult, out: Path) -> None:
    attested = result.public_report.claims.attested
    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Quasi-identifier", overflow="fold")
    table.add_column("Lost", justify="right")
    table.add_column("Hidden in", justify="right")
    for item in attested.loss_by_column:
        table.add_row(escape(item.column), f"{item.loss:.1%}", f"{item.wholly_hidden_share:.1%} of rows")
    reached = "no quasi-identifiers" if attested.k_by_subject is None else f"k = {attested.k_by_subject}"
    console.print(
        f"{result.table.height:,} of {attested.rows_in:,} rows, {reached}, {attested.rows_suppressed:,} suppressed, "
        f"{attested.loss:.1%} of the information lost"
    )
    if attested.loss_by_column:
        console.print(table)
    for warning in result.public_report.warnings:
        console.print(f"[yellow]Mind:[/] {escape(warning.text['en'])}")
    console.print(f"Written to {escape(str(out))}, not approved. Content hash {result.content_hash}", soft_wrap=True)
