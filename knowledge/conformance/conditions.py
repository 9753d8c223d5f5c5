"""Whether conditions on metadata do what they say, as the returned metadata tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from knowledge.conformance.answers import identity
from knowledge.conformance.fields import (
    FoundField,
    filterable,
    gap_field,
    metadata_of,
    number_field,
    returned,
    text_field,
    time_field,
    tried,
)
from knowledge.conformance.probe import NotApplicable, Point, Probe, Record, Violation, require
from knowledge.external.conditions import SPELLING, fulfils, scalars
from knowledge.filters import Condition, Operator, positive_of, takes_values
from knowledge.types import Scalar

NOWHERE: Final = "no such value ☃"
NO_FIELD: Final = "no_such_field_of_conformance"
Finder = Callable[[Probe], FoundField]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A condition, and how its value is sent: as it is, or `sent` instead."""

    condition: Condition
    sent: Any = None

    @property
    def body(self) -> dict[str, Any]:
        named = {"name": self.condition.field, "comparison_operator": SPELLING[self.condition.op]}
        if takes_values(self.condition.op) == "nothing":
            return named
        value = self.condition.value
        as_it_is = list(value) if isinstance(value, tuple) else value
        return {**named, "value": as_it_is if self.sent is None else self.sent}


def verdict(condition: Condition, record: Record) -> bool | None:
    """Whether a record fulfils a condition; None where servers may differ: a negation on a document without the
    field, and upper and lower case."""
    metadata = metadata_of(record)
    if positive_of(condition.op) and not scalars(metadata.get(condition.field)):
        is_missing = metadata.get(condition.field) is None
        return True if condition.op == "empty" and is_missing else None
    holds = fulfils(condition, metadata)
    return holds if holds == fulfils(replace(condition, ignore_case=True), metadata) else None


def compare(probe: Probe, found: Sequence[Record], judge: Callable[[Record], bool | None], what: str) -> None:
    """Raises `Violation` for a record that should not have been found, and for one that should have been."""
    wrong = [record for record in found if judge(record) is False]
    require(
        not wrong,
        f"{what}: {len(wrong)} of {len(found)} records do not fulfil it"
        + (f", as {str(wrong[0].get('metadata'))[:80]}" if wrong else ""),
    )
    names = set(map(identity, found))
    missed = [record for record in probe.sample if judge(record) and identity(record) not in names]
    wanted = sum(judge(record) is True for record in probe.sample)
    require(not missed, f"{what}: {len(missed)} of {wanted} records that fulfil it are missing")


def try_out(probe: Probe, asked: Asked) -> None:
    body = asked.body
    what = f"{body['name']} {body['comparison_operator']} {body.get('value', '')}".strip()
    try:
        found = probe.filtered(body)
    except Violation as error:
        raise Violation(f"{what}: {error}") from None
    compare(probe, found, partial(verdict, asked.condition), what)


def _asked_of_text(op: Operator, field: FoundField) -> list[Asked]:
    value = str(field.values[0])
    part = {"contains": value[len(value) // 3 :], "not-contains": value[len(value) // 3 :]}
    part |= {"starts-with": value[: len(value) // 2 + 1], "ends-with": value[len(value) // 2 :]}
    wanted = part.get(op, value)
    return [Asked(condition=Condition(field.name, op, text)) for text in (wanted, NOWHERE)]


def _asked_of_list(op: Operator, field: FoundField) -> list[Asked]:
    value = str(field.values[0])
    asked = [Asked(condition=Condition(field.name, op, values)) for values in ((value, NOWHERE), (NOWHERE,))]
    if "," in value or '"' in value:
        return asked
    as_text = Asked(condition=Condition(field.name, op, (value, NOWHERE)), sent=f"{value},{NOWHERE}")
    return [*asked, as_text]


def _asked_of_numbers(op: Operator, field: FoundField) -> list[Asked]:
    """As JSON numbers and as text: the contract allows both."""
    numbers = [float(value) for value in field.values]
    tried = sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1], numbers[-1] + 1})
    plain = [int(number) if number.is_integer() else number for number in tried]
    return [
        Asked(condition=Condition(field.name, op, value), sent=sent)
        for value in plain
        for sent in (value, str(value))
    ]


def _asked_of_times(op: Operator, field: FoundField) -> list[Asked]:
    tried = dict.fromkeys((field.values[0], field.values[len(field.values) // 2], field.values[-1]))
    return [Asked(condition=Condition(field.name, op, _plain(value))) for value in tried]


def _asked_for_nothing(op: Operator, field: FoundField) -> list[Asked]:
    return [Asked(condition=Condition(field.name, op))]


def _plain(value: Scalar) -> Scalar:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Asking = tuple[Finder, Callable[[Operator, FoundField], list[Asked]]]
_TEXT: Final[_Asking] = (text_field, _asked_of_text)
_LIST: Final[_Asking] = (text_field, _asked_of_list)
_NUMBERS: Final[_Asking] = (number_field, _asked_of_numbers)
_TIMES: Final[_Asking] = (time_field, _asked_of_times)
_NOTHING: Final[_Asking] = (gap_field, _asked_for_nothing)
_OPERATORS: Final[Mapping[Operator, _Asking]] = {
    **dict.fromkeys(("contains", "not-contains", "starts-with", "ends-with", "is", "is-not"), _TEXT),
    **dict.fromkeys(("in", "not-in"), _LIST),
    **dict.fromkeys(("empty", "not-empty"), _NOTHING),
    **dict.fromkeys(("=", "!=", ">", "<", ">=", "<="), _NUMBERS),
    **dict.fromkeys(("before", "after"), _TIMES),
}


def _operator(op: Operator, probe: Probe) -> str:
    find, asking = _OPERATORS[op]
    field = find(probe)
    asked = asking(op, field)
    for each in asked:
        try_out(probe, each)
    return f"right on {field.name!r} ({len(asked)} questions)"


def condition_null(probe: Probe) -> str:
    _same(probe, probe.records(metadata_condition=None), "null")
    return "as without"


def condition_absent(probe: Probe) -> str:
    return f"200, {len(probe.sample)} records"


def condition_without_conditions(probe: Probe) -> str:
    _same(probe, probe.filtered(), "an empty list of conditions")
    return "as without"


def _same(probe: Probe, found: Sequence[Record], what: str) -> None:
    require(list(map(identity, found)) == list(map(identity, probe.sample)), f"{what}: other records")


def condition_usable(probe: Probe) -> str:
    """A server whose conditions never find anything would go unseen: what cannot be filtered is not compared."""
    names = [field.name for field in returned(probe)]
    if all(tried(probe, field) == "refused" for field in returned(probe)):
        raise NotApplicable("no field of the returned metadata can be filtered")
    usable = filterable(probe)
    require(usable, f"no condition on {', '.join(names)[:100]} finds a record that has it")
    return f"{len(usable)} of {len(names)} returned fields"


def value_left_out(probe: Probe) -> str:
    """Dify's client may send null instead."""
    field = gap_field(probe)
    for name in ("empty", "not empty"):
        condition = {"name": field.name, "comparison_operator": name}
        without, null = probe.filtered(condition), probe.filtered({**condition, "value": None})
        require(list(map(identity, without)) == list(map(identity, null)), f"{name}: null is another value")
    return "left out and null are accepted"


def name_list(probe: Probe) -> str:
    field = text_field(probe)
    condition = {"name": field.name, "comparison_operator": "is", "value": field.values[0]}
    plain, listed = probe.filtered(condition), probe.filtered({**condition, "name": [field.name]})
    require(
        list(map(identity, plain)) == list(map(identity, listed)), "a list of one name finds other records"
    )
    return "accepted"


def _two(probe: Probe) -> tuple[Condition, Condition]:
    """Two conditions of which no document needs to fulfil both."""
    field = text_field(probe)
    first, last = (Condition(field.name, "is", value) for value in (field.values[0], field.values[-1]))
    if first == last:
        last = Condition(field.name, "is", NOWHERE)
    return first, last


def logical_or(probe: Probe) -> str:
    both = _two(probe)
    found = probe.filtered(*(Asked(condition=each).body for each in both), logical_operator="or")
    compare(probe, found, lambda record: any(verdict(each, record) for each in both), "or")
    return f"one of two holds ({len(found)} records)"


def logical_and(probe: Probe) -> str:
    """`and`, and what is meant where nothing is said."""
    both = _two(probe)
    bodies = [Asked(condition=each).body for each in both]
    for found in (
        probe.filtered(*bodies),
        probe.records(metadata_condition={"conditions": bodies}),
    ):
        compare(probe, found, lambda record: all(verdict(each, record) for each in both), "and")
    return "both hold"


def never_wider(probe: Probe) -> str:
    """What a server does not understand must not turn into no condition."""
    wrong = (
        {"name": NO_FIELD, "comparison_operator": "is", "value": NOWHERE},
        {"name": _name(probe), "comparison_operator": "resembles", "value": NOWHERE},
    )
    for condition in wrong:
        reply = probe.ask_filtered(condition)
        require(reply.status < 500, f"{condition}: {reply.seen}")
        is_body = isinstance(reply.body, dict)
        require(not (is_body and reply.body.get("records")), f"{condition}: found records")
    return "refused, or nothing found"


def _name(probe: Probe) -> str:
    """A field that can be filtered, if there is one, else any that is returned."""
    fields = filterable(probe) or returned(probe)
    return fields[0].name if fields else NO_FIELD


def many_conditions(probe: Probe) -> str:
    condition = {"name": _name(probe), "comparison_operator": "not empty"}
    reply = probe.ask_filtered(*[condition] * 1000)
    require(200 <= reply.status < 500, reply.seen)
    return str(reply.status)


POINTS: Final = (
    Point(name="condition: absent", demand="metadata_condition may be left out", check=condition_absent),
    Point(name="condition: null", demand="a null metadata_condition is none", check=condition_null),
    Point(
        name="condition: no conditions", demand="an empty list is none", check=condition_without_conditions
    ),
    Point(
        name="condition: usable",
        demand="what is returned can be asked for, or is refused as unknown",
        check=condition_usable,
    ),
    *(
        Point(
            name=f"operator: {SPELLING[op]}",
            demand="finds what fulfils it and nothing else, as the returned metadata say",
            check=partial(_operator, op),
        )
        for op in _OPERATORS
    ),
    Point(name="condition: value left out", demand="empty and not empty need no value", check=value_left_out),
    Point(name="condition: name as a list", demand="name may be a list, as it once was", check=name_list),
    Point(name="condition: or", demand="with or, one must hold", check=logical_or),
    Point(name="condition: and", demand="with and, or without a word, all must hold", check=logical_and),
    Point(
        name="condition: not understood",
        demand="an unknown field or operator never finds what was not asked for",
        check=never_wider,
    ),
    Point(name="condition: a thousand", demand="1,000 conditions: never 5xx", check=many_conditions),
)
