"""The one table of defaults and limits. Each has a setting, an environment variable and Dify's value beside it.

A value comes from, in this order: the call or option, the environment, `knowledge.toml`, this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Plain = int | float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row: `type(default)` is the type of every value."""

    name: str
    default: Plain
    meaning: str
    dify: str
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False
    """Whether "off" is a value too; it is then the default, and `default` only gives the type."""

    @property
    def environment(self) -> str:
        return f"KNOWLEDGE_{self.name.upper()}"


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(name="workspace", default=".knowledge", meaning="folder that holds the data", dify="—"),
    Setting(name="embedding", default="", meaning="embedding model of new bases", dify="set in the UI"),
    Setting(name="delimiter", default="\n", meaning="where chunks are cut first", dify="\\n\\n (API \\n)"),
    Setting(
        name="max_length",
        default=500,
        minimum=50,
        maximum=4000,
        meaning="longest chunk, characters",
        dify="1024 (automatic 500), 50–4000",
    ),
    Setting(
        name="overlap",
        default=50,
        minimum=0,
        maximum=2000,
        optional=True,
        meaning="characters repeated in the next chunk; off: a tenth of max_length, at most 50",
        dify="50 (API 0)",
    ),
    Setting(
        name="remove_extra_spaces",
        default=False,
        meaning="fold runs of spaces and of empty lines",
        dify="on in automatic mode",
    ),
    Setting(name="remove_urls_emails", default=False, meaning="drop URLs and e-mail addresses", dify="off"),
    Setting(name="top_k", default=5, minimum=1, maximum=100, meaning="hits of a search", dify="3 (code 4)"),
    Setting(
        name="threshold",
        default=0.0,
        optional=True,
        minimum=0,
        maximum=1,
        meaning="lowest score of a hit",
        dify="off (0.5 when switched on)",
    ),
    Setting(
        name="vector_weight",
        default=0.5,
        minimum=0,
        maximum=1,
        meaning="share of the vector score in hybrid search",
        dify="0.7",
    ),
    Setting(
        name="workers", default=2, minimum=1, maximum=64, meaning="extraction processes", dify="Celery's"
    ),
    Setting(
        name="extract_timeout_s",
        default=60,
        minimum=1,
        maximum=3600,
        meaning="seconds for one file",
        dify="none",
    ),
    Setting(
        name="extract_memory_mb",
        default=1024,
        minimum=128,
        maximum=65536,
        meaning="memory of one extraction process",
        dify="none",
    ),
    Setting(
        name="extract_characters",
        default=50_000_000,
        minimum=1000,
        maximum=1_000_000_000,
        meaning="characters one file may yield",
        dify="none",
    ),
    Setting(
        name="lock_wait_s",
        default=5.0,
        minimum=0,
        maximum=600,
        meaning="seconds to wait for the workspace",
        dify="—",
    ),
)

BY_NAME: Final[dict[str, Setting]] = {setting.name: setting for setting in SETTINGS}
