"""What can be typed: the commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from knowledge.cut_options import (
    RERANK_HELP,
    add_base_options,
    add_chunk_options,
    add_external_options,
    add_password,
    add_reading_options,
)
from knowledge.operating_options import (
    add_care,
    add_conformance,
    add_eval,
    add_history,
    add_keys,
    add_models,
    add_pipeline,
    add_server,
    add_tune,
)
from knowledge.parsers import Command, Parser, add_globals

COMMANDS: Final = tuple(
    (
        "demo create ingest search extract chunk ls show docs chunks fields settings "
        "keywords set rm drop rebuild eval tune history models pipeline serve keys conformance"
    ).split()
)

MODES: Final = ("hybrid", "vector", "full-text", "keyword")


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, or, quicker, the part of one command. Global options may stand before or after it."""
    parser = Parser(
        prog="knowledge",
        description="Documents in, ranked passages with checkable citations out.",
        epilog="Start with: knowledge demo",
    )
    add_globals(parser, top=True)
    shared = Parser(add_help=False)
    add_globals(shared, top=False)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    unused = Parser(add_help=False, conflict_handler="resolve")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        if only not in (None, name):
            return unused
        added = subparsers.add_parser(name, help=text, description=text, parents=[shared])
        added.set_defaults(run=name)
        return added

    _add_demo(command)
    _add_create(command)
    _add_ingest(command)
    _add_removing(command)
    _add_changing(command)
    _add_keywords(command)
    _add_settings(command)
    _add_search(command)
    _add_looking(command)
    add_care(command)
    add_eval(command)
    add_tune(command)
    add_history(command)
    if only in (None, "models"):
        # A parser takes the actions of one command, and `unused` has those of `keys`.
        add_models(command)
    if only in (None, "pipeline"):
        add_pipeline(command)
    add_server(command)
    add_keys(command)
    add_conformance(command)
    return parser


def command_in(given: Sequence[str]) -> str | None:
    """The command, when it is plain to see: the first word, and no option before it."""
    return given[0] if given and given[0] in COMMANDS else None


def _add_demo(command: Command) -> None:
    added = command("demo", "ingest bundled Chinese and English documents and ask them questions")
    added.add_argument(
        "--keep", metavar="DIR", help="keep the workspace in this folder (default: a temporary one)"
    )


def _add_create(command: Command) -> None:
    create = command("create", "make a knowledge base")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--description", metavar="TEXT", default="")
    add_base_options(create)
    add_external_options(create)


def _add_ingest(command: Command) -> None:
    ingest = command("ingest", "put files and folders into a knowledge base; again: only what changed")
    ingest.add_argument(
        "paths", metavar="PATH", nargs="+", help="file, folder (recursive), or - for standard input"
    )
    ingest.add_argument("--kb", metavar="NAME", required=True, help="made when it does not exist")
    ingest.add_argument("--name", help="file name of standard input; its suffix tells the format")
    ingest.add_argument(
        "--metadata",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="on every document; NAME:string=VALUE forces the type, a repeated NAME makes a list",
    )
    ingest.add_argument("--workers", type=int, metavar="N", help="extraction processes (default 2)")
    ingest.add_argument("--force", action="store_true", help="process unchanged documents too")
    ingest.add_argument("--retry", action="store_true", help="try remembered failures again")
    ingest.add_argument("--preview", action="store_true", help="only show how it would be cut; store nothing")
    add_password(ingest)
    add_base_options(ingest)


def _add_removing(command: Command) -> None:
    remove = command("rm", "remove documents")
    remove.add_argument("kb", metavar="KB")
    remove.add_argument("documents", metavar="DOC", nargs="+", help="id, key or name")

    drop = command("drop", "remove a knowledge base with everything in it")
    drop.add_argument("kb", metavar="KB")
    drop.add_argument("--yes", action="store_true", help="really")


def _add_changing(command: Command) -> None:
    set_ = command("set", "change metadata of a document, also while another process holds the workspace")
    set_.add_argument("kb", metavar="KB")
    set_.add_argument("document", metavar="DOC", help="id, key or name")
    set_.add_argument(
        "metadata",
        metavar="NAME=VALUE",
        nargs="*",
        help="replaces the field's value; NAME:string=VALUE forces the type, a repeated NAME makes a list",
    )
    set_.add_argument(
        "--unset", metavar="NAME", action="append", default=[], help="take the field off the document"
    )


def _add_keywords(command: Command) -> None:
    keywords = command("keywords", "show or change the keywords of a chunk of an economy knowledge base")
    keywords.add_argument("kb", metavar="KB")
    keywords.add_argument("document", metavar="DOC", help="id, key or name")
    keywords.add_argument(
        "position", metavar="POSITION", type=int, nargs="?", help="of the chunk, as `chunks` shows it"
    )
    keywords.add_argument("words", metavar="WORD", nargs="*", help="what the chunk is found by from now on")
    keywords.add_argument("--automatic", action="store_true", help="those of its text again")


def _add_settings(command: Command) -> None:
    settings = command("settings", "show or change what a knowledge base does by default")
    settings.add_argument(
        "kb", metavar="KB", nargs="?", help="without it: every setting, its value and its source"
    )
    settings.add_argument(
        "values",
        metavar="NAME=VALUE",
        nargs="*",
        help="the knowledge base's own from now on; off or none takes it away",
    )


def _add_search(command: Command) -> None:
    search = command("search", "ask a knowledge base")
    search.add_argument("query", metavar="QUERY", nargs="?")
    search.add_argument(
        "--queries",
        metavar="FILE",
        help="ask every line of a file (-: standard input); a line of JSON for each",
    )
    search.add_argument(
        "--kb",
        metavar="NAME",
        action="append",
        required=True,
        help="repeated: several at once, ranked together",
    )
    search.add_argument("--mode", choices=MODES, help="default: hybrid for high_quality, keyword for economy")
    search.add_argument("--top-k", type=int, metavar="N", help="hits (default 5, at most 100)")
    search.add_argument("--threshold", type=float, metavar="T", help="lowest score of a hit, 0 to 1")
    _add_conditions(search)
    _add_ranking(search)
    _add_shown(search)
    _add_assistance(search)


def _add_conditions(search: argparse.ArgumentParser) -> None:
    group = search.add_argument_group("conditions on metadata")
    group.add_argument(
        "--where",
        metavar="COND",
        action="append",
        default=[],
        help="NAME OP VALUE on metadata, OP one of = != > < >= <= contains not-contains starts-with ends-with is "
        "is-not in not-in before after, or NAME empty, NAME not-empty; several must all hold",
    )
    group.add_argument(
        "--where-any",
        metavar="COND",
        action="append",
        default=[],
        help="like --where, but of several one must hold, besides every --where",
    )
    group.add_argument(
        "--ignore-case",
        action=argparse.BooleanOptionalAction,
        help="conditions take upper and lower case for the same (default no)",
    )


def _add_ranking(search: argparse.ArgumentParser) -> None:
    group = search.add_argument_group("ranking")
    group.add_argument(
        "--vector-weight", type=float, metavar="W", help="of hybrid search, 0 to 1 (default 0.5)"
    )
    group.add_argument(
        "--fusion",
        choices=("weighted", "rrf"),
        help="of hybrid search: by scores (default), or by ranks, which have no threshold",
    )
    group.add_argument(
        "--rerank", metavar="SPEC", help=f"{RERANK_HELP}; none: not even that of the knowledge base"
    )
    group.add_argument(
        "--rerank-pool", type=int, metavar="N", help="hits that are reranked and at most shown (default 50)"
    )


def _add_shown(search: argparse.ArgumentParser) -> None:
    group = search.add_argument_group("what is shown")
    group.add_argument("--highlight", action="store_true", help="mark the words of the question")
    group.add_argument("--explain", action="store_true", help="show what each score is made of")
    group.add_argument(
        "--context", type=int, metavar="N", help="print the hits as one text of at most N tokens"
    )
    group.add_argument(
        "--why-not", metavar="CHUNK", help="the id of a passage: say what keeps it from being among the hits"
    )


def _add_assistance(search: argparse.ArgumentParser) -> None:
    group = search.add_argument_group("with the help of a language model")
    group.add_argument(
        "--llm", metavar="SPEC", help="openai:MODEL@BASE_URL; its key is in KNOWLEDGE_LLM_API_KEY"
    )
    group.add_argument(
        "--rewrite",
        metavar="FILE",
        help="the conversation before the question, JSON Lines of role and content (-: standard input): the question "
        "is rewritten to stand alone",
    )
    group.add_argument(
        "--variants",
        type=int,
        metavar="N",
        help="search up to N other wordings of the question too, at most 8",
    )
    group.add_argument(
        "--auto-filter",
        nargs="?",
        const="unfiltered",
        choices=("unfiltered", "empty", "error"),
        help="conditions on metadata that the question states; what happens where the model gives none that can be "
        "used: search without (default), find nothing, or fail",
    )


def _add_looking(command: Command) -> None:
    extract = command("extract", "show what is read from a file; nothing is stored")
    extract.add_argument("file", metavar="FILE")
    extract.add_argument(
        "--save-images", metavar="DIR", help="write the pictures of the file into this folder"
    )
    add_reading_options(extract)
    add_password(extract)
    chunk = command("chunk", "show how a file is cut; nothing is stored")
    chunk.add_argument("file", metavar="FILE")
    add_chunk_options(chunk)
    add_password(chunk)
    _add_check(chunk)
    command("ls", "list the knowledge bases")
    for name, text in (
        ("show", "describe a knowledge base"),
        ("docs", "list the documents of a knowledge base"),
        ("fields", "list the metadata fields of a knowledge base and what they hold"),
    ):
        command(name, text).add_argument("kb", metavar="KB")
    chunks = command("chunks", "list the chunks of a document")
    chunks.add_argument("kb", metavar="KB")
    chunks.add_argument("document", metavar="DOC", help="id, key or name")
    _add_check(chunks)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="name the chunks that will serve a search badly")
