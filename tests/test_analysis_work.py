"""The work of analysing grows with the text and not with its square, nor with the number of a base's own words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from indexers import StandardAnalyzer
from indexers.user_words import UserWords

with_words = StandardAnalyzer(dictionary=["深圳"], synonyms=[("年假", "annual leave")])


def work(of: Callable[[], object]) -> int:
    """Calls of functions while `of` runs; a method of a text counts by the length of the text."""
    done = 0

    def count(_: FrameType, event: str, called: object) -> None:
        nonlocal done
        text = getattr(called, "__self__", None) if event == "c_call" else None
        done += len(text) if isinstance(text, str) else event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        of()
    finally:
        sys.setprofile(before)
    return done


@pytest.mark.parametrize("piece", ["年假", "年假x ", "年休", "annual leave ", "a*", "第12条", "1,000 "])
@pytest.mark.parametrize(
    "analyze",
    [with_words.query_terms, lambda text: with_words.highlights(text, text)],
    ids=["question", "highlights"],
)
def test_twice_the_text_is_about_twice_the_work(analyze, piece):
    once, twice = piece * 1_000, piece * 2_000
    analyze(twice)
    assert work(lambda: analyze(twice)) < 2.5 * work(lambda: analyze(once))


def test_own_words_that_begin_alike_are_not_all_compared():
    words = [f"鹭{chr(0x4E00 + number)}" for number in range(1_000)]
    few, many = UserWords(words[:10]), UserWords(words)
    run = words[0] * 100
    assert few.cut(run) == many.cut(run) == [words[0]] * 100
    assert work(lambda: many.cut(run)) == work(lambda: few.cut(run))


def test_a_plain_question_compiles_no_pattern_of_own_words_and_reads_no_metadata_of_packages():
    script = (
        "import re, sys; compiled = []; compile = re.compile\n"
        "re.compile = lambda pattern, *flags: compiled.append(pattern) or compile(pattern, *flags)\n"
        "def of_han(): return sum('\\\\u4e00-\\\\u9fff' in str(pattern) for pattern in compiled)\n"
        "from indexers import StandardAnalyzer; plain = StandardAnalyzer()\n"
        "plain.query_terms('员工 annual leave'); plain.signature\n"
        "assert 'importlib.metadata' not in sys.modules\n"
        "before = of_han(); StandardAnalyzer(dictionary=['年假']); assert of_han() == before + 1"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
