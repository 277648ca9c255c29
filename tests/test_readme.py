"""The README tells the truth about settings and commands."""

import re
from pathlib import Path

from typer.main import get_command

from contracts.kit.settings import Settings
from web.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_table_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(SHUYI_[A-Z0-9_]+)` \|[^|]*\| (.+) \|$", README, re.MULTILINE))
    told = {f"SHUYI_{name.upper()}": field.description for name, field in Settings.model_fields.items()}
    assert rows == told


def test_every_command_named_is_there() -> None:
    commands = set(getattr(get_command(app), "commands", {}))
    named = set(re.findall(r"shuyi (demo|init|serve|worker|upload|scan|anonymize|verify|settle|db)\b", README))
    assert named <= commands
    assert {"demo", "init", "serve", "upload", "scan", "verify", "settle"} <= named
