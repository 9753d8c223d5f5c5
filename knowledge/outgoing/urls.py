"""URLs as they are given and as they are shown, and what a server said in one line."""

from __future__ import annotations

from typing import Final

import httpx

from knowledge.errors import InputError

PORTS: Final = {"http": 80, "https": 443}


def parse_url(url: str) -> httpx.URL:
    """Raises `InputError` for what is no complete http or https URL."""
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, UnicodeError):
        parsed = httpx.URL()
    if parsed.scheme not in PORTS or not parsed.host:
        # With an @ it may hold a password.
        what = "the URL given" if "@" in url else repr(url)
        raise InputError(f"{what} is not usable; allowed: http://HOST… or https://HOST…")
    return parsed


def shown(url: str | httpx.URL) -> str:
    """A URL as messages and logs may show it: no user, no password, no query."""
    parsed = httpx.URL(url)
    bare = parsed.copy_with(userinfo=b"", query=None, fragment=None)
    return f"{bare}?…" if parsed.query else str(bare)


def one_line(text: str, *secrets: str) -> str:
    """The beginning of what a server said, without the secrets that were sent to it."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:200] or "nothing"
