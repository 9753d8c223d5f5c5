"""Our operators beside Dify's: every difference is one that has a name."""

from pathlib import Path

import pytest
from dify_operators import DIFFERENCES, Cell, cells, difference, markdown

from knowledge.filters import OPERATORS


@pytest.mark.parametrize("cell", list(cells()), ids=lambda cell: f"{cell.kind} {cell.op} {cell.column}")
def test_every_difference_from_dify_is_meant(cell: Cell) -> None:
    mine, theirs = cell.outcomes
    assert (difference(cell) is None) == (mine == theirs)


def test_no_difference_is_named_that_there_is_not() -> None:
    assert {difference(cell) for cell in cells()} - {None} == {known.name for known in DIFFERENCES}


@pytest.mark.parametrize(
    ("kind", "op", "column", "mine", "theirs"),
    [
        ("string", "is-not", "missing", True, False),
        ("string", "not-contains", "null", True, False),
        ("string", "is", "[HR, IT]", True, False),
        ("string", "empty", '""', False, False),
        ("string", "is", "hr", False, False),
        ("number", ">", "[5, 7]", True, "error"),
        ("number", "in", "6", True, False),
        ("number", "contains", "6", "error", True),
        ("time", "before", "6", False, False),
    ],
)
def test_examples(kind: str, op: str, column: str, mine: object, theirs: object) -> None:
    found = {(cell.kind, cell.op, cell.column): cell.outcomes for cell in cells()}
    assert found[kind, op, column] == (mine, theirs)  # type: ignore[index]


def test_numbers_and_times_have_one_table() -> None:
    of = {kind: [cell.outcomes for cell in cells() if cell.kind == kind] for kind in ("number", "time")}
    assert of["number"] == of["time"]
    assert sum(line.startswith("| `") for line in markdown().splitlines()) == 2 * len(OPERATORS)


def test_the_published_table_is_this_one() -> None:
    published = (Path(__file__).parent.parent / "DIFY.md").read_text(encoding="utf-8")
    assert markdown().strip() in published
