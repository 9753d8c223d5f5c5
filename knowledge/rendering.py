"""What people see on a terminal. Everything here writes text; nothing decides anything."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from knowledge.filters import written
from knowledge.highlighting import marked

if TYPE_CHECKING:
    from indexers.embedding_cache import EmbeddingUsage
    from knowledge.base_settings import SettingInForce
    from knowledge.catalog import BaseRecord
    from knowledge.conformance import Result
    from knowledge.defaults import Plain, Setting
    from knowledge.documents import DocumentRecord
    from knowledge.field_summary import FieldSummary
    from knowledge.ingest_report import IngestedDocument, IngestReport
    from knowledge.rebuild_report import RebuildReport
    from knowledge.types import FieldType, Hit, Hits, Locator, Origin, Scalar


SNIPPET = 160
LEAD = 20
"""Characters shown before the first match."""
ERRORS_SHOWN = 20


def line(text: str = "") -> None:
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A warning or hint beside the result."""
    sys.stderr.write(f"note: {text}\n")


class ProgressLine:
    """One line on stderr that counts what is done; nothing when stderr is no terminal."""

    def __init__(self, total: int, quiet: bool) -> None:
        self._total = total
        self._count = 0
        self._shown = sys.stderr.isatty() and not quiet

    def __call__(self, document: IngestedDocument) -> None:
        self._count += 1
        if self._shown:
            share = self._count / max(self._total, 1)
            bar = "█" * int(share * 20)
            sys.stderr.write(f"\r\x1b[K{bar:<20} {self._count}/{self._total} {document.key[-50:]}")
            sys.stderr.flush()

    def close(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")


def place(locator: Locator) -> str:
    """`page 3`, `sheet Prices, rows 4–9`, … or nothing."""
    parts = []
    if locator.page is not None:
        parts.append(_range("page", locator.page, locator.page_end))
    if locator.sheet is not None:
        parts.append(f"sheet {locator.sheet}")
    if locator.slide is not None:
        parts.append(f"slide {locator.slide}")
    if locator.row is not None:
        parts.append(_range("row", locator.row, locator.row_end))
    if locator.line is not None and not parts:
        parts.append(f"line {locator.line}")
    return ", ".join(parts)


def _range(noun: str, first: int, last: int | None) -> str:
    return f"{noun} {first}" if last is None or last == first else f"{noun}s {first}–{last}"


def hits(found: Hits) -> None:
    for warning in found.warnings:
        note(warning)
    if not found:
        line("no passage found")
    for number, hit in enumerate(found, 1):
        line(f"{number}. {citation(hit)}")
        line(f"   {_marked_snippet(hit) if hit.highlights else snippet(_found_by(hit), found.query)}")
        if hit.answer is not None:
            line(f"   → {snippet(hit.answer, found.query)}")
        if hit.evidence is not None:
            from knowledge import evidence_rendering

            evidence_rendering.evidence(hit.evidence)


def _found_by(hit: Hit) -> str:
    """What the question was compared with: of a parent, the best child."""
    return hit.children[0].content if hit.children else hit.content


def _marked_snippet(hit: Hit) -> str:
    """The passage from a little before its first highlight on, that of the best child where there is one; the
    highlights bold on a terminal."""
    mark = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("**", "**")
    child = hit.children[0].start - (hit.chunk.start or 0) if hit.children else 0
    first = next((at for at, _ in hit.highlights if at >= child), hit.highlights[0][0])
    start = max(0, first - LEAD)
    end = start + SNIPPET
    spans = tuple((at - start, to - start) for at, to in hit.highlights if start <= at and to <= end)
    shown = _on_one_line(marked(hit.content[start:end], spans, mark))
    return ("…" if start else "") + shown + ("…" if end < len(hit.content) else "")


def citation(hit: Hit) -> str:
    """Score, document, place and heading of a hit, in one line: those of the best child where there is one."""
    return f"{hit.score:.2f}  {citation_of(hit)}"


def citation_of(hit: Hit) -> str:
    """The same without the score."""
    child = hit.children[0] if hit.children else None
    where = (place(child.locator) if child else "") or place(hit.locator)
    heading = " > ".join((child.headings if child else ()) or hit.chunk.headings)
    parts = [hit.document.key, where, heading, generated(hit.chunk.origin)]
    return " · ".join(part for part in parts if part)


def generated(origin: Origin | None) -> str:
    """What tells a question that a language model wrote from one that stands in the document."""
    return "generated" if origin == "generated" else ""


def snippet(text: str, query: str = "", length: int = SNIPPET) -> str:
    """The part of a text with most of the question's words, on one line."""
    flat = _on_one_line(text)
    if len(flat) <= length:
        return flat
    start = max(0, _densest(flat.lower(), _needles(query.lower()), length) - LEAD)
    start = 0 if start < LEAD else min(start, len(flat) - length)
    cut = flat[start : start + length]
    return ("…" if start else "") + cut + ("…" if start + length < len(flat) else "")


def _on_one_line(text: str) -> str:
    return " ".join(text.replace("<br>", " ").split())


def _needles(query: str) -> set[str]:
    """Words of three letters and more, numbers, and pairs of Chinese characters."""
    words = re.findall(r"[a-z0-9][\w.-]{2,}|\d+", query)
    runs = re.findall(r"[\u3400-\u9fff]{2,}", query)
    return {*words, *(run[at : at + 2] for run in runs for at in range(len(run) - 1))}


def _densest(text: str, needles: set[str], length: int) -> int:
    """Where the window with the most different needles starts."""
    found = sorted(
        (match.start(), needle) for needle in needles for match in re.finditer(re.escape(needle), text)
    )
    best, best_count = 0, 0
    for start, _ in found:
        count = len({needle for at, needle in found if start <= at < start + length - LEAD})
        if count > best_count:
            best, best_count = start, count
    return best


def report(done: IngestReport) -> None:
    for warning in done.warnings:
        note(warning)
    for document in done.failed[:ERRORS_SHOWN]:
        line(f"error      {document.key}: {document.error}")
    if len(done.failed) > ERRORS_SHOWN:
        line(f"… and {len(done.failed) - ERRORS_SHOWN} more errors; `knowledge docs {done.kb}` lists them")
    for document in done.documents:
        for warning in document.warnings[:1]:
            line(f"warning    {document.key}: {warning}")
    counts = Counter(document.status for document in done.documents)
    summary = ", ".join(f"{count} {status}" for status, count in counts.items()) or "nothing to do"
    chunks = sum(
        document.chunks for document in done.documents if document.status in ("completed", "replaced")
    )
    line(f"{done.kb}: {summary}; {chunks} chunks in {done.seconds:.1f} s")
    if done.embedding is not None and done.embedding.texts:
        line(_embedding_usage(done.embedding))


def rebuilt(done: RebuildReport) -> None:
    line(f"rebuilt {done.kb}: {done.chunks} chunks in {done.seconds:.1f} s")
    if done.embedding is not None and done.embedding.texts:
        line(_embedding_usage(done.embedding))


def _embedding_usage(usage: EmbeddingUsage) -> str:
    parts = [f"{usage.texts} texts", f"{usage.cached_share:.0%} from the cache"]
    parts += [f"{usage.calls} calls"] if usage.calls else []
    parts += [f"{usage.tokens} tokens"] if usage.tokens is not None else []
    return f"vectors: {', '.join(parts)}, {usage.seconds:.1f} s"


def bases(records: Sequence[BaseRecord]) -> None:
    if not records:
        line("no knowledge bases; make one: knowledge ingest PATH --kb NAME")
        return
    rows = [("NAME", "INDEXING", "EMBEDDING", "DOCUMENTS", "CHUNKS")]
    rows += [
        (record.name, record.indexing, record.embedding or "—", str(record.documents), str(record.chunks))
        for record in records
    ]
    table(rows)


def base(record: BaseRecord) -> None:
    rows = [
        ("name", record.name),
        ("id", record.id),
        ("description", record.description or "—"),
        ("structure", record.structure),
        ("indexing", record.indexing),
        ("embedding", record.embedding or "—"),
        ("documents", str(record.documents)),
        ("chunks", str(record.chunks)),
        ("characters", str(record.characters)),
    ]
    rows += [(name, _stored_setting(value)) for name, value in record.settings.items()]
    table(rows)


def _stored_setting(value: object) -> str:
    """Texts in quotation marks, so that white space in them is seen."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "—" if value is None or value == [] else repr(value)


def stored_documents(records: Sequence[DocumentRecord]) -> None:
    rows = [("STATUS", "CHUNKS", "CHARACTERS", "KEY", "")]
    rows += [
        (record.status, str(record.chunks), str(record.characters), record.key, record.error or "")
        for record in records
    ]
    table(rows)


def fields(summaries: Sequence[FieldSummary]) -> None:
    if not summaries:
        line("no metadata fields; give some: knowledge set KB DOC NAME=VALUE")
        return
    rows = [("NAME", "TYPE", "DOCUMENTS", "DISTINCT", "VALUES")]
    rows += [
        (
            summary.name,
            f"{summary.type} (built-in)" if summary.is_built_in else summary.type,
            str(summary.documents),
            str(summary.distinct),
            _held(summary),
        )
        for summary in summaries
    ]
    table(rows)


def _held(summary: FieldSummary) -> str:
    """The range of numbers and times, the texts where they are few."""
    if summary.minimum is not None and summary.maximum is not None:
        ends = (_value(summary.minimum, summary.type), _value(summary.maximum, summary.type))
        return ends[0] if ends[0] == ends[1] else " … ".join(ends)
    texts = ", ".join(_value(value, summary.type) for value in summary.values)
    return texts if len(texts) <= SNIPPET else texts[:SNIPPET] + "…"


def metadata(record: DocumentRecord, types: Mapping[str, FieldType]) -> None:
    """A document's metadata, as `set` takes it."""
    line(record.key)
    for name, value in record.metadata.items():
        several = value if isinstance(value, tuple) else (value,)
        line(f"  {name} = {', '.join(_value(item, types[name]) for item in several)}")


def _value(value: Scalar, kind: FieldType) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    return _moment(value) if kind == "time" else written(value)


def _moment(seconds: float) -> str:
    """As it may be typed again; the seconds where they lie beyond the calendar."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return written(seconds)
    return moment.removesuffix("+00:00").removesuffix("T00:00:00")


def settings(rows: Sequence[SettingInForce]) -> None:
    """Those that a knowledge base may have, with the defaults beside them."""
    shown = [("NAME", "VALUE", "FROM", "DEFAULT", "MEANING")]
    for row in rows:
        default = None if row.setting.optional else row.setting.default
        shown.append((*_in_force(row), _setting(row.setting, default), row.setting.meaning))
    table(shown)


def all_settings(rows: Sequence[SettingInForce]) -> None:
    shown = [("NAME", "VALUE", "FROM", "ENVIRONMENT", "DIFY", "MEANING")]
    shown += [
        (*_in_force(row), row.setting.environment, row.setting.dify, row.setting.meaning) for row in rows
    ]
    table(shown)


def _in_force(row: SettingInForce) -> tuple[str, str, str]:
    return row.setting.name, _setting(row.setting, row.value), row.origin


def _setting(row: Setting, value: Plain | None) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None or value == "":
        return "off" if row.optional else "—"
    return str(value).replace("\n", "\\n")


def keywords(rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        words = ", ".join(row["keywords"]) or "every term of its text"
        line(f"{row['position']}{' (edited)' if row['edited'] else ''}: {words}")


def conformance(results: Sequence[Result]) -> None:
    table([("", "POINT", "SEEN"), *((result.outcome, result.point, result.seen) for result in results)])
    for result in results:
        if result.outcome == "fail":
            line(f"failed: {result.point}: {result.demand}")
    counts = Counter(result.outcome for result in results)
    line(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))


def table(rows: Iterable[Sequence[str]]) -> None:
    """Columns aligned as a terminal shows them: Chinese characters are two columns wide."""
    cells = [list(row) for row in rows]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True))
        line("  ".join(padded).rstrip())


def display_width(text: str) -> int:
    """Terminal columns of a text."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
