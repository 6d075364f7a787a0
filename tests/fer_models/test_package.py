"""The package as it is installed: what the wheel holds, and that it answers, alone in an empty folder."""

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fer_models
from fer_models import __main__ as command
from fer_models.extras import EXTRAS
from fer_models.methods import METHODS
from fer_models.paths import CHECKPOINTS, EXAMPLES, ROOT
from fer_models.pictures import BATCH
from tests.support.packages import clean_environment

NAME = "pattlite-ferplus"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def run(*words: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """A process of this Python in `folder`, without the settings of the tests and without the Hub."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "OMP_NUM_THREADS") if name in os.environ}
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=inherited | {"HF_HUB_OFFLINE": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "fer_models", source / "fer_models", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("train", "space", "tests"):  # stay out of it
        (source / name).mkdir()
        (source / name / "__init__.py").touch()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, source, folder=folder)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder that the wheel, without what it depends on, is installed in."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    done = run(*pip, "install", "--no-index", "--no-deps", "--no-compile", "--target", site, wheel, folder=site)
    assert done.returncode == 0, done.stderr
    return site


def test_the_wheel_holds_the_library_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"fer_models"}
    assert {"fer_models/py.typed", "fer_models/revisions.json", "fer_models/models/modeling_hfc.py"} <= set(names)
    in_repository = {file.relative_to(ROOT).as_posix() for file in (ROOT / "fer_models").rglob("*.py")}
    assert in_repository <= set(names)


def test_the_installed_package_answers_for_a_photo_as_the_repository_does(installed, tmp_path, capsys):
    photo = str(EXAMPLES / "portrait.jpg")
    shutil.copytree(CHECKPOINTS / NAME, tmp_path / NAME)
    arguments = [photo, "--model", str(tmp_path / NAME)]
    assert command.main(arguments) == 0
    expected = json.loads(capsys.readouterr().out)
    answered = run(installed / "bin/fer-models", *arguments, folder=tmp_path, PYTHONPATH=str(installed))
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout) == expected


CHECKS = """
import json, sys
import fer_models
from fer_models.analyzer import Analyzer, CheckpointError
from transformers import AutoModel
found = {"file": fer_models.__file__, "network": type(AutoModel.from_pretrained(sys.argv[1])).__module__}
found["expressions"] = fer_models.load(sys.argv[1]).expressions
for name, call in {"name": lambda: fer_models.load("pattlite-ferplus"), "all": Analyzer}.items():
    try:
        call()
    except CheckpointError as error:
        found[name] = str(error)
print(json.dumps(found))
"""


def test_it_loads_a_folder_and_looks_for_no_checkpoints_beside_itself(installed, tmp_path):
    shutil.copytree(CHECKPOINTS / NAME, installed / "checkpoints" / NAME)  # of some other package
    try:
        words = [sys.executable, "-c", CHECKS, CHECKPOINTS / NAME]
        ran = run(*words, folder=tmp_path, PYTHONPATH=str(installed))
    finally:
        shutil.rmtree(installed / "checkpoints")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert Path(found["file"]).parent == installed / "fer_models"
    assert found["network"] == "fer_models.models.modeling_pattlite"
    assert found["expressions"] == list(fer_models.EXPRESSIONS)
    assert "the installed package brings no checkpoints" in found["name"] and "give a folder" in found["name"]
    assert "the installed package brings no checkpoints; name one: a folder, or ORG/NAME" in found["all"]


BASE = """
import sys
sys.path[:0] = sys.argv[1:3]
import fer_models
assert set(sys.modules) & {"torch", "transformers"} == set()
print(fer_models.EXPRESSIONS[1])
for ask in (lambda: fer_models.load("x"), lambda: fer_models.PAttLiteConfig):
    try:
        ask()
    except fer_models.MissingExtraError as error:
        print(error)
import fer_models.__main__
sys.exit(fer_models.__main__.main(["photo.jpg"]))
"""


def test_what_it_depends_on_without_extras_is_enough_to_import_it_and_to_say_which_extra_answers(installed, tmp_path):
    (metadata,) = importlib.metadata.distributions(path=[str(installed)])
    needed = [Requirement(line) for line in metadata.requires if "extra ==" not in line]
    assert sorted(one.name for one in needed) == ["numpy", "pillow"]
    packages = clean_environment(tmp_path / "packages", needed)
    ran = run(sys.executable, "-I", "-S", "-c", BASE, installed, packages, folder=tmp_path)
    happiness, load, attribute = ran.stdout.splitlines()
    assert happiness == "happiness"
    pattern = r" needs \w+, which is not installed: pip install 'fer-models\[torch\]'"
    assert re.fullmatch("loading a checkpoint" + pattern, load)
    assert re.fullmatch(r"fer_models\.PAttLiteConfig" + pattern, attribute)
    assert ran.returncode == 2 and re.fullmatch("error: answering" + pattern, ran.stderr.strip())


@pytest.mark.parametrize("arguments, code", [(["--help"], 0), (["a.jpg", "--method", "gradcam"], 2)])
def test_usage_and_wrong_arguments_are_told_without_loading_networks(installed, tmp_path, arguments, code):
    words = [sys.executable, "-X", "importtime", "-m", "fer_models", *arguments, "--batch", "0" if code else "1"]
    ran = run(*words, folder=tmp_path, PYTHONPATH=str(installed))
    assert ran.returncode == code and ("PICTURE_VIDEO_OR_FOLDER" in ran.stdout or "--batch must be" in ran.stderr)
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time")}
    assert "fer_models.expressions" in imported
    assert not imported & {"torch", "transformers", "numpy", "PIL", "huggingface_hub"}


def test_what_the_command_knows_without_networks_is_what_they_say(capsys):
    assert tuple(METHODS) == command.METHODS
    with pytest.raises(SystemExit):
        command.main(["--help"])
    assert capsys.readouterr().out.rstrip().endswith(f"faces per pass (default: {BATCH})")


def test_each_extra_is_said_to_bring_what_it_brings():
    distributions = importlib.metadata.packages_distributions()
    for extra, modules in EXTRAS.items():
        wanted = {canonicalize_name(Requirement(line).name) for line in PROJECT["optional-dependencies"][extra]}
        for module in modules:
            assert set(map(canonicalize_name, distributions[module])) & wanted, module


MODULES = sorted(file for file in (ROOT / "fer_models").rglob("*.py") if file.name != "__main__.py")


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_module_says_what_it_offers(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets[:1]
        if isinstance(target, ast.Name)
    ]
    defined = [node for node in tree.body if not isinstance(node, ast.Expr)]
    assert not defined or "__all__" in names


def test_what_the_package_offers_is_there():
    assert "load" in fer_models.__all__
    assert all(getattr(fer_models, name) is not None for name in fer_models.__all__)
    assert PROJECT["dynamic"] == ["version"] and fer_models.__version__
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        fer_models.nonsense  # noqa: B018 - asking for it is the point
