"""OLE compound files: their streams, and the file in an embedded object."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import compound, ole_package

from extractors.ole.compound import CompoundFile
from extractors.ole.embedded import embedded_file
from knowledge.errors import ExtractionError, UnsupportedFormat

NAMES = st.text(alphabet="abcdef", min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(streams=st.dictionaries(NAMES, st.binary(min_size=1, max_size=2000), min_size=1, max_size=8))
def test_every_stream_is_found_with_its_bytes(streams: dict[str, bytes]) -> None:
    opened = CompoundFile(compound(streams), "a.ole")
    assert {path: opened.read(path) for path in opened.paths} == streams


@settings(max_examples=150, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 255)), max_size=20),
    end=st.integers(0, 2560),
)
def test_a_damaged_file_ends_in_an_error_or_in_bytes_of_its_own(
    places: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(compound({"a": b"x" * 600, "b": b"y" * 500}))
    for place, value in places:
        data[place % len(data)] = value
    try:
        opened = CompoundFile(bytes(data[: len(data) - end]), "a.ole")
        assert all(len(opened.read(path)) <= len(data) for path in opened.paths)
    except ExtractionError as error:
        assert "damaged" in str(error)  # noqa: PT017


def test_what_was_inserted_comes_out() -> None:
    assert embedded_file(ole_package("plan.txt", b"needle"), "oleObject1.bin") == (b"needle", "plan.txt")
    assert embedded_file(compound({"CONTENTS": b"%PDF-1.7"}), "oleObject1.bin") == (
        b"%PDF-1.7",
        "oleObject1.pdf",
    )
    whole = compound({"WordDocument": b"x"})
    assert embedded_file(whole, "letter.doc") == (whole, "letter.doc")
    assert embedded_file(b"PK\x03\x04", "a.xlsx") == (b"PK\x03\x04", "a.xlsx")


def test_objects_of_other_programs_are_refused() -> None:
    with pytest.raises(UnsupportedFormat, match="only the program that made it"):
        embedded_file(compound({"Equation Native": b"x"}), "oleObject1.bin")
