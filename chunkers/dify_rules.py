"""Reads Dify's `process_rule`: how a document is to be cleaned and cut, checked against Dify's limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from knowledge.defaults import BY_NAME
from knowledge.errors import InputError

RuleMode = Literal["automatic", "custom", "hierarchical"]
ParentMode = Literal["paragraph", "full-doc"]

_PREPROCESSING: Final = ("remove_extra_spaces", "remove_urls_emails", "remove_stopwords")
_LIMITS: Final = (int(BY_NAME["max_length"].minimum or 0), int(BY_NAME["max_length"].maximum or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Dify's names and defaults; lengths are characters, whatever `max_tokens` says."""

    separator: str = "\n"
    max_tokens: int
    chunk_overlap: int = 0


AUTOMATIC: Final = Segmentation(max_tokens=500, chunk_overlap=50)
"""What Dify cuts by in the mode `automatic`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    mode: RuleMode
    preprocessing: tuple[str, ...] = ()
    """The enabled rules, in the order given."""
    segmentation: Segmentation
    child_segmentation: Segmentation | None = None
    """Of the mode `hierarchical` only, which always has one."""
    parent_mode: ParentMode = "paragraph"


def read_rule(written: Mapping[str, Any]) -> Rule:
    """The rule in a `process_rule` object. Raises `InputError`, one line that names the first wrong value."""
    mode = _one_of(_object(written, "process_rule").get("mode"), "process_rule.mode", get_args(RuleMode))
    if mode == "automatic":
        return Rule(mode="automatic", preprocessing=("remove_extra_spaces",), segmentation=AUTOMATIC)
    rules = _object(written.get("rules"), "rules")
    preprocessing = _preprocessing(rules.get("pre_processing_rules") or [])
    segmentation = _segmentation(rules.get("segmentation"), "segmentation")
    if mode == "custom":
        return Rule(mode="custom", preprocessing=preprocessing, segmentation=segmentation)
    return Rule(
        mode="hierarchical",
        preprocessing=preprocessing,
        segmentation=segmentation,
        child_segmentation=_segmentation(rules.get("subchunk_segmentation"), "subchunk_segmentation"),
        parent_mode=_one_of(rules.get("parent_mode") or "paragraph", "parent_mode", get_args(ParentMode)),
    )


def _preprocessing(written: Any) -> tuple[str, ...]:
    if not isinstance(written, list):
        raise InputError(
            f"pre_processing_rules must be a list, got {written!r}; give objects with id and enabled"
        )
    enabled = []
    for entry in written:
        identifier = _one_of(_object(entry, "a pre_processing_rule").get("id"), "its id", _PREPROCESSING)
        if entry.get("enabled") is True:
            enabled.append(identifier)
    return tuple(enabled)


def _segmentation(written: Any, name: str) -> Segmentation:
    entry = _object(written, name)
    separator = entry.get("separator", entry.get("delimiter"))
    if separator is not None and not isinstance(separator, str):
        raise InputError(f"{name}.separator must be a string, got {separator!r}; give for example '\\n'")
    longest = _whole_number(entry.get("max_tokens"), f"{name}.max_tokens", *_LIMITS)
    overlap = entry.get("chunk_overlap")
    return Segmentation(
        separator="\n" if separator is None else separator,
        max_tokens=longest,
        chunk_overlap=_whole_number(0 if overlap is None else overlap, f"{name}.chunk_overlap", 0, longest),
    )


def _object(written: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(written, Mapping):
        raise InputError(f"{name} must be an object, got {written!r}; see Dify's process_rule")
    return written


def _one_of(value: Any, name: str, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(allowed)}, got {value!r}; choose one of these")
    return value


def _whole_number(value: Any, name: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(
            f"{name} must be a whole number from {low} to {high}, got {value!r}; choose one of these"
        )
    return value
