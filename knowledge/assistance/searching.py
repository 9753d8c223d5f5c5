"""A search with the help of a language model: what it is asked, and what happens when it does not help."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from knowledge.assistance.field_samples import in_full, sample, told_fields
from knowledge.assistance.filtering import automatic_filter
from knowledge.assistance.fusing import fused
from knowledge.assistance.models import CountedModel, opened_model
from knowledge.assistance.record import Assistance
from knowledge.assistance.rewriting import rewrite
from knowledge.assistance.variants import MOST_VARIANTS, expand
from knowledge.chat import Message
from knowledge.configuration import setting
from knowledge.errors import InputError, LanguageModelError
from knowledge.filter_text import written_filter
from knowledge.filters import Filter, check
from knowledge.queries import readable, says_something
from knowledge.search_options import all_of
from knowledge.searching import check_mode
from knowledge.types import Hits

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.protocols import LanguageModel
    from knowledge.search_options import Rerank, Shown

OnFailure = Literal["unfiltered", "empty", "error"]
"""What a search does whose automatic filter failed: go on with the caller's conditions alone, find nothing, raise."""
ON_FAILURE: Final = get_args(OnFailure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """What a language model is to do for a search."""

    history: Sequence[Message] = ()
    """The conversation before the question, which is rewritten where there is one."""
    variants: int = 0
    auto_filter: OnFailure | None = None

    def __post_init__(self) -> None:
        if self.auto_filter is not None and self.auto_filter not in ON_FAILURE:
            raise InputError(f"unknown auto_filter {self.auto_filter!r}; allowed: {', '.join(ON_FAILURE)}")
        if not 0 <= self.variants <= MOST_VARIANTS:
            raise InputError(f"{self.variants} variants are asked for; allowed: 0 to {MOST_VARIANTS}")
        if not (self.history or self.variants or self.auto_filter):
            raise InputError(
                "nothing is asked of the model; give a history, a number of variants or auto_filter"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """What is searched, under which condition of the model, and what there is to tell of both."""

    queries: tuple[str, ...] = ()
    where: Filter | None = None
    is_hidden: bool = False
    """Whether nothing may be shown, for want of a filter."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistedSearch:
    """One question, of which the model is asked for what `wanted` says."""

    kb: KnowledgeBase
    wanted: Help
    options: Shown

    def run(self, question: str, llm: str | LanguageModel | None) -> Hits:
        """The hits, with what was done for them. What the model fails to do is done without and is a warning, but for
        a filter whose failure is to be an error: `LanguageModelError`."""
        started = time.perf_counter()
        self._check()
        asked, warnings = readable(question)
        with opened_model(llm) as model:
            prepared = self._prepared(model, asked) if says_something(asked) else _Prepared(queries=(asked,))
        found = self._nothing(asked) if prepared.is_hidden else self._found(prepared.queries, prepared.where)
        assistance = Assistance(
            question=asked,
            queries=prepared.queries,
            filter="" if prepared.where is None else written_filter(prepared.where, self.kb.fields),
            where=self._all(prepared.where),
            usage=model.usage,
        )
        return replace(
            found,
            query=prepared.queries[0],
            warnings=(*warnings, *prepared.notes, *found.warnings),
            seconds=time.perf_counter() - started,
            assistance=assistance,
        )

    def _prepared(self, model: CountedModel, asked: str) -> _Prepared:
        """Wordings and filter are asked for side by side, both of the question as it is rewritten."""
        query, notes = self._rewritten(model, asked)
        with ThreadPoolExecutor(1) as thread:
            wording = thread.submit(self._variants, model, query)
            filtered = self._filter(model, query)
            variants, more = wording.result()
        return replace(filtered, queries=(query, *variants), notes=(*notes, *more, *filtered.notes))

    def _check(self) -> None:
        """What is wrong with the options is told before a model is asked."""
        if self.kb.is_external and self.wanted.auto_filter:
            raise InputError(
                f"{self.kb.name!r} is an external knowledge base, whose fields are not known here; leave "
                "auto_filter out"
            )
        self.kb.check_search(**self.options)
        self._all(None)
        by = self._reranker()
        if isinstance(by, str):
            from knowledge.reranking import check_reranker

            check_reranker(by)

    def _all(self, where: Filter | None) -> Filter | None:
        """The caller's conditions and this one, as they hold. Raises `FilterError`."""
        given = self.options.get("where")
        several = [given] if isinstance(given, Filter | str) else list(given or ())
        wanted = several if where is None else [*several, where]
        if self.kb.is_external:
            return all_of(wanted, ignore_case=bool(self.options.get("ignore_case")))
        joined = all_of(wanted, ignore_case=bool(self._chosen("ignore_case")))
        return None if joined is None else check(joined, self.kb.fields)

    def _rewritten(self, model: CountedModel, question: str) -> tuple[str, tuple[str, ...]]:
        """The question that is searched, and what there is to tell of it."""
        if not self.wanted.history:
            return question, ()
        try:
            return rewrite(model, question, self.wanted.history), ()
        except LanguageModelError as error:
            return question, (f"searched as it was asked, not rewritten: {error}",)

    def _variants(self, model: CountedModel, question: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Its other wordings, and what there is to tell of them."""
        if not self.wanted.variants:
            return (), ()
        try:
            return expand(model, question, self.wanted.variants), ()
        except LanguageModelError as error:
            return (), (f"searched in one wording alone: {error}",)

    def _filter(self, model: CountedModel, question: str) -> _Prepared:
        on_failure = self.wanted.auto_filter
        if on_failure is None:
            return _Prepared()
        told = told_fields(self.kb, self._all(None))
        if not told:
            return _Prepared(notes=("no automatic filter: no document that may be found has metadata",))
        fields = self.kb.fields
        try:
            where = automatic_filter(model, question, fields, [sample(field) for field in told])
        except LanguageModelError as error:
            return self._without_filter(on_failure, error)
        if where is None:
            note = f"no automatic filter: the question states no condition; {self._in_force()}"
        else:
            where = in_full(where, told)
            note = f"automatic filter: {written_filter(where, fields)}"
        return _Prepared(where=where, notes=(note,))

    def _without_filter(self, on_failure: OnFailure, error: LanguageModelError) -> _Prepared:
        if on_failure == "error":
            raise error
        if on_failure == "empty":
            note = f"nothing is shown, because the automatic filter failed: {error}"
            return _Prepared(is_hidden=True, notes=(note,))
        return _Prepared(notes=(f"the automatic filter failed, {self._in_force()}: {error}",))

    def _in_force(self) -> str:
        given = self._all(None)
        if given is None:
            return "searched without any"
        return f"searched with {written_filter(given, self.kb.fields)} alone"

    def _nothing(self, query: str) -> Hits:
        return Hits(query, check_mode(self.kb.record, self._chosen("mode") or None), (), True)

    def _found(self, queries: Sequence[str], where: Filter | None) -> Hits:
        """All wordings, one ranking; a reranker judges it by the first of them."""
        by = self._reranker()
        if by is None:
            return self._fused(queries, where)
        from knowledge.reranking import reranked

        return reranked(
            queries[0],
            by,
            find=lambda pool: self._fused(queries, where, rerank="none", top_k=pool, threshold=0.0),
            without=lambda: self._fused(queries, where, rerank="none"),
            pool=setting("rerank_pool", self._chosen("rerank_pool")),
            top_k=setting("top_k", self._chosen("top_k")),
            threshold=setting("threshold", self._chosen("threshold")),
        )

    def _fused(self, queries: Sequence[str], where: Filter | None, **changed: Any) -> Hits:
        options: Any = {**self.options, "where": self._all(where), **changed}
        top_k = options.get("top_k") or setting("top_k", self._chosen("top_k"))
        return fused(queries, self.kb.answers_to(queries, **options), top_k)

    def _reranker(self) -> Rerank | None:
        by: Rerank = self.options.get("rerank") or self._chosen("rerank") or "none"
        return None if by in ("none", "off") else by

    def _chosen(self, name: str) -> Any:
        """What the call says, else the knowledge base's own."""
        given: Any = self.options.get(name)
        return self.kb.settings.get(name) if given is None else given
