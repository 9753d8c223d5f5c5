"""The language model of one search: its time limit, and what it has taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from knowledge.assistance.record import ModelUsage
from knowledge.chat import Completion, Message
from knowledge.configuration import setting
from knowledge.errors import InputError, LanguageModelError
from knowledge.registry import load_llm

if TYPE_CHECKING:
    from knowledge.outgoing import HttpClient
    from knowledge.protocols import LanguageModel


def assistance_client() -> HttpClient:
    """For servers that the operator names. Somebody waits for the hits: one repetition, within the time limit."""
    from knowledge.outgoing import HttpClient

    longest_s = setting("assistance_timeout_s")
    return HttpClient.configured(public_only=False, total_s=longest_s, read_s=longest_s, retries=1)


@contextmanager
def opened_model(llm: str | LanguageModel | None) -> Iterator[CountedModel]:
    """The model of a spec, of the setting `llm` where none is given, or one that is there already.

    Raises `InputError` when none is named. Nothing is sent before it is asked.
    """
    if llm is not None and not isinstance(llm, str):
        yield CountedModel(llm)
        return
    spec: str = setting("llm", llm)
    if not spec:
        raise InputError("a language model is needed and none is named; add --llm openai:MODEL@BASE_URL")
    model = load_llm(spec, http=assistance_client)
    try:
        yield CountedModel(model)
    finally:
        model.close()


class CountedModel:
    """Any `LanguageModel`, with what it has taken so far. An answer that broke off is none."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._lock = threading.Lock()
        self.usage = ModelUsage()

    def complete(
        self, messages: Sequence[Message], parameters: Mapping[str, Any] | None = None
    ) -> Completion:
        started = time.perf_counter()
        completion: Completion | None = None
        try:
            completion = self._model.complete(messages, parameters)
        finally:
            self._count(completion, time.perf_counter() - started)
        if completion.is_cut_off:
            raise LanguageModelError("the model reached its limit before the end of its answer")
        return completion

    def _count(self, completion: Completion | None, seconds: float) -> None:
        read, written = (
            (completion.prompt_tokens, completion.completion_tokens) if completion else (None, None)
        )
        with self._lock:
            before = self.usage
            self.usage = ModelUsage(
                calls=before.calls + 1,
                prompt_tokens=_sum(before.prompt_tokens, read),
                completion_tokens=_sum(before.completion_tokens, written),
                seconds=before.seconds + seconds,
            )


def _sum(before: int | None, more: int | None) -> int | None:
    return before if more is None else (before or 0) + more
