"""`shuyi scan`: output, exit codes and errors."""

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from anonymizer.cli.scan import scan_command

app = typer.Typer()
app.command("scan")(scan_command)


def shuyi_scan(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(app, [str(a) for a in arguments])


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    pl.DataFrame({"姓名": ["王建国", "李晓梅"], "年龄": ["30", "40"], "诊断": ["[b]感冒", "糖尿病"]}).write_csv(path)
    return path


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.txt"
    path.write_text("市民王建国来电，电话13812345678\r\n\n路灯不亮\n", encoding="utf-8")
    return path


def test_a_readable_table(patients: Path) -> None:
    result = shuyi_scan(patients)
    assert result.exit_code == 0
    assert "PERSON" in result.stdout
    assert "direct-identifier" in result.stdout
    assert "DIAGNOSIS" in result.stdout
    assert "王建国" not in result.stdout


def test_json_is_one_object(patients: Path) -> None:
    result = shuyi_scan(patients, "--json")
    found = json.loads(result.stdout)
    assert found["rows"] == 2
    assert [c["role"] for c in found["columns"]] == ["direct-identifier", "quasi-identifier", "sensitive"]


def test_lines_answer_one_object_a_line(lines: Path) -> None:
    result = shuyi_scan(lines, "--lines")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [a["line"] for a in answers] == [1, 2, 3]
    assert [(e["type"], e["start"], e["end"]) for e in answers[0]["entities"]] == [
        ("PERSON", 2, 5),
        ("CN_MOBILE", 10, 21),
    ]
    assert all(0 < e["score"] <= 1 for e in answers[0]["entities"])
    assert answers[1]["entities"] == answers[2]["entities"] == []


def test_lines_of_gb18030(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes("市民王建国来电".encode("gb18030"))
    assert json.loads(shuyi_scan(path, "--lines").stdout)["entities"][0]["type"] == "PERSON"


@pytest.mark.parametrize(("wanted", "code"), [("PERSON", 1), ("ANY", 1), ("CN_MOBILE", 0), ("AGE", 1)])
def test_fail_on(patients: Path, wanted: str, code: int) -> None:
    assert shuyi_scan(patients, "--fail-on", wanted).exit_code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("电话13812345678\n", 1), ("信用代码91350100M000100Y43\n", 0), ("路灯不亮\n", 0)],
)
def test_fail_on_personal_means_whatever_tells_of_persons(tmp_path: Path, text: str, code: int) -> None:
    (path := tmp_path / "texts.txt").write_text(text, encoding="utf-8")
    assert shuyi_scan(path, "--lines", "--json", "--fail-on", "PERSONAL").exit_code == code


def test_fail_on_in_lines(lines: Path) -> None:
    result = shuyi_scan(lines, "--lines", "--fail-on", "CN_MOBILE")
    assert result.exit_code == 1
    assert "CN_MOBILE" in result.stderr


@pytest.mark.parametrize("arguments", [["--mode", "sometimes"], ["--no-such-option"], []])
def test_wrong_usage_is_two(arguments: list[str]) -> None:
    assert shuyi_scan(*(["x.csv", *arguments] if arguments else [])).exit_code == 2


def test_an_unreadable_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 is not enough")
    result = shuyi_scan(path)
    assert result.exception is not None
    assert "broken.parquet" in str(result.exception)


def test_short_rows_are_told_of_and_a_header_alone_is_refused(tmp_path: Path) -> None:
    (short := tmp_path / "short.csv").write_text("姓名,年龄\n王建国,30\n李晓梅\n", encoding="utf-8")
    result = shuyi_scan(short, "--json")
    assert "1 row has fewer fields" in result.stderr
    assert json.loads(result.stdout)["rows_set_aside"] == 1
    (header := tmp_path / "header.csv").write_text("姓名,年龄\n", encoding="utf-8")
    refused = shuyi_scan(header)
    assert refused.exit_code != 0
    assert "no rows" in str(refused.exception)
