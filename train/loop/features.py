"""The teacher's last features as a target beside its answers: what its last layer gets, from a linear map of what the
student's gets (Romero et al. 2015, arXiv 1412.6550, section 2.2: a regressor that is dropped after training)."""

import torch
from torch import nn
from torch.nn import functional as F

NAME = "to_the_teachers_features"  # of the map, as a module of the student, so that it is trained, averaged and resumed


def last_layer(network: nn.Module) -> nn.Linear:
    """The linear layer that makes the logits."""
    return [module for module in network.modules() if isinstance(module, nn.Linear)][-1]


class FeatureMatching:
    """Watches what both networks' last layers get, as long as the student trains.

    Args:
        student: gets the map as a module, until `remove`. teacher: has to see each batch before the student does.
    """

    def __init__(self, student: nn.Module, teacher: nn.Module):
        ours, theirs = last_layer(student), last_layer(teacher)
        self.student = student
        place = {"device": ours.weight.device, "dtype": ours.weight.dtype}
        student.add_module(NAME, nn.Linear(ours.in_features, theirs.in_features, **place))
        self._mapped = self._wanted = torch.zeros(0)
        self._hooks = [ours.register_forward_pre_hook(self._map), theirs.register_forward_pre_hook(self._keep)]

    def _map(self, layer: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if self.student.training:
            self._mapped = self.student.get_submodule(NAME)(inputs[0])

    def _keep(self, layer: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        self._wanted = inputs[0].detach()

    def loss(self) -> torch.Tensor:
        """One minus the cosine of the two, mean over the pictures of the last batch: 0 to 2."""
        return 1 - F.cosine_similarity(self._mapped.float(), self._wanted.float(), dim=1).mean()

    def remove(self) -> None:
        """Leave both networks as they were."""
        for hook in self._hooks:
            hook.remove()
        delattr(self.student, NAME)


__all__ = ["NAME", "FeatureMatching", "last_layer"]
