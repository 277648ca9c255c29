"""`python -m web.migrations revision "what changes"`: write the next version of the schema."""

import argparse
import sys

from web import migrations


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m web.migrations", description="Versions of the database's schema.")
    commands = parser.add_subparsers(dest="command", required=True)
    revision = commands.add_parser("revision", help="write the next version from the tables of the code")
    revision.add_argument("message", help="what changes, in a few words")
    arguments = parser.parse_args()
    sys.stdout.write(f"{migrations.revision(arguments.message)}\n")


if __name__ == "__main__":
    main()
