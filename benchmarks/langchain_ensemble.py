"""LangChain's hybrid search: its `EnsembleRetriever` over its `BM25Retriever` and any search by vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Words = tuple[Callable[[str], list[str]], Callable[[str], list[str]]]
"""How the words of texts are found, and those of questions."""


def ensemble(
    texts: Sequence[str], nearest: Callable[[str], list[int]], depth: int, words: Words | None = None
) -> Callable[[str], list[int]]:
    """A search that gives positions in `texts`, best first: weights .5 and .5, its own c of 60, `depth` of each leg.

    Without `words` a text is divided where there is white space, as `BM25Retriever` does by itself.
    """
    from langchain_classic.retrievers import EnsembleRetriever
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    documents = [Document(page_content=text, metadata={"at": at}) for at, text in enumerate(texts)]

    class Nearest(BaseRetriever):  # type: ignore[misc]
        """The leg of the vectors."""

        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return [documents[at] for at in nearest(query)]

    retriever = EnsembleRetriever(
        retrievers=[_bm25(documents, depth, words), Nearest()], weights=[0.5, 0.5], id_key="at"
    )
    return lambda query: [document.metadata["at"] for document in retriever.invoke(query)]


def _bm25(documents: Sequence[Any], depth: int, words: Words | None) -> Any:
    from langchain_community.retrievers import BM25Retriever

    if words is None:
        return BM25Retriever.from_documents(documents, k=depth)
    of_texts, of_questions = words
    retriever = BM25Retriever.from_documents(documents, k=depth, preprocess_func=of_texts)
    retriever.preprocess_func = of_questions
    return retriever
