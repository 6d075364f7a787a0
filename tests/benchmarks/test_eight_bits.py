"""What 8 bits cost is measured on other faces than those that calibrate."""

import pytest

from benchmarks import eight_bits
from fer_models.results import read
from tests.support.tiny import tiny_checkpoint
from tests.support.tiny_layouts import tiny_data

pytestmark = pytest.mark.slow  # exports a network


def test_every_setting_of_every_checkpoint_is_measured(tmp_path):
    tiny_checkpoint(tmp_path / "checkpoints" / "tiny")
    data = tiny_data("ferplus_parquet", tmp_path)
    words = ["--data", str(data), "--checkpoints", str(tmp_path / "checkpoints"), "--faces", "8"]
    eight_bits.main([*words, "--out", str(tmp_path / "eight-bits.json")])
    result = read(tmp_path / "eight-bits.json")
    (one,) = result.checkpoints.values()
    assert set(one.every) == {f"per {part}, {bits} bits" for part in ("channel", "tensor") for bits in (7, 8)}
    assert one.accuracy == one.every[one.chosen] == max(one.every.values())
    assert one.refused == (one.float_accuracy - one.accuracy > 0.01)
    assert one.milliseconds > 0 and one.float_milliseconds > 0
    assert (result.data, result.calibration) == ("ferplus_parquet, PublicTest", "Training")
