"""Conditions over HTTP: every operator, form of value and type of field, against `knowledge.filters.matches`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from http_server import names, question, refused, running

from knowledge import Document, Workspace
from knowledge.errors import FilterError
from knowledge.filters import Condition, check, matches, operator_named, takes_values
from knowledge.server.running import serving

METADATA: dict[str, dict[str, Any]] = {
    "none": {},
    "alpha": {"tag": "alpha", "year": 2023, "seen": "2023-06-01"},
    "beta": {"tag": "beta", "year": 2024, "seen": "2024-06-01"},
    "both": {"tag": ["alpha", "beta"], "year": [2023, 2024.5]},
    "comma": {"tag": "alpha, beta", "year": -1},
    "empty": {"tag": "", "seen": "1970-01-01"},
    "digits": {"tag": "2024"},
    "中文": {"tag": "中文标签", "year": 0},
}
SPELLINGS = [
    "contains", "not contains", "start with", "end with", "is", "is not", "in", "not in", "empty", "not empty",
    "=", "≠", ">", "<", "≥", "≤", "before", "after",
]  # fmt: skip
OTHER_SPELLINGS = {
    "null": "empty", "not null": "not empty", "!=": "≠", ">=": "≥", "<=": "≤", "starts-with": "start with",
    "ends_with": "end with", "NOT IN": "not in", "is-not": "is not", " Not  Contains ": "not contains",
}  # fmt: skip
VALUES: list[Any] = [
    "alpha", "beta", "alpha, beta", "a", "", "中文", "2024", 2024, 2023.5, -1, 0, "2024-01-01",
    "1970-01-01T00:00:00Z", ["alpha", "beta"], ["alpha"], [], ["2023", 2024], [2023, 0], ["2023-06-01"],
    "2023,2024", 1717200000, None,
]  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(tmp_path_factory.mktemp("library")) as opened:
        kb = opened.create("all")
        for name, metadata in METADATA.items():
            values = {**metadata, "seen": _moment(metadata["seen"])} if "seen" in metadata else metadata
            kb.ingest(Document(name=name, text=f"a common text {name}"), metadata=values)
        other = opened.create("other")
        other.ingest(Document(name="other", text="a common text"), metadata={"shelf": 7})
        yield opened


def _moment(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


@pytest.fixture(scope="module")
def client(library: Workspace) -> Iterator[httpx.Client]:
    with serving(library, no_auth=True) as service, running(service) as client:
        yield client


def asked(
    client: httpx.Client, *conditions: dict[str, Any], base: str = "all", **more: Any
) -> httpx.Response:
    where = {"conditions": list(conditions), **more}
    setting = {"top_k": 100}
    return client.post("/retrieval", json=question(base, metadata_condition=where, retrieval_setting=setting))


def condition(name: Any, op: str, value: Any = None) -> dict[str, Any]:
    return {"name": name, "comparison_operator": op, "value": value}


def expected(library: Workspace, field: str, spelling: str, value: Any) -> set[str] | None:
    """The documents that fulfil a condition, one by one; None where it must be refused."""
    op = operator_named(spelling)
    takes = takes_values(op)
    try:
        if takes == "nothing":
            wanted = Condition(field, op)
        elif value is None:
            return None
        elif takes == "several":
            texts = [part.strip() for part in value.split(",") if value] if isinstance(value, str) else value
            wanted = Condition(field, op, tuple(texts) if isinstance(texts, list) else (texts,))
        else:
            several = value if isinstance(value, list) else [value]
            wanted = Condition(field, op, several[0] if len(several) == 1 else tuple(several))
        where = check(wanted, library.open("all").fields)
    except FilterError:
        return None
    return {record.name for record in library.open("all").documents() if matches(where, record.metadata)}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_value_of_every_type_means_what_the_reference_says(
    client: httpx.Client, library: Workspace, spelling: str
) -> None:
    for field in ("tag", "year", "seen"):
        for value in VALUES:
            response = asked(client, condition(field, spelling, value))
            wanted = expected(library, field, spelling, value)
            if wanted is None:
                assert refused(response) == (400, 400), (field, spelling, value)
            else:
                assert set(names(response)) == wanted, (field, spelling, value)


@pytest.mark.parametrize(("other", "spelling"), OTHER_SPELLINGS.items())
def test_other_spellings_mean_the_same(client: httpx.Client, other: str, spelling: str) -> None:
    for field, value in (("tag", "alpha"), ("year", 2024)):
        one, same = (asked(client, condition(field, op, value)) for op in (other, spelling))
        assert (one.status_code, one.json().get("records")) == (same.status_code, same.json().get("records"))


def test_the_value_may_be_left_out_where_none_is_taken(client: httpx.Client) -> None:
    without = {"name": "tag", "comparison_operator": "empty"}
    assert set(names(asked(client, without))) == {"none"}
    assert set(names(asked(client, {**without, "value": "ignored"}))) == {"none"}
    assert len(names(asked(client, {**without, "comparison_operator": "not empty"}))) == len(METADATA) - 1


def test_of_several_fields_any_may_fulfil_a_condition(client: httpx.Client) -> None:
    assert set(names(asked(client, condition(["tag"], "is", "beta")))) == {"beta", "both"}
    assert set(names(asked(client, condition(["tag", "year"], "is", "2024")))) == {"digits", "beta"}
    every = set(METADATA)
    assert set(names(asked(client, condition(["tag", "year"], "empty")))) == {"none", "empty", "digits"}
    assert set(names(asked(client, condition(["tag", "year"], "not empty")))) == every - {"none"}


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, {"beta"}),
        ({"logical_operator": None}, {"beta"}),
        ({"logical_operator": "and"}, {"beta"}),
        ({"logical_operator": "or"}, {"beta", "both", "digits"}),
    ],
)
def test_conditions_are_joined_with_and_unless_or_is_said(
    client: httpx.Client, more: dict, found: set[str]
) -> None:
    both = (condition("tag", "in", "beta, 2024"), condition("year", "=", 2024))
    assert set(names(asked(client, *both, **more))) == found


@pytest.mark.parametrize(
    "nothing", [None, {"conditions": []}, {"conditions": None, "logical_operator": "or"}]
)
def test_no_condition_is_no_filter(client: httpx.Client, nothing: Any) -> None:
    setting = {"top_k": 100}
    response = client.post(
        "/retrieval", json=question("all", metadata_condition=nothing, retrieval_setting=setting)
    )
    assert set(names(response)) == set(METADATA)


def test_a_field_that_only_one_of_several_bases_knows_is_missing_in_the_others(client: httpx.Client) -> None:
    def found(field: str, op: str, value: Any = None) -> set[str]:
        return set(names(asked(client, condition(field, op, value), base="all,other")))

    everything = {*METADATA, "other"}
    assert found("shelf", "=", 7) == {"other"}
    assert found("shelf", "≠", 7) == everything - {"other"}
    assert found("shelf", "empty") == everything - {"other"}
    assert found("tag", "is", "beta") == {"beta", "both"}
    assert found("tag", "not in", "beta") == everything - {"beta", "both"}
    assert refused(asked(client, condition("shelf", "=", 7))) == (400, 400)
    assert refused(asked(client, condition("typo", "≠", 7), base="all,other")) == (400, 400)


def test_conditions_have_a_limit(client: httpx.Client) -> None:
    def many(count: int) -> httpx.Response:
        return asked(client, *[condition("year", "≠", number) for number in range(5000, 5000 + count)])

    assert set(names(many(100))) == set(METADATA)
    assert refused(many(101)) == (400, 400)
    assert refused(asked(client, condition(["year"] * 101, "=", 1))) == (400, 400)
