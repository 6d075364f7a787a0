"""What a map is worth: curves, baselines, a verdict. Nothing of torch but two functions about a network of its own,
which bring it when they are asked for."""

import importlib
from typing import TYPE_CHECKING, Any

from fer_models.average_maps import BaselineError, Baselines, read_baselines
from fer_models.trust.curves import faithfulness_curves
from fer_models.trust.found import RANDOM_MAPS, Faithfulness, MapTrust, Steadiness, Trust, likeness
from fer_models.trust.measure import measure_trust, require_random_weights
from fer_models.trust.verdict import RULE, Verdict, verdict

if TYPE_CHECKING:
    from fer_models.trust.sanity import randomized_explanation
    from fer_models.trust.torch_curves import faithfulness

_OF_TORCH = {"faithfulness": "torch_curves", "randomized_explanation": "sanity"}


def __getattr__(name: str) -> Any:
    if name not in _OF_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"fer_models.trust.{_OF_TORCH[name]}"), name)


__all__ = [
    "RANDOM_MAPS",
    "RULE",
    "BaselineError",
    "Baselines",
    "Faithfulness",
    "MapTrust",
    "Steadiness",
    "Trust",
    "Verdict",
    "faithfulness",
    "faithfulness_curves",
    "likeness",
    "measure_trust",
    "randomized_explanation",
    "read_baselines",
    "require_random_weights",
    "verdict",
]
