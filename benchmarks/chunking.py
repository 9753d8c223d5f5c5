"""Suite chunking: how fast text is cut, offsets on everywhere, by ours and by the field's chunkers.

    python -m benchmarks chunking [--data FOLDER]

Every chunker cuts at 500 characters without overlap; rounds go in turns, the best of each counts, in seconds of the
processor. `parent-child` is ours with children of 200 characters, `general of 200` what its children cost alone.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import Options, left_out
from benchmarks.splitters import SPLITTERS, Cut, installed
from chunkers import General, ParentChild

SIZE: Final = 500
CHILD_SIZE: Final = 200
ROUNDS: Final = 5
SUFFIXES: Final = (".txt", ".md", ".csv", ".log")
_WORDS: Final = 5_000


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each text and each chunker."""
    splitters = installed(SPLITTERS)
    for splitter in SPLITTERS:
        if splitter not in splitters:
            left_out(splitter.name, [splitter.package])
    makers: dict[str, Callable[[], Cut]] = {
        splitter.name: partial(splitter.make, SIZE) for splitter in splitters
    }
    makers["ours, parent-child"] = lambda: _parent_child().chunk
    makers["ours, general of 200"] = lambda: General(max_length=CHILD_SIZE, overlap=0).chunk
    for name, text in _texts(options.data):
        yield from _rows(name, text, makers)


def _parent_child() -> ParentChild:
    return ParentChild(
        parent=General(max_length=SIZE, overlap=0), child=General(max_length=CHILD_SIZE, overlap=0)
    )


def _rows(name: str, text: str, makers: Mapping[str, Callable[[], Cut]]) -> Iterator[dict[str, Any]]:
    megabytes = len(text.encode()) / 1e6
    seconds: dict[str, float] = {}
    chunks: dict[str, int] = {}
    for _ in range(ROUNDS):
        for chunker, make in makers.items():
            cut = make()
            gc.collect()
            started = time.process_time()
            found = cut(text)
            taken = time.process_time() - started
            seconds[chunker] = min(taken, seconds.get(chunker, taken))
            chunks[chunker] = len(found[0] if isinstance(found, tuple) else found)
    for chunker, taken in seconds.items():
        yield {
            "text": name,
            "mb": round(megabytes, 1),
            "chunker": chunker,
            "chunks": chunks[chunker],
            "seconds": round(taken, 3),
            "mb_s": round(megabytes / taken, 1),
        }


def _texts(folder: Path | None) -> Iterator[tuple[str, str]]:
    """The text files of `folder` as one text for each suffix, or 32 MB of made-up text."""
    if folder is None:
        yield from _made_up()
        return
    for suffix in SUFFIXES:
        files = sorted(folder.rglob(f"*{suffix}"))
        if files:
            yield suffix, "\n\n".join(path.read_text("utf-8", errors="replace") for path in files)


def _made_up() -> Iterator[tuple[str, str]]:
    yield "English paragraphs", prose("en", 10_000_000, "\n\n")
    yield "English on one line", prose("en", 5_000_000, " ")
    yield "Chinese paragraphs", prose("zh", 3_500_000, "\n\n")
    yield "Chinese on one line", prose("zh", 1_500_000, "")
    lines = (
        f"2024-05-01 12:{number % 60:02}:00 INFO request {number} took {number % 993} ms"
        for number in range(50_000)
    )
    yield "log", "\n".join(lines)


def prose(language: str, characters: int, between: str) -> str:
    """About so many characters of sentences, one to nine of them a paragraph; the same on every machine."""
    draw = random.Random(characters)
    words, space, ends = (
        (_english(draw), " ", "....?!") if language == "en" else (_chinese(draw), "", "。。。。？！")
    )
    shares = list(accumulate(1 / rank for rank in range(1, _WORDS + 1)))
    paragraphs: list[str] = []
    written = 0
    while written < characters:
        sentences = []
        for _ in range(draw.randint(1, 9)):
            drawn = draw.choices(words, cum_weights=shares, k=draw.randint(4, 28))
            sentences.append(space.join(drawn).capitalize() + draw.choice(ends))
        paragraphs.append(space.join(sentences))
        written += len(paragraphs[-1]) + len(between)
    return between.join(paragraphs)


def _english(draw: random.Random) -> list[str]:
    syllables = [consonant + vowel for consonant in "bcdfghklmnprstvw" for vowel in "aeiou"]
    return ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(_WORDS)]


def _chinese(draw: random.Random) -> list[str]:
    return [
        "".join(chr(0x4E00 + draw.randrange(6000)) for _ in range(draw.randint(1, 3))) for _ in range(_WORDS)
    ]
