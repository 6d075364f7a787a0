"""What the models answer about the chosen face, as HTML: a sentence, a row per model, what hiding changes."""

import html
from collections.abc import Mapping, Sequence

from fer_models.analyzer import Prediction
from fer_models.looks import Look
from fer_models.words import doubt
from space.image.hiding import Hidden
from space.image.regions import PARTS
from space.image.words import against_words, count_words, share_words, unsure_words, verdict

LIKELY = 3  # expressions of the chosen model that are told
THE = {part: f"the {part}" for part in PARTS}


def panel_html(
    number: tuple[int, int],
    answers: Sequence[Prediction],
    looks: Mapping[str, Look],
    places: Mapping[str, str],
    asked: str | None,
    hidden: Hidden | None,
    notes: Sequence[str] = (),
    balanced: bool = False,
) -> str:
    """The right half of the first screen.

    Args:
        number: of the face, from 1, and how many there are.
        places: where each model's map is brightest, in words.
        asked: the expression that the visitor wants explained; `None` is each model's own answer.
        hidden: what hiding parts of the face does, if that was asked.
        notes: sentences about the photo.
        balanced: whether all expressions were to count as equally likely; a model that cannot says so.
    """
    which = f"Face {number[0]} of {number[1]}" if number[1] > 1 else ""
    rows = "".join(
        _row(answer, looks[answer.model], places[answer.model], _about(answer, asked, balanced), hidden)
        for answer in answers
    )
    told = " ".join(filter(None, (unsure_words(answers, looks), *notes)))
    return (
        f'<div class="fer panel"><div role="status"><p class="which">{which}</p>'
        f'<h2 class="verdict">{html.escape(verdict(answers, looks))}</h2><p class="told">{html.escape(told)}</p></div>'
        f'<fieldset class="rows"><legend>Whose map lies on the face?</legend>{rows}</fieldset>{_hiding(hidden)}</div>'
    )


def message_panel(text: str) -> str:
    """A sentence in the place of the answers."""
    return f'<div class="fer panel"><p class="notice" role="status">{html.escape(text)}</p></div>'


def _row(answer: Prediction, look: Look, place: str, about: str, hidden: Hidden | None) -> str:
    name, color = html.escape(answer.model), f"--model:var(--model-{look.number})"
    unsure = f' <em class="unsure">{words}</em>' if (words := doubt(answer)) else ""
    likely = sorted(answer.probabilities.items(), key=lambda item: -item[1])[1:LIKELY]
    others = ", ".join(f"{html.escape(expression)} {share_words(share)}" for expression, share in likely)
    return (
        f'<div class="row" data-model="{name}" style="{color}"><label>'
        f'<input type="radio" name="shown-model" value="{name}"><span class="name">{html.escape(look.title)}</span>'
        f'<span class="answer">{html.escape(answer.expression)}{unsure}</span><span class="track" aria-hidden="true">'
        f'<span style="width:{100 * answer.probability:.1f}%"></span></span>'
        f'<span class="share">{share_words(answer.probability)}</span></label>{_against(answer)}'
        f'{_after(answer, hidden)}<div class="more"><p class="others">then {others}</p>{about}'
        f'<p class="looked">Looked most at: <b>{html.escape(place)}</b></p>'
        f'<p class="check" data-check="{name}"></p></div></div>'
    )


def _about(answer: Prediction, asked: str | None, balanced: bool) -> str:
    """In what the answer and its map differ from what was asked for, as HTML."""
    sentences = []
    if balanced and not answer.balanced:
        sentences.append("It counts expressions as common as on the web: it cannot do otherwise.")
    if asked is not None and asked not in answer.probabilities:
        sentences.append(f"It does not know {asked}; its map is about its own answer.")
    elif answer.explained is not None and answer.explained != answer.expression:
        sentences.append(f"The map is about {answer.explained}.")
    return "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)


def _against(answer: Prediction) -> str:
    words = against_words(answer)
    return f'<p class="against">{html.escape(words)}</p>' if words else ""


def _after(answer: Prediction, hidden: Hidden | None) -> str:
    """The answer while a part is hidden."""
    after = hidden.answers.get(answer.model) if hidden else None
    if after is None:
        return ""
    changed = after.expression != answer.expression
    words = f"{html.escape(after.expression)}, {share_words(after.probability)}"
    return f'<p class="after{" changed" if changed else ""}">{"now " if changed else "still "}{words}</p>'


def _hiding(hidden: Hidden | None) -> str:
    if hidden is None:
        return (
            '<div class="actions"><button type="button" class="secondary" data-do="hide">Hide a part of the face'
            '</button><button type="button" class="secondary" data-do="open" data-section="details">Details</button>'
            "</div>"
        )
    chips = "".join(
        f'<button type="button" class="chip" data-do="part" data-part="{part}" '
        f'aria-pressed="{str(hidden.part == part).lower()}">Hide {THE[part]}</button>'
        for part in hidden.changes
    )
    effects = "".join(
        f"<li><b>{THE[part].capitalize()}</b> hidden: another answer from {count_words(changed, hidden.of)}</li>"
        for part, changed in hidden.changes.items()
    )
    now = f"<p>{html.escape(hidden.sentence)}</p>" if hidden.sentence else ""
    return (
        f'<section class="hiding" aria-label="hide a part of the face"><div class="chips">{chips}'
        '<button type="button" class="chip" data-do="unhide">Show the whole face</button></div>'
        '<p class="hint">Or drag a rectangle over the photo. What is hidden is blurred, and every model answers again.'
        f'</p><div role="status">{now}</div><ul>{effects}</ul></section>'
    )


__all__ = ["message_panel", "panel_html"]
