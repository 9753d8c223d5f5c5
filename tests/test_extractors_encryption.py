"""Office files behind a password: opened with it, refused without it, and the package that opens them is optional."""

import io
import sys
from contextlib import suppress

import pytest
from test_extractors_samples import BYTES

from extractors import Worker, extract
from knowledge.errors import Encrypted, ExtractionError, MissingDependency
from knowledge.types import ReadOptions

msoffcrypto = pytest.importorskip("msoffcrypto")

RIGHT = ReadOptions(password="open sesame")


def locked(data: bytes, password: str | None = RIGHT.password) -> bytes:
    """As Office does it (ECMA-376 agile encryption)."""
    stream = io.BytesIO()
    msoffcrypto.OfficeFile(io.BytesIO(data)).encrypt(password, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx"])
def test_the_password_opens_it(name: str) -> None:
    expected = extract(BYTES[name], name=name, sandbox=False)
    assert extract(locked(BYTES[name]), name=name, options=RIGHT, sandbox=False) == expected
    with Worker() as worker:
        assert worker.extract(locked(BYTES[name]), name, RIGHT) == expected


def test_without_it_the_error_says_what_to_do() -> None:
    data = locked(BYTES["a.docx"])
    for name in ("a.docx", "a.txt"):
        with pytest.raises(
            Encrypted, match=rf"^{name} is encrypted; give its password \(--password\) or remove"
        ):
            extract(data, name=name, sandbox=False)
    with pytest.raises(Encrypted, match=r"^a\.docx cannot be decrypted with the password given"):
        extract(data, name="a.docx", options=ReadOptions(password="wrong"), sandbox=False)


@pytest.mark.parametrize("options", [ReadOptions(), RIGHT])
def test_workbooks_that_excel_opens_without_asking_are_opened(options: ReadOptions) -> None:
    data = locked(BYTES["a.xlsx"], "VelvetSweatshop")
    assert "张三" in extract(data, name="a.xlsx", options=options, sandbox=False).text


def test_damage_is_an_error_of_the_tree() -> None:
    data = locked(BYTES["a.docx"])
    for cut in range(0, len(data), 6000):
        with suppress(ExtractionError):
            extract(data[:cut] + bytes(100) + data[cut + 100 :], name="a.docx", options=RIGHT, sandbox=False)


def test_the_package_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    data = locked(BYTES["a.docx"])
    monkeypatch.setitem(sys.modules, "msoffcrypto", None)
    with pytest.raises(MissingDependency, match=r"pip install 'knowledge-pipeline\[encrypted\]'"):
        extract(data, name="a.docx", options=RIGHT, sandbox=False)
