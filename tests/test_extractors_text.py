"""Plain text, Markdown, HTML and delimited tables: what is read, from which encoding, as which blocks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import extract
from extractors.cleaning import clean
from knowledge.errors import EmptyDocument, ExtractionError, UnsupportedFormat
from knowledge.types import Document, Locator

SIMPLIFIED = "第一条 为了规范用人单位与劳动者的关系，明确双方的权利和义务，制定本法。"
TRADITIONAL = "第一條 為了規範用人單位與勞動者的關係，明確雙方的權利和義務，制定本法。"
JAPANESE = "この法律は、労働条件について必要な事項を定めることを目的とする。"
KOREAN = "이 법은 근로조건의 기준을 정함으로써 근로자의 기본적 생활을 보장한다."
RUSSIAN = "Настоящий закон регулирует отношения между работником и работодателем."
FRENCH = "La présente loi règle les relations où l’employé être payé à l’été."
GERMAN = "Die Gebühr für verspätete Rückgabe beträgt fünf Euro; größere Schäden müssen ersetzt werden."
LITHUANIAN = "Už kiekvieną pavėluotą dieną imamas mokestis, atsakysime per tris dienas."
TURKISH = "Başvuru formunu ikinci kattaki büroya teslim ediniz, üç gün içinde yanıt vereceğiz."
HEBREW = "נא למסור את הטופס במשרד שבקומה השנייה, ותקבלו תשובה בתוך שלושה ימים."
THAI = "กรุณายื่นแบบฟอร์มที่สำนักงานชั้นสอง"
UKRAINIAN = "Будь ласка, здайте заяву до кабінету на другому поверсі, її розглянуть."
POLISH = "Źródło prawa: pracownik może żądać urlopu, jeżeli pracował cały rok."
GREEK = "Ο παρών νόμος ρυθμίζει τις σχέσεις εργαζομένων και εργοδοτών."
ARABIC = "هذا القانون ينظم العلاقات بين العمال وأصحاب العمل في البلاد."


def read(data: bytes | str, name: str) -> Document:
    return extract(data if isinstance(data, bytes) else data.encode(), name=name, sandbox=False)


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *(
            (SIMPLIFIED, name)
            for name in ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be")
        ),
        *((TRADITIONAL, name) for name in ("big5", "gb18030", "utf-32")),
        *((JAPANESE, name) for name in ("shift_jis", "euc_jp", "iso2022_jp")),
        (KOREAN, "cp949"),
        *((RUSSIAN, name) for name in ("cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic", "utf-16")),
        (UKRAINIAN, "koi8_u"),
        *((FRENCH, name) for name in ("cp1252", "mac_roman", "utf-16-le", "utf-32-be")),
        *((GERMAN, name) for name in ("cp1252", "iso8859_15", "mac_roman", "cp850")),
        *((POLISH, name) for name in ("cp1250", "iso8859_2")),
        (LITHUANIAN, "cp1257"),
        (TURKISH, "cp1254"),
        *((GREEK, name) for name in ("cp1253", "iso8859_7")),
        (HEBREW, "cp1255"),
        *((ARABIC, name) for name in ("cp1256", "iso8859_6")),
        *((THAI, name) for name in ("cp874", "utf-16")),
    ],
)
def test_the_encoding_is_found_out(text: str, encoding: str) -> None:
    document = read(text.encode(encoding), "a.txt")
    assert document.text == text
    assert document.warnings == ()


def test_undecodable_bytes_are_reported() -> None:
    document = read("年休假".encode() * 20 + b"\xff\xfe!", "a.txt")
    assert document.text.startswith("年休假")
    assert document.text.endswith("\ufffd\ufffd!")
    assert "2 places could not be decoded as utf-8" in document.warnings[0]


def test_the_first_undecodable_line_is_named() -> None:
    document = read("年休假\n".encode() * 20 + b"\xff!\n", "a.txt")
    assert document.warnings[0].endswith("the first is on line 21")


@pytest.mark.parametrize("size", [12, 25, 50])
def test_short_texts_are_read_right(size: int) -> None:
    for text, encoding in (
        (RUSSIAN, "koi8_r"),
        (SIMPLIFIED, "gb18030"),
        (KOREAN, "cp949"),
        (ARABIC, "cp1256"),
    ):
        assert read(text[:size].strip().encode(encoding), "a.txt").text == text[:size].strip()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["你好世界，这是一个测试。", "こんにちは世界", "안녕하세요", "会议纪要"])
def test_a_line_of_utf_16_without_any_ascii_is_found_out(text: str, encoding: str) -> None:
    assert read(text.encode(encoding), "a.txt").text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("北京市朝阳区", "gb18030"),
        ("臺北市", "cp950"),
        ("株式会社", "cp932"),
        ("계약", "cp949"),
        ("Привет", "cp1251"),
    ],
)
def test_a_legacy_word_of_even_length_is_no_utf_16(text: str, encoding: str) -> None:
    assert read(text.encode(encoding), "a.txt").text == text


def test_what_reads_about_as_well_as_utf_16_is_called_uncertain() -> None:
    (warning,) = read("剪枝".encode("utf-16-be"), "a.txt").warnings
    assert warning.startswith("the encoding is uncertain")


def test_a_few_foreign_letters_among_ascii_are_enough() -> None:
    entry = '2024-05-01 12:00:00 INFO user=admin id=17 name="{}" status=ok\n'
    for word, encoding in (
        ("Müller", "cp1252"),
        ("Привет", "cp1251"),
        ("张三丰", "gb18030"),
        ("Łódź", "cp1250"),
    ):
        written = entry.format("Smith") * 3 + entry.format(word)
        assert read(written.encode(encoding), "a.log").text == written


def test_a_single_high_byte_at_the_end_of_a_long_line_is_no_damage() -> None:
    document = read(b"coffee and tea " * 5000 + b"caf\xe9", "a.txt")
    assert document.text.endswith("café")


INVISIBLE = [*map(chr, (*range(9), *range(14, 32), 0x7F)), *"\xad\u200b\u2060\ufeff\ufffe\uffff"]
ANY = st.characters() | st.characters(categories=["Cs"]) | st.sampled_from([*INVISIBLE, *"\r\n\t\f\v a"])


@given(st.text(ANY) | st.text(st.sampled_from("a\r\n\t\f\v\x00\x1f\x7f")))
def test_clean_text_has_line_feeds_and_nothing_invisible(text: str) -> None:
    lines = re.sub("\r\n|[\r\f\v]", "\n", text)
    whole = ("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in lines)
    assert clean(text) == "".join(letter for letter in whole if letter not in INVISIBLE)


def test_line_ends_and_control_characters_are_cleaned() -> None:
    assert read("a\r\nb\rc\x01d\n", "a.txt").text == "a\nb\ncd\n"


def test_paragraphs_stand_between_blank_lines_and_know_their_line() -> None:
    document = read("one\ntwo\n\n \n  三\n", "a.txt")
    assert blocks(document) == [("paragraph", "one\ntwo"), ("paragraph", "三")]
    assert [block.locator for block in document.blocks] == [Locator(line=1), Locator(line=5)]


@pytest.mark.parametrize("data", [b"", b" \n\t\n", "\u3000\n".encode()])
def test_blank_files_are_empty(data: bytes) -> None:
    with pytest.raises(EmptyDocument):
        read(data, "a.txt")


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"\x89PNG\r\n\x1a\n....", "a.txt", "PNG image"),
        (b"{\\rtf1 x}", "a.rtf", "RTF"),
        (bytes(range(256)) * 8, "a.txt", "binary data"),
    ],
)
def test_other_formats_are_named(data: bytes, name: str, says: str) -> None:
    with pytest.raises(UnsupportedFormat, match=says) as caught:
        read(data, name)
    assert ".docx" in str(caught.value)


def test_content_decides_before_the_name() -> None:
    page = b"<!DOCTYPE html><title>T</title><p>hello"
    assert read(page, "a.txt").metadata == {"title": "T"}
    assert read(page, "").text == "hello"
    with pytest.raises(ExtractionError, match="not a pdf file: its content is plain text"):
        read(b"hello", "a.pdf")


def test_markdown_blocks() -> None:
    written = (
        "Title\n=====\nText over\ntwo lines.\n\n## Sub ##\n- a\n  more\n\n- b\n\n~~~py\n# no\n\n```\n~~~\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n1. x\n2. y\n# End\n"
    )
    document = read(written, "a.md")
    assert document.text == written
    assert blocks(document) == [
        ("heading", "Title\n====="),
        ("paragraph", "Text over\ntwo lines."),
        ("heading", "## Sub ##"),
        ("list", "- a\n  more\n\n- b"),
        ("code", "~~~py\n# no\n\n```\n~~~"),
        ("table", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("list", "1. x\n2. y"),
        ("heading", "# End"),
    ]
    assert [block.level for block in document.blocks if block.kind == "heading"] == [1, 2, 1]
    assert [block.locator.line for block in document.blocks] == [1, 3, 6, 7, 12, 17, 22, 24]


def test_front_matter_becomes_metadata() -> None:
    document = read(
        '---\ntitle: "年假: 规定"\ntags: [hr, "a, b"]\nowners:\n  - x\n  - y\nyear: 2024\nnote: >\n  long\n  text\n'
        "nested:\n  deep:\n    er: 1\n---\n\nBody\n",
        "a.md",
    )
    assert document.metadata == {
        "title": "年假: 规定",
        "tags": ("hr", "a, b"),
        "owners": ("x", "y"),
        "year": 2024.0,
        "note": "long text",
    }
    assert document.text.strip() == "Body"
    assert document.blocks[0].locator == Locator(line=16)
    assert document.warnings == ("nested front matter was not read: nested",)


def test_a_rule_on_top_is_not_front_matter() -> None:
    assert "Hello, world" in read("---\nHello, world\n---\nBody", "a.md").text


def test_html_reads_what_a_visitor_sees() -> None:
    document = read(
        "<title>T</title><body><nav>menu</nav><main><h2>Head<b>ing</b></h2><p>One\n two<br>three"
        "<p>中文的\n  一行<p hidden>no<div style='display: none'>no</div><!-- no --><script>no</script>"
        "<p>a<b>b</b>c <ruby>漢<rt>kan</rt></ruby></main><footer>imprint</footer>",
        "a.html",
    )
    assert document.metadata == {"title": "T"}
    assert blocks(document) == [
        ("heading", "Heading"),
        ("paragraph", "One two\nthree"),
        ("paragraph", "中文的一行"),
        ("paragraph", "abc 漢"),
    ]
    assert document.blocks[0].level == 2


def test_html_without_marked_content_keeps_all_that_is_visible() -> None:
    assert (
        read("<nav>menu</nav><div>text</div><footer>imprint</footer>", "a.html").text
        == "menu\n\ntext\n\nimprint"
    )


def test_html_lists_tables_and_code() -> None:
    document = read(
        "<ol start=3><li>a<ul><li>b</ul><li><p>c</p><p>d</p></ol>"
        "<table><caption>Days</caption><tr><th>year<th>days<tr><td rowspan=2>1|2<td>5<br>6<tr><td>7</table>"
        "<pre>if x:\n    y()\n</pre>",
        "a.html",
    )
    assert blocks(document) == [
        ("list", "3. a\n  - b\n4. c\n  d"),
        ("paragraph", "Days"),
        ("table", "| year | days |\n| --- | --- |\n| 1\\|2 | 5 6 |\n| 1\\|2 | 7 |"),
        ("code", "if x:\n    y()"),
    ]


@pytest.mark.parametrize("declared", ["gb2312", "utf-8", "iso-8859-1"])
def test_html_trusts_the_bytes_more_than_a_wrong_declaration(declared: str) -> None:
    page = f'<html><meta charset="{declared}"><p>{SIMPLIFIED}'
    assert read(page.encode("gb18030"), "a.html").text == SIMPLIFIED
    assert read(page.encode("utf-8"), "a.html").text == SIMPLIFIED


def test_csv_is_a_table_with_a_block_per_record() -> None:
    document = read('id;name\n007;"张;三"\n\n008;"a|b\nc"\n', "a.csv")
    assert blocks(document) == [
        ("table", "| id | name |\n| --- | --- |"),
        ("table", "| 007 | 张;三 |"),
        ("table", "| 008 | a\\|b<br>c |"),
    ]
    assert [block.locator.row for block in document.blocks] == [1, 2, 4]
    assert document.text.count("\n") == 3


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    data = "\n".join(delimiter.join(row) for row in (["a", "b", "c"], ["1, 2", "3", "4"], ["5", "6", "7"]))
    if delimiter != ",":
        assert read(data, "a.csv").text.splitlines()[2] == "| 1, 2 | 3 | 4 |"
    else:
        assert read(data.replace("1, 2", "12"), "a.csv").text.splitlines()[2] == "| 12 | 3 | 4 |"


def test_a_declared_delimiter_is_obeyed() -> None:
    document = read("sep=;\na,b;c\n1,2;3\n", "a.csv")
    assert document.text == "| a,b | c |\n| --- | --- |\n| 1,2 | 3 |"
    assert [block.locator.row for block in document.blocks] == [2, 3]


def test_ragged_rows_are_kept_and_reported() -> None:
    document = read("a,b\n1,2,3\n4,5\n", "a.csv")
    assert "| 1 | 2 | 3 |" in document.text
    assert document.warnings == (
        "1 of 3 rows do not have 2 columns, the first is row 2; their cells were kept",
    )


def test_a_quote_that_is_never_closed_swallows_nothing() -> None:
    document = read('a,b\n1,"x\n2,y\n3,z\n', "a.csv")
    assert [block.locator.row for block in document.blocks] == [1, 2, 3, 4]
    assert "quote opened on line 2" in document.warnings[0]


def test_a_line_break_within_the_last_quoted_field_is_kept_together():
    document = extract(b'id,note,who\n1,"a\nb",x\n2,"c\nd",y', name="t.csv", sandbox=False)
    assert document.warnings == ()
    assert [line.count("|") for line in document.text.splitlines()] == [4, 4, 4, 4]
    assert '"' not in document.text
