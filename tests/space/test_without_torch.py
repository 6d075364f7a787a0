"""A Space that answers from exports is there, and answers and explains, before torch is loaded."""

import json
import subprocess
import sys

import pytest

from fer_models import FERImageProcessor, PlainMobileNetV1Config, PlainMobileNetV1ForImageClassification
from fer_models.analyzer import Analyzer
from fer_models.checkpoint import Checkpoint
from fer_models.engine_onnx import DATA
from fer_models.export.folder import export_checkpoint
from fer_models.paths import EXAMPLES, ROOT
from space.image.answers import BEST, ImageAnswers, NotHereError, Settings

pytestmark = pytest.mark.slow  # exports

PROGRAM = """
import sys
for name in ("torch", "torchvision", "transformers", "timm", "facenet_pytorch"):
    sys.modules[name] = None  # as if they were not installed
_, program, exported, photo = sys.argv
sys.argv = [program]
sys.path.insert(0, program.rpartition("/")[0])
import app
from fer_models.methods import METHODS
from space.image.answers import ImageAnswers, Settings
from space.open_models import open_models

analyzer, missing = open_models([exported], app.CHECKPOINTS, engine="onnx")
assert not missing
page, launch = app.build(analyzer)
answers = ImageAnswers(analyzer)
photo = answers.photo(photo)
for method in METHODS:
    (answer,) = answers.explained(photo, 0, Settings(answers.models, method))
    print(method, answer.maps[0].name, len(photo.found.faces))
trust = answers.trust(photo, 0, answers.models[0], Settings(answers.models, "eigencam"))
print([round(one.gain, 2) for one in trust.maps], trust.flat)
"""


@pytest.fixture
def exported(tmp_path):
    labels = dict(enumerate(("happiness", "sadness", "anger", "fear")))
    model = PlainMobileNetV1ForImageClassification(PlainMobileNetV1Config(image_size=96, id2label=labels))
    model.eval().save_pretrained(tmp_path / "small")
    FERImageProcessor(size={"height": 96, "width": 96}, source_size=48).save_pretrained(tmp_path / "small")
    export_checkpoint(Checkpoint(tmp_path / "small", device="cpu"), tmp_path / "exported")
    return tmp_path / "exported"


def test_what_an_export_cannot_do_is_left_out_or_told(exported):
    data = json.loads((exported / DATA).read_text())
    (exported / DATA).write_text(json.dumps(data | {"pixels": [], "random": None}))  # as one with 8 bits is
    analyzer = Analyzer([exported])
    answers = ImageAnswers(analyzer, best={"exported": "integrated"})
    photo = answers.photo(str(EXAMPLES / "portrait.jpg"))
    (answer,) = answers.explained(photo, 0, Settings(answers.models, BEST))
    assert answer.maps[0].name.startswith("Grad-CAM for ")
    with pytest.raises(NotHereError, match="exported cannot explain with Integrated gradients here; choose another"):
        answers.explained(photo, 0, Settings(answers.models, "integrated"))
    with pytest.raises(NotHereError, match="are worth is not measured here: its export computes with 8 bits"):
        answers.trust(photo, 0, "exported", Settings(answers.models, "eigencam"))


def test_it_is_there_and_explains_and_checks_its_maps_without_torch(exported):
    words = [sys.executable, "-c", PROGRAM, ROOT / "app.py", exported, EXAMPLES / "several_faces.jpg"]
    run = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    *lines, trust = run.stdout.splitlines()
    assert trust.startswith("[") and not trust.startswith("[]")
    assert [line.split()[0] for line in lines] == ["gradcam", "hirescam", "gradcam++", "eigencam", "integrated"]
    assert lines[-1].startswith("integrated Integrated gradients for ") and lines[-1].endswith(" 3")
