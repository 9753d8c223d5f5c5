"""The READMEs tell the truth: their commands run, and print what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh-CN.md"]


def blocks(readme: str, language: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def steps(readme: str) -> list[tuple[str, str]]:
    """(command, what it prints) in order."""
    found = []
    for block in blocks(readme, "console"):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            found.append((command, output))
    return found


def without_times(text: str) -> str:
    return re.sub(r"in \d+\.\d s", "in … s", text).rstrip()


@pytest.mark.parametrize("readme", READMES)
def test_the_tour_prints_what_it_says(readme: str, tmp_path: Path) -> None:
    (tmp_path / "knowledge").symlink_to(ROOT / "knowledge")
    for command, expected in steps(readme):
        shell = command.replace("knowledge ", f"{sys.executable} -m knowledge ", 1)
        done = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert without_times(done.stdout + done.stderr) == without_times(expected), command


@pytest.mark.parametrize("readme", READMES)
def test_the_python_example_runs(readme: str, tmp_path: Path) -> None:
    (tmp_path / "knowledge").symlink_to(ROOT / "knowledge")
    (example,) = blocks(readme, "python")
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    assert "员工手册.pdf" in done.stdout


def test_both_languages_have_the_same_two_commands() -> None:
    assert blocks(READMES[0], "bash") == blocks(READMES[1], "bash")


def test_the_demo_finds_every_answer() -> None:
    done = subprocess.run([sys.executable, "-m", "knowledge", "demo"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 of 6 answers among the first 3 hits of every mode" in done.stdout
