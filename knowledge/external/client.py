"""Any server of Dify's external knowledge contract, searched as a knowledge base is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from knowledge import identity
from knowledge.configuration import setting
from knowledge.errors import ExternalError, InputError
from knowledge.external.conditions import fulfils, metadata_condition
from knowledge.external.records import Record, read_records, to_hits
from knowledge.filters import Filter
from knowledge.outgoing import Answer, HttpClient, one_line, parse_url, shown
from knowledge.queries import says_something
from knowledge.searching import NOTHING
from knowledge.types import Hits, KnowledgeBaseRef

_ADVICE: Final = {
    401: "check the key",
    403: "check the key, and that it may read this knowledge base",
    404: "check the URL (without /retrieval) and the id of the knowledge base",
    429: "the server limits requests; try again later",
}


class ExternalKnowledge:
    """The knowledge base `knowledge_id` of the server at `url`, which is asked at `url`/retrieval.

    Scores are the server's own: they do not compare with those of other knowledge bases. `http` is closed by
    whoever made it; without one, the URL counts as the operator's (see `knowledge.outgoing`). Threads may share it.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        knowledge_id: str,
        *,
        timeout_s: float | None = None,
        base: KnowledgeBaseRef | None = None,
        http: HttpClient | None = None,
    ) -> None:
        self._url = f"{url.strip().rstrip('/')}/retrieval"
        self._shown = shown(parse_url(self._url))
        self._key = (key or "").strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise InputError(f"the key for {self._shown} holds characters that no key has; give the bare key")
        self._knowledge_id = knowledge_id
        name = identity.knowledge_base_id(f"{self._url}#{knowledge_id}")
        self._base = base or KnowledgeBaseRef(id=name, name=knowledge_id)
        self._owns_http = http is None
        self._http = http or HttpClient.configured(
            public_only=False, total_s=setting("external_timeout_s", timeout_s), retries=1
        )

    def search(
        self,
        query: str,
        *,
        top_k: int | None = None,
        threshold: float | None = None,
        where: Filter | None = None,
    ) -> Hits:
        """The server's passages, best first. The answer is held to what was asked for: what the server should have
        left out (over `top_k`, under `threshold`, or not fulfilling `where`) is left out here, and `warnings` say
        so, as they say what was mended.

        Raises `ExternalError` when the server refuses or answers something else, `FilterError` for conditions that
        the contract cannot express.
        """
        started = time.perf_counter()
        limit, least = setting("top_k", top_k), setting("threshold", threshold)
        condition = metadata_condition(where)
        if not says_something(query):
            return self._hits(query, [], [NOTHING], started)
        records, repairs = read_records(self._records(self._ask(query, limit, least, condition)))
        kept, ignored = _as_asked(records, limit, least, where)
        return self._hits(query, kept, [*repairs, *ignored], started)

    def close(self) -> None:
        if self._owns_http:
            self._http.close()

    def _hits(self, query: str, records: Sequence[Record], warnings: Sequence[str], started: float) -> Hits:
        found = to_hits(records, self._base)
        return Hits(query, "external", found, False, tuple(warnings), time.perf_counter() - started)

    def _ask(
        self, query: str, top_k: int, threshold: float | None, condition: Mapping[str, Any] | None
    ) -> Answer:
        body: dict[str, Any] = {
            "knowledge_id": self._knowledge_id,
            "query": query,
            "retrieval_setting": {"top_k": top_k, "score_threshold": threshold or 0.0},
        }
        if condition:
            # Left out rather than null: some servers fail on null.
            body["metadata_condition"] = condition
        headers = {"authorization": f"Bearer {self._key}"} if self._key else {}
        answer = self._http.post_json(self._url, body, headers=headers, repeatable=True)
        if answer.status != 200:
            advice = _ADVICE.get(answer.status, "check the server")
            raise ExternalError(
                f"{self._shown} answered {answer.status} ({explanation(answer, self._key)}); {advice}"
            )
        return answer

    def _records(self, answer: Answer) -> Sequence[object]:
        try:
            body = answer.json()
        except ValueError:
            body = None
        if isinstance(body, dict) and "records" in body:
            records = body["records"] if body["records"] is not None else []
            if isinstance(records, list):
                return records
        raise ExternalError(
            f"{self._shown} did not answer with records ({explanation(answer, self._key)}); check that the URL is "
            "the endpoint of an external knowledge API"
        )


def _as_asked(
    records: Sequence[Record], top_k: int, threshold: float | None, where: Filter | None
) -> tuple[list[Record], list[str]]:
    """The records that may be shown, and a sentence for each thing that the server did not obey."""
    fulfilling = [record for record in records if where is None or fulfils(where, record.metadata)]
    scoring = [record for record in fulfilling if threshold is None or record.score >= threshold]
    left_out = {
        "do not show that they fulfil the conditions: the server ignores them or does not return the fields": (
            len(records) - len(fulfilling)
        ),
        f"score under the threshold {threshold}": len(fulfilling) - len(scoring),
        f"are more than the {top_k} asked for": len(scoring) - len(scoring[:top_k]),
    }
    warnings = [
        f"{count} of {len(records)} records {what} (left out)" for what, count in left_out.items() if count
    ]
    return scoring[:top_k], warnings


def explanation(answer: Answer, *secrets: str) -> str:
    """What a server says of its refusal, in one line, whatever the shape of the body."""
    try:
        said = _message(answer.json())
    except ValueError:
        said = ""
    return one_line(said or answer.text, *secrets)


def _message(body: object) -> str:
    if not isinstance(body, dict):
        return ""
    code = body.get("error_code") or body.get("code")
    for name in ("error_msg", "message", "msg", "detail", "error", "error_description"):
        said = body.get(name)
        text = said if isinstance(said, str) else _message(said)
        if text:
            return f"{code}: {text}" if isinstance(code, str | int) else text
    return ""
