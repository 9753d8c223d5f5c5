"""What a node does when it fails: try again, put out values given beforehand, or take another branch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from knowledge.errors import KnowledgeError, LanguageModelRefused
from knowledge.pipeline.graph import ALWAYS, FAILED, SUCCEEDED

_T = TypeVar("_T")
Pause = Callable[[float], None]
"""Waits some seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """As Dify defines it: first the retries, then the strategy."""

    strategy: str = "none"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 0
    pause_s: float = 0.0

    @staticmethod
    def of(data: Mapping[str, Any]) -> ErrorRule:
        """The rule in the settings of a node."""
        retry = data.get("retry_config") or {}
        return ErrorRule(
            strategy=data.get("error_strategy") or "none",
            defaults={one["key"]: _value(one) for one in data.get("default_value") or () if "key" in one},
            retries=int(retry.get("max_retries", 0)) if retry.get("retry_enabled") else 0,
            pause_s=int(retry.get("retry_interval", 0)) / 1000,
        )

    def tried(self, call: Callable[[], _T], pause: Pause = time.sleep) -> tuple[_T | KnowledgeError, int]:
        """What `call` returns, or its last error, and how often it was called.

        A model that refuses everybody is not asked again.
        """
        for number in range(1, self.retries + 2):
            try:
                return call(), number
            except LanguageModelRefused as error:
                return error, number
            except KnowledgeError as error:
                last = error
            if number <= self.retries:
                pause(self.pause_s)
        return last, self.retries + 1

    def outputs(self, error: KnowledgeError) -> dict[str, Any] | None:
        """What the node puts out after its error; None when that ends the run."""
        if self.strategy == "none":
            return None
        given = self.defaults if self.strategy == "default-value" else {}
        return {**given, "error_message": str(error), "error_type": type(error).__name__}

    def branches(self, has_failed: bool) -> tuple[str, ...]:
        """The branches that are taken."""
        if self.strategy != "fail-branch":
            return (ALWAYS,)
        return (FAILED,) if has_failed else (ALWAYS, SUCCEEDED)


def _value(default: Mapping[str, Any]) -> Any:
    """A default as its type says: objects and lists may be written as JSON, numbers as text."""
    value, kind = default.get("value"), str(default.get("type") or "string")
    if not isinstance(value, str) or kind == "string":
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
