"""A progress bar for commands."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from anonymizer.results import Progress as Tell


@contextmanager
def bar(stages: Mapping[str, str]) -> Iterator[Tell]:
    """On standard error where that is a terminal; silence elsewhere. ``stages`` gives the words for each
    stage."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=1.0)

        def tell(stage: str, share: float) -> None:
            progress.update(task, completed=share, description=stages.get(stage, stage))

        yield tell


@contextmanager
def warnings_told() -> Iterator[None]:
    """What the library warns of within, in a line each on standard error."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
    for warning in told:
        typer.echo(f"shuyi: {warning.message}", err=True)
