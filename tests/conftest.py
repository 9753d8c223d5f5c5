"""What several tests need: a workspace in a temporary folder, and small documents to put into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from knowledge import Workspace

settings.register_profile("default", deadline=None)
settings.load_profile("default")

HANDBOOK = {
    "leave.md": "# 休假\n\n## 年假\n\n员工入职满一年后，每年享有十天带薪年假。\n\n## 病假\n\n病假需要医院证明。\n",
    "travel.txt": "Travel expenses are paid within ten days.\n\nHotels: up to 120 euros a night.\n",
    "parts.csv": "code,name,price\nPPR-9087,brass valve,86.4\nPPR-9088,steel valve,99\n",
}


@pytest.fixture(autouse=True)
def _plain_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test."""
    for name in ("WORKSPACE", "EMBEDDING", "TOP_K", "THRESHOLD"):
        monkeypatch.delenv(f"KNOWLEDGE_{name}", raising=False)
    monkeypatch.setenv("KNOWLEDGE_CONFIG", str(tmp_path / "none.toml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a Chinese Markdown file, an English text and a CSV table."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    for name, text in HANDBOOK.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "workspace") as opened:
        yield opened
