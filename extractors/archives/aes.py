"""Opens members of ZIP archives that WinZip, 7-Zip or macOS encrypted with AES (optional package cryptography).

The form is that of WinZip's "AES Encryption Information" (AE-1 and AE-2).
"""

from __future__ import annotations

import hashlib
import hmac
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final, cast

from extractors.archives.limits import BOUNDED_METHODS
from extractors.recognition.recognize import encrypted
from knowledge.errors import Encrypted, ExtractionError
from knowledge.registry import is_installed, missing

METHOD: Final = 99
"""What such a member gives as its method of compression; the true one stands in its extra field."""
_EXTRA: Final = struct.Struct("<HH")
_EXTRA_ID: Final = 0x9901
_AE: Final = struct.Struct("<H2sBH")
_LOCAL_HEADER: Final = struct.Struct("<26xHH")
_KEY_BYTES: Final = {1: 16, 2: 24, 3: 32}
_TURNS: Final = 1000
_VERIFIER_BYTES: Final = 2
_CODE_BYTES: Final = 10
_BLOCK_BYTES: Final = 16
_PIECE_BYTES: Final = 1 << 20


def opened(data: bytes, entry: zipfile.ZipInfo, name: str, password: str | None) -> IO[bytes]:
    """The unpacked bytes of a member of the archive `data`, to be read piece by piece.

    Raises `Encrypted` when the password is missing or wrong, `ExtractionError` when the member is damaged,
    `MissingDependency` without the package.
    """
    if not password:
        raise encrypted(name)
    if not is_installed("encrypted"):
        raise missing("encrypted", f"{name} is encrypted: opening it")
    key_bytes, method = _declared(entry, name)
    salt, verifier, packed, code = _divided(data, entry, name, key_bytes // 2)
    keys = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, _TURNS, 2 * key_bytes + _VERIFIER_BYTES)
    if keys[-_VERIFIER_BYTES:] != verifier:
        raise Encrypted(f"{name} cannot be decrypted with this password")
    proof = hmac.digest(keys[key_bytes : 2 * key_bytes], packed, "sha1")[:_CODE_BYTES]
    if not hmac.compare_digest(proof, code):
        raise Encrypted(f"{name} cannot be decrypted with this password, or is damaged")
    plain = io.BytesIO(b"".join(_decrypted(packed, keys[:key_bytes])))
    return plain if method == zipfile.ZIP_STORED else cast("IO[bytes]", _Inflating(plain))


def _declared(entry: zipfile.ZipInfo, name: str) -> tuple[int, int]:
    """The length of the key in bytes, and how the member is compressed."""
    for kind, content in _extra_fields(entry.extra):
        if kind == _EXTRA_ID and len(content) >= _AE.size:
            _, _, strength, method = _AE.unpack_from(content)
            if strength in _KEY_BYTES and method in BOUNDED_METHODS:
                return _KEY_BYTES[strength], method
            raise ExtractionError(f"{name} is encrypted or compressed in an unknown way; unpack the archive")
    raise ExtractionError(f"{name} is damaged: it does not say how it is encrypted")


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _EXTRA.size <= len(extra):
        kind, size = _EXTRA.unpack_from(extra, position)
        position += _EXTRA.size
        yield kind, extra[position : position + size]
        position += size


def _divided(
    data: bytes, entry: zipfile.ZipInfo, name: str, salt_bytes: int
) -> tuple[bytes, bytes, bytes, bytes]:
    """Salt, verifier of the password, what is encrypted, and the code that proves it."""
    header = data[entry.header_offset : entry.header_offset + _LOCAL_HEADER.size]
    if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise ExtractionError(f"{name} is damaged: it has no header")
    start = entry.header_offset + _LOCAL_HEADER.size + sum(_LOCAL_HEADER.unpack(header))
    member = data[start : start + entry.compress_size]
    packed_at = salt_bytes + _VERIFIER_BYTES
    if len(member) < packed_at + _CODE_BYTES:
        raise ExtractionError(f"{name} is damaged: it is too short")
    return (
        member[:salt_bytes],
        member[salt_bytes:packed_at],
        member[packed_at:-_CODE_BYTES],
        member[-_CODE_BYTES:],
    )


def _decrypted(packed: bytes, key: bytes) -> Iterator[bytes]:
    """Counter mode with a counter that begins at 1 and has its lowest byte first, unlike that of the package."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    encryptor = Cipher(AES(key), ECB()).encryptor()
    for start in range(0, len(packed), _PIECE_BYTES):
        piece = packed[start : start + _PIECE_BYTES]
        first = start // _BLOCK_BYTES + 1
        numbers = range(first, first + -(-len(piece) // _BLOCK_BYTES))
        stream = encryptor.update(b"".join(number.to_bytes(_BLOCK_BYTES, "little") for number in numbers))
        yield _xor(piece, stream[: len(piece)])


def _xor(first: bytes, second: bytes) -> bytes:
    return (int.from_bytes(first, "little") ^ int.from_bytes(second, "little")).to_bytes(len(first), "little")


class _Inflating:
    """A stream of what a DEFLATE stream unpacks to, never more at once than is asked for."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)

    def read(self, size: int) -> bytes:
        while True:
            packed = self._inflater.unconsumed_tail or self._packed.read(_PIECE_BYTES)
            piece = self._inflater.decompress(packed, size)
            if piece or not packed:
                return piece
