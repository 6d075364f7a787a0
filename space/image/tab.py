"""The Image tab: a photo's faces, and for the chosen one a column per model with its answer and maps."""

import base64
import json

import gradio as gr

from space.image.answers import Chosen, ImageAnswers, Settings, Source, View
from space.image.downloads import raw_maps_zip, results_csv, results_json
from space.image.html import examples_html, start_html
from space.image.link import EXAMPLES, from_query
from space.image.maps import COLORMAPS, DEFAULT_COLORMAP, DEFAULT_OPACITY
from space.image.photo_input import OWN_ANSWER, PhotoInput, asked_expression, expression_choice, method_choice, politely
from space.image.trust_html import trust_html

MEASURING = '<p class="fer measuring" role="status">Measuring, with some hundred predictions …</p>'

# A click on a face or on an example tells the server which; the pressed state changes at once.
CHOOSE_BUTTON = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-index]');
  if (!button) return;
  for (const other of element.querySelectorAll('button[aria-pressed]'))
    other.setAttribute('aria-pressed', String(other === button));
  trigger('select', {index: Number(button.dataset.index)});
});
element.dataset.ready = '';
"""


def image_tab(page: gr.Blocks, answers: ImageAnswers) -> None:
    """The tab, wired to what computes it; called inside the tabs of `page`."""
    with gr.Tab("Image", id="image", elem_id="image"):
        with gr.Row(elem_id="workbench"):
            with gr.Column(scale=1, min_width=320, elem_classes="rail"):
                photo = PhotoInput(
                    sources=["upload", "clipboard", "webcam"],
                    type="filepath",
                    label="Photo",
                    elem_id="photo",
                    height=230,
                )
                examples = gr.HTML(examples_html(EXAMPLES), elem_id="examples", js_on_load=CHOOSE_BUTTON)
                with gr.Group(elem_id="settings"):
                    models = gr.CheckboxGroup(answers.models, value=answers.models, label="Models", elem_id="models")
                    method = method_choice("method")
                    expression = expression_choice(answers.analyzer, "expression")
                    opacity = gr.Slider(
                        0,
                        100,
                        round(100 * DEFAULT_OPACITY),
                        step=5,
                        label="Map opacity",
                        elem_id="opacity",
                        buttons=[],
                    )
                    colormap = gr.Dropdown(
                        [(title, name) for name, title in COLORMAPS.items()],
                        value=DEFAULT_COLORMAP,
                        label="Map colours",
                        elem_id="colormap",
                    )
            with gr.Column(scale=3, min_width=320):
                stage = gr.HTML(start_html(), elem_id="stage", js_on_load=CHOOSE_BUTTON)
                agreement = gr.HTML(visible=False, elem_id="agreement")
                with gr.Row(visible=False, elem_id="take-home") as take_home:
                    labels = ("Copy link", "Picture (.png)", "Raw maps (.npy)", "Results (.json)", "Results (.csv)")
                    link_button, picture_button, maps_button, json_button, csv_button = (
                        gr.Button(label, size="sm", min_width=110) for label in labels
                    )
        columns, cards, trust_buttons, trusts = [], [], [], []
        with gr.Row(elem_id="columns"):
            for name in answers.models:
                with gr.Column(visible=False, min_width=230, elem_classes="column") as column:
                    cards.append(gr.HTML())
                    trust_buttons.append(
                        gr.Button("Can I trust these maps?", size="sm", elem_id=f"trust-{name}", min_width=100)
                    )
                    trusts.append(gr.HTML(elem_classes="trust-place"))
                columns.append(column)
        chosen = gr.State(Chosen())
        query = gr.JSON(visible="hidden")
        parcel = gr.JSON(visible="hidden")
    settings = [models, method, expression]

    def updates(view: View) -> dict:
        """What a view changes on the page."""
        filled = {}
        for name, column, card in zip(answers.models, columns, cards, strict=True):
            filled[column] = gr.update(visible=name in view.cards)
            if name in view.cards:
                filled[card] = view.cards[name]
        return {
            stage: view.stage,
            agreement: gr.update(value=view.agreement or "", visible=view.agreement is not None),
            take_home: gr.update(visible=bool(view.cards)),
            query: view.query,
            **filled,
        }

    def show(source: Source, pick: Chosen, *chosen_settings) -> dict:
        return updates(answers.view(source, pick, _settings(*chosen_settings)))

    def show_anew(source: Source, pick: Chosen, *chosen_settings) -> dict:
        """What was measured about the maps of before goes away with them."""
        return show(source, pick, *chosen_settings) | dict.fromkeys(trusts, "")

    def pick_face(event: gr.EventData, source: Source, *chosen_settings) -> dict:
        pick = Chosen(answers.photo(source).digest, event.index)
        changed = show_anew(source, pick, *chosen_settings)
        del changed[stage]  # it shows the pick already, and keeps the keyboard's focus
        return changed | {chosen: pick}

    def open_link(request: gr.Request) -> dict:
        choices = from_query(request.query_params, answers.models, answers.expressions)
        values = {
            models: choices.models,
            method: choices.method,
            expression: choices.expression or OWN_ANSWER,
            opacity: round(100 * choices.opacity),
            colormap: choices.colormap,
        }
        if choices.example is None:
            return values
        example = EXAMPLES[choices.example]
        return values | {photo: str(example), chosen: Chosen(answers.photo(example).digest, choices.face)}

    def pick_example(event: gr.EventData) -> str:
        return str(list(EXAMPLES.values())[event.index])

    # Everything that computes waits in one queue, so that many visitors cannot start more than the machine can do.
    private = {"api_visibility": "private"}
    computing = private | {"concurrency_id": "models", "trigger_mode": "always_last"}
    right_side = [stage, agreement, take_home, query, *columns, *cards]
    everything = [photo, chosen, *settings]
    examples.select(pick_example, None, photo, show_progress="hidden", **private)
    shown = [
        event(
            show_anew, everything, [*right_side, *trusts], show_progress="minimal", show_progress_on=stage, **computing
        )
        for event in (photo.change, method.input, expression.input)
    ]
    shown.append(models.input(show, everything, right_side, show_progress="hidden", **computing))
    picked = [chosen, *right_side, *trusts]
    shown.append(stage.select(politely(pick_face), [photo, *settings], picked, show_progress="hidden", **computing))
    for event in shown:
        event.then(None, query, None, js="query => window.fer.address(query)", **private)
    opacity.change(None, opacity, None, js="percent => window.fer.opacity(percent)", **private)
    colormap.change(None, colormap, None, js="name => window.fer.colormap(name)", **private)

    for name, button, place in zip(answers.models, trust_buttons, trusts, strict=True):

        def ask(source: Source, pick: Chosen, *chosen_settings, model: str = name) -> str:
            seen, about = answers.photo(source), _settings(*chosen_settings)
            face = pick.within(seen)
            return trust_html(answers.trust(seen, face, model, about), answers.key(seen, face, about))

        started = button.click(None, None, place, js=f"() => {json.dumps(MEASURING)}", **private)
        slow = computing | {"concurrency_id": "trust"}  # takes seconds: the others need not wait for it
        measured = started.then(politely(ask), everything, place, show_progress="hidden", **slow)
        measured.then(None, None, None, js="() => window.fer.dropStale()", **private)
        measured.failure(None, None, place, js="() => ''", **private)

    def pack_picture(source: Source, pick: Chosen, names, how, about, percent: int, colors: str) -> dict:
        seen = answers.photo(source)
        made = answers.picture(seen, pick.within(seen), _settings(names, how, about), percent / 100, colors)
        return _parcel("faces.png", "image/png", made)

    def pack_maps(source: Source, pick: Chosen, *chosen_settings) -> dict:
        seen = answers.photo(source)
        face = pick.within(seen)
        made = raw_maps_zip(face + 1, answers.explained(seen, face, _settings(*chosen_settings)))
        return _parcel("maps.zip", "application/zip", made)

    def pack_json(source: Source, names: list[str]) -> dict:
        return _parcel("faces.json", "application/json", results_json(answers.results(answers.photo(source), names)))

    def pack_csv(source: Source, names: list[str]) -> dict:
        return _parcel("faces.csv", "text/csv", results_csv(answers.results(answers.photo(source), names)))

    for button, pack, inputs in (
        (picture_button, pack_picture, [*everything, opacity, colormap]),
        (maps_button, pack_maps, everything),
        (json_button, pack_json, [photo, models]),
        (csv_button, pack_csv, [photo, models]),
    ):
        packed = button.click(politely(pack), inputs, parcel, show_progress="hidden", **computing)
        packed.then(None, parcel, None, js="parcel => window.fer.save(parcel)", **private)
    link_button.click(None, None, None, js="() => window.fer.copy('Copy link')", **private)
    page.load(open_link, None, [photo, chosen, *settings, opacity, colormap], show_progress="hidden", **private)


def _settings(models: list[str], method: str, expression: str) -> Settings:
    return Settings(models, method, asked_expression(expression))


def _parcel(file: str, kind: str, content: bytes) -> dict[str, str]:
    """A file for the browser to save; none is written on the server."""
    return {"file": file, "url": f"data:{kind};base64,{base64.b64encode(content).decode()}"}
