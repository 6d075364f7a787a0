"""The training command, end to end on made-up data: weights, card, resuming after a kill, errors."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
import torch
import yaml
from safetensors.torch import load_file

from fer_models import FERImageProcessor
from fer_models.checkpoint import Checkpoint
from fer_models.paths import ROOT
from fer_models.results import read
from tests.support.tiny import tiny_checkpoint, tiny_ferplus
from train import train_hub
from train.config.initial_weights import build_model
from train.config.recipe import Stage, load_config
from train.data.readers import load_split
from train.hub.assemble import assemble
from train.loop.run_folder import RunSettings
from train.loop.trainer import stage_trainer

STAGES = [
    {
        "name": "new layers",
        "epochs": 1,
        "learning_rate": 1e-3,
        "batch_size": 8,
        "frozen": ["backbone"],
        "schedule": "reduce_lr_on_plateau",
    },
    {"name": "all", "epochs": 3, "learning_rate": 1e-3, "batch_size": 8, "schedule": "inverse_time"},
]


@pytest.fixture
def task(tmp_path) -> dict:
    """A hub config and data of its own, and the arguments that train it there."""
    content = {
        "name": "tiny",
        "architecture": "pattlite",
        "model": {"image_size": 112},
        "processor": {"do_grayscale": True, "source_size": 48},
        "data": {
            "layout": "ferplus_parquet",
            "labels": "ferplus",
            "train": "PublicTest",
            "validation": "PublicTest",
        },
        "recipe": {"soft_labels": True, "stages": STAGES},
        "card": {"title": "Tiny", "paper": "https://example.org"},
    }
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(content))
    data = tiny_ferplus(tmp_path / "tiny.parquet", count=16)

    def arguments(run: str, *more: str) -> list[str]:
        folder = tmp_path / run
        places = {"out": "out", "results": "results", "work": "work"}
        return [
            *("--config", str(config), "--data", str(data)),
            *(part for option, name in places.items() for part in (f"--{option}", str(folder / name))),
            *more,
        ]

    return {"folder": tmp_path, "arguments": arguments, "config": config}


def test_another_image_size_holds_for_every_stage_and_for_the_folder(task, data_cache):
    config = yaml.safe_load(task["config"].read_text())
    stages = [stage | {"epochs": 1, "image_size": 64} for stage in STAGES]
    task["config"].write_text(yaml.safe_dump(config | {"recipe": config["recipe"] | {"stages": stages}}))
    train_hub.main(task["arguments"]("run", "--image-size", "96"))
    noted = json.loads((task["folder"] / "run/work/tiny/run.json").read_text())
    assert [stage["image_size"] for stage in noted["recipe"]["stages"]] == [None, None]
    assert json.loads((task["folder"] / "run/out/tiny/config.json").read_text())["image_size"] == 96
    assert "of 96 x 96" in (task["folder"] / "run/out/tiny/README.md").read_text()


def test_a_run_leaves_a_folder_that_answers_with_its_result_and_card(task, data_cache):
    train_hub.main(task["arguments"]("run"))
    folder = task["folder"] / "run"
    (result_file,) = (folder / "results").glob("tiny-on-*.json")
    (curve,) = read(folder / "results" / "tiny-training.json").stages[-1:]
    assert curve.name == STAGES[-1]["name"] and len(curve.accuracy) == STAGES[-1]["epochs"]
    result = json.loads(result_file.read_text())
    assert result["n_scored"] == 16 and set(result["batch_sizes"]) == {"1", "64"}
    card = (folder / "out/tiny/README.md").read_text()
    low, high = result["metrics"]["accuracy"]["interval"]
    accuracy = f"{100 * result['metrics']['accuracy']['value']:.2f} % ({100 * low:.2f} to {100 * high:.2f})"
    assert f"| ferplus_parquet | PublicTest | accuracy | 16 | {accuracy} |" in card
    files = {"README.md", "config.json", "manifest.json", "model.safetensors", "preprocessor_config.json"}
    assert {file.name for file in (folder / "out/tiny").iterdir()} == files
    assemble(folder / "out/tiny", folder / "hub/tiny", load_config(task["config"]), folder / "results")
    assert (folder / "hub/tiny/results" / f"{result_file.stem}-confusion.png").is_file()
    assert "happiness" in Checkpoint(folder / "out/tiny").expressions

    start = build_model(load_config(task["config"]), None).state_dict()
    first = load_file(folder / "work/tiny/stage-1/done/model.safetensors")
    last = load_file(folder / "out/tiny/model.safetensors")
    backbone = [key for key in first if key.startswith("backbone.") and "tracked" not in key]
    torch.manual_seed(42)
    assert any(not torch.equal(first[k], start[k]) for k in first if k.startswith("classifier."))
    frozen_statistics = [k for k in backbone if "running_mean" in k]
    assert all(torch.equal(first[k], torch.zeros_like(first[k])) for k in frozen_statistics)  # as they were built
    assert any(not torch.equal(first[k], last[k]) for k in backbone)


def test_a_killed_run_resumes_to_the_weights_of_an_uninterrupted_one(task, data_cache):
    # each in a process of its own: what earlier tests set in this one, threads for instance, moves the last digits
    program = [sys.executable, str(ROOT / "train/train_hub.py")]
    subprocess.run([*program, *task["arguments"]("whole")], check=True, capture_output=True, timeout=300)
    command = [*program, *task["arguments"]("killed")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ, text=True)
    stage = task["folder"] / "killed/work/tiny/stage-2"
    deadline = time.monotonic() + 120
    while not list(stage.glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (stage / "done").exists()
    subprocess.run([*command, "--resume"], check=True, capture_output=True, timeout=300)
    whole = load_file(task["folder"] / "whole/out/tiny/model.safetensors")
    resumed = load_file(task["folder"] / "killed/out/tiny/model.safetensors")
    for key, value in whole.items():
        torch.testing.assert_close(resumed[key], value, msg=key)


def test_two_processes_train_one_model_and_write_it_once(task, data_cache):
    """Every process takes its half of each epoch; one of them writes and reports."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [*launcher, str(ROOT / "train/train_hub.py"), *task["arguments"]("two")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("% on validation") == 1
    state = json.loads(next((task["folder"] / "two/work/tiny/stage-1").glob("*/trainer_state.json")).read_text())
    assert state["global_step"] == 1  # 16 pictures in one step of 2 x 8
    assert Checkpoint(task["folder"] / "two/out/tiny").expressions[0] == "neutral"


def machines(task, run: str, *more: str) -> list[subprocess.Popen]:
    """The training as two machines would start it, each with one process, which find each other over the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    meeting = ["--nnodes", "2", "--nproc_per_node", "1", "--master_addr", "127.0.0.1", "--master_port", str(port)]
    command = [str(ROOT / "train/train_hub.py"), *task["arguments"](run, *more)]
    return [
        subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", *meeting, "--node_rank", str(rank), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
        )
        for rank in range(2)
    ]


def ended_well(machine: subprocess.Popen) -> None:
    said, _ = machine.communicate(timeout=300)
    assert machine.returncode == 0, said


def test_two_machines_of_which_one_is_lost_go_on_to_the_weights_of_an_undisturbed_run(task, data_cache):
    for machine in machines(task, "whole"):
        ended_well(machine)
    both = machines(task, "lost")
    stage = task["folder"] / "lost/work/tiny/stage-2"
    deadline = time.monotonic() + 240
    while not list(stage.glob("checkpoint-*/trainer_state.json")):
        assert both[0].poll() is None, both[0].communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for machine in reversed(both):  # one is lost, and whoever runs the other one stops it
        for process in (*psutil.Process(machine.pid).children(recursive=True), psutil.Process(machine.pid)):
            process.kill()
        machine.communicate(timeout=60)
    assert not (stage / "done").exists()
    for machine in machines(task, "lost", "--resume"):
        ended_well(machine)
    whole = load_file(task["folder"] / "whole/out/tiny/model.safetensors")
    resumed = load_file(task["folder"] / "lost/out/tiny/model.safetensors")
    for key, value in whole.items():
        torch.testing.assert_close(resumed[key], value, msg=key)


def test_the_plateau_schedule_halves_the_rate_when_the_accuracy_stops_rising_and_not_before(task, data_cache):
    config = load_config(task["config"])
    stage = Stage("s", 1, 1e-3, schedule="reduce_lr_on_plateau", schedule_options={"patience": 2, "factor": 0.5})
    data = load_split("ferplus_parquet", task["folder"] / "tiny.parquet", "PublicTest")
    trainer = stage_trainer(
        stage,
        config.recipe,
        build_model(config, None),
        FERImageProcessor(),
        {"train": data, "validation": data},
        task["folder"] / "stage",
        RunSettings(),
    )
    trainer.create_optimizer_and_scheduler(10)
    rates = []
    for accuracy in (0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5):
        trainer.lr_scheduler.step(accuracy)
        rates.append(trainer.optimizer.param_groups[0]["lr"])
    assert rates == [1e-3] * 7 + [5e-4]


def test_another_run_never_goes_on_with_the_weights_of_an_earlier_one(task, data_cache):
    train_hub.main(task["arguments"]("run"))
    with pytest.raises(SystemExit, match="holds an earlier run"):
        train_hub.main(task["arguments"]("run"))
    with pytest.raises(SystemExit, match=r"had another config: recipe.seed was 42 and is 7; remove it to start over"):
        train_hub.main(task["arguments"]("run", "--resume", "--seed", "7"))


def test_inverse_time_decay_halves_the_rate_in_the_first_epoch_and_thirds_it_in_the_second(task, data_cache):
    train_hub.main(task["arguments"]("run"))
    (state, *_) = sorted((task["folder"] / "run/work/tiny/stage-2").glob("checkpoint-*/trainer_state.json"))[::-1]
    rates = [line["learning_rate"] for line in json.loads(state.read_text())["log_history"] if "learning_rate" in line]
    # two steps an epoch; the rate that is logged is that of the epoch's last step
    assert rates == pytest.approx([1e-3 / (1 + step / 2) for step in (2, 4, 6)][: len(rates)], rel=0.35)
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    "change, words",
    [
        (["--data", "/nowhere/faces.parquet"], "expected a file at"),
        (["--config", "nowhere.yaml"], "no config at nowhere.yaml; hub_configs/ has"),
    ],
)
def test_what_is_missing_is_named_in_one_sentence(task, data_cache, capsys, change, words):
    with pytest.raises(SystemExit) as stop:
        train_hub.main(task["arguments"]("run", *change))
    assert str(stop.value).startswith("error: ") and words in str(stop.value)
    assert not (task["folder"] / "run/out").exists()


def test_a_training_that_cannot_begin_leaves_nothing_in_the_way_of_the_same_command(task, data_cache, tmp_path):
    content = yaml.safe_load(task["config"].read_text())
    content["recipe"]["stages"] = [STAGES[1] | {"epochs": 1, "teachers": ["one"]}]
    task["config"].write_text(yaml.safe_dump(content))
    again = task["arguments"]("run", "--teachers", str(tmp_path / "trained"))
    with pytest.raises(SystemExit, match=r"no weights of one in .*; train one first"):
        train_hub.main(again)
    tiny_checkpoint(tmp_path / "trained/one")
    train_hub.main(again)
    assert (task["folder"] / "run/out/tiny/model.safetensors").is_file()
