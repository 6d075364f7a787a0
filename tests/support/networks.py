"""Networks small enough to check by hand."""

from types import SimpleNamespace

import torch
from torch import nn
from transformers.modeling_outputs import ImageClassifierOutput

SIZE = 16


class TinyModel(nn.Module):
    """Convolution -> the target layer (convolution, batch norm, ReLU) -> mean over places -> linear."""

    def __init__(self, cam_layer: str = "features", classes: int = 3):
        super().__init__()
        self.config = SimpleNamespace(cam_layer=cam_layer, softmax_temperature=1.0)
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.features = nn.Sequential(nn.Conv2d(8, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.after = nn.Identity()
        self.classifier = nn.Linear(6, classes)

    def forward(self, pixel_values, output_attentions=None):
        features = self.after(self.features(self.stem(pixel_values)))
        return ImageClassifierOutput(logits=self.classifier(features.mean(dim=(2, 3))))


class BrightnessModel(nn.Module):
    """Class 1 is what is brighter than one half, class 0 what is below minus one half; places count by themselves."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(cam_layer="features", softmax_temperature=1.0)
        self.features = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())
        self.classifier = nn.Linear(2, 2)
        with torch.no_grad():
            self.features[0].weight[:] = torch.tensor([-1 / 3, 1 / 3])[:, None, None, None]
            self.features[0].bias.fill_(-0.5)
            self.classifier.weight[:] = torch.eye(2) * 100
            self.classifier.bias[:] = torch.tensor([1.0, -1.0])

    def forward(self, pixel_values, output_attentions=None):
        return ImageClassifierOutput(logits=self.classifier(self.features(pixel_values).mean(dim=(2, 3))))


def state(model: nn.Module) -> tuple:
    hooks = {
        (name, kind): len(getattr(module, kind))
        for name, module in model.named_modules()
        for kind in vars(module)
        if kind.endswith("_hooks")
    }
    training = {name: module.training for name, module in model.named_modules()}
    trainable = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    return hooks, training, trainable


# The maps
