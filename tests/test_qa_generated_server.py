"""Question-answer bases filled by a language model: its server, its refusals, and the way to a found answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from knowledge import Document, Workspace, schema
from knowledge.chat import Completion, Message
from knowledge.cli import main
from knowledge.errors import InputError, LanguageModelError, LanguageModelRefused
from knowledge.language_model import KEY_VARIABLE, OpenAIModel
from knowledge.outgoing import HttpClient, Limits
from knowledge.processing import ProcessRule
from knowledge.registry import load_llm

EMBEDDING = "hash:16"
Answer = tuple[int, dict[str, str], Any]


class ChatServer(ThreadingHTTPServer):
    """Answers on the loopback, a passage that holds a key of `texts` with its value; `answers` come first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.texts: dict[str, str] = {}
        self.answers: list[Callable[[], Answer]] = []
        self.requests: list[dict[str, Any]] = []
        self.before_answer: Callable[[str], None] = lambda passage: None

    @property
    def spec(self) -> str:
        return f"openai:tiny@7b@http://127.0.0.1:{self.server_port}/v1/"

    def answer(self, asked: str) -> Answer:
        if self.answers:
            return self.answers.pop(0)()
        self.before_answer(asked)
        return completion(next((text for key, text in self.texts.items() if key in asked), "No idea."))


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), **body})
        status, headers, content = self.server.answer(body["messages"][-1]["content"])
        if status == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Silent."""


def completion(text: str | None, finish_reason: str = "stop") -> Answer:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
    return 200, {}, {"choices": [choice], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}


def fails(status: int, said: str = "no", **headers: str) -> Callable[[], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: (status, named, {"error": {"message": said}})


def pairs(*rows: tuple[str, str]) -> str:
    entries = [{"question": question, "answer": answer} for question, answer in rows]
    return json.dumps({"pairs": entries}, ensure_ascii=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    for name in (KEY_VARIABLE, "KNOWLEDGE_LLM"):
        monkeypatch.delenv(name, raising=False)
    server = ChatServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def client() -> HttpClient:
    return HttpClient(public_only=False, backoff_s=0)


@pytest.fixture
def model(server: ChatServer) -> Iterator[OpenAIModel]:
    model: OpenAIModel = load_llm(server.spec, http=client)
    yield model
    model.close()


HELLO = [Message(role="system", content="Be brief."), Message(role="user", content="Hello")]


class TestModel:
    def test_the_request_is_the_published_one(
        self, server: ChatServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
        server.texts["Hello"] = "你好"
        model = load_llm(server.spec, http=client)
        assert model.complete(HELLO) == Completion(text="你好", prompt_tokens=11, completion_tokens=7)
        model.close()
        (request,) = server.requests
        assert request["path"] == "/v1/chat/completions"
        assert request["headers"]["authorization"] == "Bearer sk-secret"
        assert (request["model"], request["temperature"]) == ("tiny@7b", 0)
        assert request["messages"] == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
        ]

    def test_a_server_need_not_count_tokens(self, server: ChatServer, model: OpenAIModel) -> None:
        server.answers = [lambda: (200, {}, {"choices": [{"message": {"content": "Hi"}}]})]
        assert model.complete(HELLO) == Completion(text="Hi")

    def test_the_limit_of_the_model_is_told(self, server: ChatServer, model: OpenAIModel) -> None:
        server.answers = [lambda: completion("Once upon", finish_reason="length")]
        assert model.complete(HELLO).is_cut_off

    @pytest.mark.parametrize(
        "problems",
        [
            [fails(429, Retry_After="0"), fails(500), fails(503)],
            [lambda: (0, {}, b"")],
        ],
        ids=["statuses", "connection lost"],
    )
    def test_passing_trouble_is_tried_again(
        self, server: ChatServer, model: OpenAIModel, problems: list[Any]
    ) -> None:
        server.answers = list(problems)
        server.texts["Hello"] = "Hi"
        assert model.complete(HELLO).text == "Hi"
        assert len(server.requests) == len(problems) + 1

    def test_a_limit_that_lasts_is_the_trouble_of_this_question(
        self, server: ChatServer, model: OpenAIModel
    ) -> None:
        server.answers = [fails(429) for _ in range(4)]
        with pytest.raises(
            LanguageModelError, match=r"answered 429 .*'tiny@7b'; .*try again later"
        ) as caught:
            model.complete(HELLO)
        assert not isinstance(caught.value, LanguageModelRefused)

    @pytest.mark.parametrize(
        ("status", "advice"),
        [(401, KEY_VARIABLE), (402, "account"), (403, "may use this model"), (404, "usually ends in /v1")],
    )
    def test_a_refusal_is_of_every_question(
        self, server: ChatServer, monkeypatch: pytest.MonkeyPatch, status: int, advice: str
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
        server.answers = [fails(status, "not with\nsk-secret")]
        model = load_llm(server.spec, http=client)
        with pytest.raises(LanguageModelRefused, match=advice) as caught:
            model.complete(HELLO)
        model.close()
        assert "sk-secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(server.requests) == 1

    def test_a_model_with_one_temperature_is_asked_without(
        self, server: ChatServer, model: OpenAIModel
    ) -> None:
        server.texts["Hello"] = "Hi"
        server.answers = [fails(400, "'temperature' does not support 0, only the default (1) is supported")]
        assert [model.complete(HELLO).text, model.complete(HELLO).text] == ["Hi", "Hi"]
        assert ["temperature" in request for request in server.requests] == [True, False, False]

    @pytest.mark.parametrize(
        "said",
        [
            {"message": "the context has 4096 tokens, max_tokens is 256. Shorten it, or stop earlier."},
            {"message": "max_tokens is too large", "param": "max_tokens", "code": "invalid_value"},
            {"message": "response_format is not supported", "param": "response_format"},
        ],
    )
    def test_a_refusal_that_only_mentions_a_parameter_is_an_error(
        self, server: ChatServer, model: OpenAIModel, said: object
    ) -> None:
        chosen = {"max_tokens": 256, "stop": ["#"], "response_format": {"type": "json_object"}}
        server.texts["Hello"] = "Hi"
        server.answers = [lambda: (400, {}, {"error": said})]
        with pytest.raises(LanguageModelError):
            model.complete(HELLO, chosen)
        assert model.complete(HELLO, chosen).text == "Hi"
        assert all(chosen.keys() <= request.keys() for request in server.requests)

    @pytest.mark.parametrize(
        "said",
        [
            {"message": "Use another one.", "param": "top_p", "code": "unsupported_parameter"},
            {"message": "Unrecognized request argument supplied: top_p", "param": None},
            {"message": "[{'loc': ['body', 'top_p'], 'msg': 'Extra inputs are not permitted'}]"},
        ],
    )
    def test_a_parameter_that_a_server_does_not_know_is_left_out(
        self, server: ChatServer, model: OpenAIModel, said: object
    ) -> None:
        server.texts["Hello"] = "Hi"
        server.answers = [lambda: (400, {}, {"error": said})]
        assert model.complete(HELLO, {"top_p": 0.5, "max_tokens": 9}).text == "Hi"
        assert [("top_p" in one, "max_tokens" in one) for one in server.requests] == [
            (True, True),
            (False, True),
        ]

    def test_a_parameter_that_two_calls_are_refused_at_once_costs_neither(
        self, server: ChatServer, model: OpenAIModel
    ) -> None:
        both = threading.Barrier(2, timeout=10)

        def refuses() -> Answer:
            both.wait()
            return fails(400, "'temperature' is not taken")()

        server.texts["Hello"] = "Hi"
        server.answers = [refuses, refuses]
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda _: model.complete(HELLO).text, range(2)))
        assert answers == ["Hi", "Hi"]
        assert sorted("temperature" in request for request in server.requests) == [False, False, True, True]

    @pytest.mark.parametrize(
        "content",
        [
            b"<html>login</html>",
            b"[]",
            {"choices": []},
            {"choices": None},
            {"choices": [{"text": "old"}]},
            {"choices": ["text"]},
            {"data": [{"embedding": [1]}]},
        ],
    )
    def test_what_is_no_completion_is_an_error(
        self, server: ChatServer, model: OpenAIModel, content: Any
    ) -> None:
        server.answers = [lambda: (200, {}, content)]
        with pytest.raises(LanguageModelError, match="did not answer with a chat completion"):
            model.complete(HELLO)

    def test_no_text_is_an_error(self, server: ChatServer, model: OpenAIModel) -> None:
        server.answers = [lambda: completion(None, finish_reason="content_filter")]
        with pytest.raises(LanguageModelError, match=r"answered no text .*content_filter"):
            model.complete(HELLO)

    def test_many_calls_in_vain_are_the_trouble_of_the_server(self, server: ChatServer) -> None:
        in_vain = [fails(503) for _ in range(7)]
        server.answers = [*in_vain, lambda: completion("Hi"), *in_vain, fails(429), fails(400)]
        model = load_llm(server.spec, http=lambda: HttpClient(public_only=False, limits=Limits(retries=0)))
        kinds = []
        for _ in range(17):
            try:
                kinds.append(type(model.complete(HELLO)))
            except LanguageModelError as error:
                kinds.append(type(error))
        model.close()
        error, refused = LanguageModelError, LanguageModelRefused
        assert kinds == [*[error] * 7, Completion, *[error] * 7, refused, error]

    def test_nobody_listening_is_said(self) -> None:
        server = ChatServer()
        server.server_close()
        model = load_llm(server.spec, http=client)
        with pytest.raises(LanguageModelError, match=r"tiny@7b.* cannot be reached .* check that the server"):
            model.complete(HELLO)

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ("local", "openai:MODEL@BASE_URL"),
            ("openai:tiny", "openai:MODEL@BASE_URL"),
            ("openai:tiny@ftp://host/v1", "openai:MODEL@BASE_URL"),
            ("openai:tiny@https://me:hunter2@host/v1", KEY_VARIABLE),
        ],
    )
    def test_a_malformed_spec_is_refused(self, spec: str, said: str) -> None:
        with pytest.raises(InputError, match=said) as caught:
            load_llm(spec, http=client)
        assert "hunter2" not in str(caught.value)

    def test_a_key_that_no_header_can_carry_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "密钥")
        with pytest.raises(InputError, match=KEY_VARIABLE):
            load_llm("openai:tiny@http://localhost/v1", http=client)


# A knowledge base, from the command line

DOCUMENTS = {
    "office.md": "# Office\n\nThe office is in Oslo.\n",
    "leave.txt": "员工入职满一年后，每年享有十天带薪年假。\n",
    "salary.txt": "給料は毎月二十五日に支払われます。\n",
}
TEXTS = {
    "Oslo": pairs(("Where is the office?", "In Oslo.")),
    "年假": "```json\n" + pairs(("年假有几天？", "每年十天。"), ("入职多久有年假？", "满一年。")) + "\n```",
    "給料": "問1：給料日はいつですか？\n答1：毎月二十五日です。",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


Command = Callable[..., Any]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """What a command prints, on both streams; with --json the object."""

    def run(*arguments: str, expected: int = 0) -> Any:
        assert main([*arguments, "--workspace", str(tmp_path / "workspace")]) == expected
        shown = capsys.readouterr()
        return json.loads(shown.out) if "--json" in arguments else shown.out + shown.err

    return run


@pytest.fixture
def base(server: ChatServer, command: Command) -> Command:
    """The commands, in a workspace with a knowledge base `faq` whose questions are generated."""
    server.texts = dict(TEXTS)
    command(
        "create", "faq", "--structure", "qa", "--generate", "--llm", server.spec, "--embedding", EMBEDDING
    )
    return command


def test_a_generated_question_is_found_and_its_passage_cited(base: Command, files: Path) -> None:
    done = base("ingest", str(files), "--kb", "faq", "--json")
    assert {row["key"]: row["chunks"] for row in done["documents"]} == {
        "leave.txt": 2,
        "office.md": 1,
        "salary.txt": 1,
    }
    asked = ("--kb", "faq", "--mode", "full-text", "--top-k", "1")
    for question, found, answer, key in (
        ("Where is the office", "Where is the office?", "In Oslo.", "office.md"),
        ("年假几天", "年假有几天？", "每年十天。", "leave.txt"),
        ("給料日はいつ", "給料日はいつですか？", "毎月二十五日です。", "salary.txt"),
    ):
        (hit,) = base("search", question, *asked, "--json")["hits"]
        assert (hit["content"], hit["answer"], hit["document"]["key"]) == (found, answer, key)
        assert hit["chunk"]["origin"] == "generated"
        passage = DOCUMENTS[key][hit["chunk"]["start"] : hit["chunk"]["end"]]
        assert passage.strip() == DOCUMENTS[key].strip()
    (hit,) = base("search", "年假几天", *asked, "--json")["hits"]
    assert hit["locator"] == {"line": 1}
    shown = base("search", "Where is the office", *asked).splitlines()
    assert shown[0].endswith(" office.md · line 1 · Office · generated")
    assert [line.strip() for line in shown[1:3]] == ["Where is the office?", "→ In Oslo."]


def test_what_is_generated_is_told_from_what_is_written(base: Command, files: Path) -> None:
    base("ingest", str(files), "--kb", "faq")
    stored = base("chunks", "faq", "leave.txt", "--json")["chunks"]
    assert [(chunk["origin"], chunk["start"], chunk["content"]) for chunk in stored] == [
        ("generated", 0, "年假有几天？"),
        ("generated", 0, "入职多久有年假？"),
    ]
    assert "— 0 · 0–20 · line 1 · generated\n年假有几天？\n→ 每年十天。" in base("chunks", "faq", "leave.txt")
    (files / "plain.csv").write_text("question,answer\nWho?,Me.\n")
    base("ingest", str(files / "plain.csv"), "--kb", "read", "--structure", "qa", "--embedding", EMBEDDING)
    (chunk,) = base("chunks", "read", "plain.csv", "--json")["chunks"]
    assert chunk["origin"] == "source"
    assert "generated" not in base("search", "who", "--kb", "read", "--mode", "full-text")


def test_unchanged_files_are_not_sent_again(base: Command, server: ChatServer, files: Path) -> None:
    base("ingest", str(files), "--kb", "faq")
    sent = len(server.requests)
    again = base("ingest", str(files), "--kb", "faq", "--json")
    assert {row["status"] for row in again["documents"]} == {"unchanged"}
    assert len(server.requests) == sent == len(DOCUMENTS)
    (files / "office.md").write_text("# Office\n\nThe office moved from Oslo.\n")
    base("ingest", str(files), "--kb", "faq")
    assert len(server.requests) == sent + 1


def test_model_prompt_and_language_decide_what_is_unchanged(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signature(**options: Any) -> str:
        return ProcessRule.chosen("qa", generate=True, **options).signature

    before = signature(llm=server.spec)
    assert signature(llm=server.spec) == before
    assert len({before, signature(llm="openai:other@http://localhost/v1")}) == 2
    assert len({before, signature(llm=server.spec, language="english")}) == 2
    assert len({before, signature(llm=server.spec, max_length=300)}) == 2
    monkeypatch.setattr("knowledge.processing.PROMPT_VERSION", "another")
    assert signature(llm=server.spec) != before
    stored = json.loads(json.dumps(ProcessRule.chosen("qa", generate=True, llm=server.spec).as_settings()))
    assert ProcessRule.from_settings("qa", stored) == ProcessRule.chosen("qa", generate=True, llm=server.spec)


FACTS = [f"Probe {number} is calibrated in week {number}0, by the laboratory." for number in range(1, 5)]


@pytest.fixture
def report(base: Command, server: ChatServer, files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document of four passages, each a fact with a pair."""
    monkeypatch.setenv("KNOWLEDGE_REQUEST_RETRIES", "0")
    for number, fact in enumerate(FACTS, 1):
        server.texts[f"Probe {number} "] = pairs((f"When is probe {number} calibrated?", fact))
    path = files / "report.txt"
    path.write_text("\n".join(FACTS))
    return path


SHORT = ("--max-length", "80")


def create_short(base: Command, server: ChatServer) -> None:
    options = ("--structure", "qa", "--generate", "--llm", server.spec, "--embedding", EMBEDDING, *SHORT)
    base("create", "short", *options)


def test_passages_that_fail_are_said_and_the_others_kept(
    base: Command, server: ChatServer, report: Path
) -> None:
    create_short(base, server)
    server.texts["Probe 2 "] = "Q1: When?"
    server.texts["Probe 4 "] = '{"pairs": [{"question": "When?"}]}'
    shown = base("ingest", str(report), "--kb", "short")
    second = f"{len(FACTS[0]) + 1}–{len(FACTS[0]) + 1 + len(FACTS[1])}"
    assert (
        f"warning    report.txt: 2 of 4 passages gave no questions; the first, characters {second}: " in shown
    )
    assert "has a question without an answer" in shown
    contents = [chunk["content"] for chunk in base("chunks", "short", "report.txt", "--json")["chunks"]]
    assert contents == ["When is probe 1 calibrated?", "When is probe 3 calibrated?"]
    assert "2 of 4 passages" in base("ingest", str(report), "--kb", "short")
    server.texts["Probe 2 "] = server.texts["Probe 4 "] = pairs(("When?", "Then."))
    assert "passages" not in base("ingest", str(report), "--kb", "short", "--force")


def test_a_document_of_which_every_passage_fails_fails(
    base: Command, server: ChatServer, report: Path, files: Path
) -> None:
    for number in range(1, 5):
        server.texts[f"Probe {number} "] = "As a language model I would rather not."
    create_short(base, server)
    done = base("ingest", str(files), "--kb", "short", "--json", expected=1)
    (failed,) = [row for row in done["documents"] if row["status"] == "error"]
    assert failed["key"] == "report.txt"
    assert failed["error"].startswith("4 of 4 passages gave no questions; the first, characters 0–")
    assert "\n" not in failed["error"]
    sent = len(server.requests)
    base("ingest", str(files), "--kb", "short", expected=1)
    assert len(server.requests) == sent
    for number in range(1, 5):
        server.texts[f"Probe {number} "] = pairs((f"When {number}?", "Soon."))
    base("ingest", str(files), "--kb", "short", "--retry")
    assert len(server.requests) == sent + 4


def test_answers_that_overtake_each_other_change_no_order(
    base: Command, server: ChatServer, report: Path
) -> None:
    create_short(base, server)
    last_answered = threading.Event()

    def wait(passage: str) -> None:
        if "Probe 4 " in passage:
            last_answered.set()
        assert last_answered.wait(60)

    server.before_answer = wait
    base("ingest", str(report), "--kb", "short")
    contents = [chunk["content"] for chunk in base("chunks", "short", "report.txt", "--json")["chunks"]]
    assert contents == [f"When is probe {number} calibrated?" for number in range(1, 5)]


def test_a_wrong_key_ends_the_ingestion_and_fails_no_document(
    base: Command, server: ChatServer, files: Path
) -> None:
    server.answers = [fails(401, "invalid key") for _ in range(9)]
    shown = base("ingest", str(files), "--kb", "faq", expected=1)
    assert shown.count("\n") == 1
    assert shown.startswith("knowledge: http://127.0.0.1:")
    assert "/v1/chat/completions answered 401 (" in shown
    assert KEY_VARIABLE in shown
    server.answers = []
    done = base("ingest", str(files), "--kb", "faq", "--json")
    assert {row["status"] for row in done["documents"]} == {"completed"}


def test_the_language_that_was_chosen_is_asked_for(base: Command, server: ChatServer, files: Path) -> None:
    options = ("--structure", "qa", "--generate", "--llm", server.spec, "--embedding", EMBEDDING)
    base("ingest", str(files / "leave.txt"), "--kb", "english", *options, "--language", "english")
    assert "Write questions and answers in English." in server.requests[-1]["messages"][0]["content"]
    refused = base("ingest", str(files), "--kb", "english", "--language", "japanese", expected=2)
    assert "has language 'english', 'japanese' was given" in refused


def test_a_preview_asks_nothing_and_says_so(base: Command, server: ChatServer, report: Path) -> None:
    create_short(base, server)
    shown = base("ingest", str(report), "--kb", "short", "--preview")
    assert f"an ingestion asks {server.spec} once for each of these passages" in shown
    previewed = base("ingest", str(report), "--kb", "short", "--preview", "--json")
    assert (previewed["chunks"], previewed["model"]) == (4, server.spec)
    assert previewed["documents"][0]["first"][0]["origin"] == "source"
    assert server.requests == []
    base("ingest", str(report), "--kb", "short")
    assert len(server.requests) == previewed["chunks"]


def test_chunk_shows_the_questions_of_a_file(base: Command, server: ChatServer, report: Path) -> None:
    options = ("--structure", "qa", "--generate", "--llm", server.spec, *SHORT)
    cut = base("chunk", str(report), *options, "--json")["chunks"]
    assert [(chunk["question"], chunk["origin"]) for chunk in cut] == [
        (f"When is probe {number} calibrated?", "generated") for number in range(1, 5)
    ]
    assert f"— 0 · 0–{len(FACTS[0])} · line 1 · generated" in base("chunk", str(report), *options)
    server.texts.clear()
    assert "4 of 4 passages gave no questions" in base("chunk", str(report), *options, expected=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--structure", "qa", "--generate"], "none is named; add --llm openai:MODEL@BASE_URL"),
        (["--structure", "qa", "--generate", "--llm", "tiny"], "unknown language model 'tiny'"),
        (
            ["--structure", "qa", "--llm", "openai:m@http://x/v1"],
            "llm is not an option of the structure qa, which",
        ),
        (["--generate"], "generate is not an option of the structure general"),
        (
            ["--structure", "qa", "--generate", "--llm", "openai:m@http://x/v1", "--answer-column", "B"],
            "answer_column is not an option",
        ),
        (
            ["--structure", "qa", "--generate", "--llm", "openai:m@http://x/v1", "--max-length", "7"],
            "max_length is 7",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_one_line(
    command: Command, server: ChatServer, options: list[str], said: str
) -> None:
    shown = command("create", "kb", "--embedding", EMBEDDING, *options, expected=2)
    assert said in shown
    assert shown.count("\n") == 1


def test_the_model_may_come_from_the_environment(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_LLM", server.spec)
    assert ProcessRule.chosen("qa", generate=True).llm == server.spec
    assert ProcessRule.chosen("qa").llm is None


def test_the_library_does_the_same(server: ChatServer, workspace: Workspace) -> None:
    server.texts = dict(TEXTS)
    kb = workspace.create("faq", structure="qa", generate=True, llm=server.spec, embedding=EMBEDDING)
    kb.ingest(Document(name="office.md", text=DOCUMENTS["office.md"]))
    (hit,) = kb.search("office", mode="full-text")
    assert (hit.answer, hit.chunk.origin) == ("In Oslo.", "generated")
    kb.rebuild()
    assert kb.search("office", mode="full-text")[0].chunk == hit.chunk
    with pytest.raises(InputError, match="is not there"):
        kb.rule.apply(Document(text="text"))


def test_a_workspace_from_before_questions_were_generated(folder: Path, tmp_path: Path) -> None:
    with Workspace(tmp_path / "old") as workspace:
        workspace.create("kb").ingest(folder)
        with workspace.store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE chunk DROP COLUMN origin")
            before = schema.MIGRATIONS.index(schema._keep_origins)
            connection.exec_driver_sql(f"PRAGMA user_version = {before}")
    with Workspace(tmp_path / "old") as workspace:
        kb = workspace.open("kb")
        assert {chunk.origin for chunk in kb.chunks("leave.md")} == {"source"}
        assert kb.search("年假")[0].chunk.origin == "source"
