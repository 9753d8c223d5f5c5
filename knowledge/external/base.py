"""A knowledge base of another server under a name of this workspace: searched like any other, never written to."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from knowledge import catalog
from knowledge.base_settings import changed
from knowledge.configuration import setting
from knowledge.errors import ExternalError, InputError
from knowledge.external.client import ExternalKnowledge
from knowledge.generations import Generation
from knowledge.knowledge_base import KnowledgeBase, all_of
from knowledge.outgoing import parse_url, shown
from knowledge.searching import check_mode
from knowledge.types import Fusion, Hits, KnowledgeBaseRef, Mode

if TYPE_CHECKING:
    from knowledge.defaults import Plain
    from knowledge.filters import Filter
    from knowledge.processing import ProcessRule
    from knowledge.searching import Rerank

SIGNATURE: Final[Mapping[str, Any]] = {"engine": "external"}
CHANGEABLE: Final = ("top_k", "threshold")
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

    def search(
        self,
        query: str,
        *,
        mode: Mode | None = None,
        top_k: int | None = None,
        threshold: float | None = None,
        vector_weight: float | None = None,
        where: Filter | str | Sequence[Filter | str] | None = None,
        ignore_case: bool | None = None,
        fusion: Fusion | None = None,
        rerank: Rerank | None = None,
        rerank_pool: int | None = None,
        highlight: bool = False,
        explain: bool = False,
    ) -> Hits:
        """The passages of the other server, see `ExternalKnowledge.search`, reranked here when that is asked for.
        What its contract cannot ask for raises `InputError`."""
        record = self.record
        check_mode(record, mode)
        for name, value in (
            ("vector weight", vector_weight),
            ("fusion", fusion),
            ("explanation", explain or None),
        ):
            if value is not None:
                raise InputError(
                    f"{self.name!r} is an external knowledge base and has no {name}; leave it out"
                )
        own = record.settings
        if rerank not in (None, "none", "off"):
            from knowledge.reranking import reranked

            find = partial(self.search, query, where=where, ignore_case=ignore_case, highlight=highlight)
            return reranked(
                query,
                rerank,
                find=lambda pool: find(top_k=pool, threshold=0.0),
                without=lambda: find(top_k=top_k, threshold=threshold),
                pool=setting("rerank_pool", rerank_pool),
                top_k=setting("top_k", own.get("top_k") if top_k is None else top_k),
                threshold=setting("threshold", own.get("threshold") if threshold is None else threshold),
            )
        found = self._opened().search(
            query,
            top_k=own.get("top_k") if top_k is None else top_k,
            threshold=own.get("threshold") if threshold is None else threshold,
            where=all_of(where, ignore_case=bool(ignore_case)),
        )
        if not highlight:
            return found
        from indexers import StandardAnalyzer
        from knowledge.highlighting import highlighted

        return highlighted(found, StandardAnalyzer())

    def change_settings(self, values: Mapping[str, Any]) -> dict[str, Plain | None]:
        """top_k and threshold; the rest is the other server's. Raises `InputError`."""
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
