"""The network with random weights."""

import copy

import numpy as np
import torch

from fer_models.explain import explain
from fer_models.trust import randomized_explanation


def test_a_randomised_network_gives_another_map_and_leaves_the_original_alone(pattlite, pattlite_faces):
    before = copy.deepcopy(pattlite.state_dict())
    trained = explain(pattlite, pattlite_faces[:1], class_ids=[3])
    random = randomized_explanation(pattlite, pattlite_faces[:1], class_ids=[3])
    assert random.class_ids == [3]
    assert random.cam.max() == 1.0
    assert np.abs(random.cam - trained.cam).max() > 0.2
    for name, values in pattlite.state_dict().items():
        torch.testing.assert_close(values, before[name], atol=0, rtol=0)


def test_the_seed_decides_the_random_weights(tiny, faces):
    first, again, other = (randomized_explanation(tiny, faces, seed=seed) for seed in (0, 0, 1))
    torch.testing.assert_close(first.output.logits, again.output.logits, atol=0, rtol=0)
    assert (first.output.logits - other.output.logits).abs().max() > 1e-2


def test_nothing_learned_is_left_in_the_randomised_network(tiny, faces):
    expected = randomized_explanation(tiny, faces).output.logits
    with torch.no_grad():
        for tensor in (*tiny.parameters(), tiny.features[1].running_mean, tiny.features[1].running_var):
            tensor.uniform_(1, 2)
    torch.testing.assert_close(randomized_explanation(tiny, faces).output.logits, expected, atol=0, rtol=0)
