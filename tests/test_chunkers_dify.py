"""Dify's rules read and mapped, its own chunks reproduced, and the structures of its pipelines."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkers import QA, General, ParentChild, dify
from chunkers.dify_rules import Segmentation
from chunkers.dify_splitting import fixed_split, recursive_split
from knowledge.errors import InputError


def custom(separator: str = "\\n", max_tokens: int = 50, overlap: int = 0, *enabled: str) -> dict[str, Any]:
    return {
        "mode": "custom",
        "rules": {
            "pre_processing_rules": [{"id": name, "enabled": True} for name in enabled],
            "segmentation": {"separator": separator, "max_tokens": max_tokens, "chunk_overlap": overlap},
        },
    }


def hierarchical(**changes: Any) -> dict[str, Any]:
    rules = {
        "pre_processing_rules": [],
        "parent_mode": "paragraph",
        "segmentation": {"separator": "\\n\\n", "max_tokens": 100},
        "subchunk_segmentation": {"separator": "\\n", "max_tokens": 50},
    }
    return {"mode": "hierarchical", "rules": {**rules, **changes}}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"mode": "automatic"}, General(max_length=500, overlap=50)),
        ({"mode": "automatic", "rules": None}, General(max_length=500, overlap=50)),
        (custom("\\n\\n", 1024, 50), General(max_length=1024, overlap=50, delimiters=("\\n\\n",))),
        (custom("###", 300), General(max_length=300, overlap=0, delimiters=("###",), merge=False)),
        (custom("", 300), General(max_length=300, overlap=0, delimiters=())),
        (
            hierarchical(parent_mode="full-doc"),
            ParentChild(
                parent=General(max_length=100, overlap=0, delimiters=("\\n\\n",)),
                child=General(max_length=50, overlap=0, delimiters=("\\n",)),
                mode="full-doc",
            ),
        ),
    ],
)
def test_rules_become_our_chunkers(rule: dict[str, Any], expected: object) -> None:
    assert dify.chunker(rule) == expected


def test_preprocessing_becomes_options_of_cleaning() -> None:
    rule = custom("\\n", 50, 0, "remove_urls_emails", "remove_stopwords")
    rule["rules"]["pre_processing_rules"].append({"id": "remove_extra_spaces", "enabled": False})
    assert dify.cleaning(rule) == {"remove_extra_spaces": False, "remove_urls_emails": True}
    assert dify.cleaning({"mode": "automatic"}) == {"remove_extra_spaces": True, "remove_urls_emails": False}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (None, "process_rule must be an object, got None"),
        ({"mode": "auto"}, "process_rule.mode must be one of automatic, custom, hierarchical, got 'auto'"),
        ({"mode": "custom"}, "rules must be an object, got None"),
        (custom(max_tokens=49), "segmentation.max_tokens must be a whole number from 50 to 4000, got 49"),
        (custom(max_tokens=4001), "got 4001"),
        (custom(overlap=51), "segmentation.chunk_overlap must be a whole number from 0 to 50, got 51"),
        (custom("\\n", 50, 0, "lower_case"), "its id must be one of remove_extra_spaces"),
        (
            hierarchical(parent_mode="full_doc"),
            "parent_mode must be one of paragraph, full-doc, got 'full_doc'",
        ),
        (
            hierarchical(subchunk_segmentation={"max_tokens": 20}),
            "subchunk_segmentation.max_tokens must be a whole number from 50 to 4000, got 20",
        ),
        (hierarchical(subchunk_segmentation=None), "subchunk_segmentation must be an object, got None"),
        (
            hierarchical(segmentation={"separator": 1, "max_tokens": 50}),
            "segmentation.separator must be a string",
        ),
        (hierarchical(pre_processing_rules="none"), "pre_processing_rules must be a list, got 'none'"),
    ],
)
def test_wrong_rules_are_explained(rule: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        dify.chunker(rule)


LINE = "The quick brown fox jumps over the lazy dog again and again until the night"


@pytest.mark.parametrize(
    ("text", "segmentation", "expected"),
    [
        (
            LINE,
            Segmentation(max_tokens=30),
            ["Thequickbrownfoxjumpsoverthe", "lazydogagainandagainuntilthe", "night"],
        ),
        (
            "abcdefghijklmnopqrstuvwxyz0123456789",
            Segmentation(max_tokens=10, chunk_overlap=4),
            ["abcdefghij", "ghijklmnop", "mnopqrstuv", "stuvwxyz01", "yz01234567", "456789"],
        ),
        ("a\nb\n\nc", Segmentation(max_tokens=50), ["a", "b", "", "c"]),
        ("甲。乙", Segmentation(separator="。", max_tokens=50), ["甲。乙"]),
        ("a\\nb", Segmentation(separator="\\\\n", max_tokens=50), ["a\\nb"]),
        (
            "One is here. Two is here. Three is it.",
            Segmentation(max_tokens=26, chunk_overlap=13),
            ["One is here. Two is here.", "Two is here. Three is it."],
        ),
    ],
)
def test_pieces_are_those_of_dify(text: str, segmentation: Segmentation, expected: list[str]) -> None:
    assert fixed_split(text, segmentation) == expected


def test_automatic_pieces_are_those_of_dify() -> None:
    text = "第一句。" * 5 + "\n\n" + "word " * 5
    assert recursive_split(text, Segmentation(max_tokens=12)) == [
        "第一句。第一句。第一句。",
        "第一句。第一句。",
        "word word",
        "word word",
        "word",
    ]


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("# Title\n.NET\n$5\n   \n[a](http://b.c) d", custom(), ["Title", "NET", "5", "[a](http://b.c) d"]),
        ("naïf ¿Qué? <|x|>", custom(), ["naf Qué? <x>"]),
        ("a  b\n\n\n\nc", custom("\\n\\n", 50, 0, "remove_extra_spaces"), ["a b", "c"]),
        ("见http://a.b/c。后面 x@y.com.", custom("\\n", 50, 0, "remove_urls_emails"), ["见"]),
        ("a  b", {"mode": "automatic"}, ["a b"]),
        ("# A\nb\n\n.5 c", hierarchical(), ["# A\nb", "5 c"]),
        (" x\x00 ", hierarchical(parent_mode="full-doc"), [" x\x00 "]),
    ],
)
def test_chunks_are_those_of_dify(text: str, rule: dict[str, Any], expected: list[str]) -> None:
    assert dify.split(text, rule) == expected


def test_children_are_those_of_dify() -> None:
    assert dify.split_parent("# A\nb\n.c", hierarchical()) == ["# A", "b", "c"]
    assert dify.split_parent("# A\nb", custom()) == []


def test_a_separator_that_dify_cannot_read_is_explained() -> None:
    with pytest.raises(InputError, match="Dify cannot read the separator"):
        dify.split("text", custom("end\\"))


@given(st.text(), st.sampled_from(("\\n", "。", "", ". ")), st.integers(50, 60), st.integers(0, 50))
def test_any_text_is_cut(text: str, separator: str, max_tokens: int, overlap: int) -> None:
    for rule in (custom(separator, max_tokens, overlap), {"mode": "automatic"}, hierarchical()):
        assert dify.split(text, rule) == dify.split(text, rule)
        assert all(chunk.strip() for chunk in dify.split(text, rule))


def test_structures() -> None:
    text = "First line of a parent that is long.\nSecond line of it.\n\nNext."
    assert dify.general_structure(General(overlap=0, merge=False).chunk("a\nb")) == ["a", "b"]
    parents = ParentChild(
        parent=General(delimiters=("\\n\\n",), overlap=0, merge=False),
        child=General(max_length=50, overlap=0),
    ).chunk(text)
    assert dify.parent_child_structure(parents, "full_doc") == {
        "parent_mode": "full-doc",
        "parent_child_chunks": [
            {"parent_content": text[:55], "child_contents": text[:55].split("\n")},
            {"parent_content": "Next.", "child_contents": ["Next."]},
        ],
    }
    assert dify.qa_structure(QA().chunk("Q: a?\nA: b")) == {"qa_chunks": [{"question": "a?", "answer": "b"}]}
