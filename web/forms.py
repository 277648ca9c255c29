"""Reading forms: values as sent, and errors beside their fields."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.errors import InvalidInput, ShuyiError
from web.messages import tell
from web.rendering import render


def values_of(form: FormData) -> dict[str, str]:
    """The text fields of a form, without files; the last value wins."""
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def whole_numbers(text: str) -> list[int]:
    """The whole numbers in a list that somebody typed, parted by spaces or commas of either width; other words, and
    numbers too long to count anything, are passed over."""
    words = text.replace("，", ",").replace(",", " ").split()
    return [int(word) for word in words if word.isdecimal() and len(word) <= 12]


def field_errors(error: ShuyiError) -> dict[str, str]:
    """Field name → message; an error of the whole form is under ''."""
    if isinstance(error, InvalidInput) and error.errors:
        return {found["pointer"].removeprefix("#/"): tell(found["detail"]) for found in error.errors}
    return {"": tell(error.detail)}


def again(request: Request, template: str, error: ShuyiError, values: Mapping[str, Any], **context: Any) -> Response:
    """The form once more, with what was typed and what is wrong with it."""
    status = error.status if error.status >= 400 else 422
    return render(request, template, status_code=status, values=values, errors=field_errors(error), **context)
