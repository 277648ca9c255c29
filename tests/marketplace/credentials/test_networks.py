"""Networks of keys: one form for each, and every address is in them or not."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from marketplace.credentials.networks import MOST_NETWORKS, checked_networks, contains, parsed

FOUR = st.ip_addresses(v=4)


def test_networks_have_one_form_and_come_once() -> None:
    wanted = [" 192.0.2.7 ", "192.0.2.7/32", "2001:DB8:0::/32", "10.0.0.0/255.0.0.0"]
    assert checked_networks(wanted) == ["192.0.2.7/32", "2001:db8::/32", "10.0.0.0/8"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("192.0.2.7/24", "write 192.0.2.0/24"),
        ("office", "no address"),
        ("192.0.2.0/33", "no address"),
        ("", "no address"),
    ],
)
def test_what_is_no_network_is_named(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        checked_networks([text])


def test_only_so_many() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        checked_networks(f"10.0.{number // 256}.{number % 256}" for number in range(MOST_NETWORKS + 1))


@given(address=FOUR, base=FOUR, bits=st.integers(0, 32))
def test_an_address_is_in_a_network_when_their_first_bits_agree(
    address: ipaddress.IPv4Address, base: ipaddress.IPv4Address, bits: int
) -> None:
    network = ipaddress.ip_network((base, bits), strict=False)
    inside = int(address) >> (32 - bits) == int(base) >> (32 - bits)
    networks = parsed(checked_networks([str(network)]))
    assert contains(networks, str(address)) == inside
    assert contains(networks, f"::ffff:{address}") == inside


def test_what_is_no_address_is_nowhere() -> None:
    assert not contains(parsed(["0.0.0.0/0", "::/0"]), "testclient")
