import pytest

from anonymizer.recognizers.generic.street_address import StreetAddress
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    (
        "I moved to 12 Main Street, Apt. 4, Springfield, IL 62704 last week",
        [("12 Main Street, Apt. 4, Springfield, IL 62704", 0.8, 1)],
    ),
    ("寄到Rua das Flores 44谢谢", [("Rua das Flores 44", 0.8, 1)]),
    ("Bahnhofstrasse 33 and Kerkstraat 7b", [("Bahnhofstrasse 33", 0.8, 1), ("Kerkstraat 7b", 0.8, 1)]),
    ("P.O. Box 1024", [("P.O. Box 1024", 0.8, 1)]),
    ("PSC 12, Box 345", [("PSC 12, Box 345", 0.8, 1)]),
    ("Please ring at Suite 200", [("Suite 200", 0.4, 0.6)]),
    # a street alone, a count, an episode, a line of another address
    ("Main Street is closed", []),
    ("12 Main Street\nApt", [("12 Main Street", 0.8, 1)]),
    ("I have 3 Apples and 4 Pears", []),
    ("Unit tests are green", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(StreetAddress(), text, expected)
