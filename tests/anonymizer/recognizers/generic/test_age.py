import pytest

from anonymizer.recognizers.generic.age import Age
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("患者45岁", [("45岁", 0.5, 1)]),
    ("年龄：67", [("67", 0.5, 1)]),
    ("七十二岁老人", [("七十二岁", 0.5, 1)]),
    ("18岁以上可办理", []),
    ("满6周岁至12周岁", []),
    ("第45号", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Age(), text, expected)
