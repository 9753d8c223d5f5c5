"""Takes the pictures out of a PDF: JPEG and JPEG 2000 as they are, all others as PNG."""

from __future__ import annotations

import ctypes
import hashlib
import struct
import zlib
from typing import Any, Final

_SMALLEST: Final = 32
"""Pixels; what is smaller is an ornament."""
_MOST: Final = 500
_MOST_SEEN: Final = 5_000
"""With those that come again."""
_MOST_BYTES: Final = 100 << 20
_MOST_PIXELS: Final = 30_000_000
_AS_IS: Final = ("DCTDecode", "JPXDecode")
_FILTER_BYTES: Final = 32
_FASTEST: Final = 1
_GRAY, _COLOUR = 0, 2


class PictureReader:
    """Reads pictures up to a number and a total size; a picture that comes again is read once."""

    def __init__(self) -> None:
        self.left_out = 0
        self._known: dict[bytes, bytes] = {}
        self._size_bytes = 0
        self._seen = 0

    def read(self, handle: Any, page: Any) -> bytes:
        """The picture as a file of its own; b"" when it is too small, cannot be read, or is one too many."""
        import pypdfium2.raw as pdfium

        image = ctypes.cast(handle, pdfium.FPDF_PAGEOBJECT)
        metadata = pdfium.FPDF_IMAGEOBJ_METADATA()
        pdfium.FPDFImageObj_GetImageMetadata(image, page, ctypes.byref(metadata))
        if min(metadata.width, metadata.height) < _SMALLEST:
            return b""
        self._seen += 1
        if self._seen > _MOST_SEEN:
            self.left_out += 1
            return b""
        key = hashlib.sha256(_stream(image, pdfium.FPDFImageObj_GetImageDataRaw)).digest()
        if key not in self._known:
            if metadata.width * metadata.height > _MOST_PIXELS or not self._has_room():
                self.left_out += 1
                return b""
            self._known[key] = _file(image)
            self._size_bytes += len(self._known[key])
        return self._known[key]

    def _has_room(self) -> bool:
        return len(self._known) < _MOST and self._size_bytes < _MOST_BYTES


def _stream(image: Any, getter: Any) -> bytes:
    size = getter(image, None, 0)
    buffer = ctypes.create_string_buffer(size)
    getter(image, buffer, size)
    return buffer.raw


def _file(image: Any) -> bytes:
    import pypdfium2.raw as pdfium

    if _last_filter(image) in _AS_IS:
        return _stream(image, pdfium.FPDFImageObj_GetImageDataDecoded)
    bitmap = pdfium.FPDFImageObj_GetBitmap(image)
    if not bitmap:
        return b""
    try:
        return _png(bitmap)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)


def _last_filter(image: Any) -> str:
    import pypdfium2.raw as pdfium

    count = pdfium.FPDFImageObj_GetImageFilterCount(image)
    if count < 1:
        return ""
    buffer = ctypes.create_string_buffer(_FILTER_BYTES)
    pdfium.FPDFImageObj_GetImageFilter(image, count - 1, buffer, _FILTER_BYTES)
    return buffer.value.decode("ascii", "replace")


def _png(bitmap: Any) -> bytes:
    """A bitmap of pdfium (grey, BGR, BGRx or BGRA) as PNG (ISO/IEC 15948), rows unfiltered."""
    import pypdfium2.raw as pdfium

    width, height = pdfium.FPDFBitmap_GetWidth(bitmap), pdfium.FPDFBitmap_GetHeight(bitmap)
    stride = pdfium.FPDFBitmap_GetStride(bitmap)
    channels = {
        pdfium.FPDFBitmap_Gray: 1,
        pdfium.FPDFBitmap_BGR: 3,
        pdfium.FPDFBitmap_BGRx: 4,
        pdfium.FPDFBitmap_BGRA: 4,
    }.get(pdfium.FPDFBitmap_GetFormat(bitmap))
    if channels is None or not width or not height:
        return b""
    data = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), stride * height)
    starts = range(0, stride * height, stride)
    pixels = b"".join(data[start : start + width * channels] for start in starts)
    if channels > 1:
        pixels = _red_first(pixels, channels)
    row_bytes = width * (1 if channels == 1 else 3)
    rows = b"".join(b"\0" + pixels[start : start + row_bytes] for start in range(0, len(pixels), row_bytes))
    header = struct.pack(">IIBBBBB", width, height, 8, _GRAY if channels == 1 else _COLOUR, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, _FASTEST)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _red_first(pixels: bytes, channels: int) -> bytes:
    turned = bytearray(len(pixels) // channels * 3)
    for colour in range(3):
        turned[colour::3] = pixels[2 - colour :: channels]
    return bytes(turned)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
