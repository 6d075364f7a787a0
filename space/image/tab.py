"""The Photo tab: what the models see in a face and where they looked; the layout, and who answers what."""

import base64
import html
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import gradio as gr

from fer_models.faces import PhotoError
from fer_models.trust import Trust
from space.image.answers import NO_FACE, ImageAnswers, Source
from space.image.check import map_check
from space.image.downloads import photos_csv, raw_maps_zip, results_csv, results_json
from space.image.fixed import examples_html, scale_html, sources_html
from space.image.idle import Busy, Interrupted
from space.image.link import EXAMPLES, Wish, read_wish
from space.image.maps import COLORMAPS, DEFAULT_COLORMAP, DEFAULT_OPACITY
from space.image.photo_input import PhotosInput, politely
from space.image.recent import SeenPhoto
from space.image.trust_html import trust_html
from space.image.view import PhotoPage, View, face_of, key_of, opening_example, settings_of
from space.page.style import plain

APPLY = "watch('value', () => window.fer.photo.apply())"  # what the browser chose stands, whatever the server wrote


def photo_tab(answers: ImageAnswers) -> None:
    """The tab, wired to what computes it; called inside the tabs of the page."""
    opening = opening_example(answers)
    shown = PhotoPage(answers, opening)
    first = shown.view(read_wish({"example": opening}, answers.models, answers.expressions))
    busy = Busy()
    with gr.Tab("Photo", id="photo", elem_id="photo"):
        with gr.Row(elem_id="first-screen"):
            with gr.Column(scale=11, min_width=320, elem_id="left-side"):
                plain(sources_html(), elem_id="sources")
                with gr.Column(elem_id="stage"):
                    picture = plain(first.picture, elem_id="picture", js_on_load=APPLY)
                    overlay = plain(first.overlay, elem_id="overlay", js_on_load=APPLY)
                plain(scale_html(), elem_id="scale")
                strip = plain(f'<div class="fer">{first.strip}</div>', elem_id="strip", js_on_load=APPLY)
                plain(examples_html(EXAMPLES), elem_id="examples")
            with gr.Column(scale=9, min_width=320, elem_id="right-side"):
                panel = plain(first.panel, elem_id="panel", js_on_load=APPLY)
        plain('<div class="fer" id="many-photos" hidden></div>')
        sections = plain(first.sections, elem_id="sections", js_on_load=APPLY)
        photos = PhotosInput(file_count="multiple", visible="hidden")
        told, state, checked, parcel, row = (gr.JSON(visible="hidden") for _ in range(5))
        asker = plain(
            f'<i data-state="{html.escape(json.dumps(first.state))}"></i>',
            visible="hidden",
            elem_id="photo-asker",
            js_on_load="window.fer.photo.connect(element, trigger, upload)",
        )

    def wish_of(values: dict) -> Wish:
        return read_wish(values, answers.models, answers.expressions)

    def own_photo(files: list[Source], wish: Wish) -> Source:
        return files[wish.photo] if files and wish.photo < len(files) else None

    def seen_photo(files: list[Source], wish: Wish) -> tuple[SeenPhoto, int]:
        """The photo and its chosen face."""
        photo = answers.photo(str(EXAMPLES[wish.example]) if wish.example else own_photo(files, wish))
        return photo, face_of(photo, wish)

    def show(files: list[Source], values: dict) -> dict:
        with busy.working():
            wish = wish_of(values)
            view = shown.view(wish, own_photo(files, wish))
        return _updates(view, values)

    def _updates(view: View, values: dict) -> dict:
        known = isinstance(values, dict) and values.get("photo_key") == view.state["photo_key"] != ""
        return {
            picture: gr.skip() if known else view.picture,
            overlay: view.overlay,
            strip: f'<div class="fer">{view.strip}</div>',
            panel: view.panel,
            sections: view.sections,
            state: view.state | {"turn": values.get("turn") if isinstance(values, dict) else None},
        }

    def check(files: list[Source], values: dict) -> dict:
        """The verdict on the shown map, unless somebody waits for an answer."""
        wish = wish_of(values)
        photo, face = seen_photo(files, wish)
        model = wish.shown or wish.models[0]
        try:
            trust = busy.when_idle(
                lambda give_way: answers.shown_trust(photo, face, model, settings_of(wish), give_way)
            )
        except Interrupted:
            return {"later": True}
        return {"key": key_of(photo, face, wish), "model": model, **_verdict(trust)}

    def pack(files: list[Source], values: dict) -> dict:
        with busy.working():
            wish = wish_of(values)
            kind = values.get("kind") if isinstance(values, dict) else None
            if kind == "all":
                return _all(answers, files, wish)
            if not isinstance(kind, str) or kind not in _PACKERS:
                raise PhotoError(f"There is no such download; there are all, {', '.join(_PACKERS)}.")
            photo, face = seen_photo(files, wish)
            if not photo.found.faces:
                raise PhotoError(NO_FACE)
            return _PACKERS[kind](answers, photo, face, wish, values)

    def table_row(files: list[Source], values: dict) -> dict:
        """One photo of many, in a row."""
        with busy.working():
            wish = wish_of(values)
            return {"photo": wish.photo} | shown.row(own_photo(files, wish), wish)

    # Everything that computes waits in one queue, so that many visitors cannot start more than the machine can do.
    private = {"api_visibility": "private", "show_progress": "hidden"}
    computing = private | {"concurrency_id": "models"}

    def asked(call: str) -> dict:
        return {"inputs": [photos, told], "js": f"() => window.fer.photo.asked('{call}')"}

    parts = [picture, overlay, strip, panel, sections, state]
    answered = asker.select(show, outputs=parts, trigger_mode="always_last", **asked("show"), **computing)
    answered.success(None, state, None, js="state => window.fer.photo.arrived(state)", **private)
    answered.failure(None, None, None, js="() => window.fer.photo.failed()", **private)
    # It takes seconds: the others need not wait for it.
    measured = asker.input(
        politely(check), outputs=checked, trigger_mode="once", **asked("check"), **private, concurrency_id="trust"
    )
    measured.success(None, checked, None, js="told => window.fer.photo.checks.arrived(told)", **private)
    measured.failure(None, None, None, js="() => window.fer.photo.checks.arrived(null)", **private)
    packed = asker.submit(politely(pack), outputs=parcel, **asked("pack"), **computing)
    packed.success(None, parcel, None, js="parcel => window.fer.save(parcel)", **private)
    listed = asker.edit(table_row, outputs=row, trigger_mode="multiple", **asked("row"), **computing)
    listed.success(None, row, None, js="row => window.fer.photo.many.row(row)", **private)
    listed.failure(None, None, None, js="() => window.fer.photo.many.row(null)", **private)


def _verdict(trust: Trust) -> dict:
    """The word and sentence about the map that is shown, and all that was measured."""
    found = map_check(trust.maps[0] if trust.maps else None)
    return {"word": found.word, "sentence": found.sentence, "html": trust_html(trust) if trust.maps else ""}


def _parcel(file: str, kind: str, content: bytes) -> dict[str, str]:
    """A file for the browser to save; none is written on the server."""
    return {"file": file, "url": f"data:{kind};base64,{base64.b64encode(content).decode()}"}


def _picture(answers: ImageAnswers, photo: SeenPhoto, face: int, wish: Wish, values: dict) -> dict:
    told, asked = values.get("opacity"), values.get("colormap")
    usual = isinstance(told, (int, float)) and 0 <= told <= 100  # no NaN
    opacity = told / 100 if usual else DEFAULT_OPACITY
    colormap = asked if isinstance(asked, str) and asked in COLORMAPS else DEFAULT_COLORMAP
    made = answers.picture(photo, face, settings_of(wish), opacity, colormap)
    return _parcel("faces.png", "image/png", made)


def _maps(answers: ImageAnswers, photo: SeenPhoto, face: int, wish: Wish, values: dict) -> dict:
    settings = settings_of(wish)
    explained, notes = answers.explained(photo, face, settings), answers.notes(photo, face, settings)
    made = raw_maps_zip(face + 1, explained, answers.settings_origin(settings), notes)
    return _parcel("maps.zip", "application/zip", made)


def _json(answers: ImageAnswers, photo: SeenPhoto, face: int, wish: Wish, values: dict) -> dict:
    settings = settings_of(wish)
    explained, notes = answers.explained(photo, face, settings), answers.notes(photo, face, settings)
    made = results_json(
        answers.results(photo, settings),
        face + 1,
        explained,
        notes,
        answers.settings_origin(settings),
    )
    return _parcel("faces.json", "application/json", made)


def _csv(answers: ImageAnswers, photo: SeenPhoto, face: int, wish: Wish, values: dict) -> dict:
    checks = {
        (number + 1, model): found.word
        for number in range(len(photo.found.faces))
        for model in wish.models
        if (found := answers.known_check(photo, number, model, settings_of(wish)))
    }
    settings = settings_of(wish)
    results, made_by = answers.results(photo, settings), answers.settings_origin(settings)
    return _parcel("faces.csv", "text/csv", results_csv(results, made_by, checks))


def _all(answers: ImageAnswers, files: list[Source], wish: Wish) -> dict:
    """One table of all the visitor's photos; one that cannot be read has no rows."""
    found = {}
    for file in files:
        with suppress(PhotoError):
            found[Path(str(file)).name] = answers.results(answers.photo(file), settings_of(wish))
    return _parcel("photos.csv", "text/csv", photos_csv(found, answers.origin(settings_of(wish))))


_PACKERS: dict[str, Callable[..., dict]] = {"picture": _picture, "maps": _maps, "json": _json, "csv": _csv}

__all__ = ["photo_tab"]
