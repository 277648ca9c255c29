import pytest

from anonymizer.recognizers.china.employer import Employer
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("就职于深圳市恒通科技有限公司，", [("深圳市恒通科技有限公司", 0.6, 1)]),
    ("孩子就读于福田区景秀中学", [("福田区景秀中学", 0.6, 1)]),
    ("工作单位：市人民医院", [("市人民医院", 0.6, 1)]),
    ("恒通科技有限公司噪音扰民", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Employer(), text, expected)
