"""CSV that a spreadsheet shows and does not run."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

# A cell that begins with one of these is taken for a formula (OWASP, "CSV Injection"); the wide forms are for those who
# write Chinese, Japanese or Korean. The apostrophe is there so that taking the mark off again is exact.
_FORMULA = tuple("=+-@\t\r＝＋－＠'")


def cell(value: object) -> object:
    """Text that would begin a formula gets an apostrophe before it; anything else stays, numbers too."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def without_mark(text: str) -> str:
    """What `cell` was given."""
    return text[1:] if text.startswith("'") else text


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]], mark: bool = True) -> str:
    """Rows as CSV lines, without a header; a cell that a row lacks is empty.

    Args:
        mark: off for cells that were marked before.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writerows({name: cell(value) if mark else value for name, value in row.items()} for row in rows)
    return text.getvalue()


def csv_header(columns: Sequence[str]) -> str:
    """The columns' names as a CSV line."""
    return csv_lines(columns, [dict(zip(columns, columns, strict=True))])


__all__ = ["cell", "csv_header", "csv_lines", "without_mark"]
