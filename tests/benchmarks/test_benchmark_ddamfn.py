"""The network that DDAMFN is measured against is the same network."""

import pytest
import torch

from benchmarks.benchmark_ddamfn import straightforward
from fer_models import DDAMFNConfig, DDAMFNForImageClassification
from tests.fer_models.models.test_modeling_ddamfn import SMALL, pictures, settled


@pytest.mark.parametrize("training", [False, True])
def test_ours_and_the_straightforward_one_have_the_same_logits_loss_and_gradients(training):
    torch.manual_seed(0)
    model = settled(DDAMFNForImageClassification(DDAMFNConfig(**SMALL))).double().train(training)
    other = straightforward(model)
    batch = {"pixel_values": pictures(4).double(), "labels": torch.arange(4)}
    output, (logits, loss) = model(**batch), other(**batch)
    torch.testing.assert_close(output.logits, logits)
    # the attention loss, 0.1 times 1e4 or so, is taken in float32
    torch.testing.assert_close(output.loss, loss, rtol=1e-6, atol=0)
    output.loss.backward()
    loss.backward()
    theirs = dict(other.named_parameters())
    for name, parameter in model.named_parameters():
        expected = theirs[name].grad.view_as(parameter)
        assert (parameter.grad - expected).abs().max() <= 1e-5 * expected.abs().max() + 1e-9, name


def test_at_the_published_size_too_they_have_the_same_logits():
    torch.manual_seed(0)
    model = settled(DDAMFNForImageClassification(DDAMFNConfig(num_labels=7)))
    with torch.inference_mode():
        expected, _ = straightforward(model)(pictures(2), torch.arange(2))
        assert expected.std() > 0.01
        torch.testing.assert_close(model(pictures(2)).logits, expected, atol=1e-5, rtol=1e-5)
