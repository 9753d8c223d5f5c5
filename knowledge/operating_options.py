"""What can be typed to look after knowledge bases: measure them, try models, run pipelines, serve."""

from __future__ import annotations

import argparse

from knowledge.cut_options import EMBEDDING_HELP, RERANK_HELP, add_analysis_options, add_password
from knowledge.parsers import Command, Parser, add_globals


def add_care(command: Command) -> None:
    rebuild = command("rebuild", "build the index anew from the stored texts")
    rebuild.add_argument("kb", metavar="KB")
    add_analysis_options(rebuild)


def add_eval(command: Command) -> None:
    added = command("eval", "measure recall, MRR and nDCG on a labelled set, or compare two runs")
    added.add_argument(
        "kb", metavar="KB", nargs="?", help="whose document keys are the set's ids (default: index it)"
    )
    added.add_argument("--data", metavar="DIR", help="corpus.jsonl, queries.jsonl (.gz) and qrels.tsv")
    added.add_argument("--modes", metavar="MODE,…", help="default: every mode the base has")
    added.add_argument("--indexing", choices=("high_quality", "economy"))
    added.add_argument("--embedding", metavar="SPEC", help=EMBEDDING_HELP)
    added.add_argument("--vector-weight", type=float, metavar="W")
    added.add_argument(
        "--rerank", metavar="SPEC", help=f"{RERANK_HELP}; none: not even that of the knowledge base"
    )
    added.add_argument(
        "--rerank-pool", type=int, metavar="N", help="hits that are reranked and at most counted (default 50)"
    )
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


def add_tune(command: Command) -> None:
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


def add_history(command: Command) -> None:
    added = command("history", "what was asked of a knowledge base whose setting `history` is on")
    added.add_argument("kb", metavar="KB")
    added.add_argument("--limit", type=int, default=10, metavar="N", help="rows of each list (default 10)")
    added.add_argument("--clear", action="store_true", help="forget all of it")


def add_models(command: Command) -> None:
    action = _actions(command("models", "embedding models: find out what one is like"))
    for name, text in (
        ("check", "ask a model for its size, speed, prefixes, scripts and how long a text it reads"),
        ("floors", "measure how near unrelated texts are for a model, and keep it for new knowledge bases"),
    ):
        action(name, text).add_argument("embedding", metavar="SPEC", help=EMBEDDING_HELP)


def add_pipeline(command: Command) -> None:
    action = _actions(
        command("pipeline", "knowledge pipelines as Dify draws them: check, import, run, publish")
    )
    check = action("check", "list all that keeps a pipeline from running")
    imported = action("import", "make it the draft of a knowledge base, which is made when it does not exist")
    for parser in (check, imported):
        parser.add_argument(
            "file", metavar="FILE", help="DSL exported from Dify (YAML), or the name of a template"
        )
    imported.add_argument("--kb", metavar="NAME", required=True)
    export = action("export", "print the draft as DSL, which Dify imports")
    which = export.add_mutually_exclusive_group()
    which.add_argument("--published", action="store_true", help="the version that runs, not the draft")
    which.add_argument("--version", type=int, metavar="N", help="the N-th version that was published")
    run = action("run", "put files into a knowledge base by its pipeline")
    for parser in (imported, run):
        parser.add_argument("--embedding", metavar="SPEC", help=f"of a base that is made: {EMBEDDING_HELP}")
    _add_pipeline_run(run)
    history = action("history", "show what the last runs did, a line each, or one of them node by node")
    publish = action(
        "publish", "let the draft run from now on; its settings become those of the knowledge base"
    )
    publish.add_argument("--template", metavar="NAME", help="keep it as a template too")
    for parser in (export, history, publish):
        parser.add_argument("name", metavar="NAME", help="knowledge base")
    _add_pipeline_history(history)
    listed = action("templates", "list the pipelines to begin with")
    listed.add_argument(
        "--remove", metavar="NAME", help="take away one that was kept with publish --template"
    )


def _add_pipeline_history(history: argparse.ArgumentParser) -> None:
    history.add_argument(
        "run_id",
        metavar="RUN",
        nargs="?",
        help="the id of a run, or how it begins: every node with its values",
    )
    history.add_argument("--limit", type=int, default=20, metavar="N", help="lines (default 20)")
    history.add_argument("--failed", action="store_true", help="only runs that failed")


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
    run.add_argument(
        "--allow-empty",
        action="store_true",
        help="with --sync: a PATH that has nothing any more is no mistake; remove all that came from it",
    )
    run.add_argument("--workers", type=int, metavar="N", help="processes that read files (default 2)")
    add_password(run)
    run.add_argument("--node", metavar="ID", help="run only what this node needs, and show what it puts out")
    run.add_argument("--name", help="file name of standard input")
    run.add_argument("--api-key-env", metavar="VAR", help="environment variable with a bearer token for URLs")
    run.add_argument(
        "--llm", metavar="SPEC", help="openai:MODEL@BASE_URL, for nodes that ask a language model"
    )


def add_conformance(command: Command) -> None:
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


def add_server(command: Command) -> None:
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


def add_keys(command: Command) -> None:
    action = _actions(command("keys", "the API keys of the server: make, list, replace, end"))
    create = action("create", "make a key; it is shown once")
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
    rotate = action("rotate", "replace a key by a new one of the same kind")
    for made in (create, rotate):
        made.add_argument(
            "--file", metavar="PATH", help="write the key to this new file instead of showing it"
        )
    revoke = action("revoke", "end a key")
    for named in (rotate, revoke):
        named.add_argument("key", metavar="ID")
    action("ls", "list the keys, without their secrets")


def _actions(parser: argparse.ArgumentParser) -> Command:
    """Adds actions to a command: name and help text → the action's parser."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    shared = Parser(add_help=False)
    add_globals(shared, top=False)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=text, parents=[shared])

    return action
