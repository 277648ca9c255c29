import pytest

from anonymizer.recognizers.generic.coordinates import Coordinates
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("定位22.543100,114.057900处", [("22.543100,114.057900", 0.7, 1)]),
    ("东经114.0579", [("114.0579", 0.8, 1)]),
    ("22°32′36″N, 114°3′28″E", [("22°32′36″N, 114°3′28″E", 0.8, 1)]),
    ("3.1415926", []),
    ("522.54310,114.05790", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Coordinates(), text, expected)
