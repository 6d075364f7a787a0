"""Result files: what was measured, on what and with which code.

One frozen dataclass per kind, each in a file of its own; a new file in this package is a new kind, known to everything
that reads results.
"""

import importlib
import pkgutil

from fer_models.results.files import ResultError, as_json, parse, read, read_folder, tell, write
from fer_models.results.result import (
    KINDS,
    Number,
    OfWeights,
    Pictures,
    Provenance,
    Result,
    Sampled,
    Subset,
    Weights,
    comparable,
)
from fer_models.results.words import file_name, percent, span

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "KINDS",
    "Number",
    "OfWeights",
    "Pictures",
    "Provenance",
    "Result",
    "ResultError",
    "Sampled",
    "Subset",
    "Weights",
    "as_json",
    "comparable",
    "file_name",
    "parse",
    "percent",
    "read",
    "read_folder",
    "span",
    "tell",
    "write",
]
