"""PDF files: encryption, links, notes, pictures, embedded files, form fields, scripts and unusable text layers."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Callable, Mapping

import pytest
from fpdf import FPDF
from fpdf.enums import EncryptionMethod
from PIL import Image

from extractors.reading import read
from knowledge.errors import EmptyDocument, Encrypted, KnowledgeError
from knowledge.types import Document, ReadOptions


def canary_page() -> FPDF:
    pdf = FPDF(unit="pt", format=(595, 842))
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.text(40, 60, "a canary sings.")
    return pdf


def raw_pdf(objects: Mapping[int, str]) -> bytes:
    """A file of these objects; 1 is the catalog."""
    body, places = "%PDF-1.7\n", {}
    for number, content in objects.items():
        places[number] = len(body)
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{places.get(number, 0):010} 00000 n \n" for number in range(1, max(objects) + 1))
    head = f"xref\n0 {max(objects) + 1}\n0000000000 65535 f \n{table}"
    return (
        f"{body}{head}trailer<</Size {max(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF".encode()
    )


def stream(content: str, entries: str = "") -> str:
    return f"<</Length {len(content)}{entries}>>stream\n{content}\nendstream"


def page_with_font(content: str, font: str, more: Mapping[int, str] | None = None) -> bytes:
    return raw_pdf(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R>>",
            4: font,
            5: stream(content),
            **(more or {}),
        }
    )


def spelled(codes: Mapping[int, str]) -> str:
    """A ToUnicode map of one-byte codes."""
    lines = "".join(f"<{code:02X}> <{text.encode('utf-16-be').hex()}>\n" for code, text in codes.items())
    return stream(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange <00> <FF> "
        f"endcodespacerange\n{len(codes)} beginbfchar\n{lines}endbfchar endcmap end end"
    )


MAPPED_FONT = (
    "<</Type/Font/Subtype/TrueType/BaseFont/Canary/FirstChar 65/LastChar 90"
    f"/Widths[{' '.join(['600'] * 26)}]/ToUnicode 6 0 R/FontDescriptor 7 0 R>>"
)
DESCRIPTOR = (
    "<</Type/FontDescriptor/FontName/Canary/Flags 4/FontBBox[0 -200 600 800]/ItalicAngle 0/Ascent 800"
    "/Descent -200/CapHeight 700/StemV 80>>"
)


@pytest.mark.parametrize("method", [EncryptionMethod.RC4, EncryptionMethod.AES_128, EncryptionMethod.AES_256])
def test_encrypted_files_open_with_their_password(method: EncryptionMethod) -> None:
    pdf = canary_page()
    pdf.set_encryption("owner", "user", encryption_method=method)
    data = bytes(pdf.output())
    for password in ("user", "owner"):
        assert read(data, "a.pdf", ReadOptions(password=password)).text == "a canary sings."
    with pytest.raises(Encrypted, match=r"give its password \(--password\)"):
        read(data, "a.pdf")
    with pytest.raises(Encrypted, match=r"--password\) does not open it"):
        read(data, "a.pdf", ReadOptions(password="wrong"))


def test_files_that_are_encrypted_without_a_password_are_simply_read() -> None:
    pdf = canary_page()
    pdf.set_encryption("owner", encryption_method=EncryptionMethod.AES_128)
    assert read(bytes(pdf.output()), "a.pdf").text == "a canary sings."


@pytest.mark.parametrize("password", [None, "user"])
def test_an_encrypted_file_that_was_cut_off_is_said_to_be_encrypted(password: str | None) -> None:
    pdf = canary_page()
    pdf.set_encryption("owner", "user", encryption_method=EncryptionMethod.AES_256)
    data = bytes(pdf.output())
    for end in (data.index(b"trailer"), data.index(b"/EncryptMetadata") + 20):
        with pytest.raises(Encrypted, match="encrypted and damaged"):
            read(data[:end], "a.pdf", ReadOptions(password=password))


def page_objects(first: int, text: str) -> dict[int, str]:
    """A catalog of that number, its list of one page, the page and its text; the font is 99."""
    resources = "<</Font<</F 99 0 R>>>>"
    return {
        first: f"<</Type/Catalog/Pages {first + 1} 0 R>>",
        first + 1: f"<</Type/Pages/Count 1/Kids[{first + 2} 0 R]>>",
        first + 2: f"<</Type/Page/Parent {first + 1} 0 R/MediaBox[0 0 595 842]/Resources{resources}"
        f"/Contents {first + 3} 0 R>>",
        first + 3: stream(f"BT /F 12 Tf 40 700 Td ({text}) Tj ET"),
        99: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }


def without_trailer(objects: Mapping[int, str]) -> bytes:
    data = raw_pdf(objects)
    return data[: data.index(b"xref")]


def test_a_file_that_was_cut_off_is_read_as_it_was_saved_last() -> None:
    data = without_trailer({**page_objects(1, "old words."), **page_objects(11, "new words.")})
    assert read(data, "a.pdf").text == "new words."


@pytest.mark.parametrize("catalog", ["Catalog", "Damaged"])
def test_text_about_pdf_is_not_taken_for_what_it_is_about(catalog: str) -> None:
    text = "9 0 obj /Type /Catalog /Pages 2 0 R /Type /Page /Encrypt 1 0 R."
    data = without_trailer(page_objects(1, text)).replace(b"/Catalog/", f"/{catalog}/".encode())
    assert read(data, "a.pdf").text == text


@pytest.mark.parametrize(("pages", "said"), [(1, "its page has no"), (2, "none of its 2 pages has a")])
def test_why_a_file_is_empty_is_said(pages: int, said: str) -> None:
    pdf = FPDF()
    for _ in range(pages):
        pdf.add_page()
    with pytest.raises(EmptyDocument, match=f"{said} text layer or an image"):
        read(bytes(pdf.output()), "a.pdf")


def linked_page(text: str, url: str) -> Document:
    pdf = canary_page()
    pdf.text(40, 100, f"see {text} there.")
    left = 40 + pdf.get_string_width("see ")
    pdf.link(left, 90, pdf.get_string_width(text), 12, url)
    return read(bytes(pdf.output()), "a.pdf")


def test_links_are_written_where_their_text_is() -> None:
    document = linked_page("the handbook", "https://canary.example/a(b)")
    assert "see [the handbook](https://canary.example/a%28b%29) there." in document.text


def test_addresses_that_are_spelled_out_stay_as_they_are() -> None:
    assert (
        "see https://canary.example/a there."
        in linked_page("https://canary.example/a", "https://canary.example/a/").text
    )


def test_notes_of_readers_are_read() -> None:
    pdf = canary_page()
    pdf.text_annotation(100, 100, "what is a canary?", name="Note")
    assert read(bytes(pdf.output()), "a.pdf").text.endswith("what is a canary?")


def test_embedded_files_become_attachments_and_bad_ones_a_warning() -> None:
    pdf = canary_page()
    pdf.embed_file(bytes=b"inner canary", basename="inner.txt")
    pdf.embed_file(bytes=b"%PDF-1.4", basename="broken.pdf")
    document = read(bytes(pdf.output()), "a.pdf")
    assert [(inner.name, inner.text) for inner in document.attachments] == [("inner.txt", "inner canary")]
    assert [warning.split(":")[0] for warning in document.warnings] == ["broken.pdf was not read"]


def picture(kind: str, size: tuple[int, int]) -> io.BytesIO:
    image = Image.new("RGB", size)
    image.putdata([(x % 256, y % 256, (x * y) % 256) for y in range(size[1]) for x in range(size[0])])
    kept = io.BytesIO()
    image.save(kept, kind)
    kept.seek(0)
    return kept


def test_pictures_are_taken_out_and_linked_at_their_place() -> None:
    pdf = canary_page()
    jpeg, png = picture("JPEG", (64, 48)), picture("PNG", (40, 50))
    pdf.image(jpeg, x=40, y=80, w=200)
    pdf.text(40, 300, "between both pictures.")
    pdf.image(png, x=40, y=320, w=100)
    pdf.image(picture("PNG", (16, 16)), x=40, y=500, w=100)
    document = read(bytes(pdf.output()), "a.pdf")
    assert [block.kind for block in document.blocks] == ["paragraph", "image", "paragraph", "image"]
    first, second = document.images
    assert first.data == jpeg.getvalue()
    assert Image.open(io.BytesIO(second.data)).convert("RGB").tobytes() == Image.open(png).tobytes()
    assert document.text.index(first.name) < document.text.index("between") < document.text.index(second.name)
    assert read(bytes(pdf.output()), "a.pdf", ReadOptions(images=False)).images == ()


def test_the_picture_of_a_scanned_page_is_no_picture_and_no_text() -> None:
    pdf = FPDF(unit="pt", format=(595, 842))
    pdf.add_page()
    pdf.image(picture("JPEG", (64, 64)), x=0, y=0, w=595, h=842)
    with pytest.raises(EmptyDocument, match="seems to be scanned and needs OCR"):
        read(bytes(pdf.output()), "a.pdf")


def filled_form() -> bytes:
    return raw_pdf(
        {
            1: "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DR<</Font<</F 4 0 R>>>>/DA(/F 12 Tf)>>>>",
            2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R"
            "/Annots[6 0 R]>>",
            4: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            5: stream("BT /F 12 Tf 40 700 Td (Name:) Tj ET"),
            6: "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(canary)/Rect[90 695 200 715]/F 4/AP<</N 7 0 R>>>>",
            7: stream(
                "BT /F 12 Tf 2 5 Td (canary) Tj ET",
                "/Type/XObject/Subtype/Form/BBox[0 0 110 20]/Resources<</Font<</F 4 0 R>>>>",
            ),
        }
    )


def test_filled_in_form_fields_are_read() -> None:
    assert read(filled_form(), "a.pdf").text == "Name: canary"


def test_arabic_is_in_logical_order_with_its_ligatures() -> None:
    # Drawn from left to right, as printers do: the letters of a word from its last to its first.
    letters = {65: "م", 66: "لا", 67: "س", 68: "ك", 69: "ب"}
    content = "BT /F 20 Tf 300 700 Td (ABC) Tj 60 0 Td (AED) Tj ET"
    document = read(page_with_font(content, MAPPED_FONT, {6: spelled(letters), 7: DESCRIPTOR}), "a.pdf")
    assert document.text == "كبم سلام"


def test_a_text_layer_of_characters_without_meaning_is_not_taken_for_text() -> None:
    private = {code: chr(0xE000 + code) for code in range(65, 91)}
    content = "BT /F 12 Tf 40 700 Td (ABCDEFGHIJKLM) Tj ET"
    with pytest.raises(EmptyDocument, match="usable text layer; it needs OCR"):
        read(page_with_font(content, MAPPED_FONT, {6: spelled(private), 7: DESCRIPTOR}), "a.pdf")


def test_what_the_file_says_of_itself() -> None:
    pdf = canary_page()
    pdf.set_title("Canaries")
    pdf.set_author("A. Bird")
    metadata = read(bytes(pdf.output()), "a.pdf").metadata
    assert (metadata["title"], metadata["author"]) == ("Canaries", "A. Bird")
    assert isinstance(metadata["created"], float)


def everything_inside() -> bytes:
    pdf = canary_page()
    pdf.image(picture("PNG", (40, 40)), x=40, y=100, w=100)
    pdf.embed_file(bytes=b"inner canary", basename="inner.txt")
    pdf.text_annotation(100, 300, "a note")
    pdf.link(40, 50, 60, 12, "https://canary.example")
    return bytes(pdf.output())


@pytest.mark.parametrize("make", [everything_inside, filled_form])
def test_mutilated_files_stay_in_the_error_tree(make: Callable[[], bytes]) -> None:
    data, chance = make(), random.Random(11)
    for _ in range(40):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 10)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        with contextlib.suppress(KnowledgeError):
            read(bytes(broken), "a.pdf")
