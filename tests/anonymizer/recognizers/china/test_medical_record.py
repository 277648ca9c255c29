import pytest

from anonymizer.recognizers.china.medical_record import MedicalRecordNumber
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("病历号：MZ0012345", [("MZ0012345", 0.8, 1)]),
    ("住院号1234567", [("1234567", 0.8, 1)]),
    ("就诊卡号 00123456", [("00123456", 0.8, 1)]),
    ("门诊12345号窗口", []),
    ("MZ0012345", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(MedicalRecordNumber(), text, expected)
