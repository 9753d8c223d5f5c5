"""The public names, pinned, and what importing them costs."""

import subprocess
import sys

import knowledge
import knowledge.errors


def test_public_names() -> None:
    expected = "Block Chunk Document Field Hit Hits KnowledgeBase KnowledgeError Locator Workspace serve"
    assert sorted(knowledge.__all__) == expected.split()
    for name in knowledge.__all__:
        assert getattr(knowledge, name).__name__ == name


def test_every_error_has_the_one_root() -> None:
    errors = [value for value in vars(knowledge.errors).values() if isinstance(value, type)]
    assert all(issubclass(error, knowledge.KnowledgeError) for error in errors)


def test_help_and_full_text_need_no_heavy_import() -> None:
    code = (
        "import sys, contextlib, io\n"
        "from knowledge.cli import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()): main(['--help'])\n"
        "assert not {'numpy', 'sqlalchemy', 'pydantic', 'qdrant_edge', 'lxml', 'httpx'} & set(sys.modules)\n"
        "import knowledge.commands, knowledge.searching\n"
        "assert not {'numpy', 'lxml', 'httpx', 'pypdfium2', 'onnxruntime', 'rjieba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
