"""Every operator on every kind of stored value, ours beside Dify's, and a name for each difference that is meant.

`python tests/dify_operators.py` prints the comparison as Markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from knowledge.errors import FilterError
from knowledge.filters import OPERATORS, Condition, Operator, check, matches, positive_of, values_of
from knowledge.types import FieldType, Value

TYPES: Final[tuple[FieldType, ...]] = get_args(FieldType)

TEXTS: Final[Mapping[str, Any]] = {
    "missing": ...,
    "null": None,
    "[]": [],
    '""': "",
    "HR": "HR",
    "hr": "hr",
    "[HR, IT]": ["HR", "IT"],
}
NUMBERS: Final[Mapping[str, Any]] = {
    "missing": ...,
    "null": None,
    "[]": [],
    "5": 5,
    "6": 6,
    "7": 7,
    "[5, 7]": [5, 7],
}
STORED: Final[Mapping[FieldType, Mapping[str, Any]]] = {"string": TEXTS, "number": NUMBERS, "time": NUMBERS}
"""What a document may hold, by how it is written in the tables. Times are epoch seconds: small ones do."""

Outcome = bool | str
"""Whether the document is found; a word when the condition is not carried out."""
REFUSED: Final = "error"


def wanted_for(op: Operator, kind: FieldType) -> Value:
    """What a row of the tables compares with."""
    if op in ("empty", "not-empty"):
        return ()
    if op in ("in", "not-in"):
        return ("HR", "XX") if kind == "string" else (6.0, 9.0)
    if kind == "string":
        return {"contains": "H", "not-contains": "H", "starts-with": "H", "ends-with": "R"}.get(op, "HR")
    return "6" if "contains" in op or op.endswith("-with") else 6.0


def ours(op: Operator, kind: FieldType, stored: Any) -> Outcome:
    metadata = {} if stored is ... else {"f": tuple(stored) if isinstance(stored, list) else stored}
    try:
        return matches(check(Condition("f", op, wanted_for(op, kind)), {"f": kind}), metadata)
    except FilterError:
        return REFUSED


def dify(op: Operator, kind: FieldType, stored: Any) -> Outcome:
    """Dify's SQL of 2026 on `doc_metadata->>'f'`: the JSON text of a value, NULL when it is missing or null."""
    wanted = wanted_for(op, kind)
    text = None if stored is ... or stored is None else _json_text(stored)
    if op == "empty":
        return text is None
    if op == "not-empty":
        return text is not None
    if text is None:
        return False
    if op in ("in", "not-in"):
        assert isinstance(wanted, tuple)
        return (text in [str(each) for each in wanted]) is (op == "in")
    if isinstance(wanted, str):
        return _of_text(op, text, wanted)
    assert isinstance(wanted, float)
    return _of_number(op, text, wanted)


def _json_text(stored: Any) -> str:
    return str(stored).replace("'", '"') if isinstance(stored, list) else str(stored)


def _of_text(op: Operator, text: str, wanted: str) -> Outcome:
    like: Mapping[str, bool] = {
        "contains": wanted in text,
        "not-contains": wanted not in text,
        "starts-with": text.startswith(wanted),
        "ends-with": text.endswith(wanted),
        "=": text == wanted,
        "is": text == wanted,
        "!=": text != wanted,
        "is-not": text != wanted,
    }
    # What is left casts the stored text to a number, and this one is none.
    return like.get(op, REFUSED)


def _of_number(op: Operator, text: str, wanted: float) -> Outcome:
    try:
        have = float(text)
    except ValueError:
        return REFUSED
    compared: Mapping[str, bool] = {
        "=": have == wanted,
        "is": have == wanted,
        "!=": have != wanted,
        "is-not": have != wanted,
        ">": have > wanted,
        "after": have > wanted,
        "<": have < wanted,
        "before": have < wanted,
        ">=": have >= wanted,
        "<=": have <= wanted,
    }
    return compared[op]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One operator on one stored value."""

    kind: FieldType
    op: Operator
    column: str
    stored: Any

    @property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        return ours(self.op, self.kind, self.stored), dify(self.op, self.kind, self.stored)


def cells() -> Iterator[Cell]:
    for kind in TYPES:
        for op in OPERATORS:
            for column, stored in STORED[kind].items():
                yield Cell(kind=kind, op=op, column=column, stored=stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is meant, and where it shows."""

    name: str
    explains: Callable[[Cell], bool]


DIFFERENCES: Final = (
    Difference(
        name="An operator belongs to types: text has no order and numbers have no parts. Dify looks into a number's "
        "digits, and lets the database fail on text.",
        explains=lambda cell: cell.outcomes[0] == REFUSED,
    ),
    Difference(
        name="A negation is the exact complement: it finds documents that lack the field. Dify finds them neither "
        "way.",
        explains=lambda cell: cell.column in ("missing", "null") and positive_of(cell.op) is not None,
    ),
    Difference(
        name="An empty list is empty. Dify takes its JSON text for a value.",
        explains=lambda cell: cell.stored == [] and "empty" in cell.op,
    ),
    Difference(
        name="A list fulfils a condition when one of its values does. Dify compares the JSON text of the whole list; "
        "with numbers its database fails on that, and with it the search.",
        explains=lambda cell: isinstance(cell.stored, list),
    ),
    Difference(
        name="Numbers are compared as numbers everywhere. Dify's `in` and `not in` compare how they are written: "
        "6.0 is not 6.",
        explains=lambda cell: cell.op in ("in", "not-in") and cell.kind != "string",
    ),
)
"""The first that explains a cell is its reason."""

ELSEWHERE: Final = (
    "Case is told apart in both; here it can be ignored, for one condition, one search or one knowledge base.",
    "An unknown field or operator, and a value that does not fit or is missing, is an error. Dify leaves a condition "
    "with an unknown operator or without a value out, and when none is left it finds everything.",
    "A list given to `is` or `=` is an error. Dify leaves the condition out.",
    'The values of `in` are a line of CSV, so that `"a, b"` is one value; a list in Python. In Dify a value with a '
    "comma cannot be written as text.",
    "An empty string is a value in both.",
)
"""What no table shows."""


def difference(cell: Cell) -> str | None:
    """Why the two differ; None where they agree. Raises `LookupError` for a difference that nobody named."""
    mine, theirs = cell.outcomes
    if mine == theirs:
        return None
    for known in DIFFERENCES:
        if known.explains(cell):
            return known.name
    raise LookupError(f"{cell}: ours {mine}, Dify {theirs}")


def markdown() -> str:
    """One table for each type, footnotes for the differences."""
    lines = ["✓ found, · not found; `✓≠·` ours ≠ Dify's, with the number of the reason.", ""]
    for title, kind in (("string", "string"), ("number and time", "number")):
        columns = STORED[kind]
        lines += [f"**{title}**", "", "| operator | value | " + " | ".join(columns) + " |"]
        lines += ["|---" * (len(columns) + 2) + "|", *(_row(op, kind) for op in OPERATORS), ""]
    lines += [f"{number}. {known.name}" for number, known in enumerate(DIFFERENCES, 1)]
    return "\n".join([*lines, "", *(f"- {name}" for name in ELSEWHERE)]) + "\n"


def _row(op: Operator, kind: FieldType) -> str:
    wanted = ", ".join(str(value).removesuffix(".0") for value in values_of(wanted_for(op, kind)))
    shown = [_shown(cell) for cell in cells() if (cell.kind, cell.op) == (kind, op)]
    return " | ".join([f"| `{op}`", wanted, *shown]) + " |"


def _shown(cell: Cell) -> str:
    mine, theirs = ({True: "✓", False: "·"}.get(outcome, outcome) for outcome in cell.outcomes)
    reason = difference(cell)
    names = [known.name for known in DIFFERENCES]
    return str(mine) if reason is None else f"{mine}≠{theirs} ({names.index(reason) + 1})"


if __name__ == "__main__":
    print(markdown(), end="")
