"""Values with a mask in the place of each secret that they say."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

from knowledge.pipeline.variables import plain

MASK: Final = "***"
SHORTEST: Final = 4
"""Characters of a secret that is masked within longer texts: a shorter one stands in too many by chance."""
_TELLING: Final = 8
"""Characters of a secret that are masked also where the rest is cut off, as messages do with long values."""


def masked(value: Any, secrets: Iterable[str]) -> Any:
    """A value as JSON. A secret is masked in texts, also as JSON, Python and URLs write it, in names, and where a
    number is equal to it. One of fewer than `SHORTEST` characters is masked only where a text is nothing else."""
    known = {secret for secret in secrets if secret}
    long = [secret for secret in known if len(secret) >= SHORTEST]
    forms = {form for secret in long for form in _forms(secret) if len(form) >= SHORTEST}
    return _masked(plain(value), known, forms) if known else plain(value)


def _forms(secret: str) -> Iterator[str]:
    """How texts write it; what is written in JSON may be in JSON again."""
    once = {secret, repr(secret)[1:-1], *_as_json(secret)}
    yield from once
    for form in once:
        yield from _as_json(form)
    yield " ".join(secret.split())
    data = secret.encode(errors="surrogatepass")
    yield from (quote(data), quote(data, safe=""), quote_plus(data))


def _as_json(text: str) -> tuple[str, str]:
    return json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


def _masked(value: Any, secrets: Collection[str], forms: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            _covered(name, secrets, forms): _masked(inner, secrets, forms) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, secrets, forms) for inner in value]
    if isinstance(value, str):
        return _covered(value, secrets, forms)
    return MASK if any(_is_number(value, secret) for secret in secrets) else value


def _is_number(value: Any, secret: str) -> bool:
    """Whether it is the number that a secret says."""
    if isinstance(value, bool) or not isinstance(value, int | float) or len(secret) < SHORTEST:
        return False
    try:
        return bool(value == float(secret))
    except ValueError:
        return False


def _covered(text: str, secrets: Collection[str], forms: Collection[str]) -> str:
    """The text without the secrets, nor their beginnings where it is cut. Secrets that overlap have one mask."""
    if text in secrets:
        return MASK
    told, at = list[str](), 0
    for start, end in sorted(span for form in forms for span in _spans(text, form)):
        if start >= at:
            told += [text[at:start], MASK]
        at = max(at, end)
    return "".join(told) + text[at:]


def _spans(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Where a text says a secret, or ends within it."""
    beginning = form[:_TELLING]
    start = text.find(beginning)
    while start >= 0:
        if text.startswith(form, start):
            yield start, start + len(form)
        elif _is_cut(text, end := start + _shared(text[start : start + len(form)], form)):
            yield start, end
        start = text.find(beginning, start + 1)


def _is_cut(text: str, at: int) -> bool:
    """Whether no word goes on there: a link that begins as a secret link does is another one."""
    return not text[at : at + 1].isalnum()


def _shared(text: str, form: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(text, form, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(text), len(form)))
