"""The parser that every command shares, and the options that all of them have."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from knowledge.errors import InputError

Command = Callable[[str, str], argparse.ArgumentParser]
"""Makes the parser of a command, of its name and what it does."""


class UsageError(InputError):
    """The command line cannot be read."""


class Parser(argparse.ArgumentParser):
    """Leaves the reporting of wrong usage to `main`, so that `--json` covers it too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def add_globals(parser: argparse.ArgumentParser, top: bool) -> None:
    def add(*names: str, default: Any, **options: Any) -> None:
        parser.add_argument(*names, default=default if top else argparse.SUPPRESS, **options)

    group_help = "folder with the data (default .knowledge, or KNOWLEDGE_WORKSPACE)"
    add("--workspace", metavar="DIR", default=None, help=group_help)
    add(
        "--index",
        metavar="URL",
        default=None,
        help="a Qdrant server for the indexes (default: the workspace)",
    )
    add("--json", action="store_true", default=False, help="one JSON object on stdout, errors included")
    add("--quiet", action="store_true", default=False, help="no progress and no notes")
    add(
        "--log-level",
        default="warning",
        choices=("debug", "info", "warning", "error"),
        help="what is logged to stderr (default warning)",
    )
    if top:
        from knowledge import __version__

        parser.add_argument("--version", action="version", version=f"knowledge {__version__}")
