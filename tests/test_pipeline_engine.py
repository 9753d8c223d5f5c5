"""Pipelines in Dify's format: read, written, and run node by node."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_files import (
    Content,
    aggregator,
    by_suffix,
    dsl,
    edge,
    entrance,
    field,
    knowledge_index,
    node,
    note,
    pipeline,
    tool,
    two_entrances,
)

import knowledge.pipeline
from knowledge.errors import BrokenPipeline, InputError, LanguageModelRefused, MissingVariable, PipelineError
from knowledge.pipeline import graph
from knowledge.pipeline.checking import problems
from knowledge.pipeline.dsl import Pipeline, pipeline_of, read_pipeline, write_pipeline
from knowledge.pipeline.entrances import entered
from knowledge.pipeline.files import File
from knowledge.pipeline.node_types import Table
from knowledge.pipeline.running import PipelineRun, run_node, run_pipeline
from knowledge.pipeline.tools import NO_TOOLS, Tools
from knowledge.pipeline.variables import Values, as_text, delimiter, references

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40)
@given(in_data=JSON, in_node=JSON, on_top=JSON, text=st.text(st.characters(codec="utf-8")))
def test_nothing_is_lost_by_import_and_export(in_data: Any, in_node: Any, on_top: Any, text: str) -> None:
    content = two_entrances()
    nodes = content["workflow"]["graph"]["nodes"]
    nodes[2]["data"]["of_tomorrow"] = in_data
    nodes[2]["of_tomorrow"] = in_node
    nodes.append(note("10", text))
    content["of_tomorrow"] = on_top
    read = pipeline_of(content)
    again = read_pipeline(write_pipeline(read))
    assert again == read
    assert again.content == content


def test_a_pipeline_is_read_with_its_form_and_plugins() -> None:
    read = read_pipeline(dsl(two_entrances()))
    assert [one.id for one in read.nodes] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert [(one.name, one.type, one.default, one.required) for one in read.inputs] == [
        ("delimiter", "text-input", "\\n\\n", True),
        ("length", "number", "200", False),
        ("url", "text-input", None, False),
    ]
    assert read.dependencies == ("langgenius/parentchild_chunker:0.0.1",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file holds no pipeline"),
        ("a: [", "the file is no YAML"),
        ("kind: app", "the kind is 'app'; allowed: rag_pipeline"),
        ("kind: !!python/object/apply:os.system [ls]", "the file has the tag"),
        ("[" * 500 + "]" * 500, "nested more than 100 deep"),
        ("x: '" + "a" * 10_000_001 + "'", "the file has 10000006 bytes; allowed: 10000000"),
        (b"\xff\xfe\xfa", "the file is no YAML"),
        ("a: &a [*a]", "nested more than 100 deep by its aliases"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(8)
            ),
            "more than 1000000 values",
        ),
    ],
)
def test_what_is_no_pipeline_is_refused_in_one_line(text: str | bytes, message: str) -> None:
    with pytest.raises(BrokenPipeline) as refused:
        read_pipeline(text)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


# Values


def test_selectors_and_templates() -> None:
    file = File.of_bytes("Leave.MD", b"x")
    values = Values({"1": {"file": file, "n": 3}, "rag": {"shared": {"sep": "\\n", "empty": None}}})
    assert values.get(["1", "file", "extension"]) == ".md"
    assert (
        values.render("a {{#1.n#}} {{#rag.shared.sep#}}{{#rag.shared.empty#}} {{context}}")
        == "a 3 \\n {{context}}"
    )
    assert list(references("{{#1.n#}} {{#rag.shared.sep#}}")) == [("1", "n"), ("rag", "shared", "sep")]
    assert not values.has(["1", "file", "colour"])
    with pytest.raises(MissingVariable, match=r"1\.m has no value here; 1 has: file, n"):
        values.get(["1", "m"])
    with pytest.raises(MissingVariable, match="'2' has not run"):
        values.render("{{#2.text#}}")


def test_methods_and_private_fields_are_no_variables() -> None:
    values = Values({"1": {"file": File.of_bytes("a.txt", b"x")}})
    for name in ("read", "of_path", "__class__", "__dict__"):
        assert not values.has(["1", "file", name])


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (None, ""), (1.5, "1.5"), (True, "true"), (["年", 1], '["年", 1]')]
)
def test_values_within_a_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("written", ["\\n\\n", "\\\\n\\\\n", "\\\\\\\\n\\\\\\\\n"])
def test_a_delimiter_that_was_escaped_again_is_the_same(written: str) -> None:
    assert delimiter(written) == "\\n\\n"


# Order


def test_nodes_run_after_what_leads_to_them() -> None:
    read = pipeline_of(two_entrances())
    order = graph.order(read)
    assert sorted(order) == sorted(one.id for one in read.nodes)
    for one in read.edges:
        assert order.index(one.source) < order.index(one.target)
    assert graph.ancestors(read)["5"] == {"1", "2", "3", "4", "8"}
    assert graph.ancestors(read)["8"] == frozenset()


# Runs, with node functions of a line each

TRIES: list[str] = []


def _shout(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    return {"text": values.get(data["variable_selector"]).read().decode().upper()}


def _fail(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    TRIES.append("x")
    raise PipelineError("the words are unreadable")


def _fail_twice(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    TRIES.append("x")
    if len(TRIES) < 3:
        raise PipelineError("not yet")
    return {"text": "at last"}


def _refuse(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    TRIES.append("x")
    raise LanguageModelRefused("the key is wrong")


def _keep(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    return {"kept": values.get(data["index_chunk_variable_selector"])}


def _joined(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    return {"result": values.render(data["tool_parameters"]["input_variable"]["value"])}


FUNCTIONS: Table = {"document-extractor": _shout, "tool:general_chunker": _joined, "knowledge-index": _keep}


@pytest.fixture(autouse=True)
def _no_tries() -> None:
    TRIES.clear()


def _line(text: str = "{{#3.text#}}", *more: Content, **settings: Any) -> Pipeline:
    """entrance 1 → extractor 3 → chunker 4 → knowledge-index 5; `settings` are those of the extractor."""
    nodes = [
        entrance("1", "txt"),
        node("3", "document-extractor", "Words", variable_selector=["1", "file"], **settings),
        tool("4", "general_chunker", input_variable=text),
        knowledge_index("5", ["4", "result"]),
    ]
    return pipeline_of(
        pipeline(nodes, [edge("1", "3"), edge("3", "4"), edge("4", "5"), *more], [field("word")])
    )


def _run(read: Pipeline, extractor: Any = _shout, name: str = "a.txt", **options: Any) -> PipelineRun:
    begin = entered(read, File.of_bytes(name, b"leave"))
    functions = {**FUNCTIONS, "document-extractor": extractor}
    return run_pipeline(read, begin, functions=functions, pause=lambda _: None, **options)


def test_a_run_tells_inputs_and_outputs_of_every_node() -> None:
    done = _run(
        _line("{{#3.text#}} {{#rag.shared.word#}} {{#sys.batch#}}"),
        inputs={"word": "now"},
        system={"batch": "7"},
    )
    assert done.status == "succeeded"
    assert done.outputs == {"kept": "LEAVE now 7"}
    assert [(run.node, run.status, run.tries) for run in done.nodes] == [
        ("1", "succeeded", 0),
        ("3", "succeeded", 1),
        ("4", "succeeded", 1),
        ("5", "succeeded", 1),
    ]
    chunker = done.node("4")
    assert chunker is not None
    assert chunker.inputs == {"3.text": "LEAVE", "rag.shared.word": "now", "sys.batch": "7"}


def test_the_first_error_ends_a_run() -> None:
    done = _run(_line(), _fail)
    assert (done.status, done.error) == ("failed", "node Words (3): the words are unreadable")
    assert [(run.node, run.status) for run in done.nodes] == [("1", "succeeded"), ("3", "failed")]


def test_retries_come_before_the_error_strategy() -> None:
    retry = {"retry_enabled": True, "max_retries": 2, "retry_interval": 100}
    assert _run(_line(retry_config=retry), _fail_twice).outputs == {"kept": "at last"}
    assert len(TRIES) == 1 + retry["max_retries"]
    TRIES.clear()
    assert _run(_line(retry_config={**retry, "retry_enabled": False}), _fail).status == "failed"
    assert len(TRIES) == 1


def test_the_pauses_between_tries_are_those_of_the_pipeline() -> None:
    pauses: list[float] = []
    read = _line(retry_config={"retry_enabled": True, "max_retries": 3, "retry_interval": 1500})
    run_pipeline(
        read,
        entered(read, File.of_bytes("a.txt", b"x")),
        functions={**FUNCTIONS, "document-extractor": _fail},
        pause=pauses.append,
    )
    assert pauses == [1.5, 1.5, 1.5]


def test_a_model_that_refuses_everybody_is_not_asked_again() -> None:
    retry = {"retry_enabled": True, "max_retries": 5, "retry_interval": 0}
    assert _run(_line(retry_config=retry), _refuse).status == "failed"
    assert len(TRIES) == 1


def test_default_values_take_the_place_of_outputs() -> None:
    defaults = [
        {"key": "text", "type": "string", "value": "no words"},
        {"key": "pages", "type": "array[number]", "value": "[1, 2]"},
    ]
    done = _run(_line(error_strategy="default-value", default_value=defaults), _fail)
    assert (done.status, done.outputs) == ("partial-succeeded", {"kept": "no words"})
    words = done.node("3")
    assert words is not None
    assert words.status == "exception"
    assert words.outputs == {
        "text": "no words",
        "pages": [1, 2],
        "error_type": "PipelineError",
        "error_message": "the words are unreadable",
    }


def _with_fail_branch() -> Pipeline:
    """The extractor 3 leads to the chunker 4, its error branch to the chunker 6; both to the aggregator 7."""
    nodes = [
        entrance("1"),
        node("3", "document-extractor", variable_selector=["1", "file"], error_strategy="fail-branch"),
        tool("4", "general_chunker", input_variable="{{#3.text#}}"),
        tool("6", "general_chunker", input_variable="{{#3.error_type#}}: {{#3.error_message#}}"),
        aggregator("7", ["4", "result"], ["6", "result"]),
        knowledge_index("5", ["7", "output"]),
    ]
    nodes[4]["data"]["output_type"] = "array[string]"
    edges = [
        edge("1", "3"),
        edge("3", "4"),
        edge("3", "6", "fail-branch"),
        edge("4", "7"),
        edge("6", "7"),
        edge("7", "5"),
    ]
    return pipeline_of(pipeline(nodes, edges))


def test_the_error_branch_runs_after_an_error_and_only_then() -> None:
    read = _with_fail_branch()
    assert problems(read) == []
    good, bad = _run(read), _run(read, _fail)
    assert (good.status, good.outputs) == ("succeeded", {"kept": "LEAVE"})
    assert (bad.status, bad.outputs) == (
        "partial-succeeded",
        {"kept": "PipelineError: the words are unreadable"},
    )
    assert [run.status for run in good.nodes if run.node in "46"] == ["succeeded", "skipped"]
    assert [run.status for run in bad.nodes if run.node in "46"] == ["skipped", "succeeded"]


@pytest.mark.parametrize(("name", "taken"), [("a.csv", "3"), ("b.TXT", "4"), ("c.md", "4")])
def test_the_branch_of_the_suffix_runs(name: str, taken: str) -> None:
    read = pipeline_of(two_entrances())
    done = run_pipeline(read, entered(read, File.of_bytes(name, b"a,b\n1,2\n")), tools=Tools(preview=True))
    assert done.error is None
    assert {run.node for run in done.nodes if run.status == "succeeded"} == {"1", "2", taken, "5", "6", "7"}


def test_the_other_entrance() -> None:
    read = pipeline_of(two_entrances())
    page = File.of_bytes(
        "page.html", b"<h1>Leave</h1><p>Ten days a year.</p>", url="https://example.org/leave"
    )
    done = run_pipeline(read, entered(read, page), inputs={"url": page.url}, tools=Tools(preview=True))
    assert {run.node for run in done.nodes if run.status == "succeeded"} == {"8", "5", "6", "7"}
    assert "Ten days a year." in done.outputs["preview"][0]["content"]


def test_a_run_that_begins_with_a_page_is_not_asked_for_its_address() -> None:
    content = two_entrances()
    (crawl,) = (one for one in content["workflow"]["graph"]["nodes"] if one["id"] == "8")
    crawl["data"]["datasource_parameters"] = {"url": {"type": "mixed", "value": "{{#rag.8.url#}}"}}
    (address,) = (one for one in content["workflow"]["rag_pipeline_variables"] if one["variable"] == "url")
    address["required"] = True
    page = File.of_bytes("page.html", b"<p>Ten days a year.</p>", url="https://example.org/leave")
    read = pipeline_of(content)
    assert run_pipeline(read, entered(read, page), tools=Tools(preview=True)).error is None


def test_entrances_are_chosen_by_suffix_or_named() -> None:
    read = pipeline_of(pipeline([entrance("1", ".TXT", title="Texts"), entrance("2", title="All")], []))
    assert entered(read, File.of_bytes("a.txt", b"")).node == "1"
    assert entered(read, File.of_bytes("a.pdf", b"")).node == "2"
    assert entered(read, File.of_bytes("a.txt", b""), "All").node == "2"
    with pytest.raises(
        InputError, match=r"no entrance 'Web'; it has: Texts \(1\) for \.TXT, All \(2\) for local_file"
    ):
        entered(read, File.of_bytes("a.txt", b""), "Web")
    texts = pipeline_of(pipeline([entrance("1", "txt")], []))
    with pytest.raises(InputError, match=r"no entrance of the pipeline takes 'a\.pdf'"):
        entered(texts, File.of_bytes("a.pdf", b""))


def test_a_pipeline_of_online_documents_takes_files_for_them() -> None:
    read = pipeline_of(pipeline([entrance("1", provider="online_document")], []))
    outputs = entered(read, File.of_bytes("leave.md", "# 年假\n\n十天".encode())).outputs
    assert outputs["content"] == "# 年假\n\n十天"
    assert outputs["page_id"] == "leave.md"


def test_no_branch_to_the_end_is_a_failure() -> None:
    content = pipeline(
        [
            entrance("1"),
            by_suffix("2", ["1", "file", "extension"], "csv"),
            node("3", "document-extractor", variable_selector=["1", "file"]),
            tool("4", "general_chunker", input_variable="{{#3.text#}}"),
            knowledge_index("5", ["4", "result"]),
        ],
        [edge("1", "2"), edge("2", "3", "tables"), edge("3", "4"), edge("4", "5")],
    )
    done = _run(pipeline_of(content), name="a.txt")
    assert (done.status, done.error) == (
        "failed",
        "no branch led to the node of type knowledge-index; nothing was stored",
    )


def test_a_broken_pipeline_runs_no_node() -> None:
    with pytest.raises(BrokenPipeline, match="does not run before"):
        _run(_line("{{#5.kept#}}"), _fail)
    with pytest.raises(InputError, match="there is no input 'wrod'; there are: word"):
        _run(_line(), _fail, inputs={"wrod": "now"})
    assert TRIES == []


def test_until_runs_what_a_node_needs_and_itself() -> None:
    done = _run(_line(), until="3")
    assert [run.node for run in done.nodes] == ["1", "3"]
    assert (done.status, done.outputs) == ("succeeded", {"text": "LEAVE"})
    with pytest.raises(InputError, match="the pipeline has no node '9'; it has: 1, 3, 4, 5"):
        _run(_line(), until="9")


def test_one_node_alone() -> None:
    chunker = _line().node("4")
    assert chunker is not None
    done = run_node(chunker, Values({"3": {"text": "LEAVE"}}), NO_TOOLS, FUNCTIONS)
    assert (done.status, done.outputs) == ("succeeded", {"result": "LEAVE"})
    missing = run_node(chunker, Values(), NO_TOOLS, FUNCTIONS)
    assert (missing.status, missing.error) == ("failed", "3.text has no value here; '3' has not run")


def test_no_public_name_is_hidden_by_a_module() -> None:
    assert not [
        name
        for name in knowledge.pipeline.__all__
        if isinstance(getattr(knowledge.pipeline, name), ModuleType)
    ]


def test_the_yaml_is_what_a_person_can_read() -> None:
    text = write_pipeline(pipeline_of(two_entrances()))
    assert "icon: 📙" in text
    assert "&id" not in text
    assert yaml.safe_load(text) == two_entrances()


def test_a_file_may_be_read_as_bytes(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yml"
    path.write_text(dsl(two_entrances()), encoding="utf-8")
    assert read_pipeline(path.read_bytes()) == pipeline_of(two_entrances())
