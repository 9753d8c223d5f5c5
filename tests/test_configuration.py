"""Settings: which source wins, and what a wrong value says."""

from pathlib import Path

import pytest

from knowledge.configuration import setting
from knowledge.defaults import SETTINGS
from knowledge.errors import InputError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "knowledge.toml"
    monkeypatch.setenv("KNOWLEDGE_CONFIG", str(path))
    return path


def test_call_then_environment_then_file_then_table(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert setting("top_k") == 5
    config.write_text("top_k = 7\n")
    assert setting("top_k") == 7
    monkeypatch.setenv("KNOWLEDGE_TOP_K", "9")
    assert setting("top_k") == 9
    assert setting("top_k", 11) == 11


def test_off_is_a_value_of_the_threshold_and_zero_another() -> None:
    assert setting("threshold") is None
    assert setting("threshold", 0) == 0.0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("top_k", "many", "top_k is 'many'; allowed: a whole number from 1 to 100"),
        ("top_k", 0, "from 1 to 100"),
        ("top_k", 2.5, "a whole number"),
        ("threshold", 1.5, "a number from 0 to 1"),
        ("threshold", "nan", "a number from 0 to 1"),
        ("remove_extra_spaces", "maybe", "true or false"),
    ],
)
def test_wrong_values_say_what_is_allowed(name: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        setting(name, value)


def test_a_wrong_file_names_itself(config: Path) -> None:
    config.write_text("topk = 7\n")
    with pytest.raises(InputError, match="unknown settings topk"):
        setting("top_k")


def test_a_broken_file_names_itself(config: Path) -> None:
    config.write_text("top_k = \n")
    with pytest.raises(InputError, match="not valid TOML"):
        setting("top_k")


def test_every_setting_accepts_its_own_default() -> None:
    for row in SETTINGS:
        assert setting(row.name, row.default) == row.default
