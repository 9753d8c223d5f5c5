"""Decides which extractor reads some bytes: by what they are first, by the file's name second."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from extractors.encodings.decoding import wide_encoding
from extractors.ole.compound import MAGIC as OLE_START
from extractors.recognition.ole import ENCRYPTED_OFFICE, ole_kind
from extractors.recognition.signatures import binary_kind, signature
from extractors.recognition.text import text_kind
from extractors.recognition.zip import ZIP_STARTS, zip_kind
from knowledge.errors import EmptyDocument, Encrypted, ExtractionError, UnsupportedFormat

SOURCE_CODE: Final = tuple(
    ".py .js .mjs .ts .tsx .jsx .java .kt .go .rs .c .h .cc .cpp .hpp .cs .swift .rb .php .pl .lua .r .scala .dart "
    ".sql .sh .bash .zsh .ps1 .bat .css .scss .less .vue .proto .graphql .tf .gradle".split()
)
SUFFIXES: Final = {
    ".txt": "text",
    ".log": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".mhtml": "mhtml",
    ".mht": "mhtml",
    ".eml": "eml",
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".dotx": "docx",
    ".dotm": "docx",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".ppsx": "pptx",
    ".ppsm": "pptx",
    ".potx": "pptx",
    ".potm": "pptx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xltx": "xlsx",
    ".xls": "xls",
    ".xlt": "xls",
    ".xlsb": "xlsb",
    ".ods": "ods",
    ".csv": "csv",
    ".tsv": "csv",
    ".rst": "rst",
    ".org": "org",
    ".json": "json",
    ".geojson": "json",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".xml": "xml",
    ".nxml": "xml",
    ".rss": "xml",
    ".atom": "xml",
    ".fb2": "xml",
    ".dita": "xml",
    ".vtt": "subtitles",
    ".srt": "subtitles",
    ".ipynb": "notebook",
    ".properties": "properties",
    ".ini": "properties",
    ".cfg": "properties",
    ".conf": "properties",
    ".toml": "properties",
    **dict.fromkeys(SOURCE_CODE, "code"),
    ".zip": "archive",
    ".tar": "archive",
    ".mbox": "archive",
    ".gz": "compressed",
    ".tgz": "compressed",
    ".bz2": "compressed",
    ".tbz2": "compressed",
    ".xz": "compressed",
    ".txz": "compressed",
}
"""Suffix → registry name. What a file's content tells is a suffix too, so a format joins by its line here."""

UNREADABLE: Final = {
    ".doc": "a Word 97–2003 document (.doc)",
    ".ppt": "a PowerPoint 97–2003 presentation (.ppt)",
    ".msg": "an Outlook message (.msg)",
    ".hwp": "a Hangul document (.hwp)",
    ".vsd": "a Visio drawing (.vsd)",
    ".ole": "an OLE compound file",
    ".vsdx": "a Visio drawing (.vsdx)",
    ".odt": "an OpenDocument text (.odt)",
    ".odp": "an OpenDocument presentation (.odp)",
    ".odf": "an OpenDocument file",
    ".epub": "an EPUB book",
    ".iwork": "an Apple iWork document",
    ".rtf": "RTF text",
}
"""What a content is called as long as nothing reads it."""

_SAVE_AS: Final = {
    **dict.fromkeys((".doc", ".odt", ".rtf", ".hwp"), ".docx"),
    **dict.fromkeys((".ppt", ".odp"), ".pptx"),
    **dict.fromkeys((".vsd", ".vsdx", ".iwork", ".odf"), ".pdf"),
    ".msg": ".eml",
    ".epub": ".html",
}
"""What the programs that make these formats can save them as, and is read."""

_BINARY: Final = frozenset(
    ".pdf .docx .docm .dotx .xlsx .xlsm .xltx .xlsb .pptx .pptm .potx .ppsx .odt .ods .odp .epub "
    ".zip .tar .gz .tgz .bz2 .tbz2 .xz .txz".split()
)
"""Suffixes that promise a binary format: plain text under such a name is a damaged file."""
_LEGACY: Final = frozenset((".doc", ".xls", ".ppt", ".rtf", ".msg"))
"""Names that programs also give to text, HTML and tables: what is text under them has no name."""
_VAGUE: Final = frozenset((".txt", ".text", ".log", ".html", ".htm", ".xhtml", ".xml"))
"""Suffixes of text that content may overrule; the others decide between the formats of text."""
_PDF_START: Final = b"%PDF-"
_PDF_WITHIN: Final = 1024
"""Bytes that may stand before a PDF. Text may speak of PDF there."""
_CONTROL_SAMPLE: Final = 8192
_MOST_CONTROLS: Final = 0.05
_MOST_ZEROS: Final = 0.01
_ALWAYS_ALLOWED: Final = 4
"""Stray control characters that any text may hold, however short."""
_TEXT_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\v\x08\x1a\x1b"))


def supported_suffixes() -> tuple[str, ...]:
    """Suffixes of files that can be read, lower case, with the dot. Text is read under any other suffix too."""
    return tuple(SUFFIXES)


def recognize(data: bytes, name: str) -> str:
    """The registry name of the extractor for `data`. Raises `UnsupportedFormat` naming what it is instead."""
    if not data:
        raise EmptyDocument(f"nothing to read in {_called(name)}: it has 0 bytes")
    suffix = PurePath(name).suffix.lower()
    kind = _binary_kind(data, name, suffix) or _text_kind(data, name, suffix)
    if kind == ENCRYPTED_OFFICE:
        return kind
    if kind not in SUFFIXES:
        advice = f"; save it as {_SAVE_AS[kind]}" if kind in _SAVE_AS else supported_hint()
        raise UnsupportedFormat(f"{_called(name)} is {UNREADABLE[kind]}, which cannot be read{advice}")
    return SUFFIXES[kind]


def _binary_kind(data: bytes, name: str, suffix: str) -> str | None:
    """The suffix that fits what the first bytes say; None when they say nothing."""
    if data.startswith(ZIP_STARTS):
        return zip_kind(data, name, suffix if suffix in _BINARY else "")
    if data.startswith(OLE_START):
        return ole_kind(data, name)
    if what := signature(data):
        raise unsupported(name, what)
    return binary_kind(data)


def _text_kind(data: bytes, name: str, suffix: str) -> str:
    """The suffix that fits a text: its own where that says more than what can be told from the text."""
    is_text = looks_like_text(data)
    if _PDF_START in data[:_PDF_WITHIN] and (suffix == ".pdf" or not is_text):
        return ".pdf"
    is_known = suffix in SUFFIXES and suffix not in _LEGACY
    if not is_text:
        if suffix in _BINARY and is_known:
            raise ExtractionError(
                f"{_called(name)} is not a {suffix[1:]} file: its content is damaged or unknown"
            )
        raise unsupported(name, "binary data of an unknown kind")
    if is_known and suffix not in _BINARY | _VAGUE:
        return suffix
    kind = text_kind(data, is_named=is_known)
    if kind in SUFFIXES:
        return str(kind)
    if suffix in _BINARY:
        raise ExtractionError(f"{_called(name)} is not a {suffix[1:]} file: its content is plain text")
    return suffix if is_known else ".txt"


def looks_like_text(data: bytes) -> bool:
    """Text has hardly any control characters; UTF-16 and UTF-32 have, but in order."""
    sample = data[:_CONTROL_SAMPLE]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    controls = len(sample) - len(sample.translate(None, delete=_TEXT_CONTROLS))
    zeros = sample.count(0)
    if zeros and wide_encoding(data):
        return True
    allowed_zeros = max(_ALWAYS_ALLOWED, len(sample) * _MOST_ZEROS)
    return zeros <= allowed_zeros and controls <= max(_ALWAYS_ALLOWED, len(sample) * _MOST_CONTROLS)


def unsupported(name: str, what: str) -> UnsupportedFormat:
    """The one error for formats without an extractor."""
    return UnsupportedFormat(f"{_called(name)} is {what}, which cannot be read{supported_hint()}")


def encrypted(name: str) -> Encrypted:
    """The one error for files that a password opens, when none is given."""
    return Encrypted(
        f"{_called(name)} is encrypted; give its password (--password) or remove the password and try again"
    )


def supported_hint() -> str:
    """What an error says of the formats that can be read: the usual suffix of each."""
    usual = {format_: suffix for suffix, format_ in reversed(SUFFIXES.items())}
    return f"; supported: {' '.join(sorted(usual.values()))} and other text"


def _called(name: str) -> str:
    return name or "the data"
