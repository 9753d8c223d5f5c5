"""The records that travel between the stages: what a document, a chunk, a point and a hit are.

Records hold data and validate it; they do nothing else. All offsets are code points into `Document.text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from knowledge.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from knowledge.assistance.record import Assistance
    from knowledge.evidence import Evidence

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "image"]
Structure = Literal["general", "parent-child", "qa"]
"""How the chunks of a knowledge base are related: alone, found by their children, or questions with answers."""
Indexing = Literal["economy", "high_quality", "external"]
Mode = Literal["keyword", "full-text", "vector", "hybrid", "external"]
Fusion = Literal["weighted", "rrf"]
"""How hybrid search makes one ranking of two: by their scores, or by ranks (reciprocal rank fusion)."""
ScoreKind = Literal["absolute", "rank", "rerank"]
"""What a score says: how good a passage is for the question, merely where it stands among the others, or what a
reranker thinks of it, on a scale of its own."""

Origin = Literal["source", "generated"]
"""Whether the words of a passage stand in its document, or a language model wrote them."""
Language = Literal["chinese", "english", "japanese"]
"""What a language model can be told to write in."""

Scalar = str | float
Value = Scalar | tuple[Scalar, ...]
"""A metadata value. Times are floats: epoch seconds, UTC. A tuple is a list of values of one field."""
FieldType = Literal["string", "number", "time"]

Vector: TypeAlias = "npt.NDArray[np.float32]"
Matrix: TypeAlias = "npt.NDArray[np.float32]"
"""Shape (n, dim), float32, rows of unit length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where in the original file a passage stands. Counts start at 1; what does not apply is None."""

    page: int | None = None
    page_end: int | None = None
    sheet: str | None = None
    row: int | None = None
    row_end: int | None = None
    slide: int | None = None
    line: int | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, heading, table … of a document: the span `text[start:end]`. Blocks never overlap."""

    kind: BlockKind
    start: int
    end: int
    level: int | None = None
    """Of a heading: 1 is the highest."""
    locator: Locator = Locator()


IMAGE_NAME: Final = r"[0-9a-f]{64}\.[a-z0-9]+"
"""A picture's name is that of a file, so nothing else may be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture taken out of a document, whose text shows its place by `![what it shows](images/NAME)`.

    Raises `InputError` for a name of another form.
    """

    name: str
    """SHA-256 of the bytes and the usual suffix: the same picture has one name everywhere."""
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(IMAGE_NAME, self.name):
            raise InputError(
                f"{self.name!r} is no name of a picture; allowed: the SHA-256 of its bytes in hexadecimal digits, a "
                "dot and a suffix such as png"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How files are read, where there is a choice. An extractor ignores what does not concern its format."""

    layout: bool = True
    """PDF: reading order, paragraphs, headings and tables; without it the text as the file holds it, faster."""
    page_headers: bool = False
    """PDF: keep headers, footers and page numbers that repeat from page to page."""
    whole_page: bool = False
    """HTML: everything visible, not the main content alone."""
    images: bool = True
    """Take pictures out of the file."""
    password: str | None = field(default=None, repr=False)
    """Of encrypted files."""
    max_characters: int = 50_000_000
    """That one file may yield, with what is inside of it."""
    nesting: int = 0
    """How many containers (archives, messages) the file was taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What an extractor read from a file. `Document(text="…")` is enough to chunk and index."""

    text: str
    name: str = ""
    blocks: tuple[Block, ...] = ()
    """In order of `start`. May be empty: then the text has no known structure."""
    metadata: Mapping[str, Value] = field(default_factory=dict)
    """What the file says of itself: title, author, created …"""
    warnings: tuple[str, ...] = ()
    attachments: tuple[Document, ...] = ()
    """Files inside the file, such as members of an archive: documents of their own."""
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage: `document.text[start:end] == content`, for the text that was chunked.

    Of a chunk whose `origin` is "generated" a language model wrote the words, from the passage `text[start:end]`:
    that is where it is checked, and what its locator says.

    `context` travels with the passage but is not part of the span (the trail of headings): it is searched
    and embedded, never shown as content. A parent has `children`, spans within its own. In a question-answer
    pair `content` is the question, and `children` are its spellings where there are several.
    """

    content: str
    start: int
    end: int
    context: str = ""
    headings: tuple[str, ...] = ()
    locator: Locator = Locator()
    children: tuple[Chunk, ...] = ()
    answer: str | None = None
    """As a reader sees it: without the escapes of a Markdown table."""
    answer_span: tuple[int, int] | None = None
    """Where the answer is written, as (start, end)."""
    origin: Origin = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What the index stores of one chunk."""

    id: int
    """The chunk's row number in the store: unique for ever, never shown to users."""
    version: str
    """The processing of a document that this point belongs to."""
    words: tuple[str, ...]
    bigrams: tuple[str, ...]
    vector: Vector | None = None
    metadata: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """A point found by one leg of a search, with that leg's raw score."""

    id: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBaseRef:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRef:
    id: str
    key: str
    name: str
    url: str | None = None
    metadata: Mapping[str, Value] = field(default_factory=dict)
    created_at: float | None = None
    updated_at: float | None = None
    """Epoch seconds, UTC; None for a document of another server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRef:
    id: str
    position: int
    """0 for the first chunk of the document."""
    start: int | None
    end: int | None
    """None for a passage of another server, whose document is not here."""
    headings: tuple[str, ...] = ()
    origin: Origin | None = None
    """None for a passage of another server, which does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildHit:
    """A child that its parent was found by; `start` and `end` are in the document, as those of the parent."""

    id: str
    content: str
    score: float
    start: int
    end: int
    headings: tuple[str, ...] = ()
    locator: Locator = Locator()
    """Its own place, which says more than that of a parent of many pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that answers, where it stands, and how sure: `score` is in [0, 1]."""

    score: float
    content: str
    context: str
    knowledge_base: KnowledgeBaseRef
    document: DocumentRef
    chunk: ChunkRef
    locator: Locator
    highlights: tuple[tuple[int, int], ...] = ()
    """Where `content` says what the question says, as (start, end), when that was asked for."""
    children: tuple[ChildHit, ...] = ()
    """Those that answer, best first: the score of the first is that of the hit, before it was reranked. In a
    question-answer base they are the spellings of the question where it has several."""
    answer: str | None = None
    """In a question-answer base, where `content` is the question."""
    evidence: Evidence | None = None
    """What the score is made of, when that was asked for and the passage was still there to be looked at."""


@dataclass(frozen=True, slots=True)
class Hits:
    """The hits of one search, best first. Iterates, indexes and counts like a list of `Hit`."""

    query: str
    mode: Mode | None
    """None for a search of several knowledge bases in different modes."""
    hits: tuple[Hit, ...]
    calibrated: bool
    """False when the scores come from a model whose neutral similarity is unknown, or that was not trained for the
    script of the question, and for scores of ranks and of rerankers."""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    score_kind: ScoreKind = "absolute"
    assistance: Assistance | None = None
    """What a language model did for this search, where one was asked."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, index: int) -> Hit:
        return self.hits[index]
