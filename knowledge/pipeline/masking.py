"""Values with a mask in the place of each secret that they say."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any, Final

from knowledge.pipeline.variables import plain

MASK: Final = "***"
_TELLING: Final = 8
"""Characters of a secret that are masked also where the rest is missing: messages cut long values off."""


def masked(value: Any, secrets: Iterable[str]) -> Any:
    """A value as JSON. A secret is masked as it is, and as JSON and Python write it within a text; in names too."""
    forms = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1])}
    longest_first = sorted(forms, key=len, reverse=True)
    beginnings = re.compile("|".join(re.escape(form[:_TELLING]) for form in longest_first))
    return _masked(plain(value), beginnings, forms) if forms else plain(value)


def _masked(value: Any, beginnings: re.Pattern[str], forms: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            _covered(name, beginnings, forms): _masked(inner, beginnings, forms)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, beginnings, forms) for inner in value]
    return _covered(value, beginnings, forms) if isinstance(value, str) else value


def _covered(text: str, beginnings: re.Pattern[str], forms: Collection[str]) -> str:
    """The text without the secrets, nor as much of their beginnings as tells them."""
    told, at = list[str](), 0
    while found := beginnings.search(text, at):
        start = found.start()
        told += [text[at:start], MASK]
        at = start + max(_shared(text[start : start + len(form)], form) for form in forms)
    return "".join(told) + text[at:]


def _shared(text: str, form: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(text, form, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(text), len(form)))
