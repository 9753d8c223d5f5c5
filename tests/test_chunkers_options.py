"""The general chunker's options in every combination: lengths of any measure, delimiters dropped, no merging."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkers import General
from knowledge.errors import InputError
from knowledge.types import Block, Chunk, Document, Locator

FRAGMENTS = (
    "word ",
    "Dr. Who said so. ",
    "他说：“今天很好。”然后走了。",
    "これは文です。",
    "e\u0301",
    "👩\u200d👩\u200d👧",
    "\ud83d",
    "\n",
    "\n\n",
    "\r\n",
    "\u3000",
    "x" * 70,
    "长" * 60,
    "==",
    "第1条 ",
    "- item\n",
    "| a | b |\n",
)
DELIMITERS = (
    "\\n",
    "\\n\\n",
    "。",
    "==",
    " ",
    "re:=+",
    r"re:(?=第\d+条)",
    r"re:[。！]\s*",
    "re:^- ",
    "re:x*",
)


def utf8_size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def words(text: str) -> int:
    return len(text.split())


def falling_back(text: str) -> int:
    """A measure that is not monotone: what ends in a full stop or an "x" measures less than its beginning."""
    return max(len(text) - 20, 0) if text.endswith(("。", "x")) else len(text)


MEASURES: dict[str, Callable[[str], int]] = {"characters": len, "words": words}
LENGTHS = ("characters", utf8_size, words, falling_back)


@st.composite
def generals(draw: st.DrawFn) -> General:
    max_length = draw(st.sampled_from((50, 51, 80, 200)))
    return General(
        max_length=max_length,
        overlap=draw(st.sampled_from((0, 1, 10, max_length - 1))),
        delimiters=draw(st.lists(st.sampled_from(DELIMITERS), max_size=3)),
        keep_delimiter=draw(st.booleans()),
        merge=draw(st.booleans()),
        row_per_chunk=draw(st.booleans()),
        length=draw(st.sampled_from(LENGTHS)),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    pieces = draw(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=50))
    text = "".join(pieces)
    borders = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    kinds = ("heading", "paragraph", "list", "table", "code", "image")
    blocks = tuple(
        Block(kind=kinds[(start + end) % 6], start=start, end=end, level=1 + end % 6)
        for start, end in zip(borders[::2], borders[1::2], strict=False)
    )
    return Document(text=text, blocks=blocks)


def may_be_missing(general: General) -> re.Pattern[str]:
    """What may stand between two passages."""
    dropped = [] if general.keep_delimiter else general.delimiters
    patterns = [
        delimiter.removeprefix("re:") if delimiter.startswith("re:") else re.escape(delimiter)
        for delimiter in dropped
        if delimiter not in ("\\n", "\\n\\n")
    ]
    alternatives = "|".join((r"\s", *patterns))
    return re.compile(f"(?:{alternatives})*", re.MULTILINE)


@settings(max_examples=150, deadline=None)
@given(documents(), generals())
def test_chunks_are_spans_within_the_limit_that_cover_the_text(document: Document, general: General) -> None:
    chunks = general.chunk(document)
    measure = general.length if callable(general.length) else MEASURES[general.length]
    missing, covered = may_be_missing(general), 0
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.content == chunk.content.strip() != ""
        assert measure(chunk.content) <= general.max_length
        assert chunk.start >= covered or general.overlap
        assert missing.fullmatch(document.text[covered : max(chunk.start, covered)])
        covered = chunk.end
    assert missing.fullmatch(document.text[covered:])
    for before, after in pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end
    assert chunks == general.chunk(document)


def contents(text: str, **options: object) -> list[str]:
    return [chunk.content for chunk in General(**{"overlap": 0, **options}).chunk(text)]  # type: ignore[arg-type]


PIECES = ["a" * 30, "b" * 10, "c" * 20, "d" * 45]


@pytest.mark.parametrize("delimiter", ["==", "re:=+", "\\u003d="])
def test_delimiters_are_kept_at_the_end_or_dropped(delimiter: str) -> None:
    text = "==".join(PIECES)
    kept = [f"{PIECES[0]}=={PIECES[1]}==", f"{PIECES[2]}==", PIECES[3]]
    assert contents(text, max_length=50, delimiters=(delimiter,)) == kept
    assert contents(text, max_length=50, delimiters=(delimiter,), keep_delimiter=False) == [
        piece.removesuffix("==") for piece in kept
    ]


def test_a_piece_that_fits_without_its_delimiter_is_not_cut() -> None:
    text = f"{'a b ' * 12}a=={'c' * 50}"
    assert contents(text, max_length=50, delimiters=("==",), keep_delimiter=False) == [
        "a b " * 12 + "a",
        "c" * 50,
    ]


def test_white_space_and_delimiters_alone_are_no_passage() -> None:
    assert contents(" == \n==", delimiters=("==",), keep_delimiter=False) == []


def test_pieces_stand_alone_without_merging_and_long_ones_are_cut_at_the_next_delimiter() -> None:
    text = "a|b|" + "c" * 30 + "#" + "d" * 10 + "#" + "e" * 40 + "|f"
    assert contents(text, max_length=50, delimiters=("|", "#"), merge=False) == [
        "a|",
        "b|",
        "c" * 30 + "#",
        "d" * 10 + "#",
        "e" * 40 + "|",
        "f",
    ]


def test_neighbours_that_are_not_merged_overlap_too() -> None:
    first, second = "First line here. Second sentence.", "Another line begins."
    assert contents(f"{first}\n{second}", overlap=20, merge=False) == [first, f"Second sentence.\n{second}"]


def test_a_pattern_can_cut_before_what_it_sees() -> None:
    articles = [f"第{number}条 {'内容' * 15}。" for number in range(1, 4)]
    assert contents("".join(articles), max_length=50, delimiters=(r"re:(?=第\d+条)",)) == articles


def test_a_pattern_sees_the_beginnings_of_lines() -> None:
    text = "## One\nbody # not this\n## Two\nbody"
    assert contents(text, delimiters=("re:^(?=## )",), merge=False) == [
        "## One\nbody # not this",
        "## Two\nbody",
    ]


def test_words_are_counted_as_word_processors_do() -> None:
    english, chinese = " ".join(["word"] * 120), "字" * 120
    assert [len(content.split()) for content in contents(english, max_length=50, length="words")] == [
        50,
        50,
        20,
    ]
    assert [len(content) for content in contents(chinese, max_length=50, length="words")] == [50, 50, 20]


@pytest.mark.parametrize("unit", ["word and another, ", "字词，", "longwordsonly"])
def test_the_number_of_measurements_is_linear(unit: str) -> None:
    def calls(repetitions: int) -> tuple[int, int]:
        measured: list[int] = []

        def measure(text: str) -> int:
            measured.append(len(text))
            return (len(text) + 2) // 3

        chunks = General(max_length=100, overlap=10, length=measure, delimiters=("\n",)).chunk(
            unit * repetitions
        )
        return len(measured), len(chunks)

    few, few_chunks = calls(1000)
    many, many_chunks = calls(10_000)
    assert few <= 30 * few_chunks
    assert many <= 30 * many_chunks


def saved_tokenizer(path: Path) -> str:
    """A tokenizer of words and punctuation that would truncate and pad; what it is as a length."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(10)
    tokenizer.enable_padding(length=99)
    tokenizer.save(str(path))
    return f"tokens:{path}"


def test_tokens_of_a_tokenizer_file(tmp_path: Path) -> None:
    length = saved_tokenizer(tmp_path / "tokenizer.json")
    text = " ".join(f"word{number}," for number in range(100))
    chunks = contents(text, max_length=50, length=length)
    assert [len(re.findall(r"\w+|,", content)) for content in chunks] == [50, 50, 50, 50]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(("word ", "3.14 ", "模型，", "Stop. ", "\n", "- - ", "x" * 30)), max_size=400),
    st.integers(0, 40),
)
def test_tokens_are_counted_like_any_measure(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], overlap: int
) -> None:
    length = saved_tokenizer(tmp_path_factory.mktemp("tokens") / "tokenizer.json")
    text = "".join(pieces)

    def tokens(text: str) -> int:
        return len(re.findall(r"\w+|[^\w\s]+", text))

    by_tokens = General(max_length=50, overlap=overlap, length=length).chunk(text)
    by_function = General(max_length=50, overlap=overlap, length=tokens).chunk(text)
    assert all(tokens(chunk.content) <= 50 for chunk in by_tokens)
    assert by_tokens[-1:] == [] or by_tokens[-1].end == by_function[-1].end
    assert abs(len(by_tokens) - len(by_function)) <= 1


def test_what_can_never_fit_is_explained() -> None:
    with pytest.raises(InputError, match="'a' alone measures 51, more than the limit 50"):
        contents("abc", max_length=50, length=lambda text: 51)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": "pages"}, "unknown length 'pages'; allowed: characters, words, tokens:PATH"),
        ({"length": "tokens:/no/such.json"}, "no tokenizer file"),
        ({"delimiters": ("re:(",)}, "delimiter 're:(' is no regular expression"),
        ({"delimiters": ("re:",)}, "must not be empty"),
    ],
)
def test_wrong_options_are_explained(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        General(**options)  # type: ignore[arg-type]


def test_a_file_that_is_no_tokenizer_is_explained(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(InputError, match=re.escape(f"{path} is no tokenizer.json")):
        contents("text", length=f"tokens:{path}")


def sheet(rows: int) -> Document:
    lines = [("heading", "Staff"), ("table", "| name | city |\n| --- | --- |")]
    lines += [("table", f"| item {number} | 北京市 |") for number in range(2, rows + 2)]
    lines.append(("paragraph", "After the table."))
    text, blocks = "", []
    for number, (kind, content) in enumerate(lines):
        locator = Locator(sheet="S", row=number or None, row_end=number or None)
        end = len(text) + len(content)
        blocks.append(Block(kind=kind, start=len(text), end=end, locator=locator))  # type: ignore[arg-type]
        text += content + "\n"
    return Document(text=text, blocks=tuple(blocks))


def test_every_row_is_a_passage_on_request() -> None:
    chunks = General(row_per_chunk=True, overlap=30).chunk(sheet(4))
    assert [chunk.content for chunk in chunks] == [
        "Staff\n| name | city |\n| --- | --- |\n| item 2 | 北京市 |",
        "| item 3 | 北京市 |",
        "| item 4 | 北京市 |",
        "| item 5 | 北京市 |",
        "After the table.",
    ]
    assert [chunk.context for chunk in chunks[1:4]] == ["Staff\n| name | city |"] * 3


def test_rows_are_packed_without_it() -> None:
    def lengths(count: int) -> list[Chunk]:
        return General(max_length=200, overlap=0).chunk(sheet(count))

    assert len(lengths(4)) == 1
    assert len(lengths(40)) == -(-len(sheet(40).text) // 200)


def test_rows_of_a_markdown_table_are_passages_too() -> None:
    table = "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"
    document = Document(
        text=f"Before.\n\n{table}\n\nAfter.",
        blocks=(
            Block(kind="paragraph", start=0, end=7),
            Block(kind="table", start=9, end=9 + len(table)),
            Block(kind="paragraph", start=11 + len(table), end=17 + len(table)),
        ),
    )
    assert [chunk.content for chunk in General(row_per_chunk=True).chunk(document)] == [
        "Before.",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "| 3 | 4 |",
        "After.",
    ]
