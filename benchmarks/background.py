"""Remakes `indexers/english.txt`: `pip install wordsegment`, then `python -m benchmarks.background`.

The package carries the 333,333 commonest words of Google's Web corpus (Brants & Franz, Web 1T 5-gram, 2006) as
counted by Norvig ("Natural Language Corpus Data", in Beautiful Data, 2009). Words of one stem are added up;
function words, which are never searched, and stems rarer than one word in a million are left out.
"""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from indexers import StandardAnalyzer
from indexers.background import ENGLISH_STEMS, ENGLISH_TOTAL, RAREST


def word_counts() -> dict[str, int]:
    """Word → occurrences in the corpus."""
    spec = find_spec("wordsegment")
    if spec is None or spec.origin is None:
        raise SystemExit("wordsegment is not installed: pip install wordsegment")
    lines = Path(spec.origin).with_name("unigrams.txt").read_text(encoding="utf-8").splitlines()
    return {word: int(float(count)) for word, count in (line.split("\t") for line in lines)}


def stem_counts(words: dict[str, int]) -> Counter[str]:
    """Stem → occurrences of all its words."""
    analyzer = StandardAnalyzer()
    stems: Counter[str] = Counter()
    for word, count in words.items():
        for stem in analyzer.document_terms(word)[0]:
            stems[stem] += count
    return stems


def main() -> None:
    words = word_counts()
    total = sum(words.values())
    common = {stem: count / total for stem, count in stem_counts(words).items() if count / total >= RAREST}
    lines = sorted(f"{stem} {round(share * ENGLISH_TOTAL)}\n".encode() for stem, share in common.items())
    ENGLISH_STEMS.write_bytes(b"".join(lines))
    print(f"{len(lines)} stems in {ENGLISH_STEMS}")


if __name__ == "__main__":
    main()
