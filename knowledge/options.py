"""What can be typed: the commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from knowledge.errors import InputError

COMMANDS: Final = tuple(
    (
        "demo create ingest search extract chunk ls show docs chunks fields settings "
        "keywords set rm drop rebuild eval tune history models pipeline serve keys conformance"
    ).split()
)
READING_OPTIONS: Final = {
    "layout": "--layout",
    "page_headers": "--page-headers",
    "whole_page": "--whole-page",
    "images": "--images",
}
CUT_OPTIONS: Final = {
    "delimiters": "--delimiter",
    "max_length": "--max-length",
    "overlap": "--overlap",
    "row_per_chunk": "--row-per-chunk",
    "keep_delimiter": "--keep-delimiter",
    "merge": "--merge",
    "length": "--length",
    "remove_repeated": "--remove-repeated",
    "parent_mode": "--parent-mode",
    "full_doc_length": "--full-doc-length",
    "child_delimiters": "--child-delimiter",
    "child_max_length": "--child-max-length",
    "question_columns": "--question-column",
    "answer_column": "--answer-column",
    "similar_columns": "--similar-column",
    "generate": "--generate",
    "llm": "--llm",
    "language": "--language",
    "remove_extra_spaces": "--remove-extra-spaces",
    "remove_urls_emails": "--remove-urls-emails",
    **READING_OPTIONS,
}
"""How documents are read and cut: the library's name of each option, and the command line's."""
EMBEDDING_HELP: Final = "local, openai:MODEL@BASE_URL, sentence-transformers:MODEL_OR_PATH or fastembed:MODEL"
RERANK_HELP: Final = "http:MODEL@BASE_URL, sentence-transformers:MODEL_OR_PATH or fastembed:MODEL"
MODES: Final = ("hybrid", "vector", "full-text", "keyword")


class UsageError(InputError):
    """The command line cannot be read."""


class _Parser(argparse.ArgumentParser):
    """Leaves the reporting of wrong usage to `main`, so that `--json` covers it too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, or, quicker, the part of one command. Global options may stand before or after it."""
    parser = _Parser(
        prog="knowledge",
        description="Documents in, ranked passages with checkable citations out.",
        epilog="Start with: knowledge demo",
    )
    _add_globals(parser, top=True)
    shared = _Parser(add_help=False)
    _add_globals(shared, top=False)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    unused = _Parser(add_help=False, conflict_handler="resolve")

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
    _add_care(command)
    _add_eval(command)
    _add_tune(command)
    _add_history(command)
    if only in (None, "models"):
        # A parser takes the actions of one command, and `unused` has those of `keys`.
        _add_models(command)
    if only in (None, "pipeline"):
        _add_pipeline(command)
    _add_server(command)
    _add_keys(command)
    _add_conformance(command)
    return parser


def command_in(given: Sequence[str]) -> str | None:
    """The command, when it is plain to see: the first word, and no option before it."""
    return given[0] if given and given[0] in COMMANDS else None


_Command = Callable[[str, str], argparse.ArgumentParser]


def _add_globals(parser: argparse.ArgumentParser, top: bool) -> None:
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


def _add_demo(command: _Command) -> None:
    added = command("demo", "ingest bundled Chinese and English documents and ask them questions")
    added.add_argument(
        "--keep", metavar="DIR", help="keep the workspace in this folder (default: a temporary one)"
    )


def _add_create(command: _Command) -> None:
    create = command("create", "make a knowledge base")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--description", metavar="TEXT", default="")
    _add_base_options(create)
    _add_external_options(create)


def _add_ingest(command: _Command) -> None:
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
    _add_password(ingest)
    _add_base_options(ingest)


def _add_removing(command: _Command) -> None:
    remove = command("rm", "remove documents")
    remove.add_argument("kb", metavar="KB")
    remove.add_argument("documents", metavar="DOC", nargs="+", help="id, key or name")

    drop = command("drop", "remove a knowledge base with everything in it")
    drop.add_argument("kb", metavar="KB")
    drop.add_argument("--yes", action="store_true", help="really")


def _add_changing(command: _Command) -> None:
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


def _add_keywords(command: _Command) -> None:
    keywords = command("keywords", "show or change the keywords of a chunk of an economy knowledge base")
    keywords.add_argument("kb", metavar="KB")
    keywords.add_argument("document", metavar="DOC", help="id, key or name")
    keywords.add_argument(
        "position", metavar="POSITION", type=int, nargs="?", help="of the chunk, as `chunks` shows it"
    )
    keywords.add_argument("words", metavar="WORD", nargs="*", help="what the chunk is found by from now on")
    keywords.add_argument("--automatic", action="store_true", help="those of its text again")


def _add_settings(command: _Command) -> None:
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


def _add_base_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--indexing",
        choices=("high_quality", "economy"),
        help="vectors and full text, or full text alone (default economy; high_quality with --embedding, and for "
        "parent-child and qa)",
    )
    parser.add_argument("--embedding", metavar="SPEC", help=EMBEDDING_HELP)
    _add_analysis_options(parser)
    _add_chunk_options(parser)


def _add_analysis_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dictionary", metavar="FILE", help="words to keep whole, one a line")
    parser.add_argument("--synonyms", metavar="FILE", help="words that mean the same, a line `word, word`")
    parser.add_argument(
        "--keyword-number",
        type=int,
        metavar="N",
        help="index only the N best keywords of each chunk, economy only (default 0: every term)",
    )


def _add_external_options(parser: argparse.ArgumentParser) -> None:
    external = parser.add_argument_group(
        "a knowledge base of another server", "searched here, filled there (Dify's external knowledge API)"
    )
    external.add_argument("--external", metavar="URL", help="its endpoint, without /retrieval")
    external.add_argument("--external-id", metavar="ID", help="of the knowledge base at that server")
    external.add_argument(
        "--api-key-env", metavar="VAR", help="environment variable with the key, which is never stored"
    )
    external.add_argument(
        "--external-timeout", metavar="S", type=float, help="seconds for a question (default 10)"
    )


def _add_chunk_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--structure",
        choices=("general", "parent-child", "qa"),
        help="passages that are found and shown (default); parents that are found by their children; questions with "
        "answers",
    )
    parser.add_argument("--max-length", type=int, metavar="N", help="longest chunk, characters (default 500)")
    parser.add_argument(
        "--overlap",
        type=int,
        metavar="N",
        help="repeated in the next chunk (default a tenth of --max-length, at most 50; between parents 0)",
    )
    _add_repeated(
        parser.add_argument,
        "delimiters",
        "where a text longer than a chunk is cut first; \\n \\t \\r \\\\ \\uXXXX understood; "
        "repeated: tried in order (default \\n)",
    )
    parser.add_argument(
        "--keep-delimiter",
        action=argparse.BooleanOptionalAction,
        help="a delimiter stays at the end of its chunk (default yes)",
    )
    parser.add_argument(
        "--merge",
        action=argparse.BooleanOptionalAction,
        help="pieces between delimiters share a chunk while they fit (default yes)",
    )
    parser.add_argument(
        "--row-per-chunk", action="store_true", default=None, help="each row of a table is a chunk of its own"
    )
    parser.add_argument(
        "--length",
        metavar="UNIT",
        help="what lengths are counted in: characters (default), words, or tokens:PATH of a tokenizer.json",
    )
    parser.add_argument(
        "--remove-repeated",
        action="store_true",
        default=None,
        help="leave out a passage that says what one before it in its document says",
    )
    parser.add_argument("--remove-extra-spaces", action="store_true", default=None)
    parser.add_argument("--remove-urls-emails", action="store_true", default=None)
    _add_reading_options(parser)
    _add_structure_options(parser)


def _add_reading_options(parser: argparse.ArgumentParser) -> None:
    reading = parser.add_argument_group("reading files")
    for name, text in (
        ("layout", "PDF: reading order, paragraphs, headings, tables (default yes); without: faster"),
        ("page_headers", "PDF: keep headers, footers and page numbers that repeat (default no)"),
        ("whole_page", "HTML: everything visible, not the main content alone (default no)"),
        ("images", "keep the pictures inside files (default yes)"),
    ):
        reading.add_argument(READING_OPTIONS[name], action=argparse.BooleanOptionalAction, help=text)


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password", metavar="P", help="of encrypted files; not stored")


def _add_structure_options(parser: argparse.ArgumentParser) -> None:
    children = parser.add_argument_group("parent-child")
    children.add_argument(
        "--parent-mode",
        choices=("paragraph", "full-doc"),
        help="parents are passages of up to --max-length (default), or whole documents",
    )
    children.add_argument(
        "--full-doc-length", type=int, metavar="N", help="longest whole document, characters (default 10000)"
    )
    children.add_argument(
        "--child-max-length", type=int, metavar="N", help="longest child, characters (default 200)"
    )
    _add_repeated(children.add_argument, "child_delimiters", "like --delimiter, of the children")
    pairs = parser.add_argument_group("qa", "a column is a name, a letter, or a number from 0")
    _add_repeated(
        pairs.add_argument,
        "question_columns",
        "with a spelling of the question (default: told by its name)",
        "C",
    )
    pairs.add_argument("--answer-column", metavar="C", help="with the answer (default: told by its name)")
    _add_repeated(
        pairs.add_argument,
        "similar_columns",
        "with several spellings in a cell, divided by ; or line breaks",
        "C",
    )
    pairs.add_argument(
        "--generate",
        action="store_true",
        default=None,
        help="a language model writes questions and answers, one call for each passage of up to --max-length",
    )
    pairs.add_argument(
        "--llm", metavar="SPEC", help="openai:MODEL@BASE_URL; its key is in KNOWLEDGE_LLM_API_KEY"
    )
    pairs.add_argument(
        "--language",
        choices=("chinese", "english", "japanese"),
        help="to write in (default: that of each passage)",
    )


def _add_repeated(add: Callable[..., Any], name: str, text: str, metavar: str = "S") -> None:
    add(CUT_OPTIONS[name], dest=name, metavar=metavar, action="append", help=text)


def _add_search(command: _Command) -> None:
    search = command("search", "ask a knowledge base")
    search.add_argument("query", metavar="QUERY")
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
    search.add_argument(
        "--where",
        metavar="COND",
        action="append",
        default=[],
        help="NAME OP VALUE on metadata, OP one of = != > < >= <= contains not-contains starts-with ends-with is "
        "is-not in not-in before after, or NAME empty, NAME not-empty; several must all hold",
    )
    search.add_argument(
        "--where-any",
        metavar="COND",
        action="append",
        default=[],
        help="like --where, but of several one must hold, besides every --where",
    )
    search.add_argument(
        "--ignore-case",
        action=argparse.BooleanOptionalAction,
        help="conditions take upper and lower case for the same (default no)",
    )
    search.add_argument(
        "--fusion",
        choices=("weighted", "rrf"),
        help="of hybrid search: by scores (default), or by ranks, which have no threshold",
    )
    search.add_argument(
        "--rerank", metavar="SPEC", help=f"{RERANK_HELP}; none: not even that of the knowledge base"
    )
    search.add_argument(
        "--rerank-pool", type=int, metavar="N", help="hits that are reranked and at most shown (default 50)"
    )
    search.add_argument("--highlight", action="store_true", help="mark the words of the question")
    search.add_argument("--explain", action="store_true", help="show what each score is made of")
    search.add_argument(
        "--context", type=int, metavar="N", help="print the hits as one text of at most N tokens"
    )
    search.add_argument(
        "--why-not", metavar="CHUNK", help="the id of a passage: say what keeps it from being among the hits"
    )
    search.add_argument(
        "--vector-weight", type=float, metavar="W", help="of hybrid search, 0 to 1 (default 0.5)"
    )


def _add_looking(command: _Command) -> None:
    extract = command("extract", "show what is read from a file; nothing is stored")
    extract.add_argument("file", metavar="FILE")
    extract.add_argument(
        "--save-images", metavar="DIR", help="write the pictures of the file into this folder"
    )
    _add_reading_options(extract)
    _add_password(extract)
    chunk = command("chunk", "show how a file is cut; nothing is stored")
    chunk.add_argument("file", metavar="FILE")
    _add_chunk_options(chunk)
    _add_password(chunk)
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


def _add_care(command: _Command) -> None:
    rebuild = command("rebuild", "build the index anew from the stored texts")
    rebuild.add_argument("kb", metavar="KB")
    _add_analysis_options(rebuild)


def _add_eval(command: _Command) -> None:
    added = command("eval", "measure recall, MRR and nDCG on a labelled set, or compare two runs")
    added.add_argument(
        "kb", metavar="KB", nargs="?", help="whose document keys are the set's ids (default: index it)"
    )
    added.add_argument("--data", metavar="DIR", help="corpus.jsonl, queries.jsonl (.gz) and qrels.tsv")
    added.add_argument("--modes", metavar="MODE,…", help="default: every mode the base has")
    added.add_argument("--indexing", choices=("high_quality", "economy"))
    added.add_argument("--embedding", metavar="SPEC", help=EMBEDDING_HELP)
    added.add_argument("--vector-weight", type=float, metavar="W")
    added.add_argument("--limit-queries", type=int, metavar="N")
    added.add_argument("--per-query", action="store_true", help="show every query too, the worst first")
    added.add_argument(
        "--measure",
        metavar="NAME",
        action="append",
        default=[],
        help="beside the usual ones: any of ir_measures, such as AP or P@5 (extra eval)",
    )
    added.add_argument("--run", dest="run_file", metavar="FILE", help="write the ranking, in TREC's format")
    comparing = added.add_argument_group("two runs of the same queries")
    comparing.add_argument(
        "--compare", metavar=("RUN_A", "RUN_B"), nargs=2, help="is B better than A? Paired randomisation test"
    )
    comparing.add_argument("--qrels", metavar="FILE", help="what should be found, of BEIR or TREC")
    comparing.add_argument("--svg", metavar="FILE", help="draw the difference of every query")


def _add_tune(command: _Command) -> None:
    added = command(
        "tune", "choose mode, fusion, weights and threshold of a knowledge base by labelled questions"
    )
    added.add_argument("kb", metavar="KB", help="whose document keys are the ids in the qrels")
    added.add_argument("--data", metavar="DIR", help="a labelled folder, in place of the two files")
    added.add_argument(
        "--queries", metavar="FILE", help="JSON Lines with _id and text, or lines of id, tab, text"
    )
    added.add_argument("--qrels", metavar="FILE", help="what should be found, of BEIR or TREC")
    added.add_argument(
        "--margin",
        type=float,
        metavar="M",
        help="take what is better by this much on the held-out half (default: by a paired test, p < .05)",
    )
    added.add_argument("--seed", type=int, default=0, metavar="N", help="of the two halves (default 0)")
    added.add_argument("--dry-run", action="store_true", help="change nothing")


def _add_history(command: _Command) -> None:
    added = command("history", "what was asked of a knowledge base whose setting `history` is on")
    added.add_argument("kb", metavar="KB")
    added.add_argument("--limit", type=int, default=10, metavar="N", help="rows of each list (default 10)")
    added.add_argument("--clear", action="store_true", help="forget all of it")


def _add_models(command: _Command) -> None:
    actions = command("models", "embedding models: find out what one is like").add_subparsers(
        metavar="ACTION", dest="action", required=True
    )
    shared = _Parser(add_help=False)
    _add_globals(shared, top=False)
    for name, text in (
        ("check", "ask a model for its size, speed, prefixes, scripts and how long a text it reads"),
        ("floors", "measure how near unrelated texts are for a model, and keep it for new knowledge bases"),
    ):
        action = actions.add_parser(name, help=text, description=text, parents=[shared])
        action.add_argument("embedding", metavar="SPEC", help=EMBEDDING_HELP)


def _add_pipeline(command: _Command) -> None:
    added = command("pipeline", "knowledge pipelines as Dify draws them: check, import, run, publish")
    actions = added.add_subparsers(metavar="ACTION", dest="action", required=True)
    shared = _Parser(add_help=False)
    _add_globals(shared, top=False)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=text, parents=[shared])

    check = action("check", "list all that keeps a pipeline from running")
    imported = action("import", "make it the draft of a knowledge base, which is made when it does not exist")
    for parser in (check, imported):
        parser.add_argument(
            "file", metavar="FILE", help="DSL exported from Dify (YAML), or the name of a template"
        )
    imported.add_argument("--kb", metavar="NAME", required=True)
    export = action("export", "print the draft as DSL, which Dify imports")
    export.add_argument("--published", action="store_true", help="the version that runs")
    run = action("run", "put files into a knowledge base by its pipeline")
    for parser in (imported, run):
        parser.add_argument("--embedding", metavar="SPEC", help=f"of a base that is made: {EMBEDDING_HELP}")
    _add_pipeline_run(run)
    history = action("history", "show what the last runs did")
    publish = action(
        "publish", "let the draft run from now on; its settings become those of the knowledge base"
    )
    publish.add_argument("--template", metavar="NAME", help="keep it as a template too")
    for parser in (export, history, publish):
        parser.add_argument("name", metavar="NAME", help="knowledge base")
    history.add_argument("run_id", metavar="RUN", nargs="?", help="id: show every node with its values")
    listed = action("templates", "list the pipelines to begin with")
    listed.add_argument(
        "--remove", metavar="NAME", help="take away one that was kept with publish --template"
    )


def _add_pipeline_run(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "pipeline", metavar="FILE|NAME", help="a DSL file, a knowledge base with a pipeline, or a template"
    )
    run.add_argument("paths", metavar="PATH", nargs="+", help="file, folder, URL, or - for standard input")
    run.add_argument(
        "--kb", metavar="NAME", help="that a FILE or template fills; made when it does not exist"
    )
    run.add_argument("--input", metavar="NAME=VALUE", action="append", default=[], help="a field of the form")
    run.add_argument("--entrance", metavar="ID", help="id or title (default: the first that takes the file)")
    run.add_argument(
        "--preview", action="store_true", help="run the draft and show the chunks; store nothing"
    )
    run.add_argument("--sync", action="store_true", help="only what is new or changed; remove what is gone")
    run.add_argument("--node", metavar="ID", help="run only what this node needs, and show what it puts out")
    run.add_argument("--name", help="file name of standard input")
    run.add_argument("--api-key-env", metavar="VAR", help="environment variable with a bearer token for URLs")
    run.add_argument(
        "--llm", metavar="SPEC", help="openai:MODEL@BASE_URL, for nodes that ask a language model"
    )


def _add_conformance(command: _Command) -> None:
    added = command("conformance", "check a server of Dify's external knowledge API against its contract")
    added.add_argument("url", metavar="URL", help="its endpoint, without /retrieval")
    added.add_argument("--key", metavar="K", required=True, help="the key that the server takes")
    added.add_argument(
        "--kb",
        metavar="ID",
        help="a knowledge base at that server; without it only what needs none is checked",
    )
    added.add_argument(
        "--query",
        metavar="TEXT",
        help="a question that finds something there (default: several common words)",
    )


def _add_server(command: _Command) -> None:
    serve = command("serve", "answer over HTTP, as Dify's external knowledge API")
    serve.add_argument("--host", default="127.0.0.1", help="where to listen (default 127.0.0.1)")
    serve.add_argument(
        "--port", type=int, default=8000, metavar="N", help="default 8000; 0: any that is free"
    )
    serve.add_argument(
        "--no-auth", action="store_true", help="ask for no keys; on this machine's own addresses only"
    )
    serve.add_argument("--root-path", metavar="PATH", default="", help="prefix of the paths behind a proxy")
    serve.add_argument(
        "--trust-proxy", metavar="IP,…", default="", help="believe X-Forwarded-* headers from these addresses"
    )
    serve.add_argument("--log-queries", action="store_true", help="write questions into the log")


def _add_keys(command: _Command) -> None:
    keys = command("keys", "the API keys of the server: make, list, replace, end").add_subparsers(
        metavar="ACTION", dest="action", required=True
    )
    shared = _Parser(add_help=False)
    _add_globals(shared, top=False)
    create = keys.add_parser("create", help="make a key; it is shown once", parents=[shared])
    create.add_argument("name", metavar="NAME", help="whose key it is")
    create.add_argument(
        "--scope", action="append", choices=("read", "write"), help="default read; may be repeated"
    )
    create.add_argument(
        "--kb", action="append", metavar="NAME", help="only these knowledge bases (default all)"
    )
    create.add_argument("--expires", metavar="DAYS|DATE", help="when it ends (default never)")
    create.add_argument(
        "--where", action="append", default=[], metavar="COND", help="only documents that fulfil every COND"
    )
    create.add_argument("--rate", metavar="N/min", help="most requests a minute (default any number)")
    rotate = keys.add_parser("rotate", help="replace a key by a new one of the same kind", parents=[shared])
    for made in (create, rotate):
        made.add_argument(
            "--file", metavar="PATH", help="write the key to this new file instead of showing it"
        )
    revoke = keys.add_parser("revoke", help="end a key", parents=[shared])
    for named in (rotate, revoke):
        named.add_argument("key", metavar="ID")
    keys.add_parser("ls", help="list the keys, without their secrets", parents=[shared])
