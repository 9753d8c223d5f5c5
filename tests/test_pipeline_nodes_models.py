"""Nodes of pipelines that ask a language model."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import Any

import office_files
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chat import Completion, Message
from knowledge.errors import InputError, LanguageModelError, LanguageModelRefused, MissingVariable
from knowledge.language_model import opened
from knowledge.pipeline.dsl import Node
from knowledge.pipeline.files import File
from knowledge.pipeline.nodes import asking, llm, parameter_extractor
from knowledge.pipeline.nodes.json_answers import object_in
from knowledge.pipeline.nodes.parameter_extractor import Parameter
from knowledge.pipeline.running import run_node
from knowledge.pipeline.tools import NO_TOOLS, Tools
from knowledge.pipeline.variables import Values
from tests.pipeline_models import ModelServer, answering

PICTURE = File.of_bytes("plan.png", office_files.PNG + b"\0" * 100)
"""A pixel, and what makes it too large to be taken for an ornament."""


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with answering({"annual leave": "Ten days.", "thinking": "<think>Hm.\n</think>\n\nTen."}) as server:
        yield server


def tools(server: ModelServer) -> Tools:
    return Tools(open_model=partial(opened, server.spec))  # type: ignore[arg-type]


class Says:
    """A model that always answers the same."""

    def __init__(self, text: str) -> None:
        self._text = text

    def complete(self, messages: list[Message], parameters: object = None) -> Completion:
        return Completion(text=self._text)


def prompts(*texts: str, **more: Any) -> dict[str, Any]:
    return {"prompt_template": [{"role": "user", "text": text} for text in texts], **more}


def test_messages_are_sent_with_their_variables_and_the_answer_comes_back(server: ModelServer) -> None:
    data = {
        "prompt_template": [
            {"role": "system", "text": "Answer in {{#rag.shared.language#}}."},
            {"role": "user", "text": "How long is {{#reader.text#}}?"},
            {"role": "user", "text": "{{#rag.shared.empty#}}"},
        ]
    }
    values = Values(
        {"reader": {"text": "annual leave"}, "rag": {"shared": {"language": "English", "empty": ""}}}
    )
    outputs = llm.run(data, values, tools(server))
    assert server.requests == [
        [
            {"role": "system", "content": "Answer in English."},
            {"role": "user", "content": "How long is annual leave?"},
        ]
    ]
    assert outputs["text"] == "Ten days."
    assert outputs["usage"] == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 11 + 7}


def test_a_prompt_may_be_jinja_and_have_the_passages_of_a_retrieval(server: ModelServer) -> None:
    data = {
        "prompt_template": [
            {"role": "system", "text": "Passages: {{#context#}}"},
            {"role": "user", "edition_type": "jinja2", "jinja2_text": "{{ word | upper }}: annual leave"},
        ],
        "prompt_config": {"jinja2_variables": [{"variable": "word", "value_selector": ["in", "word"]}]},
        "context": {"enabled": True, "variable_selector": ["search", "result"]},
    }
    values = Values({"in": {"word": "hr"}, "search": {"result": [{"content": "one"}, {"content": "two"}]}})
    llm.run(data, values, tools(server))
    assert [message["content"] for message in server.requests[0]] == [
        "Passages: one\ntwo",
        "HR: annual leave",
    ]


def test_what_a_model_thinks_is_apart_when_it_is_to_be(server: ModelServer) -> None:
    apart = llm.run(prompts("thinking", reasoning_format="separated"), Values(), tools(server))
    together = llm.run(prompts("thinking"), Values(), tools(server))
    assert (apart["text"], apart["reasoning_content"]) == ("Ten.", "Hm.")
    assert together["text"].startswith("<think>")


def test_an_object_of_a_schema_is_asked_for_and_read() -> None:
    schema = {"type": "object", "properties": {"days": {"type": "number"}}}
    data = prompts("How many?", structured_output_enabled=True, structured_output={"schema": schema})
    with answering({"How many?": 'Sure: {"days": 10}'}) as server:
        outputs = llm.run(data, Values(), tools(server))
        assert '"days": {"type": "number"}' in server.requests[0][0]["content"]
    assert outputs["structured_output"] == {"days": 10}


SCHEMA = {
    "type": "object",
    "properties": {
        "days": {"type": "integer"},
        "who": {"type": ["string", "null"]},
        "rules": {"type": "array", "items": {"type": "object", "required": ["text"]}},
    },
    "required": ["days"],
}


@pytest.mark.parametrize(
    "answer",
    [
        {"days": 10},
        {"days": 10.0, "who": None, "rules": None},
        {"days": 1, "rules": [{"text": "x"}], "more": 1},
    ],
)
def test_an_object_that_fits_its_schema_is_put_out(answer: object) -> None:
    data = prompts("How many?", structured_output_enabled=True, structured_output={"schema": SCHEMA})
    with answering({"How many?": json.dumps(answer)}) as server:
        assert llm.run(data, Values(), tools(server))["structured_output"] == answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"who": "all"}, "structured_output of the model lacks 'days'"),
        ({"days": None}, "structured_output.days of the model is None; its schema has: integer"),
        ({"days": "ten"}, "structured_output.days of the model is 'ten'; its schema has: integer"),
        ({"days": True}, "structured_output.days of the model is True"),
        ({"days": 1.5}, "structured_output.days of the model is 1.5"),
        ({"days": 1, "who": 2}, "structured_output.who of the model is 2; its schema has: string, null"),
        ({"days": 1, "rules": [{"text": "x"}, {}]}, r"structured_output.rules\[\] of the model lacks 'text'"),
    ],
)
def test_an_object_that_does_not_fit_its_schema_is_an_error_of_the_node(answer: object, said: str) -> None:
    data = prompts("How many?", structured_output_enabled=True, structured_output={"schema": SCHEMA})
    with (
        answering({"How many?": json.dumps(answer)}) as server,
        pytest.raises(LanguageModelError, match=said),
    ):
        llm.run(data, Values(), tools(server))


def test_an_answer_that_broke_off_is_an_error_unless_the_node_sets_the_limit(server: ModelServer) -> None:
    server.finish_reason = "length"
    with pytest.raises(LanguageModelError, match="limit"):
        llm.run(prompts("annual leave"), Values(), tools(server))
    limited = prompts("annual leave", model={"completion_params": {"max_tokens": 2}})
    assert llm.run(limited, Values(), tools(server))["finish_reason"] == "length"


@given(
    st.dictionaries(
        st.sampled_from(["temperature", "top_p", "max_tokens", "seed", "stop", "enable_thinking"]),
        st.one_of(st.integers(), st.booleans(), st.lists(st.text(max_size=5), max_size=3)),
    )
)
def test_parameters_are_sent_as_they_are_written(given_parameters: dict[str, Any]) -> None:
    chosen = {**given_parameters, "stream": True, "model": "another", "penalty": None}
    assert asking.parameters_of({"model": {"completion_params": chosen}}) == given_parameters


def test_parameters_reach_the_server_and_those_it_refuses_are_left_out(server: ModelServer) -> None:
    node = {"completion_params": {"temperature": 0.7, "top_p": 0.9, "response_format": "json_object"}}
    llm.run(prompts("annual leave", model=node), Values(), tools(server))
    llm.run(prompts("annual leave"), Values(), tools(server))
    server.refusals = {"top_p": "Unsupported parameter: 'top_p'."}
    llm.run(prompts("annual leave", model=node), Values(), tools(server))
    sent = [{name: body[name] for name in body if name != "messages"} for body in server.bodies]
    full = {"model": "tiny", "temperature": 0.7, "top_p": 0.9, "response_format": {"type": "json_object"}}
    assert sent[0] == full
    assert sent[1] == {"model": "tiny", "temperature": 0}
    assert sent[2:] == [full, {name: value for name, value in full.items() if name != "top_p"}]


def test_a_schema_of_a_model_is_sent_as_an_object() -> None:
    written = {"response_format": "json_schema", "json_schema": '{"name": "leave", "schema": {}}'}
    sent = asking.parameters_of({"model": {"completion_params": written}})
    assert sent["response_format"] == {"type": "json_schema", "json_schema": {"name": "leave", "schema": {}}}
    with pytest.raises(InputError, match="json_schema is no JSON"):
        asking.parameters_of({"model": {"completion_params": {**written, "json_schema": "{"}}})


def seeing(detail: str, *texts: str) -> dict[str, Any]:
    configs = {"variable_selector": ["in", "files"], "detail": detail}
    return prompts(*texts, vision={"enabled": True, "configs": configs})


@pytest.mark.parametrize("detail", ["high", "low"])
def test_pictures_are_shown_with_the_last_words_of_the_user(server: ModelServer, detail: str) -> None:
    drawing = File.of_bytes("plan.emf", b"no model reads this", mime_type="image/x-emf")
    values = Values({"in": {"files": [PICTURE, drawing]}})
    llm.run(seeing(detail, "annual leave", "and {{#in.files#}}"), values, tools(server))
    first, last = server.requests[0]
    assert first["content"] == "annual leave"
    url = f"data:image/png;base64,{b64encode(PICTURE.read()).decode()}"
    assert last["content"][1:] == [{"type": "image_url", "image_url": {"url": url, "detail": detail}}]


def test_pictures_of_a_document_are_shown_after_a_system_message(server: ModelServer) -> None:
    page = (
        f'<p>The plan.</p><img src="data:image/png;base64,{b64encode(PICTURE.read()).decode()}" alt="plan">'
    )
    values = Values({"in": {"files": File.of_bytes("page.html", page.encode())}})
    data = seeing("high")
    data["prompt_template"] = [{"role": "system", "text": "annual leave in {{#in.files#}}"}]
    llm.run(data, values, tools(server))
    system, user = server.requests[0]
    assert system["content"] == "annual leave in page.html"
    assert [part["type"] for part in user["content"]] == ["image_url"]


def test_no_more_than_the_first_pictures_are_shown(
    server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    many = [PICTURE] * (asking.MOST_PICTURES + 1)
    llm.run(seeing("low", "annual leave"), Values({"in": {"files": many}}), tools(server))
    assert len(server.requests[0][0]["content"]) == 1 + asking.MOST_PICTURES
    assert f"in.files has {len(many)} pictures" in caplog.text


@pytest.mark.parametrize("nothing", [None, []])
def test_without_pictures_the_words_are_sent_alone(server: ModelServer, nothing: object) -> None:
    llm.run(seeing("high", "annual leave"), Values({"in": {"files": nothing}}), tools(server))
    assert server.requests == [[{"role": "user", "content": "annual leave"}]]


def test_a_model_that_reads_no_pictures_leaves_it_to_the_error_strategy(server: ModelServer) -> None:
    server.refusals = {"image_url": "image_url is only supported by certain models."}
    values = Values({"in": {"files": PICTURE}})
    data = seeing("high", "annual leave")
    defaults = [{"key": "text", "type": "string", "value": "no description"}]
    handled = {**data, "error_strategy": "default-value", "default_value": defaults}
    for settings, status, text in ((data, "failed", None), (handled, "exception", "no description")):
        run = run_node(Node(id="1", type="llm", data=settings), values, tools(server))
        assert (run.status, run.outputs.get("text")) == (status, text)
        assert "image_url is only supported" in str(run.error)
        assert "shown a picture; for a model that reads none, switch the node's vision off" in str(run.error)


def test_an_extractor_of_parameters_sees_pictures_and_sends_its_own(server: ModelServer) -> None:
    server.answers = {"receipt": '{"total": 12}'}
    data = {
        **seeing("low"),
        "query": ["in", "text"],
        "parameters": [{"name": "total", "type": "number", "description": "of the bill"}],
        "model": {"completion_params": {"top_p": 0.5}},
    }
    outputs = parameter_extractor.run(
        data, Values({"in": {"text": "receipt", "files": PICTURE}}), tools(server)
    )
    assert (outputs["total"], server.bodies[0]["top_p"]) == (12, 0.5)
    assert [part["type"] for part in server.requests[0][-1]["content"]] == ["text", "image_url"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (prompts(""), InputError),
        (prompts("{{#nobody.text#}}"), MissingVariable),
        ({"prompt_template": [{"role": "judge", "text": "x"}]}, InputError),
    ],
)
def test_prompts_that_cannot_be_sent(
    server: ModelServer, data: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        llm.run(data, Values(), tools(server))
    assert server.requests == []


def test_without_a_model_the_way_to_name_one_is_told() -> None:
    with pytest.raises(InputError, match="--llm"):
        llm.run(prompts("hello"), Values(), NO_TOOLS)


PARAMETERS = [
    Parameter(name="author", type="string", required=True),
    Parameter(name="year", type="number"),
    Parameter(name="tags", type="array[string]"),
    Parameter(name="kind", type="select", options=("paper", "book")),
]


@pytest.mark.parametrize(
    "answer",
    [
        '{"author": "Li", "year": 2024, "tags": ["a"], "kind": "book", "more": 1}',
        '<think>{"author": 1}</think>```json\n{"author": "Li", "year": 2024, "tags": ["a"], "kind": "book"}\n```',
    ],
)
def test_parameters_are_found_and_others_left_out(answer: str) -> None:
    found = parameter_extractor.extract_parameters(Says(answer), "A book of 2024 by Li", PARAMETERS)
    assert found == {"author": "Li", "year": 2024, "tags": ["a"], "kind": "book"}


def test_what_is_not_required_may_be_missing() -> None:
    found = parameter_extractor.extract_parameters(
        Says('{"author": "Li", "year": null}'), "by Li", PARAMETERS
    )
    assert found == {"author": "Li", "year": None, "tags": None, "kind": None}


def test_every_value_that_does_not_fit_is_named() -> None:
    answer = '{"year": "2024", "tags": [1], "kind": "film"}'
    with pytest.raises(LanguageModelError) as caught:
        parameter_extractor.extract_parameters(Says(answer), "text", PARAMETERS)
    for said in ("author is missing", "year is '2024', not number", "tags is", "one of paper, book"):
        assert said in str(caught.value)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InputError, match="array"):
        Parameter(name="when", type="date")


@pytest.mark.parametrize("answer", ["", "none", "[1, 2]", '{"author": '])
def test_an_answer_without_an_object_is_an_error(answer: str) -> None:
    with pytest.raises(LanguageModelError, match="no JSON object"):
        object_in(answer)


def test_the_node_says_whether_it_succeeded() -> None:
    data = {
        "query": ["in", "text"],
        "parameters": [{"name": "year", "type": "number", "required": True, "description": "of the book"}],
        "instruction": "Only years after {{#rag.shared.from#}}.",
    }
    values = Values({"in": {"text": "a book of 2024"}, "rag": {"shared": {"from": 2000}}})
    with answering({"book": '{"year": 2024}'}) as server:
        good = parameter_extractor.run(data, values, tools(server))
        system, user = server.requests[0]
        server.answers = {"book": "It does not say."}
        bad = parameter_extractor.run(data, values, tools(server))
    assert "Only years after 2000." in system["content"]
    assert user["content"] == "a book of 2024"
    assert (good["year"], good["__is_success"], good["__reason"]) == (2024, 1, "")
    assert (bad["year"], bad["__is_success"]) == (None, 0)
    assert "no JSON object" in bad["__reason"]


class Refuses:
    def complete(self, messages: list[Message], parameters: object = None) -> Completion:
        raise LanguageModelRefused("no key")


def test_a_model_that_refuses_is_an_error_of_the_node() -> None:
    data = {"query": ["in", "text"], "parameters": []}
    with pytest.raises(LanguageModelRefused):
        parameter_extractor.run(
            data, Values({"in": {"text": "x"}}), Tools(open_model=lambda: nullcontext(Refuses()))
        )
