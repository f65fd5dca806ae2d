"""Whether a test that is named as a proof, `folder/test_file.py::test_name`, is there."""

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]


@cache
def text(file: str) -> str:
    """The source of a test module."""
    return (TESTS / file).read_text(encoding="utf-8")


@cache
def functions(file: str) -> set[str]:
    """The names of its tests."""
    nodes = ast.walk(ast.parse(text(file)))
    found = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in found if name.startswith("test_")}


def is_there(test: str) -> bool:
    """Whether there is such a test."""
    file, _, name = test.partition("::")
    return (TESTS / file).is_file() and name in functions(file)
