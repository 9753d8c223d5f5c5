"""Golden queries run as tests, and their floors are never lowered unless that is asked for."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import Document, Workspace
from knowledge.golden import Floor, Reached
from knowledge.sources import Source

pytest_plugins = ["pytester"]

DOCUMENTS = {
    "leave.md": "# 年假\n\n员工入职满一年后，每年享有十天带薪年假。",
    "parts.csv": "PPR-9087 brass valve, price 86.4\nPPR-9088 steel valve, price 99",
    "travel.txt": "Hotels: up to 120 euros a night.",
}
QUERIES = """
[[queries]]
query = "年假有几天"
document = "leave.md"
text = "十天 带薪年假"
rank = 1
recall = 1.0

[[queries]]
query = "price of PPR-9088"
document = "parts.csv"
"""

ranks = st.none() | st.integers(1, 10)
recalls = st.none() | st.floats(0, 1)
floors = st.builds(lambda rank, recall: Floor(rank=rank, recall=recall), ranks, recalls)
found = st.builds(lambda rank, recall: Reached(rank=rank, recall=recall), st.integers(1, 10), st.floats(0, 1))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The head of a golden file about a knowledge base that is there."""
    folder = tmp_path_factory.mktemp("golden")
    with Workspace(folder / "data") as workspace:
        sources = [
            Source(key=name, name=name, document=Document(text=text)) for name, text in DOCUMENTS.items()
        ]
        workspace.create("handbook").ingest_sources(sources)
    return f'workspace = "{(folder / "data").as_posix()}"\nknowledge_base = "handbook"\ntop_k = 5\n'


@pytest.fixture
def golden(pytester: pytest.Pytester, base: str) -> Path:
    """A golden file whose two queries pass."""
    path = pytester.path / "handbook.golden.toml"
    path.write_text(base + QUERIES, encoding="utf-8")
    return path


def replace(golden: Path, old: str, new: str) -> None:
    golden.write_text(golden.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def stored(golden: Path) -> dict[str, dict[str, float]]:
    return json.loads(golden.with_suffix(".floors.json").read_text(encoding="utf-8"))


@given(reached=found, one=floors, other=floors)
def test_two_floors_joined_ask_for_what_each_asks_for(reached: Reached, one: Floor, other: Floor) -> None:
    joined = bool(reached.problems(one.joined(other)))
    assert joined == bool(reached.problems(one) or reached.problems(other))


@given(reached=found)
def test_what_is_reached_passes_as_its_own_floor(reached: Reached) -> None:
    assert reached.problems(reached.as_floor()) == []


def test_every_query_is_a_test(pytester: pytest.Pytester, golden: Path) -> None:
    done = pytester.runpytest("-v")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(
        ["*handbook.golden.toml::price of PPR-9088 PASSED*", "*2 floors can be raised*"]
    )
    assert not golden.with_suffix(".floors.json").exists()


def test_a_failure_says_what_was_found_instead(pytester: pytest.Pytester, golden: Path) -> None:
    replace(
        golden, "[[queries]]", '[[queries]]\nquery = "hotels a night"\ndocument = "leave.md"\n\n[[queries]]'
    )
    done = pytester.runpytest()
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["hotels a night: nothing of what is expected was found", "  1. *travel.txt*"])


def test_a_document_that_is_not_there_is_said_to_be_missing(pytester: pytest.Pytester, golden: Path) -> None:
    replace(golden, "parts.csv", "part.csv")
    pytester.runpytest().stdout.fnmatch_lines(["'handbook' has no document 'part.csv'"])


def test_floors_are_raised_by_a_flag_and_kept(pytester: pytest.Pytester, golden: Path) -> None:
    pytester.runpytest("--golden-raise").assert_outcomes(passed=2)
    assert stored(golden)["年假有几天"] == {"rank": 1, "recall": 1.0}
    again = pytester.runpytest()
    again.assert_outcomes(passed=2)
    again.stdout.no_fnmatch_line("*--golden-raise*")


def test_floors_are_lowered_only_by_a_flag(pytester: pytest.Pytester, golden: Path) -> None:
    replace(golden, '"parts.csv"', '"parts.csv"\ntext = "steel valve"')
    pytester.runpytest("--golden-raise").assert_outcomes(passed=2)
    replace(golden, "steel valve", "no such text")

    for flags in ([], ["--golden-raise"]):
        done = pytester.runpytest(*flags)
        done.assert_outcomes(passed=1, failed=1)
        done.stdout.fnmatch_lines(["price of PPR-9088: recall 0.500, the floor is 1.000"])
        assert stored(golden)["price of PPR-9088"]["recall"] == 1.0

    pytester.runpytest("--golden-lower").assert_outcomes(passed=2)
    assert stored(golden)["price of PPR-9088"]["recall"] == 0.5
    assert stored(golden)["年假有几天"] == {"rank": 1, "recall": 1.0}


def test_a_query_cannot_be_taken_out_with_its_floor(pytester: pytest.Pytester, golden: Path) -> None:
    pytester.runpytest("--golden-raise").assert_outcomes(passed=2)
    replace(golden, "price of PPR-9088", "PPR-9088")
    refused = pytester.runpytest()
    refused.assert_outcomes(errors=1)
    refused.stdout.fnmatch_lines(["*no longer has 'price of PPR-9088'*--golden-lower*"])
    pytester.runpytest("--golden-lower", "--golden-raise").assert_outcomes(passed=2)
    assert list(stored(golden)) == ["年假有几天", "PPR-9088"]


def test_a_run_of_one_query_leaves_the_floor_of_the_others(pytester: pytest.Pytester, golden: Path) -> None:
    pytester.runpytest("--golden-raise").assert_outcomes(passed=2)
    before = stored(golden)
    pytester.runpytest("-k", "PPR", "--golden-raise", "--golden-lower").assert_outcomes(
        passed=1, deselected=1
    )
    assert stored(golden) == before


def test_documents_beside_the_file_are_ingested(
    pytester: pytest.Pytester, golden: Path, folder: Path
) -> None:
    folder.rename(pytester.path / "docs")
    golden.write_text('ingest = ["docs"]\n' + QUERIES, encoding="utf-8")
    pytester.runpytest().assert_outcomes(passed=2)


def test_the_history_stays_as_it_is(pytester: pytest.Pytester, golden: Path, base: str) -> None:
    folder = tomllib.loads(base)["workspace"]
    with Workspace(folder) as workspace:
        workspace.open("handbook").change_settings({"history": True})
    pytester.runpytest().assert_outcomes(passed=2)
    with Workspace(folder) as workspace:
        assert workspace.open("handbook").history.summary().searches == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queries = 3 =", "is not TOML"),
        ("[[queries]]\n", "either `knowledge_base` or `ingest`"),
        ('ingest = ["docs"]\n[[queries]]\nquery = "x"', "`document` or `text`"),
        ('ingest = ["docs"]\nfloor = 3', "unknown key 'floor'"),
        ('ingest = "docs"', "wrong type"),
        ('ingest = ["docs"]\n[[queries]]\nquery = "x"\ntext = "y"\nrank = 0', "a rank from 1"),
        ('knowledge_base = "none"\n[[queries]]\nquery = "x"\ntext = "y"', "none"),
    ],
)
def test_a_wrong_file_is_one_line(pytester: pytest.Pytester, golden: Path, text: str, said: str) -> None:
    golden.write_text(text, encoding="utf-8")
    done = pytester.runpytest()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([f"*{said}*"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_it_costs_other_test_suites_nothing() -> None:
    code = (
        "import sys, knowledge.pytest_plugin\n"
        "assert not {'sqlalchemy', 'numpy', 'knowledge.golden', 'knowledge.types'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
