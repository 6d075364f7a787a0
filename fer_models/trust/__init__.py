"""What a map is worth: curves, baselines, a verdict."""

from fer_models.trust.curves import Faithfulness, faithfulness
from fer_models.trust.measure import RANDOM_MAPS, MapTrust, Trust, measure_trust
from fer_models.trust.sanity import likeness, randomized_explanation

__all__ = [
    "RANDOM_MAPS",
    "Faithfulness",
    "MapTrust",
    "Trust",
    "faithfulness",
    "likeness",
    "measure_trust",
    "randomized_explanation",
]
