"""Text is UTF-8 whatever the machine's locale is, and a small file is written whole or not at all."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fer_models.files import write_text
from fer_models.paths import ROOT

ROOMS = ("fer_models", "space", "train", "benchmarks")
SOURCES = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def without_encoding(source: str) -> Iterator[int]:
    """The lines that read or write text in whatever encoding the machine has."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        named = {keyword.arg for keyword in node.keywords}
        reads = node.func.attr == "read_text" and not node.args
        writes = node.func.attr == "write_text" and len(node.args) == 1
        if (reads or writes) and "encoding" not in named:
            yield node.lineno


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_text_is_read_and_written_in_an_encoding_that_is_named(file):
    assert list(without_encoding(file.read_text(encoding="utf-8"))) == []


def test_a_file_that_names_no_encoding_would_be_found():
    assert list(without_encoding("a.read_text()\nb.write_text('x', encoding='utf-8')\nc.write_text('x')")) == [1, 3]


WRITTEN = """
import locale, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fer_models.files import write_text
print(locale.getencoding())
write_text(Path(sys.argv[2]), "W\\u00fcrde\\n")
"""


def test_under_another_locale_text_is_utf_8_all_the_same(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    environment |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-S", "-c", WRITTEN, str(ROOT), str(tmp_path / "text")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "utf" not in ran.stdout.lower()
    assert (tmp_path / "text").read_bytes() == "Würde\n".encode()


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "note.json"
    write_text(file, "old")
    with pytest.raises(UnicodeEncodeError):  # as late as a full disk would be told
        write_text(file, "new\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["note.json"] and file.read_text(encoding="utf-8") == "old"
    write_text(file, "new")
    assert file.read_text(encoding="utf-8") == "new"
