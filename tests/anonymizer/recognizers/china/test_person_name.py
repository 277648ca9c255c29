import pytest

from anonymizer.recognizers.china.person_name import PersonName
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    # forms
    ("姓名：欧阳修", [("欧阳修", 0.9, 1)]),
    ("联系人:李某", [("李某", 0.9, 1)]),
    ("患者姓名：阿不都热合曼·买买提", [("阿不都热合曼·买买提", 0.9, 1)]),
    ("姓名：匿名", []),
    ("联系人：不愿透露", []),
    # titles
    ("王先生来电", [("王先生", 0.7, 1)]),
    ("张建国师傅", [("张建国", 0.7, 1)]),
    ("尤主任答应过", [("尤主任", 0.7, 1)]),
    ("原主任答应过", []),
    # said of oneself
    ("我叫刘德华 今年", [("刘德华", 0.5, 0.7)]),
    ("我是业主", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(PersonName(), text, expected)
