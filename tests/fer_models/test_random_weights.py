"""The weights of a random network, kept once for several graphs."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

from fer_models.errors import CheckpointError, ExportError
from fer_models.export.graph import weights_turned_once
from fer_models.export.random_weights import differing, origins
from fer_models.random_weights import ANSWERS, FILE, PIXELS, Origin, read_random_weights, write_random_weights


class Layers(nn.Module):
    """One weight as it is and three that are turned first."""

    def __init__(self):
        super().__init__()
        self.plain, self.linear = nn.Parameter(torch.rand(3)), nn.Parameter(torch.rand(2, 3))
        self.kernel, self.line = nn.Parameter(torch.rand(2, 3, 2, 4)), nn.Parameter(torch.rand(2, 3, 4))
        self.kept = nn.Parameter(torch.rand(3))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        turned = self.kernel.flip([2, 3]).transpose(0, 1).contiguous()  # (3, 2, 2, 4)
        seen = values * self.plain + values @ self.linear.t() @ self.linear * self.kept
        of_line = (seen[:, None, :, None, None] * self.line.unsqueeze(3)).sum(dim=(1, 2, 3))  # (B, 1)
        return seen[:, :, None, None, None] * turned + of_line[:, :, None, None, None]


def test_every_constant_of_a_traced_graph_gets_its_random_values(tmp_path):
    torch.manual_seed(0)
    network, other = Layers(), Layers()
    other.kept = network.kept
    drawn = differing(network, other)
    assert sorted(drawn) == ["kernel", "line", "linear", "plain"]
    values = torch.rand(5, 3)
    graph = make_fx(network, tracing_mode="symbolic", _allow_non_fake_inputs=True)(values)
    turned = weights_turned_once(graph)
    graph.recompile()
    found = origins(graph, network, drawn, turned)
    write_random_weights(tmp_path / FILE, "1f", drawn, {ANSWERS: found, PIXELS: {}})
    read, nothing = read_random_weights(tmp_path / FILE, "1f", (ANSWERS, PIXELS))
    assert nothing == {}
    assert any(origin.turned for origin in found.values())
    for name, random in read.items():
        getattr(graph, name).data = torch.from_numpy(random)
    torch.testing.assert_close(graph(values), other(values))


def test_what_was_done_to_a_weight_has_to_be_known():
    class Squared(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(3))

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return values * self.weight.square()

    network = Squared()
    graph = make_fx(network, tracing_mode="symbolic", _allow_non_fake_inputs=True)(torch.rand(5, 3))
    turned = weights_turned_once(graph)
    with pytest.raises(ExportError, match=r"weights are turned by aten.* which random weights cannot follow"):
        origins(graph, network, ["weight"], turned)


def test_a_file_that_names_weights_that_it_does_not_hold_is_damaged(tmp_path):
    values = {"one": np.ones(2, dtype=np.float32)}
    write_random_weights(tmp_path / FILE, "1f", values, {ANSWERS: {"constant": Origin("other")}})
    with pytest.raises(CheckpointError, match=r"random_weights\.npz is damaged; export the checkpoint again"):
        read_random_weights(tmp_path / FILE, "1f", (ANSWERS,))


def test_a_file_of_another_training_is_told(tmp_path):
    values = {"one": np.ones(2, dtype=np.float32)}
    write_random_weights(tmp_path / FILE, "1f", values, {ANSWERS: {"constant": Origin("one")}})
    with pytest.raises(CheckpointError, match=r"random_weights\.npz is of other weights; export the checkpoint again"):
        read_random_weights(tmp_path / FILE, "2e", (ANSWERS,))


def test_a_weight_that_is_not_in_the_graph_is_named():
    network = Layers()
    graph = make_fx(network, tracing_mode="symbolic", _allow_non_fake_inputs=True)(torch.rand(5, 3))
    turned = weights_turned_once(graph)
    network.register_buffer("elsewhere", torch.rand(3))
    with pytest.raises(ExportError, match="the graph has no elsewhere, which are learned"):
        origins(graph, network, ["plain", "elsewhere"], turned)
