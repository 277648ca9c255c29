import pytest

from anonymizer.recognizers.china.service_number import is_public_number


@pytest.mark.parametrize(
    "number", ["12345", "110", "120", "12306", "10086", "95588", "9551812", "400-820-8820", "4008208820", "96110"]
)
def test_a_public_number_is_nobodys(number: str) -> None:
    assert is_public_number(number)


@pytest.mark.parametrize("number", ["13812345678", "0755-82345678", "82345678"])
def test_a_subscriber_is_somebody(number: str) -> None:
    assert not is_public_number(number)
