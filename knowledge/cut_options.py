"""What can be typed about how documents are read and cut, and how a knowledge base is made."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Final

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


def add_base_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--indexing",
        choices=("high_quality", "economy"),
        help="vectors and full text, or full text alone (default economy; high_quality with --embedding, and for "
        "parent-child and qa)",
    )
    parser.add_argument("--embedding", metavar="SPEC", help=EMBEDDING_HELP)
    add_analysis_options(parser)
    add_chunk_options(parser)


def add_analysis_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dictionary", metavar="FILE", help="words to keep whole, one a line")
    parser.add_argument("--synonyms", metavar="FILE", help="words that mean the same, a line `word, word`")
    parser.add_argument(
        "--keyword-number",
        type=int,
        metavar="N",
        help="index only the N best keywords of each chunk, economy only (default 0: every term)",
    )


def add_external_options(parser: argparse.ArgumentParser) -> None:
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


def add_chunk_options(parser: argparse.ArgumentParser) -> None:
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
    add_reading_options(parser)
    _add_structure_options(parser)


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    reading = parser.add_argument_group("reading files")
    for name, text in (
        ("layout", "PDF: reading order, paragraphs, headings, tables (default yes); without: faster"),
        ("page_headers", "PDF: keep headers, footers and page numbers that repeat (default no)"),
        ("whole_page", "HTML: everything visible, not the main content alone (default no)"),
        ("images", "keep the pictures inside files (default yes)"),
    ):
        reading.add_argument(READING_OPTIONS[name], action=argparse.BooleanOptionalAction, help=text)


def add_password(parser: argparse.ArgumentParser) -> None:
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
