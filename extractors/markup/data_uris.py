"""Takes the pictures out of `data:` addresses: nobody searches for their letters."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from extractors.archives.limits import shared_budget
from extractors.images import image_of
from knowledge.types import Image

_ADDRESS = re.compile(r"data:(image/[A-Za-z0-9.+-]{1,40});base64,([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutPictures:
    text: str
    images: tuple[Image, ...] = ()
    left_out: int = 0
    """Pictures that are damaged, of an unknown kind, more than a file may hold, or not wanted."""


def take_out(text: str, *, images: bool) -> WithoutPictures:
    """`text` with `images/SHA.png` in place of each such address, or `data:image/png` for what is left out."""
    if "data:image/" not in text:
        return WithoutPictures(text=text)
    found: dict[str, Image] = {}
    left_out = 0

    def address(match: re.Match[str]) -> str:
        nonlocal left_out
        image = _picture(match.group(2)) if images else None
        if image is None or not (image.name in found or budget.add_picture(len(image.data))):
            left_out += 1
            return f"data:{match.group(1)}"
        found[image.name] = image
        return f"images/{image.name}"

    with shared_budget() as budget:
        shortened = _ADDRESS.sub(address, text)
    return WithoutPictures(text=shortened, images=tuple(found.values()), left_out=left_out)


def _picture(encoded: str) -> Image | None:
    try:
        return image_of(base64.b64decode(encoded))
    except (binascii.Error, ValueError):
        return None
