import pytest

from anonymizer.recognizers.generic.device_id import DeviceId
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("IMEI：490154203237518", [("490154203237518", 0.8, 1)]),
    ("imsi=460001234567890", [("460001234567890", 0.8, 1)]),
    ("手机串号490154203237518", [("490154203237518", 0.8, 1)]),
    ("490154203237518", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(DeviceId(), text, expected)
