import pytest

from anonymizer.recognizers.china.wechat_id import WechatId
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    ("微信号：zhang_san88", [("zhang_san88", 0.8, 1)]),
    ("加我vx:lisi-2020", [("lisi-2020", 0.8, 1)]),
    ("微信 wxid_abc123", [("wxid_abc123", 0.8, 1)]),
    ("微信支付失败", []),
    ("微信abc", []),  # too short
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(WechatId(), text, expected)
