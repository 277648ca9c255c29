import pytest

from anonymizer.recognizers import find_all, fold

SPELT = [
    ("幺三八零零幺三八零零零", "13800138000"),
    ("一三八 〇〇一三 八〇〇〇", "138 0013 8000"),
    ("壹叁捌零零壹叁捌零零零", "13800138000"),
    ("二〇二四年", "二〇二四年"),
    ("电话18559831313一直不接", "电话18559831313一直不接"),
    ("一百二十三", "一百二十三"),
]


@pytest.mark.parametrize(("text", "folded"), SPELT)
def test_numbers_spelt_digit_by_digit_become_digits(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_spelt_number_is_found_where_it_stands() -> None:
    text = "电话幺三八零零幺三八零零零请回"
    assert [(m.type, m.start, m.end) for m in find_all(fold(text))] == [("CN_MOBILE", 2, 13)]
