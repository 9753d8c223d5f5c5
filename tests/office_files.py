"""Builds small Office files part by part, and OLE files, for the tests of what is read from them."""

import base64
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_SCHEMAS = "http://schemas.openxmlformats.org"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": f"{_SCHEMAS}/wordprocessingml/2006/main",
        "p": f"{_SCHEMAS}/presentationml/2006/main",
        "a": f"{_SCHEMAS}/drawingml/2006/main",
        "r": f"{_SCHEMAS}/officeDocument/2006/relationships",
        "m": f"{_SCHEMAS}/officeDocument/2006/math",
        "wp": f"{_SCHEMAS}/drawingml/2006/wordprocessingDrawing",
        "pic": f"{_SCHEMAS}/drawingml/2006/picture",
        "c": f"{_SCHEMAS}/drawingml/2006/chart",
        "dgm": f"{_SCHEMAS}/drawingml/2006/diagram",
        "mc": f"{_SCHEMAS}/markup-compatibility/2006",
        "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
    }.items()
)
Relations = Mapping[str, tuple[str, str]]
"""Id → (kind, target); what begins like an address is external."""


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


def relations_part(relations: Relations) -> str:
    items = "".join(map(_relation, relations, relations.values()))
    return f'<Relationships xmlns="{_SCHEMAS}/package/2006/relationships">{items}</Relationships>'


def _relation(key: str, relation: tuple[str, str]) -> str:
    kind, target = relation
    mode = ' TargetMode="External"' if ":" in target else ""
    kind = f"{_SCHEMAS}/officeDocument/2006/relationships/{kind}"
    return f'<Relationship Id="{key}" Type="{kind}" Target="{target}"{mode}/>'


def root(tag: str, content: str) -> str:
    return f"<{tag} {NAMESPACES}>{content}</{tag}>"


def word_parts(
    body: str, relations: Relations | None = None, parts: Mapping[str, str | bytes] | None = None
) -> dict[str, str | bytes]:
    """The parts of a Word file; `relations` are those of its document, with targets in its folder."""
    return {
        "word/document.xml": root("w:document", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": relations_part(relations or {}),
        **{f"word/{name}": content for name, content in (parts or {}).items()},
    }


def word(
    body: str, relations: Relations | None = None, parts: Mapping[str, str | bytes] | None = None
) -> bytes:
    return zipped(word_parts(body, relations, parts))


def deck(
    slides: Sequence[str],
    relations: Mapping[int, Relations] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
    presentation: Relations | None = None,
) -> bytes:
    """A presentation of slides, each given as the shapes on it; `relations` are by number of the slide."""
    ids = {f"s{number}": ("slide", f"slides/slide{number}.xml") for number in range(1, len(slides) + 1)}
    listed = "".join(f'<p:sldId id="{number}" r:id="{key}"/>' for number, key in enumerate(ids, start=256))
    written: dict[str, str | bytes] = {
        "ppt/presentation.xml": root("p:presentation", f"<p:sldIdLst>{listed}</p:sldIdLst>"),
        "ppt/_rels/presentation.xml.rels": relations_part({**ids, **(presentation or {})}),
    }
    for number, shapes in enumerate(slides, start=1):
        tree = root("p:sld", f"<p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>")
        written[f"ppt/slides/slide{number}.xml"] = tree
        own = relations_part((relations or {}).get(number, {}))
        written[f"ppt/slides/_rels/slide{number}.xml.rels"] = own
    return zipped({**written, **{f"ppt/{name}": content for name, content in (parts or {}).items()}})


def flat(parts: Mapping[str, str | bytes], program: str) -> bytes:
    """The same file, saved as a single XML file."""
    items = "".join(
        f'<pkg:part pkg:name="/{name}">{_flat_content(content)}</pkg:part>' for name, content in parts.items()
    )
    start = f'<?xml version="1.0" encoding="UTF-8"?>\n<?mso-application progid="{program}"?>\n'
    namespace = 'xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage"'
    return f"{start}<pkg:package {namespace}>{items}</pkg:package>".encode()


def _flat_content(content: str | bytes) -> str:
    if isinstance(content, str):
        return f"<pkg:xmlData>{content}</pkg:xmlData>"
    return f"<pkg:binaryData>{base64.b64encode(content).decode()}</pkg:binaryData>"


def compound(streams: Mapping[str, bytes]) -> bytes:
    """An OLE file with these streams at its root; in sectors of 512 bytes, none of them small."""
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    chains = [_sectors(content) for content in streams.values()]
    entries = [_entry("Root Entry", 5, none, 1, end, 0)]
    table = [0xFFFFFFFD]
    first = 1
    for number, (name, content) in enumerate(streams.items(), start=1):
        beside = number + 1 if number < len(streams) else none
        entries.append(_entry(name, 2, beside, none, first, len(content)))
        length = len(chains[number - 1]) // 512
        table += [*range(first + 1, first + length), end]
        first += length
    directory = _sectors(b"".join(entries))
    length = len(directory) // 512
    table += [*range(first + 1, first + length), end]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    header += bytes(10) + struct.pack("<8I", 1, first, 0, 0, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[none] * 108)
    written = struct.pack("<128I", *table, *[none] * (128 - len(table)))
    return b"".join([header, written, *chains, directory])


def ole_package(name: str, content: bytes) -> bytes:
    """What "insert object, from file" puts into a document."""
    path = f"C:\\files\\{name}".encode() + b"\0"
    body = b"\x02\0" + name.encode() + b"\0" + path + bytes(4) + struct.pack("<I", len(path)) + path
    body += struct.pack("<I", len(content)) + content
    return compound({"\x01Ole10Native": struct.pack("<I", len(body)) + body})


def _sectors(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def _entry(name: str, kind: int, beside: int, child: int, start: int, size: int) -> bytes:
    written = name.encode("utf-16-le")
    head = struct.pack("<64sHBB", written, len(written) + 2, kind, 1)
    return head + struct.pack("<III36xIQ", 0xFFFFFFFF, beside, child, start, size)
