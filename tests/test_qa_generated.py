"""Generated question-answer pairs: each of its passage, in order, and what gave none is said."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkers import General, GeneratedQA
from chunkers.qa_answers import pairs_in
from chunkers.qa_prompts import LANGUAGES, messages
from indexers.scripts import dominant_script
from knowledge.chat import Completion, Message
from knowledge.errors import InputError, LanguageModelError, LanguageModelRefused
from knowledge.types import Block, Chunk, Document, Locator

LINES = General(max_length=50, overlap=0, delimiters=["\n"], merge=False)
Reply = Callable[[str], str | Completion]


class Model:
    """Answers each passage by `reply`; it is the last paragraph of what is asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[Sequence[Message]] = []

    def complete(self, messages: Sequence[Message]) -> Completion:
        self.asked.append(messages)
        replied = self.reply(messages[-1].content.split(":\n")[-1])
        return replied if isinstance(replied, Completion) else Completion(text=replied)


def as_json(pairs: Sequence[tuple[Any, Any]]) -> str:
    rows = [{"question": question, "answer": answer} for question, answer in pairs]
    return json.dumps({"pairs": rows}, ensure_ascii=False)


def one_pair(passage: str) -> str:
    return as_json([(f"What of {passage.strip()}?", passage.strip())])


def generator(reply: Reply | Model, **options: Any) -> GeneratedQA:
    model = Model(reply) if not isinstance(reply, Model) else reply
    return GeneratedQA(**{"model": model, "script": dominant_script, "passages": LINES, **options})


# Passages and their pairs


@given(counts=st.lists(st.integers(0, 3), min_size=1, max_size=12), concurrency=st.integers(1, 5))
def test_pairs_stand_at_their_passages_and_every_failure_is_counted(
    counts: list[int], concurrency: int
) -> None:
    text = "\n".join(f"Fact {number} of {count}." for number, count in enumerate(counts))

    def reply(passage: str) -> str:
        number, count = map(int, re.findall(r"\d+", passage))
        return as_json([(f"{number}.{at}?", f"answer {at}") for at in range(count)])

    chunks, warnings = generator(reply, concurrency=concurrency).chunk_with_warnings(text)
    assert [chunk.content for chunk in chunks] == [
        f"{number}.{at}?" for number, count in enumerate(counts) for at in range(count)
    ]
    for chunk in chunks:
        assert text[chunk.start : chunk.end].startswith(f"Fact {chunk.content.split('.')[0]} of ")
        assert (chunk.origin, chunk.answer_span) == ("generated", None)
    if 0 in counts:
        assert warnings[0].startswith(f"{counts.count(0)} of {len(counts)} passages gave no questions")
    else:
        assert warnings == ()


class Released(Model):
    """Waits until every passage is being asked about, then answers them one by one in the order given."""

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__(one_pair)
        self.order = order
        self.answered: list[int] = []
        self.all_there = threading.Barrier(len(order))
        self.turn = [threading.Event() for _ in order]

    def complete(self, messages: Sequence[Message]) -> Completion:
        found = re.search(r"(\d+)\.\n?\Z", messages[-1].content)
        assert found
        number = int(found[1])
        self.all_there.wait(60)
        at = self.order.index(number)
        assert at == 0 or self.turn[at - 1].wait(60)
        self.answered.append(number)
        self.turn[at].set()
        return super().complete(messages)


@given(order=st.integers(1, 7).flatmap(lambda count: st.permutations(range(count))))
def test_pairs_are_in_order_whatever_order_the_answers_come_in(order: list[int]) -> None:
    model = Released(order)
    text = "\n".join(f"Fact {number}." for number in range(len(order)))
    chunks = generator(model, concurrency=len(order)).chunk(text)
    assert model.answered == order
    assert [chunk.answer for chunk in chunks] == [f"Fact {number}." for number in range(len(order))]


def test_no_more_passages_are_asked_about_at_once_than_allowed() -> None:
    asking, most, lock = 0, 0, threading.Lock()
    round_is_full = threading.Barrier(3)

    def reply(passage: str) -> str:
        nonlocal asking, most
        with lock:
            asking += 1
            most = max(most, asking)
        round_is_full.wait(60)
        with lock:
            asking -= 1
        return one_pair(passage)

    chunks = generator(reply, concurrency=3).chunk("\n".join(f"Fact {number}." for number in range(9)))
    assert (len(chunks), most) == (9, 3)


def test_a_pair_is_cited_at_its_passage() -> None:
    text = "# Shop\n\nTwo years."
    place = Locator(page=4)
    blocks = (
        Block(kind="heading", start=0, end=6, level=1),
        Block(kind="paragraph", start=8, end=18, locator=place),
    )
    reply = as_json([("How  long is\nthe warranty?", " Two years. ")])
    model = Model(lambda passage: reply)
    found = generator(model, passages=General(overlap=0)).chunk(Document(text=text, blocks=blocks))
    (chunk,) = found
    assert (chunk.content, chunk.answer) == ("How long is the warranty?", "Two years.")
    assert text[chunk.start : chunk.end] == text
    assert (chunk.context, chunk.headings) == ("Shop", ("Shop",))


def test_one_passage_that_fails_stops_no_other() -> None:
    def reply(passage: str) -> str:
        if "1" in passage:
            raise LanguageModelError("no answer in time")
        return one_pair(passage)

    chunks, warnings = generator(reply).chunk_with_warnings("Fact 0.\nFact 1.\nFact 2.")
    assert [chunk.answer for chunk in chunks] == ["Fact 0.", "Fact 2."]
    assert warnings == (
        "1 of 3 passages gave no questions; the first, characters 8–15: no answer in time; "
        "ingest with --force to ask again",
    )


def test_when_all_fail_that_is_the_one_line() -> None:
    chunks, warnings = generator(lambda passage: "I cannot help.").chunk_with_warnings("Fact 0.\nFact 1.")
    assert chunks == []
    (warning,) = warnings
    assert warning.startswith("2 of 2 passages gave no questions")
    assert "'I cannot help.'" in warning
    assert "--retry" in warning


def test_a_model_that_refuses_everything_is_not_asked_on() -> None:
    def reply(passage: str) -> str:
        raise LanguageModelRefused("check the key")

    model = Model(reply)
    with pytest.raises(LanguageModelRefused, match="check the key"):
        generator(model, concurrency=1).chunk("\n".join(f"Fact {number}." for number in range(50)))
    assert len(model.asked) < 50


def test_an_answer_that_was_cut_off_is_a_failure() -> None:
    cut_off = Completion(text="Q1: What?\nA1: That and", is_cut_off=True)
    chunks, warnings = generator(lambda passage: cut_off).chunk_with_warnings("Fact.")
    assert chunks == []
    assert "lower max_length" in warnings[0]


def test_a_document_without_text_asks_nothing() -> None:
    model = Model(one_pair)
    assert generator(model).chunk_with_warnings(" \n ") == ([], ())
    assert model.asked == []


@pytest.mark.parametrize(
    ("options", "said"),
    [({"language": "latin"}, "chinese, english, japanese"), ({"concurrency": 0}, "from 1 on, got 0")],
)
def test_wrong_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        generator(one_pair, **options)
    assert all(word in str(caught.value) for word in said.split(", "))


# What is asked

PASSAGES = {
    "english": "Every employee has ten days of leave.",
    "chinese": "员工每年享有十天带薪年假。",
    "japanese": "社員は毎年十日間の有給休暇を取れます。",
}
BEGINNINGS = {"english": "You write", "chinese": "你为", "japanese": "あなたは"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_passage_is_asked_about_in_its_own_language(language: Any) -> None:
    passage = Chunk(content=PASSAGES[language], start=0, end=len(PASSAGES[language]))
    system, user = messages(passage, None, dominant_script)
    assert system.content.startswith(BEGINNINGS[language])
    assert "{language}" not in system.content
    assert '{"pairs": [{"question": "…", "answer": "…"}]}' in system.content
    assert (system.role, user.role) == ("system", "user")
    assert user.content.endswith(PASSAGES[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_that_is_given_counts_for_every_passage(language: Any) -> None:
    named = {"english": "in English", "chinese": "都用中文", "japanese": "日本語で"}
    for content in PASSAGES.values():
        asked = messages(Chunk(content=content, start=0, end=1), language, dominant_script)
        assert asked[0].content.startswith(BEGINNINGS[language])
        assert named[language] in asked[0].content


def test_other_languages_keep_theirs_and_headings_travel_along() -> None:
    passage = Chunk(content="Garantie de deux ans.", start=0, end=21, context="Boutique > Lave-linge")
    system, user = messages(passage, None, dominant_script)
    assert "in the language of the passage" in system.content
    assert user.content == "Context:\nBoutique > Lave-linge\n\nPassage:\nGarantie de deux ans."


# What is answered

WORDS = st.text("abc 年假はい\n.,{}[]\"'`", min_size=1, max_size=20).filter(
    lambda text: bool(text.strip(" \n"))
)
PLAIN_WORDS = st.text("abc 年假はい.,", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


def normal(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(" ".join(question.split()), answer.strip()) for question, answer in pairs]


@given(
    pairs=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5),
    form=st.sampled_from(
        [
            "{}",
            " \n{}\n",
            "```json\n{}\n```",
            "```\n{}\n```",
            "Here they are:\n\n```json\n{}\n```\nAnything else?",
            "Certainly. {}",
            "<think>\nA passage {{about}} leave.\n</think>\n\n{}",
        ]
    ),
)
def test_json_is_read_however_it_is_wrapped(pairs: list[tuple[str, str]], form: str) -> None:
    assert pairs_in(form.format(as_json(pairs))) == normal(pairs)


def test_a_list_of_pairs_is_read_too() -> None:
    rows = json.loads(as_json([("a", "b"), ("c", "d")]))["pairs"]
    assert pairs_in(json.dumps(rows)) == [("a", "b"), ("c", "d")]
    assert pairs_in(f"```json\n{json.dumps(rows, indent=2)}\n```") == [("a", "b"), ("c", "d")]


@given(
    pairs=st.lists(st.tuples(PLAIN_WORDS, PLAIN_WORDS), min_size=1, max_size=5),
    marks=st.sampled_from(
        [
            ("Q{}: ", "A{}: "),
            ("Q{}：", "A{}："),
            ("问{}：", "答{}："),
            ("问题{}:", "答案{}:"),
            ("**Q{}:** ", "**A{}:** "),
            ("質問{}：", "回答{}："),
            ("Question {}: ", "Answer {}: "),
        ]
    ),
    numbered=st.booleans(),
    form=st.sampled_from(["{}", "Of course:\n\n{}", "```\n{}\n```"]),
)
def test_lines_are_read(
    pairs: list[tuple[str, str]], marks: tuple[str, str], numbered: bool, form: str
) -> None:
    numbers = range(1, len(pairs) + 1) if numbered else [""] * len(pairs)
    lines = [
        f"{marks[0].format(number)}{question}\n{marks[1].format(number)}{answer}"
        for number, (question, answer) in zip(numbers, pairs, strict=True)
    ]
    assert pairs_in(form.format("\n\n".join(lines))) == normal(pairs)


def test_an_answer_may_have_lines_and_stand_beside_its_question() -> None:
    assert pairs_in("Q1: Who? A1: Me.\nAnd you.\nQ2: When? A2: Now.") == [
        ("Who?", "Me.\nAnd you."),
        ("When?", "Now."),
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "holds no question-answer pairs: 'nothing'"),
        ("Sorry, I cannot\ndo that.", "'Sorry, I cannot do that.'"),
        ('{"pairs": []}', "found nothing to ask about it"),
        ("[]", "found nothing to ask about it"),
        ('{"pairs": [{"question": "a", "answer": "b"}', "no valid JSON"),
        ("[" * 100_000, "no valid JSON"),
        ('{"questions": ["a"]}', "JSON without a list of pairs"),
        ('{"pairs": {"question": "a", "answer": "b"}}', "JSON without a list of pairs"),
        ('{"pairs": ["a", "b"]}', "JSON without a list of pairs"),
        (as_json([("a", "b")]) * 2, "more than one JSON value"),
        (as_json([("a", "b"), ("c", " ")]), "pair 2 of the model's answer has no answer"),
        (as_json([("a", "b"), (None, "d")]), "pair 2 of the model's answer has no question"),
        (as_json([("a", 7)]), "pair 1 of the model's answer has no answer"),
        ('{"pairs": [{"question": "\\ud800", "answer": "b"}]}', "no valid Unicode"),
        ("Q1: a\nQ2: b\nA2: c", "has a question without an answer"),
        ("Q1: a\nA1: b\nA2: c", "an answer without a question"),
        ("A1: b", "an answer without a question"),
        ("Q1: a\nA1: b\nQ2: c", "has a question without an answer"),
        ("Q1:\nA1: b", "has no question"),
    ],
)
def test_what_is_no_whole_answer_is_refused_with_a_reason(answer: str, said: str) -> None:
    with pytest.raises(LanguageModelError) as caught:
        pairs_in(answer)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@given(st.text(max_size=200))
def test_anything_is_pairs_or_an_error(answer: str) -> None:
    try:
        pairs = pairs_in(answer)
    except LanguageModelError:
        return
    assert pairs
    assert all(question.strip() and text.strip() for question, text in pairs)
