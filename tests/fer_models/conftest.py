"""What the tests of maps share: small networks and pictures for them."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_models import PAttLiteConfig, PAttLiteForImageClassification
from tests.support.networks import SIZE, TinyModel


@pytest.fixture
def tiny() -> TinyModel:
    torch.manual_seed(0)
    return TinyModel().eval()


@pytest.fixture
def faces() -> torch.Tensor:
    return torch.randn(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def pattlite() -> PAttLiteForImageClassification:
    torch.manual_seed(0)
    model = PAttLiteForImageClassification(PAttLiteConfig(num_labels=7))
    # With the statistics of a batch the features have a common size, as after training.
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 96, 96))
        model.classifier.classifier.weight *= 0.1  # logits of a trained model's size, where 1e-5 means something
    return model.eval()


@pytest.fixture(scope="module")
def pattlite_faces() -> torch.Tensor:
    return torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def bright_square() -> tuple[torch.Tensor, np.ndarray]:
    """A black picture with a white square, and the map that marks exactly the square."""
    square = np.zeros((SIZE, SIZE), dtype=np.float32)
    square[6:10, 6:10] = 1
    return torch.from_numpy(square).expand(3, -1, -1).clone(), square
