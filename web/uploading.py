"""`shuyi upload`: hand a department's file to a running site and follow it until its profile is there."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from contracts.errors import ShuyiError

PIECE = 1024 * 1024
LOOK_SECONDS = 1.0
UNDER_WAY = ("received", "profiling")


def run(file: Path, dataset: str, *, server: str, token: str, wait: bool, as_json: bool) -> None:
    """Send the file in pieces, then look each second how far the worker is. Ends with exit code 1 where the file is
    rejected. Raises `ShuyiError` with the site's own words, or where nobody answers."""
    console = Console(stderr=True, highlight=False)
    site = server.rstrip("/")
    headers = {"Authorization": f"Bearer {token or _asked_for()}", "Accept-Language": os.environ.get("LANG", "en")[:2]}
    with httpx.Client(base_url=site, headers=headers, timeout=httpx.Timeout(60, read=600)) as client:
        with console.status("Asking the site"):
            _ask(
                client, "GET", f"/api/v1/datasets/{quote(dataset, safe='')}"
            )  # before a large file is sent for nothing
        found = _send(client, file, dataset, console)
        page = f"{site}/provider/uploads/{found['id']}"
        if wait:
            found = _follow(client, found, page, console)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell(found, page)
    if found["status"] == "rejected":
        raise typer.Exit(1)


def _asked_for() -> str:
    if not sys.stdin.isatty():
        raise ShuyiError("Put a personal access token, made on the account page, into SHUYI_TOKEN.")
    return str(typer.prompt("Personal access token", hide_input=True, err=True))


def _send(client: httpx.Client, file: Path, dataset: str, console: Console) -> dict[str, Any]:
    size = file.stat().st_size
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        file.open("rb") as stream,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task(file.name, total=size)

        def pieces() -> Iterator[bytes]:
            while piece := stream.read(PIECE):
                yield piece
                progress.advance(task, len(piece))

        path = f"/api/v1/datasets/{quote(dataset, safe='')}/uploads/{quote(file.name, safe='')}"
        return _ask(client, "PUT", path, content=pieces(), headers={"Content-Length": str(size)})


def _follow(client: httpx.Client, found: dict[str, Any], page: str, console: Console) -> dict[str, Any]:
    with console.status("Sealed in the vault; reading it") as status:
        try:
            while found["status"] in UNDER_WAY:
                time.sleep(LOOK_SECONDS)
                found = _ask(client, "GET", f"/api/v1/uploads/{found['id']}")
                if found["status"] == "profiling":
                    status.update("Looking for personal data")
        except KeyboardInterrupt:
            console.print(f"The file is in the vault and is worked on. See {page}")
            raise typer.Exit(130) from None
    return found


def _ask(client: httpx.Client, method: str, path: str, **more: Any) -> dict[str, Any]:
    try:
        answer = client.request(method, path, **more)
    except httpx.HTTPError as error:
        raise ShuyiError(f"No answer from {client.base_url}: {error}. Is that the site's address?") from error
    if answer.is_redirect:
        raise ShuyiError(f"{client.base_url} leads to {answer.headers['location']}: name that site with --server.")
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ShuyiError(f"{client.base_url} answered {answer.status_code}, but not as a Shuyi site does.")
    if answer.is_success:
        return body
    raise ShuyiError(str(body.get("detail") or body.get("title")))


def _tell(found: dict[str, Any], page: str) -> None:
    match found["status"]:
        case "rejected":
            typer.echo(f"Rejected: {found['error']['detail']}")
        case "profiled":
            typer.echo(f"{found['rows']:,} rows read, {found['rows_set_aside']:,} set aside.")
            typer.echo(f"{found['personal_cells']:,} cells hold personal data.")
            typer.echo(f"Choose what happens to each column: {page}")
        case status:
            typer.echo(f"The file is {status}. See {page}")
