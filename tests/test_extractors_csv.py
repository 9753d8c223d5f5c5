"""CSV and its relatives: nothing is lost, whatever separates the cells."""

import csv
import io
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors import extract
from knowledge.errors import KnowledgeError
from knowledge.types import Document

words = st.text(alphabet="abcXYZ012 ,;|\t'\n中é", min_size=1, max_size=12)


def read(text: str | bytes, name: str = "a.csv") -> Document:
    data = text.encode() if isinstance(text, str) else text
    return extract(data, name=name, sandbox=False)


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(words, min_size=3, max_size=3), min_size=2, max_size=8), st.sampled_from(",;\t|"))
def test_every_cell_is_kept_in_its_row(rows: list[list[str]], delimiter: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    document = read(stream.getvalue())
    for block, text in zip(document.blocks, texts(document), strict=True):
        assert block.locator.row is not None
        for cell in rows[block.locator.row - 1]:
            for word in cell.replace("|", " ").split():
                assert word in text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "¦"])
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    rows = [["id", "name", "note"], ["007", "Ann", "a b"], ["008", "Bo", "c"]]
    document = read("\n".join(map(delimiter.join, rows)))
    assert texts(document)[1:] == ["| 007 | Ann | a b |", "| 008 | Bo | c |"]


def test_a_single_column_may_hold_commas() -> None:
    text = "Remarks\nyes, but late\nnever\nonly in May, June, or July\nno\n"
    assert texts(read(text))[1:] == [
        "| yes, but late |",
        "| never |",
        "| only in May, June, or July |",
        "| no |",
    ]


def test_titles_and_comments_stand_above_the_table() -> None:
    document = read("# made by a, b and c\nStaff\nid,name,days,team\n1,Ann,30,A\n2,Bo,28,B\n")
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph", "table", "table", "table"]
    assert texts(document)[:2] == ["# made by a,b and c", "Staff"]
    assert document.warnings == ()


def test_a_header_may_start_with_the_sign_of_comments() -> None:
    assert texts(read("#,name\n1,Ann\n2,Bo\n"))[0] == "| # | name |\n| --- | --- |"


def test_ragged_rows_are_kept_and_reported_once() -> None:
    document = read("a,b\n1,2\n3,4,5\n6\n7,8\n")
    assert texts(document)[2:4] == ["| 3 | 4 | 5 |", "| 6 |  |  |"]
    assert document.warnings == (
        "2 of 5 rows do not have 2 columns, the first is row 3; their cells were kept",
    )


@pytest.mark.parametrize("text", ['a, "b, c"\nd, "e, f"\n', 'a,"b, c"\nd,"e, f"\n'])
def test_quotes_may_follow_a_space(text: str) -> None:
    assert texts(read(text)) == ["| a | b, c |\n| --- | --- |", "| d | e, f |"]


def test_quotes_within_a_cell_are_doubled() -> None:
    assert texts(read('a,b\n1,"say ""x, y"""\n'))[1] == '| 1 | say "x, y" |'


def test_line_breaks_stay_within_their_cell() -> None:
    assert texts(read('a,b\n1,"x\ny"\n'))[1] == "| 1 | x<br>y |"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030", "utf-16-be"])
def test_the_encoding_is_found_out(encoding: str) -> None:
    rows = "工号,姓名,部门\n007,张三,人事部\n008,李四,财务部\n" * 5
    assert texts(read(rows.encode(encoding)))[1] == "| 007 | 张三 | 人事部 |"


def test_a_huge_cell_is_kept_whole() -> None:
    cell = "x" * 500_000
    assert texts(read(f"a,b\n1,{cell}\n"))[1] == f"| 1 | {cell} |"


def test_damaged_files_stay_in_the_error_tree() -> None:
    sample = '# c\nid,name\n1,"a\nb"\n2,张三\n'.encode()
    chance = random.Random(1)
    for _ in range(100):
        data = bytearray(sample)
        for _ in range(chance.choice((1, 4, 12))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(KnowledgeError):
            read(bytes(data[: chance.randrange(1, len(data) + 1)]))
