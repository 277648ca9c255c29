"""Where a key may be used from: addresses and networks of IPv4 and IPv6 in CIDR form (RFC 4632, RFC 4291)."""

import ipaddress
from collections.abc import Iterable, Sequence

from contracts.errors import InvalidInput

MOST_NETWORKS = 100
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def checked_networks(wanted: Iterable[str]) -> list[str]:
    """Networks in their one form, each once, in the order given. Raises `InvalidInput` at `networks`."""
    found: list[str] = []
    for text in wanted:
        try:
            network = ipaddress.ip_network(text.strip())
        except ValueError:
            raise _no_network(text.strip()) from None
        if str(network) not in found:
            found.append(str(network))
    if len(found) > MOST_NETWORKS:
        raise InvalidInput.at("networks", f"Name at most {MOST_NETWORKS} networks.")
    return found


def parsed(networks: Iterable[str]) -> tuple[Network, ...]:
    """Networks as `contains` looks at them."""
    return tuple(ipaddress.ip_network(text) for text in networks)


def contains(networks: Sequence[Network], address: str) -> bool:
    """Whether an address lies in one of the networks; what is no address lies in none. An IPv4 address that comes as
    IPv6 (`::ffff:192.0.2.1`) is the IPv4 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return any(found in network for network in networks)


def _no_network(text: str) -> InvalidInput:
    shown = text[:80]
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return InvalidInput.at(
            "networks", f"{shown!r} is no address and no network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32."
        )
    return InvalidInput.at("networks", f"{shown!r} is an address within a network; write {network}.")
