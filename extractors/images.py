"""Pictures inside files: told by their bytes, named by their content."""

from __future__ import annotations

import hashlib
from typing import Final

from knowledge.types import Image

_SUFFIXES: Final = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tif"),
    (b"MM\x00*", "tif"),
    (b"\x00\x00\x00\x0cjP  ", "jp2"),
)


def image_of(data: bytes) -> Image | None:
    """The picture with its name; None when the bytes are not one that a browser or an OCR engine would read."""
    suffix = _suffix(data)
    return Image(name=f"{hashlib.sha256(data).hexdigest()}.{suffix}", data=data) if suffix else None


def link_text(alt: str) -> str:
    """What a picture shows, fit to stand between the brackets of a Markdown link."""
    return " ".join(alt.translate({ord("["): "(", ord("]"): ")"}).split())


def _suffix(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((suffix for magic, suffix in _SUFFIXES if data.startswith(magic)), None)
