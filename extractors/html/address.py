"""Says which addresses on a page are worth writing, in full where the page's own address is known."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urljoin

_LONGEST: Final = 200
"""Characters. Longer ones are made by machines for machines."""
_ABSOLUTE: Final = ("http://", "https://")
_NOWHERE: Final = ("#", "javascript:", "data:", "mailto:", "tel:", "about:", "cid:", "blob:", "file:")
"""Begin addresses that lead to the page itself, or to nothing that a reader could open."""
_PLAIN = re.compile(r"/?[\w%~+,=-][\w.%~+,=-]*(?:/(?![/.])[\w.%~+,=-]*)*(?:\?[\w.%~+,@:=&-]+)?")
"""Most addresses: to be put behind the site or the folder as they are, in a tenth of the time of `urljoin`."""


def readable(address: str, base: str) -> str:
    """`address` as seen from the page at `base`; "" for one that a reader has no use for."""
    address = address.strip()
    if not address.startswith(_ABSOLUTE):
        if not address or (address[0] != "/" and address.lower().startswith(_NOWHERE)):
            return ""
        try:
            address = _in_full(address, base) if base else address
        except ValueError:
            return ""
    address = address.replace(" ", "%20")
    return address if len(address) <= _LONGEST and address.partition("#")[0] != base else ""


def _in_full(address: str, base: str) -> str:
    if not _PLAIN.fullmatch(address):
        return urljoin(base, address)
    return _before(base, "/") + address if address[0] == "/" else _before(base, "x") + address


@lru_cache(maxsize=32)
def _before(base: str, address: str) -> str:
    return urljoin(base, address).removesuffix(address)
