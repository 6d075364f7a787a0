"""The endpoints as programs meet them: gradio_client and an MCP client against a served page."""

import ast
import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import app
from fer_models.analyzer import CHECKPOINTS, Analyzer
from fer_models.checkpoint import weights_sha256
from fer_models.trust import RANDOM_MAPS
from space import jobs
from space.image.link import EXAMPLES
from space.uploaded import NO_UPLOAD

MODEL = "pattlite-ferplus"
GROUP = str(EXAMPLES["several_faces"])


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer([CHECKPOINTS / MODEL], engine="torch")


@pytest.fixture(scope="module")
def address(analyzer):
    page, launch = app.build(analyzer)
    _, address, _ = page.launch(**launch, prevent_thread_lock=True, quiet=True)
    yield address
    page.close()


@pytest.fixture(scope="module")
def client(address, tmp_path_factory) -> Client:
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


def test_programs_find_three_documented_endpoints_with_typed_results(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/analyze", "/explain", "/models"}
    asked = [p["parameter_name"] for p in endpoints["/analyze"]["parameters"]]
    assert asked == ["photo", "models", "balanced", "mirror"]
    needed = {
        name: [p["parameter_name"] for p in endpoint["parameters"] if not p["parameter_has_default"]]
        for name, endpoint in endpoints.items()
    }
    assert needed == {"/analyze": ["photo"], "/explain": ["photo"], "/models": []}
    types = endpoints["/analyze"]["returns"][0]["python_type"]["type"]
    assert "faces: list[dict(face: int, box: None | list[float]" in types and "probabilities: dict(str, float)" in types
    assert all("expression" in endpoint["description"] for endpoint in endpoints.values())


def test_a_job_ends_when_its_time_is_over_whichever_network_it_uses(address, analyzer):
    checkpoint = analyzer.checkpoints[MODEL]
    assert checkpoint.quick is not checkpoint.model
    pixel_values, before = checkpoint.pixel_values([Image.new("RGB", (90, 90))]), jobs._ends_at.set(0)
    try:
        for network in (checkpoint.quick, checkpoint.model):
            with pytest.raises(jobs.TookTooLong):
                network(pixel_values)
    finally:
        jobs._ends_at.reset(before)


def test_analyze_finds_every_face_and_asks_every_model(client):
    result = client.predict(handle_file(GROUP), api_name="/analyze")
    assert [face["face"] for face in result["faces"]] == [1, 2, 3]
    lefts = [face["box"][0] for face in result["faces"]]
    assert lefts == sorted(lefts)
    (answer,) = result["faces"][1]["answers"]
    assert answer["model"] == MODEL and answer["expression"] == "happiness" == result["faces"][1]["agreed"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert client.predict(handle_file(str(EXAMPLES["no_face"])), api_name="/analyze")["faces"] == []
    assert result["origin"]["weights"] == {MODEL: weights_sha256(CHECKPOINTS / MODEL)}


def test_explain_gives_the_maps_of_one_face_as_numbers_and_as_a_picture(client):
    result, picture = client.predict(handle_file(GROUP), face=2, expression="fear", api_name="/explain")
    (model,) = result["models"]
    assert result["origin"]["settings"] == {"method": "gradcam", "expression": "fear", "balanced": "no"}
    assert result["face"] == 2 and model["explained"] == "fear" and model["answer"]["expression"] == "happiness"
    cam, attention = model["maps"]
    assert cam["name"] == "Grad-CAM for fear" and cam["trust"] is None
    values = np.array(cam["values"])
    assert cam["highest"] == "highest at the bottom right"  # a corner: nothing in this smile speaks for fear
    assert min(np.unravel_index(values.argmax(), values.shape)) >= 2 * len(values) / 3
    assert sum(map(sum, attention["values"])) == pytest.approx(1, abs=1e-3)
    with Image.open(picture) as opened:
        assert opened.format == "PNG" and opened.height > 400


def test_trust_is_measured_when_it_is_asked_for(client):
    result, _ = client.predict(handle_file(GROUP), face=2, trust=True, api_name="/explain")
    assert max(map(max, result["models"][0]["maps"][0]["values"])) == 1
    for shown in result["models"][0]["maps"]:
        trust = shown["trust"]
        measured = (trust["random_deletion_area"] - trust["deletion_area"]) / 2
        measured += (trust["insertion_area"] - trust["random_insertion_area"]) / 2
        assert trust["gain"] == pytest.approx(measured, abs=2e-3)
        assert trust["random_maps"] == RANDOM_MAPS >= trust["beats"] >= 0


def test_balanced_answers_are_those_of_the_library(client):
    analyzer = Analyzer([CHECKPOINTS / MODEL])
    wanted = [answers[MODEL] for answers in analyzer.answer(analyzer.find(GROUP), method=None, balanced=True)]
    found = client.predict(handle_file(GROUP), balanced=True, api_name="/analyze")
    assert found["origin"]["settings"] == {"balanced": "yes"}
    for face, answer in zip(found["faces"], wanted, strict=True):
        assert face["answers"][0]["probabilities"] == pytest.approx(answer.probabilities, abs=1e-3)
    plain = client.predict(handle_file(GROUP), api_name="/analyze")
    own, both = ([face["answers"][0]["probabilities"] for face in said["faces"]] for said in (plain, found))
    assert own != both
    explained, _ = client.predict(handle_file(GROUP), face=2, balanced=True, api_name="/explain")
    assert explained["models"][0]["answer"] == found["faces"][1]["answers"][0]


def test_answers_with_the_mirror_image_are_those_of_the_library(client):
    analyzer = Analyzer([CHECKPOINTS / MODEL])
    wanted = [answers[MODEL] for answers in analyzer.answer(analyzer.find(GROUP), method=None, mirror=True)]
    found = client.predict(handle_file(GROUP), mirror=True, api_name="/analyze")
    assert found["origin"]["settings"] == {"balanced": "no", "mirror": "yes"}
    assert found["right_when_agreeing"] == {}
    for face, answer in zip(found["faces"], wanted, strict=True):
        assert face["answers"][0]["probabilities"] == pytest.approx(answer.probabilities, abs=1e-3)
    plain = client.predict(handle_file(GROUP), api_name="/analyze")
    own, both = ([face["answers"][0]["probabilities"] for face in said["faces"]] for said in (plain, found))
    assert own != both
    explained, _ = client.predict(handle_file(GROUP), face=2, mirror=True, api_name="/explain")
    assert explained["models"][0]["answer"] == found["faces"][1]["answers"][0]


@pytest.mark.parametrize("models", [None, MODEL, []])
def test_no_models_are_all_and_a_name_alone_is_one(client, models):
    result = client.predict(handle_file(str(EXAMPLES["portrait"])), models=models, api_name="/analyze")
    assert [answer["model"] for answer in result["faces"][0]["answers"]] == [MODEL]


@pytest.mark.parametrize("word, expression", [("sad", "sadness"), ("Angry", "anger"), ("joy", "happiness")])
def test_an_expression_may_be_called_by_another_word(client, word, expression):
    result, _ = client.predict(handle_file(GROUP), expression=word, api_name="/explain")
    assert result["models"][0]["explained"] == expression
    assert result["models"][0]["maps"][0]["name"] == f"Grad-CAM for {expression}"


def test_a_photo_may_be_sent_as_a_data_url_alone(client):
    photo = "data:image/jpeg;base64," + base64.b64encode(EXAMPLES["portrait"].read_bytes()).decode()
    (face,) = client.predict(photo, api_name="/analyze")["faces"]
    assert face["agreed"] == "happiness"
    with pytest.raises(AppError, match="upload"):
        client.predict(str(EXAMPLES["portrait"].with_name("portrait.png")), api_name="/analyze")


def test_models_lists_what_can_be_asked(client):
    (model,) = client.predict(api_name="/models")
    assert model["name"] == MODEL and model["architecture"] == "pattlite"
    assert model["parameters"] == 1_093_033 and "happiness" in model["expressions"]


@pytest.mark.parametrize(
    "call, words",
    [
        ({"photo": handle_file(__file__)}, "not a picture"),
        ({"photo": handle_file(str(EXAMPLES["no_face"])), "api_name": "/explain"}, "No face found"),
        (
            {"photo": handle_file(GROUP), "face": 4, "api_name": "/explain"},
            "There is no face 4; the photo has faces 1 to 3",
        ),
        ({"photo": handle_file(GROUP), "models": ["unheard-of"]}, "not in the list of choices"),
        ({"photo": handle_file(GROUP), "models": 3}, "as a list of names, not as 3"),
        ({"photo": handle_file(GROUP), "face": "x", "api_name": "/explain"}, "by its number, from 1 on, not by 'x'"),
        ({"photo": handle_file(GROUP), "face": 1.5, "api_name": "/explain"}, "by its number"),
        (
            {"photo": handle_file(GROUP), "expression": "nonsense", "api_name": "/explain"},
            "unknown expression 'nonsense'; known names: neutral, happiness",
        ),
        ({"photo": handle_file(GROUP), "method": "magic", "api_name": "/explain"}, "not in the list of choices"),
    ],
)
def test_what_cannot_be_answered_gets_a_sentence(client, call, words):
    with pytest.raises(AppError, match=words):
        client.predict(**({"api_name": "/analyze"} | call))


def test_the_server_fetches_nothing_from_other_places(client):
    for address, words in {
        "http://127.0.0.1:1/face.jpg": "fetches nothing",
        "https://example.org/face.jpg": "fetches nothing",
        "http://x/gradio_api/file=/etc/passwd": "not among your uploads",
    }.items():
        with pytest.raises(AppError, match=words):
            client.predict(handle_file(address), api_name="/analyze")


def test_an_assistant_finds_the_same_three_tools_and_can_use_them(address):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    photo = "data:image/jpeg;base64," + base64.b64encode(EXAMPLES["portrait"].read_bytes()).decode()

    async def ignored(*progress) -> None:
        """Gradio sends a picture as a picture only to those who ask for the progress."""

    async def converse():
        async with (
            streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            answered = await session.call_tool("analyze", {"photo": photo})
            explained = await session.call_tool(
                "explain", {"photo": photo, "method": "eigencam"}, progress_callback=ignored
            )
            refused = await session.call_tool("analyze", {"photo": "https://example.org/face.jpg"})
            return tools, answered, explained, refused

    with ThreadPoolExecutor(1) as pool:  # the browser tests leave an event loop running in this thread
        tools, answered, explained, refused = pool.submit(asyncio.run, converse()).result()
    assert set(tools) == {"analyze", "explain", "models"}
    assert "not what a person feels" in tools["analyze"].description
    assert "from left to right" in tools["explain"].inputSchema["properties"]["face"]["description"]
    (face,) = ast.literal_eval(answered.content[0].text)["faces"]
    assert face["agreed"] == "happiness"
    kinds = [part.type for part in explained.content]
    assert "image" in kinds and "EigenCAM" in explained.content[0].text
    assert refused.isError and "fetches nothing" in refused.content[0].text


@pytest.mark.parametrize(
    "photo", [str(EXAMPLES["portrait"]), "/etc/hostname", "face.jpg", "hello", "", 5, ["face.jpg"]]
)
def test_a_path_or_another_text_in_the_place_of_a_photo_is_told_what_to_send(client, photo):
    for endpoint in ("/analyze", "/explain"):
        with pytest.raises(AppError) as refused:
            client.predict(photo, api_name=endpoint)
        assert str(refused.value) == NO_UPLOAD
