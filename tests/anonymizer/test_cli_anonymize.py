"""The commands `shuyi anonymize` and `shuyi verify`."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from anonymizer.cli import anonymize_command, verify_command
from contracts.errors import InvalidInput
from contracts.privacy import Policy

app = typer.Typer()
app.command("anonymize")(anonymize_command)
app.command("verify")(verify_command)
runner = CliRunner()

POLICY = """
columns:
  name: {role: direct-identifier, operator: {kind: drop}}
  age: {role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: numeric, widths: [1, 5, 10]}}}
models: [{kind: k-anonymity, k: 4}]
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    names = [f"王{given}" for given in ("伟", "芳", "娜", "秀英", "敏", "静", "强", "磊")] * 5
    pl.DataFrame({"name": names, "age": [20 + i % 13 for i in range(40)]}).write_csv(path)
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return path


def test_anonymise_then_verify(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    secret = tmp_path / "secret"
    secret.write_bytes(b"0123456789abcdef\n")
    arguments = ["anonymize", str(table), "--policy", str(tmp_path / "policy.yaml"), "--out", str(out)]
    done = runner.invoke(app, [*arguments, "--secret-file", str(secret), "--release-id", "r1", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert (answer["release_id"], answer["approved"], answer["rows_published"]) == ("r1", False, 40)
    assert answer["k"] >= 4
    checked = runner.invoke(app, ["verify", str(out), "--json"])
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["ok"] is True
    assert runner.invoke(app, ["verify", str(out)]).exit_code == 0

    (out / "data.csv").write_text("age\n1\n")
    again = runner.invoke(app, ["verify", str(out)])
    assert again.exit_code == 1
    assert "does not agree with its papers: file data.csv" in again.output


def test_a_release_is_told_in_words(table: Path, tmp_path: Path) -> None:
    done = runner.invoke(
        app, ["anonymize", str(table), "--policy", str(tmp_path / "policy.yaml"), "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 0
    assert "40 of 40 rows" in done.output
    assert "not approved" in done.output
    assert "王" not in done.output


def test_without_a_policy_one_is_proposed_and_nothing_released(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "proposal"
    done = runner.invoke(app, ["anonymize", str(table), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert [p.name for p in out.iterdir()] == ["policy.yaml"]
    policy = Policy.from_yaml((out / "policy.yaml").read_text(encoding="utf-8"))
    assert policy.columns["name"].operator.kind == "drop"
    assert "nothing else was written" in done.output


def test_refusals_write_nothing(table: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("name:", "nome:"), encoding="utf-8")
    out = tmp_path / "out"
    done = runner.invoke(app, ["anonymize", str(table), "--policy", str(policy), "--out", str(out)])
    assert isinstance(done.exception, InvalidInput)
    assert "nome" in done.exception.detail
    assert not out.exists()


def test_lasting_pseudonyms_need_the_datasets_secret(table: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.replace("kind: drop", "kind: pseudonymise, scope: dataset"), encoding="utf-8")
    done = runner.invoke(app, ["anonymize", str(table), "--policy", str(policy), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, InvalidInput)
    assert "--secret-file" in done.exception.detail


def test_wrong_usage_ends_with_two(table: Path) -> None:
    assert runner.invoke(app, ["anonymize", str(table)]).exit_code == 2
    assert runner.invoke(app, ["verify"]).exit_code == 2
