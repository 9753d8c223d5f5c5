"""Golden queries as tests: pytest collects every `*.golden.toml`, one test for each query, see `knowledge.golden`.

A query fails when it is worse than its own floor or the one in the floor file. Floors are raised with
`--golden-raise` and lowered only with `--golden-lower`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from knowledge.golden import Floor, GoldenFile, GoldenQuery, Reached
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.types import Hits

SUFFIX: Final = ".golden.toml"
HITS_SHOWN: Final = 5
_REPORT: Final = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("knowledge", "golden queries of knowledge bases")
    group.addoption("--golden-raise", action="store_true", help="write the floors that are reached now")
    group.addoption("--golden-lower", action="store_true", help="accept and write floors that are lower")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REPORT] = []


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> GoldenCollector | None:
    if not file_path.name.endswith(SUFFIX):
        return None
    return GoldenCollector.from_parent(parent, path=file_path)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for line in config.stash[_REPORT]:
        terminalreporter.write_line(line)


class GoldenFailure(AssertionError):
    """A golden query found less than its floor."""


class GoldenCollector(pytest.File):
    """One golden file. Its knowledge base is open while its tests run; afterwards floors are written."""

    golden: GoldenFile
    kb: KnowledgeBase
    floors: dict[str, Floor]

    def collect(self) -> Iterator[GoldenTest]:
        from knowledge.errors import KnowledgeError
        from knowledge.golden import floors_path, read_floors, read_golden

        try:
            self.golden = read_golden(self.path)
            self.floors = read_floors(floors_path(self.path))
        except KnowledgeError as error:
            raise self.CollectError(str(error)) from None
        self._check_none_is_gone()
        for query in self.golden.queries:
            yield GoldenTest.from_parent(self, name=query.query, query=query)

    def _check_none_is_gone(self) -> None:
        """A query that is taken out would take its floor with it."""
        gone = self.floors.keys() - {query.query for query in self.golden.queries}
        if gone and not self.config.getoption("--golden-lower"):
            raise self.CollectError(
                f"{self.path.name} no longer has {', '.join(map(repr, sorted(gone)))}, whose floors are kept; put "
                "them back, or give up their floors with --golden-lower"
            )

    def setup(self) -> None:
        from knowledge.golden import opened

        # pytest tears down what it could not set up too.
        self.reached: dict[str, Reached] = {}
        self._at_end = ExitStack()
        self.kb = self._at_end.enter_context(opened(self.golden))

    def teardown(self) -> None:
        self._at_end.close()
        self._keep_floors()

    def _keep_floors(self) -> None:
        """Writes the floors that changed, as far as the options allow, else says how many could be raised."""
        from knowledge.golden import floors_path, write_floors

        after = dict(self._after())
        if after == self.floors:
            return
        path = floors_path(self.path)
        changed = sum(self.floors.get(query) != floor for query, floor in after.items())
        gone = len(self.floors.keys() - after.keys())
        if self.config.getoption("--golden-raise") or self.config.getoption("--golden-lower"):
            write_floors(path, after)
            said = f"{path.name}: {changed} floors written, {gone} given up"
        else:
            said = f"{path.name}: {changed} floors can be raised; write them with --golden-raise"
        self.config.stash[_REPORT].append(said)

    def _after(self) -> Iterator[tuple[str, Floor]]:
        """The floors as they should be: in the order of the file, those of queries that did not run as they were."""
        lowers = self.config.getoption("--golden-lower")
        raises = self.config.getoption("--golden-raise") or not lowers
        for query in self.golden.queries:
            before, found = self.floors.get(query.query), self.reached.get(query.query)
            after = before
            if found is not None and before is not None and found.problems(before):
                after = found.as_floor() if lowers else before
            elif found is not None and raises:
                after = found.as_floor().joined(before) if before else found.as_floor()
            if after is not None:
                yield query.query, after


class GoldenTest(pytest.Item):
    """One golden query."""

    parent: GoldenCollector

    def __init__(self, *, query: GoldenQuery, **of_node: Any) -> None:
        super().__init__(**of_node)
        self._query = query

    def runtest(self) -> None:
        from knowledge.golden import Floor, missing_document, reached

        kb, query = self.parent.kb, self._query
        if (missing := missing_document(kb, query)) is not None:
            raise GoldenFailure(f"{kb.name!r} has no document {missing!r}")
        hits = kb.search(query.query, top_k=self.parent.golden.top_k)
        found = reached(query, hits.hits)
        kept = (
            Floor()
            if self.config.getoption("--golden-lower")
            else self.parent.floors.get(query.query, Floor())
        )
        problems = found.problems(query.floor.joined(kept))
        if found.rank is not None and not found.problems(query.floor):
            self.parent.reached[query.query] = found
        if problems:
            raise GoldenFailure("\n".join((f"{query.query}: {'; '.join(problems)}", *_found(hits))))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from knowledge.errors import KnowledgeError

        if isinstance(excinfo.value, GoldenFailure | KnowledgeError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


def _found(hits: Hits) -> list[str]:
    from knowledge.rendering import citation

    return [f"  {rank}. {citation(hit)}" for rank, hit in enumerate(hits.hits[:HITS_SHOWN], 1)] or [
        "  no hit"
    ]
