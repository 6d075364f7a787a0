"""Which tests `make quick` leaves out: those that start a browser, a server, another process, a training or an export.

The rule looks at what a test says, not at a list of tests: it is slow if its own code, the code of a fixture that it
asks for, or a function of theirs in the same file names one of `SLOW_NAMES`. What is slow by itself is marked so.
"""

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType

import pytest

SLOW_NAMES = {
    *("sync_playwright", "Page", "Browser"),  # a browser
    *("HubServer", "launch", "urlopen", "served"),  # a server
    *("subprocess", "Popen", "multiprocessing"),  # another process
    *("train_hub", "StageTrainer", "TrainingArguments", "ablate", "average_maps"),  # a training, or hundreds of faces
    *("export", "export_checkpoint", "write_graph", "verify_hub_folder", "create_server"),
}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):  # a lambda, a comprehension, a function inside
            yield from _names(constant)


def names_used(function: Callable) -> set[str]:
    """The names in a function's code, and in that of the functions of its own file that it names."""
    found: set[str] = set()
    waiting = [function]
    while waiting:
        one = waiting.pop()
        one = getattr(one, "__wrapped__", one)
        if not isinstance(one, FunctionType):
            continue
        for name in set(_names(one.__code__)) - found:
            found.add(name)
            other = one.__globals__.get(name)
            if isinstance(other, FunctionType) and other.__module__ == one.__module__:
                waiting.append(other)
    return found


def is_slow(item: pytest.Function) -> bool:
    """Whether a test is slow by that rule."""
    fixtures = [definitions[-1].func for definitions in item._fixtureinfo.name2fixturedefs.values()]
    return any(names_used(function) & SLOW_NAMES for function in (item.function, *fixtures))
