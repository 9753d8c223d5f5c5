"""Opens Office files that are encrypted with a password (optional package msoffcrypto-tool)."""

from __future__ import annotations

import io
from dataclasses import replace

from extractors.reading import read_content
from extractors.recognize import encrypted
from knowledge.errors import Encrypted
from knowledge.registry import is_installed, missing
from knowledge.types import Document, ReadOptions


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The document behind the password. Raises `Encrypted` without one or with a wrong one."""
    return read_content(decrypted(data, name, options.password), name, replace(options, password=None))


def decrypted(data: bytes, name: str, password: str | None) -> bytes:
    """The bytes of an Office file, new or of 97–2003, as they were before they were encrypted.

    Raises `Encrypted` when the password is wrong or missing, `MissingDependency` without the package.
    """
    if not password:
        raise encrypted(name)
    if not is_installed("encrypted"):
        raise missing("encrypted", f"{name} is encrypted: opening it")
    from msoffcrypto import OfficeFile
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, ParseError

    opened = io.BytesIO()
    try:
        file = OfficeFile(io.BytesIO(data))
        file.load_key(password=password)
        file.decrypt(opened)
    except (DecryptionError, FileFormatError, ParseError, LookupError, ValueError, OSError) as error:
        raise Encrypted(f"{name} cannot be decrypted with this password, or is damaged ({error})") from error
    return opened.getvalue()
