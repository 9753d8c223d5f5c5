"""The language model of many runs: opened once, so that what it learns of its server holds for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from knowledge.errors import InputError, LanguageModelRefused
from knowledge.protocols import LanguageModel


@dataclass(slots=True)
class AskedModel:
    """A model, None where there is none to ask, and whether it answers nothing any more."""

    model: LanguageModel | None
    refusal: str | None = None
    """Why a run failed that asked it."""
    _said: str | None = None
    """The last refusal, which the error strategy of a node may have taken over."""

    @property
    def is_over(self) -> bool:
        """Whether no other run would fare better."""
        return self.refusal is not None

    @contextmanager
    def asked(self) -> Iterator[LanguageModel]:
        """The model for one `with` statement; it stays open. Raises `InputError` where there is none."""
        if self.model is None:
            raise InputError("there is no language model to ask; name one with --llm")
        try:
            yield self.model
        except LanguageModelRefused as error:
            self._said = str(error)
            raise

    def note(self, error: str | None) -> None:
        """What went wrong in a run that is over."""
        if error and self._said and self._said in error:
            self.refusal = self._said


@contextmanager
def asked_model(spec: str | None) -> Iterator[AskedModel]:
    """That of a spec. Raises `InputError` for a spec that there is not; nothing is sent before it is asked."""
    from knowledge.language_model import opened

    with opened(spec) as model:
        yield AskedModel(model)
