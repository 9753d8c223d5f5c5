"""Dify's rules and structures: its `process_rule` by our chunkers, its own chunks, its pipelines' outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chunkers.delimiters import is_layout
from chunkers.dify_rules import Segmentation, read_rule
from chunkers.dify_splitting import (
    cleaned,
    fixed_split,
    recursive_split,
    without_leading_dot,
    without_leading_symbols,
)
from chunkers.general import General
from chunkers.parent_child import ParentChild
from knowledge.types import Chunk


def cleaning(process_rule: Mapping[str, Any]) -> dict[str, bool]:
    """The options of `clean` for a rule; `remove_stopwords` does nothing, as in Dify. Raises `InputError`."""
    enabled = read_rule(process_rule).preprocessing
    return {name: name in enabled for name in ("remove_extra_spaces", "remove_urls_emails")}


def chunker(process_rule: Mapping[str, Any]) -> General | ParentChild:
    """Our chunker for a rule: Dify's sizes and separators, nothing lost. Raises `InputError`.

    Pieces between visible separators stand alone, as in Dify; between white space they are packed.
    """
    rule = read_rule(process_rule)
    parent = _general(rule.segmentation)
    if rule.child_segmentation is None:
        return parent
    return ParentChild(parent=parent, child=_general(rule.child_segmentation), mode=rule.parent_mode)


def _general(segmentation: Segmentation) -> General:
    separator = segmentation.separator
    return General(
        max_length=segmentation.max_tokens,
        overlap=min(segmentation.chunk_overlap, segmentation.max_tokens - 1),
        delimiters=(separator,) if separator else (),
        merge=not separator or is_layout(separator),
    )


def split(text: str, process_rule: Mapping[str, Any]) -> list[str]:
    """The chunks that Dify makes of one extracted text: cleaned, cut and stripped as there. Raises `InputError`.

    Of a hierarchical rule, the parents.
    """
    rule = read_rule(process_rule)
    if rule.parent_mode == "full-doc":
        return [text] if text.strip() else []
    text = cleaned(text, rule.preprocessing)
    if rule.mode == "automatic":
        return _kept(map(without_leading_symbols, recursive_split(text, rule.segmentation)))
    pieces = [piece for piece in fixed_split(text, rule.segmentation) if piece.strip()]
    finish = without_leading_dot if rule.mode == "hierarchical" else without_leading_symbols
    return _kept(map(finish, pieces))


def split_parent(parent: str, process_rule: Mapping[str, Any]) -> list[str]:
    """The child chunks that Dify makes of one parent; none unless the rule is hierarchical."""
    rule = read_rule(process_rule)
    if rule.child_segmentation is None:
        return []
    return _kept(map(without_leading_dot, fixed_split(parent, rule.child_segmentation)))


def _kept(chunks: Iterable[str]) -> list[str]:
    return [chunk for chunk in chunks if chunk.strip()]


def general_structure(chunks: Sequence[Chunk]) -> list[str]:
    """The `result` of a general chunker node."""
    return [chunk.content for chunk in chunks]


def parent_child_structure(parents: Sequence[Chunk], mode: str = "paragraph") -> dict[str, Any]:
    """The `result` of a parent-child chunker node; `full_doc`, as nodes write it, is `full-doc` there."""
    return {
        "parent_mode": mode.replace("_", "-"),
        "parent_child_chunks": [
            {
                "parent_content": parent.content,
                "child_contents": [child.content for child in parent.children],
            }
            for parent in parents
        ],
    }


def qa_structure(pairs: Sequence[Chunk]) -> dict[str, Any]:
    """The `result` of a question-answer chunker node."""
    return {"qa_chunks": [{"question": pair.content, "answer": pair.answer or ""} for pair in pairs]}
