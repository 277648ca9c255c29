"""What people type into forms."""

import pytest

from web.forms import whole_numbers


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("1, 2，3 4", [1, 2, 3, 4]),
        ("１２", [12]),
        ("", []),
        ("two 2 -3 ²", [2]),
        ("9" * 5000, []),
    ],
)
def test_whole_numbers_in_a_list_are_read_and_nothing_else_is(typed: str, numbers: list[int]) -> None:
    assert whole_numbers(typed) == numbers
