"""Named endpoints for programs, with typed results: /analyze, /explain and /models, which are MCP tools as well."""

import io
from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict

import gradio as gr
import numpy as np
from gradio.components.api_component import Api
from gradio_client.utils import python_type_to_json_schema
from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.answering import Answering
from fer_models.expressions import ExpressionError
from fer_models.faces import FaceNotFoundError
from fer_models.methods import METHODS
from fer_models.schema import (
    Answer,
    FaceResult,
    MapTrustResult,
    Origin,
    SteadinessResult,
    answer_result,
    steadiness_result,
    trust_results,
)
from fer_models.trust import Trust
from fer_models.words import how_sure
from space.image.agreement import right_by_count
from space.image.answers import NO_FACE, ImageAnswers, Settings, Source
from space.image.maps import DEFAULT_COLORMAP, DEFAULT_OPACITY, strongest_place
from space.image.photo_input import PhotoInput, politely


class PhotoResult(TypedDict):
    """faces: in reading order; empty where none was found. notes: what to know about the search, such as that the photo
    was turned before its faces were found; the boxes are in the turned photo. right_when_agreeing: by how many of these
    models name the same expression, the share of validation pictures for which that was right; empty where it was not
    measured for these models. milliseconds: by stage, when it was computed."""

    faces: list[FaceResult]
    notes: list[str]
    right_when_agreeing: dict[str, float]
    milliseconds: dict[str, float]
    origin: Origin


class MapResult(TypedDict):
    """kind: "heat" and "shares" are places of the face, "ranks" are none. values: rows from top to bottom. profiles: of
    a map whose channels are products of two, their means, one number per row and per column; null of any other.
    highest: where, in words. trust: null unless it was asked for, and of a map that marks no places."""

    name: str
    meaning: str
    kind: str
    values: list[list[float]]
    profiles: list[list[float]] | None
    highest: str
    trust: MapTrustResult | None


class ExplainedAnswer(TypedDict):
    """explained: the expression that the class-dependent maps are about. steadiness: whether the answer holds when the
    face is degraded a little, which lowers `how_sure` where it does not; null unless trust was asked for."""

    answer: Answer
    explained: str
    steadiness: SteadinessResult | None
    maps: list[MapResult]


class ExplanationResult(TypedDict):
    """One face of a photo, with every chosen model's answer and maps."""

    face: int
    box: list[float]
    models: list[ExplainedAnswer]
    origin: Origin


class ModelResult(TypedDict):
    """A model that can be asked. input_side: of the square that it sees, in pixels."""

    name: str
    architecture: str
    expressions: list[str]
    parameters: int
    input_side: int
    maps: list[str]


class ModelNames(gr.CheckboxGroup):
    """Names of models, as programs send them: a list, one name alone, or none for all."""

    is_template = True

    def preprocess(self, payload: list[str] | str | None) -> list[str]:
        names = [payload] if isinstance(payload, str) else payload or []
        if not isinstance(names, list):
            raise gr.Error(
                f"Models are given as a list of names, not as {payload!r}.",
                title="That did not work",
                print_exception=False,
            )
        return super().preprocess(names)


def add_api(answers: ImageAnswers) -> None:
    """The endpoints, wired to what the Photo tab computes; called inside the page's `gr.Blocks`."""
    names = answers.models

    def can_balance(chosen: Sequence[str], balanced: bool) -> None:
        unable = [name for name in chosen if balanced and not answers.analyzer.checkpoints[name].can_balance]
        if unable:
            raise gr.Error(
                f"Ask without balanced: how common expressions are is not known of {', '.join(unable)}.",
                title="That did not work",
                print_exception=False,
            )

    def analyze(photo: Source, models: Sequence[str] = (), balanced: bool = False, mirror: bool = False) -> PhotoResult:
        """Find the faces of a photo and say which expression each model reads from them, and how sure it is.

        An expression is what a face shows, not what a person feels.

        Args:
            photo: JPEG, PNG, WebP, GIF, BMP or TIFF, up to 40 megapixels: a file, or its base64 data URL.
            models: names from /models; all by default.
            balanced: take all expressions for equally likely; by default they are as common as on the web.
            mirror: look at each face and at its mirror image, in twice the time, and give the mean of both.

        Returns:
            Every face with its box and every model's answer with all probabilities; no faces where none was found.
        """
        can_balance(models or names, balanced)
        seen, settings = answers.photo(photo), Settings(models or names, balanced=balanced, mirror=mirror)
        return PhotoResult(
            faces=answers.results(seen, settings),
            notes=list(seen.found.notes),
            right_when_agreeing={}
            if balanced or mirror  # it was measured on plain answers
            else {
                str(count): round(share, 4)
                for count, share in right_by_count(answers.agreement, models or names).items()
            },
            milliseconds=answers.milliseconds(seen, settings),
            origin=answers.origin(settings),
        )

    def explain(
        photo: Source,
        face: int = 1,
        models: Sequence[str] = (),
        method: str = "gradcam",
        expression: str | None = None,
        trust: bool = False,
        balanced: bool = False,
        mirror: bool = False,
    ) -> tuple[ExplanationResult, Image.Image]:
        """Show where models looked when they named the expression of one face: Grad-CAM or a relative of it, and each
        model's own attention, every map with one sentence that says what it means.

        Args:
            photo: JPEG, PNG, WebP, GIF, BMP or TIFF, up to 40 megapixels: a file, or its base64 data URL.
            face: its number, from 1 on, in reading order (row after row, from left to right).
            models: names from /models; all by default.
            method: of the Grad-CAM family.
            expression: explain this one (happiness, or another word for it, as happy); by default each model's own
                answer.
            trust: also measure how far each map can be trusted, which takes seconds.
            balanced: take all expressions for equally likely; by default they are as common as on the web.
            mirror: look at each face and at its mirror image, in twice the time, and give the mean of both.

        Returns:
            The answers with the maps as numbers, and a picture of both.
        """
        try:
            expression = answers.analyzer.asked(expression)
        except ExpressionError as error:
            raise gr.Error(f"There is an {error}.", title="That did not work", print_exception=False) from error
        can_balance(models or names, balanced)
        seen = answers.photo(photo)
        if not seen.found.faces:
            raise FaceNotFoundError(NO_FACE)
        if not isinstance(face, int):
            raise FaceNotFoundError(f"A face is asked for by its number, from 1 on, not by {face!r}.")
        if not 1 <= face <= len(seen.found.faces):
            raise FaceNotFoundError(f"There is no face {face}; the photo has faces 1 to {len(seen.found.faces)}.")
        settings = Settings(models or names, method, expression, balanced, mirror)
        result = ExplanationResult(
            face=face,
            box=[round(value, 1) for value in seen.found.faces[face - 1].box],
            models=[
                _explained(answer, answers.trust(seen, face - 1, answer.model, settings) if trust else None)
                for answer in answers.explained(seen, face - 1, settings)
            ],
            origin=answers.settings_origin(settings),
        )
        drawn = answers.picture(seen, face - 1, settings, DEFAULT_OPACITY, DEFAULT_COLORMAP)
        return result, Image.open(io.BytesIO(drawn))

    def models() -> list[ModelResult]:
        """List the models that can be asked, with the expressions that each knows.

        Returns:
            One entry per model.
        """
        return [_model(checkpoint) for checkpoint in answers.analyzer.checkpoints.values()]

    # A program has no page: the components only describe the parameters and check them.
    with gr.Column(visible=False):
        photo = PhotoInput(label="photo", type="filepath")
        chosen_models = ModelNames(names, value=names, label="models")
        face = Api(1, python_type_to_json_schema(int), "face, from 1")
        method = gr.Dropdown(list(METHODS), value="gradcam", label="method")
        expression = Api(None, python_type_to_json_schema(Literal[tuple(answers.expressions)] | None), "expression")
        trust = gr.Checkbox(False, label="trust")
        balanced = gr.Checkbox(False, label="balanced")
        mirror = gr.Checkbox(False, label="mirror")
        found = Api(None, python_type_to_json_schema(PhotoResult), "result")
        explained = Api(None, python_type_to_json_schema(ExplanationResult), "result")
        picture = gr.Image(label="picture", format="png")
        listed = Api(None, python_type_to_json_schema(list[ModelResult]), "models")
        computing = {"concurrency_id": "models"}
        gr.Button().click(
            politely(analyze), [photo, chosen_models, balanced, mirror], found, api_name="analyze", **computing
        )
        gr.Button().click(
            politely(explain),
            [photo, face, chosen_models, method, expression, trust, balanced, mirror],
            [explained, picture],
            api_name="explain",
            **computing,
        )
        gr.Button().click(models, None, listed, api_name="models")


def _explained(answer: Prediction, trust: Trust | None) -> ExplainedAnswer:
    measured = {} if trust is None else trust_results(trust)
    steady = None if trust is None else steadiness_result(trust.steadiness)
    told = answer_result(answer)
    if trust is not None:
        told["how_sure"] = how_sure(answer, trust.steadiness.steady)
    return ExplainedAnswer(
        answer=told,
        explained=answer.explained,
        steadiness=steady,
        maps=[
            MapResult(
                name=shown.name,
                meaning=shown.meaning,
                kind=shown.kind,
                values=_rounded(shown.values),
                profiles=None if shown.profiles is None else _rounded(shown.profiles),
                highest=strongest_place(shown),
                trust=measured.get(shown.name),
            )
            for shown in answer.maps
        ],
    )


def _rounded(rows: Iterable[np.ndarray]) -> list[list[float]]:
    return [[round(float(value), 4) for value in row] for row in rows]


def _model(checkpoint: Answering) -> ModelResult:
    facts = checkpoint.facts
    return ModelResult(
        name=checkpoint.name,
        architecture=facts.architecture,
        expressions=checkpoint.expressions,
        parameters=facts.parameters,
        input_side=facts.input_side,
        maps=list(facts.maps),
    )
