"""One knowledge base: putting documents in, asking questions, looking at what is there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from knowledge import catalog, documents, outbox, pictures, versions
from knowledge.analysis_rule import AnalysisRule, checked_keywords
from knowledge.base_settings import changed, of_base, rule_settings
from knowledge.built_in_fields import BUILT_IN_FIELDS
from knowledge.catalog import BaseRecord
from knowledge.configuration import setting
from knowledge.documents import DocumentRecord
from knowledge.errors import InputError, NotFound
from knowledge.filters import Filter, check, matches
from knowledge.generations import Generation, searched_text
from knowledge.metadata import field_types, revised, typed
from knowledge.queries import readable
from knowledge.types import Chunk, Document, FieldType, Fusion, Hit, Hits, Mode
from knowledge.versions import ChunkRecord

if TYPE_CHECKING:
    from chunkers.checking import Finding
    from knowledge.assistance.searching import OnFailure
    from knowledge.chat import Message
    from knowledge.contexts import Context
    from knowledge.defaults import Plain
    from knowledge.explaining import WhyNot
    from knowledge.field_summary import FieldSummary
    from knowledge.history import History
    from knowledge.ingest_report import IngestReport, Progress
    from knowledge.many_queries import Outcome
    from knowledge.processing import ProcessRule
    from knowledge.protocols import LanguageModel
    from knowledge.rebuild_report import RebuildReport
    from knowledge.search_options import Rerank, Searched, SearchOptions, Shown
    from knowledge.sources import Source

Input = str | os.PathLike[str] | Document


class KnowledgeBase:
    """Opened through `Workspace.create` or `Workspace.open`, usable until the workspace is closed."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._store = generation.store
        self._notes_questions = True

    @property
    def id(self) -> str:
        return self._generation.base.id

    @property
    def name(self) -> str:
        return self._generation.base.name

    @property
    def is_external(self) -> bool:
        """Whether another server answers for it."""
        return self._generation.base.indexing == "external"

    @property
    def record(self) -> BaseRecord:
        """Kind, settings, and the counts of documents, chunks and characters as they are now."""
        with self._store.read() as connection:
            return catalog.with_sums(connection, catalog.by_name(connection, self.name))

    @property
    def rule(self) -> ProcessRule:
        """How documents are cleaned and cut."""
        from knowledge.processing import ProcessRule

        base = self._generation.base
        return ProcessRule.from_settings(base.structure, rule_settings(base.settings))

    @property
    def analysis(self) -> AnalysisRule:
        """The words of its own, and how many keywords of a chunk count."""
        return self._generation.analysis

    @property
    def fields(self) -> dict[str, FieldType]:
        """The metadata fields that conditions can name, and their types. One stays after its last value is gone."""
        with self._store.read() as connection:
            return catalog.fields(connection, catalog.by_name(connection, self.name))

    def field_summaries(self, where: Filter | None = None) -> list[FieldSummary]:
        """Every field by name, with what the documents, or those that fulfil `where`, hold of it."""
        from knowledge.field_summary import summarize

        fields = self.fields
        condition = None if where is None else check(where, fields)
        built_in = BUILT_IN_FIELDS if self.record.has_built_in_fields else ()
        searched = (record.metadata for record in self.documents() if record.active_version)
        visible = (metadata for metadata in searched if condition is None or matches(condition, metadata))
        return summarize(fields, visible, built_in)

    @property
    def settings(self) -> dict[str, Plain | None]:
        """What a search uses where its call says nothing: the base's own value, else environment, file, default."""
        return {row.setting.name: row.value for row in of_base(self.record.settings)}

    def change_settings(self, values: Mapping[str, Any]) -> dict[str, Plain | None]:
        """Gives this knowledge base settings of its own, for every search from now on; None takes one away.

        `built_in_fields` covers the documents that are there too. Raises `InputError` and `ModeError`, and then
        changes nothing.
        """
        from knowledge.searching import check_mode

        with self._generation.changing() as connection:
            before = catalog.by_name(connection, self.name)
            after = replace(before, settings=changed(before, values))
            check_mode(after, after.settings.get("mode"))
            if "rerank" in values and "rerank" in after.settings:
                from knowledge.reranking import check_reranker

                check_reranker(after.settings["rerank"])
            catalog.store_settings(connection, self.id, after.settings)
            if after.has_built_in_fields != before.has_built_in_fields:
                documents.switch_built_in_fields(connection, self.id, after.has_built_in_fields)
        return self.settings

    def set_metadata(
        self, wanted: str, values: Mapping[str, Any], *, unset: Iterable[str] = ()
    ) -> DocumentRecord:
        """Changes metadata of a document (id, key or name): `values` replace what was there, None takes it off.

        When this returns, searches with conditions see it; with `lock=False`, those of the process that holds the
        workspace see it within a second. Raises `InputError` for a field to `unset` that the document lacks, and
        `FilterError` for a value of another type than its field's.
        """
        with self._generation.changing() as connection:
            base = catalog.by_name(connection, self.name)
            given = typed(values, catalog.declared_fields(connection, base.id), base.has_built_in_fields)
            catalog.declare_fields(connection, base.id, field_types([given]))
            record = documents.find(connection, base.id, wanted)
            cleared = [name for name in record.metadata if values.get(name, "") is None]
            metadata = revised(record.metadata, given, [*unset, *cleared], whose=record.key)
            if metadata != record.metadata:
                record = replace(record, metadata=metadata, updated_at=time.time())
                documents.save(connection, [record])
                documents.announce(connection, [record])
        return record.searchable(base.has_built_in_fields)

    def ingest(
        self,
        inputs: Input | Iterable[Input],
        *,
        metadata: Mapping[str, Any] | None = None,
        workers: int | None = None,
        force: bool = False,
        retry: bool = False,
        progress: Progress | None = None,
        password: str | None = None,
    ) -> IngestReport:
        """Ingests files, folders (recursive) and ready documents. Doing it again changes nothing.

        Unchanged sources are skipped, changed ones replaced, failures remembered and reported at once until
        `retry`; `force` processes everything again. A file that cannot be read never stops the others. Files inside
        files (archives, messages) are documents of their own. `password` opens those that are encrypted.
        """
        from knowledge.sources import discover

        several = [inputs] if isinstance(inputs, str | os.PathLike | Document) else inputs
        return self.ingest_sources(
            discover(several),
            metadata=metadata,
            workers=workers,
            force=force,
            retry=retry,
            progress=progress,
            password=password,
        )

    def ingest_sources(
        self,
        sources: Sequence[Source],
        *,
        metadata: Mapping[str, Any] | None = None,
        source_metadata: Mapping[str, Mapping[str, Any]] | None = None,
        workers: int | None = None,
        force: bool = False,
        retry: bool = False,
        progress: Progress | None = None,
        password: str | None = None,
    ) -> IngestReport:
        """Like `ingest`, for sources that already have keys, and may have their own rule; `source_metadata` is by
        key."""
        from knowledge.ingestion import Ingestion

        with self._store.read() as connection:
            base = catalog.by_name(connection, self.name)
            declared = catalog.declared_fields(connection, base.id)
        own = partial(typed, declared=declared, has_built_in_fields=base.has_built_in_fields)
        return Ingestion(
            generation=self._generation,
            rule=self.rule,
            workers=setting("workers", workers),
            metadata=own(metadata or {}),
            source_metadata={key: own(values) for key, values in (source_metadata or {}).items()},
            force=force,
            retry=retry,
            progress=progress,
            password=password,
        ).run(sources)

    def search(
        self,
        query: str,
        *,
        mode: Mode | None = None,
        top_k: int | None = None,
        threshold: float | None = None,
        vector_weight: float | None = None,
        where: Filter | str | Iterable[Filter | str] | None = None,
        ignore_case: bool | None = None,
        fusion: Fusion | None = None,
        rerank: Rerank | None = None,
        rerank_pool: int | None = None,
        highlight: bool = False,
        explain: bool = False,
    ) -> Hits:
        """The best passages for a question, best first, each with a score in [0, 1].

        `where` is a condition such as `Field("year") >= 2024` or `"year >= 2024"`, or several that must all hold;
        `ignore_case` lets all of them take upper and lower case for the same. `highlight` says where each passage
        has the words of the question, `explain` what its score is made of, which takes some ten times as long. With
        the fusion `rrf` scores are of ranks, and a threshold is refused. What is left out is as `settings` say.

        `rerank` (a spec, a function, or "none") puts the first `rerank_pool` hits into a model's order; no others are
        returned then, score and threshold are the model's, and a warning says when it has failed.
        """
        self._generation.refresh()
        options = self._search_options(
            mode=mode,
            top_k=top_k,
            threshold=threshold,
            vector_weight=vector_weight,
            where=where,
            ignore_case=ignore_case,
            fusion=fusion,
            rerank=rerank,
            rerank_pool=rerank_pool,
        )
        return self._noted(self._answered(query, options, highlight=highlight, explain=explain))

    def search_many(self, queries: Iterable[str], **options: Unpack[Shown]) -> list[Outcome]:
        """What `search` finds for each question, in their order, with the vectors of all asked for at once.

        A question that a model or another server fails has the error in place of its hits; what is wrong with
        `options`, those of `search`, is raised.
        """
        found = self.answers_to(queries, **options)
        return [self._noted(hits) if isinstance(hits, Hits) else hits for hits in found]

    def assisted_search(
        self,
        question: str,
        *,
        llm: str | LanguageModel | None = None,
        history: Iterable[Message | Mapping[str, str]] = (),
        variants: int = 0,
        auto_filter: OnFailure | None = None,
        **options: Unpack[Shown],
    ) -> Hits:
        """A search that a language model prepares: `llm` is its spec, else the setting, or a model that is there.

        With a `history`, of messages or objects of role and content, the question is rewritten to stand alone. Up to
        `variants` other wordings of it are searched too; each passage has the best of its scores. `auto_filter` lets
        the model draw conditions on metadata from the question, which hold besides `where`, and says what happens
        when it gives none that can be used: the search goes on "unfiltered", is "empty", or raises
        `LanguageModelError` ("error"). `Hits.assistance` says what was searched, warnings which filter holds and what
        was done without. `options` are those of `search`.
        """
        from knowledge.assistance.rewriting import conversation
        from knowledge.assistance.searching import AssistedSearch, Help
        from knowledge.search_options import as_given

        wanted = Help(history=conversation(history), variants=variants, auto_filter=auto_filter)
        search = AssistedSearch(kb=self, wanted=wanted, options=as_given(options))
        return self._noted(search.run(question, llm))

    def answers_to(self, queries: Iterable[str], **options: Unpack[Shown]) -> list[Outcome]:
        """`search_many` of questions that nobody has asked: they leave no trace in the history."""
        from knowledge.many_queries import search_many

        self._generation.refresh()
        highlight, explain = options.get("highlight", False), options.get("explain", False)
        search = partial(self._answered, highlight=highlight, explain=explain)
        return search_many(self._generation, queries, self._search_options(**options), search)

    def _answered(self, query: str, options: SearchOptions, *, highlight: bool, explain: bool) -> Hits:
        """A search that leaves no trace."""
        text, warnings = readable(query)
        if options.rerank is None:
            found = self._found(text, options, highlight=highlight, explain=explain)
        else:
            found = self._reranked(text, options, options.rerank, highlight=highlight, explain=explain)
        return replace(found, warnings=(*warnings, *found.warnings)) if warnings else found

    def _noted(self, found: Hits) -> Hits:
        if self._notes_questions and setting("history", self._generation.base.settings.get("history")):
            self.history.note(found)
        return found

    def _reranked(
        self,
        query: str,
        options: SearchOptions,
        by: Rerank,
        *,
        highlight: bool = False,
        explain: bool = False,
    ) -> Hits:
        from knowledge.reranking import reranked
        from knowledge.searching import check_threshold

        # Before a search without a threshold: one with it is done when the reranker fails.
        check_threshold(self._generation.base, options)
        find = partial(self._found, query, highlight=highlight, explain=explain)
        return reranked(
            query,
            by,
            find=lambda pool: find(replace(options, top_k=pool, threshold=None)),
            without=lambda: find(options),
            pool=options.rerank_pool,
            top_k=options.top_k,
            threshold=options.threshold,
        )

    def _found(self, query: str, options: SearchOptions, *, highlight: bool, explain: bool) -> Hits:
        from knowledge.searching import search

        found = search(self._generation, query, options)
        if highlight:
            from knowledge.highlighting import highlighted

            found = highlighted(found, self._generation.analyzer)
        if explain:
            from knowledge.explaining import explained

            found = explained(self._generation, query, options, found)
        return found

    def check_search(self, **options: Unpack[Shown]) -> None:
        """Raises what `search` raises for options that it does not have, for a mode that there is not and for a
        threshold on ranks; asks nothing."""
        from knowledge.searching import check_threshold

        check_threshold(self._generation.base, self._search_options(**options))

    def why_not(self, query: str, chunk_id: str, **options: Unpack[Searched]) -> WhyNot:
        """What keeps a passage from being a hit of this search: it is not to be shown, the filter, the threshold, its
        place. `options` are those of `search`. Raises `NotFound` for an id that no passage has."""
        from knowledge.explaining import why_not

        self._generation.refresh()
        query, _ = readable(query)
        asked = self._search_options(**options)
        explain = partial(why_not, self._generation, query, chunk_id)
        if asked.rerank is None:
            return explain(asked)
        pool = replace(asked, top_k=asked.rerank_pool, threshold=None)
        ranked = self._reranked(query, pool, asked.rerank, explain=True)
        if ranked.score_kind != "rerank":
            return explain(asked)
        from knowledge import reranking

        return reranking.why_not(
            explain(pool), ranked, pool=asked.rerank_pool, top_k=asked.top_k, threshold=asked.threshold
        )

    def context(
        self,
        query: str,
        *,
        max_tokens: int,
        count: Callable[[str], int] | None = None,
        **options: Unpack[Searched],
    ) -> Context:
        """The best passages as one text for a language model, each under a line that says where it stands.

        As many as `max_tokens` hold, at most `top_k`; one that fits only in part is cut around what answers. `count`
        counts the tokens of a text; without it they are estimated. `options` are those of `search`.
        """
        from knowledge.contexts import context

        if max_tokens < 1:
            raise InputError(f"max_tokens is {max_tokens}; allowed: a whole number from 1")
        return context(self.search(query, **options, highlight=True), max_tokens, count)

    def answer(self, query: str, *, threshold: float = 0.5) -> Hit | None:
        """The hit whose question is the nearest to this one, if it scores at least `threshold`; its `answer` is the
        reply. Raises `InputError` for a knowledge base without answers."""
        if self.record.structure != "qa":
            raise InputError(
                f"{self.name!r} is {self.record.structure} and has no answers; ask one with the structure qa"
            )
        return next(iter(self.search(query, top_k=1, threshold=threshold)), None)

    def neighbours(self, hit: Hit, *, before: int = 1, after: int = 1) -> list[ChunkRecord]:
        """The passages around a hit in its document, in order, without the hit itself."""
        around = range(hit.chunk.position - before, hit.chunk.position + after + 1)
        return [
            chunk
            for chunk in self.chunks(hit.document.id)
            if chunk.position in around and chunk.position != hit.chunk.position
        ]

    def _search_options(self, **given: Unpack[Shown]) -> SearchOptions:
        from knowledge.search_options import chosen

        return chosen(self._generation.base.settings, given)

    def documents(self) -> list[DocumentRecord]:
        """Every document, by key, failures too."""
        with self._store.read() as connection:
            base = catalog.by_name(connection, self.name)
            records = documents.of_base(connection, base.id)
        return [record.searchable(base.has_built_in_fields) for record in records]

    def document(self, wanted: str) -> DocumentRecord:
        """By id, key or name. Raises `NotFound`."""
        with self._store.read() as connection:
            base = catalog.by_name(connection, self.name)
            return documents.find(connection, base.id, wanted).searchable(base.has_built_in_fields)

    def chunks(self, wanted: str) -> list[ChunkRecord]:
        """The chunks of a document, in order. Empty when it was never read successfully."""
        with self._store.read() as connection:
            version = documents.find(connection, self.id, wanted).active_version
            return versions.chunks_of(connection, version) if version else []

    def check(self, wanted: str) -> list[Finding]:
        """Which chunks of a document will serve a search badly, and why."""
        chunks = [
            Chunk(
                content=record.content,
                start=record.start,
                end=record.end,
                context=record.context,
                answer=record.answer,
            )
            for record in self.chunks(wanted)
        ]
        return self.rule.check(self.text(wanted), chunks)

    def keywords(self, chunk: ChunkRecord) -> tuple[str, ...]:
        """The words that a chunk of an economy base is found by: those that a person gave it, else, with a
        `keyword_number`, those of most weight, heaviest first. Empty where every term counts."""
        if chunk.keywords is not None:
            return chunk.keywords
        return self._generation.analysis.keywords(self._generation.analyzer, searched_text(chunk))

    def set_keywords(self, wanted: str, position: int, words: Iterable[str] | None) -> ChunkRecord:
        """Gives a chunk of a document the keywords it is found by from now on; None: those of its text again.

        Where every term of a chunk counts they come on top of them. They stay with the chunk as long as its text
        does. Raises `NotFound`, and `InputError` for a base that is not economy.
        """
        chosen = None if words is None else checked_keywords(words)
        if self._generation.base.indexing != "economy":
            raise InputError(
                f"{self.name!r} is {self.record.indexing}; keywords are for economy knowledge bases"
            )
        with self._generation.changing() as connection:
            version = documents.find(connection, self.id, wanted).active_version
            chunks = versions.chunks_of(connection, version) if version else []
            if version is None or not 0 <= position < len(chunks):
                raise NotFound(f"{wanted!r} has no chunk {position}; it has {len(chunks)}, counted from 0")
            versions.set_keywords(connection, chunks[position].point, chosen)
            outbox.announce(connection, self.id, "points", [version])
        return replace(chunks[position], keywords=chosen)

    def text(self, wanted: str) -> str:
        """The cleaned text that the chunks of a document are spans of."""
        with self._store.read() as connection:
            version = documents.find(connection, self.id, wanted).active_version
            return versions.text_of(connection, version) if version else ""

    def images(self, wanted: str) -> list[Path]:
        """The files of the pictures of a document, to which its text has links."""
        with self._store.read() as connection:
            version = documents.find(connection, self.id, wanted).active_version
            return pictures.of_version(connection, self._generation.workspace, version) if version else []

    def remove(self, wanted: str) -> DocumentRecord:
        """Removes a document (id, key or name) with the files inside: gone from every search when this returns.
        Raises `NotFound`."""
        return self.remove_all([wanted])[0]

    def remove_all(self, wanted: Iterable[str]) -> list[DocumentRecord]:
        """Removes documents as `remove` does, at once: all of them, or none where one is not found."""
        with self._generation.writing() as index:
            with self._store.write() as connection:
                records = [documents.find(connection, self.id, one) for one in wanted]
                for record in records:
                    documents.remove(connection, record)
            self._generation.drain()
            with self._store.write() as connection:
                pictures.sweep(connection, self._generation.workspace)
            index.optimize()
        return records

    def rebuild(
        self,
        *,
        dictionary: Iterable[str] | None = None,
        synonyms: Iterable[Iterable[str]] | None = None,
        keyword_number: int | None = None,
    ) -> RebuildReport:
        """Builds the index anew from the stored texts; searching goes on with the old one until it is done.

        `dictionary`, `synonyms` and `keyword_number` (0: every term) replace those of before; what is left out stays.
        """
        from knowledge.rebuild_report import RebuildReport

        started = time.perf_counter()
        old = self._generation
        usage = old.rebuild(
            old.analysis.changed(
                old.base.indexing, dictionary=dictionary, synonyms=synonyms, keyword_number=keyword_number
            )
        )
        with self._store.read() as connection:
            record = catalog.by_name(connection, self.name)
        self._generation = Generation(old.store, old.workspace, old.place, old.embedders, record)
        old.place.remove(old.base.generation)
        return RebuildReport(
            kb=self.name,
            chunks=self.record.chunks,
            seconds=time.perf_counter() - started,
            embedding=usage,
        )

    @cached_property
    def history(self) -> History:
        """What was asked, as far as the setting `history` was on."""
        from knowledge.history import History

        return History(self._store, self.id)

    @contextmanager
    def without_history(self) -> Iterator[None]:
        """Searches in it leave no trace: those of a measurement are nobody's questions."""
        before, self._notes_questions = self._notes_questions, False
        try:
            yield
        finally:
            self._notes_questions = before

    def write_history(self) -> None:
        """Writes the questions that are still only in memory; that this fails is logged."""
        if "history" in self.__dict__:
            self.history.close()

    def close(self) -> None:
        self.write_history()
        self._generation.close()
