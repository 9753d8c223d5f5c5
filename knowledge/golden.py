"""Golden queries: what a knowledge base must find, kept in a TOML file, and the floors that it has reached once.

    knowledge_base = "handbook"           # in `workspace`, a folder beside the file (default: as everywhere)
    ingest = ["docs"]                     # or instead: files and folders, put into a temporary base

    [[queries]]
    query = "how many days of leave"
    document = "leave.md"                 # key, name or id; `documents` for several
    text = "ten days"                     # stands in a passage; `texts` for several
    rank = 3                              # the first expected passage stands here or higher
    recall = 1.0                          # share of what is expected among the hits

Floors are in a file of their own, `NAME.golden.floors.json` beside `NAME.golden.toml`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import InputError, NotFound

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.types import Hit

_FILE_KEYS: Final = {"workspace": str, "knowledge_base": str, "ingest": list, "top_k": int, "queries": list}
_QUERY_KEYS: Final = {
    "query": str, "document": str, "documents": list, "text": str, "texts": list, "rank": int, "recall": (int, float),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The least that a query must reach: the first expected passage at `rank` or higher, and the share of what is
    expected among the hits. None asks for nothing."""

    rank: int | None = None
    recall: float | None = None

    def joined(self, other: Floor) -> Floor:
        """What asks for as much as both."""
        ranks = [rank for rank in (self.rank, other.rank) if rank is not None]
        recalls = [recall for recall in (self.recall, other.recall) if recall is not None]
        return Floor(rank=min(ranks, default=None), recall=max(recalls, default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenQuery:
    """A question and what it must find: documents (key, name or id) and texts that stand in passages."""

    query: str
    documents: tuple[str, ...]
    texts: tuple[str, ...]
    floor: Floor


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenFile:
    """Paths in it are absolute."""

    path: Path
    workspace: Path | None
    knowledge_base: str | None
    ingest: tuple[Path, ...]
    top_k: int | None
    queries: tuple[GoldenQuery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What a search reached. `rank` is that of the first expected passage, None when it is not among the hits."""

    rank: int | None
    recall: float

    def problems(self, floor: Floor) -> list[str]:
        """What is worse than the floor, in words; nothing when the query passes."""
        if self.rank is None:
            return ["nothing of what is expected was found"]
        found = []
        if floor.rank is not None and self.rank > floor.rank:
            found.append(f"rank {self.rank}, the floor is {floor.rank}")
        if floor.recall is not None and self.recall < floor.recall:
            found.append(f"recall {self.recall:.3f}, the floor is {floor.recall:.3f}")
        return found

    def as_floor(self) -> Floor:
        """The floor that this just passes; recall is rounded down, so that it does."""
        return Floor(rank=self.rank, recall=int(self.recall * 1000) / 1000)


def reached(query: GoldenQuery, hits: Sequence[Hit]) -> Reached:
    """How well hits, best first, answer a golden query. White space in texts does not count."""
    is_expected = (
        *(partial(_is_document, wanted=wanted) for wanted in query.documents),
        *(partial(_has_text, wanted=wanted) for wanted in query.texts),
    )
    ranks = [next((rank for rank, hit in enumerate(hits, 1) if is_it(hit)), None) for is_it in is_expected]
    found = [rank for rank in ranks if rank is not None]
    return Reached(rank=min(found, default=None), recall=len(found) / len(ranks))


def _is_document(hit: Hit, wanted: str) -> bool:
    return wanted in (hit.document.key, hit.document.name, hit.document.id)


def _has_text(hit: Hit, wanted: str) -> bool:
    said = f"{hit.content} {hit.answer or ''}"
    return "".join(wanted.split()) in "".join(said.split())


@contextmanager
def opened(golden: GoldenFile) -> Iterator[KnowledgeBase]:
    """The knowledge base of the file, or a temporary one of the files to ingest. Its history stays as it is."""
    import tempfile

    from knowledge.workspace import Workspace

    with ExitStack() as stack:
        if golden.ingest:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="knowledge-golden-"))
            kb = stack.enter_context(Workspace(folder)).create("golden")
            kb.ingest(golden.ingest)
        else:
            kb = stack.enter_context(Workspace(golden.workspace)).open(golden.knowledge_base or "")
        stack.enter_context(kb.without_history())
        yield kb


def read_golden(path: Path) -> GoldenFile:
    """Raises `InputError` for a file that is not as the head of this module shows."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None
    _check_keys(given, _FILE_KEYS, str(path))
    if bool(given.get("ingest")) == bool(given.get("knowledge_base")):
        raise InputError(f"{path} needs either `knowledge_base` or `ingest`; give one of them")
    queries = tuple(
        _query(entry, f"{path}, query {n}") for n, entry in enumerate(given.get("queries", ()), 1)
    )
    if len({query.query for query in queries}) < len(queries):
        raise InputError(f"{path} has a query twice; join what both expect")
    return GoldenFile(
        path=path,
        workspace=path.parent / given["workspace"] if "workspace" in given else None,
        knowledge_base=given.get("knowledge_base"),
        ingest=tuple(path.parent / str(name) for name in given.get("ingest", ())),
        top_k=given.get("top_k"),
        queries=queries,
    )


def _query(given: Mapping[str, Any], where: str) -> GoldenQuery:
    if not isinstance(given, dict):
        raise InputError(f"{where} is not a table; write [[queries]]")
    _check_keys(given, _QUERY_KEYS, where)
    documents = _several(given, "document", "documents")
    texts = _several(given, "text", "texts")
    if not given.get("query") or not (documents or texts):
        raise InputError(f"{where} needs `query`, and `document` or `text`")
    rank, recall = given.get("rank"), given.get("recall")
    if (rank is not None and rank < 1) or (recall is not None and not 0 <= recall <= 1):
        raise InputError(f"{where}: allowed are a rank from 1 and a recall from 0 to 1")
    floor = Floor(rank=rank, recall=recall)
    return GoldenQuery(query=given["query"], documents=documents, texts=texts, floor=floor)


def _several(given: Mapping[str, Any], one: str, many: str) -> tuple[str, ...]:
    return tuple(str(value) for value in (*([given[one]] if one in given else []), *given.get(many, ())))


def _check_keys(given: Mapping[str, Any], allowed: Mapping[str, Any], where: str) -> None:
    for key, value in given.items():
        if key not in allowed:
            raise InputError(f"{where} has an unknown key {key!r}; allowed: {', '.join(allowed)}")
        if not isinstance(value, allowed[key]):
            raise InputError(f"{where}: {key} is {value!r}, which is of the wrong type")


def floors_path(path: Path) -> Path:
    return path.with_suffix(".floors.json")


def read_floors(path: Path) -> dict[str, Floor]:
    """The floors by query, those of a file that does not exist yet being none."""
    if not path.exists():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {query: Floor(**floor) for query, floor in stored.items()}
    except (ValueError, TypeError, AttributeError):
        raise InputError(
            f"{path} holds no floors; restore it, or delete it and run pytest --golden-raise"
        ) from None


def write_floors(path: Path, floors: Mapping[str, Floor]) -> None:
    """Writes the floors, a query a line, so that a version control shows which have changed."""
    lines = (
        f"  {json.dumps(query, ensure_ascii=False)}: {json.dumps(asdict(floor))}"
        for query, floor in floors.items()
    )
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def missing_document(kb: KnowledgeBase, query: GoldenQuery) -> str | None:
    """One of the expected documents that the knowledge base does not have: the file is wrong, not the search."""
    for wanted in query.documents:
        try:
            kb.document(wanted)
        except NotFound:
            return wanted
    return None
