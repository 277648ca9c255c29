"""The header's value, and what makes two requests the same one."""

import pytest

from contracts.errors import InvalidInput
from contracts.kit.idempotency import fingerprint, parse_key


@pytest.mark.parametrize(("header", "key"), [("abc", "abc"), ('"a b"', "a b"), ('"a\\"b\\\\"', 'a"b\\'), (" x ", "x")])
def test_a_key_is_read_from_its_header(header: str, key: str) -> None:
    assert parse_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "a" * 256, "键", "a\x7fb"])
def test_what_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(InvalidInput):
        parse_key(header)


def test_requests_differ_by_method_path_and_body() -> None:
    requests = {
        fingerprint(*parts)
        for parts in [("POST", "/a", b"1"), ("PUT", "/a", b"1"), ("POST", "/b", b"1"), ("POST", "/a", b"2")]
    }
    assert len(requests) == 4
    assert fingerprint("post", "/a", b"1") in requests
