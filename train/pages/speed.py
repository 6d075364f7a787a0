"""Benchmarks -> tables and sentences."""

from collections.abc import Callable, Iterable
from statistics import mean

from fer_models.results import percent
from fer_models.results.benchmark import Benchmark
from fer_models.results.benchmark_ddamfn import BenchmarkDDAMFN
from fer_models.results.benchmark_engines import BenchmarkEngines, ProgramRun
from fer_models.results.benchmark_finding import BenchmarkFinding
from fer_models.results.benchmark_hfc import BenchmarkHFC
from fer_models.results.benchmark_page import BenchmarkPage, Opening
from fer_models.results.benchmark_webcam import BenchmarkWebcam
from fer_models.results.eight_bits import EightBitsOfAll
from fer_models.results.load import Load
from fer_models.results.peers import Peers
from fer_models.results.runtimes import Ran, Runtimes
from train.pages.found import Found
from train.pages.markdown import table


def _ratios(values: Iterable[float]) -> str:
    """ "1.03 to 1.13", or "1.03" where they are alike."""
    values = list(values)
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def faces(found: Found, _: str) -> str:
    """Milliseconds per face of every checkpoint, and the rest that the benchmark timed."""
    result = found.one(Benchmark, "benchmark")
    times = dict(sorted(result.faces.items(), key=lambda item: item[1].forward))
    rows = [
        ["forward pass", *(f"{one.forward:.1f} ms" for one in times.values())],
        ["answer", *(f"{one.answer:.1f} ms" for one in times.values())],
        ["answer with Grad-CAM and attention", *(f"{one.explained:.1f} ms" for one in times.values())],
        ["find and explain, against find and forward", *(f"{one.slowdown:.2f} x" for one in times.values())],
    ]
    stages = "; ".join(
        f"{name}: {one.both:.0f} pictures a second, {one.step:.0f} without loading and augmentation"
        for name, one in result.training.items()
    )
    return "\n\n".join(
        [
            table(["one face", *(f"`{name}`" for name in times)], rows),
            f"The face is found in {result.detect:.0f} ms. The Space starts in {result.space.seconds:.0f} s and takes "
            f"{result.space.peak_megabytes / 1000:.1f} GB at its peak. PAtt-Lite's training, {stages}. "
            f"{_machine(result.hardware)} (`results/benchmark.json`).",
        ]
    )


def _machine(hardware: dict[str, str | int]) -> str:
    threads = f", {hardware['threads']} threads" if "threads" in hardware else ""
    return f"Measured on {hardware['device']}{threads}"


def _runs(by_engine: dict[str, ProgramRun]) -> str:
    return "; ".join(
        f"{name} {run.seconds:.1f} s and at most {run.peak_megabytes:,.0f} MB of memory"
        for name, run in by_engine.items()
    )


def engines(found: Found, _: str) -> str:
    """The same work by torch, by onnxruntime and by an earlier commit; the command line from its start."""
    result = found.one(BenchmarkEngines, "benchmark-engines")
    others = [name for name in next(iter(result.milliseconds.values())) if name != "onnx"]
    floor = result.floor or {}
    header = ["milliseconds", "onnx", *others, *(f"{name} / onnx" for name in others), *(["floor"] if floor else [])]
    rows = [
        [
            piece,
            *(f"{times[name]:.1f}" if name in times else "" for name in ("onnx", *others)),
            *(f"{times[name] / times['onnx']:.1f} x" if name in times else "" for name in others),
            *([f"{floor[piece]:.1f}" if piece in floor else ""] if floor else []),
        ]
        for piece, times in result.milliseconds.items()
    ]
    starts = _runs(result.start)
    if result.many:
        starts += f". About a folder of {result.photos:,} photos: {_runs(result.many)}"
    if result.space:
        starts += f". The Space, until its page is there, and once a photo's maps were checked: {_runs(result.space)}"
    sizes = "".join(
        f" Installed with the extra `{extra}` the package takes {megabytes:,} MB with all that it needs."
        for extra, megabytes in (result.installed_megabytes or {}).items()
    )
    below = ""
    if result.multiply_adds:
        below = (
            " The floor: what a network's multiply-adds take at the rate of one large float32 matrix product, "
            f"{result.multiply_adds / 1e9:,.0f} thousand million a second."
        )
    return (
        f"{table(header, rows)}\n\nThe command line, from its start to the answer of one model about one photo: "
        f"{starts}.{sizes}{below} {result.load:.0f} other processes were busy when it began. "
        f"{_machine(result.hardware)} (`results/benchmark-engines.json`)."
    )


def finding(found: Found, _: str) -> str:
    """The cascade beside facenet-pytorch's."""
    result = found.one(BenchmarkFinding, "benchmark-finding")
    rows = [
        [name, f"{one.other_number} photos", f"{one.box:.4f}", f"{one.landmark:.4f}", f"{one.times_as_fast:.1f} x"]
        for name, one in result.engines.items()
    ]
    header = [
        "networks by",
        "another number of faces in",
        "boxes, pixels",
        "landmarks, pixels",
        "as fast as the package",
    ]
    return (
        f"{table(header, rows)}\n\nLargest differences, and the median ratio of times, on {result.photos:,} photos "
        f"with {result.faces:,} faces, composed from {result.data}. {_machine(result.hardware)} "
        "(`results/benchmark-finding.json`)."
    )


def ddamfn(found: Found, _: str) -> str:
    """How many times as fast DDAMFN is here."""
    result = found.one(BenchmarkDDAMFN, "benchmark-ddamfn")
    columns = {"one face": result.one_face, "32 faces": result.many_faces, "training": result.training}
    others = [name.removesuffix(" / ours") for name in result.one_face if name.endswith(" / ours")]
    rows = [
        [f"against {other}", *(f"{times[f'{other} / ours']:.2f} x" for times in columns.values())] for other in others
    ]
    on = f"At {result.size} x {result.size}. {_machine(result.hardware)} (`results/benchmark-ddamfn.json`)."
    return f"{table(['as fast as', *columns], rows)}\n\n{on}"


def hfc(found: Found, _: str) -> str:
    """What HFC attention costs, and what the two ways to its singular values cost and err."""
    result = found.one(BenchmarkHFC, "benchmark-hfc")
    networks = " and ".join(
        f"{title} {result.network(name)['hfc / none']:.2f} x"
        for name, title in {"resnet18": "ResNet18", "mobilenetv2_100": "MobileNetV2"}.items()
    )
    modules = list(result.modules.values())

    def faster(way: str, decomposition: str, times: Iterable[dict[str, float]]) -> str:
        return _ratios(one[decomposition] / one[way] for one in times)

    forward = ("forward, Gram matrix", "forward, decomposition")
    backward = ("forward and backward, Gram matrix in float64", "forward and backward, decomposition")
    both = [times for module in modules for times in (module.one_picture, module.many_pictures)]
    errors = {
        way: max(errors[way] for module in modules for errors in module.value_error.values())
        for way in ("Gram matrix", "decomposition")
    }
    wrong = [errors["Gram matrix"] for module in modules for errors in module.gradient_error.values()]
    return (
        f"HFC attention makes {networks} as slow for one picture of {result.size} x {result.size}. Its singular values "
        f"come from a Gram matrix. Without a gradient that is done in float32: the module is "
        f"{faster(*forward, (module.many_pictures for module in modules))} x as fast as with a decomposition for 32 "
        f"pictures and {faster(*forward, (module.one_picture for module in modules))} x for one, at an error of up to "
        f"{errors['Gram matrix']:.0e} of the largest value against {errors['decomposition']:.0e}. With a gradient it "
        f"is done in float64, which is {faster(*backward, both)} x as fast as a decomposition and as exact; in float32 "
        f"the gradient of the products would be off by {100 * min(wrong):.0f} to {100 * max(wrong):.0f} %, as the "
        f"small values' part of it is not small. {_machine(result.hardware)} (`results/benchmark-hfc.json`)."
    )


def visitors(found: Found, _: str) -> str:
    """Who was answered when many came at once."""
    result = found.one(Load, "load")
    rows: dict[int, list[int]] = {}
    for one in result.rounds:
        counts = rows.setdefault(one.visitors, [0, 0, 0, 0])
        for place, count in enumerate((1, one.answered, one.busy, one.errors)):
            counts[place] += count
    header = ["visitors at once", "rounds", "answered", "told to come back", "errors"]
    seconds = [one.median_seconds for one in result.rounds if one.median_seconds is not None]
    return (
        f"{table(header, [[str(size), *map(str, counts)] for size, counts in rows.items()], 0)}\n\n"
        f"Half of the answered waited for less than {min(seconds):.0f} to {max(seconds):.0f} s, by round; the server "
        f"took {result.start_megabytes / 1000:.1f} GB at the start and {result.peak_megabytes / 1000:.1f} GB at most. "
        f"Models: {result.models}; {result.machine.cores} cores (`results/load.json`)."
    )


def _told(ran: Ran) -> list[str]:
    """The figures of a row; of what does not run, why."""
    if ran.logits is None:
        return [f"does not run: {ran.fault}", "", "", "", "", ""]
    cam = f"none: {ran.fault}" if ran.cam is None else f"{ran.cam:.1e}"
    moved = "" if ran.permuted is None else "the same" if ran.permuted <= SAME else f"moves by {ran.permuted:.1f}"
    own = f"{ran.attention:.1e}"
    return [f"{ran.logits:.1e}", cam, own, percent(ran.same or 0.0), moved, f"{ran.milliseconds:.2f} ms"]


SAME = 1e-3  # in the logits


def runtimes(found: Found, _: str) -> str:
    """Which runtime answers which checkpoint as the library does, and how its input must lie."""
    result = found.one(Runtimes, "runtimes")
    rows = [
        [runtime, f"`{name}`", *_told(ran)]
        for runtime, by_checkpoint in result.ran.items()
        for name, ran in by_checkpoint.items()
    ]
    head = ["runtime", "checkpoint", "logits", "Grad-CAM", "own attention", "same answers", "permuted", "a face"]
    on = (
        f"Largest differences from the library on {result.faces} faces ({result.data}); a face with all maps that run. "
        "Permuted: the logits of a picture that lies in memory as height, width, channel and is permuted without being "
        f"copied, beside those of the same picture as it should lie. {_machine(result.hardware)} "
        "(`results/runtimes.json`)."
    )
    wants = table(["runtime", "wants"], ([name, words] for name, words in (result.wants or {}).items()), 2)
    return f"{table(head, rows, numbers_from=2)}\n\n{on}" + (f"\n\n{wants}" if result.wants else "")


AIM = 0.005  # of the right answers, lost with 8 bits


def eight_bits(found: Found, _: str) -> str:
    """What 8 bits cost in right answers, and how much faster they are."""
    result = found.one(EightBitsOfAll, "eight-bits")
    rows = [
        [
            f"`{name}`",
            percent(one.float_accuracy),
            percent(one.accuracy),
            f"{100 * (one.accuracy - one.float_accuracy):+.1f}",
            f"{one.chosen}, refused" if one.refused else one.chosen,
            percent(min(one.every.values())),
            f"{one.float_milliseconds:.2f} ms",
            f"{one.milliseconds:.2f} ms",
            f"{one.float_milliseconds / one.milliseconds:.1f} x",
        ]
        for name, one in result.checkpoints.items()
    ]
    head = ["checkpoint", "float", "8 bits", "points", "setting", "worst setting", "float", "8 bits", "as fast"]
    refused = [f"`{name}`" for name, one in result.checkpoints.items() if one.refused]
    told = f" Refused, as more than a point is lost: {', '.join(refused)}." if refused else ""
    aim = result.checkpoints.get("pattlite-ferplus")
    if aim is not None:
        met = "met" if aim.loss <= AIM else "not met"
        told += f" The aim for PAtt-Lite, half a point at most, is {met}: it loses {100 * aim.loss:.1f}."
    return (
        f"{table(head, rows)}\n\nRight answers on {result.faces:,} faces ({result.data}), calibrated with "
        f"{result.calibration_faces} of {result.calibration}; milliseconds of an answer about one face, without maps."
        f"{told} {result.runtime} on {result.processor}, {result.hardware['threads']} threads "
        "(`results/eight-bits.json`)."
    )


def peers(found: Found, _: str) -> str:
    """A photo's face found and named, beside what else one would install."""
    result = found.files.get("peers")
    if not isinstance(result, Peers):
        return "Not measured yet."
    rows = [
        [
            f"**{one.name}**" if one.ours else one.name,
            ", ".join(one.faces),
            f"{one.milliseconds:.1f}",
            f"{one.ratio:.2f} x",
        ]
        for one in result.peers
    ]
    left_out = f" Not installed, and left out: {', '.join(result.left_out)}." if result.left_out else ""
    return (
        f"{table(['', 'says', 'milliseconds', 'of ours with onnx'], rows, 2)}\n\nA photo ({result.photo}), medians of "
        f"{result.rounds} rounds, by turns.{left_out} {result.load:.0f} other processes were busy when it began. "
        f"{_machine(result.hardware)} (`results/peers.json`)."
    )


def page(found: Found, _: str) -> str:
    """How long a visitor of the Photo tab waits."""
    result = found.files.get("benchmark-page")
    if not isinstance(result, BenchmarkPage):
        return "Not measured yet."

    def told(one: Opening) -> str:
        return f"{one.answer / 1000:.1f} s after it is asked for, {(one.answer - one.loaded) / 1000:+.1f} s against its"

    ratio = result.answered / result.answered_earlier
    return (
        f"The page opens with an answered example: it is seen {told(result.opened)} load event, and over "
        f"{result.slow_megabits:g} Mbit/s {told(result.opened_slowly)} load event; the page can be used after "
        f"{result.opened.usable / 1000:.1f} and {result.opened_slowly.usable / 1000:.1f} s. Hiding a part of the face "
        f"takes {result.hidden / 1000:.2f} s until all {result.models} models have answered again. From a chosen photo "
        f"to its answers and map it takes {result.answered / 1000:.2f} s, {ratio:.2f} x the time of commit "
        f"`{result.earlier}`. Medians of {result.rounds} rounds. {_machine(result.hardware)} "
        "(`results/benchmark-page.json`)."
    )


def webcam(found: Found, _: str) -> str:
    """Frames that a browser shows."""
    result = found.one(BenchmarkWebcam, "benchmark-webcam")
    rows = [
        [
            ", ".join(f"`{model}`" for model in run.models),
            f"{run.shown:.1f}",
            _ratios(run.answers.values()),
            " to ".join(f"{megabytes:,.0f}" for megabytes in run.memory),
            f"{run.seconds:.0f}",
        ]
        for run in result.runs.values()
    ]
    header = ["models", "frames a second", "answers a second and model", "server memory, MB", "seconds measured"]
    on = f"Camera: {result.camera}. {_machine(result.hardware)} (`results/benchmark-webcam.json`)."
    if result.engine:
        on = f"Engine: {result.engine}. {on}"
    if before := result.earlier:
        each = "; ".join(
            f"{title} {run.shown / before.shown[title]:.1f} x the frames, "
            f"{mean(run.answers.values()) / before.answers[title]:.1f} x the answers of each model and "
            f"{run.memory[-1] / before.memory[title]:.2f} x the memory"
            for title, run in result.runs.items()
        )
        on = f"Against commit `{before.commit}`, measured in between: {each}. {on}"
    return f"{table(header, rows)}\n\n{on}"


PARTS: dict[str, Callable[[Found, str], str]] = {
    "speed faces": faces,
    "speed engines": engines,
    "speed finding": finding,
    "speed ddamfn": ddamfn,
    "speed hfc": hfc,
    "speed visitors": visitors,
    "speed page": page,
    "speed peers": peers,
    "runtimes": runtimes,
    "eight bits": eight_bits,
    "speed webcam": webcam,
}
