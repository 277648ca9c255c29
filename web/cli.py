"""`shuyi`: the one command. Exit codes: 0 ok, 1 refused or failed, 2 wrong usage."""

import gc
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from anonymizer.cli import anonymize_command, scan_command, verify_command
from contracts.errors import ShuyiError
from marketplace.settlement.cli import settle_command

if TYPE_CHECKING:
    from contracts.kit.settings import Settings

app = typer.Typer(
    name="shuyi",
    help="Shuyi 数易: open a city's data safely and let it be traded.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
database = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(database, name="db")
app.command("scan")(scan_command)
app.command("anonymize")(anonymize_command)
app.command("verify")(verify_command)
app.command("settle")(settle_command)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


def _settings() -> "Settings":
    """Read when a command needs them: scanning a file does not, and is to be quick."""
    from contracts.kit.settings import Settings

    return Settings()


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Serve the site afterwards.")] = True,
    scale: Annotated[
        float, typer.Option(min=0.01, max=10, help="Size of the demo city; 1 has 200,900 rows.", show_default=True)
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Build the demo city, walk the whole road for every department, then serve the site."""
    from web.demo.command import run

    run(_settings(), serve_afterwards=serve, as_json=as_json, scale=scale)


@app.command()
def init(
    operator_email: Annotated[str, typer.Option(help="E-mail of the first operator.")],
    operator_name: Annotated[str, typer.Option(help="Name of the first operator.")],
    city: Annotated[str, typer.Option(help="Name of the city in Chinese.")],
    city_en: Annotated[str, typer.Option(help="Name of the city in English.")] = "",
    slug: Annotated[str, typer.Option(help="Short name of the city: a-z, 0-9, - and _.")] = "city",
    departments: Annotated[
        Path | None,
        typer.Option(
            help="CSV (UTF-8) with the columns slug,name_zh,name_en,kind,parent,contact_email; kind is district or "
            "department, parent the slug above it (empty: the city).",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set up an empty city: database, first operator, departments. Run again to add departments."""
    from web.setup import initialise

    settings = _settings()
    report = initialise(
        settings,
        operator_email=operator_email,
        operator_name=operator_name,
        city={"zh-CN": city, **({"en": city_en} if city_en else {})},
        slug=slug,
        departments=departments,
    )
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    typer.echo(f"Organisations added: {report['organisations_added']}, already there: {report['organisations_known']}")
    typer.echo(f"Sign in as {operator_email} within a day: {report['sign_in']}")


@app.command()
def upload(
    file: Annotated[
        Path, typer.Argument(help="The table: CSV, XLSX, XLS, Parquet or JSON Lines.", exists=True, dir_okay=False)
    ],
    dataset: Annotated[str, typer.Argument(help="Short name or id of the dataset.")],
    server: Annotated[
        str, typer.Option(envvar="SHUYI_BASE_URL", help="Address of the site.", show_default=True)
    ] = "http://127.0.0.1:8000",
    token: Annotated[
        str,
        typer.Option(
            envvar="SHUYI_TOKEN",
            help="A personal access token from the account page. Others can read it on the command line: better in "
            "the variable, or asked for.",
            show_default=False,
        ),
    ] = "",
    wait: Annotated[bool, typer.Option(help="Follow the file until it is read and its personal data found.")] = True,
    as_json: Json = False,
) -> None:
    """Hand a department's file to a running site, as its provider. Exit code 1: it was rejected or not accepted."""
    from web import uploading

    uploading.run(file, dataset, server=server, token=token, wait=wait, as_json=as_json)


@app.command()
def serve(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Web processes.")] = 1,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Also run a worker for jobs.")] = True,
) -> None:
    """Serve the site."""
    from web import migrations, serving

    settings = _settings()
    migrations.upgrade(settings.database)
    serving.serve(settings, workers=workers, with_worker=worker)


@app.command()
def worker() -> None:
    """Run jobs: intake, anonymising, publishing, billing, mail."""
    from web import serving
    from web import worker as jobs

    serving.end_with_parent()
    jobs.run(_settings())


@app.command("stripe-standin", hidden=True)
def stripe_standin() -> None:
    """Run the stand-in for Stripe that test mode uses. It moves no money and refuses live keys."""
    from web import serving
    from web.demo.stripe_standin import standin_command

    serving.end_with_parent()
    standin_command()


@database.command("upgrade")
def upgrade() -> None:
    """Create or migrate the database to this version."""
    from web import migrations

    settings = _settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings.database)
    typer.echo("The database is up to date.")


@database.command("downgrade")
def downgrade(revision: Annotated[str, typer.Argument(help="Revision to go back to, or base.")]) -> None:
    """Go back to an older schema. Tables that the older version does not know are dropped with their rows."""
    from web import migrations

    migrations.downgrade(_settings().database, revision)
    typer.echo(f"The database is at {revision}.")


def main() -> None:
    """Run the command; tell expected errors in one plain line."""
    gc.set_threshold(100_000, 20, 20)  # importing makes a million objects that all stay
    console = Console(stderr=True, highlight=False)
    try:
        app()
    except ShuyiError as error:
        console.print(f"shuyi: {error.detail}", markup=False, soft_wrap=True)
        sys.exit(1)
    except ValidationError as error:
        first = error.errors()[0]
        place = "_".join(str(part) for part in first["loc"]).upper()
        console.print(f"shuyi: SHUYI_{place}: {first['msg']}", markup=False, soft_wrap=True)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
