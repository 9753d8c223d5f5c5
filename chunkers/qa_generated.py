"""The question-answer structure where no questions are written: a language model makes them, passage by passage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chunkers.general import General
from chunkers.qa_answers import WrittenPair, pairs_in
from chunkers.qa_prompts import LANGUAGES, messages
from knowledge.defaults import BY_NAME
from knowledge.errors import InputError, LanguageModelError, LanguageModelRefused
from knowledge.protocols import LanguageModel
from knowledge.types import Chunk, Document, Language


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedQA:
    """Asks `model` for the pairs of each passage that `passages` cuts, one call each, `concurrency` at a time."""

    model: LanguageModel
    script: Callable[[str], str]
    """The script of a text by name, which tells the language where `language` is None."""
    passages: General = field(default_factory=lambda: General(overlap=0))
    language: Language | None = None
    concurrency: int = int(BY_NAME["llm_concurrency"].default)

    def __post_init__(self) -> None:
        if self.language is not None and self.language not in LANGUAGES:
            raise InputError(f"unknown language {self.language!r}; allowed: {', '.join(LANGUAGES)}")
        if self.concurrency < 1:
            raise InputError(
                f"concurrency must be a whole number from 1 on, got {self.concurrency!r}; raise it"
            )

    def chunk(self, document: Document | str) -> list[Chunk]:
        """One chunk for each pair, in order of the passages, whatever order the answers come in.

        `content` is the question, `answer` its answer, `start` and `end` are those of the passage. Raises
        `LanguageModelRefused` when the model answers nothing at all.
        """
        return self.chunk_with_warnings(document)[0]

    def chunk_with_warnings(self, document: Document | str) -> tuple[list[Chunk], tuple[str, ...]]:
        """The same, and a line that says how many passages gave no questions, and why the first did not."""
        passages = self.passages.chunk(document)
        with ThreadPoolExecutor(self.concurrency) as threads:
            outcomes = list(threads.map(self._asked, passages))
        chunks = [
            chunk
            for passage, outcome in zip(passages, outcomes, strict=True)
            if not isinstance(outcome, LanguageModelError)
            for chunk in _chunks(passage, outcome)
        ]
        return chunks, tuple(_warnings(passages, outcomes))

    def _asked(self, passage: Chunk) -> list[WrittenPair] | LanguageModelError:
        """The pairs of a passage, or why there are none: one passage does not stop the others."""
        try:
            completion = self.model.complete(messages(passage, self.language, self.script))
            if completion.is_cut_off:
                return LanguageModelError(
                    "the model reached its limit before the end of its answer; lower max_length"
                )
            return pairs_in(completion.text)
        except LanguageModelRefused:
            raise
        except LanguageModelError as error:
            return error


def _chunks(passage: Chunk, pairs: Sequence[WrittenPair]) -> Iterator[Chunk]:
    for question, answer in pairs:
        yield Chunk(
            content=question,
            start=passage.start,
            end=passage.end,
            context=" > ".join(passage.headings),
            headings=passage.headings,
            locator=passage.locator,
            answer=answer,
            origin="generated",
        )


def _warnings(
    passages: Sequence[Chunk], outcomes: Sequence[list[WrittenPair] | LanguageModelError]
) -> Iterator[str]:
    failures = [
        (passage, outcome)
        for passage, outcome in zip(passages, outcomes, strict=True)
        if isinstance(outcome, LanguageModelError)
    ]
    if failures:
        passage, reason = failures[0]
        again = "--retry" if len(failures) == len(passages) else "--force"
        yield (
            f"{len(failures)} of {len(passages)} passages gave no questions; the first, characters "
            f"{passage.start}–{passage.end}: {reason}; ingest with {again} to ask again"
        )
