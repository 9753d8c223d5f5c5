"""Nodes of pipelines that read, cut and choose: as plain functions, and as a pipeline calls them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import EmptyDocument, InputError, MissingVariable, UnsupportedFormat
from knowledge.pipeline import nodes
from knowledge.pipeline.comparisons import OPERATORS, holds
from knowledge.pipeline.files import File
from knowledge.pipeline.nodes import (
    dify_extractor,
    document_extractor,
    general_chunker,
    if_else,
    jinja_sandbox,
    list_operator,
    markdown_conversion,
    markdown_to_csv,
    parent_child_chunker,
    qa_chunker,
    template_transform,
    variable_aggregator,
)
from knowledge.pipeline.nodes.parameters import Parameters
from knowledge.pipeline.tools import NO_TOOLS
from knowledge.pipeline.variables import Values

TEXTS = st.text("ab 。.\n年假", min_size=1, max_size=400).filter(lambda text: bool(text.strip()))
PAIRS = "Question,Answer\nHow long?,Ten days\nWho pays?,The company\n"
GUIDE = "# Leave\n\nTen days a year.\n\n## Sick leave\n\nA certificate is needed.\n"


def file(name: str, text: str) -> File:
    return File.of_bytes(name, text.encode())


def is_general(result: Any) -> bool:
    return isinstance(result, list) and all(isinstance(chunk, str) for chunk in result)


def is_parent_child(result: Any) -> bool:
    return (
        set(result) == {"parent_mode", "parent_child_chunks"}
        and result["parent_mode"] in ("paragraph", "full-doc")
        and all(
            set(entry) == {"parent_content", "child_contents"}
            and isinstance(entry["parent_content"], str)
            and is_general(entry["child_contents"])
            for entry in result["parent_child_chunks"]
        )
    )


def is_qa(result: Any) -> bool:
    return set(result) == {"qa_chunks"} and all(
        set(pair) == {"question", "answer"} and all(isinstance(half, str) for half in pair.values())
        for pair in result["qa_chunks"]
    )


def tool(**parameters: Any) -> dict[str, Any]:
    """The data of a tool node with these constants."""
    return {
        "tool_parameters": {name: {"type": "constant", "value": value} for name, value in parameters.items()}
    }


@given(text=TEXTS, length=st.integers(50, 200))
def test_general_chunks_lose_no_words_and_fit(text: str, length: int) -> None:
    result = general_chunker.general_chunks(text, max_chunk_length=length, chunk_overlap_length=0)
    assert is_general(result)
    assert all(0 < len(chunk) <= length for chunk in result)
    assert "".join("".join(result).split()) == "".join(text.split())


@given(text=TEXTS, mode=st.sampled_from(["paragraph", "full_doc"]))
def test_children_hold_the_words_of_their_parents(text: str, mode: str) -> None:
    result = parent_child_chunker.parent_child_chunks(text, parent_mode=mode, subchunk_max_length=50)
    assert is_parent_child(result)
    for entry in result["parent_child_chunks"]:
        assert "".join("".join(entry["child_contents"]).split()) == "".join(entry["parent_content"].split())


def test_both_cleanings_happen_together() -> None:
    said = "see  https://a.example/x  or a@b.example now"
    cleaned = general_chunker.general_chunks(
        said, replace_consecutive_spaces_newlines_tabs=True, delete_all_urls_and_email_addresses=True
    )
    assert cleaned == ["see or now"]
    parents = parent_child_chunker.parent_child_chunks(
        said, remove_extra_spaces=True, remove_urls_emails=True
    )
    assert parents["parent_child_chunks"][0]["parent_content"] == "see or now"


@pytest.mark.parametrize("written", ["\\n\\n", "\\\\n\\\\n", "\n\n"])
def test_a_delimiter_means_the_same_however_often_it_was_escaped(written: str) -> None:
    text = "\n\n".join("x" * 40 for _ in range(3))
    outputs = general_chunker.run(
        tool(input_variable=text, delimiter=written, max_chunk_length=50, chunk_overlap_length=0),
        Values(),
        NO_TOOLS,
    )
    assert outputs == {"result": ["x" * 40] * 3}


def test_a_visible_delimiter_stands_between_chunks_that_stand_alone() -> None:
    assert general_chunker.general_chunks("一。二。三", delimiter="。") == ["一。", "二。", "三"]


def test_parameters_come_as_variables_texts_and_constants() -> None:
    values = Values(
        {
            "reader": {"text": "one  two"},
            "rag": {"shared": {"clean": True, "length": 60.0, "overlap": None}},
        }
    )
    data = {
        "tool_parameters": {
            "input_variable": {"type": "mixed", "value": "{{#reader.text#}} three"},
            "max_chunk_length": {"type": "variable", "value": ["rag", "shared", "length"]},
            "chunk_overlap_length": {"type": "variable", "value": ["rag", "shared", "overlap"]},
            "replace_consecutive_spaces_newlines_tabs": {"type": "mixed", "value": "{{#rag.shared.clean#}}"},
        }
    }
    assert general_chunker.run(data, values, NO_TOOLS) == {"result": ["one two three"]}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"input_variable": ""}, "input_variable"),
        ({"input_variable": "a", "max_chunk_length": "long"}, "max_chunk_length"),
        ({"input_variable": "a", "max_chunk_length": 10}, "50"),
        ({"input_variable": "a", "delete_all_urls_and_email_addresses": "maybe"}, "true or false"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        general_chunker.run(tool(**parameters), Values(), NO_TOOLS)


def test_an_unknown_parent_mode_is_refused() -> None:
    with pytest.raises(InputError, match="full_doc"):
        parent_child_chunker.parent_child_chunks("text", parent_mode="page")


@pytest.mark.parametrize("columns", [(0, 1), ("Question", "Answer"), (0.0, "1")])
def test_pairs_are_read_from_columns_by_number_or_name(columns: tuple[Any, Any]) -> None:
    outputs = qa_chunker.run(
        tool(input_file=file("faq.csv", PAIRS), question_column=columns[0], answer_column=columns[1]),
        Values(),
        NO_TOOLS,
    )
    assert is_qa(outputs["result"])
    assert outputs["result"]["qa_chunks"] == [
        {"question": "How long?", "answer": "Ten days"},
        {"question": "Who pays?", "answer": "The company"},
    ]


def test_a_table_without_the_column_is_an_error() -> None:
    with pytest.raises(InputError, match="no table has the columns"):
        qa_chunker.qa_chunks(file("faq.csv", PAIRS), question_column="Frage")


def test_a_table_without_pairs_is_an_error() -> None:
    with pytest.raises(EmptyDocument, match=r"faq\.csv"):
        qa_chunker.qa_chunks(file("faq.csv", "Question,Answer\nHow long?,\n"))


TABLE = "| Index | Question | Answer |\n| --- | --- | --- |\n| 1 | Which, a \\| b? | One<br>Two |\n"


@pytest.mark.parametrize("answer", [TABLE, f"Here it is:\n\n{TABLE}\nDone.", f"```markdown\n{TABLE}```"])
def test_a_table_that_a_model_wrote_becomes_pairs(answer: str) -> None:
    (table,) = markdown_to_csv.tables_to_csv(answer)
    assert table.read().decode() == 'Index,Question,Answer\n1,"Which, a | b?","One\nTwo"\n'
    found = qa_chunker.qa_chunks(table, question_column=1, answer_column=2)
    assert found == {"qa_chunks": [{"question": "Which, a | b?", "answer": "One\nTwo"}]}


def test_every_table_is_a_file_of_its_own() -> None:
    tables = markdown_to_csv.tables_to_csv(f"{TABLE}\nText between.\n\n{TABLE}", name="pairs")
    assert [table.name for table in tables] == ["pairs.csv", "pairs-2.csv"]


@pytest.mark.parametrize("answer", ["", "I cannot do that."])
def test_an_answer_without_a_table_is_an_error(answer: str) -> None:
    with pytest.raises(InputError, match="no Markdown table"):
        markdown_to_csv.tables_to_csv(answer)


def test_a_file_gives_a_text_and_a_list_of_files_a_list() -> None:
    guide, note = file("guide.md", GUIDE), file("note.txt", "Hello.")
    values = Values({"in": {"file": guide, "files": [guide, note]}})
    one = document_extractor.run({"variable_selector": ["in", "file"]}, values, NO_TOOLS)
    several = document_extractor.run({"variable_selector": ["in", "files"]}, values, NO_TOOLS)
    assert one == {"text": GUIDE}
    assert several == {"text": [GUIDE, "Hello."]}
    assert markdown_conversion.to_markdown([guide, note]) == f"{GUIDE}\n\nHello."


def test_what_is_no_file_is_refused() -> None:
    with pytest.raises(InputError, match=r"in\.file must be a file"):
        document_extractor.run(
            {"variable_selector": ["in", "file"]}, Values({"in": {"file": "a path"}}), NO_TOOLS
        )


def test_a_file_that_cannot_be_read_fails_instead_of_giving_no_text() -> None:
    with pytest.raises(UnsupportedFormat):
        dify_extractor.extract_parts(File.of_bytes("a.bin", bytes(range(256))))
    with pytest.raises(EmptyDocument):
        dify_extractor.extract_parts(file("a.txt", " \n"))


def test_the_extractor_puts_out_text_documents_and_images() -> None:
    parts = dify_extractor.extract_parts(file("guide.md", GUIDE))
    assert parts == {
        "text": GUIDE,
        "documents": [{"page_content": GUIDE, "metadata": {"source": "guide.md"}}],
        "images": [],
    }


@pytest.mark.parametrize(
    ("name", "extension", "kind"),
    [
        ("a.PDF", ".pdf", "document"),
        ("b.tar.gz", ".gz", "document"),
        ("c.png", ".png", "image"),
        ("d", "", "document"),
    ],
)
def test_files_tell_their_kind(name: str, extension: str, kind: str) -> None:
    made = File.of_bytes(name, b"123")
    assert (made.extension, made.type, made.size, made.transfer_method) == (extension, kind, 3, "local_file")


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.text("ab1", max_size=2),
    st.lists(st.text("ab", max_size=1)),
)
NEGATIONS = {
    "contains": "not contains",
    "is": "is not",
    "empty": "not empty",
    "in": "not in",
    "null": "not null",
    "exists": "not exists",
}


@given(actual=VALUES, wanted=VALUES, positive=st.sampled_from(sorted(NEGATIONS)))
def test_a_negation_holds_exactly_where_its_positive_does_not(
    actual: Any, wanted: Any, positive: str
) -> None:
    assert holds(actual, positive, wanted) is not holds(actual, NEGATIONS[positive], wanted)


@pytest.mark.parametrize(
    ("actual", "comparison", "wanted"),
    [
        ("handbook", "contains", "book"),
        (["a", "b"], "contains", "b"),
        ([True], "contains", "true"),
        ("handbook", "start with", "hand"),
        ("handbook", "end with", "book"),
        ("a", "is", "a"),
        (True, "is", "true"),
        (False, "is", False),
        (2, "is", "2"),
        ("", "empty", ""),
        ([], "empty", ""),
        (0, "not empty", ""),
        (False, "not empty", ""),
        ("a", "in", ["a", "b"]),
        ("a", "in", "a, b"),
        ("image", "in", '["image", "audio"]'),
        (["a", "b", "c"], "all of", ["a", "c"]),
        (2, "=", "2.0"),
        ("3", ">", 2),
        (3, "≥", 3),
        (3, "<=", "3"),
        (2, "≠", 3),
        (None, "null", ""),
        (None, "not exists", ""),
        (None, "is not", "a"),
    ],
)
def test_operators_by_example(actual: Any, comparison: str, wanted: Any) -> None:
    assert holds(actual, comparison, wanted)


def test_an_unknown_operator_names_those_there_are() -> None:
    with pytest.raises(InputError, match="not contains"):
        holds("a", "resembles", "b")
    assert {"contains", "not exists", "all of", "≥"} <= set(OPERATORS)


def test_an_order_of_words_is_refused() -> None:
    with pytest.raises(InputError, match="no number"):
        holds("many", ">", 2)


def condition(selector: list[str], comparison: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"variable_selector": selector, "comparison_operator": comparison, "value": value, **more}


CASES = [
    {
        "case_id": "tables",
        "logical_operator": "or",
        "conditions": [
            condition(["in", "file", "extension"], "is", ".CSV"),
            condition(["in", "file", "extension"], "is", "xlsx"),
        ],
    },
    {
        "case_id": "long",
        "logical_operator": "and",
        "conditions": [
            condition(["in", "file", "size"], ">", "{{#rag.shared.limit#}}"),
            condition(["in", "file", "type"], "in", ["document"]),
        ],
    },
]


@pytest.mark.parametrize(
    ("name", "text", "chosen"),
    [
        ("a.csv", "x", "tables"),
        ("a.xlsx", "x", "tables"),
        ("a.txt", "x" * 9, "long"),
        ("a.txt", "x", "false"),
    ],
)
def test_the_first_case_that_holds_is_chosen(name: str, text: str, chosen: str) -> None:
    values = Values({"in": {"file": file(name, text)}, "rag": {"shared": {"limit": 5}}})
    outputs = if_else.run({"cases": CASES}, values, NO_TOOLS)
    assert outputs == {"result": chosen != "false", "selected_case_id": chosen}


def test_an_old_node_has_its_one_case_in_its_data() -> None:
    data = {"logical_operator": "and", "conditions": [condition(["in", "text"], "not empty", "")]}
    assert if_else.run(data, Values({"in": {"text": "x"}}), NO_TOOLS)["selected_case_id"] == "true"
    assert if_else.run(data, Values(), NO_TOOLS)["selected_case_id"] == "false"


def test_a_condition_on_a_value_that_is_not_there_fails() -> None:
    case = {"case_id": "a", "conditions": [condition(["in", "text"], "is", "x")]}
    with pytest.raises(MissingVariable):
        if_else.choose_case([case], Values())


def test_conditions_on_the_files_of_a_list() -> None:
    values = Values({"in": {"files": [file("a.csv", "x"), file("b.txt", "x")]}})
    inner = {
        "logical_operator": "and",
        "conditions": [{"key": "extension", "comparison_operator": "is", "value": "csv"}],
    }

    def chosen(comparison: str) -> str:
        asked = condition(["in", "files"], comparison, "", sub_variable_condition=inner)
        return if_else.choose_case([{"case_id": "a", "conditions": [asked]}], values)

    assert [chosen("contains"), chosen("not contains"), chosen("all of")] == ["a", "false", "false"]


def test_an_aggregator_takes_what_the_branch_that_ran_put_out() -> None:
    values = Values({"right": {"text": "yes"}})
    selectors = [["left", "text"], ["right", "text"]]
    assert variable_aggregator.run({"variables": selectors}, values, NO_TOOLS) == {"output": "yes"}
    groups = [
        {"group_name": "said", "variables": selectors},
        {"group_name": "unsaid", "variables": [["left", "text"]]},
    ]
    data = {"advanced_settings": {"group_enabled": True, "groups": groups}}
    assert variable_aggregator.run(data, values, NO_TOOLS) == {"said": {"output": "yes"}, "unsaid": {}}


@given(numbers=st.lists(st.integers()), number=st.integers(1, 20), descending=st.booleans())
def test_a_list_is_ordered_and_limited_like_python_does(
    numbers: list[int], number: int, descending: bool
) -> None:
    data = {
        "variable": ["in", "numbers"],
        "order_by": {"enabled": True, "key": "", "value": "desc" if descending else "asc"},
        "limit": {"enabled": True, "size": number},
    }
    outputs = list_operator.run(data, Values({"in": {"numbers": numbers}}), NO_TOOLS)
    assert outputs["result"] == sorted(numbers, reverse=descending)[:number]
    assert [outputs["first_record"]] == (outputs["result"][:1] or [None])
    assert [outputs["last_record"]] == (outputs["result"][-1:] or [None])


def test_files_of_a_list_are_chosen_by_their_fields() -> None:
    files = [file("b.txt", "xx"), file("a.csv", "xxxx"), file("c.TXT", "x")]
    values = Values({"in": {"files": files}, "rag": {"shared": {"nth": "2"}}})
    data = {
        "variable": ["in", "files"],
        "filter_by": {
            "enabled": True,
            "conditions": [{"key": "extension", "comparison_operator": "in", "value": [".txt"]}],
        },
        "order_by": {"enabled": True, "key": "size", "value": "asc"},
    }
    assert list_operator.run(data, values, NO_TOOLS)["result"] == [files[2], files[0]]
    second = {"variable": ["in", "files"], "extract_by": {"enabled": True, "serial": "{{#rag.shared.nth#}}"}}
    assert list_operator.run(second, values, NO_TOOLS)["result"] == [files[1]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"variable": ["in", "word"]}, "must be a list"),
        ({"variable": ["in", "mixed"], "order_by": {"enabled": True}}, "one order"),
        ({"variable": ["in", "mixed"], "extract_by": {"enabled": True, "serial": "3"}}, "no element 3"),
        ({"variable": ["in", "mixed"], "limit": {"enabled": True, "size": 0}}, "limit"),
        ({"variable": ["in", "mixed"], "limit": {"enabled": True, "size": float("inf")}}, "inf is no whole"),
    ],
)
def test_what_a_list_operator_cannot_do_is_said(data: dict[str, Any], said: str) -> None:
    values = Values({"in": {"word": "abc", "mixed": [1, "a"]}})
    with pytest.raises(InputError, match=said):
        list_operator.run(data, values, NO_TOOLS)


def test_a_template_gets_values_and_files() -> None:
    data = {
        "template": "{{ file.name }}: {% for word in words %}{{ loop.index }}{{ word }} {% endfor %}{{ none_such }}",
        "variables": [
            {"variable": "file", "value_selector": ["in", "file"]},
            {"variable": "words", "value_selector": ["in", "words"]},
        ],
    }
    values = Values({"in": {"file": file("a.txt", "x"), "words": ["x", "y"]}})
    assert template_transform.run(data, values, NO_TOOLS) == {"output": "a.txt: 1x 2y "}


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{% for %}",
        "{{ 1 // 0 }}",
        "{{ words.append(1) }}",
        "{% for i in range(1000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ 1000000000 * 'x' }}",
        "{{ ('x' | center(2000000000)) | length }}",
        "{% set ns = namespace(a='aa') %}{% for i in range(60) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{{ " + 3000 * "(" + "1" + 3000 * ")" + " }}",
        30 * "{% for i in [1] %}" + 30 * "{% endfor %}",
    ],
)
def test_a_template_that_is_wrong_or_forbidden_is_refused(template: str) -> None:
    with pytest.raises(InputError, match="template"):
        template_transform.transform(template, {"words": []})


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in words %}{% for j in words %}{% for k in words %}{% endfor %}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_without_end_is_given_up(template: str) -> None:
    with pytest.raises(InputError, match=r"more than 0\.5 s"):
        jinja_sandbox.rendered(template, {"words": 2000 * ["x"]}, longest_s=0.5)


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.lists(st.integers() | st.text(max_size=3)))
@settings(max_examples=5, deadline=None)
def test_a_template_says_its_values_unchanged(text: str, values: list[int | str]) -> None:
    said = jinja_sandbox.rendered("{{ text }}|{{ values | join(',') }}", {"text": text, "values": values})
    assert said == f"{text}|{','.join(map(str, values))}"


@pytest.mark.parametrize("given_value", [[], ["env"], None])
def test_a_parameter_without_a_selector_is_not_given(given_value: Any) -> None:
    """Nothing chosen is never everything, among which are secrets."""
    data = {"tool_parameters": {"text": {"type": "variable", "value": given_value}}}
    parameters = Parameters(data, Values({"env": {"key": "secret"}}))
    if given_value:
        with pytest.raises(MissingVariable):
            parameters.value("text")
    else:
        assert parameters.value("text") is None
    with pytest.raises((InputError, MissingVariable)) as error:
        parameters.text("text")
    assert "secret" not in str(error.value)


def test_a_reference_to_nothing_is_a_text() -> None:
    data = {"tool_parameters": {"text": {"type": "mixed", "value": "{{#foo#}}"}}}
    assert Parameters(data, Values({"env": {"key": "secret"}})).value("text") == "{{#foo#}}"


def test_a_value_that_is_wrong_is_shown_in_part() -> None:
    parameters = Parameters({"tool_parameters": {"n": {"type": "constant", "value": 1000 * "x"}}}, Values({}))
    with pytest.raises(InputError, match="whole number") as error:
        parameters.whole_number("n", 1)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("selector", [[], ["env"]])
def test_no_template_gets_all_the_values_of_a_run(selector: list[str]) -> None:
    values = Values({"env": {"key": "secret"}})
    assert not values.has(selector)
    data = {"template": "{{ all }}", "variables": [{"variable": "all", "value_selector": selector}]}
    with pytest.raises(MissingVariable):
        template_transform.run(data, values, NO_TOOLS)


def test_nodes_are_plain_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines that the package shows."""
    (tmp_path / "handbook.md").write_text(
        "# Leave\n\nTen days of leave.\nMore by agreement.\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    code = str(nodes.__doc__).partition("\n\n")[2]
    exec(compile(code, "nodes", "exec"), {})
    assert "'total_segments': 1" in capsys.readouterr().out
    assert len([line for line in code.splitlines() if line]) <= 10
