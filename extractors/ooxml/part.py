"""A part of an Office file and what it refers to: pictures, addresses, charts and files inside the file."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import Final

from extractors.attachments import attach
from extractors.images import link_text
from extractors.ole.compound import CompoundFile
from extractors.ole.embedded import embedded_file
from extractors.ole.macros import write_macros
from extractors.ooxml.package import Element, Package, Relation
from extractors.writer import DocumentWriter
from knowledge.errors import ExtractionError
from knowledge.types import ReadOptions

_EMBEDDED: Final = frozenset(("oleObject", "package", "aFChunk", "subDocument"))
_PATH = re.compile(r"\A(?:[A-Za-z]:|\\)\\(?:[^\\\n]+\\)*|\A/(?:[^/\s]+/)+")
"""Before the name of the file that a picture came from, which programs give as its description."""
_AWKWARD: Final = re.compile(r"[\s()<>]")


@dataclass(slots=True)
class Part:
    """What ids in the XML of the part called `path` stand for."""

    package: Package
    path: str
    writer: DocumentWriter
    options: ReadOptions
    _relations: dict[str, Relation] | None = None
    _read: set[str] = field(default_factory=set)
    """Parts of the document that were read: a hostile file refers to one a million times."""
    _pictures: dict[str, str] = field(default_factory=dict)
    """Part → the Markdown of its picture, as yet without description."""

    @property
    def relations(self) -> dict[str, Relation]:
        if self._relations is None:
            self._relations = self.package.relations(self.path)
        return self._relations

    def beside(self, path: str) -> Part:
        """Another part of the same document."""
        return replace(self, path=path, _relations=None)

    def is_first(self, path: str) -> bool:
        """Whether this is the first time that anything of the document asks for this part."""
        if path in self._read:
            return False
        self._read.add(path)
        return True

    def target(self, kind: str) -> str | None:
        """The part that this one refers to as its `kind`."""
        return next(iter(self.targets(kind)), None)

    def targets(self, kind: str) -> list[str]:
        return [r.target for r in self.relations.values() if r.kind == kind and not r.is_external]

    def address(self, relation_id: str | None) -> str:
        """Where a link leads outside of the file; "" when it stays inside."""
        relation = self.relations.get(relation_id or "")
        return relation.target.strip() if relation is not None and relation.is_external else ""

    def related(self, relation_id: str | None) -> Element | None:
        """The XML of another part, such as a chart; None the second time."""
        relation = self.relations.get(relation_id or "")
        if relation is None or relation.is_external or not self.is_first(relation.target):
            return None
        return self.package.optional_xml(relation.target)

    def picture(self, relation_id: str | None, alt: str) -> str:
        """Markdown that shows a picture's place; what it shows, where it is of a kind that cannot be kept."""
        relation = self.relations.get(relation_id or "")
        alt = _PATH.sub("", alt)
        if relation is not None and relation.is_external:
            return f"![{link_text(alt)}]({_bracketed(relation.target)})"
        shown = self._kept(relation.target) if relation is not None and self.options.images else ""
        return shown.replace("[]", f"[{link_text(alt)}]", 1) or described(alt)

    def embed(self, relation_id: str | None) -> str:
        """Reads a file inside the file as a document of its own; gives the Markdown of one that is a picture."""
        relation = self.relations.get(relation_id or "")
        if relation is None or relation.is_external or relation.kind not in _EMBEDDED:
            return ""
        if not self.package.has(relation.target) or not self.is_first(relation.target):
            return ""
        name = posixpath.basename(relation.target)
        try:
            data, name = embedded_file(self.package.read(relation.target), name)
        except ExtractionError as error:
            self.writer.warn_of_unread(name, error)
            return ""
        shown = self.writer.image_link(data, name) if self.options.images else ""
        if not shown:
            attach(self.writer, data, name, self.options)
        return shown

    def include(self, relation_id: str | None) -> None:
        """Reads a file inside the file and writes it here, where it stands in the text."""
        before = len(self.writer.attachments)
        self.embed(relation_id)
        if len(self.writer.attachments) == before:
            return
        included = self.writer.attachments.pop()
        self.writer.attachments.extend(included.attachments)
        self.writer.warnings.extend(included.warnings)
        self.writer.take_over(included.images)
        end = 0
        for block in included.blocks:
            separator = included.text[end : block.start] if end else "\n\n"
            text, end = included.text[block.start : block.end], block.end
            self.writer.add(block.kind, text, level=block.level, separator=separator)

    def write_macros(self) -> None:
        """Adds the source of the macros, if there are any."""
        containers = []
        for path in filter(self.is_first, self.targets("vbaProject")):
            try:
                containers.append(CompoundFile(self.package.read(path), path))
            except ExtractionError as error:
                self.writer.warn_of_unread(path, error)
        write_macros(self.writer, containers)

    def _kept(self, path: str) -> str:
        if path not in self._pictures:
            try:
                self._pictures[path] = self.writer.image_link(self.package.read(path))
            except ExtractionError:
                self._pictures[path] = ""
        return self._pictures[path]


def described(alt: str) -> str:
    """What a picture shows, without the picture."""
    alt = link_text(alt)
    return f"[{alt}]" if alt else ""


def comment_line(text: str, author: str, day: str) -> str:
    """What a reviewer wrote, and who and when as far as that is known."""
    who = ", ".join(filter(None, (author, day)))
    return f"Comment ({who}): {text}" if who else f"Comment: {text}"


def linked(text: str, address: str) -> str:
    """`text` as a Markdown link, white space around it left outside; no link where the text is the address."""
    shown = text.strip()
    if not address or address in (shown, f"mailto:{shown}", f"{shown}/"):
        return text
    if not shown:
        return text + address
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if "](" in shown:
        inner = " ".join(shown.split())
    else:
        inner = link_text(shown[1:-1] if shown[0] == "[" and shown[-1] == "]" else shown)
    return f"{before}[{inner}]({_bracketed(address)}){after}"


def _bracketed(address: str) -> str:
    """An address that Markdown can tell from what follows."""
    return f"<{address.translate({60: None, 62: None})}>" if _AWKWARD.search(address) else address
