"""Mail (EML) and saved pages (MHTML): header fields, the best version of the body, pictures, files inside."""

from __future__ import annotations

import base64
import random
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.reading import read
from knowledge.errors import ExtractionLimit, KnowledgeError
from knowledge.types import Document, ReadOptions

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
HEAD = (
    "From: Ann <ann@a.org>\nTo: Bo <bo@b.org>\nSubject: Rain\n"
    "Date: Thu, 01 Feb 2024 01:00:00 +0100\nMIME-Version: 1.0\n"
)
SHOWN = "Rain\n\nFrom: Ann <ann@a.org>\nTo: Bo <bo@b.org>\nDate: Thu, 01 Feb 2024 01:00:00 +0100\n\n"


def mail(body: str | bytes, kind: str = "text/plain; charset=utf-8", head: str = HEAD) -> Document:
    data = body.encode() if isinstance(body, str) else body
    return read(f"{head}Content-Type: {kind}\n\n".encode() + data, "a.eml")


def parts(*written: tuple[str, str], kind: str = "multipart/mixed") -> Document:
    body = "".join(f"--B\nContent-Type: {head}\n\n{content}\n" for head, content in written)
    return mail(f"{body}--B--\n", f"{kind}; boundary=B")


def body_of(document: Document) -> str:
    assert document.text.startswith(SHOWN)
    return document.text[len(SHOWN) :]


def message(subject: str = "Rain") -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["Subject"], made["From"], made["To"] = subject, "Ann <ann@a.org>", "Bo <bo@b.org>"
    return made


@settings(max_examples=60, deadline=None)
@given(
    subject=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30),
    body=st.text(st.sampled_from("ab é漢字.\n"), min_size=1, max_size=200).filter(str.strip),
)
def test_what_was_written_is_read(subject: str, body: str) -> None:
    made = message(subject)
    made.set_content(body)
    document = read(made.as_bytes(), "a.eml")
    assert document.metadata["subject"] == subject
    shown = document.text.partition("To: Bo <bo@b.org>")[2]
    assert shown.split() == body.split()


def test_header_fields_are_text_and_metadata() -> None:
    document = mail("Hello,\nBo.\n\n  - one\n  - two\n")
    assert body_of(document) == "Hello,\nBo.\n\n- one\n- two"
    assert document.metadata == {
        "subject": "Rain",
        "author": "Ann <ann@a.org>",
        "to": "Bo <bo@b.org>",
        "created": 1706745600.0,
    }
    assert [block.kind for block in document.blocks] == ["heading", "paragraph", "paragraph", "paragraph"]


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?B?5aSp5rCX?=",
        "=?utf-8?Q?=E5=A4=A9=E6?= =?utf-8?Q?=B0=97?=",
        "=?iso-2022-jp?B?GyRCRTc1JBsoQg==?=",
        "=?unknown-8bit?B?5aSp5rCX?=",
        "天気",
    ],
)
def test_subjects_in_any_encoding(subject: str) -> None:
    assert mail("x", head=f"From: a@b\nTo: c@d\nSubject: {subject}\n").metadata["subject"] == "天気"


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?B?%%%?=",
        "=?x?Q?=ZZ?=",
        "=?utf-8?B?5",
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    ],
)
def test_damaged_header_fields_are_no_error(subject: str) -> None:
    assert mail("body", head=f"From: a@b\nSubject: {subject}\nDate: never\n").text.endswith("body")


def test_encodings_of_the_body() -> None:
    russian = "Погода сегодня хорошая, пойдём гулять в парк."
    assert body_of(mail(russian.encode("koi8-r"), "text/plain; charset=koi8-r")) == russian
    assert body_of(mail(russian, "text/plain; charset=iso-8859-1")) == russian
    assert body_of(mail("中文".encode("hz"), "text/plain; charset=hz-gb-2312")) == "中文"
    encoded = base64.encodebytes(russian.encode()).decode()
    assert body_of(mail(encoded, "text/plain; charset=utf-8\nContent-Transfer-Encoding: base64")) == russian
    quoted = "Caf=C3=A9 and a line that =\ngoes on"
    kind = "text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable"
    assert body_of(mail(quoted, kind)) == "Café and a line that goes on"


def test_flowed_lines_are_joined_at_their_depth() -> None:
    text = "One line \nthat flows.\n> quoted \n> on\n>> deeper\n From stuffed\n-- \nAnn\n"
    joined = "One line that flows.\n> quoted on\n>> deeper\nFrom stuffed\n--\nAnn"
    assert body_of(mail(text, "text/plain; format=flowed")) == joined
    assert body_of(mail("ab \nc\n", "text/plain; format=flowed; delsp=yes")) == "abc"


TABLE = "<table><tr><th>year<th>days<tr><td>1<td>5</table>"


@pytest.mark.parametrize(
    ("plain", "rich", "expected"),
    [
        ("Hello, Bo.", "<p>Hello, <b>Bo</b>.</p>", "Hello, Bo."),
        (
            "See the other version",
            "<p>" + "All that there is to say. " * 9 + "</p>",
            ("All that there is to say. " * 9).strip(),
        ),
        ("year days 1 5", TABLE, "| year | days |\n| --- | --- |\n| 1 | 5 |"),
    ],
)
def test_of_two_versions_the_better_is_read(plain: str, rich: str, expected: str) -> None:
    document = parts(("text/plain", plain), ("text/html", rich), kind="multipart/alternative")
    assert body_of(document) == expected


def test_pictures_stand_where_the_page_shows_them() -> None:
    made = message()
    made.set_content('<p>before<img src="cid:one@x" alt="A chart">after</p>', subtype="html")
    made.add_related(PICTURE, "image", "png", cid="<one@x>")
    document = read(made.as_bytes(), "a.eml")
    (image,) = document.images
    assert image.data == PICTURE
    assert document.text.endswith(f"before![A chart](images/{image.name})after")
    assert not read(made.as_bytes(), "a.eml", ReadOptions(images=False)).images


def test_files_inside_are_documents_of_their_own() -> None:
    inner = message("Inner")
    inner.set_content("told inside")
    made = message()
    made.set_content("see the files")
    made.add_attachment("year,days\n1,5\n", subtype="csv", filename="a/b.csv")
    made.add_attachment(PICTURE, "image", "png", filename="chart.png")
    made.add_attachment(inner)
    made.add_attachment(b"\x7fELF" + bytes(99), "application", "octet-stream", filename="unknown.bin")
    document = read(made.as_bytes(), "a.eml")
    assert [inside.name for inside in document.attachments] == ["a b.csv", "Inner.eml"]
    assert "told inside" in document.attachments[1].text
    assert document.text.endswith(f"![chart.png](images/{document.images[0].name})")
    assert ["unknown.bin" in warning for warning in document.warnings] == [True]


def test_a_message_that_a_program_encoded_whole_is_read() -> None:
    inner = base64.encodebytes(f"{HEAD}\ntold inside".encode()).decode()
    document = parts(("message/rfc822\nContent-Transfer-Encoding: base64", inner))
    assert "told inside" in document.attachments[0].text


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("application/pkcs7-mime; name=smime.p7m", "MIAG", "S/MIME"),
        ("application/ms-tnef; name=winmail.dat", "xyz", "TNEF"),
        (
            "multipart/encrypted; boundary=C",
            "--C\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--C--",
            "PGP",
        ),
        ("text/plain", "before\n\n-----BEGIN PGP MESSAGE-----\nabc\n-----END PGP MESSAGE-----", "PGP"),
    ],
)
def test_what_cannot_be_read_is_a_warning(kind: str, content: str, says: str) -> None:
    document = parts((kind, content), ("application/pgp-signature", "xyz"))
    assert document.text.startswith("Rain")
    assert "abc" not in document.text
    assert [says in warning for warning in document.warnings] == [True]


def test_mail_saved_as_utf_16_is_read() -> None:
    assert body_of(read(f"{HEAD}\nhello".encode("utf-16"), "a.eml")) == "hello"


def saved_page(root: str, *others: str) -> bytes:
    head = "From: <Saved>\nSubject: A page\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=B\n"
    return (head + "".join(f"\n--B\n{part}\n" for part in (root, *others)) + "--B--\n").encode()


def picture_part(address: str) -> str:
    data = base64.encodebytes(PICTURE).decode()
    return f"Content-Type: image/png\nContent-Transfer-Encoding: base64\n{address}\n\n{data}"


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("https://a.org/p/chart.png", "Content-Location: https://a.org/p/chart.png"),
        ("chart.png", "Content-Location: https://a.org/p/chart.png"),
        ("doc_files/a%20b.png", "Content-Location: https://a.org/p/doc_files/a b.png"),
        ("cid:one@x", "Content-ID: <one@x>"),
    ],
)
@pytest.mark.parametrize("name", ["a.mhtml", "a.mht", "a.doc"])
def test_a_saved_page_is_read_with_its_pictures(source: str, address: str, name: str) -> None:
    root = (
        "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n"
        "Content-Location: https://a.org/p/index.html\n\n<title>T</title>"
        f'<p class=3D"x">Rain <img alt=3Dc src=3D"{source}"></p>'
    )
    document = read(saved_page(root, "Content-Type: text/css\n\np {}", picture_part(address)), name)
    assert document.text == f"Rain ![c](images/{document.images[0].name})"
    assert document.metadata == {"title": "T"}


def test_pages_in_frames_are_read() -> None:
    pages = ["Content-Type: text/html\n\n<p>first</p>", "Content-Type: text/html\n\n<p>second</p>"]
    root = "Content-Type: text/html\n\n<frameset><frame src=a><frame src=b></frameset>"
    assert read(saved_page(root, *pages), "a.mht").text == "first\n\nsecond"


def test_parts_nested_too_deep_are_an_error() -> None:
    parts_inside = "".join(f"Content-Type: multipart/mixed; boundary=B{n}\n\n--B{n}\n" for n in range(2000))
    with pytest.raises(ExtractionLimit, match="nested too deep"):
        read(f"From: a@b\nSubject: x\n{parts_inside}x".encode(), "a.eml")


def test_damaged_mail_stays_in_the_error_tree() -> None:
    inner = message("Inner")
    inner.set_content("told inside")
    made = message("=?utf-8?B?5aSp5rCX?=")
    made.set_content("plain 天気")
    made.add_alternative(f"<p>rich</p>{TABLE}<img src='cid:one@x'>", subtype="html")
    made.add_attachment(PICTURE, "image", "png", cid="<one@x>")
    made.add_attachment(inner)
    made.add_attachment("a,b\n1,2\n", subtype="csv", filename="a.csv")
    root = "Content-Type: text/html\nContent-Location: https://a.org/p/\n\n<p>x<img src=a.png></p>"
    chance = random.Random(7)
    for name, whole in (
        ("a.eml", made.as_bytes()),
        ("a.mht", saved_page(root, picture_part("Content-ID: <one>"))),
    ):
        for _ in range(80):
            damaged = bytearray(whole[: chance.randrange(1, len(whole))])
            for _ in range(chance.randrange(30)):
                damaged[chance.randrange(len(damaged))] = chance.choice(b'<>=?:;"\r\n-/ \x00\xffB')
            with suppress(KnowledgeError):
                read(bytes(damaged), name)
