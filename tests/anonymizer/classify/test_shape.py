from hypothesis import given
from hypothesis import strategies as st

from anonymizer.classify.shape import shape


def test_shape_shows_no_value() -> None:
    assert shape("粤B12345 王先生") == "某x00000 某某某"
    assert shape("a@qq.com") == "x@xx.xxx"
    assert shape("字" * 50) == "某" * 40 + "…"


@given(st.text(max_size=80))
def test_no_letter_or_digit_survives(value: str) -> None:
    assert all(c in "某x0…" or not (c.isalpha() or c.isdecimal()) for c in shape(value))
