"""Whether the texts that come in are in a script that the embedding model knows."""

from __future__ import annotations

from collections import Counter

from indexers.scripts import dominant_script
from knowledge.protocols import Embedder


class LanguageWatch:
    """Counts the characters of each script while documents come in."""

    def __init__(self) -> None:
        self._characters: Counter[str] = Counter()

    def add(self, text: str) -> None:
        self._characters[dominant_script(text)] += len(text)

    def warnings(self, spec: str | None, embedder: Embedder | None) -> tuple[str, ...]:
        """One line when most of the text is foreign to the model, naming what to do instead."""
        total = self._characters.total()
        if embedder is None or embedder.scripts is None or not total:
            return ()
        known = sum(self._characters[script] for script in (*embedder.scripts, "other"))
        if known * 2 >= total:
            return ()
        return (
            f"{1 - known / total:.0%} of this text is in a script that the embedding model {spec!r} was not trained "
            "for: vector search will be poor and hybrid search leans on full text; for a multilingual model use "
            "--embedding openai:MODEL@BASE_URL, or do without vectors with --indexing economy",
        )
