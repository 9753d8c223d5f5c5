"""The command `knowledge`: running what was typed, and how success and failure are told."""

from __future__ import annotations

import argparse
import gc
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from knowledge.errors import AlreadyExists, InputError, KnowledgeError, NotFound
from knowledge.options import build_parser, command_in

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
LONG: Final = ("demo", "eval", "ingest", "models", "pipeline", "rebuild", "serve", "tune")


class _Interrupted(KnowledgeError):
    """Ctrl-C."""


class _UnexpectedError(KnowledgeError):
    """What nobody foresaw: a bug, or a system that does not do its part."""


def main(arguments: Sequence[str] | None = None, *, ends_process: bool = False) -> int:
    """Runs one command and returns its exit code: 0 done, 1 something failed, 2 wrong usage.

    With `ends_process` a command that only read may leave closing what it opened to the end of the process.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in given
    _write_any_text()
    try:
        options = build_parser(command_in(given)).parse_args(given)
        options.ends_process = ends_process
        logging.basicConfig(level=options.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
        code = _run(options)
        sys.stdout.flush()
        return code
    except KnowledgeError as error:
        _tell(error, as_json)
        wrong_usage = isinstance(error, InputError) and not isinstance(error, NotFound | AlreadyExists)
        return USAGE if wrong_usage else FAILED
    except KeyboardInterrupt:
        _tell(
            _Interrupted("interrupted; what was finished is kept, the same command goes on from there"),
            as_json,
        )
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nothing is left to tell it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        hint = "" if isinstance(error, OSError) else "; this is a bug, --log-level debug shows where it is"
        _tell(_UnexpectedError(f"{type(error).__name__}: {error}{hint}"), as_json)
        return FAILED


def entry() -> NoReturn:
    """The installed command. Ends the process at once: all is written, and to take the interpreter down object by
    object would take as long as a search."""
    code = main(ends_process=True)
    sys.stderr.flush()
    logging.shutdown()
    os._exit(code)


def _run(options: argparse.Namespace) -> int:
    """A short command makes many objects that live to its end: looking for garbage is a tenth of its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        from knowledge import commands

        if options.run in LONG:
            gc.enable()
        command: Callable[[argparse.Namespace], int] = getattr(commands, options.run)
        return command(options)
    finally:
        if collecting:
            gc.enable()


def _write_any_text() -> None:
    """Chinese reaches a pipe or console of any encoding; what is no text at all is escaped, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def _tell(error: KnowledgeError, as_json: bool) -> None:
    if as_json:
        import json

        name = type(error).__name__.removeprefix("_")
        report = {"error": {"type": name, "message": str(error)}}
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"knowledge: {error}\n")
