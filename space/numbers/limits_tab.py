"""The Limits tab: what this cannot do, with the numbers that say so."""

import html
from collections.abc import Sequence

import gradio as gr

from fer_models.conditions import LEAST_SIDE
from fer_models.results import percent, span
from fer_models.results.near_duplicates import NearDuplicates
from fer_models.results.robustness import Robustness
from space.numbers.measured import Measured, Model
from space.numbers.models_html import Group
from space.numbers.words import pictures_words, spoilt_words

FEW = 100  # pictures of an expression; a share of fewer says little


def limits_html(found: Measured) -> str:
    """The page; a statement that rests on a measurement is left out where there is none."""
    groups = [
        [(model, result) for model, result in group if model.loaded]
        for group in found.groups()
        if not group[0][1].data.subset
    ]
    main = next((group for group in groups if group), [])
    sections = [
        (
            "It does not know what you feel",
            [
                "A model names what a face <b>shows</b>, in the words that annotators would most often choose for the "
                "picture. People smile without joy and are sad without showing it; no picture of a face tells the two "
                "apart.",
                "It sees one moment, without voice, body, place, or what happened before.",
                "Do not decide anything about a person with it: not in hiring, teaching, policing, health, insurance "
                "or selling. In the European Union, inferring emotions at work and in education is forbidden, other "
                "than for medical or safety reasons (Regulation 2024/1689, article 5).",
            ],
        ),
        ("It is often wrong", [*_accuracy(main), *_rare(main), *_sure(main), *_flattered(main, found.near_duplicates)]),
        ("Harder pictures make it worse", _robustness(found.robustness)),
        (
            "It is not equally good for everybody",
            [
                "For whom it is worse was not measured: the pictures come without age, gender, skin colour or origin, "
                "and guessing these from faces would be one more model that errs.",
                "The training pictures come from image searches for English words. Who is found by them, and what "
                "annotators make of an expression, differs between cultures, and the models have learned both.",
                "Beards, scarves, masks, glasses, make-up, a paralysis or a face at rest that looks stern can change "
                "the answer without any change of expression.",
            ],
        ),
        (
            "A map is about the model, not about the person",
            [
                "Grad-CAM and attention show what the network used. A bright mouth does not mean that the mouth "
                "expresses it.",
                "Maps are coarse, some of them 2 x 2 or 7 x 7 cells for the whole face; what lies within a cell "
                "is not known.",
                "A map can look convincing and say nothing. The map check measures it for the very face "
                "on the page, against random maps, other faces' maps and a network that has learned nothing.",
            ],
        ),
        (
            "What it does not find or take",
            [
                "Faces from the side and half covered ones are often not found, nor are faces under some 40 pixels in "
                f"a large photo. In a small photo even ten pixels are found; under {LEAST_SIDE} the answer says “very "
                "small”, and is worth less than its percentage. A photo on its side or upside down is turned first. A "
                "face that is not found gets no answer.",
                "It answers for drawn faces, masks and dolls if the detector takes them for faces.",
                "Photos of more than 40 megapixels and files of more than 50 MB are refused.",
                "It does not recognise people, and nothing about them is kept: uploads are deleted within the hour "
                "and leave this machine at no time.",
            ],
        ),
    ]
    content = "".join(
        f"<section><h2>{title}</h2><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul></section>"
        for title, items in sections
        if items
    )
    return f'<div class="fer measured limits">{content}</div>'


def _accuracy(group: Group) -> list[str]:
    if not group:
        return []
    result = group[0][1]
    wrong = span([1 - one.metrics.accuracy.value for _, one in group], 0)
    return [
        f"Of {result.n_scored:,} pictures ({html.escape(pictures_words(result.data))}) {wrong} got another answer "
        "than the annotators' majority. The annotators differ among themselves, too."
    ]


def _rare(group: Group) -> list[str]:
    """The expression that is recognised least often, and how few pictures that rests on."""
    if not group:
        return []
    recalls = {
        name: [result.recall[name] for _, result in group if name in result.recall] for name in group[0][1].recall
    }
    shares = {name: [one.value for one in found if one.n and one.value is not None] for name, found in recalls.items()}
    shares = {name: values for name, values in shares.items() if values}
    counts = {name: group[0][1].recall[name].n for name in shares}
    worst = sorted(shares, key=lambda name: max(shares[name]))[:3]
    told = ", ".join(f"{html.escape(name)} {span(shares[name], 0)} (of {counts[name]:,})" for name in worst)
    best = max(shares, key=lambda name: min(shares[name]))
    few = " So few pictures say little." if any(counts[name] < FEW for name in worst) else ""
    return [
        f"Rare expressions are mostly missed: {told} were recognised, against {span(shares[best], 0)} of "
        f"{html.escape(best)}.{few}"
    ]


def _sure(group: Group) -> list[str]:
    answered = [result.not_sure.answered for _, result in group if result.not_sure.accuracy is not None]
    accuracies = [result.not_sure.accuracy for _, result in group if result.not_sure.accuracy is not None]
    if not accuracies:
        return []
    return [
        f"“Not sure” is an answer. The models give it for {span([1 - share for share in answered], 0)} of "
        f"these pictures; of their other answers, {span([1 - accuracy for accuracy in accuracies])} are still wrong. "
        "A high probability is a model's confidence, not proof."
    ]


def _flattered(group: Group, duplicates: Sequence[NearDuplicates]) -> list[str]:
    """Why the numbers are better than they should be."""
    said = []
    if any(result.calibration for _, result in group):
        said.append(
            "These pictures selected the training epoch and set the threshold of “not sure”; on pictures that had no "
            "part in the training, expect less."
        )
    names = {result.data.name for _, result in group}
    said += [
        f"{percent(near.equal_or_near.share_of_second)} of the {html.escape(near.second.split)} pictures "
        f"equal or nearly equal one in {html.escape(near.first.split)}, so the numbers flatter the models."
        for near in duplicates
        if any(near.data.layout.startswith(name) for name in names)
    ]
    return said


def _robustness(results: Sequence[tuple[Model, Robustness]]) -> list[str]:
    results = [(model, result) for model, result in results if model.loaded]
    if not results:
        return []
    clean = [next(iter(result.accuracy.values()))[0].value for _, result in results]
    said = [f"On {results[0][1].n_samples:,} pictures as they are, accuracy is {span(clean, 0)}."]
    for kind in results[0][1].accuracy:
        curves = [[point.value for point in result.accuracy[kind]] for _, result in results]
        said.append(
            f"<b>{html.escape(spoilt_words(kind).capitalize())}</b>: {span([curve[3] for curve in curves], 0)} at the "
            f"third of five steps, {span([curve[-1] for curve in curves], 0)} at the last."
        )
    return said


def limits_tab(found: Measured) -> None:
    """The tab; called inside the page's `gr.Tabs`."""
    with gr.Tab("Limits", id="limits", elem_id="limits"):
        gr.HTML(limits_html(found), padding=False)


__all__ = ["limits_html", "limits_tab"]
