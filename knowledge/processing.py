"""From an extracted document to its chunks, by the rule of its knowledge base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import chunkers
import extractors
from knowledge import identity
from knowledge.configuration import setting
from knowledge.types import Chunk, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRule:
    """How documents are cleaned and cut. Two equal rules give the same chunks of the same bytes."""

    delimiters: tuple[str, ...] = ("\n",)
    max_length: int = 500
    overlap: int | None = None
    """None: the chunker's own, which fits `max_length`."""
    remove_extra_spaces: bool = False
    remove_urls_emails: bool = False
    whole: bool = False
    """Each document is one chunk, however long: for labelled sets whose entries are passages."""

    @staticmethod
    def chosen(
        *,
        delimiters: Sequence[str] | None = None,
        max_length: int | None = None,
        overlap: int | None = None,
        remove_extra_spaces: bool | None = None,
        remove_urls_emails: bool | None = None,
        whole: bool = False,
    ) -> ProcessRule:
        """The rule of these options, settings for those left out. Raises `InputError` when they do not fit."""
        return ProcessRule(
            delimiters=tuple(delimiters or (setting("delimiter"),)),
            max_length=setting("max_length", max_length),
            overlap=setting("overlap", overlap),
            remove_extra_spaces=setting("remove_extra_spaces", remove_extra_spaces),
            remove_urls_emails=setting("remove_urls_emails", remove_urls_emails),
            whole=whole,
        ).with_overlap()

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> ProcessRule:
        """The rule stored by `as_settings`."""
        return ProcessRule(**{**settings, "delimiters": tuple(settings["delimiters"])})

    def as_settings(self) -> dict[str, Any]:
        return {**asdict(self), "delimiters": list(self.delimiters)}

    @property
    def signature(self) -> str:
        """Changes whenever the same bytes would give other chunks."""
        return identity.signature([extractors.VERSION, chunkers.VERSION, self.as_settings()])

    def with_overlap(self) -> ProcessRule:
        """Itself with the overlap in force. Raises `InputError` when its values do not go together."""
        return replace(self, overlap=self._chunker().overlap)

    def apply(self, document: Document) -> tuple[Document, list[Chunk]]:
        """The cleaned document and its chunks, which are spans of the cleaned text."""
        cleaned = chunkers.clean(
            document,
            remove_extra_spaces=self.remove_extra_spaces,
            remove_urls_emails=self.remove_urls_emails,
        ).document
        if self.whole:
            text = cleaned.text
            return cleaned, [Chunk(content=text, start=0, end=len(text))] if text.strip() else []
        return cleaned, self._chunker().chunk(cleaned)

    def _chunker(self) -> chunkers.General:
        return chunkers.General(max_length=self.max_length, overlap=self.overlap, delimiters=self.delimiters)
