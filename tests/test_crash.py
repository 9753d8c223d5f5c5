"""Killed at any moment, the same command ends where an undisturbed one does."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from knowledge import Workspace

FILES = 300
MOMENTS = 10
TOLERANCE = 1e-6
"""The engine adds terms as 32-bit floats, in an order that differs between segments."""
WORDS = (
    "年假 发票 校准 探头 仪器 差旅 培训 密码 warranty laptop invoice probe hotel budget security report"
).split()
STRUCTURES = {
    "general": (),
    "parent-child": ("--structure", "parent-child", "--max-length", "300", "--child-max-length", "80"),
}
QUERIES = ("年假", "warranty of the probe", "发票 校准", "laptop security", "差旅 hotel budget", "nothing")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hundred documents of one to twenty passages, the same ones every time."""
    folder = tmp_path_factory.mktemp("files")
    source = random.Random(7)
    for number in range(FILES):
        paragraphs = [" ".join(source.choices(WORDS, k=60)) for _ in range(source.randint(1, 20))]
        suffix = source.choice(["txt", "md", "csv"])
        (folder / f"{number:03}.{suffix}").write_text("\n\n".join(paragraphs), encoding="utf-8")
    return folder


def ingest(files: Path, workspace: Path, structure: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "knowledge",
        "ingest",
        str(files),
        "--kb",
        "kb",
        "--embedding",
        "hash:16",
        *STRUCTURES[structure],
    ]
    return subprocess.Popen([*command, "--quiet", "--workspace", str(workspace)], stdout=subprocess.DEVNULL)


def contents(folder: Path) -> tuple[Any, ...]:
    """Everything that can be seen of a workspace: documents, chunks, children, what is in the index, searches."""
    with Workspace(folder) as workspace:
        kb = workspace.open("kb")
        documents = [(record.id, record.key, record.status, record.chunks) for record in kb.documents()]
        stored = [chunk for record in kb.documents() for chunk in kb.chunks(record.id)]
        chunks = [
            (chunk.id, chunk.content, [(child.id, child.content) for child in chunk.children])
            for chunk in stored
        ]
        searched = {record.point for chunk in stored for record in chunk.children or (chunk,)}
        points = kb._generation.index.count()
        assert kb._generation.index.point_ids() == searched, (
            "the index holds what is searched and nothing else"
        )
        found = [
            [(hit.chunk.id, hit.score) for hit in kb.search(query, mode=mode, top_k=50)]
            for query in QUERIES
            for mode in ("full-text", "vector", "hybrid")
        ]
        return documents, chunks, points, found


@pytest.fixture(scope="module", params=STRUCTURES)
def clean(
    files: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[str, float, tuple[Any, ...]]:
    """A structure, the seconds of an undisturbed ingestion, and what it made."""
    folder = tmp_path_factory.mktemp("clean")
    started = time.perf_counter()
    assert ingest(files, folder, request.param).wait() == 0
    return request.param, time.perf_counter() - started, contents(folder)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_killed_and_repeated_equals_a_clean_build(
    moment: int, files: Path, clean: tuple[str, float, tuple[Any, ...]], tmp_path: Path
) -> None:
    structure, seconds, expected = clean
    process = ingest(files, tmp_path, structure)
    # One moment in each tenth of the run, at random within it: start-up, commits and the end are all hit.
    time.sleep(seconds * (moment + random.random()) / MOMENTS)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert ingest(files, tmp_path, structure).wait() == 0
    documents, chunks, points, found = contents(tmp_path)
    assert (documents, chunks, points) == expected[:3]
    for after, undisturbed in zip(found, expected[3], strict=True):
        # The engine adds the terms of a question in no fixed order: the last decimal is not its own.
        assert [score for _, score in after] == pytest.approx(
            [score for _, score in undisturbed], abs=TOLERANCE
        )
        scores = dict(undisturbed)
        assert all(
            scores[id_] == pytest.approx(score, abs=TOLERANCE) for id_, score in after if id_ in scores
        )
