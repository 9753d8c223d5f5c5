"""Renders Jinja2 templates of strangers, each in a child process that is killed when it takes too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from knowledge.errors import InputError

LONGEST_S: Final = 10.0
_HOME: Final = str(Path(__file__).resolve().parents[3])
_COMMAND: Final = (sys.executable, "-P", "-m", "knowledge.pipeline.nodes.jinja_worker")


def rendered(template: str, variables: Mapping[str, Any], longest_s: float = LONGEST_S) -> str:
    """The text; unknown names are empty. `variables` are values as JSON has them. Starting the child takes .1 s.

    Bounded are the characters of the text, the time, and the memory of the child, the last where the system limits
    address space (Linux). What a template does within these bounds is its own matter. It reaches no Python behind its
    values, as far as Jinja2's sandbox holds, and no environment variable in any case.

    Raises `InputError` for a template that is wrong, forbidden, or breaks a bound.
    """
    request = json.dumps({"template": template, "variables": variables, "longest_s": longest_s})
    try:
        child = subprocess.run(
            _COMMAND,
            input=request.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=longest_s,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"the template takes more than {longest_s:g} s; shorten its loops") from None
    if child.returncode or not child.stdout:
        raise InputError(f"the template ended its process (exit code {child.returncode}); shorten it")
    answer = json.loads(child.stdout)
    if "error" in answer:
        raise InputError(f"the template cannot be rendered ({answer['error']}); mend it")
    return str(answer["text"])


def _environment() -> dict[str, str]:
    """The child imports from where this process does; keys in its environment are none of its business."""
    paths = [_HOME, *(path for path in sys.path if path and path != _HOME)]
    needed = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    return {**needed, "PYTHONPATH": os.pathsep.join(paths)}
