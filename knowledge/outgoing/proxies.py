"""Which proxy a URL goes through, as HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say, in either case."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping

_ENTRY = re.compile(r"(?P<name>\[.*\]|[^:]+):(?P<port>\d{1,5})")
"""A host or an address with a port; IPv6 with a port is in brackets."""


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str] = os.environ) -> str | None:
    """The proxy's URL, None for a direct connection. A loopback host is never behind a proxy.

    Entries of NO_PROXY are divided by commas or spaces: `*`, a host with all its subdomains (`example.org`,
    `.example.org`, `*.example.org`), an address, a network (`10.0.0.0/8`), each with an optional `:port`.
    """
    if _is_loopback(host) or _is_excepted(host.lower(), port, _variable("no_proxy", environ)):
        return None
    proxy = _variable(f"{scheme}_proxy", environ) or _variable("all_proxy", environ)
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(name: str, environ: Mapping[str, str]) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host.lower().rstrip(".") == "localhost"


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    return any(_covers(entry.lower(), host, port) for entry in re.split(r"[,\s]+", exceptions) if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    found = _ENTRY.fullmatch(entry)
    if found and found["port"] and int(found["port"]) != port:
        return False
    name = (found["name"] if found else entry).strip("[]")
    address = _address(host)
    if address:
        return _is_within(address, name)
    suffix = name.removeprefix("*").strip(".")
    return not suffix or host.rstrip(".") == suffix or host.rstrip(".").endswith(f".{suffix}")


def _is_within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, name: str) -> bool:
    if name == "*":
        return True
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
