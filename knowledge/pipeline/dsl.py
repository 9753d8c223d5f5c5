"""Pipelines as text: the YAML that Dify exports, read into records and written again.

Nothing that stands in the YAML is lost: a `Pipeline` keeps the whole of it beside what it understands, so that an
exported pipeline is the imported one, with positions on the canvas, notes and fields of versions to come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from knowledge.errors import BrokenPipeline

KIND: Final = "rag_pipeline"
VERSION: Final = "0.1.0"
SIZE_LIMIT: Final = 10_000_000
"""Bytes, as in Dify."""
VALUES_LIMIT: Final = 1_000_000
"""Values of a whole file with its aliases written out: a real pipeline has some thousands."""
DEPTH_LIMIT: Final = 100
"""Lists and objects within each other, with aliases written out."""
NUMBER_LIMIT: Final = 1000
"""Characters of a number: reading `1:1:1:…` takes the square of its length, and Python writes no longer ones."""
NOTE: Final = "custom-note"

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SEPARATORS: Final = re.compile("[\x85\u2028\u2029\ufeff]")
_NUMBER: Final = re.compile(r"[-+.0-9][-+.0-9a-fA-Fx:_]*")
_MERGE: Final = "<<"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step. `data` are its settings as they stand in the file."""

    id: str
    type: str
    title: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.title} ({self.id})" if self.title else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """From a node to one that runs after it, when `handle` is the branch that is taken; `source` is always."""

    source: str
    target: str
    handle: str = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputVariable:
    """A field of the form that a person fills in before a run."""

    belongs_to: str
    """`shared`, or the id of the entrance that it is asked for."""
    name: str
    type: str
    label: str = ""
    required: bool = False
    default: Any = None
    options: tuple[Any, ...] = ()
    max_length: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """All of it, as it stands in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What is drawn. `content` is the whole file; the rest is what of it is understood."""

    name: str
    description: str = ""
    version: Any = VERSION
    nodes: tuple[Node, ...] = ()
    """Without notes."""
    edges: tuple[Edge, ...] = ()
    inputs: tuple[InputVariable, ...] = ()
    dependencies: tuple[str, ...] = ()
    """The plugins that it was drawn with, as `author/name:version`."""
    environment: Mapping[str, Any] = field(default_factory=dict)
    malformed: tuple[str, ...] = ()
    """What is not of the shape that it should be, and was left out."""
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)

    def of_type(self, kind: str) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.type == kind)


def read_pipeline(text: str | bytes) -> Pipeline:
    """The pipeline of a YAML text. What is wrong within it is found by `problems`.

    Raises `BrokenPipeline` for a text that is no YAML, too large, or no knowledge pipeline at all.
    """
    content = _loaded(text)
    if not isinstance(content, Mapping):
        raise BrokenPipeline(["the file holds no pipeline; export it as DSL in Dify and give that file"])
    return pipeline_of(content)


def write_pipeline(pipeline: Pipeline) -> str:
    """The YAML of a pipeline, as Dify imports it."""
    text: str = yaml.dump(dict(pipeline.content), Dumper=_Dumper, allow_unicode=True, sort_keys=False)
    return text


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes every value where it stands, and texts so that they are read as they were."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # Unquoted or in single quotes, YAML takes these for line breaks or marks, and folds them.
    style = '"' if _SEPARATORS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _loaded(text: str | bytes) -> Any:
    size = len(text if isinstance(text, bytes) else text.encode(errors="replace"))
    if size > SIZE_LIMIT:
        raise BrokenPipeline([f"the file has {size} bytes; allowed: {SIZE_LIMIT}"])
    try:
        _check_events(text)
        content = yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split()).replace('in "<byte string>", ', "in ")
        raise BrokenPipeline([f"the file is no YAML: {reason[:300]}"]) from None
    _check_size(content)
    return content


def _check_events(text: str | bytes) -> None:
    """Refuses what reading would take too deep or too long, and tags, which Dify never writes.

    Reading nested lists recurses, and merge keys (`<<`) are multiplied while they are read.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        _check_event(event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_LIMIT:
                raise BrokenPipeline([f"the file is nested more than {DEPTH_LIMIT} deep"])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_event(event: yaml.Event) -> None:
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise BrokenPipeline(
            [f"the file has the tag {tag[:60]}; leave out all tags (!), and write texts in quotes"]
        )
    if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
        if event.value == _MERGE:
            raise BrokenPipeline(["the file has a merge key (<<); write out what it stands for"])
        if len(event.value) > NUMBER_LIMIT and _NUMBER.fullmatch(event.value):
            raise BrokenPipeline(
                [f"the file has a number of {len(event.value)} characters; allowed: {NUMBER_LIMIT}"]
            )


def _check_size(content: Any) -> None:
    """Aliases let a few lines stand for millions of values, for a great depth, or for themselves."""
    waiting, count = [(content, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > DEPTH_LIMIT:
            raise BrokenPipeline([f"the file is nested more than {DEPTH_LIMIT} deep by its aliases (*)"])
        if count > VALUES_LIMIT:
            raise BrokenPipeline(
                [f"the file holds more than {VALUES_LIMIT} values; leave out its aliases (*)"]
            )
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((inner, depth + 1) for inner in inside)


def pipeline_of(content: Mapping[str, Any]) -> Pipeline:
    """The pipeline of a file's content, also of one made in Python. Raises `BrokenPipeline` for other kinds."""
    if content.get("kind") != KIND:
        raise BrokenPipeline(
            [f"the kind is {content.get('kind')!r}; allowed: {KIND} (an app's DSL is no knowledge pipeline)"]
        )
    malformed: list[str] = []
    about = _mapping(content, "rag_pipeline", "", malformed)
    workflow = _mapping(content, "workflow", "", malformed)
    graph = _mapping(workflow, "graph", "workflow.", malformed)
    variables = _records(workflow, "rag_pipeline_variables", "workflow.", malformed)
    return Pipeline(
        name=str(about.get("name") or ""),
        description=str(about.get("description") or ""),
        version=content.get("version"),
        nodes=tuple(_nodes(_records(graph, "nodes", "workflow.graph.", malformed), malformed)),
        edges=tuple(map(_edge, _records(graph, "edges", "workflow.graph.", malformed))),
        inputs=tuple(map(_input, variables)),
        dependencies=tuple(_dependencies(_records(content, "dependencies", "", malformed))),
        environment={
            str(one.get("name")): one.get("value")
            for one in _records(workflow, "environment_variables", "workflow.", malformed)
        },
        malformed=tuple(malformed),
        content=content,
    )


def _mapping(owner: Mapping[str, Any], name: str, path: str, malformed: list[str]) -> Mapping[str, Any]:
    found = owner.get(name)
    if isinstance(found, Mapping):
        return found
    malformed.append(f"{path}{name}: {_kind(found)} was given; allowed: an object")
    return {}


def _records(owner: Mapping[str, Any], name: str, path: str, malformed: list[str]) -> list[Mapping[str, Any]]:
    """The objects of a list, which may be left out."""
    found = owner.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        malformed.append(f"{path}{name}: {_kind(found)} was given; allowed: a list")
        return []
    for number, one in enumerate(found):
        if not isinstance(one, Mapping):
            malformed.append(f"{path}{name}[{number}]: {_kind(one)} was given; allowed: an object")
    return [one for one in found if isinstance(one, Mapping)]


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"


def _nodes(records: list[Mapping[str, Any]], malformed: list[str]) -> Iterator[Node]:
    for number, record in enumerate(records):
        data = record.get("data")
        node_id = record.get("id")
        if record.get("type") == NOTE or (isinstance(data, Mapping) and data.get("type") == ""):
            continue
        if not isinstance(data, Mapping):
            malformed.append(f"node {node_id or number}: data: {_kind(data)} was given; allowed: an object")
            continue
        if not isinstance(node_id, str) or not node_id:
            malformed.append(
                f"node {data.get('title') or number}: id: {_kind(node_id)} was given; allowed: a text"
            )
            continue
        title = str(data.get("title") or "")
        yield Node(id=node_id, type=str(data.get("type") or ""), title=title, data=data)


def _edge(record: Mapping[str, Any]) -> Edge:
    return Edge(
        source=str(record.get("source") or ""),
        target=str(record.get("target") or ""),
        handle=str(record.get("sourceHandle") or "source"),
    )


def _input(record: Mapping[str, Any]) -> InputVariable:
    options = record.get("options")
    return InputVariable(
        belongs_to=str(record.get("belong_to_node_id") or ""),
        name=str(record.get("variable") or ""),
        type=str(record.get("type") or ""),
        label=str(record.get("label") or ""),
        required=record.get("required") is True,
        default=record.get("default_value"),
        options=tuple(options) if isinstance(options, list) else (),
        max_length=record.get("max_length"),
        data=record,
    )


def _dependencies(records: list[Mapping[str, Any]]) -> Iterator[str]:
    """`author/name:version`, without the hash of the package."""
    for record in records:
        value = record.get("value")
        named = value if isinstance(value, Mapping) else {}
        for key in ("plugin_unique_identifier", "marketplace_plugin_unique_identifier", "repo", "package"):
            if named.get(key):
                yield str(named[key]).partition("@")[0]
                break
