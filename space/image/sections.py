"""What lies below the first screen, as HTML: maps side by side, what is inside the models, settings, details."""

import html
from collections.abc import Mapping, Sequence

from PIL import Image

from fer_models.analyzer import FaceMap, Prediction
from fer_models.looks import Look
from fer_models.methods import METHODS
from fer_models.words import doubt, how_sure
from space.image.answers import BEST
from space.image.maps import COLORMAPS, figures
from space.image.regions import is_even
from space.image.words import against_words, share_words
from space.page.html import data_url

CROP_SIDE = 224  # pixels of a crop on the page
OWN_ANSWER = "each model's own answer"
COMMON = {"": "as common as on the web", "yes": "all equally likely"}
LOOKED = {"": "as it is", "yes": "with its mirror image, in twice the time"}

SECTIONS = {
    "compare": "Compare all maps side by side",
    "inside": "Inside the models",
    "settings": "Settings",
    "download": "Download",
    "details": "Details",
}
INSIDE = (
    "Maps of the models' own attention that name no place of this face: some weigh every place much the same, and the "
    "axes of others are no places. They show how a network is built and what it did with this face, not what the face "
    "shows."
)


def sections_html(bodies: Mapping[str, str], opened: Sequence[str]) -> str:
    """The sections; of those that are closed the content may be missing."""
    parts = "".join(
        f'<details id="section-{name}" data-section="{name}"{" open" if name in opened else ""}>'
        f'<summary>{title}</summary><div class="body">{bodies.get(name, "")}</div></details>'
        for name, title in SECTIONS.items()
    )
    return f'<div class="fer sections">{parts}</div>'


def compare_html(
    answers: Sequence[Prediction],
    looks: Mapping[str, Look],
    places: Mapping[str, str],
    key: str,
    worth: Mapping[str, Mapping[str, str]],
) -> str:
    """One column per model: its answer and every map of it that names places, with what was found about such maps."""
    columns = (_column(a, looks[a.model], places[a.model], key, worth.get(a.model, {})) for a in answers)
    return f'<div class="columns">{"".join(columns)}</div>'


def _column(answer: Prediction, look: Look, place: str, key: str, found: Mapping[str, str]) -> str:
    name = html.escape(answer.model)
    shown = [one for index, one in enumerate(answer.maps) if index == 0 or names_places(one)]
    unsure = f' <em class="unsure">{words}</em>' if (words := doubt(answer)) else ""
    crop = _crop_url(answer.crop)
    found = {**found, **{f"{method} for {answer.explained}": words for method, words in found.items()}}
    return (
        f'<section class="model" data-model="{name}" data-key="{html.escape(key)}" '
        f'style="--model:var(--model-{look.number})" aria-label="{html.escape(look.title)}">'
        f"<h3>{html.escape(look.title)}</h3>"
        f'<p class="answer">{html.escape(answer.expression)} <span>{share_words(answer.probability)}</span>{unsure}</p>'
        f'{_against(answer)}<div class="maps">{figures(shown[:1], crop, found=found)}'
        f'<p class="looked">Looked most at: <b>{html.escape(place)}</b></p>'
        f'<p class="check" data-check="{name}"></p>'
        f'<button type="button" class="secondary" data-do="check" data-model="{name}">Check the map of '
        f"{html.escape(look.title)}</button>{figures(shown[1:], crop, found=found)}</div></section>"
    )


def _against(answer: Prediction) -> str:
    words = against_words(answer)
    return f'<p class="against">{html.escape(words)}</p>' if words else ""


def names_places(shown: FaceMap) -> bool:
    """Whether a map says of some places of the face more than of others."""
    return shown.kind != "ranks" and not is_even(shown)


def inside_html(
    answers: Sequence[Prediction], looks: Mapping[str, Look], worth: Mapping[str, Mapping[str, str]]
) -> str:
    """The maps that name no places, and what they are good for."""
    columns = ""
    for answer in answers:
        rest = [one for one in answer.maps[1:] if not names_places(one)]
        if rest:
            title = html.escape(looks[answer.model].title)
            shown = figures(rest, _crop_url(answer.crop), found=worth.get(answer.model))
            columns += (
                f'<section class="model" style="--model:var(--model-{looks[answer.model].number})" aria-label="inside '
                f'{title}"><h3>{title}</h3><div class="maps">{shown}</div></section>'
            )
    if not columns:
        return '<p class="lead">Every map of these models names places of this face: they all stand side by side.</p>'
    return f'<p class="lead">{INSIDE}</p><div class="columns">{columns}</div>'


def _crop_url(crop: Image.Image) -> str:
    return data_url(crop.resize((CROP_SIDE, CROP_SIDE), Image.Resampling.BICUBIC))


def settings_html(names: Sequence[str], looks: Mapping[str, Look], expressions: Sequence[str]) -> str:
    """The controls; the script of the page sets them to what is chosen."""
    models = "".join(
        f'<label><input type="checkbox" name="models" value="{html.escape(name)}"> {html.escape(looks[name].title)}'
        "</label>"
        for name in names
    )
    methods = {BEST: "The best measured for each model"} | {key: method.title for key, method in METHODS.items()}
    about = {"": OWN_ANSWER} | {expression: expression for expression in expressions}
    return (
        f'<form class="settings"><fieldset><legend>Models</legend>{models}</fieldset>'
        f"{_select('method', 'Explain with', methods)}{_select('expression', 'The map is about', about)}"
        f"{_select('balanced', 'How common are expressions?', COMMON)}{_select('mirror', 'Look at a face', LOOKED)}"
        f"{_select('colormap', 'Colours of the maps', COLORMAPS)}</form>"
    )


def _select(name: str, label: str, options: Mapping[str, str]) -> str:
    listed = "".join(
        f'<option value="{html.escape(key)}">{html.escape(text)}</option>' for key, text in options.items()
    )
    return f'<label>{label}<select name="{name}">{listed}</select></label>'


def download_html() -> str:
    """The buttons; the browser saves what the server packs."""
    kinds = {
        "picture": "Picture (.png)",
        "maps": "Raw maps (.npy)",
        "json": "Results (.json)",
        "csv": "Results (.csv)",
    }
    buttons = "".join(
        f'<button type="button" class="secondary" data-do="save" data-kind="{kind}">{label}</button>'
        for kind, label in kinds.items()
    )
    return (
        f'<div class="actions">{buttons}<button type="button" class="secondary" data-do="copy">Copy link</button></div>'
        '<p class="hint" data-link-note>The link opens this example as it is shown here.</p>'
    )


def details_html(
    answers: Sequence[Prediction], looks: Mapping[str, Look], timing: Mapping[str, float], balanced: bool = False
) -> str:
    """Every probability, how sure each model is, and what it took; what is measured about the maps follows."""
    names = [html.escape(looks[answer.model].title) for answer in answers]
    expressions = list(dict.fromkeys(e for answer in answers for e in answer.probabilities))
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(expression)}</th>'
        + "".join(_cell(answer, expression, looks[answer.model]) for answer in answers)
        + "</tr>"
        for expression in expressions
    )
    sure = "".join(f"<td>{how_sure(answer)}</td>" for answer in answers)
    milliseconds = ", ".join(
        f"{html.escape(looks[stage].title if stage in looks else stage)} {value:.0f} ms"
        for stage, value in timing.items()
    )
    common = f"<p>How common expressions are: {COMMON['yes' if balanced else '']} (Settings).</p>"
    if any(answer.mirror for answer in answers):
        common += "<p>Each model looked at the face and at its mirror image: the mean of both (Settings).</p>"
    return (
        f'{common}<div class="scroll" role="region" tabindex="0" aria-label="all probabilities"><table class="shares">'
        f'<thead><tr><th scope="col">probability</th>{head}</tr></thead><tbody>{rows}'
        f'<tr class="sure"><th scope="row">how sure</th>{sure}</tr></tbody></table></div>'
        f'<p class="hint">When this was computed it took: {milliseconds}.</p>'
    )


def _cell(answer: Prediction, expression: str, look: Look) -> str:
    if expression not in answer.probabilities:
        return '<td title="this model does not know it">–</td>'
    share = answer.probabilities[expression]
    told = "> 99.9 %" if share >= 0.9995 else "< 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"
    top = ' class="top"' if expression == answer.expression else ""
    return f'<td{top} style="--share:{100 * share:.0f}%;--model:var(--model-{look.number})">{html.escape(told)}</td>'


__all__ = [
    "OWN_ANSWER",
    "SECTIONS",
    "compare_html",
    "details_html",
    "download_html",
    "inside_html",
    "names_places",
    "sections_html",
    "settings_html",
]
