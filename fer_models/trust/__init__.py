"""What a map is worth: curves, baselines, a verdict. Measuring brings torch; what was measured does not."""

import importlib
from typing import TYPE_CHECKING, Any

from fer_models.average_maps import BaselineError, Baselines, read_baselines
from fer_models.trust.found import RANDOM_MAPS, Faithfulness, MapTrust, Steadiness, Trust
from fer_models.trust.verdict import RULE, Verdict, verdict

if TYPE_CHECKING:
    from fer_models.trust.curves import faithfulness
    from fer_models.trust.measure import measure_trust
    from fer_models.trust.sanity import likeness, randomized_explanation

_MEASURING = {
    "faithfulness": "curves",
    "likeness": "sanity",
    "measure_trust": "measure",
    "randomized_explanation": "sanity",
}


def __getattr__(name: str) -> Any:
    if name not in _MEASURING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"fer_models.trust.{_MEASURING[name]}"), name)


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
    "likeness",
    "measure_trust",
    "randomized_explanation",
    "read_baselines",
    "verdict",
]
