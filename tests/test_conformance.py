"""The conformance test passes a right server, and finds each fault of a wrong one by the point that names it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pytest
from external_server import BASE, KEY, RECORDS, ExternalServer, serving, typed
from http_server import running

from knowledge import Document, Workspace
from knowledge.cli import main
from knowledge.conformance import POINTS, Result, check_server
from knowledge.errors import ExternalError
from knowledge.server import keys
from knowledge.server.running import serving as open_service

OPERATORS = (
    "contains", "not contains", "start with", "end with", "is", "is not", "in", "not in", "empty", "not empty",
    "=", "≠", ">", "<", "≥", "≤", "before", "after",
)  # fmt: skip

FAULTS = {
    "the empty body is not found": "probe: empty body",
    "the empty question is not found": "probe: empty question",
    "bad keys are 401": "probe: bad key",
    "Bearer only as written": "key: bearer in any case",
    "a missing header is a bad key": "key: malformed header",
    "prefixes of keys get in": "key: bad key",
    "an unknown base is empty": "base: unknown",
    "no //retrieval": "path: //retrieval",
    "top_k is ignored": "top_k: obeyed",
    "top_k must be given": "top_k: null",
    "0.0 is refused": "threshold: 0.0",
    "score_threshold must be given": "threshold: null",
    "the threshold is ignored": "threshold: obeyed",
    "the threshold itself is too low": "threshold: obeyed",
    "contents are empty": "record: content",
    "titles are null": "record: title",
    "scores are text": "record: score",
    "scores are percents": "record: score",
    "scores are null": "record: score",
    "metadata are null": "record: metadata",
    "the lowest score is first": "records: order",
    "the order changes": "records: repeated",
    "a null condition crashes": "condition: null",
    "no conditions find nothing": "condition: no conditions",
    "conditions find nothing": "condition: usable",
    "conditions crash": "condition: usable",
    **{f"{operator} is ignored": f"operator: {operator}" for operator in OPERATORS},
    **{f"{operator} finds nothing": f"operator: {operator}" for operator in OPERATORS},
    "numbers must be text": "operator: =",
    "only the first of a list counts": "operator: in",
    "a value must be given": "condition: value left out",
    "a list of names crashes": "condition: name as a list",
    "or is and": "condition: or",
    "nothing said is or": "condition: and",
    "the unknown is ignored": "condition: not understood",
    "a thousand conditions crash": "condition: a thousand",
    "what is no JSON crashes": "body: not an object",
    "wrong types crash": "body: wrong types",
    "errors without a code": "errors: shape",
    "GET crashes": "method: others",
    "long questions crash": "body: long question",
    "long bodies crash": "body: 8 MB",
    "several at once find nothing": "load: 16 at once",
    "errors with a traceback": "errors: nothing internal",
}


def run(server: ExternalServer, names: Iterable[str]) -> list[Result]:
    wanted = set(names)
    return check_server(server.url, KEY, BASE, points=[point for point in POINTS if point.name in wanted])


def test_a_right_server_passes_every_point() -> None:
    with serving(ExternalServer()) as server:
        results = check_server(server.url, KEY, BASE)
    assert [result for result in results if result.outcome != "pass"] == []
    assert len(results) == len(POINTS) == len({point.name for point in POINTS})


@pytest.mark.parametrize(("fault", "point"), FAULTS.items())
def test_a_fault_is_found_by_the_point_that_names_it(fault: str, point: str) -> None:
    # What looks at all errors needs some.
    names = {point} | ({"body: not an object"} if point == "errors: nothing internal" else set())
    with serving(ExternalServer(fault)) as server:
        failed = [result.point for result in run(server, names) if result.outcome == "fail"]
    assert failed == [point]


def test_without_a_knowledge_base_the_points_that_need_one_are_not_applicable() -> None:
    with serving(ExternalServer()) as server:
        outcomes = {result.point: result.outcome for result in check_server(server.url, KEY)}
    assert "fail" not in outcomes.values()
    assert outcomes["key: bad key"] == "pass"
    assert outcomes["top_k: obeyed"] == outcomes["operator: is"] == "not applicable"


def test_where_no_returned_field_can_be_filtered_conditions_are_not_applicable() -> None:
    with serving(ExternalServer("fields are unknown")) as server:
        outcomes = {result.point: result.outcome for result in check_server(server.url, KEY, BASE)}
    assert "fail" not in outcomes.values()
    assert {outcomes[f"operator: {operator}"] for operator in OPERATORS} == {"not applicable"}
    assert outcomes["condition: usable"] == "not applicable"


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URL and key of `knowledge serve` with the bases `economy`, `quality` and `bare`, which has no metadata."""
    with Workspace(tmp_path_factory.mktemp("own")) as workspace:
        for name, embedding in (("economy", None), ("quality", "hash:16"), ("bare", None)):
            base = workspace.create(name, embedding=embedding)
            for number, record in enumerate(RECORDS):
                text = f"What is this about? Information on {record['content']}."
                about = {} if name == "bare" else typed(record["metadata"])
                base.ingest(Document(name=f"{number}.txt", text=text), metadata=about)
        _, key = keys.create(workspace.store, "conformance")
        with open_service(workspace) as service, running(service) as client:
            yield str(client.base_url), key


@pytest.mark.parametrize("base", ["economy", "quality"])
def test_our_own_server_passes_every_point(own_server: tuple[str, str], base: str) -> None:
    results = check_server(*own_server, base)
    assert [result for result in results if result.outcome != "pass"] == []


def test_our_own_server_without_metadata_fails_no_point(own_server: tuple[str, str]) -> None:
    outcomes = {result.point: result.outcome for result in check_server(*own_server, "bare")}
    assert "fail" not in outcomes.values()
    assert outcomes["operator: is"] == outcomes["condition: usable"] == "not applicable"
    assert outcomes["condition: not understood"] == "pass"


def test_no_server_is_one_error() -> None:
    with serving(ExternalServer()) as server:
        url = server.url
    with pytest.raises(ExternalError, match="cannot be reached"):
        check_server(url, KEY)


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("scores are text", 1)])
def test_the_command_tells_by_its_exit_code(
    fault: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(ExternalServer(fault)) as server:
        assert main(["conformance", server.url, "--key", KEY, "--kb", BASE, "--json"]) == code
    report = json.loads(capsys.readouterr().out)
    assert len(report["points"]) == len(POINTS)
    assert (report["failed"] > 0) == bool(code)


def test_an_empty_key_is_told_of_before_the_server_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "http://127.0.0.1:9", "--key", " "]) == 2
    assert "--key is empty" in capsys.readouterr().err


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(ExternalServer("titles are null")) as server:
        main(["conformance", server.url, "--key", KEY, "--kb", BASE])
    output = capsys.readouterr().out
    assert "fail" in output
    assert "failed: record: title: title is a text that is not empty" in output
    assert KEY not in output
