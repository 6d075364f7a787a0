"""What the guards of the Space cost those who mean well: today's beside an earlier commit's, which take turns.

python benchmarks/honest_users.py [--earlier 458a96d] [--rounds 30] [--starts 3] [--out results/honest-users.json]

Times the start, an upload of 10 MB, and a program's whole way from a photo that was never sent before to its answer.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import torch

from benchmarks.benchmark_page import checked_out
from benchmarks.running_space import served
from benchmarks.visitors import new_photo
from fer_models.files import write_faults_told
from fer_models.paths import EXAMPLES, ROOT
from fer_models.results import tell
from fer_models.results.honest_users import Beside, HonestUsers
from tests.support.space_client import MARK, SpaceClient, in_place
from train.measure.provenance import hardware, provenance

MODEL = "pattlite-ferplus"
LARGE = 10 * 2**20  # bytes


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class User:
    """A program that uses a running Space."""

    def __init__(self, address: str, photos: Iterator[Path]):
        self.client, self.photos = SpaceClient(address), photos
        (self.analyze,) = (endpoint for endpoint in self.client.endpoints() if endpoint.name == "analyze")
        portrait = (EXAMPLES / "portrait.jpg").read_bytes()
        self.large = portrait + bytes(LARGE - len(portrait))

    def upload(self) -> float:
        """Of a large photo."""
        return timed(lambda: self.client.upload("large.jpg", self.large))

    def answer(self) -> float:
        """Of a photo, its upload included."""
        content = next(self.photos).read_bytes()

        def ask() -> None:
            path = self.client.upload("mine.jpg", content)
            said = self.client.ask(self.analyze, in_place(self.analyze.values, 0, {"path": path} | MARK))
            if "data" not in said:
                raise SystemExit(f"error: a photo was not answered: {said}")

        return timed(ask)


@write_faults_told()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", default="458a96d", help="commit (default: the Space before its guards)")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures there as JSON")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        roots = {"today": ROOT, "earlier": stack.enter_context(checked_out(options.earlier))}
        weights = roots["earlier"] / "checkpoints" / MODEL  # the same for both
        arguments = ["--models", weights]
        times: dict[str, dict[str, list[float]]] = {what: {} for what in ("start", "upload of 10 MB", "answer")}
        for name, root in list(roots.items()) * options.starts:
            with served(arguments, root) as space:
                times["start"].setdefault(name, []).append(space.start_up)
        photos = (new_photo(number, folder) for number in itertools.count())
        users = {
            name: User(stack.enter_context(served(arguments, root)).address, photos) for name, root in roots.items()
        }
        for number in range(options.rounds + 3):
            for name, user in users.items():
                large, answer = user.upload(), user.answer()
                if number >= 3:  # the first ones are slower
                    times["upload of 10 MB"].setdefault(name, []).append(large)
                    times["answer"].setdefault(name, []).append(answer)
    result = HonestUsers(
        timed={
            what: Beside(**{name: statistics.median(values) for name, values in by_name.items()})
            for what, by_name in times.items()
        },
        rounds=options.rounds,
        starts=options.starts,
        models=[MODEL],
        earlier=options.earlier,
        hardware=hardware(torch.device("cpu")),
        **provenance(),
    )
    tell(result, options.out)


if __name__ == "__main__":
    main()
