"""Builds a Document block by block, keeping every span true to the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from extractors.archives.limits import MOST_PICTURE_BYTES, MOST_PICTURES, shared_budget
from extractors.cleaning import clean
from extractors.images import image_of, link_text
from knowledge.errors import EmptyDocument, KnowledgeError
from knowledge.types import Block, BlockKind, Document, Image, Locator, Value

NOWHERE = Locator()
_MOST_UNREAD: Final = 20
_FORMATS: Final = "; supported: "
"""Begins the list of formats in an error, which need not be repeated for every file inside."""


class DocumentWriter:
    """Collects blocks in reading order; `finish` gives the document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.warnings: list[str] = []
        self.metadata: dict[str, Value] = {}
        self.attachments: list[Document] = []
        self._unread = 0
        self._images: dict[str, Image] = {}
        self._pictures_left_out = 0
        self._pieces: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0

    def add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int | None = None,
        locator: Locator = NOWHERE,
        separator: str = "\n\n",
    ) -> None:
        """Appends a block after `separator`. Blank text adds nothing."""
        text = clean(text).strip()
        if not text:
            return
        if self._pieces:
            self._pieces.append(separator)
            self._length += len(separator)
        start = self._length
        self._pieces.append(text)
        self._length = end = start + len(text)
        self._blocks.append(Block(kind=kind, start=start, end=end, level=level, locator=locator))

    def image_link(self, data: bytes, alt: str = "") -> str:
        """Keeps a picture and returns the Markdown that shows its place.

        "" when the bytes are no known picture, or one more than a file may hold: `finish` warns of those.
        """
        image = image_of(data)
        if image is None:
            return ""
        if image.name not in self._images:
            with shared_budget() as budget:
                if not budget.add_picture(len(data)):
                    self._pictures_left_out += 1
                    return ""
        self._images[image.name] = image
        return f"![{link_text(alt)}](images/{image.name})"

    def take_over(self, images: Iterable[Image]) -> None:
        """Keeps the pictures of a file inside, which are counted already."""
        self._images |= {image.name: image for image in images}

    def describe(self, metadata: Mapping[str, Value | None]) -> None:
        """Adds what the file says of itself; blank values are left out."""
        for name, value in metadata.items():
            if isinstance(value, str):
                value = " ".join(clean(value).split())
            if value is not None and value not in ("", ()):
                self.metadata[name] = value

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def warn_of_hidden(self, sheets: Sequence[str]) -> None:
        if sheets:
            self.warn(f"hidden sheets were left out: {', '.join(sheets)}")

    def warn_of_unread(self, name: str, error: KnowledgeError) -> None:
        """Says that a file inside could not be read; after the first few only how many more there are."""
        self._unread += 1
        if self._unread <= _MOST_UNREAD:
            why = str(error).partition(_FORMATS)[0]
            for said in (f"nothing to read in {name}: ", f"{name} was not read: "):
                why = why.removeprefix(said)
            if why.startswith(f"{name} "):
                why = f"it {why.removeprefix(f'{name} ')}"
            self.warn(f"{name} was not read: {why}")

    def finish(self, empty: str = "it holds no text") -> Document:
        """The document. Raises `EmptyDocument` saying `empty` when no block was added."""
        if not self._blocks and not self.attachments:
            raise EmptyDocument(f"nothing to read in {self.name or 'the data'}: {empty}")
        if self._unread > _MOST_UNREAD:
            self.warn(f"and {self._unread - _MOST_UNREAD} more files inside were not read")
        if self._pictures_left_out:
            self.warn(
                f"{self._pictures_left_out} pictures were left out; a file may hold {MOST_PICTURES}, "
                f"{MOST_PICTURE_BYTES >> 20} MiB together"
            )
        return Document(
            text="".join(self._pieces),
            name=self.name,
            blocks=tuple(self._blocks),
            metadata=self.metadata,
            warnings=tuple(self.warnings),
            attachments=tuple(self.attachments),
            images=tuple(self._images.values()),
        )


def written(
    name: str,
    text: str,
    blocks: Sequence[Block],
    metadata: Mapping[str, Value],
    warnings: Sequence[str],
) -> Document:
    """A document whose text is kept as it was written. Raises `EmptyDocument` when it is blank."""
    if not blocks:
        raise EmptyDocument(f"nothing to read in {name or 'the data'}: it holds no text")
    return Document(text=text, name=name, blocks=tuple(blocks), metadata=metadata, warnings=tuple(warnings))
