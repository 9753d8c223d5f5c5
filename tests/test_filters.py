"""Conditions: what they mean, how they are written, what is refused."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import Field
from knowledge.errors import FilterError
from knowledge.filters import And, Condition, Filter, Not, Or, check, matches
from knowledge.query import parse_condition

FIELDS = {"year": "number", "dept": "string", "due": "time"}

scalars = st.one_of(st.integers(-3, 3).map(float), st.sampled_from(["HR", "人事", "h", ""]))
values = st.one_of(scalars, st.lists(scalars, max_size=3).map(tuple))
metadata = st.dictionaries(st.sampled_from(["year", "dept", "other"]), values, max_size=3)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    if draw(st.booleans()):
        op = draw(st.sampled_from(["=", "!=", ">", "<", ">=", "<=", "is"]))
        return Condition("year", op, draw(st.integers(-3, 3).map(float)))
    op = draw(st.sampled_from(["=", "!=", "contains", "is"]))
    return Condition("dept", op, draw(st.sampled_from(["HR", "人", ""])))


typed_metadata = st.fixed_dictionaries(
    {},
    optional={
        "year": st.one_of(st.integers(-3, 3).map(float), st.lists(st.integers(-3, 3).map(float)).map(tuple)),
        "dept": st.one_of(
            st.sampled_from(["HR", "人事", ""]), st.lists(st.sampled_from(["HR", "人事"])).map(tuple)
        ),
    },
)


@given(condition=conditions(), document=typed_metadata)
def test_a_condition_and_its_negation_partition_the_documents(condition: Condition, document: dict) -> None:
    assert matches(condition, document) != matches(~condition, document)


@given(document=typed_metadata, value=st.integers(-3, 3).map(float))
def test_unequal_is_the_complement_of_equal(document: dict, value: float) -> None:
    assert matches(Field("year") == value, document) != matches(Field("year") != value, document)


@given(left=conditions(), right=conditions(), document=typed_metadata)
def test_and_or_follow_de_morgan(left: Filter, right: Filter, document: dict) -> None:
    assert matches(left & right, document) == (matches(left, document) and matches(right, document))
    assert matches(~(left | right), document) == matches(~left & ~right, document)


def test_empty_groups() -> None:
    assert matches(And(()), {})
    assert not matches(Or(()), {})
    assert not matches(Condition("dept", "in", ()), {"dept": "HR"})


@pytest.mark.parametrize(
    ("condition", "document", "expected"),
    [
        (Field("year") >= 2024, {"year": 2024.0}, True),
        (Field("year") >= 2024, {}, False),
        (Field("year") != 2024, {}, True),
        (Field("dept").contains("人"), {"dept": "人事部"}, True),
        (Field("dept").contains("hr"), {"dept": "HR"}, False),
        (Field("dept").is_("HR"), {"dept": ("IT", "HR")}, True),
        (Field("dept") != "HR", {"dept": ("IT", "HR")}, False),
        (~Field("dept").is_("draft"), {"dept": "final"}, True),
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
        ("dept is HR", Condition("dept", "is", "HR")),
        ('"due date" < 2024-01-01', Condition("due date", "<", "2024-01-01")),
        ("is_final = yes", Condition("is_final", "=", "yes")),
        ("a.b-c = x=y", Condition("a.b-c", "=", "x=y")),
        ("dept = ", Condition("dept", "=", "")),
    ],
)
def test_conditions_as_typed(text: str, expected: Condition) -> None:
    assert parse_condition(text) == expected


@pytest.mark.parametrize("text", ["", "year", "year ~ 3", "year 2024", "= 3"])
def test_unreadable_conditions_name_the_operators(text: str) -> None:
    with pytest.raises(FilterError, match="NAME OP VALUE"):
        parse_condition(text)


def test_values_take_the_type_of_their_field() -> None:
    assert check(parse_condition("year >= 2024"), FIELDS) == Condition("year", ">=", 2024.0)
    assert check(parse_condition("due < 1970-01-02"), FIELDS) == Condition("due", "<", 86400.0)
    assert check(Field("dept") == 7, FIELDS) == Condition("dept", "=", "7")
    nested = check(Not(Or((Field("year") > 1, Field("dept") == "HR"))), FIELDS)
    assert nested == Not(Or((Condition("year", ">", 1.0), Condition("dept", "=", "HR"))))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Field("yaer") > 3, "unknown metadata field 'yaer'; this knowledge base has: dept, due, year"),
        (Field("dept") > "a", "string field and has no order"),
        (Field("year").contains("2"), "number field; allowed"),
        (Field("year") == "soon", "'soon' is not a number"),
        (Field("due") > "soon", "'soon' is not an ISO 8601 time"),
    ],
)
def test_misfits_are_errors(condition: Filter, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        check(condition, FIELDS)


def test_fields_compare_with_text_and_numbers_only() -> None:
    for compare in (operator.eq, operator.ne):
        with pytest.raises(FilterError, match="a string or a number"):
            compare(Field("year"), [1])
