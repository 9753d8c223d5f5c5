"""Broken pipelines: one good pipeline, changed in one place, and the lines that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_files import (
    Content,
    dsl,
    edge,
    entrance,
    field,
    knowledge_index,
    node,
    pipeline,
    tool,
    two_entrances,
)

from knowledge.chat import Completion, Message
from knowledge.errors import BrokenPipeline, KnowledgeError
from knowledge.pipeline.checking import check, problems
from knowledge.pipeline.dsl import pipeline_of, read_pipeline, write_pipeline
from knowledge.pipeline.entrances import entered, not_fetched, without_entrance
from knowledge.pipeline.files import File
from knowledge.pipeline.kind_problems import not_taken_over
from knowledge.pipeline.running import run_pipeline
from knowledge.pipeline.tools import Tools

Change = Callable[[Content], None]


def _nodes(content: Content) -> list[Content]:
    found: list[Content] = content["workflow"]["graph"]["nodes"]
    return found


def _data(content: Content, node_id: str) -> Content:
    """The settings of a node."""
    found: Content = next(node for node in _nodes(content) if node["id"] == node_id)["data"]
    return found


def _setting(node_id: str, **values: object) -> Change:
    return lambda content: _data(content, node_id).update(values)


def _parameter(node_id: str, name: str, kind: str, value: object) -> Change:
    return lambda content: _data(content, node_id)["tool_parameters"].update(
        {name: {"type": kind, "value": value}}
    )


def _edge(source: str, target: str, handle: str = "source") -> Change:
    return lambda content: content["workflow"]["graph"]["edges"].append(edge(source, target, handle))


def _without_edge(source: str, target: str) -> Change:
    def change(content: Content) -> None:
        graph = content["workflow"]["graph"]
        graph["edges"] = [one for one in graph["edges"] if (one["source"], one["target"]) != (source, target)]

    return change


def _without(*node_ids: str) -> Change:
    """The pipeline without these nodes and their edges."""

    def change(content: Content) -> None:
        graph = content["workflow"]["graph"]
        graph["nodes"] = [one for one in graph["nodes"] if one["id"] not in node_ids]
        graph["edges"] = [one for one in graph["edges"] if not {one["source"], one["target"]} & set(node_ids)]

    return change


def _field(**values: object) -> Change:
    """The second field of the form, a number."""
    return lambda content: content["workflow"]["rag_pipeline_variables"][1].update(values)


def _top(**values: object) -> Change:
    return lambda content: content.update(values)


def _retrieval(**values: object) -> Change:
    return lambda content: _data(content, "7")["retrieval_model"].update(values)


def _condition(**values: object) -> Change:
    return lambda content: _data(content, "2")["cases"][0]["conditions"][0].update(values)


BROKEN: dict[str, tuple[Change, tuple[str, ...]]] = {
    "unknown type": (_setting("4", type="wizard"), ("node Texts (4): type: 'wizard' is unknown",)),
    "a node that is not there yet": (
        _setting("4", type="code"),
        ("node Texts (4): type: code is not supported yet",),
    ),
    "unknown tool": (
        _setting("3", tool_name="mail_sender"),
        ("node Tables (3): tool_name: 'mail_sender' has no counterpart here",),
    ),
    "a group without a name": (
        _setting(
            "5",
            advanced_settings={"group_enabled": True, "groups": [{"variables": [["3", "text"]]}]},
        ),
        ("node variable-aggregator 5 (5): advanced_settings.groups: group_name: None was given",),
    ),
    "conditions on files without an operator": (
        _condition(sub_variable_condition={"conditions": [{"key": "type"}]}),
        ("cases[0].conditions[0].sub_variable_condition.conditions[0].comparison_operator: None was given",),
    ),
    "defaults that are no list": (
        _setting("3", default_value=5),
        ("node Tables (3): default_value: 5 was given; allowed: a list of objects",),
    ),
    "weights that are no object": (
        _retrieval(weights="even"),
        ("retrieval_model.weights: 'even' was given; allowed: an object",),
    ),
    "a length that is no whole number": (
        _field(max_length="4.5"),
        ("input length: max_length: '4.5' was given; allowed: a whole number from 0",),
    ),
    "a length without end": (
        _field(max_length="inf"),
        ("input length: max_length: 'inf' was given; allowed: a whole number from 0",),
    ),
    "kinds of files that are no list": (
        _field(allowed_file_types=5),
        ("input length: allowed_file_types: 5 was given; allowed: a list",),
    ),
    "unknown data source": (
        _setting("1", provider_type="fax"),
        ("node File (1): provider_type: 'fax' was given; allowed: local_file",),
    ),
    "an edge to nowhere": (_edge("6", "77"), ("edge Parents (6) → 77: there is no node '77'",)),
    "an edge from nowhere": (_edge("77", "6"), ("edge 77 → Parents (6): there is no node '77'",)),
    "an edge to an entrance": (_edge("4", "8"), ("edge Texts (4) → Pages (8): target: this is an entrance",)),
    "a branch that there is not": (
        _edge("2", "5", "nearly"),
        (
            "(2) → variable-aggregator 5 (5): sourceHandle: there is no branch 'nearly'; there are: tables, false",
        ),
    ),
    "an error branch without its strategy": (
        _edge("3", "5", "fail-branch"),
        (
            "edge Tables (3) → variable-aggregator 5 (5): sourceHandle: ",
            "there is no branch 'fail-branch'; there are: source",
        ),
    ),
    "a circle": (
        _edge("6", "5"),
        ("the nodes variable-aggregator 5 (5) → Parents (6) → variable-aggregator 5 (5) lead in a circle",),
    ),
    "no entrance": (
        _without("1", "8"),
        ("workflow.graph.nodes: there is no entrance", "there is no node '1'", "there is no node '8'"),
    ),
    "no knowledge-index": (_without("7"), ("workflow.graph.nodes: 0 nodes have the type knowledge-index",)),
    "a node twice": (
        lambda content: _nodes(content).append(deepcopy(_nodes(content)[3])),
        ("node 4: id: 2 nodes have it",),
    ),
    "a node without settings": (
        lambda content: _nodes(content)[8].update(data=None, type="custom"),
        ("node 9: data: nothing was given; allowed: an object",),
    ),
    "a variable that its node does not put out": (
        _setting("5", variables=[["3", "words"]]),
        ("variables[0]: 3.words: Tables (3) does not put out 'words'; it has: text",),
    ),
    "a variable of a node that is not there": (
        _parameter("6", "input_text", "mixed", "{{#99.text#}}"),
        ("node Parents (6): tool_parameters.input_text.value: 99.text: there is no node '99'",),
    ),
    "a variable of a node that runs later": (
        _setting("4", variable_selector=["6", "result"]),
        ("node Texts (4): variable_selector: 6.result: Parents (6) does not run before",),
    ),
    "a field that a file has not": (
        _condition(variable_selector=["1", "file", "colour"]),
        (
            "node if-else 2 (2): cases[0].conditions[0].variable_selector: 1.file.colour: a file has no 'colour'",
        ),
    ),
    "a field that the form has not": (
        _parameter("6", "max_length", "variable", ["rag", "shared", "size"]),
        ("max_length.value: rag.shared.size: the form has no such field; it has: delimiter, length",),
    ),
    "a field of an entrance that does not lead here": (
        _setting("4", variable_selector=["rag", "8", "url"]),
        ("node Texts (4): variable_selector: rag.8.url: this entrance does not lead here",),
    ),
    "a variable of the system that there is not": (
        _parameter("6", "separator", "mixed", "{{#sys.weather#}}"),
        ("tool_parameters.separator.value: sys.weather: there is no such variable; there are: batch",),
    ),
    "a text where a file must be": (
        _setting("4", variable_selector=["1", "datasource_type"]),
        ("node Texts (4): variable_selector: 1.datasource_type: its type is string; allowed: file, array",),
    ),
    "no variable chosen": (
        _setting("7", index_chunk_variable_selector=[]),
        ("node knowledge-index 7 (7): index_chunk_variable_selector: no variable is chosen",),
    ),
    "a parameter left empty": (
        _parameter("6", "input_text", "mixed", ""),
        ("node Parents (6): tool_parameters.input_text: nothing was given",),
    ),
    "an operator that there is not": (
        lambda content: _data(content, "2")["cases"][0]["conditions"][1].update(
            comparison_operator="matches"
        ),
        ("(2): cases[0].conditions[1].comparison_operator: 'matches' was given; allowed: contains",),
    ),
    "a parent mode that there is not": (
        _parameter("6", "parent_mode", "mixed", "chapter"),
        ("tool_parameters.parent_mode.value: 'chapter' was given; allowed: paragraph, full_doc",),
    ),
    "a variable of a conversation": (
        _parameter("6", "separator", "mixed", "{{#conversation.topic#}}"),
        ("tool_parameters.separator.value: conversation.topic: a pipeline has no conversation",),
    ),
    "a word where a number must be": (
        _parameter("6", "max_length", "constant", "long"),
        ("node Parents (6): tool_parameters.max_length.value: 'long' was given; allowed: a number",),
    ),
    "a structure that there is not": (
        _setting("7", chunk_structure="tree_model"),
        ("node knowledge-index 7 (7): chunk_structure: 'tree_model' was given; allowed: text_model",),
    ),
    "chunks of another structure": (
        _setting("7", chunk_structure="qa_model"),
        ("6.result: Parents (6) makes hierarchical_model, the chunk_structure is qa_model",),
    ),
    "economy with parents and children": (
        _setting("7", indexing_technique="economy"),
        ("indexing_technique: hierarchical_model needs high_quality, economy was given",),
    ),
    "too many hits": (
        _retrieval(top_k=1000),
        ("retrieval_model.top_k: 1000 was given; allowed: a whole number from 1 to 100",),
    ),
    "half a hit": (
        _retrieval(top_k=2.5),
        ("retrieval_model.top_k: 2.5 was given; allowed: a whole number from 1 to 100",),
    ),
    "more than all weight": (
        _retrieval(weights={"vector_setting": {"vector_weight": 1.5}}),
        (
            "retrieval_model.weights.vector_setting.vector_weight: 1.5 was given; allowed: a number from 0 to 1",
        ),
    ),
    "a weight in words": (
        _retrieval(weights={"vector_setting": {"vector_weight": "abc"}}),
        ("retrieval_model.weights.vector_setting.vector_weight: 'abc' was given",),
    ),
    "a retrieval model that is a word": (
        _setting("7", retrieval_model="hybrid"),
        ("retrieval_model: 'hybrid' was given; allowed: an object",),
    ),
    "a way to search that there is not": (
        _retrieval(search_method="guess"),
        ("retrieval_model.search_method: 'guess' was given; allowed: hybrid_search",),
    ),
    "a condition without a variable": (
        _condition(variable_selector=[]),
        ("cases[0].conditions[0].variable_selector: no variable is chosen",),
    ),
    "no cases": (
        _setting("2", cases=[]),
        ("node if-else 2 (2): cases: [] was given", "there is no branch 'tables'"),
    ),
    "an unknown error strategy": (
        _setting("3", error_strategy="shrug"),
        ("node Tables (3): error_strategy: 'shrug' was given; allowed: none, default-value, fail-branch",),
    ),
    "too many retries": (
        _setting("3", retry_config={"retry_enabled": True, "max_retries": 99}),
        ("node Tables (3): retry_config.max_retries: 99 was given; allowed: a whole number from 0 to 10",),
    ),
    "a field of a type that there is not": (
        _field(type="colour"),
        ("input length: type: 'colour' was given; allowed: text-input, paragraph",),
    ),
    "a default that is no number": (
        _field(default_value="long"),
        ("input length: default_value: 'long' was given; allowed: a number",),
    ),
    "a field of nobody that a node refers to": (
        _field(belong_to_node_id="77"),
        ("tool_parameters.max_length.value: rag.shared.length: the form has no such field",),
    ),
    "a newer version": (_top(version="0.2.0"), ("version: 0.2.0 was given; allowed: 0.1.x",)),
    "a version that is a number": (
        _top(version=0.1),
        ("version: 0.1 was given; allowed: a text such as '0.1.0'",),
    ),
    "no workflow": (
        _top(workflow=None),
        ("workflow: nothing was given; allowed: an object", "there is no entrance"),
    ),
    "nodes that are no list": (
        lambda content: content["workflow"]["graph"].update(nodes={"1": {}}),
        ("workflow.graph.nodes: dict \"{'1': {}}\" was given; allowed: a list", "there is no entrance"),
    ),
    "a node that nothing leads to": (
        _without_edge("2", "4"),
        (
            "node Texts (4): no entrance leads to it",
            "(4): variable_selector: 1.file: File (1) does not run before",
        ),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_problem_is_named_with_its_node_and_field(name: str) -> None:
    change, expected = BROKEN[name]
    content = two_entrances()
    change(content)
    found = problems(read_pipeline(dsl(content)))
    for part in expected:
        assert any(part in line for line in found), found
    assert all("\n" not in line for line in found)
    with pytest.raises(BrokenPipeline) as broken:
        check(pipeline_of(content))
    assert broken.value.problems == tuple(found)


def _places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value within a pipeline."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        yield (*path, name)
        yield from _places(inner, (*path, name))


def with_every_kind() -> Content:
    """Settings that only some kinds of nodes have, all in force."""
    return pipeline(
        [
            entrance("1", "csv", title="File"),
            node("2", "document-extractor", variable_selector=["1", "file"]),
            node(
                "3",
                "template-transform",
                template="{{ text }}",
                variables=[{"variable": "text", "value_selector": ["2", "text"]}],
            ),
            tool("4", "dify_extractor", file=["1", "file"]),
            node(
                "5",
                "list-operator",
                variable=["4", "files"],
                filter_by={
                    "enabled": True,
                    "conditions": [{"key": "name", "comparison_operator": "contains", "value": "a"}],
                },
                extract_by={"enabled": False, "serial": "1"},
                order_by={"enabled": True, "key": "name", "value": "asc"},
                limit={"enabled": True, "size": 2},
            ),
            node(
                "6",
                "variable-aggregator",
                advanced_settings={
                    "group_enabled": True,
                    "groups": [{"group_name": "texts", "variables": [["3", "output"]]}],
                },
            ),
            node(
                "7",
                "llm",
                prompt_template=[{"role": "user", "text": "{{#3.output#}} {{#context#}}"}],
                prompt_config={"jinja2_variables": [{"variable": "t", "value_selector": ["2", "text"]}]},
                context={"enabled": True, "variable_selector": ["5", "result"]},
                vision={"enabled": True, "configs": {"variable_selector": ["1", "file"], "detail": "high"}},
                model={
                    "completion_params": {"stop": ["."], "response_format": "json_object"},
                    "name": "tiny",
                },
                structured_output_enabled=True,
                structured_output={"schema": {}},
            ),
            node(
                "8",
                "parameter-extractor",
                query=["7", "text"],
                instruction="",
                parameters=[{"name": "days", "type": "select", "options": ["ten"], "description": "d"}],
            ),
            tool("9", "general_chunker", input_variable=["7", "text"]),
            knowledge_index("10", ["9", "result"]),
        ],
        [edge(str(one), str(one + 1)) for one in range(1, 10)],
        [field("length", "number", "200")],
    )


class Says:
    """A model that always answers the same."""

    def complete(self, messages: list[Message], parameters: object = None) -> Completion:
        return Completion(text='{"days": "ten"}')


TOOLS = Tools(preview=True, open_model=lambda: nullcontext(Says()))  # type: ignore[arg-type, return-value]
WITHOUT_TEMPLATES = {"template-transform": lambda data, values, tools: {"output": data.get("template")}}
"""Starting a process for each example takes a minute; what is wrong with them is tested beside the sandbox."""
KIND_PLACES = list(_places(with_every_kind()["workflow"]["graph"]["nodes"]))
PLACES = list(_places(two_entrances()))
VALUES: list[object] = [
    None,
    True,
    -1,
    3.5,
    "",
    "x",
    "{{#1.file#}}",
    [],
    ["1", "file"],
    [["1", "file"]],
    {},
    {"a": 1},
    [{}],
]


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES)), min_size=1, max_size=2))
def test_whatever_stands_where_it_is_told_in_words(
    changes: list[tuple[tuple[str | int, ...], object]],
) -> None:
    """No value in any place makes the check fail, nor, where it finds nothing, the run other than in words."""
    content = two_entrances()
    for path, value in changes:
        owner: Any = content
        with suppress(KeyError, IndexError, TypeError):
            for name in path[:-1]:
                owner = owner[name]
            owner[path[-1]] = deepcopy(value)
    with suppress(KnowledgeError):
        drawn = pipeline_of(content)
        found = problems(drawn)
        assert all(line and "\n" not in line for line in found)
        if not found:
            table = File.of_bytes("a.csv", b"a,b\n1,2\n")
            run_pipeline(drawn, entered(drawn, table), tools=Tools(preview=True))


@settings(max_examples=300)
@given(st.sampled_from(KIND_PLACES), st.sampled_from(VALUES))
def test_whatever_stands_in_the_settings_of_a_kind_is_told_in_words(
    path: tuple[str | int, ...], value: object
) -> None:
    content = with_every_kind()
    owner: Any = _nodes(content)
    for name in path[:-1]:
        owner = owner[name]
    owner[path[-1]] = deepcopy(value)
    drawn = pipeline_of(content)
    found = problems(drawn)
    assert all(line and "\n" not in line for line in found)
    with suppress(KnowledgeError):
        if not found:
            table = File.of_bytes("a.csv", b"a,b\n1,2\n")
            run_pipeline(drawn, entered(drawn, table), tools=TOOLS, functions=WITHOUT_TEMPLATES)


def test_every_kind_runs() -> None:
    drawn = pipeline_of(with_every_kind())
    assert problems(drawn) == []
    table = File.of_bytes("a.csv", b"a,b\n1,2\n")
    assert run_pipeline(drawn, entered(drawn, table), tools=TOOLS).error is None


KINDS: dict[str, tuple[Change, str]] = {
    "a variable of a template": (
        _setting("3", variables=[{"variable": "x"}]),
        "(3): variables[0].value_selector: no variable is chosen",
    ),
    "an operator": (
        _setting("5", filter_by={"enabled": True, "conditions": [{"key": "name"}]}),
        "(5): filter_by.conditions[0].comparison_operator: None was given",
    ),
    "a prompt that is a text": (
        _setting("7", prompt_template="text"),
        "(7): prompt_template: 'text' was given; allowed: a list of objects",
    ),
    "pictures for a model": (
        _setting("7", vision={"enabled": True, "configs": {"variable_selector": "file"}}),
        "(7): vision.configs.variable_selector: 'file' was given; allowed: a list",
    ),
    "how closely a model looks": (
        _setting("7", vision={"enabled": True, "configs": {"detail": "medium"}}),
        "(7): vision.configs.detail: 'medium' was given; allowed: high, low",
    ),
    "parameters of a model": (
        _setting("7", model={"completion_params": ["temperature"]}),
        "(7): model.completion_params: ['temperature'] was given; allowed: an object",
    ),
    "a parameter without a type": (
        _setting("8", parameters=[{"name": "days"}]),
        "(8): parameters[0].type: None was given; allowed: select, string",
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_setting_of_a_kind_is_named(name: str) -> None:
    change, expected = KINDS[name]
    content = with_every_kind()
    change(content)
    assert any(expected in line for line in problems(pipeline_of(content)))


def test_what_is_not_taken_over_of_a_model_is_named() -> None:
    content = with_every_kind()
    changes = {
        "memory": {"window": {"enabled": False}, "query_prompt_template": "{{#sys.query#}}"},
        "model": {"name": "gpt-x", "completion_params": {"temperature": 0.7, "stream": True}},
        "vision": {"enabled": True, "configs": {"detail": "high", "variable_selector": []}},
    }
    _setting("7", **changes)(content)
    drawn = pipeline_of(content)
    found = [line.partition(": ")[0] for one in drawn.nodes for line in not_taken_over(one)]
    assert found == ["model", "model.completion_params.stream", "memory", "vision"]
    assert problems(drawn) == []


def test_what_stands_inside_an_iteration_is_told_as_far_as_it_has_no_other_cause() -> None:
    inside = {"isInIteration": True, "iteration_id": "3"}
    words = [{"variable": "x", "value_selector": ["3", "item"]}]
    content = pipeline(
        [
            entrance("1"),
            node("2", "document-extractor", variable_selector=["1", "file"]),
            node("3", "iteration", "Each", iterator_selector=["2", "text"], output_selector=["5", "output"]),
            node("4", "iteration-start", **inside),
            node("5", "template-transform", template="{{ x }}", variables=words, **inside),
            node("6", "http-request", "Ask", **inside),
            node("9", "question-classifier", "Sort", query_variable_selector=["6", "body"]),
            tool("7", "general_chunker", input_variable="{{#3.output#}}"),
            knowledge_index("8", ["7", "result"]),
        ],
        [
            *(edge(*ends) for ends in ("12", "23", "45", "56", "37", "78", "39")),
            edge("9", "8", "class-1"),
        ],
    )
    found = [line.partition(" is not supported yet")[0] for line in problems(pipeline_of(content))]
    assert found == [
        "node Each (3): type: iteration",
        "node Ask (6): type: http-request",
        "node Sort (9): type: question-classifier",
    ]


def test_words_of_a_prompt_that_are_not_in_force_are_no_references() -> None:
    content = with_every_kind()
    before = {
        "role": "user",
        "text": "{{#gone.text#}}",
        "edition_type": "jinja2",
        "jinja2_text": "{{ word }}",
    }
    _setting("7", prompt_template=[before])(content)
    assert problems(pipeline_of(content)) == []
    before["edition_type"] = "basic"
    assert "there is no node 'gone'" in problems(pipeline_of(content))[0]


def test_what_to_give_to_an_entrance_that_reads_no_source_is_told() -> None:
    (told,) = not_fetched(pipeline_of(two_entrances()))
    assert told.startswith("entrance Pages (8): links are not followed")
    assert told.endswith("--entrance 8")


def test_fields_of_an_entrance_that_was_taken_away_are_kept_and_not_asked_for() -> None:
    """Dify leaves them in its own templates, required ones too."""
    content = two_entrances()
    orphan = {
        **content["workflow"]["rag_pipeline_variables"][0],
        "belong_to_node_id": "77",
        "variable": "site",
    }
    content["workflow"]["rag_pipeline_variables"].append({**orphan, "required": True, "default_value": ""})
    drawn = read_pipeline(dsl(content))
    assert problems(drawn) == []
    assert without_entrance(drawn) == {"77": ["site"]}
    assert (
        run_pipeline(drawn, entered(drawn, File.of_bytes("a.csv", b"a,b\n1,2\n")), tools=TOOLS).error is None
    )
    assert read_pipeline(write_pipeline(drawn)).content == content


BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join(9 * [f'*a{n - 1}'])}]}}\n" for n in range(1, 9)
)
DEEP = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "merge key"),
        (DEEP, "nested more than 100 deep"),
        ("a: &a [*a]", "nested more than 100 deep"),
        ("x: !!bool maybe", "tag"),
        ("x: !!timestamp maybe", "tag"),
        ("x: !!merge y", "tag"),
        ("x: 1" + 300 * ":1" + ".5", "no YAML"),
        ("x: 1" + 100_000 * ":1", "a number of 200001 characters"),
    ],
    ids=["merge", "deep", "itself", "truth", "time", "merge tag", "large number", "long number"],
)
def test_a_text_that_is_dear_or_strange_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(BrokenPipeline, match=said) as error:
        read_pipeline(text)
    assert "\n" not in str(error.value)


def test_words_that_look_like_merge_keys_are_texts() -> None:
    content = {**two_entrances(), "notes": {"<<": "<<", "1:1": "!tag"}}
    assert read_pipeline(dsl(content)).content == content


def test_there_are_enough_broken_pipelines() -> None:
    assert len(BROKEN) >= 30


def test_a_good_pipeline_has_no_problems() -> None:
    assert problems(pipeline_of(two_entrances())) == []


def test_one_change_makes_no_other_problem() -> None:
    """Each line is of the node that was changed, where the change cannot reach others."""
    for name in ("unknown tool", "too many hits", "a condition without a variable", "too many retries"):
        content = two_entrances()
        BROKEN[name][0](content)
        assert len(problems(pipeline_of(content))) == 1, name


def test_all_problems_are_told_at_once() -> None:
    content = two_entrances()
    names = ("unknown tool", "too many hits", "a newer version", "a default that is no number")
    for name in names:
        BROKEN[name][0](content)
    found = problems(pipeline_of(content))
    assert len(found) == len(names)
    for name in names:
        assert any(BROKEN[name][1][0] in line for line in found)


def test_what_is_switched_off_is_no_problem() -> None:
    """Dify keeps the settings of a group or context that was switched off again."""
    content = two_entrances()
    groups = [{"group_name": "old", "variables": [["77", "text"]]}]
    _data(content, "5")["advanced_settings"] = {"group_enabled": False, "groups": groups}
    assert problems(pipeline_of(content)) == []
    _data(content, "5")["advanced_settings"]["group_enabled"] = True
    assert any("there is no node '77'" in line for line in problems(pipeline_of(content)))


def test_an_if_else_from_before_there_were_several_cases() -> None:
    conditions = [
        {"variable_selector": ["1", "file", "extension"], "comparison_operator": "is", "value": "md"}
    ]
    content = pipeline(
        [
            entrance("1"),
            node("2", "if-else", conditions=conditions, logical_operator="and"),
            node("3", "document-extractor", variable_selector=["1", "file"]),
            tool("4", "general_chunker", input_variable=["3", "text"]),
            knowledge_index("5", ["4", "result"]),
        ],
        [edge("1", "2"), edge("2", "3", "true"), edge("3", "4"), edge("4", "5")],
    )
    assert problems(pipeline_of(content)) == []


@pytest.mark.parametrize("default", [1024, "1024", "", None, 0.5])
def test_numbers_may_be_written_as_text(default: object) -> None:
    content = two_entrances()
    content["workflow"]["rag_pipeline_variables"][1] = field("length", "number", default)
    assert problems(pipeline_of(content)) == []
