"""Opens Office files that are encrypted with a password (optional package msoffcrypto-tool)."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from dataclasses import replace
from typing import Final
from xml.parsers.expat import ExpatError

from extractors.reading import read_content
from extractors.recognition.recognize import encrypted
from knowledge.errors import Encrypted
from knowledge.registry import is_installed, missing
from knowledge.types import Document, ReadOptions

_DAMAGE: Final = (
    ExpatError,
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    OSError,
)
"""What the package lets through for damaged files."""
PASSWORD_OF_EXCEL: Final = "VelvetSweatshop"
"""With which Excel encrypts workbooks that are protected against changes, and opens them without asking."""


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The document behind the password. Raises `Encrypted` without one or with a wrong one."""
    return read_content(decrypted(data, name, options.password), name, replace(options, password=None))


def decrypted(data: bytes, name: str, password: str | None) -> bytes:
    """The bytes of an Office file, new or of 97–2003, as they were before they were encrypted.

    Raises `Encrypted` when the password is wrong or missing, `MissingDependency` without the package.
    """
    if not is_installed("encrypted"):
        raise missing("encrypted", f"{name} is encrypted: opening it") if password else encrypted(name)
    for tried in filter(None, (password, PASSWORD_OF_EXCEL)):
        with suppress(Encrypted):
            return _opened(data, name, tried)
    if password:
        raise Encrypted(f"{name} cannot be decrypted with the password given (--password), or is damaged")
    raise encrypted(name)


def _opened(data: bytes, name: str, password: str) -> bytes:
    from msoffcrypto import OfficeFile
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

    opened = io.BytesIO()
    try:
        file = OfficeFile(io.BytesIO(data))
        file.load_key(password=password)
        file.decrypt(opened)
    except (DecryptionError, FileFormatError, ParseError, *_DAMAGE) as error:
        raise Encrypted(f"{name} is not opened by this password ({error})") from error
    return opened.getvalue()
