"""What a model is called by people, and how it is drawn: one name, colour, dash and symbol in every plot.

Colours are after Okabe and Ito, which people with any colour vision can tell apart; dashes and symbols differ too.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Look:
    """
    title: for people. number: of the look, from 0; the style sheet calls its colour `--model-NUMBER`.
    color, dark: on a white and on a dark ground, both with a contrast of 3 or more. dash: as in SVG. marker: as in
        matplotlib.
    """

    title: str
    number: int
    color: str
    dark: str
    dash: str
    marker: str


# A checkpoint's name begins with its architecture, and goes on with the data that it learned from.
KNOWN = {
    "pattlite": Look("PAtt-Lite", 0, "#0072b2", "#4aa8e0", "", "o"),
    "ddamfn": Look("DDAMFN", 1, "#c65300", "#ff8438", "7 3", "s"),
    "hfc-resnet18": Look("ResNet18 + HFC", 2, "#00805d", "#2ec99a", "2 3", "^"),
    "hfc-mobilenetv2": Look("MobileNetV2 + HFC", 3, "#a8437f", "#e08fc0", "9 3 2 3", "D"),
    "mobilenetv1": Look("Plain MobileNetV1", 4, "#8a6000", "#f0b429", "4 2", "v"),
}
OTHERS = (
    Look("", 5, "#2f79ab", "#8fd0f5", "1 3", "P"),
    Look("", 6, "#4b5563", "#cbd5e1", "12 3", "X"),
)
LOOKS = (*KNOWN.values(), *OTHERS)


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Checkpoint names -> their looks. Two of one architecture are told apart by their data, one of an unknown
    architecture keeps the name of its folder."""
    names = list(names)
    found: dict[str, Look] = {}
    spare = 0
    for name in names:
        start = next((start for start in KNOWN if name == start or name.startswith(f"{start}-")), None)
        if start is None:
            found[name] = replace(OTHERS[spare % len(OTHERS)], title=name)
            spare += 1
        else:
            found[name] = KNOWN[start]
    often = Counter(look.title for look in found.values())
    for name, look in found.items():
        if often[look.title] > 1:
            start = next(start for start in KNOWN if KNOWN[start].title == look.title)
            rest = name.removeprefix(start).strip("-")
            found[name] = replace(look, title=f"{look.title} ({rest})" if rest else look.title)
    return found


def title(name: str) -> str:
    """One checkpoint's name, for people."""
    return looks([name])[name].title


__all__ = ["KNOWN", "LOOKS", "Look", "looks", "title"]
