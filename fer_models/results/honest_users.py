"""What `benchmarks/honest_users.py` times: what the guards of the Space cost those who mean well."""

from dataclasses import dataclass

from fer_models.results.result import Result


@dataclass(frozen=True)
class Beside:
    """Medians in seconds, of today and of the earlier commit, which took turns."""

    today: float
    earlier: float


@dataclass(frozen=True, kw_only=True)
class HonestUsers(Result, kind="honest-users"):
    """timed: by what was done. earlier: the commit that today's is compared with. models: that both served."""

    timed: dict[str, Beside]
    rounds: int
    starts: int
    models: list[str]
    earlier: str
    hardware: dict[str, str | int]


__all__ = ["Beside", "HonestUsers"]
