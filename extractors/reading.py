"""Reads one file: picks the extractor, checks the limits and keeps every failure in the error tree."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from extractors.archives.limits import shared_budget
from extractors.cleaning import clean
from extractors.recognition.recognize import recognize
from knowledge import registry
from knowledge.errors import ExtractionError, ExtractionLimit, KnowledgeError, NotFound
from knowledge.protocols import Extractor
from knowledge.types import Document, ReadOptions

DEFAULT: Final = ReadOptions()
_log = logging.getLogger(__name__)


def extract(
    source: str | os.PathLike[str] | bytes,
    *,
    name: str | None = None,
    options: ReadOptions = DEFAULT,
    sandbox: bool = True,
) -> Document:
    """The text of a file (a path) or of `bytes`, whose format a `name` such as "a.csv" helps to tell.

    Runs in a child process with limits on time and memory; `sandbox=False` reads in this one, unlimited but
    for the number of characters. Raises `ExtractionError`, or `NotFound` when there is no such file.
    """
    path = None if isinstance(source, bytes) else Path(source)
    called = name if name is not None else (path.name if path else "")
    if sandbox:
        from extractors.sandbox import Worker

        with Worker() as worker:
            return worker.extract(source if isinstance(source, bytes) else Path(source), called, options)
    data = source if isinstance(source, bytes) else read_file(Path(source))
    return read(data, called, options)


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no file {str(path)!r}; check the path") from error
    except OSError as error:
        raise ExtractionError(f"{str(path)!r} cannot be opened: {error.strerror or error}") from error


def read(data: bytes, name: str, options: ReadOptions = DEFAULT) -> Document:
    """The document in `data`. Whatever a parser trips over becomes an `ExtractionError`."""
    name = clean(name).replace("\n", " ")
    with shared_budget() as budget:
        document = read_content(data, name, options)
        budget.add_characters(len(document.text), name or "the data", options.max_characters)
    return document


def read_content(data: bytes, name: str, options: ReadOptions) -> Document:
    """As `read`, for an extractor that unwraps a file: the text is counted once, as that of the wrapping."""
    try:
        extractor: Extractor = registry.load(registry.EXTRACTORS[recognize(data, name)])
        return extractor(data, name, options)
    except ExtractionError as error:
        if "\n" in str(error):  # quoted from a parser
            raise type(error)(" ".join(str(error).split())) from error
        raise
    except KnowledgeError:
        raise
    except MemoryError as error:
        raise ExtractionLimit(
            f"{name or 'the data'} needs more memory than allowed (setting extract_memory_mb)"
        ) from error
    # The boundary to parsers of hostile bytes: what they raise is not ours to foresee.
    except Exception as error:
        _log.exception("an extractor failed on %r", name)
        raise ExtractionError(
            f"{name or 'the data'} cannot be read ({type(error).__name__}: {_line(error)})"
        ) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
