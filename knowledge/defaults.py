"""The one table of defaults and limits. Each has a setting, an environment variable and Dify's value beside it.

A value comes from, in this order: the call or option, the knowledge base where it may have its own, the environment,
`knowledge.toml`, this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from knowledge.types import ReadOptions

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
    choices: tuple[str, ...] = ()
    """The words that are allowed, when not every text is."""
    per_base: bool = False
    """Whether a knowledge base may have a value of its own, which `knowledge settings KB NAME=VALUE` changes."""

    @property
    def environment(self) -> str:
        return f"KNOWLEDGE_{self.name.upper()}"


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(name="workspace", default=".knowledge", meaning="folder that holds the data", dify="—"),
    Setting(
        name="index", default="", meaning="URL of a Qdrant server that holds the indexes", dify="VECTOR_STORE"
    ),
    Setting(name="embedding", default="", meaning="embedding model of new bases", dify="set in the UI"),
    Setting(
        name="llm",
        default="",
        meaning="language model of new question-answer bases with --generate, and of searches with its help",
        dify="set in the UI",
    ),
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
        name="row_per_chunk",
        default=False,
        meaning="every row of a table is a chunk of its own",
        dify="on for CSV and spreadsheets",
    ),
    Setting(
        name="keep_delimiter",
        default=True,
        meaning="a delimiter stays at the end of its chunk",
        dify="off, no choice",
    ),
    Setting(
        name="merge",
        default=True,
        meaning="neighbouring pieces between delimiters share a chunk while they fit",
        dify="off, no choice",
    ),
    Setting(
        name="length",
        default="characters",
        meaning="what lengths are counted in: characters, words, or tokens:PATH of a tokenizer.json",
        dify="characters, called tokens",
    ),
    Setting(
        name="remove_repeated",
        default=False,
        meaning="leave out a passage that says what one before it in its document says",
        dify="off, no choice",
    ),
    Setting(name="child_delimiter", default="\n", meaning="where children are cut first", dify="\\n"),
    Setting(
        name="child_max_length",
        default=200,
        minimum=50,
        maximum=4000,
        meaning="longest child, characters",
        dify="512",
    ),
    Setting(
        name="parent_mode",
        default="paragraph",
        choices=("paragraph", "full-doc"),
        meaning="what a parent is: a passage of up to max_length, or the whole document",
        dify="paragraph",
    ),
    Setting(
        name="full_doc_length",
        default=10_000,
        minimum=50,
        maximum=1_000_000,
        meaning="longest full-doc parent, characters; the rest of the document is left out",
        dify="10,000 tokens, not kept to",
    ),
    Setting(
        name="remove_extra_spaces",
        default=False,
        meaning="fold runs of spaces and of empty lines",
        dify="on in automatic mode",
    ),
    Setting(name="remove_urls_emails", default=False, meaning="drop URLs and e-mail addresses", dify="off"),
    Setting(
        name="layout",
        default=True,
        meaning="PDF: reading order, paragraphs, headings and tables; off: the text as the file holds it, faster",
        dify="off, no choice",
    ),
    Setting(
        name="page_headers",
        default=False,
        meaning="PDF: keep headers, footers and page numbers that repeat from page to page",
        dify="on, no choice",
    ),
    Setting(
        name="whole_page",
        default=False,
        meaning="HTML: everything visible, not the main content alone",
        dify="on, no choice",
    ),
    Setting(name="images", default=True, meaning="keep the pictures inside files", dify="on, no choice"),
    Setting(
        name="keyword_number",
        default=10,
        optional=True,
        minimum=0,
        maximum=50,
        meaning="keywords of a chunk that an economy base indexes; off or 0: every term",
        dify="10, 1–50",
    ),
    Setting(
        name="mode",
        default="",
        choices=("hybrid", "vector", "full-text", "keyword"),
        per_base=True,
        meaning="how a search looks; hybrid for high_quality and keyword for economy unless set",
        dify="semantic_search (economy keyword)",
    ),
    Setting(
        name="top_k",
        default=5,
        minimum=1,
        maximum=100,
        per_base=True,
        meaning="hits of a search",
        dify="3 (code 4)",
    ),
    Setting(
        name="threshold",
        default=0.0,
        optional=True,
        minimum=0,
        maximum=1,
        per_base=True,
        meaning="lowest score of a hit",
        dify="off (0.5 when switched on)",
    ),
    Setting(
        name="vector_weight",
        default=0.5,
        minimum=0,
        maximum=1,
        per_base=True,
        meaning="share of the vector score in hybrid search",
        dify="0.7",
    ),
    Setting(
        name="fusion",
        default="weighted",
        choices=("weighted", "rrf"),
        per_base=True,
        meaning="how hybrid search makes one ranking of two: by scores, or by ranks",
        dify="weighted_score or a rerank model",
    ),
    Setting(
        name="rerank",
        default="",
        per_base=True,
        meaning="reranker of searches: http:MODEL@BASE_URL, sentence-transformers:MODEL_OR_PATH or fastembed:MODEL",
        dify="a rerank model, required for several bases",
    ),
    Setting(
        name="rerank_pool",
        default=50,
        minimum=1,
        maximum=100,
        per_base=True,
        meaning="passages that are reranked; no more are returned",
        dify="top_k of each search",
    ),
    Setting(
        name="rerank_length",
        default=2000,
        minimum=100,
        maximum=100_000,
        meaning="characters of a passage that a reranker reads; of a longer one those around what was found",
        dify="the whole passage",
    ),
    Setting(
        name="rerank_timeout_s",
        default=5.0,
        minimum=0.1,
        maximum=600,
        meaning="seconds for the scores of a reranker; beyond them the ranking stays as it was",
        dify="its plugins', and the search fails",
    ),
    Setting(
        name="query_characters",
        default=8000,
        minimum=100,
        maximum=100_000,
        meaning="longest question; of a longer one the beginning is searched, and a warning says so",
        dify="250 in tests of a knowledge base, none in apps",
    ),
    Setting(
        name="ignore_case",
        default=False,
        per_base=True,
        meaning="conditions take upper and lower case for the same",
        dify="off, no choice",
    ),
    Setting(
        name="built_in_fields",
        default=False,
        per_base=True,
        meaning="document_name, uploader, upload_date, last_update_date and source as metadata; of new bases",
        dify="off",
    ),
    Setting(
        name="history",
        default=False,
        per_base=True,
        meaning="keep the questions and what they found, in the workspace; `knowledge history` counts them",
        dify="on, no choice",
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
        default=ReadOptions().max_characters,
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
    Setting(
        name="search_timeout_s",
        default=5.0,
        minimum=0.1,
        maximum=600,
        meaning="seconds after which a search of several bases goes on without those of other servers",
        dify="none",
    ),
    Setting(
        name="connect_timeout_s",
        default=5.0,
        minimum=0.1,
        maximum=600,
        meaning="seconds for a connection to another server",
        dify="5",
    ),
    Setting(
        name="read_timeout_s",
        default=30.0,
        minimum=0.1,
        maximum=3600,
        meaning="seconds that another server may be silent",
        dify="5",
    ),
    Setting(
        name="request_timeout_s",
        default=60.0,
        minimum=0.1,
        maximum=3600,
        meaning="seconds for a call to another server, repetitions and redirects included",
        dify="none: 5 a try, 4 tries",
    ),
    Setting(
        name="embedding_timeout_s",
        default=120.0,
        minimum=0.1,
        maximum=3600,
        meaning="seconds for a batch of texts at an embedding server, repetitions included",
        dify="its plugins'",
    ),
    Setting(
        name="embedding_concurrency",
        default=4,
        minimum=1,
        maximum=64,
        meaning="batches of texts that an embedding server is asked for at once",
        dify="10, by document",
    ),
    Setting(
        name="llm_timeout_s",
        default=120.0,
        minimum=0.1,
        maximum=3600,
        meaning="seconds for one answer of a language model, repetitions included",
        dify="its plugins'",
    ),
    Setting(
        name="llm_concurrency",
        default=4,
        minimum=1,
        maximum=64,
        meaning="passages of a document that a language model is asked about at once",
        dify="10",
    ),
    Setting(
        name="assistance_timeout_s",
        default=20.0,
        minimum=0.1,
        maximum=600,
        meaning="seconds for one answer of a language model before a search, repetitions included",
        dify="its plugins'",
    ),
    Setting(
        name="external_timeout_s",
        default=10.0,
        minimum=0.1,
        maximum=3600,
        meaning="seconds for a question to an external knowledge base, repetitions included",
        dify="none: 5 a try, 4 tries",
    ),
    Setting(
        name="request_retries",
        default=3,
        minimum=0,
        maximum=10,
        meaning="repetitions of a failed call that may be repeated",
        dify="3",
    ),
    Setting(
        name="response_mb",
        default=20,
        minimum=1,
        maximum=2000,
        meaning="longest answer that is read from another server",
        dify="none",
    ),
    Setting(
        name="ca_file",
        default="",
        meaning="certificates in PEM that are trusted besides the public ones (or those of SSL_CERT_FILE)",
        dify="none",
    ),
    Setting(
        name="allow_private_addresses",
        default=False,
        meaning="URLs of users may lead to addresses that are not public",
        dify="the rules of its proxy",
    ),
    Setting(
        name="server_query_characters",
        default=8000,
        minimum=1,
        maximum=100_000,
        meaning="longest question over HTTP; longer ones, which Dify's apps send, are cut and not refused",
        dify="250 in tests of a knowledge base, none in apps",
    ),
    Setting(
        name="server_body_bytes",
        default=1_000_000,
        minimum=1000,
        maximum=1_000_000_000,
        meaning="longest request body",
        dify="15 MB a file",
    ),
    Setting(
        name="server_threads",
        default=4,
        minimum=1,
        maximum=64,
        meaning="requests that are worked on at once",
        dify="gunicorn's",
    ),
    Setting(
        name="server_queue",
        default=256,
        minimum=0,
        maximum=10_000,
        meaning="requests that wait for a thread; beyond them 503",
        dify="none",
    ),
    Setting(
        name="server_request_timeout_s",
        default=10.0,
        minimum=0.1,
        maximum=3600,
        meaning="seconds for an answer; beyond them 503",
        dify="200 (gunicorn); its client gives up after 5",
    ),
    Setting(
        name="server_receive_timeout_s",
        default=10.0,
        minimum=0.1,
        maximum=3600,
        meaning="seconds for a client to send its request, or to take the answer",
        dify="nginx's",
    ),
    Setting(
        name="server_connections",
        default=1000,
        minimum=1,
        maximum=100_000,
        meaning="open connections; beyond them 503",
        dify="gunicorn's",
    ),
)

BY_NAME: Final[dict[str, Setting]] = {setting.name: setting for setting in SETTINGS}
