"""Where a URL may lead: the addresses that are on the public internet, and those that are not."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from knowledge.errors import AddressError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[..., Sequence[Any]]
"""`socket.getaddrinfo`, or what answers as it does."""

_METADATA: Final = frozenset({"168.63.129.16", "192.0.0.192"})
"""Services of cloud hosts to their machines at addresses that look public; the others are link-local or private."""
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 behind NAT64 (RFC 6052): the last 32 bits are the address."""


def resolve(host: str, port: int, lookup: Lookup = socket.getaddrinfo) -> tuple[str, ...]:
    """The addresses of `host`, in the order of the system's preference. Raises `OSError` when there are none."""
    try:
        found = lookup(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError(f"{host!r} is not a host name") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def check_public(host: str, addresses: Sequence[str]) -> None:
    """Raises `AddressError` when any of the addresses of `host` is not public."""
    for text in addresses:
        kind = kind_of(text)
        if kind != "public":
            raise AddressError(
                f"{host} is at {text}, {kind} address; allowed: public addresses. If it is yours, set "
                "allow_private_addresses (KNOWLEDGE_ALLOW_PRIVATE_ADDRESSES) to true"
            )


def kind_of(text: str) -> str:
    """`public`, or which kind of address it is instead: `a loopback`, `a private` …"""
    address = _innermost(ipaddress.ip_address(text))
    if str(address) in _METADATA:
        return "a cloud metadata"
    kinds = (
        ("an unspecified", address.is_unspecified),
        ("a loopback", address.is_loopback),
        ("a link-local", address.is_link_local),
        ("a multicast", address.is_multicast),
        ("a private", address.is_private or getattr(address, "is_site_local", False)),
        ("a reserved", address.is_reserved or not address.is_global),
    )
    return next((name for name, holds in kinds if holds), "public")


def _innermost(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries, if it does: mapped, 6to4, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
