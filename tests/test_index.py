"""The indexes keep the contract; what is special to the one on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from index_contract import IndexContract, text_point

from indexers import EdgeIndex, MemoryIndex
from knowledge.errors import AlreadyExists, FilterError, InputError, WorkspaceError, WorkspaceLocked
from knowledge.filters import Condition
from knowledge.protocols import Index


class TestMemoryIndex(IndexContract):
    def make(self, folder: Path, dimension: int | None) -> Index:
        return MemoryIndex(dimension)

    def reopen(self, index: Index, folder: Path) -> Index:
        return index

    def test_it_looks_inside_strings(self):
        index = MemoryIndex()
        index.upsert([text_point(1, "a")])
        index.set_metadata("v", {"部门": "财务部"})
        for op, part in (("contains", "务"), ("starts-with", "财务"), ("ends-with", "部")):
            where = Condition("部门", op, part)
            assert [hit.id for hit in index.search_text("words", ["a"], 5, where)] == [1]


class TestEdgeIndex(IndexContract):
    def make(self, folder: Path, dimension: int | None) -> Index:
        return EdgeIndex.create(folder, dimension)

    def reopen(self, index: Index, folder: Path) -> Index:
        index.close()
        return EdgeIndex.open(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "索引 1" / "index"


@pytest.mark.parametrize("dimension", [None, 1, 384])
def test_the_dimension_is_remembered(folder, dimension):
    EdgeIndex.create(folder, dimension).close()
    index = EdgeIndex.open(folder)
    assert index.dimension == dimension
    index.close()


def test_what_was_flushed_outlives_a_killed_process(folder):
    script = (
        "import os, sys; from pathlib import Path\n"
        "from indexers import EdgeIndex; from knowledge.types import Point\n"
        "index = EdgeIndex.create(Path(sys.argv[1]), None)\n"
        "index.upsert([Point(id=5, version='v', words=('年假',), bigrams=())]); index.flush(); os._exit(9)"
    )
    run = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert run.returncode == 9
    index = EdgeIndex.open(folder)
    assert [hit.id for hit in index.search_text("words", ["年假"], 5)] == [5]
    index.close()


def test_a_second_opening_says_that_the_index_is_in_use(folder):
    index = EdgeIndex.create(folder, None)
    with pytest.raises(WorkspaceLocked, match="open elsewhere"):
        EdgeIndex.open(folder)
    index.close()


def test_a_folder_in_use_is_not_overwritten(folder):
    EdgeIndex.create(folder, None).close()
    with pytest.raises(AlreadyExists, match="not empty"):
        EdgeIndex.create(folder, None)


def test_a_missing_index_is_named(folder):
    with pytest.raises(WorkspaceError, match="knowledge rebuild"):
        EdgeIndex.open(folder)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["edge_config.json", "segment.json", "status.dat", "first-index"])
def test_a_damaged_index_is_named(folder, name):
    index = EdgeIndex.create(folder, 4)
    index.upsert([text_point(1, "a")])
    index.flush()
    index.close()
    for file in folder.rglob(name):
        file.write_bytes(file.read_bytes()[:3])
    with pytest.raises(WorkspaceError, match="knowledge rebuild"):
        EdgeIndex.open(folder)


def test_a_closed_index_says_so(folder):
    index = EdgeIndex.create(folder, None)
    index.close()
    index.close()
    with pytest.raises(InputError, match="closed"):
        index.count()


@pytest.mark.parametrize(
    "condition",
    [
        Condition("部门", "contains", "财"),
        Condition("部门", ">", "财"),
        Condition("部门", "not-contains", "财"),
        Condition("部门", "starts-with", "财"),
        Condition("部门", "ends-with", "财"),
    ],
)
def test_conditions_that_the_engine_cannot_decide_are_refused(folder, condition):
    index = EdgeIndex.create(folder, None)
    with pytest.raises(FilterError, match=r"the index cannot decide .*allowed here"):
        index.search_text("words", ["a"], 5, condition)
    index.close()


def test_text_that_cannot_be_stored_is_refused(folder):
    index = EdgeIndex.create(folder, None)
    index.upsert([text_point(1, "a")])
    with pytest.raises(InputError, match="surrogates"):
        index.set_metadata("v", {"name": "report\udce9.txt"})
    with pytest.raises(InputError, match="surrogates"):
        index.search_text("words", ["a"], 5, Condition("name", "=", "report\udce9.txt"))
    index.set_metadata("v", {"na\udce9me": "x"})
    assert len(index.search_text("words", ["a"], 5, Condition("na\udce9me", "=", "x"))) == 1
    index.close()


def test_importing_the_engine_does_not_import_numpy():
    run = subprocess.run(
        [sys.executable, "-c", "import sys, indexers.edge; sys.exit('numpy' in sys.modules)"], check=False
    )
    assert run.returncode == 0
