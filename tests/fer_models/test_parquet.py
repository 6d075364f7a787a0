"""Answers as Parquet: the rows of the CSV, with types."""

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fer_models import parquet
from fer_models.__main__ import main
from fer_models.parquet import schema_of, write_parquet
from tests.support.tiny import tiny_checkpoint

TEXT = "photo,faces,face,left,expression,sure,happiness,error,conditions,bytes\n"


def test_every_cell_keeps_its_value_and_an_empty_one_is_null(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS", 2)  # three rows in two pieces
    rows = tmp_path / "a.csv"
    cells = '\'=1.png,1,1,12.5,happiness,yes,0.9871,,"dark, very small",99\nb.png,0,,,,,,No picture.,,\n'
    rows.write_text(TEXT + cells + "c.png,1,1,0.0,fear,no,0.1,,,3\n", encoding="utf-8")
    write_parquet(rows, tmp_path / "a.parquet")
    first, second, third = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert first["photo"] == "=1.png" and first["conditions"] == "dark, very small"
    assert (first["faces"], first["left"], first["sure"], first["happiness"]) == (1, 12.5, True, 0.9871)
    assert (second["error"], second["sure"], second["happiness"], second["face"]) == ("No picture.", None, None, None)
    assert third["sure"] is False and third["left"] == 0.0 and third["bytes"] == 3


def test_a_column_without_a_value_has_its_type_all_the_same():
    types = schema_of(["error", "face", "sure", "contempt"]).types
    assert types == [pa.string(), pa.int64(), pa.bool_(), pa.float64()]


def test_the_command_writes_what_it_writes_as_csv_and_goes_on_with_it(tmp_path, portrait, capsys):
    model = str(tiny_checkpoint(tmp_path / "tiny"))
    (tmp_path / "in").mkdir()
    portrait.save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"no picture")
    command = [str(tmp_path / "in"), "--cropped", "--model", model, "--out"]
    assert main([*command, str(tmp_path / "a.csv")]) == 1
    assert main([*command, str(tmp_path / "a.parquet")]) == 1
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    found = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["photo"] for row in found] == [row["photo"] for row in expected] and len(found) == 2
    for mine, theirs in zip(found, expected, strict=True):
        for name, cell in theirs.items():
            if isinstance(mine[name], (bool, str)) or mine[name] is None:
                assert {True: "yes", False: "no", None: ""}.get(mine[name], mine[name]) == cell
            else:
                assert mine[name] == pytest.approx(float(cell))
    portrait.save(tmp_path / "in" / "c.png")
    capsys.readouterr()
    assert main([*command, str(tmp_path / "a.parquet")]) == 1
    assert "1 answered before" in capsys.readouterr().err
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 3
