"""Conditions: what they mean, how they are written, what is refused, and that a search keeps to them."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import Document, Field, KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import FilterError
from knowledge.filters import (
    And,
    Condition,
    Filter,
    Not,
    Operator,
    Or,
    check,
    ignoring_case,
    matches,
    operator_named,
)
from knowledge.query import parse_condition, parse_list

FIELDS = {"year": "number", "dept": "string", "due": "time"}
EVERY_TYPE = {"=", "!=", "is", "is-not", "in", "not-in", "empty", "not-empty"}
OPERATORS_OF = {
    "string": EVERY_TYPE | {"contains", "not-contains", "starts-with", "ends-with"},
    "number": EVERY_TYPE | {">", "<", ">=", "<=", "before", "after"},
    "time": EVERY_TYPE | {">", "<", ">=", "<=", "before", "after"},
}
NEGATIONS = {"!=": "=", "is-not": "is", "not-contains": "contains", "not-in": "in", "not-empty": "empty"}

TEXTS = (
    "",
    "HR",
    "hr",
    " HR ",
    "HR dept",
    "人事",
    "人事部",
    "部",
    "é",
    "e\u0301",
    "%",
    "_",
    "\\",
    "a\0b",
    "b",
    "😀",
    "ß",
    "SS",
    "İ",
    "i\u0307",
    "Σς",
    "σσ",
    "ＨＲ",
    "ｈｒ",
)
NUMBERS = (-1.5, 0.0, 2.0, 2024.0, 1_704_067_200.0)
STORED = {"dept": st.sampled_from(TEXTS), "year": st.sampled_from(NUMBERS), "due": st.sampled_from(NUMBERS)}


def one_or_several(scalars: st.SearchStrategy) -> st.SearchStrategy:
    return scalars | st.lists(scalars, max_size=3).map(tuple)


documents = st.fixed_dictionaries(
    {}, optional={name: st.none() | one_or_several(scalars) for name, scalars in STORED.items()}
)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Any operator on any field that has it; text with and without its case."""
    name = draw(st.sampled_from(sorted(FIELDS)))
    op = draw(st.sampled_from(sorted(OPERATORS_OF[FIELDS[name]])))
    if op in ("empty", "not-empty"):
        return Condition(name, op)
    values = st.lists(STORED[name], max_size=4).map(tuple) if op in ("in", "not-in") else STORED[name]
    return Condition(name, op, draw(values), ignore_case=name == "dept" and draw(st.booleans()))


filters = st.recursive(
    conditions(),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=5,
)


@given(condition=filters, document=documents)
def test_a_condition_and_its_negation_partition_the_documents(condition: Filter, document: dict) -> None:
    assert matches(condition, document) != matches(~condition, document)


@given(condition=conditions(), document=documents)
def test_a_negated_operator_is_the_exact_complement(condition: Condition, document: dict) -> None:
    if condition.op in NEGATIONS:
        positive = replace(condition, op=NEGATIONS[condition.op])
        assert matches(condition, document) != matches(positive, document)


@given(left=filters, right=filters, document=documents)
def test_and_or_follow_de_morgan(left: Filter, right: Filter, document: dict) -> None:
    assert matches(left & right, document) == (matches(left, document) and matches(right, document))
    assert matches(~(left | right), document) == matches(~left & ~right, document)


@given(document=documents, moment=STORED["due"])
def test_before_and_after_are_strict(document: dict, moment: float) -> None:
    assert matches(Field("due").before(moment), document) == matches(Field("due") < moment, document)
    assert matches(Field("due").after(moment), document) == matches(Field("due") > moment, document)


LETTERS = st.text("sSßẞiIİı\u0307σςΣaAａＡéÉ人\0", max_size=4)
"""Letters whose two cases differ in number or have several forms."""


def fulfils(op: str, have: list[str], wanted: tuple[str, ...], ignore_case: bool) -> bool:
    """What a condition on text means, written down a second time."""
    if ignore_case:
        have, wanted = [text.casefold() for text in have], tuple(text.casefold() for text in wanted)
    if op in ("=", "is", "in"):
        return not set(have).isdisjoint(wanted)
    if op == "contains":
        return any(text.find(wanted[0]) >= 0 for text in have)
    if op == "starts-with":
        return any(text[: len(wanted[0])] == wanted[0] for text in have)
    if op == "ends-with":
        return any(
            text[len(text) - len(wanted[0]) :] == wanted[0] for text in have if len(text) >= len(wanted[0])
        )
    return {"empty": not have, "not-empty": bool(have)}.get(op, False) or (
        op in NEGATIONS and "empty" not in op and not fulfils(NEGATIONS[op], have, wanted, ignore_case=False)
    )


@given(
    op=st.sampled_from(sorted(OPERATORS_OF["string"])),
    have=st.lists(LETTERS, max_size=3),
    wanted=st.lists(LETTERS, max_size=3).map(tuple),
    ignore_case=st.booleans(),
)
def test_text_is_compared_with_or_without_its_case(
    op: str, have: list[str], wanted: tuple[str, ...], ignore_case: bool
) -> None:
    if "empty" in op:
        wanted = ()
    elif op not in ("in", "not-in"):
        wanted = (*wanted, "s")[:1]
    condition = Condition("f", op, wanted, ignore_case)  # type: ignore[arg-type]
    assert matches(condition, {"f": tuple(have)}) is fulfils(op, have, wanted, ignore_case)


@pytest.mark.parametrize(
    ("condition", "text", "expected"),
    [
        (Field("f", ignore_case=True) == "hr", "HR", True),
        (Field("f") == "hr", "HR", False),
        (Field("f", ignore_case=True) != "hr", "HR", False),
        (Field("f", ignore_case=True).contains("STRASSE"), "Hauptstraße 5", True),
        (Field("f", ignore_case=True).ends_with("ΟΔΟΣ"), "οδος", True),
        (Field("f", ignore_case=True).in_(["it", "hr"]), "Hr", True),
        (Field("f", ignore_case=True).is_("ｈｒ"), "ＨＲ", True),
        # Another width or accent is another letter, in whatever case.
        (Field("f", ignore_case=True).is_("hr"), "ＨＲ", False),
        (Field("f", ignore_case=True).is_("e"), "É", False),
    ],
)
def test_case_ignored(condition: Condition, text: str, expected: bool) -> None:
    assert matches(condition, {"f": text}) is expected


def test_case_is_ignored_only_in_text() -> None:
    written = (Field("year") > 2023) & Field("dept").contains("h") & ~Field("dept").is_empty()
    assert check(ignoring_case(written), FIELDS) == (
        (Field("year") > 2023.0) & Field("dept", ignore_case=True).contains("h") & ~Field("dept").is_empty()
    )
    assert matches(ignoring_case(Field("year") == 2.0), {"year": 2.0})


@given(condition=filters)
def test_checking_a_condition_of_the_right_types_changes_nothing(condition: Filter) -> None:
    assert check(condition, FIELDS) == condition


def test_empty_groups() -> None:
    assert matches(And(()), {})
    assert not matches(Or(()), {})


STRING_COLUMNS = ({}, {"f": None}, {"f": ()}, {"f": ""}, {"f": "HR"}, {"f": "hr"}, {"f": ("HR", "IT")})
STRING_TABLE = """
    operator      value   missing null []  ""  HR  hr  [HR,IT]
    =             HR      .       .    .   .   x   .   x
    is            HR      .       .    .   .   x   .   x
    !=            HR      x       x    x   x   .   x   .
    is-not        HR      x       x    x   x   .   x   .
    contains      H       .       .    .   .   x   .   x
    not-contains  H       x       x    x   x   .   x   .
    starts-with   H       .       .    .   .   x   .   x
    ends-with     R       .       .    .   .   x   .   x
    in            HR,XX   .       .    .   .   x   .   x
    not-in        HR,XX   x       x    x   x   .   x   .
    in            -       .       .    .   .   .   .   .
    not-in        -       x       x    x   x   x   x   x
    empty         -       x       x    x   .   .   .   .
    not-empty     -       .       .    .   x   x   x   x
"""
"""Where Dify answers otherwise is named in `dify_operators.py`."""

NUMBER_COLUMNS = ({}, {"f": None}, {"f": ()}, {"f": 5.0}, {"f": 6.0}, {"f": 7.0}, {"f": (5.0, 7.0)})
NUMBER_TABLE = """
    operator      value   missing null []  5   6   7   [5,7]
    =             6       .       .    .   .   x   .   .
    is            6.0     .       .    .   .   x   .   .
    !=            6       x       x    x   x   .   x   x
    is-not        6.0     x       x    x   x   .   x   x
    >             6       .       .    .   .   .   x   x
    after         6       .       .    .   .   .   x   x
    <             6       .       .    .   x   .   .   x
    before        6       .       .    .   x   .   .   x
    >=            6       .       .    .   .   x   x   x
    <=            6       .       .    .   x   x   .   x
    in            6,7     .       .    .   .   x   x   x
    not-in        6,7     x       x    x   x   .   .   .
    in            -       .       .    .   .   .   .   .
    not-in        -       x       x    x   x   x   x   x
    empty         -       x       x    x   .   .   .   .
    not-empty     -       .       .    .   x   x   x   x
"""


def rows(table: str, columns: tuple[dict, ...]) -> list[tuple[str, str, dict, bool]]:
    found = []
    for line in table.strip().splitlines()[1:]:
        op, value, *marks = line.split()
        for document, mark in zip(columns, marks, strict=True):
            found.append((op, value, document, mark == "x"))
    return found


@pytest.mark.parametrize(("op", "value", "document", "expected"), rows(STRING_TABLE, STRING_COLUMNS))
def test_every_operator_on_strings(op: str, value: str, document: dict, expected: bool) -> None:
    condition = parse_condition(f"f {op} {value.strip('-')}")
    assert matches(check(condition, {"f": "string"}), document) is expected


@pytest.mark.parametrize("kind", ["number", "time"])
@pytest.mark.parametrize(("op", "value", "document", "expected"), rows(NUMBER_TABLE, NUMBER_COLUMNS))
def test_every_operator_on_numbers_and_times(
    kind: str, op: str, value: str, document: dict, expected: bool
) -> None:
    wanted = tuple(float(number) for number in parse_list(value.strip("-")))
    condition = Condition("f", op, wanted)  # type: ignore[arg-type]
    assert matches(check(condition, {"f": kind}), document) is expected  # type: ignore[dict-item]


@pytest.mark.parametrize("table", [STRING_TABLE, NUMBER_TABLE])
def test_the_tables_leave_no_operator_out(table: str) -> None:
    kind = "string" if table == STRING_TABLE else "number"
    assert {line.split()[0] for line in table.strip().splitlines()[1:]} == OPERATORS_OF[kind]
    assert OPERATORS_OF["string"] | OPERATORS_OF["number"] == set(get_args(Operator))


@pytest.mark.parametrize(
    ("condition", "document", "expected"),
    [
        (Field("dept").contains("人"), {"dept": "人事部"}, True),
        (Field("dept").ends_with("部"), {"dept": ("IT", "人事部")}, True),
        (Field("dept").starts_with(""), {"dept": ""}, True),
        (Field("dept").starts_with(""), {}, False),
        (Field("dept").not_contains("draft") & Field("dept").is_not_empty(), {}, False),
        (~Field("dept").is_("draft"), {"dept": "final"}, True),
        (Field("dept").is_empty() | (Field("year") >= 2024), {"year": 2024.0}, True),
        (Field("year").in_([2023, 2024]), {"year": 2024.0}, True),
        (Field("year").not_in([2023, 2024]), {}, True),
        (Field("year").is_not(2024), {"year": (2023.0, 2024.0)}, False),
        # A number and a text are different whatever they look like, and have no order.
        (Field("dept") == 7, {"dept": "7"}, False),
        (Field("dept") > 7, {"dept": "9"}, False),
    ],
)
def test_examples(condition: Filter, document: dict, expected: bool) -> None:
    assert matches(condition, document) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year >= 2024", Condition("year", ">=", "2024")),
        ("year>=2024", Condition("year", ">=", "2024")),
        ("year!=2024", Condition("year", "!=", "2024")),
        ("部门 contains 人 事", Condition("部门", "contains", "人 事")),
        ("部门 not-contains 人 事", Condition("部门", "not-contains", "人 事")),
        ("dept is HR", Condition("dept", "is", "HR")),
        ("dept is-not HR", Condition("dept", "is-not", "HR")),
        ("dept is not HR", Condition("dept", "is", "not HR")),
        ("is-not is is-not", Condition("is-not", "is", "is-not")),
        ("file starts-with /a b/", Condition("file", "starts-with", "/a b/")),
        ("file ends-with .pdf", Condition("file", "ends-with", ".pdf")),
        ("dept in HR", Condition("dept", "in", ("HR",))),
        ('dept in HR , "a, ""b"" " ,,人事', Condition("dept", "in", ("HR", 'a, "b" ', "", "人事"))),
        ("dept in 5\" pipe, it's", Condition("dept", "in", ('5" pipe', "it's"))),
        ("dept not-in HR,", Condition("dept", "not-in", ("HR", ""))),
        ("dept in", Condition("dept", "in", ())),
        ("dept not-in ", Condition("dept", "not-in", ())),
        ("due before 2024-01-01", Condition("due", "before", "2024-01-01")),
        ("due after 2024-01-01", Condition("due", "after", "2024-01-01")),
        ("dept empty", Condition("dept", "empty")),
        ("dept not-empty ", Condition("dept", "not-empty")),
        ('"due date" < 2024-01-01', Condition("due date", "<", "2024-01-01")),
        ('"due date" empty', Condition("due date", "empty")),
        ("is_final = yes", Condition("is_final", "=", "yes")),
        ("a.b-c = x=y", Condition("a.b-c", "=", "x=y")),
        ("dept = ", Condition("dept", "=", "")),
        ("dept = empty", Condition("dept", "=", "empty")),
        ("empty empty", Condition("empty", "empty")),
    ],
)
def test_conditions_as_typed(text: str, expected: Condition) -> None:
    assert parse_condition(text) == expected


@given(values=st.lists(st.text(), max_size=4))
def test_any_list_can_be_typed(values: list[str]) -> None:
    line = ", ".join('"' + value.replace('"', '""') + '"' for value in values)
    assert parse_list(line) == tuple(values)


@pytest.mark.parametrize("text", ["", "year", "year ~ 3", "year 2024", "= 3", "year IN 3", "year is-nothing"])
def test_unreadable_conditions_name_the_operators(text: str) -> None:
    with pytest.raises(FilterError, match=r"NAME OP VALUE with OP one of: = .* not-empty"):
        parse_condition(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dept in "HR, IT', "cannot read the list"),
        ('dept in "HR" or "IT"', "cannot read the list"),
        ("dept empty HR", "'dept' empty takes no value, 'HR' was given"),
    ],
)
def test_unreadable_values(text: str, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        parse_condition(text)


@pytest.mark.parametrize(
    ("spellings", "expected"),
    [
        ("contains", "contains"),
        ("not contains|not-contains|not_contains|Not  Contains", "not-contains"),
        ("start with|starts with|start-with|starts_with", "starts-with"),
        ("end with|ends with|ends-with|end_with", "ends-with"),
        ("is", "is"),
        ("is not|is-not|is_not", "is-not"),
        ("in", "in"),
        ("not in|not-in", "not-in"),
        ("empty|null", "empty"),
        ("not empty|not null|not_empty", "not-empty"),
        ("=", "="),
        ("≠|!=", "!="),
        (">", ">"),
        ("<", "<"),
        ("≥|>=", ">="),
        ("≤|<=", "<="),
        ("before", "before"),
        ("after", "after"),
    ],
)
def test_operators_by_any_name(spellings: str, expected: str) -> None:
    assert {operator_named(spelling) for spelling in spellings.split("|")} == {expected}


@pytest.mark.parametrize("name", ["", "like", "not", "=>"])
def test_unknown_operators_are_told_which_there_are(name: str) -> None:
    with pytest.raises(FilterError, match=r"unknown operator .*allowed: = != .* empty not-empty"):
        operator_named(name)
    with pytest.raises(FilterError, match=r"unknown operator .*allowed: = != .* empty not-empty"):
        Condition("dept", name, "HR")  # type: ignore[arg-type]


def test_values_take_the_type_of_their_field() -> None:
    assert check(parse_condition("year >= 2024"), FIELDS) == Condition("year", ">=", 2024.0)
    assert check(parse_condition("year in 2023, 2024"), FIELDS) == Condition("year", "in", (2023.0, 2024.0))
    assert check(parse_condition("due before 1970-01-02"), FIELDS) == Condition("due", "before", 86400.0)
    assert check(parse_condition("due = 1704067200"), FIELDS) == Condition("due", "=", 1_704_067_200.0)
    assert check(Condition("dept", "not-in", "HR"), FIELDS) == Condition("dept", "not-in", ("HR",))
    assert check(Field("dept") == 7, FIELDS) == Condition("dept", "=", "7")
    nested = check(Not(Or((Field("year") > 1, Field("dept").is_empty()))), FIELDS)
    assert nested == Not(Or((Condition("year", ">", 1.0), Condition("dept", "empty"))))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Field("yaer") > 3, "unknown metadata field 'yaer'; this knowledge base has: dept, due, year"),
        (Field("dept") > "a", "'dept' is a string field and has no >; allowed: = != contains .* not-empty"),
        (Field("dept").before("a"), "'dept' is a string field and has no before; allowed: = != contains"),
        (Field("year").contains("2"), "'year' is a number field and has no contains; allowed: = != > < "),
        (Field("due").ends_with("2"), "'due' is a time field and has no ends-with; allowed: = != > < "),
        (Field("year") == "soon", "'soon' is not a number"),
        (Field("year").in_(["2024", "soon"]), "'soon' is not a number"),
        (Field("due").after("soon"), "'soon' is not an ISO 8601 time"),
        (Field("due") < "2024", "'2024' is not an ISO 8601 time"),
        (Field("dept").contains("\udce9"), "lone surrogates"),
    ],
)
def test_misfits_are_errors(condition: Filter, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        check(condition, FIELDS)


@pytest.mark.parametrize("kind", ["string", "number", "time"])
def test_each_type_has_its_operators_and_no_others(kind: str) -> None:
    for op in get_args(Operator):
        value = () if "empty" in op else "2024-01-01" if kind == "time" else "7"
        condition = Condition("f", op, value)
        if op in OPERATORS_OF[kind]:
            assert check(condition, {"f": kind}).op == op  # type: ignore[attr-defined, dict-item]
        else:
            with pytest.raises(FilterError, match=f"'f' is a {kind} field and has no {op}; allowed: "):
                check(condition, {"f": kind})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Field("x") == [1], "a string or a number"),
        (lambda: Field("x") != [1], "a string or a number"),
        (lambda: Field("x").in_("HR"), "allowed: a list"),
        (lambda: Field("x").in_(3), "allowed: a list"),  # type: ignore[arg-type]
        (lambda: Field("x").not_in([None]), "a string or a number"),  # type: ignore[list-item]
        (lambda: Condition("x", "is", ("a", "b")), "takes one value"),
        (lambda: Condition("x", ">"), "takes one value"),
        (lambda: Condition("x", "not-empty", "a"), "takes no value"),
    ],
)
def test_conditions_that_mean_nothing_cannot_be_made(make, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        make()


@pytest.fixture
def filled(workspace: Workspace) -> KnowledgeBase:
    """Documents that all answer "text", each with none, one or several values of every field."""
    chance = random.Random(5)
    pools = {"dept": TEXTS, "year": NUMBERS, "due": [datetime.fromtimestamp(each, UTC) for each in NUMBERS]}
    kb = workspace.create("filled")
    for number in range(40):
        values = {
            name: chance.choices(pool, k=chance.choice((0, 1, 1, 2, 3))) for name, pool in pools.items()
        }
        metadata = {name: several[0] if len(several) == 1 else several for name, several in values.items()}
        kb.ingest(Document(text="text", name=f"d{number}"), metadata=metadata)
    return kb


def test_a_search_keeps_to_any_condition(filled: KnowledgeBase) -> None:
    def check_search(where: Filter) -> None:
        found = {hit.document.key for hit in filled.search("text", top_k=100, where=where)}
        assert found == {key for key, metadata in stored.items() if matches(where, metadata)}

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(where=filters)
    def check_any(where: Filter) -> None:
        check_search(where)
        check_search(~where)

    stored = {record.key: record.metadata for record in filled.documents()}
    for op in ("contains", "not-contains", "starts-with", "ends-with"):
        for part in TEXTS:
            check_search(Condition("dept", op, part))  # type: ignore[arg-type]
    for op in sorted(OPERATORS_OF["string"] - {"empty", "not-empty"}):
        for part in TEXTS:
            check_search(Condition("dept", op, part, ignore_case=True))  # type: ignore[arg-type]
    check_any()


def test_one_of_several_conditions_on_the_command_line(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kb = workspace.create("reports")
    for name, metadata in {
        "a": {"year": 2023},
        "b": {"year": 2024, "dept": "HR"},
        "c": {"dept": "IT"},
    }.items():
        kb.ingest(Document(text="annual report", name=name), metadata=metadata)
    workspace.close()
    folder = str(tmp_path / "workspace")

    def found(*conditions: str) -> set[str]:
        code = main(["search", "report", "--kb", "reports", "--workspace", folder, "--json", *conditions])
        answer = json.loads(capsys.readouterr().out)
        return {hit["document"]["key"] for hit in answer["hits"]} if code == 0 else {answer["error"]["type"]}

    either = ("--where-any", "year = 2023", "--where-any", "dept in HR, IT")
    assert found(*either) == {"a", "b", "c"}
    assert found(*either, "--where", "dept not-empty") == {"b", "c"}
    assert found(*either, "--where", "dept not-empty", "--where", "year empty") == {"c"}
    assert found("--where-any", "year > 2023") == {"b"}
    assert found("--where-any", "year = 2023", "--where-any", "dept ~ HR") == {"FilterError"}
