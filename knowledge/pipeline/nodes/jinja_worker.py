"""The child process that renders one template: `python -m knowledge.pipeline.nodes.jinja_worker`, JSON in and out."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any, Final

MOST_CHARACTERS: Final = 400_000
"""Of a rendered text, as in Dify: a template may repeat what it is given without end."""
MOST_BYTES: Final = 1 << 29
"""Of address space: the largest document, its template's copies of it, and Python itself."""
_EXCERPT: Final = 200


def main() -> None:
    """Answers the request on standard input with `text`, or with `error`, which says what is wrong."""
    request = json.load(sys.stdin.buffer)
    _limit(math.ceil(request["longest_s"]))
    json.dump(_answer(request["template"], request["variables"]), sys.stdout)


def _answer(template: str, variables: Mapping[str, Any]) -> dict[str, str]:
    try:
        return {"text": _rendered(template, variables)}
    except MemoryError:
        return {"error": f"it needs more than {MOST_BYTES >> 20} MiB of memory"}
    except RecursionError:
        return {"error": "it is nested too deep, or calls itself without end"}
    except Exception as error:  # A template can make Jinja2, and the values it is given, raise anything.
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:_EXCERPT]}"}


def _rendered(template: str, variables: Mapping[str, Any]) -> str:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    written, length = [], 0
    for part in ImmutableSandboxedEnvironment().from_string(template).generate(variables):
        written.append(part)
        length += len(part)
        if length > MOST_CHARACTERS:
            raise ValueError(f"it gives more than {MOST_CHARACTERS} characters")
    return "".join(written)


def _limit(longest_s: int) -> None:
    """The client's clock ends this process; should the client be gone, its own processor time does."""
    try:
        import resource
    except ImportError:
        return
    for which, most in (
        (resource.RLIMIT_AS, MOST_BYTES),
        (resource.RLIMIT_CPU, longest_s + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(which)
        resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
