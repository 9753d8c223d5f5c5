"""What the first bytes of a file say of its format."""

from __future__ import annotations

import re
from typing import Final

_TAR_MAGIC: Final = slice(257, 262)
_KINDS: Final = (
    (re.compile(rb"%PDF-"), ".pdf"),
    (re.compile(rb"\x1f\x8b\x08"), ".gz"),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), ".bz2"),
    (re.compile(rb"\xfd7zXZ\x00"), ".xz"),
    (re.compile(rb"\{\\rtf"), ".rtf"),
    (
        re.compile(rb"\x09(?:\x00\x04|[\x02\x04]\x06)\x00|\x09\x08(?:\x08\x00\x00\x05|\x10\x00\x00\x06)"),
        ".xls",
    ),
    (re.compile(rb"HWP Document File"), ".hwp"),
)
"""The last but one: an Excel workbook of the time before its streams were put into a container."""
_OTHERS: Final = (
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7-Zip archive"),
    (re.compile(rb"Rar!\x1a\x07"), "a RAR archive"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "a Zstandard archive"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "a PNG image"),
    (re.compile(rb"\xff\xd8\xff"), "a JPEG image"),
    (re.compile(rb"GIF8[79]a"), "a GIF image"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "a TIFF image"),
    (re.compile(rb"BM.{4}\x00{4}", re.DOTALL), "a BMP image"),
    (re.compile(rb"\x00\x00\x01\x00[^\x00]\x00"), "an icon"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "a WebP image"),
    (re.compile(rb"\x00\x00\x00\x0cjP  "), "a JPEG 2000 image"),
    (re.compile(rb".{4}ftyp(?:hei|mif|avi)", re.DOTALL), "a HEIF or AVIF image"),
    (re.compile(rb"8BPS\x00"), "a Photoshop image"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "an MPEG-4 or QuickTime film"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "a Matroska or WebM film"),
    (re.compile(rb"RIFF.{4}", re.DOTALL), "a RIFF recording"),
    (re.compile(rb"ID3[\x02-\x04]\x00|\xff\xfb[\x50-\xef]"), "an MP3 recording"),
    (re.compile(rb"OggS\x00"), "an Ogg recording"),
    (re.compile(rb"fLaC\x00"), "a FLAC recording"),
    (re.compile(rb"SQLite format 3\x00"), "an SQLite database"),
    (re.compile(rb"PAR1"), "a Parquet table"),
    (re.compile(rb"!BDN"), "an Outlook mailbox (.pst)"),
    (re.compile(rb"\xffWPC"), "a WordPerfect document"),
    (re.compile(rb"AT&TFORM"), "a DjVu document"),
    (re.compile(rb"%!PS"), "PostScript"),
    (re.compile(rb"\x7fELF|MZ\x90\x00|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe"), "a program"),
)


def binary_kind(data: bytes) -> str | None:
    """The suffix of the format that `data` starts like, of those that are read or named by it."""
    if data[_TAR_MAGIC] == b"ustar":
        return ".tar"
    return next((kind for pattern, kind in _KINDS if pattern.match(data)), None)


def signature(data: bytes) -> str | None:
    """What `data` is, of the kinds that hold no text of documents."""
    return next((what for pattern, what in _OTHERS if pattern.match(data)), None)
