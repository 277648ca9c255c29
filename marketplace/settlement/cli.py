"""`shuyi settle PERIOD`: statements and payouts of a period, or the check of one statement."""

from typing import Annotated

import typer


def settle_command(
    period: Annotated[str, typer.Argument(help="The period's name, such as 2026-11 or 2026-11.1.")],
    close: Annotated[bool, typer.Option("--close", help="End the period now if it is the open one.")] = False,
    pay: Annotated[bool, typer.Option(help="Pay out what the statements close with.")] = True,
    verify: Annotated[
        str | None, typer.Option("--verify", metavar="STATEMENT", help="Check a statement of the period and stop.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Invoice a period that has ended, issue a statement for each department and pay it out.

    Doing it again changes nothing. --verify checks a statement's hash, its sums and that the journal agrees.
    """
    from marketplace.settlement import command  # the market's tables load only where they are needed

    command.run(period, close=close, pay=pay, verify=verify, as_json=as_json)
