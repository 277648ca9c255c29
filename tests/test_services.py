"""What a run says about services that were not there."""

import pytest

from tests import services


def test_a_missing_service_skips_or_fails_as_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(services.S3, raising=False)
    monkeypatch.delenv("SHUYI_REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs MinIO"):
        services.needed(services.S3)
    monkeypatch.setenv("SHUYI_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="needs MinIO"):
        services.needed(services.S3)
    monkeypatch.setenv(services.S3, "s3://there")
    assert services.needed(services.S3) == "s3://there"


def test_what_was_skipped_is_said_in_one_line() -> None:
    assert services.skipped_line([]) is None
    assert services.skipped_line(["only on Windows"]) is None
    reasons = ["('f', 1, 'Skipped: needs MinIO (SHUYI_TEST_S3)')", "needs PostgreSQL (X)", "needs MinIO (Y)"]
    line = services.skipped_line(reasons)
    assert line is not None
    assert "PostgreSQL, MinIO (" in line
    assert "\n" not in line
