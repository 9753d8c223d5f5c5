"""The nodes of pipelines: each module has a plain function, and `run`, which a pipeline calls.

from pathlib import Path

from knowledge.pipeline import File
from knowledge.pipeline.nodes.dify_extractor import extract_parts
from knowledge.pipeline.nodes.parent_child_chunker import parent_child_chunks
from knowledge.pipeline.nodes.structures import preview, read_pieces

text = extract_parts(File.of_path(Path("handbook.md")))["text"]
chunks = parent_child_chunks(text, max_length=800, subchunk_max_length=200)
print(preview(read_pieces("hierarchical_model", chunks)))
"""
