"""What the console's own code must not do, read from its syntax trees."""

import ast
from pathlib import Path

import pytest

import bitsheet_tui.ui

FILES = sorted(Path(bitsheet_tui.ui.__file__).parent.rglob("*.py"))
BANNED = {"RichLog", "Log", "LoadingIndicator", "ProgressBar", "DataTable", "Sparkline"}
SHOWS = {"notify", "update", "add_row", "write"}


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(getattr(node.func, "attr", getattr(node.func, "id", "")), node) for node in found]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_moves_and_no_bare_text_is_shown(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not BANNED & {name.name for name in node.names}
    for name, node in calls(tree):
        if name == "notify":
            options = {option.arg: option.value for option in node.keywords}
            assert isinstance(options["markup"], ast.Constant)
            assert options["markup"].value is False
        if name in SHOWS:
            for argument in node.args:
                assert not isinstance(argument, ast.JoinedStr), f"{path.name}:{node.lineno}"
        if name == "set_interval":
            period = node.args[0]
            assert isinstance(period, ast.Name) or period.value >= 0.25


def test_the_console_looks_twice_a_second():
    from bitsheet_tui.ui.window import PAINT

    assert PAINT >= 0.25


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_modules_stay_short_and_say_what_they_are(path):
    source = path.read_text()
    assert source.count("\n") < 300
    first = ast.get_docstring(ast.parse(source))
    assert first
    assert first.splitlines()[0].endswith((".", "…"))
