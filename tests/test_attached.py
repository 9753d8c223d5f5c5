"""Files inside files are documents of their own; pictures stay as long as a document has them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.images import image_of
from knowledge import KnowledgeBase, Workspace, schema
from knowledge.attached import unpacked
from knowledge.ingest_report import IngestReport
from knowledge.sources import Source
from knowledge.types import Document, Image

MINUTES = Document(name="minutes.txt", text="The harbour committee met on Tuesday.")
ANNEX = Document(name="annex.txt", text="Cranes need an inspection every spring.")
BUNDLE = Document(name="bundle.zip", text="", attachments=(ANNEX,))
MAIL = Document(name="mail.eml", text="Subject: minutes attached", attachments=(MINUTES, BUNDLE))


def picture(seed: int) -> Image:
    found = image_of(b"\x89PNG\r\n\x1a\n" + bytes([seed]) * 40)
    assert found is not None
    return found


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with Workspace(tmp_path / "workspace") as workspace:
        yield workspace.create("post")


def keys(kb: KnowledgeBase) -> list[str]:
    return [record.key for record in kb.documents()]


def test_each_file_inside_is_found_and_cited_by_its_path(kb: KnowledgeBase) -> None:
    kb.ingest(MAIL)
    assert keys(kb) == ["mail.eml", "mail.eml/bundle.zip/annex.txt", "mail.eml/minutes.txt"]
    assert kb.search("crane inspection")[0].document.key == "mail.eml/bundle.zip/annex.txt"


def test_a_file_that_only_holds_others_is_a_document_without_chunks(kb: KnowledgeBase) -> None:
    report = kb.ingest(BUNDLE)
    assert [(d.key, d.status, d.chunks) for d in report.documents] == [
        ("bundle.zip", "completed", 0),
        ("bundle.zip/annex.txt", "completed", 1),
    ]


def test_twice_changes_nothing(kb: KnowledgeBase) -> None:
    kb.ingest(MAIL)
    before = kb.documents()
    assert {d.status for d in kb.ingest(MAIL).documents} == {"unchanged"}
    assert kb.documents() == before


def test_what_is_no_longer_inside_is_removed(kb: KnowledgeBase) -> None:
    kb.ingest(MAIL)
    kb.ingest(replace(MAIL, attachments=(MINUTES,)))
    assert keys(kb) == ["mail.eml", "mail.eml/minutes.txt"]
    assert not kb.search("crane inspection")


def test_only_the_file_that_changed_is_processed_again(kb: KnowledgeBase) -> None:
    kb.ingest(MAIL)
    edited = replace(MINUTES, text="The harbour committee met on Friday.")
    report = kb.ingest(replace(MAIL, attachments=(edited, BUNDLE)))
    assert {d.key: d.status for d in report.documents} == {
        "mail.eml": "replaced",
        "mail.eml/minutes.txt": "replaced",
        "mail.eml/bundle.zip/annex.txt": "unchanged",
    }


def test_metadata_is_that_of_all(kb: KnowledgeBase) -> None:
    kb.ingest(MAIL)
    kb.ingest(MAIL, metadata={"year": 2026})
    assert {record.metadata["year"] for record in kb.documents()} == {2026}
    assert len(kb.search("crane inspection", where="year = 2026")) == 1


def test_removing_a_file_removes_what_was_inside(kb: KnowledgeBase) -> None:
    kb.ingest([MAIL, Document(name="other.txt", text="Something else about cranes.")])
    kb.remove("mail.eml")
    assert keys(kb) == ["other.txt"]


def test_pictures_are_kept_while_a_document_has_them(kb: KnowledgeBase) -> None:
    first = Document(name="a.txt", text="alpha", images=(picture(1), picture(2)))
    second = Document(name="b.txt", text="beta", images=(picture(2),))
    kb.ingest([first, second])
    paths = {path.name: path for path in kb.images("a.txt")}
    assert paths[picture(1).name].read_bytes() == picture(1).data
    kb.ingest(replace(first, images=()))
    assert not paths[picture(1).name].exists()
    assert paths[picture(2).name].exists()
    kb.remove("b.txt")
    assert not paths[picture(2).name].exists()


NAMES = st.sampled_from(["a", "b", "a (2)"])
TREES = st.recursive(
    st.builds(Document, name=NAMES, text=st.just("text")),
    lambda inside: st.builds(
        Document,
        name=NAMES,
        text=st.sampled_from(["", "text"]),
        attachments=st.lists(inside, min_size=1, max_size=4).map(tuple),
    ),
    max_leaves=12,
)


def texts(document: Document) -> int:
    own = bool(document.text.strip() or not document.attachments)
    return own + sum(map(texts, document.attachments))


@given(TREES)
@settings(deadline=None)
def test_every_file_inside_has_a_key_of_its_own(tree: Document) -> None:
    _, found = unpacked(Source(key="top", name="top", document=tree), tree)
    assert len({source.key for source in found}) == len(found) == sum(map(texts, tree.attachments))


def statuses(report: IngestReport) -> dict[str, str]:
    return {document.key: document.status for document in report.documents}


def test_retry_tries_the_files_inside_again(kb: KnowledgeBase) -> None:
    broken = Document(name="broken.txt", text="a lone surrogate \ud800")
    mail = replace(MAIL, attachments=(MINUTES, broken))
    assert statuses(kb.ingest(mail))["mail.eml/broken.txt"] == "error"
    assert statuses(kb.ingest(mail))["mail.eml"] == "unchanged"
    again = statuses(kb.ingest(mail, retry=True))
    assert again == {
        "mail.eml": "replaced",
        "mail.eml/minutes.txt": "unchanged",
        "mail.eml/broken.txt": "error",
    }


def test_a_password_lets_what_needed_one_be_tried_again(kb: KnowledgeBase) -> None:
    mail = replace(MAIL, warnings=("secret.pdf was not read: it is encrypted; give its password",))
    kb.ingest(mail)
    assert statuses(kb.ingest(mail))["mail.eml"] == "unchanged"
    assert statuses(kb.ingest(mail, password="x"))["mail.eml"] == "replaced"


def test_text_that_says_nothing_does_not_keep_what_is_gone(tmp_path: Path) -> None:
    def faq(name: str) -> Document:
        return Document(name=name, text=f"Q: What is {name}?\nA: A file.\n")

    mail = Document(name="mail.eml", text="See the files.", attachments=(faq("one"), faq("two")))
    with Workspace(tmp_path / "workspace") as workspace:
        kb = workspace.create("faq", structure="qa", embedding="hash:16")
        report = kb.ingest(mail)
        assert statuses(report)["mail.eml"] == "completed"
        assert any("no question-answer pairs" in warning for warning in report.documents[0].warnings)
        kb.ingest(replace(mail, attachments=(faq("one"),)))
        assert keys(kb) == ["mail.eml", "mail.eml/one"]


def test_what_a_killed_ingestion_left_is_cleared_up(kb: KnowledgeBase) -> None:
    kb.ingest(MAIL)
    with kb._store.write() as connection:
        connection.execute(schema.document.delete().where(schema.document.c.key == "mail.eml"))
    kb.ingest(replace(MAIL, attachments=(MINUTES,)))
    assert keys(kb) == ["mail.eml", "mail.eml/minutes.txt"]


def test_two_files_cannot_have_one_key(kb: KnowledgeBase) -> None:
    own = Source(key="mail.eml/minutes.txt", name="minutes.txt", document=Document(text="Mine."))
    report = kb.ingest_sources([Source(key="mail.eml", name="mail.eml", document=MAIL), own])
    (refused,) = report.failed
    assert "another source is known by the key 'mail.eml/minutes.txt' too" in (refused.error or "")
    assert kb.text("mail.eml/minutes.txt") == "Mine."


def test_a_file_that_was_removed_comes_back(kb: KnowledgeBase) -> None:
    kb.ingest(MAIL)
    kb.remove("mail.eml/minutes.txt")
    kb.ingest(MAIL)
    assert "mail.eml/minutes.txt" in keys(kb)


def test_warnings_of_what_is_left_out_are_told(kb: KnowledgeBase) -> None:
    bundle = replace(BUNDLE, warnings=("secret.pdf was not read",))
    report = kb.ingest(replace(MAIL, attachments=(bundle,)))
    assert report.documents[0].warnings == ("bundle.zip: secret.pdf was not read",)
