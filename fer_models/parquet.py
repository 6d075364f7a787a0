"""The rows of a CSV file of answers as a Parquet file with types, whatever their number."""

import csv
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fer_models.tables import without_mark

ROWS = 10_000  # that are in memory at a time

_TEXT = (
    *("photo", "video", "file", "model", "expression", "how_sure", "agreed", "conditions", "notes", "error"),
    *("map", "verdict", "weights", "settings", "software", "modified"),
)
_COUNTS = ("faces", "face", "beats", "random_maps", "same_degraded", "frames", "damaged", "left_out", "bytes")
_TRUTHS = ("sure", "end")


def schema_of(columns: list[str]) -> pa.Schema:
    """The types of a table's columns: text, whole numbers, truths; all others, the expressions among them, are real
    numbers. A cell that is empty in the CSV is null."""
    types = {name: pa.string() for name in _TEXT} | {name: pa.int64() for name in _COUNTS}
    types |= {name: pa.bool_() for name in _TRUTHS}
    return pa.schema([(name, types.get(name, pa.float64())) for name in columns])


def _reader(kind: pa.DataType) -> Callable[[str], object]:
    if pa.types.is_boolean(kind):
        return lambda cell: cell == "yes"
    return int if pa.types.is_integer(kind) else float if pa.types.is_floating(kind) else without_mark


def write_parquet(rows: Path, out: Path) -> None:
    """A CSV file that `python -m fer_models` wrote -> the same rows as Parquet; `out` is replaced as a whole.

    Raises:
        OSError: it cannot be read or written.
    """
    new = out.with_name(out.name + ".new")
    with rows.open(encoding="utf-8", errors="replace", newline="") as file:
        table = csv.DictReader(file)
        schema = schema_of([without_mark(name) for name in table.fieldnames or []])
        with pq.ParquetWriter(new, schema) as writer:
            while some := list(islice(table, ROWS)):
                columns = [
                    [_reader(field.type)(row[name]) if row[name] else None for row in some]
                    for name, field in zip(table.fieldnames or [], schema, strict=True)
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))
    new.replace(out)


__all__ = ["ROWS", "schema_of", "write_parquet"]
