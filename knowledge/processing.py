"""From an extracted document to its chunks, by the rule of its knowledge base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypedDict, Unpack

import chunkers
import extractors
from chunkers.checking import Finding
from chunkers.duplicates import repeated_passages
from chunkers.lengths import tokenizer_file, with_whole_path
from chunkers.parent_child import ParentMode
from chunkers.qa_prompts import VERSION as PROMPT_VERSION
from chunkers.tokens import TOKENS
from indexers.scripts import dominant_script
from knowledge import identity, language_model
from knowledge.configuration import setting
from knowledge.defaults import BY_NAME
from knowledge.errors import EmptyDocument, InputError
from knowledge.protocols import LanguageModel
from knowledge.types import Chunk, Document, Language, ReadOptions, Structure

Column = str | int
"""Of a table: a header's text, a letter, or a number counted from 0."""


class CutOptions(TypedDict, total=False):
    """How documents are cut, as it is chosen; None and what is left out are as the settings say."""

    delimiters: Sequence[str] | None
    max_length: int | None
    overlap: int | None
    row_per_chunk: bool | None
    keep_delimiter: bool | None
    merge: bool | None
    length: str | None
    remove_repeated: bool | None
    child_delimiters: Sequence[str] | None
    child_max_length: int | None
    parent_mode: ParentMode | None
    full_doc_length: int | None
    question_columns: Sequence[Column] | None
    answer_column: Column | None
    similar_columns: Sequence[Column] | None
    generate: bool | None
    llm: str | None
    language: Language | None
    remove_extra_spaces: bool | None
    remove_urls_emails: bool | None
    layout: bool | None
    page_headers: bool | None
    whole_page: bool | None
    images: bool | None
    whole: bool | None


_CLEANING: Final = ("remove_extra_spaces", "remove_urls_emails")
_PASSAGES: Final = ("delimiters", "max_length", "overlap", "length")
_CHILDREN: Final = ("parent_mode", "child_delimiters", "child_max_length")
_FLAGS: Final = ("row_per_chunk", "keep_delimiter", "merge", "remove_repeated")
_READING: Final = ("layout", "page_headers", "whole_page", "images")
_ONLY_WHERE_CHANGED: Final = (*_FLAGS, *_READING, "length", "generate")
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "general": (*_PASSAGES, *_FLAGS, "whole", *_CLEANING),
    "parent-child": (*_PASSAGES, *_FLAGS, *_CHILDREN, *_CLEANING),
    "parent-child full-doc": (*_CHILDREN, "full_doc_length", "length", *_CLEANING),
    "qa": (
        "question_columns",
        "answer_column",
        "similar_columns",
        "remove_repeated",
        "generate",
        *_CLEANING,
    ),
    "qa generated": ("generate", "llm", "language", *_PASSAGES, *_FLAGS, *_CLEANING),
}
"""What matters to each way of cutting, besides how files are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRule:
    """How documents are cleaned and cut. Two equal rules give the same chunks of the same bytes."""

    structure: Structure = "general"
    delimiters: tuple[str, ...] = ("\n",)
    max_length: int = 500
    overlap: int | None = None
    """None: the chunker's own, which fits `max_length`; between parents none, whose children would be found twice,
    nor between passages for which questions are generated, which would be asked twice."""
    row_per_chunk: bool = False
    keep_delimiter: bool = True
    merge: bool = True
    length: str = "characters"
    """What every length here is counted in: `characters`, `words`, or `tokens:PATH` of a tokenizer.json."""
    remove_repeated: bool = False
    """Whether a passage that says what one before it in its document says is left out."""
    child_delimiters: tuple[str, ...] = ("\n",)
    child_max_length: int = 200
    parent_mode: ParentMode = "paragraph"
    full_doc_length: int = 10_000
    question_columns: tuple[Column, ...] = ()
    """Each holds one spelling of the question; none: they are told by their names."""
    answer_column: Column | None = None
    similar_columns: tuple[Column, ...] = ()
    """Each holds several spellings in a cell."""
    generate: bool = False
    """Whether a language model writes questions and answers; else they are read where the document has them."""
    llm: str | None = None
    """The spec of that language model."""
    language: Language | None = None
    """That it writes; None: that of each passage."""
    remove_extra_spaces: bool = False
    remove_urls_emails: bool = False
    layout: bool = True
    page_headers: bool = False
    whole_page: bool = False
    images: bool = True
    whole: bool = False
    """Each document is one chunk, however long: for labelled sets whose entries are passages."""

    @staticmethod
    def chosen(structure: Structure = "general", **options: Unpack[CutOptions]) -> ProcessRule:
        """The rule of these options, settings for those left out.

        Raises `InputError` for options of another structure, and for values that do not go together.
        """

        def chosen(name: str) -> Any:
            return setting(name, options.get(name))

        rule = ProcessRule(
            structure=structure,
            delimiters=tuple(options.get("delimiters") or (setting("delimiter"),)),
            max_length=chosen("max_length"),
            overlap=chosen("overlap"),
            row_per_chunk=chosen("row_per_chunk"),
            keep_delimiter=chosen("keep_delimiter"),
            merge=chosen("merge"),
            length=with_whole_path(chosen("length")),
            remove_repeated=chosen("remove_repeated"),
            child_delimiters=tuple(options.get("child_delimiters") or (setting("child_delimiter"),)),
            child_max_length=chosen("child_max_length"),
            parent_mode=chosen("parent_mode"),
            full_doc_length=chosen("full_doc_length"),
            question_columns=tuple(options.get("question_columns") or ()),
            answer_column=options.get("answer_column"),
            similar_columns=tuple(options.get("similar_columns") or ()),
            generate=bool(options.get("generate")),
            llm=chosen("llm") or None if options.get("generate") else options.get("llm"),
            language=options.get("language"),
            remove_extra_spaces=chosen("remove_extra_spaces"),
            remove_urls_emails=chosen("remove_urls_emails"),
            layout=chosen("layout"),
            page_headers=chosen("page_headers"),
            whole_page=chosen("whole_page"),
            images=chosen("images"),
            whole=bool(options.get("whole")),
        )
        rule._check_matter(name for name, value in options.items() if value is not None)
        rule._check_model()
        return rule.with_overlap()

    @staticmethod
    def from_settings(structure: Structure, settings: Mapping[str, Any]) -> ProcessRule:
        """The rule stored by `as_settings`."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
        }
        return ProcessRule(structure=structure, **values)

    def as_settings(self) -> dict[str, Any]:
        """What matters to its structure, as JSON holds it; of the flags, those that differ from the default."""
        default = ProcessRule()
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name in self._names
            if (value := getattr(self, name)) != getattr(default, name) or name not in _ONLY_WHERE_CHANGED
        }

    @property
    def _names(self) -> tuple[str, ...]:
        return (*_KINDS[self._kind], *_READING)

    @property
    def _kind(self) -> str:
        if self.structure == "parent-child" and self.parent_mode == "full-doc":
            return "parent-child full-doc"
        return "qa generated" if self.structure == "qa" and self.generate else self.structure

    def in_force(self, name: str) -> Any:
        """The value of an option, None where it does not matter to the structure."""
        return getattr(self, name) if name in self._names else None

    def _check_matter(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._names:
                kind = (
                    self.structure
                    if self.structure != "parent-child"
                    else f"parent-child ({self.parent_mode})"
                )
                raise InputError(
                    f"{name} is not an option of the structure {kind}, which has: {', '.join(self._names)}; "
                    "leave it out"
                )

    def _check_model(self) -> None:
        """Raises `InputError` when questions are to be generated and no model is named."""
        if self.generate and self.llm is None:
            raise InputError(
                "questions are generated by a language model, and none is named; add --llm openai:MODEL@BASE_URL, "
                "for any OpenAI-compatible server"
            )

    def reading(self, password: str | None = None) -> ReadOptions:
        """How the files are read."""
        return ReadOptions(password=password, **{name: getattr(self, name) for name in _READING})

    @property
    def signature(self) -> str:
        """Changes whenever the same bytes would give other chunks. Raises `InputError` when a tokenizer is gone."""
        prompt = [PROMPT_VERSION] if self.generate else []
        rule = self.as_settings()
        if self.length.startswith(TOKENS):
            rule["length"] = identity.content_hash(tokenizer_file(self.length).read_bytes())
        return identity.signature([extractors.VERSION, chunkers.VERSION, rule, *prompt])

    def with_overlap(self) -> ProcessRule:
        """Itself with the overlap in force. Raises `InputError` when its values do not go together."""
        if self.generate:
            with language_model.opened(self.llm) as model:
                return replace(self, overlap=self._generator(model).passages.overlap)
        chunker = self._chunker()
        if isinstance(chunker, chunkers.ParentChild):
            return replace(self, overlap=chunker.parent.overlap)
        return replace(self, overlap=chunker.overlap) if isinstance(chunker, chunkers.General) else self

    def of_passages(self) -> ProcessRule:
        """The rule that gives the passages which questions are generated from."""
        return replace(self, structure="general", generate=False, llm=None, language=None)

    def apply(self, document: Document, model: LanguageModel | None = None) -> tuple[Document, list[Chunk]]:
        """The cleaned document, with what was noticed among its warnings, and its chunks: spans of the cleaned text,
        or questions about them that `model` generates, which is that of `llm`.

        Raises `EmptyDocument` when there should be questions and are none, `InputError` for columns that no table
        has, and `LanguageModelRefused`.
        """
        cleaned = chunkers.clean(
            document,
            remove_extra_spaces=self.remove_extra_spaces,
            remove_urls_emails=self.remove_urls_emails,
        ).document
        if self.whole:
            text = cleaned.text
            return cleaned, [Chunk(content=text, start=0, end=len(text))] if text.strip() else []
        chunker = self._generator(model) if self.generate else self._chunker()
        warnings: tuple[str, ...] = ()
        if isinstance(chunker, chunkers.General):
            chunks = chunker.chunk(cleaned)
        else:
            chunks, warnings = chunker.chunk_with_warnings(cleaned)
        if not chunks and warnings:
            raise EmptyDocument(warnings[-1])
        if self.remove_repeated:
            chunks, repeated = chunkers.without_duplicates(chunks)
            warnings = (*warnings, *repeated_passages(repeated))
        return replace(cleaned, warnings=(*cleaned.warnings, *warnings)), _pairs(chunks)

    def check(self, text: str, chunks: Sequence[Chunk]) -> list[Finding]:
        """Which chunks of `text` will serve a search badly, and why."""
        longest = self.in_force("full_doc_length") or BY_NAME["max_length"].maximum or 0
        return chunkers.check(text, chunks, longest=int(longest) if self.length == "characters" else None)

    def _generator(self, model: LanguageModel | None) -> chunkers.GeneratedQA:
        if model is None:
            raise InputError(
                f"questions are generated by {self.llm!r}, which is not there; open it and pass it"
            )
        return chunkers.GeneratedQA(
            model=model,
            script=dominant_script,
            passages=self._passages(self.overlap or 0),
            language=self.language,
            concurrency=setting("llm_concurrency"),
        )

    def _chunker(self) -> chunkers.General | chunkers.ParentChild | chunkers.QA:
        if self.structure == "qa":
            return chunkers.QA(
                question=self.question_columns or None,
                answer=self.answer_column,
                similar=self.similar_columns or None,
            )
        if self.structure == "general":
            return self._passages(self.overlap)
        return chunkers.ParentChild(
            parent=self._passages(self.overlap or 0),
            child=chunkers.General(
                max_length=self.child_max_length,
                overlap=0,
                delimiters=self.child_delimiters,
                length=self.length,
            ),
            mode=self.parent_mode,
            full_doc_length=self.full_doc_length,
        )

    def _passages(self, overlap: int | None) -> chunkers.General:
        return chunkers.General(
            max_length=self.max_length,
            overlap=overlap,
            delimiters=self.delimiters,
            keep_delimiter=self.keep_delimiter,
            merge=self.merge,
            row_per_chunk=self.row_per_chunk,
            length=self.length,
        )


def _pairs(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Questions that share one answer as one chunk, the others its children: who asks for five answers gets five.

    The chunk is the first of the questions, and among its children.
    """
    found = []
    for answer, group in groupby(chunks, key=attrgetter("answer_span")):
        first, *others = group
        if answer is None:
            found += [first, *others]
        else:
            found.append(replace(first, children=(first, *others) if others else ()))
    return found
