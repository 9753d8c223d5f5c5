"""Says which addresses on a page are worth writing, in full where the page's own address is known."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

_LONGEST: Final = 200
"""Characters. Longer ones are made by machines for machines."""
_ABSOLUTE: Final = ("http://", "https://")
_NOWHERE: Final = ("#", "javascript:", "data:", "mailto:", "tel:", "about:", "cid:", "blob:", "file:")
"""Begin addresses that lead to the page itself, or to nothing that a reader could open."""


def readable(address: str, base: str) -> str:
    """`address` as seen from the page at `base`; "" for one that a reader has no use for."""
    address = address.strip()
    if not address or address.lower().startswith(_NOWHERE):
        return ""
    if base and not address.startswith(_ABSOLUTE):
        try:
            address = urljoin(base, address)
        except ValueError:
            return ""
    address = address.replace(" ", "%20")
    return address if len(address) <= _LONGEST and address.partition("#")[0] != base else ""
