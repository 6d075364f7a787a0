"""The folder of a Hub repo: what belongs to these weights is in it, and the repository's own folders are up to date."""

import filecmp
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForImageClassification

from fer_models.paths import ROOT
from fer_models.results import read, write
from fer_models.results.fixed_maps import Answers
from tests.support.results import explanations, fixed_maps
from train import hub_folder as command
from train.hub import folder as hub_folder
from train.hub.assemble import assemble
from train.hub.load_alone import sample_pictures
from train.hub.push import files_to_send

FOLDERS = sorted(path for path in (ROOT / "checkpoints").glob("[!.]*") if path.is_dir())


@pytest.fixture
def copy(tmp_path) -> Path:
    """The folder of pattlite-ferplus as training leaves it: weights and settings."""
    folder = tmp_path / "pattlite-ferplus"
    folder.mkdir()
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        shutil.copyfile(ROOT / "checkpoints/pattlite-ferplus" / name, folder / name)
    return folder


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_of_the_repository_is_what_its_config_and_results_give(folder, tmp_path):
    """If not: python train/hub_folder.py checkpoints/NAME"""
    fresh = shutil.copytree(folder, tmp_path / folder.name)
    command.main([str(fresh)])
    assert [path for path in folder.rglob("*") if path.is_dir() or path.suffix == ".py"] == []  # data, no code
    names = files_to_send(folder)
    assert names.keys() == files_to_send(fresh).keys()
    assert [name for name in names if not filecmp.cmp(folder / name, fresh / name, shallow=False)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pattlite-ferplus", "ddamfn-ferplus", "hfc-mobilenetv2-ferplus"])
def test_what_is_put_together_from_a_folder_of_the_repository_loads_alone_and_answers_the_same(name, tmp_path):
    folder = ROOT / "checkpoints" / name
    checkpoint = shutil.copytree(folder, tmp_path / name)
    command.main([str(checkpoint), "--out", str(tmp_path / "hub"), "--verify"])
    whole = tmp_path / "hub" / name
    assert filecmp.cmp(whole / "model.safetensors", folder / "model.safetensors", shallow=False)
    for code in whole.glob("*.py"):
        assert filecmp.cmp(code, ROOT / "fer_models/models" / code.name, shallow=False)


def test_a_hub_folder_gets_its_code_card_results_and_picture_and_keeps_its_weights(copy, tmp_path):
    weights = (copy / "model.safetensors").read_bytes()
    command.main([str(copy), "--out", str(tmp_path / "hub")])
    whole = tmp_path / "hub/pattlite-ferplus"
    assert set(files_to_send(whole)) >= {
        *("README.md", "config.json", "configuration_pattlite.py", "modeling_pattlite.py"),
        *("image_processing_fer.py", "preprocessor_config.json", "model.safetensors"),
        "results/pattlite-ferplus-on-ferplus-PublicTest.json",
        "results/pattlite-ferplus-on-ferplus-PublicTest-confusion.png",
        "results/ablation-pattlite-attention.json",
    }
    assert (whole / "model.safetensors").read_bytes() == weights == (copy / "model.safetensors").read_bytes()
    assert "- **patch attention**: The share of each quarter's features" in (whole / "README.md").read_text()


def test_a_folder_of_an_earlier_version_with_code_and_results_inside_still_loads_and_gets_todays_code(copy, tmp_path):
    command.main([str(copy), "--out", str(tmp_path / "old")])
    old = tmp_path / "old/pattlite-ferplus"
    (old / "results/older.json").write_text("{}")
    (old / "modeling_pattlite.py").write_text("raise RuntimeError('older code')\n")
    model, _ = hub_folder.load_network(old)  # the library's own class, not the file
    assert type(model).__module__ == "fer_models.models.modeling_pattlite"
    assemble(old, tmp_path / "new/pattlite-ferplus", None)
    new = tmp_path / "new/pattlite-ferplus"
    assert filecmp.cmp(new / "modeling_pattlite.py", ROOT / "fer_models/models/modeling_pattlite.py", shallow=False)
    assert (new / "results/older.json").is_file()


def test_a_checkpoint_that_cannot_be_written_whole_stays_as_it_was(copy, monkeypatch):
    model, processor = hub_folder.load_network(copy)
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    model.config.softmax_temperature = 3.0

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(processor, "save_pretrained", full_disk)
    with pytest.raises(OSError, match="No space left"):
        hub_folder.write_network(copy, model, processor)
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before


def test_results_of_other_weights_or_of_a_sample_are_not_quoted(copy, tmp_path):
    results = tmp_path / "results"
    own = read(ROOT / "results/pattlite-ferplus-on-ferplus-PublicTest.json")
    of_others = replace(own.checkpoint, sha256="0" * 64)
    maps = fixed_maps(own.checkpoint, answers={"own map": Answers(0.85, 1.0), "mean map": Answers(0.84, 0.99)})
    worth = explanations(own.checkpoint)
    everything = {
        "worth": worth,
        "less_worth": replace(worth, n_samples=20),
        "other_worth": replace(worth, checkpoint=of_others, n_samples=400),
        "own": own,
        "sample": replace(own, data=replace(own.data, limit=500), n_scored=500),
        "other": replace(own, checkpoint=of_others, n_scored=1234),
        "maps": maps,
        "other_maps": replace(maps, checkpoint=of_others, n_samples=4321),
    }
    for name, result in everything.items():
        write(results / f"{name}.json", result)
    command.main([str(copy), "--results", str(results), "--out", str(tmp_path / "hub")])
    quoted = {path.stem for path in (tmp_path / "hub/pattlite-ferplus/results").glob("*.json")}
    assert quoted >= {"own", "maps"} and not quoted & {"sample", "other", "other_maps"}
    card = (copy / "README.md").read_text()
    assert "| Integrated gradients | tells more of a face than the mean map of others does (+0.120 ± 0.030" in card
    assert quoted >= {"worth"} and not quoted & {"less_worth", "other_worth"}
    assert "1,234" not in card and "4,321" not in card
    assert "| mean map | 84.00 % | 99.00 % |" in card


def test_without_a_result_of_these_weights_it_says_what_to_run(copy, tmp_path):
    with pytest.raises(SystemExit, match=r"whole validation split, shuffled: .*run train/evaluate.py first"):
        command.main([str(copy), "--results", str(tmp_path)])


def test_a_damaged_result_file_is_named(copy, tmp_path):
    (tmp_path / "bad.json").write_text('{"kind": "evaluation"}')
    with pytest.raises(SystemExit, match=r"error: .*bad\.json is damaged: commit: field required"):
        command.main([str(copy), "--results", str(tmp_path)])


def test_the_config_that_is_meant_is_the_one_of_the_folders_name(copy):
    renamed = copy.rename(copy.with_name("pattlite-ferpluss"))
    with pytest.raises(SystemExit, match=r"no config at .*pattlite-ferpluss.yaml; hub_configs/ has"):
        command.main([str(renamed)])


def test_half_precision_halves_the_parameters_and_loads_as_float32_for_anybody(copy, tmp_path):
    model, processor = hub_folder.load_network(copy)
    half = tmp_path / "half"
    hub_folder.write_network(half, model, processor, half_precision=True)
    stored = load_file(half / "model.safetensors")
    parameters = {name for name, _ in model.named_parameters()}
    assert {stored[name].dtype for name in parameters} == {torch.float16}
    assert all(torch.equal(stored[name], value) for name, value in model.named_buffers())  # statistics as they were
    stranger = AutoModelForImageClassification.from_pretrained(half)  # says no dtype
    assert {p.dtype for p in stranger.parameters()} == {torch.float32}
    pixel_values = processor(sample_pictures(), return_tensors="pt")["pixel_values"]
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    with torch.inference_mode():
        torch.testing.assert_close(stranger.eval()(pixel_values).logits, model(pixel_values).logits)


def test_writing_a_half_precision_folder_again_keeps_its_bytes(copy, tmp_path):
    half, again = tmp_path / "half", tmp_path / "again"
    hub_folder.write_network(half, *hub_folder.load_network(copy), half_precision=True)
    hub_folder.write_network(again, *hub_folder.load_network(half), half_precision=True)
    assert filecmp.cmp(half / "model.safetensors", again / "model.safetensors", shallow=False)


def test_a_weight_that_half_precision_cannot_hold_is_named(copy, tmp_path):
    model, processor = hub_folder.load_network(copy)
    model.classifier.classifier.bias.data[0] = 1e6
    with pytest.raises(
        hub_folder.HubFolderError, match=r"classifier\.classifier\.bias does not fit into half precision"
    ):
        hub_folder.write_network(tmp_path / "half", model, processor, half_precision=True)
