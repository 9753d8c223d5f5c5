"""`knowledge models`: what a model is found to be like, and the floors that new knowledge bases take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedding_server import EmbeddingServer, client, running
from hypothesis import given
from hypothesis import strategies as st

from indexers.hashing import HashEmbedder
from indexers.openai import KEY_VARIABLE, OpenAIEmbedder
from indexers.prompts import prompts_at_server, prompts_for
from indexers.scripts import dominant_script
from knowledge.cli import main
from knowledge.errors import WorkspaceError
from knowledge.floors import FILE_NAME, SCRIPTS, figures, keep_floors, measured_floors, neutral_pairs
from knowledge.model_check import LENGTHS, check_model
from knowledge.types import Matrix


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with running() as server:
        yield server


def read(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


class Cutting(HashEmbedder):
    """Reads no more than `window` characters."""

    window = 1500

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        return super().embed_documents([text[: self.window] for text in texts])


class Moody(HashEmbedder):
    """Answers another vector each time it is asked for several texts."""

    asked = 0

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        self.asked += 1
        return super().embed_documents([f"{text} {self.asked}" for text in texts])


class TestNeutralTexts:
    @pytest.mark.parametrize("script", SCRIPTS)
    def test_they_are_of_their_script_and_each_is_of_its_own_subject(self, script: str) -> None:
        queries, passages, together = neutral_pairs(script)
        assert len(queries) == len(passages) == len(set(passages)) == 30
        assert {dominant_script(text) for text in (*queries, *passages)} == {script}
        assert together == {(at, at) for at in range(30)}

    def test_a_floor_is_the_95th_percentile_of_the_pairs_that_do_not_belong_together(self) -> None:
        embedder = HashEmbedder("64")
        queries, passages, _ = neutral_pairs("latin")
        unrelated = [
            float(embedder.embed_query(query) @ embedder.embed_query(passage))
            for at, query in enumerate(queries)
            for other, passage in enumerate(passages)
            if at != other
        ]
        measured = figures(embedder, "latin")
        assert measured.pairs == len(unrelated) == 30 * 29
        assert measured.floor == pytest.approx(np.percentile(unrelated, 95), abs=1e-4)


class TestKeptFloors:
    @given(floors=st.dictionaries(st.text(min_size=1), st.floats(-1, 1), max_size=3))
    def test_what_is_kept_for_one_model_is_there_and_for_no_other(
        self, tmp_path_factory: pytest.TempPathFactory, floors: dict[str, float]
    ) -> None:
        folder = tmp_path_factory.mktemp("workspace")
        keep_floors(folder, "one", {"latin": 0.5})
        keep_floors(folder, "two", floors)
        assert measured_floors(folder, "one") == {"latin": 0.5}
        assert measured_floors(folder, "two") == floors
        assert measured_floors(folder, "three") == {}

    def test_a_damaged_file_is_said(self, tmp_path: Path) -> None:
        (tmp_path / FILE_NAME).write_text("{")
        with pytest.raises(WorkspaceError, match="measure again"):
            measured_floors(tmp_path, "one")


class TestCheck:
    def test_a_model_that_reads_all_and_answers_the_same(self) -> None:
        found = check_model(HashEmbedder("64"))
        assert (found.dimension, found.repeat_difference, found.batch_difference) == (64, 0, 0)
        assert found.length_error < 1e-6
        assert [reading.characters for reading in found.readings] == [LENGTHS[-1]] * 2
        assert all(reading.reads_all for reading in found.readings)

    def test_where_a_text_is_cut_is_found(self) -> None:
        assert [reading.characters for reading in check_model(Cutting("64")).readings] == [1000, 1000]

    def test_a_model_that_changes_its_mind_is_found_out(self) -> None:
        found = check_model(Moody("64"))
        assert found.repeat_difference > 1e-3
        assert found.batch_difference > 1e-3

    def test_a_text_that_is_too_long_is_refused_with_the_reason(self, server: EmbeddingServer) -> None:
        server.longest_text = 1999
        embedder = OpenAIEmbedder(server.spec(), http=client)
        readings = check_model(embedder).readings
        embedder.close()
        assert [reading.characters for reading in readings] == [1000, 1000]
        assert all(reading.refusal and "too long" in reading.refusal for reading in readings)

    def test_five_lines_on_a_terminal(
        self, server: EmbeddingServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        spec = f"openai:{server.spec('e5-test')}"
        assert main(["models", "check", spec, "--workspace", str(tmp_path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == ["model", "speed", "prefixes", "scripts", "lengths"]
        assert lines[0].endswith(
            ": 16 numbers, unit length, the same asked again, the same in a batch as alone"
        )
        assert "query 'query: ', passage 'passage: ' (https://huggingface.co/" in lines[2]
        assert "knowledge models floors" in lines[3]
        assert lines[4].endswith("han read to the end of 8000 characters")

    def test_as_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["models", "check", "hash:64", "--json", "--workspace", str(tmp_path)]) == 0
        report = read(capsys)
        assert (report["embedding"], report["dimension"], report["refusals"]) == ("hash:64", 64, {})
        assert report["scripts"]["latin"]["questions"] == 30
        assert report["floors_in_force"] == {"latin": 0, "han": 0}

    def test_nobody_listening_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        with running() as gone:
            spec = f"openai:{gone.spec()}"
        assert main(["models", "check", spec]) == 1
        assert capsys.readouterr().err.count("\n") == 1


class TestFloorsCommand:
    def test_they_are_measured_kept_and_in_force(
        self, server: EmbeddingServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        spec = f"openai:{server.spec()}"
        where = ["--workspace", str(tmp_path), "--json"]
        assert main(["models", "floors", spec, *where]) == 0
        told = read(capsys)
        assert told["floors"] == {script: figures(HashEmbedder("16"), script).floor for script in SCRIPTS}
        assert measured_floors(tmp_path, told["fingerprint"]) == told["floors"]
        assert main(["models", "check", spec, *where]) == 0
        assert read(capsys)["floors_in_force"] == told["floors"]

    def test_the_terminal_says_of_how_many_pairs(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["models", "floors", "hash:64", "--workspace", str(tmp_path)]) == 0
        out = capsys.readouterr().out
        assert out.count("870 pairs of unrelated texts") == 2
        assert "knowledge rebuild KB" in out


class TestPrompts:
    @pytest.mark.parametrize(
        ("model", "query", "passage"),
        [
            ("intfloat/multilingual-e5-large", "query: ", "passage: "),
            ("BAAI/bge-large-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
            ("BAAI/bge-m3", "", ""),
            ("BAAI/bge-reranker-base", "", ""),
            ("snowflake-arctic-embed2", "query: ", ""),
            ("embeddinggemma:300m", "task: search result | query: ", "title: none | text: "),
            ("text-embedding-3-small", "", ""),
            ("sentence-transformers/all-MiniLM-L6-v2", "", ""),
        ],
    )
    def test_the_name_of_a_model_says_what_it_was_trained_with(
        self, model: str, query: str, passage: str
    ) -> None:
        prompts = prompts_for(model)
        assert (prompts.query, prompts.passage) == (query, passage)
        assert bool(prompts.source) == bool(query or passage)

    @pytest.mark.parametrize(
        ("model", "ends"),
        [
            ("multilingual-e5-large-instruct", "\nQuery: "),
            ("Qwen/Qwen3-Embedding-0.6B", "\nQuery:"),
            ("gte-Qwen2-1.5B-instruct", "\nQuery: "),
        ],
    )
    def test_models_with_instructions_get_one_before_the_question_only(self, model: str, ends: str) -> None:
        prompts = prompts_for(model)
        assert prompts.query.startswith("Instruct: ")
        assert prompts.query.endswith(ends)
        assert prompts.passage == ""

    def test_parameters_are_for_servers_only(self) -> None:
        assert prompts_at_server("jina-embeddings-v3").query_parameters == {"task": "retrieval.query"}
        assert prompts_for("jina-embeddings-v3").signature == ""
