"""How a base cuts is chosen once and kept: what lengths are counted in, whether repeated passages are left out."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_chunkers_options import saved_tokenizer

from chunkers.duplicates import folded
from chunkers.lengths import count_words
from knowledge import Document
from knowledge.cli import main
from knowledge.errors import InputError
from knowledge.processing import ProcessRule

LINES = (
    "Confidential.",
    "CONFIDENTIAL.",
    "Page of the manual.",
    "What the first one says.",
    "另一句话。",
    "第三句话。",
)
texts = st.lists(st.sampled_from(LINES), min_size=1, max_size=12).map("\n".join)


@given(text=texts, structure=st.sampled_from(("general", "parent-child")))
def test_what_is_left_out_was_said_before_and_is_reported(text: str, structure: Any) -> None:
    options: Any = {"merge": False, "overlap": 0}
    _, everything = ProcessRule.chosen(structure, **options).apply(Document(text=text))
    document, kept = ProcessRule.chosen(structure, remove_repeated=True, **options).apply(Document(text=text))
    said = [folded(chunk.content) for chunk in everything]
    assert kept == [chunk for at, chunk in enumerate(everything) if said[at] not in said[:at]]
    left_out = len(everything) - len(kept)
    assert [warning.split(" repeated ")[0] for warning in document.warnings] == [str(left_out)] * bool(
        left_out
    )


def test_the_most_frequent_are_named() -> None:
    footer = "Confidential — do not distribute this page outside"
    text = "\n".join([footer, "One.", footer, "Two.", footer, "One."])
    rule = ProcessRule.chosen(merge=False, overlap=0, remove_repeated=True)
    assert rule.apply(Document(text=text))[0].warnings == (
        "3 repeated passages left out: 'Confidential — do not distribute this p…' (2), 'One.' (1)",
    )


def test_a_pair_is_repeated_only_with_its_answer() -> None:
    text = "Q: Who?\nA: Me.\n\nQ: Who?\nA: You.\n\nQ: who?\nA: Me.\n"
    document, pairs = ProcessRule.chosen("qa", remove_repeated=True).apply(Document(text=text))
    assert [pair.answer for pair in pairs] == ["Me.", "You."]
    assert document.warnings == ("1 repeated passage left out: 'who?' (1)",)


def test_a_whole_document_repeats_nothing() -> None:
    with pytest.raises(InputError, match="remove_repeated is not an option"):
        ProcessRule.chosen("parent-child", parent_mode="full-doc", remove_repeated=True)


@pytest.mark.parametrize("options", [{"length": "words"}, {"remove_repeated": True}])
def test_a_stored_rule_is_the_same_rule(options: Any) -> None:
    rule = ProcessRule.chosen(**options)
    stored = json.loads(json.dumps(rule.as_settings()))
    assert ProcessRule.from_settings("general", stored) == rule
    assert rule.signature != ProcessRule.chosen().signature


def test_the_default_rule_is_stored_as_before_there_were_these_options() -> None:
    assert not {"length", "remove_repeated"} & set(ProcessRule.chosen().as_settings())


def test_another_tokenizer_in_the_same_place_is_another_rule(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    rule = ProcessRule.chosen(length=saved_tokenizer(path))
    before = rule.signature
    path.write_text(re.sub(r'"max_length": *\d+', '"max_length": 11', path.read_text()))
    assert rule.signature != before
    path.unlink()
    with pytest.raises(
        InputError, match=r"no tokenizer file for length .*give the path of a tokenizer\.json"
    ):
        rule.signature  # noqa: B018


def test_no_length_in_characters_is_too_long_where_words_are_counted() -> None:
    rule = ProcessRule.chosen(length="words", max_length=600)
    document, chunks = rule.apply(Document(text="antidisestablishmentarianism " * 500))
    assert len(chunks[0].content) > 4000
    assert rule.check(document.text, chunks) == []


Command = Callable[..., Any]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str, expected: int = 0) -> Any:
        assert main([*arguments, "--workspace", str(tmp_path / "workspace"), "--json"]) == expected
        return json.loads(capsys.readouterr().out)

    return run


def test_repeated_passages_on_the_command_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "manual.txt").write_text("Confidential.\nFirst page.\nConfidential.\nSecond page.\n")
    options = ("--no-merge", "--overlap", "0", "--remove-repeated")
    done = command("ingest", str(tmp_path / "manual.txt"), "--kb", "manual", *options)["documents"][0]
    assert done["chunks"] == 3
    assert done["warnings"] == ["1 repeated passage left out: 'Confidential.' (1)"]
    cut = command("chunk", str(tmp_path / "manual.txt"), *options)
    assert [chunk["content"] for chunk in cut["chunks"]] == ["Confidential.", "First page.", "Second page."]


@pytest.mark.parametrize("structure", ["general", "parent-child"])
def test_lengths_in_words_on_the_command_line(command: Command, tmp_path: Path, structure: str) -> None:
    (tmp_path / "a.txt").write_text("word " * 300)
    options = ("--structure", structure, "--length", "words", "--max-length", "100", "--overlap", "0")
    chunks = command("chunk", str(tmp_path / "a.txt"), *options)["chunks"]
    assert [count_words(chunk["content"]) for chunk in chunks] == [100, 100, 100]
    command("chunk", str(tmp_path / "a.txt"), "--length", "lines", expected=2)


def test_lengths_in_tokens_mean_the_same_from_every_folder(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved_tokenizer(tmp_path / "tokenizer.json")
    (tmp_path / "a.txt").write_text("word " * 300)
    monkeypatch.chdir(tmp_path)
    options = ("--length", "tokens:tokenizer.json", "--max-length", "100", "--overlap", "0")
    done = command("ingest", "a.txt", "--kb", "a", *options)
    assert done["documents"][0]["chunks"] == 3
    assert command("ingest", "a.txt", "--kb", "a", *options)["documents"][0]["status"] == "unchanged"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = command("ingest", str(tmp_path / "a.txt"), "--kb", "a", "--force")["documents"][0]
    assert (again["chunks"], again["error"]) == (3, None)
