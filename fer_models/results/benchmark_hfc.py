"""What `benchmarks/benchmark_hfc.py` times: HFC attention in its networks, and its singular values by two ways."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from fer_models.results.result import Result


@dataclass(frozen=True, kw_only=True)
class ModuleTimes:
    """One module alone, by way: times in milliseconds, and relative errors in float32 by kind of map."""

    one_picture: Annotated[dict[str, float], Field(alias="batch 1, ms per picture")]
    many_pictures: Annotated[dict[str, float], Field(alias="batch 32, ms per picture")]
    value_error: Annotated[dict[str, dict[str, float]], Field(alias="relative error in float32, values")]
    gradient_error: Annotated[
        dict[str, dict[str, float]], Field(alias="relative error in float32, gradient of the products")
    ]


@dataclass(frozen=True, kw_only=True)
class BenchmarkHFC(Result, kind="benchmark-hfc"):
    """figures: of the modules ("module on 112 x 112") and of the networks ("resnet18, ms per picture")."""

    rest: ClassVar[str | None] = "figures"

    threads: int
    size: int
    figures: dict[str, ModuleTimes | dict[str, float]]
    hardware: dict[str, str | int]

    @property
    def modules(self) -> dict[str, ModuleTimes]:
        return {name: one for name, one in self.figures.items() if isinstance(one, ModuleTimes)}

    def network(self, name: str) -> dict[str, float]:
        """Milliseconds per picture by attention, and "hfc / none"."""
        found = self.figures[f"{name}, ms per picture"]
        assert isinstance(found, dict)
        return found


__all__ = ["BenchmarkHFC", "ModuleTimes"]
