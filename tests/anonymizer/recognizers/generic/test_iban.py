import pytest

from anonymizer.recognizers.generic.iban import Iban
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("IBAN DE89370400440532013000", [("DE89370400440532013000", 0.9, 1)]),
    ("GB29 NWBK 6016 1331 9268 19", [("GB29 NWBK 6016 1331 9268 19", 0.9, 1)]),
    ("DE00370400440532013000", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Iban(), text, expected)
