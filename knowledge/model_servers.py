"""Where a model is served: MODEL@BASE_URL of any server that speaks OpenAI's API, and the key that it wants."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from knowledge.errors import InputError

_SPEC: Final = re.compile(
    r"(?P<model>.+?)@(?P<base>https?://(?P<login>[^/?#\s]*@)?[^/?#@\s]+[^?#\s]*)"
    r"(?:\?(?P<query>[^#\s]*))?(?:#(?P<options>\S*))?"
)
_BEARER: Final = "authorization"
_OPTIONS: Final = ("key_header", "header")
"""Those of every server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServer:
    """A model at a server. `key` is empty where the server wants none."""

    model: str
    base_url: str
    """Without a query, and without a slash at its end."""
    query: str = ""
    """What goes along with every URL, as in `api-version=2024-10-21`."""
    key_variable: str
    key: str = field(repr=False)
    key_header: str = _BEARER
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    """Those of this kind of model."""

    @staticmethod
    def named(
        argument: str,
        *,
        kind: str,
        example: str,
        key_variable: str,
        options: Collection[str] = (),
        scheme: str = "openai",
    ) -> ModelServer:
        """That of `MODEL@BASE_URL[?QUERY][#OPTION=VALUE&…]`, with the key of the environment variable.

        A model name may hold "@": the first one before http:// or https:// divides. The query goes to the server
        with every call, the options never: `key_header=NAME` sends the bare key in a header of that name,
        `header=NAME:VALUE` (again and again) any other that is no secret, and those of `options` are the caller's.
        `kind` is what messages call the model, `scheme` stands before its spec. Raises `InputError`.
        """
        match = _SPEC.fullmatch(argument)
        if match is None:
            raise InputError(
                f"unknown {kind} '{scheme}:{argument}'; write {scheme}:MODEL@BASE_URL, as in {scheme}:{example}"
            )
        if match["login"]:
            raise InputError(
                f"the base URL of '{scheme}:{match['model']}@…' holds a user name or password; "
                f"leave it out and put the key in {key_variable}"
            )
        given = model_options(match["options"] or "", (*_OPTIONS, *options))
        return ModelServer(
            model=match["model"],
            base_url=match["base"].rstrip("/"),
            query=match["query"] or "",
            key_variable=key_variable,
            key=_key(key_variable),
            key_header=dict(given).get("key_header", _BEARER).lower(),
            extra_headers=dict(_header(value) for name, value in given if name == "header"),
            options={name: value for name, value in given if name in options},
        )

    def url(self, path: str) -> str:
        """Where a call goes, as in `url("embeddings")`."""
        return f"{self.base_url}/{path}?{self.query}" if self.query else f"{self.base_url}/{path}"

    @property
    def headers(self) -> Mapping[str, str]:
        if not self.key:
            return self.extra_headers
        said = f"Bearer {self.key}" if self.key_header == _BEARER else self.key
        return {**self.extra_headers, self.key_header: said}

    def advice(self, status: int) -> str:
        """What to do about an answer of this status."""
        known = {
            401: f"check {self.key_variable}",
            402: "check the account that the key belongs to",
            403: f"check {self.key_variable} and that it may use this model",
            404: "check the base URL (it usually ends in /v1) and the model name",
            429: "the server limits requests; try again later",
        }
        otherwise = "try again later, or look into its log" if status >= 500 else "check the server"
        return known.get(status, otherwise)


def model_options(text: str, allowed: Collection[str]) -> list[tuple[str, str]]:
    """The options `NAME=VALUE&…` that follow a #, encoded as in a URL. Raises `InputError` for unknown ones."""
    given = parse_qsl(text, keep_blank_values=True)
    unknown = sorted({name for name, _ in given} - set(allowed))
    if unknown or (text and not given):
        raise InputError(
            f"unknown option {(unknown or [text])[0]!r} after the # of a model; allowed: {', '.join(allowed)}"
        )
    return given


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise InputError(f"cannot read the header {text!r} of a model; write header=NAME:VALUE")
    return name.strip(), value.strip()


def _key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"{variable} holds characters that no key has; set it to the bare key")
    return key
