from argparse import ArgumentParser
from dataclasses import replace

import pytest
import yaml

from tests.support.results import PICTURES
from tests.support.tiny import tiny_ferplus
from train.data.readers import DataError
from train.measure.command_line import add_arguments, open_data, result_file


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    return str(tiny_ferplus(tmp_path_factory.mktemp("commands") / "data.parquet"))


def options(*arguments: str):
    parser = ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def config_file(tmp_path, **data) -> str:
    file = tmp_path / "config.yaml"
    content = {
        "name": "x",
        "architecture": "pattlite",
        "data": {"layout": "ferplus_parquet", "labels": "ferplus"} | data,
    }
    file.write_text(yaml.safe_dump(content | {"card": {"title": "x", "paper": "y"}}))
    return str(file)


def test_a_config_says_layout_and_validation_split(data, tmp_path):
    config = config_file(tmp_path, train="PublicTest", validation="PublicTest")
    dataset, pictures = open_data(options("--data", data, "--config", config))
    assert len(dataset) == 24
    assert (pictures.layout, pictures.split) == ("ferplus_parquet", "PublicTest")


def test_a_validation_split_that_the_config_carves_is_the_one_that_is_measured(data, tmp_path):
    config = config_file(tmp_path, train="PublicTest", validation_share=1 / 3)
    dataset, pictures = open_data(options("--data", data, "--config", config))
    assert len(dataset) == 8
    assert pictures.split == "validation"


def test_a_split_that_the_config_does_not_have_is_an_error(data, tmp_path):
    config = config_file(tmp_path, train="PublicTest", validation="PublicTest")
    with pytest.raises(DataError, match="has the splits train, validation, not 'test'"):
        open_data(options("--data", data, "--config", config, "--split", "test"))


def test_arguments_that_do_not_say_which_pictures_are_an_error(data):
    with pytest.raises(DataError, match="Pass --layout and --split, or --config"):
        open_data(options("--data", data))


def test_a_sample_never_takes_the_name_of_the_full_result(tmp_path):
    file = result_file(tmp_path / "new", "model", replace(PICTURES, limit=50))
    assert file == tmp_path / "new/model-on-ferplus-PublicTest-limit50.json"
