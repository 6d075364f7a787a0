import torch
from torch import nn

from train.measure.provenance import model_size, provenance


def test_size_counts_one_multiply_accumulate_per_weight_and_place():
    # 3 x 3 convolution, 2 -> 4 channels, 6 x 6 places: 3 * 3 * 2 * 4 * 36; parameters: weights and 4 biases.
    size = model_size(nn.Conv2d(2, 4, 3, padding=1), torch.zeros(1, 2, 6, 6))
    assert size == {"parameters": 76, "macs": 2592}


def test_outside_a_git_checkout_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr("train.measure.provenance.ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert (provenance()["commit"], provenance()["dirty"]) == (None, None)
