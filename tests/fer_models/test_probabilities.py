"""The softmax that every answer shares."""

import pytest
import torch

from fer_models.probabilities import probabilities


def test_the_temperature_divides_the_logits():
    logits = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    expected = 1 / (1 + torch.exp(torch.tensor([-1.0, 2.0])))  # of the first class, at temperature 2
    torch.testing.assert_close(probabilities(logits, 2.0)[:, 0], expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_does_not_blur_the_probabilities(dtype):
    shares = probabilities(torch.tensor([8.0, 0.25], dtype=dtype), 1.5)
    assert shares.dtype == torch.float32
    assert shares[1].item() == pytest.approx(1 / (1 + 2.718281828 ** (7.75 / 1.5)), rel=1e-5)


def test_the_priors_are_divided_out():
    shares, priors = torch.tensor([0.5, 0.3, 0.2]), [0.8, 0.1, 0.1]
    divided = shares / torch.tensor(priors)
    torch.testing.assert_close(probabilities(shares.log(), 1.0, priors), divided / divided.sum())


def test_an_answer_that_says_no_more_than_the_priors_leaves_all_classes_equally_likely():
    priors = [0.6, 0.3, 0.1]
    logits = 2.5 * torch.tensor(priors).log() + 7
    torch.testing.assert_close(probabilities(logits, 2.5, priors), torch.full((3,), 1 / 3))
