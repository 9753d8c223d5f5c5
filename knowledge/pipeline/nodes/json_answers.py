"""The JSON object in what a language model answered."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from knowledge.errors import LanguageModelError

THOUGHTS: Final = re.compile(r"\A\s*<think>(?P<inside>.*?)</think>\s*", re.DOTALL)
"""What models that think aloud write first."""
_EXCERPT: Final = 80


def object_in(answer: str) -> dict[str, Any]:
    """The first object, whatever is said around it. Raises `LanguageModelError` where there is none."""
    text = THOUGHTS.sub("", answer)
    decoder = json.JSONDecoder()
    for found in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    said = " ".join(text.split())[:_EXCERPT]
    raise LanguageModelError(
        f"the model answered no JSON object: {said or 'nothing'!r}; ask for one, or run again"
    )
