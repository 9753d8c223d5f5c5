"""A knowledge base of another server under a name of this workspace: searched like any other, never written to."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, Unpack

from knowledge import catalog
from knowledge.base_settings import changed
from knowledge.configuration import setting
from knowledge.errors import ExternalError, InputError
from knowledge.external.client import ExternalKnowledge
from knowledge.external.conditions import metadata_condition
from knowledge.filters import Filter
from knowledge.generations import Generation
from knowledge.knowledge_base import KnowledgeBase
from knowledge.outgoing import parse_url, shown
from knowledge.queries import readable
from knowledge.search_options import all_of, as_given
from knowledge.searching import check_mode
from knowledge.types import Hits, KnowledgeBaseRef

if TYPE_CHECKING:
    from knowledge.defaults import Plain
    from knowledge.many_queries import Outcome
    from knowledge.processing import ProcessRule
    from knowledge.search_options import Shown

SIGNATURE: Final[Mapping[str, Any]] = {"engine": "external"}
CHANGEABLE: Final = ("top_k", "threshold", "history")
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def external_settings(
    *, url: str, knowledge_id: str, key_variable: str | None, timeout_s: float | None
) -> dict[str, Any]:
    """What is stored of an external base: never the key, only the name of the variable that holds it.

    Raises `InputError` for values that cannot be used, without repeating what may be a key.
    """
    parsed = parse_url(url)
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise InputError(
            f"the endpoint {shown(parsed)} has a user, a password or a query; leave them out, the key is given with "
            "--api-key-env"
        )
    if not knowledge_id.strip():
        raise InputError(
            "an external knowledge base needs the id that it has at its server; give --external-id ID"
        )
    if key_variable is not None and not (_VARIABLE.fullmatch(key_variable) and os.environ.get(key_variable)):
        raise InputError(
            "--api-key-env is not the name of an environment variable that is set; put the key into a variable and "
            "give its name"
        )
    settings = {
        "url": url.strip().rstrip("/"),
        "knowledge_id": knowledge_id,
        "key_variable": key_variable,
        "timeout_s": timeout_s,
    }
    return {**settings, "built_in_fields": False}


class ExternalBase(KnowledgeBase):
    """What would write, or look at documents that are not here, raises `InputError` or finds nothing."""

    def __init__(self, generation: Generation) -> None:
        super().__init__(
            _NoIndex(
                generation.store,
                generation.workspace,
                generation.place,
                generation.embedders,
                generation.base,
            )
        )
        self._client: ExternalKnowledge | None = None
        self._opening = threading.Lock()

    @property
    def rule(self) -> ProcessRule:
        refuse(self.name)

    def search(self, query: str, **options: Unpack[Shown]) -> Hits:
        """The passages of the other server, see `ExternalKnowledge.search`, reranked here when that is asked for.
        What its contract cannot ask for raises `InputError`."""
        return self._noted(self._found_there(query, as_given(options)))

    def answers_to(self, queries: Iterable[str], **options: Unpack[Shown]) -> list[Outcome]:
        from knowledge.many_queries import each, several

        return each(partial(self._found_there, options=as_given(options)), several(queries))

    def check_search(self, **options: Unpack[Shown]) -> None:
        """Raises what `search` raises for options that it does not have or that the other server cannot be asked for;
        asks nothing."""
        given = as_given(options)
        check_mode(self.record, given.get("mode"))
        self._check_possible(given)
        for name in ("top_k", "threshold", "rerank_pool"):
            setting(name, given.get(name))
        metadata_condition(_conditions(given))

    def _found_there(self, query: str, options: Shown) -> Hits:
        """A search that leaves no trace."""
        record = self.record
        check_mode(record, options.get("mode"))
        self._check_possible(options)
        text, warnings = readable(query)
        top_k, threshold = options.get("top_k"), options.get("threshold")
        ask = partial(self._asked, text, options)
        first = record.settings.get("top_k") if top_k is None else top_k
        least = record.settings.get("threshold") if threshold is None else threshold
        by = options.get("rerank")
        if by is None or by in ("none", "off"):
            found = ask(first, least)
        else:
            from knowledge.reranking import reranked

            found = reranked(
                text,
                by,
                find=lambda pool: ask(pool, 0.0),
                without=lambda: ask(first, least),
                pool=setting("rerank_pool", options.get("rerank_pool")),
                top_k=setting("top_k", first),
                threshold=setting("threshold", least),
            )
        return replace(found, warnings=(*warnings, *found.warnings))

    def _check_possible(self, options: Shown) -> None:
        for name, value in (
            ("vector weight", options.get("vector_weight")),
            ("fusion", options.get("fusion")),
            ("explanation", options.get("explain") or None),
        ):
            if value is not None:
                raise InputError(
                    f"{self.name!r} is an external knowledge base and has no {name}; leave it out"
                )

    def _asked(self, query: str, options: Shown, top_k: int | None, threshold: float | None) -> Hits:
        found = self._opened().search(query, top_k=top_k, threshold=threshold, where=_conditions(options))
        if not options.get("highlight"):
            return found
        from indexers import StandardAnalyzer
        from knowledge.highlighting import highlighted

        return highlighted(found, StandardAnalyzer())

    def _noted(self, found: Hits) -> Hits:
        if self._notes_questions and setting("history", self.record.settings.get("history")):
            self.history.note(found)
        return found

    def change_settings(self, values: Mapping[str, Any]) -> dict[str, Plain | None]:
        """top_k, threshold and history; the rest is the other server's. Raises `InputError`."""
        others = sorted(set(values) - set(CHANGEABLE))
        if others:
            raise InputError(
                f"{self.name!r} is an external knowledge base and has no setting {', '.join(others)}; allowed: "
                f"{', '.join(CHANGEABLE)}"
            )
        with self._store.write() as connection:
            record = catalog.by_name(connection, self.name)
            catalog.store_settings(connection, self.id, changed(record, values))
        return self.settings

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        super().close()

    def _opened(self) -> ExternalKnowledge:
        with self._opening:
            if self._client is None:
                stored = self._generation.base.settings
                self._client = ExternalKnowledge(
                    stored["url"],
                    self._key(stored["key_variable"]),
                    stored["knowledge_id"],
                    timeout_s=stored["timeout_s"],
                    base=KnowledgeBaseRef(id=self.id, name=self.name),
                )
            return self._client

    def _key(self, variable: str | None) -> str | None:
        if variable is None:
            return None
        key = os.environ.get(variable)
        if not key:
            raise ExternalError(f"the key of {self.name!r} is read from {variable}, which is not set; set it")
        return key


def _conditions(options: Shown) -> Filter | None:
    return all_of(options.get("where"), ignore_case=bool(options.get("ignore_case")))


class _NoIndex(Generation):
    def _check_open(self) -> NoReturn:
        """Asked before an index is opened or rebuilt."""
        refuse(self.base.name)

    def changing(self) -> NoReturn:
        refuse(self.base.name)

    def refresh(self) -> None:
        """Nothing is written that a search would have to wait for."""


def refuse(name: str) -> NoReturn:
    raise InputError(
        f"{name!r} is an external knowledge base: its documents are at its server; only search, show, settings and "
        "drop work here"
    )
