"""Logs: one JSON line an event, with the request's id, and nothing that must stay secret or dark."""

import json
import logging as stdlib
from collections.abc import Iterator

import pytest
import structlog

from contracts.errors import InvalidInput
from contracts.kit import logging
from contracts.kit.settings import Settings

SECRET = "sy_live_" + "a1B2" * 6


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    root = stdlib.getLogger()
    before, level = root.handlers[:], root.level
    logging.configure(Settings(log_format="json", log_level="info"))
    yield
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    token = logging.request_id.set("req-7")
    logging.get("catalog.vault").info("upload.received", upload_id="u1", size=12)
    logging.request_id.reset(token)
    (line,) = lines(capsys)
    assert (line["event"], line["upload_id"], line["size"]) == ("upload.received", "u1", 12)
    assert (line["request_id"], line["level"], line["logger"]) == ("req-7", "info", "catalog.vault")
    assert str(line["timestamp"]).endswith("Z")


def test_loggers_of_libraries_go_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    stdlib.getLogger("uvicorn.error").warning("listening on %s", "socket")
    (line,) = lines(capsys)
    assert (line["event"], line["logger"], line["level"]) == ("listening on socket", "uvicorn.error", "warning")


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logging.get("a").debug("detail")
    stdlib.getLogger("httpx").info("GET …")
    assert lines(capsys) == []


@pytest.mark.parametrize(
    "name", ["password", "new_password", "client_secret", "access_token", "Authorization", "cookie", "api_key"]
)
def test_values_under_telling_names_are_not_written(capsys: pytest.CaptureFixture[str], name: str) -> None:
    logging.get("a").info("event", **{name: "hush"}, nested={name: "hush", "list": [{name: "hush"}]})
    assert "hush" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "value", [SECRET, f"Bearer {SECRET}", "whsec_abcdefgh12345", "postgresql://me:hush@db/x", "s3://key:hush@h/b"]
)
def test_telling_values_are_not_written_anywhere(capsys: pytest.CaptureFixture[str], value: str) -> None:
    logging.get("a").info("event", url=value, items=[value], map={"x": value})
    stdlib.getLogger("lib").warning("calling %s", value)
    written = capsys.readouterr().err
    assert SECRET not in written
    assert "hush" not in written
    assert "abcdefgh12345" not in written
    assert logging.REDACTED in written


def test_an_exception_is_told_by_class_and_place_never_by_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        int("张三 13800138000")
    except ValueError:
        logging.get("a").exception("job.failed")
        stdlib.getLogger("lib").exception("failed")
    first, second = lines(capsys)
    for line in (first, second):
        assert "138" not in json.dumps(line, ensure_ascii=False)
        assert line["error"] == "ValueError"
        assert "test_logging.py:" in str(line["frames"])


def test_an_error_of_ours_is_told_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise InvalidInput("The header row is missing.")
    except InvalidInput:
        logging.get("a").exception("intake.failed")
    (line,) = lines(capsys)
    assert (line["error"], line["detail"]) == ("InvalidInput", "The header row is missing.")


def test_a_console_gets_lines_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(Settings(log_format="console", log_level="debug"))
    logging.get("a").debug("upload.received", upload_id="u1", token="hush")  # it is what must not show
    written = capsys.readouterr().err
    assert "upload.received" in written
    assert "upload_id=u1" in written
    assert "hush" not in written
