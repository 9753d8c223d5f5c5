"""Comparing two runs: the test and the interval by hand, and what `knowledge eval --compare` says."""

import json
from math import comb
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.cli import main
from knowledge.comparison import EXACT_UP_TO, compare, interval, p_value
from knowledge.errors import InputError

differences = st.lists(st.floats(-1, 1).map(lambda value: round(value, 6)), min_size=1, max_size=30)


@given(found=differences)
def test_the_direction_does_not_matter_to_the_test(found: list[float]) -> None:
    assert 0 < p_value(found) <= 1
    assert p_value(found) == pytest.approx(p_value([-one for one in found]), abs=0.02)


@given(found=differences)
def test_the_interval_lies_within_the_differences(found: list[float]) -> None:
    low, high = interval(found)
    assert min(found) - 1e-9 <= low <= high <= max(found) + 1e-9


def test_equal_runs_differ_by_chance() -> None:
    assert p_value([0.0, 0.0, 0.0]) == 1.0
    assert interval([0.0, 0.0, 0.0]) == (0.0, 0.0)


@pytest.mark.parametrize("count", range(1, 11))
def test_all_the_same_way(count: int) -> None:
    """Of the 2ⁿ ways to give n equal differences signs, two have them all alike."""
    assert p_value([0.1] * count) == pytest.approx(2 / 2**count)


def test_nine_of_ten_the_same_way() -> None:
    """As far from 0 as 9 − 1 are the ways with at most one, or at least nine, of ten signs alike."""
    as_far = 2 * (comb(10, 0) + comb(10, 1))
    assert p_value([0.1] * 9 + [-0.1]) == pytest.approx(as_far / 2**10)


def test_differences_of_several_sizes_by_hand() -> None:
    """±1 ±2 ±3: 3 + 2 − 1 = 4, and as far from 0 are ±6 and ±4."""
    assert p_value([3.0, 2.0, -1.0]) == 4 / 8


def test_queries_without_a_difference_say_nothing() -> None:
    assert p_value([0.5, 0.25, 0.25, 0.0, 0.0, 0.0]) == p_value([0.5, 0.25, 0.25])


def test_the_sampled_test_is_near_the_exact_one() -> None:
    """Of 14 signs, 12 and more, or 2 and fewer, are as far from 0 as 12 − 2."""
    count = EXACT_UP_TO + 1
    exact = 2 * sum(comb(count, ones) for ones in range(3)) / 2**count
    assert p_value([0.1] * (count - 2) + [-0.1] * 2) == pytest.approx(exact, abs=0.005)


def test_the_test_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = [0.3, 0.5, 0.2, 0.9, 0.4, 0.1, 0.8], [0.4, 0.45, 0.5, 1.0, 0.7, 0.1, 0.85]
    theirs = stats.permutation_test(
        (b, a), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples", vectorized=True
    )
    assert p_value([y - x for x, y in zip(a, b, strict=True)]) == pytest.approx(theirs.pvalue)


def test_the_interval_of_half_ones() -> None:
    """The mean of n draws of 0 or 1 is binomial: its standard deviation is √(.25 / n), 95 % lie within 1.96 of it."""
    low, high = interval([0.0, 1.0] * 200)
    half = 1.96 * (0.25 / 400) ** 0.5
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.003)


def test_a_comparison_names_what_is_better_and_worse() -> None:
    found = compare(
        "mrr@10", {"p": 0.5, "q": 1.0, "r": 0.2, "s": 0.0}, {"p": 1.0, "q": 0.5, "r": 0.2, "s": 1.0}
    )
    assert found.difference == pytest.approx((0.5 - 0.5 + 0 + 1) / 4)
    assert (found.better, found.worse, found.equal) == (["s", "p"], ["q"], ["r"])


def test_runs_of_different_queries_cannot_be_paired() -> None:
    with pytest.raises(InputError, match="paired"):
        compare("mrr@10", {"p": 1.0}, {"q": 1.0})


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two runs of eight queries and the qrels: the relevant document is second in a and first in b, but the last
    query, which b has not found at all."""
    a, b, qrels = (tmp_path / name for name in ("a.run", "b.run", "qrels"))
    queries = [f"q{number}" for number in range(8)]
    a.write_text("".join(f"{q} Q0 no 1 2.0 a\n{q} Q0 yes 2 1.0 a\n" for q in queries), encoding="utf-8")
    b.write_text("".join(f"{q} Q0 yes 1 1.0 b\n" for q in queries[:-1]), encoding="utf-8")
    qrels.write_text("".join(f"{q} 0 yes 1\n" for q in [*queries, "asked by nobody"]), encoding="utf-8")
    return a, b, qrels


def test_two_runs_on_the_command_line(
    capsys: pytest.CaptureFixture[str], runs: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    a, b, qrels = map(str, runs)
    picture = tmp_path / "difference.svg"
    asked = [
        "--json",
        "eval",
        "--compare",
        a,
        b,
        "--qrels",
        qrels,
        "--measure",
        "mrr@10",
        "--svg",
        str(picture),
    ]
    assert main(asked) == 0
    report = json.loads(capsys.readouterr().out)
    (measured,) = report["measures"]
    assert (report["queries"], measured["a"], measured["b"]) == (8, 0.5, 7 / 8)
    assert measured["difference"] == 7 / 8 - 1 / 2
    assert (len(measured["better"]), list(measured["worse"]), measured["equal"]) == (7, ["q7"], [])
    # As for nine of ten above, with seven of eight.
    assert measured["p_value"] == round(2 * (1 + 8) / 2**8, 4)
    bars = ElementTree.parse(picture).getroot().findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 8


def test_the_report_in_words(capsys: pytest.CaptureFixture[str], runs: tuple[Path, Path, Path]) -> None:
    a, b, qrels = map(str, runs)
    assert main(["eval", "--compare", a, b, "--qrels", qrels, "--measure", "mrr@10"]) == 0
    out = capsys.readouterr().out
    assert "+0.3750" in out
    assert "worse by mrr@10, most first\n  q7  -0.5000\n" in out


@pytest.mark.parametrize(("missing", "said"), [("qrels", "--qrels"), ("run", "no run")])
def test_what_is_missing_is_named(
    capsys: pytest.CaptureFixture[str], runs: tuple[Path, Path, Path], missing: str, said: str
) -> None:
    a, b, qrels = map(str, runs)
    asked = ["eval", "--compare", a, b if missing == "qrels" else "nowhere.run"]
    assert main([*asked, *([] if missing == "qrels" else ["--qrels", qrels])]) in (1, 2)
    assert said in capsys.readouterr().err
