"""Dictionaries and synonyms from text files: one entry, or one group `word, word`, a line; `#` begins a comment."""

from __future__ import annotations

from pathlib import Path

from knowledge.errors import InputError, NotFound


def read_dictionary(path: str) -> tuple[str, ...]:
    """One word or phrase a line. Raises `NotFound`, and `InputError` for a file that is not UTF-8."""
    return tuple(_lines(path))


def read_synonyms(path: str) -> tuple[tuple[str, ...], ...]:
    """One group a line, its words separated by commas (， and 、 too). Raises `NotFound` and `InputError`."""
    return tuple(_group(line) for line in _lines(path))


def _group(line: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in line.replace("，", ",").replace("、", ",").split(","))
    if "=>" in line or len(words) < 2:
        raise InputError(f"cannot read the synonyms {line!r}; write two or more words separated by commas")
    return words


def _lines(path: str) -> list[str]:
    try:
        text = Path(path).read_text("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"no file {path!r}; write one entry a line, in UTF-8") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path!r} ({error}); it must be a text file in UTF-8") from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
