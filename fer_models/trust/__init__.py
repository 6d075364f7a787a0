"""What a map is worth: curves, baselines, a verdict."""

from fer_models.average_maps import BaselineError, Baselines, read_baselines
from fer_models.trust.curves import Faithfulness, faithfulness
from fer_models.trust.measure import RANDOM_MAPS, MapTrust, Trust, measure_trust
from fer_models.trust.sanity import likeness, randomized_explanation
from fer_models.trust.steadiness import Steadiness, steadiness
from fer_models.trust.verdict import RULE, Verdict, verdict

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
    "steadiness",
    "verdict",
]
