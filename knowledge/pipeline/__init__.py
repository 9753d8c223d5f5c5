"""Knowledge pipelines as Dify draws them: read, checked, run node by node, and published for a knowledge base.

from knowledge import Workspace
from knowledge.pipeline import Filling, import_pipeline, publish, read_pipeline, source_of

with Workspace("data") as workspace:
    pipeline = read_pipeline(open("pipeline.yml", "rb").read())
    kb = import_pipeline(workspace, "handbook", pipeline)
    publish(workspace, "handbook")
    for done in Filling(pipeline=pipeline, kb=kb, workspace=workspace).runs([source_of("docs/")]):
        print(done.key, done.run.status, done.run.error)

Each node is also a plain function, in `knowledge.pipeline.nodes`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from knowledge.pipeline.checking import problems as problems
    from knowledge.pipeline.dsl import Pipeline as Pipeline
    from knowledge.pipeline.dsl import pipeline_of as pipeline_of
    from knowledge.pipeline.dsl import read_pipeline as read_pipeline
    from knowledge.pipeline.dsl import write_pipeline as write_pipeline
    from knowledge.pipeline.entrances import entered as entered
    from knowledge.pipeline.files import File as File
    from knowledge.pipeline.filling import Filling as Filling
    from knowledge.pipeline.form_schema import form_schemas as form_schemas
    from knowledge.pipeline.publishing import import_pipeline as import_pipeline
    from knowledge.pipeline.publishing import publish as publish
    from knowledge.pipeline.running import run_node as run_node
    from knowledge.pipeline.running import run_pipeline as run_pipeline
    from knowledge.pipeline.sources import DataSource as DataSource
    from knowledge.pipeline.sources import Entry as Entry
    from knowledge.pipeline.sources import Page as Page
    from knowledge.pipeline.sources import source_of as source_of
    from knowledge.pipeline.stored_templates import templates as templates
    from knowledge.pipeline.tools import Tools as Tools
    from knowledge.pipeline.variables import Values as Values

_HOME: Final = {
    "DataSource": "sources",
    "Entry": "sources",
    "File": "files",
    "Filling": "filling",
    "Page": "sources",
    "Pipeline": "dsl",
    "Tools": "tools",
    "Values": "variables",
    "entered": "entrances",
    "form_schemas": "form_schema",
    "import_pipeline": "publishing",
    "pipeline_of": "dsl",
    "problems": "checking",
    "publish": "publishing",
    "read_pipeline": "dsl",
    "run_node": "running",
    "run_pipeline": "running",
    "source_of": "sources",
    "templates": "stored_templates",
    "write_pipeline": "dsl",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'knowledge.pipeline' has no attribute {name!r}")
    return getattr(import_module(f"knowledge.pipeline.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
