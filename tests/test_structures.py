"""Parent-child and question-answer bases: children found and parents shown, questions found and answers shown."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from indexers import StandardAnalyzer
from indexers.background import background_weights
from indexers.memory import MemoryIndex
from knowledge import Document, KnowledgeBase, Workspace, plain, rendering, schema, versions
from knowledge.cli import main
from knowledge.errors import InputError
from knowledge.generations import searched_text
from knowledge.processing import ProcessRule
from knowledge.registry import load_embedder
from knowledge.types import Block, Locator, Point
from knowledge.versions import ChildRecord, ChunkRecord
from retrieval.fusion import RRF_K, TIE
from retrieval.scoring import FieldTerms, keyword_score, semantic_score, shown, text_raw, text_scale, weighted

EMBEDDING = "hash:16"
MODES = ("full-text", "vector", "hybrid")
WORDS = "budget probe warranty laptop hotel invoice 年假 发票 校准 差旅 培训 密码".split()
ROUNDING = 1e-5


def sentences(source: random.Random, count: int) -> str:
    return " ".join(" ".join(source.choices(WORDS, k=source.randint(3, 9))) + "." for _ in range(count))


def random_documents(count: int, seed: int = 5) -> list[Document]:
    source = random.Random(seed)
    return [
        Document(
            name=f"{number:02}", text="\n".join(sentences(source, source.randint(1, 9)) for _ in range(6))
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def parents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    with Workspace(tmp_path_factory.mktemp("parents")) as workspace:
        kb = workspace.create(
            "parents", structure="parent-child", embedding=EMBEDDING, max_length=300, child_max_length=60
        )
        kb.ingest(random_documents(8))
        yield kb


class BruteForce:
    """Every child scored straight from the formulas."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self.families = {
            (record.key, chunk.position): chunk for record in kb.documents() for chunk in kb.chunks(record.id)
        }
        self.children = [child for chunk in self.families.values() for child in chunk.children]
        self.analyzer = StandardAnalyzer()
        self.embedder = load_embedder(EMBEDDING)
        self.index = MemoryIndex(self.embedder.dimension)
        vectors = self.embedder.embed_documents([searched_text(child) for child in self.children])
        self.index.upsert(
            [self._point(child, vector) for child, vector in zip(self.children, vectors, strict=True)]
        )

    def _point(self, child: ChildRecord, vector: Any) -> Point:
        words, bigrams = self.analyzer.document_terms(searched_text(child))
        return Point(
            id=child.point,
            version=child.version_id,
            words=tuple(words),
            bigrams=tuple(bigrams),
            vector=vector,
        )

    def keyword(self, query: str) -> dict[int, float]:
        terms = dict(zip(("words", "bigrams"), self.analyzer.query_terms(query), strict=True))
        raw = {
            name: {point.id: point.score for point in self.index.search_text(name, tuple(counts), 10_000)}
            for name, counts in terms.items()
        }
        fields = [
            FieldTerms(counts, self.index.term_weights(name, tuple(counts))) for name, counts in terms.items()
        ]
        scale = text_scale(*fields, background_weights({**terms["words"], **terms["bigrams"]}))
        return {
            child.point: keyword_score(
                text_raw(raw["words"].get(child.point, 0.0), raw["bigrams"].get(child.point, 0.0)), *scale
            )
            for child in self.children
        }

    def semantic(self, query: str) -> dict[int, float]:
        found = self.index.search_vector(self.embedder.embed_query(query), 10_000)
        return {point.id: semantic_score(point.score, 0.0) for point in found}

    def scores(self, query: str, mode: str, fusion: str) -> dict[int, float]:
        keyword, semantic = self.keyword(query), self.semantic(query)
        if mode != "hybrid":
            return keyword if mode == "full-text" else semantic
        if fusion == "rrf":
            legs = [{point: score for point, score in keyword.items() if score > 0}, semantic]
            return {
                child.point: sum(self._share(leg, child) for leg in legs if child.point in leg)
                for child in self.children
            }
        return {point: weighted(max(0.0, semantic[point]), score, 0.5) for point, score in keyword.items()}

    def _share(self, leg: dict[int, float], child: ChildRecord) -> float:
        """1 / (k + rank), the rank counting parents with a child that is better in this leg."""
        best = {
            chunk.point: max((leg.get(one.point, -inf) for one in chunk.children), default=-inf)
            for chunk in self.families.values()
        }
        return 1 / (RRF_K + 1 + sum(score > leg[child.point] + TIE for score in best.values()))

    def best(self, query: str, mode: str, fusion: str, threshold: float) -> dict[str, float]:
        """Every parent's id with the score of its best child, where that is enough."""
        scores = self.scores(query, mode, fusion)
        found = {
            chunk.id: max(shown(scores[child.point]) for child in chunk.children)
            for chunk in self.families.values()
        }
        return {id_: score for id_, score in found.items() if score > ROUNDING and score >= threshold}


@pytest.fixture(scope="module")
def brute_force(parents: KnowledgeBase) -> BruteForce:
    return BruteForce(parents)


QUERIES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True).map(" ".join)
KINDS = st.sampled_from([(mode, "weighted") for mode in MODES] + [("hybrid", "rrf")])


@given(query=QUERIES, kind=KINDS, threshold=st.sampled_from([None, 0.1, 0.3]))
def test_a_search_equals_scoring_every_child(
    parents: KnowledgeBase,
    brute_force: BruteForce,
    query: str,
    kind: tuple[Any, Any],
    threshold: float | None,
) -> None:
    mode, fusion = kind
    threshold = None if fusion == "rrf" else threshold
    hits = parents.search(query, mode=mode, fusion=fusion, top_k=100, threshold=threshold)
    # What a model of 16 dimensions calls evidence of 0 is sometimes 1e-9.
    found = [hit for hit in hits if hit.score > ROUNDING]
    expected = brute_force.best(query, mode, fusion, threshold or 0.0)
    assert [hit.score for hit in found] == pytest.approx(
        sorted(expected.values(), reverse=True), abs=ROUNDING
    )
    scores = brute_force.scores(query, mode, fusion)
    by_id = {child.id: scores[child.point] for child in brute_force.children}
    for hit in found:
        assert hit.score == pytest.approx(expected[hit.chunk.id], abs=ROUNDING)
        assert hit.score == hit.children[0].score
        listed = [child.score for child in hit.children]
        assert listed == sorted(listed, reverse=True)
        assert listed == pytest.approx([by_id[child.id] for child in hit.children], abs=ROUNDING)


@given(query=QUERIES, kind=KINDS, k=st.integers(1, 12))
def test_as_many_parents_as_asked_for_and_the_first_of_a_longer_search(
    parents: KnowledgeBase, query: str, kind: tuple[Any, Any], k: int
) -> None:
    def run(top_k: int) -> list[tuple[str, list[str]]]:
        found = parents.search(query, mode=kind[0], fusion=kind[1], top_k=top_k)
        return [(hit.chunk.id, sorted(child.id for child in hit.children)) for hit in found]

    everything = run(100)
    assert len(run(k)) == min(k, len(everything))
    # Equal scores of children may come in either order: parents may not.
    assert run(k) == everything[:k]


def test_a_child_that_answers_brings_its_parent(workspace: Workspace) -> None:
    """One parent with many children that answer does not push the others out."""
    kb = workspace.create(
        "kb", structure="parent-child", embedding=EMBEDDING, parent_mode="full-doc", child_max_length=50
    )
    many = "\n".join(f"The warranty of part {number} is two years long." for number in range(40))
    others = [Document(name=f"{name}", text=f"A warranty for {name} is short.") for name in ("hats", "shoes")]
    kb.ingest([Document(name="parts", text=many), *others])
    for fusion in ("weighted", "rrf"):
        found = kb.search("warranty", top_k=3, fusion=fusion)  # type: ignore[arg-type]
        assert sorted(hit.document.key for hit in found) == ["hats", "parts", "shoes"]
    parts = next(hit for hit in kb.search("warranty") if hit.document.key == "parts")
    assert parts.content == many
    assert len(parts.children) == 40
    assert all(child.content in many and len(child.content) <= 50 for child in parts.children)


def test_stored_children_are_spans_of_their_parent(parents: KnowledgeBase) -> None:
    for record in parents.documents():
        text, chunks = parents.text(record.id), parents.chunks(record.id)
        assert record.chunks == len(chunks)
        for chunk in chunks:
            assert "".join("".join(child.content for child in chunk.children).split()) == "".join(
                chunk.content.split()
            )
            for position, child in enumerate(chunk.children):
                assert child.position == position
                assert text[child.start : child.end] == child.content
                assert chunk.start <= child.start <= child.end <= chunk.end


def points(kb: KnowledgeBase) -> set[int]:
    return kb._generation.index.point_ids()


def searched(kb: KnowledgeBase) -> set[int]:
    records: list[ChunkRecord | ChildRecord] = []
    for document in kb.documents():
        for chunk in kb.chunks(document.id):
            records += chunk.children or (chunk,)
    return {record.point for record in records}


def ids(kb: KnowledgeBase, document: str) -> set[str]:
    return {
        id_ for chunk in kb.chunks(document) for id_ in (chunk.id, *(child.id for child in chunk.children))
    }


@pytest.fixture
def report(workspace: Workspace) -> KnowledgeBase:
    """Several pages of text, each heading with its subject."""
    source = random.Random(11)
    pages = [f"# {word}\n\n" + "\n\n".join(sentences(source, 8) for _ in range(6)) for word in WORDS]
    kb = workspace.create("report", structure="parent-child", embedding=EMBEDDING)
    kb.ingest([Document(name="report", text="\n\n".join(pages)), *random_documents(3)])
    return kb


def test_the_index_holds_the_children_alone(report: KnowledgeBase) -> None:
    assert points(report) == searched(report)
    assert report.document("report").chunks < len(points(report))
    with report._store.read() as connection:
        assert versions.active_points(connection, report.id) == points(report)


def test_children_come_and_go_with_their_document(report: KnowledgeBase) -> None:
    before = ids(report, "report")
    text = report.text("report")
    changed = Document(name="report", text=f"{'new ' * 124}\n\n{text}")
    assert report.ingest(changed).documents[0].status == "replaced"
    assert points(report) == searched(report)
    assert len(before & ids(report, "report")) > 0.9 * len(before)
    report.remove("report")
    assert points(report) == searched(report)
    assert {hit.document.key for hit in report.search("budget", top_k=100)} == {"00", "01", "02"}
    report.remove("00")
    report.remove("01")
    report.remove("02")
    with report._store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.child)).scalar_one() == 0


def test_a_rebuild_changes_nothing(report: KnowledgeBase) -> None:
    before = report.search("年假 budget", top_k=50)
    report.rebuild()
    after = report.search("年假 budget", top_k=50)
    assert [hit.chunk for hit in after] == [hit.chunk for hit in before]
    assert [hit.score for hit in after] == pytest.approx([hit.score for hit in before], abs=ROUNDING)
    assert points(report) == searched(report)


def test_dropping_a_base_leaves_no_child(workspace: Workspace, report: KnowledgeBase) -> None:
    workspace.drop("report")
    with workspace.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.child)).scalar_one() == 0


ENDS_BEFORE_THE_SWITCH = """
import os, sys
from knowledge import Document, Workspace, generations
add = generations.Generation.add
def add_and_end(self, *given):
    add(self, *given)
    os._exit(9)
generations.Generation.add = add_and_end
with Workspace(sys.argv[1]) as workspace:
    workspace.open("kb").ingest(Document(name="b", text=sys.argv[2]))
"""


def test_children_of_a_killed_ingestion_are_gone(tmp_path: Path) -> None:
    text = sentences(random.Random(3), 60)
    with Workspace(tmp_path) as workspace:
        kb = workspace.create("kb", structure="parent-child", embedding=EMBEDDING)
        kb.ingest(Document(name="a", text=text))
        before = points(kb)
    killed = subprocess.run(
        [sys.executable, "-c", ENDS_BEFORE_THE_SWITCH, str(tmp_path), text[::-1]], check=False
    )
    assert killed.returncode == 9
    with Workspace(tmp_path) as workspace:
        kb = workspace.open("kb")
        assert points(kb) == searched(kb) == before
        kb.ingest(Document(name="b", text=text[::-1]))
        assert points(kb) == searched(kb) > before


def test_metadata_reaches_the_children(report: KnowledgeBase) -> None:
    report.set_metadata("report", {"year": 2025})
    assert {hit.document.key for hit in report.search("budget", top_k=100, where="year = 2025")} == {"report"}
    others = report.search("budget", top_k=100, where="year empty")
    assert {hit.document.key for hit in others} == {"00", "01", "02"}


def test_a_full_document_is_cut_off_and_says_so(workspace: Workspace) -> None:
    kb = workspace.create(
        "kb", structure="parent-child", embedding=EMBEDDING, parent_mode="full-doc", full_doc_length=200
    )
    done = kb.ingest(Document(name="a", text=sentences(random.Random(1), 40))).documents[0]
    assert (done.status, done.chunks) == ("completed", 1)
    assert "are left out" in done.warnings[0]
    assert len(kb.chunks("a")[0].content) <= 200


@pytest.fixture
def long_report(workspace: Workspace) -> KnowledgeBase:
    """A document of thirty pages as one parent, each page with a heading and what only that page says."""
    text, blocks = "", []
    for number in range(1, 31):
        for kind, written in (
            ("heading", f"# Part {number}"),
            ("paragraph", f"Probe {number}x is calibrated."),
        ):
            place = Locator(page=number)
            blocks.append(
                Block(kind=kind, start=len(text), end=len(text) + len(written), level=1, locator=place)
            )
            text += written + "\n\n"
    kb = workspace.create(
        "long", structure="parent-child", embedding=EMBEDDING, parent_mode="full-doc", child_max_length=50
    )
    kb.ingest(Document(name="report.pdf", text=text, blocks=tuple(blocks)))
    return kb


def test_a_parent_of_many_pages_is_cited_at_its_child(
    long_report: KnowledgeBase, capsys: pytest.CaptureFixture[str]
) -> None:
    found = long_report.search("17x", mode="full-text", top_k=1)
    child = found[0].children[0]
    assert (child.locator, child.headings) == (Locator(page=17), ("Part 17",))
    assert found[0].locator == Locator(page=1, page_end=30)
    assert plain.hits(found)["hits"][0]["children"][0]["locator"] == {"page": 17}
    rendering.hits(found)
    assert "report.pdf · page 17 · Part 17\n" in capsys.readouterr().out


def test_a_record_of_the_server_says_where_its_children_stand(
    long_report: KnowledgeBase, workspace: Workspace
) -> None:
    bases = pytest.importorskip("knowledge.server.bases")
    asking = pytest.importorskip("knowledge.server.asking")
    record = bases.WorkspaceBases(workspace).find(asking.Question(knowledge_id="long", query="17x", top_k=1))[
        0
    ]
    best = record["metadata"]["children"][0]
    assert (best["content"], best["locator"]) == ("# Part 17\n\nProbe 17x is calibrated.", {"page": 17})


FAQ = {
    "leave.csv": "question,answer,similar questions\n年假有几天？,每年十天。,带薪假期多少天;假期有多长\n"
    'Can I work from home?,"Yes, two days a week.",remote work\n',
    "shop.md": "# Shop\n\n## How long is the warranty?\n\nTwo years.\n\n## 如何开发票？\n\n在订单页面申请。\n",
    "office.txt": "Q: Where is the office?\nA: In Oslo.\n\n问：几点上班？\n答：九点。\n",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "faq"
    folder.mkdir()
    for name, text in FAQ.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def faq(workspace: Workspace, files: Path) -> KnowledgeBase:
    kb = workspace.create("faq", structure="qa", embedding=EMBEDDING)
    assert not kb.ingest(files).failed
    return kb


@pytest.mark.parametrize(
    ("query", "question", "answer"),
    [
        ("年假几天", "年假有几天？", "每年十天。"),
        ("work from home", "Can I work from home?", "Yes, two days a week."),
        ("warranty", "How long is the warranty?", "Two years."),
        ("开发票", "如何开发票？", "在订单页面申请。"),
        ("office", "Where is the office?", "In Oslo."),
        ("上班", "几点上班？", "九点。"),
    ],
)
def test_questions_are_found_and_answers_shown(
    faq: KnowledgeBase, query: str, question: str, answer: str
) -> None:
    hit = faq.search(query, mode="full-text")[0]
    assert (hit.content, hit.answer) == (question, answer)
    text = faq.text(hit.document.id)
    assert text[hit.chunk.start : hit.chunk.end] == question


def test_the_answer_is_not_searched(faq: KnowledgeBase) -> None:
    assert not len(faq.search("Oslo", mode="full-text"))


def test_spellings_of_a_question_are_one_hit(faq: KnowledgeBase) -> None:
    hits = faq.search("带薪假期多少天 假期有多长", mode="full-text")
    assert [hit.content for hit in hits].count("年假有几天？") == 1
    assert {child.content for child in hits[0].children} >= {"带薪假期多少天", "假期有多长"}
    assert faq.document("leave.csv").chunks == 2
    assert points(faq) == searched(faq)


def test_lines_of_a_cell_are_spellings_and_lines_of_an_answer(faq: KnowledgeBase, files: Path) -> None:
    (files / "lines.csv").write_text(
        'question,answer,similar questions\nLost badge?,"Call us.\nBlock it.","a\nb"\n'
    )
    faq.ingest(files)
    hit = faq.search("lost badge", mode="full-text", top_k=1)[0]
    assert hit.answer == "Call us.\nBlock it."
    assert [child.content for child in faq.chunks("lines.csv")[0].children] == ["Lost badge?", "a", "b"]


def test_line_breaks_of_cells_are_not_searched(workspace: Workspace) -> None:
    row = "| first<br>second | `<br>` |"
    kb = workspace.create("kb")
    kb.ingest([Document(name="row", text=row.replace("`<br>`", "x")), Document(name="code", text=row)])
    assert [hit.document.key for hit in kb.search("br")] == ["code"]
    assert len(kb.search("second")) == 2


def test_another_answer_keeps_the_id_of_its_question(faq: KnowledgeBase, files: Path) -> None:
    before = ids(faq, "office.txt")
    (files / "office.txt").write_text(FAQ["office.txt"].replace("Oslo", "Bergen"), encoding="utf-8")
    faq.ingest(files)
    assert ids(faq, "office.txt") == before
    assert faq.search("office", mode="full-text")[0].answer == "In Bergen."


def test_what_holds_no_questions_is_an_error_of_its_file(faq: KnowledgeBase) -> None:
    done = faq.ingest([Document(name="prose", text="Just prose."), Document(name="x", text="Q: a\nA: b")])
    assert [document.key for document in done.failed] == ["prose"]
    assert "no question-answer pairs found" in (done.failed[0].error or "")


def test_columns_by_name_and_their_absence(workspace: Workspace, tmp_path: Path) -> None:
    kb = workspace.create(
        "kb", structure="qa", embedding=EMBEDDING, question_columns=["title"], answer_column="C"
    )
    for name, header in (("good", "title,id,body"), ("bad", "name,id,body")):
        (tmp_path / f"{name}.csv").write_text(f"{header}\nWho?,7,Me.\n")
    done = kb.ingest([tmp_path / "good.csv", tmp_path / "bad.csv"])
    assert "no table has the columns 'title', 'C'" in (done.failed[0].error or "")
    assert [(chunk.content, chunk.answer) for chunk in kb.chunks("good.csv")] == [("Who?", "Me.")]


@pytest.mark.parametrize("structure", ["parent-child", "qa"])
def test_structures_need_vectors(workspace: Workspace, structure: Any) -> None:
    with pytest.raises(InputError, match="needs high_quality indexing, economy was given"):
        workspace.create("kb", structure=structure, indexing="economy")
    assert workspace.create("kb", structure=structure, embedding=EMBEDDING).record.indexing == "high_quality"


@pytest.mark.parametrize(
    ("structure", "options", "said"),
    [
        ("general", {"child_max_length": 100}, "child_max_length is not an option of the structure general"),
        ("qa", {"max_length": 100}, "max_length is not an option of the structure qa"),
        ("parent-child", {"answer_column": "A"}, "not an option of the structure parent-child"),
        ("parent-child", {"parent_mode": "full-doc", "overlap": 5}, "full-doc"),
        ("parent-child", {"parent_mode": "page"}, "allowed: paragraph, full-doc"),
        ("parent-child", {"child_max_length": 10}, "from 50 to 4000"),
    ],
)
def test_options_of_another_structure_are_refused(structure: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ProcessRule.chosen(structure, **options)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("structure", "options"),
    [
        ("general", {"row_per_chunk": True, "merge": False}),
        ("parent-child", {"child_delimiters": ["。"], "keep_delimiter": False}),
        ("parent-child", {"parent_mode": "full-doc"}),
        ("qa", {"question_columns": ["q", 3], "answer_column": 0}),
    ],
)
def test_a_stored_rule_is_the_same_rule(structure: Any, options: dict[str, Any]) -> None:
    rule = ProcessRule.chosen(structure, **options)  # type: ignore[typeddict-item]
    stored = json.loads(json.dumps(rule.as_settings()))
    assert ProcessRule.from_settings(structure, stored).signature == rule.signature
    assert ProcessRule.chosen(structure).signature != rule.signature


def test_parents_do_not_overlap(workspace: Workspace) -> None:
    assert workspace.create("kb", structure="parent-child", embedding=EMBEDDING).rule.overlap == 0


Command = Callable[..., Any]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str, expected: int = 0) -> Any:
        assert main([*arguments, "--workspace", str(tmp_path / "workspace")]) == expected
        out = capsys.readouterr().out
        return json.loads(out) if "--json" in arguments else out

    return run


def test_a_question_base_on_the_command_line(command: Command, files: Path) -> None:
    options = ("--kb", "faq", "--structure", "qa", "--embedding", EMBEDDING)
    command("ingest", str(files), *options)
    again = command("ingest", str(files), *options, "--json")
    assert {document["status"] for document in again["documents"]} == {"unchanged"}
    command("ingest", str(files), "--kb", "faq", "--question-column", "x", expected=2)
    hit = command("search", "office", "--kb", "faq", "--mode", "full-text", "--json")["hits"][0]
    assert (hit["content"], hit["answer"]) == ("Where is the office?", "In Oslo.")
    assert "children" not in hit
    shown_lines = command("search", "office", "--kb", "faq", "--mode", "full-text").splitlines()
    assert [line.strip() for line in shown_lines[1:3]] == ["Where is the office?", "→ In Oslo."]
    chunks = command("chunks", "faq", "leave.csv", "--json", "--check")
    assert chunks["findings"] == []
    assert chunks["chunks"][0]["answer"] == "每年十天。"
    assert [child["content"] for child in chunks["chunks"][0]["children"]] == [
        "年假有几天？",
        "带薪假期多少天",
        "假期有多长",
    ]
    assert "→ 每年十天。" in command("chunks", "faq", "leave.csv")


def test_a_parent_child_base_on_the_command_line(command: Command, tmp_path: Path) -> None:
    text = "\n\n".join(f"{word} " + sentences(random.Random(number), 12) for number, word in enumerate(WORDS))
    (tmp_path / "report.txt").write_text(text, encoding="utf-8")
    options = ("--structure", "parent-child", "--max-length", "600", "--child-max-length", "80")
    command("ingest", str(tmp_path / "report.txt"), "--kb", "report", "--embedding", EMBEDDING, *options)
    hit = command("search", "warranty probe", "--kb", "report", "--json", "--top-k", "2")["hits"][0]
    best = hit["children"][0]
    assert set(best) == {"id", "content", "score", "start", "end", "headings", "locator"}
    assert best["score"] == hit["score"]
    assert best["content"] in hit["content"]
    assert best["content"] in command("search", "warranty probe", "--kb", "report", "--top-k", "1")
    marked = command("search", "warranty probe", "--kb", "report", "--top-k", "1", "--highlight")
    assert "**warranty**" in marked or "**probe**" in marked
    stored = command("chunks", "report", "report.txt", "--json")["chunks"]
    cut = command("chunk", str(tmp_path / "report.txt"), *options, "--json")["chunks"]
    assert [chunk["content"] for chunk in cut] == [chunk["content"] for chunk in stored]
    assert [
        [(child["content"], child["start"], child["end"]) for child in chunk["children"]] for chunk in cut
    ] == [
        [(child["content"], child["start"], child["end"]) for child in chunk["children"]] for chunk in stored
    ]


def test_chunk_shows_questions_and_findings(command: Command, files: Path, tmp_path: Path) -> None:
    pairs = command("chunk", str(files / "office.txt"), "--structure", "qa", "--json")["chunks"]
    assert [(pair["question"], pair["answer"]) for pair in pairs] == [
        ("Where is the office?", "In Oslo."),
        ("几点上班？", "九点。"),
    ]
    command("chunk", str(files / "leave.csv"), "--structure", "qa", "--question-column", "no", expected=2)
    (tmp_path / "short.txt").write_text("Tiny.")
    found = command("chunk", str(tmp_path / "short.txt"), "--check", "--json")["findings"]
    assert [finding["problem"] for finding in found] == ["too short"]
    assert "check: chunk 0: too short" in command("chunk", str(tmp_path / "short.txt"), "--check")


def test_a_preview_is_what_an_ingestion_stores(command: Command, files: Path, tmp_path: Path) -> None:
    (files / "prose.txt").write_text("No question here.")
    options = (str(files), "--kb", "faq", "--structure", "qa", "--embedding", EMBEDDING)
    previewed = command("ingest", *options, "--preview", "--json", expected=1)
    assert not (tmp_path / "workspace").exists()
    ingested = command("ingest", *options, "--json", expected=1)
    counts = [(document["key"], document["chunks"], document["error"]) for document in previewed["documents"]]
    assert counts == [
        (document["key"], document["chunks"], document["error"]) for document in ingested["documents"]
    ]
    first = previewed["documents"][0]
    assert first["sizes"] == {"min": len("年假有几天？"), "median": 13.5, "max": len("Can I work from home?")}
    assert first["first"][0]["answer"] == "每年十天。"
    assert "nothing was stored" in command("ingest", *options, "--preview", expected=1)
    # An existing base is previewed by its own rule, and other options are refused.
    command("ingest", str(files), "--kb", "faq", "--preview", "--max-length", "100", expected=2)


def test_a_record_of_the_server_holds_question_and_answer(faq: KnowledgeBase, workspace: Workspace) -> None:
    bases = pytest.importorskip("knowledge.server.bases")
    asking = pytest.importorskip("knowledge.server.asking")
    asked = asking.Question(knowledge_id="faq", query="Where is the office", top_k=1)
    record = bases.WorkspaceBases(workspace).find(asked)[0]
    assert record["content"] == "question:Where is the office? answer:In Oslo."


def test_children_from_before_their_places_were_noted(
    long_report: KnowledgeBase, workspace: Workspace
) -> None:
    folder = workspace.folder
    with workspace.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE child DROP COLUMN headings")
        connection.exec_driver_sql("ALTER TABLE child DROP COLUMN locator")
        before = schema.MIGRATIONS.index(schema._keep_places_of_children)
        connection.exec_driver_sql(f"PRAGMA user_version = {before}")
    workspace.close()
    with Workspace(folder) as again:
        kb = again.open("long")
        hit = kb.search("17x", mode="full-text", top_k=1)[0]
        assert (hit.children[0].locator, hit.children[0].headings) == (Locator(), ())
        kb.ingest(Document(name="new", text="A new probe."))
        assert kb.search("new", mode="full-text", top_k=1)[0].children[0].locator == Locator(line=1)


def test_a_workspace_of_before_gets_its_columns(tmp_path: Path, folder: Path) -> None:
    with Workspace(tmp_path / "old") as workspace:
        workspace.create("kb").ingest(folder)
        with workspace.store.write() as connection:
            connection.exec_driver_sql("DROP TABLE child")
            connection.exec_driver_sql("ALTER TABLE chunk DROP COLUMN answer")
            connection.exec_driver_sql(
                f"PRAGMA user_version = {schema.MIGRATIONS.index(schema._keep_children_and_answers)}"
            )
    with Workspace(tmp_path / "old") as workspace:
        assert [hit.document.key for hit in workspace.open("kb").search("hotel")] == ["travel.txt"]
        assert not workspace.open("kb").ingest(folder).failed
