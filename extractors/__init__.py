"""Here are bytes: what do they say, and where on which page?

from extractors import extract

document = extract("handbook.pdf")
print(document.text, document.blocks[0].locator.page)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from extractors.reading import extract as extract
    from extractors.recognition.recognize import supported_suffixes as supported_suffixes
    from extractors.sandbox import Worker as Worker
    from extractors.sandbox import WorkerPool as WorkerPool

VERSION: Final = "4"
"""Changes whenever the same bytes would give another document."""

_HOME: Final = {
    "Worker": "extractors.sandbox",
    "WorkerPool": "extractors.sandbox",
    "extract": "extractors.reading",
    "supported_suffixes": "extractors.recognition.recognize",
}
__all__ = ["VERSION", "Worker", "WorkerPool", "extract", "supported_suffixes"]


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used: `import extractors` stays cheap."""
    if name not in _HOME:
        raise AttributeError(f"module 'extractors' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
