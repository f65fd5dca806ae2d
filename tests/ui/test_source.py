"""What the console's own code must not do, read from its syntax trees."""

import ast
from pathlib import Path

import bitsheet_tui.ui

FILES = sorted(Path(bitsheet_tui.ui.__file__).parent.rglob("*.py"))
BANNED = {"RichLog", "Log", "LoadingIndicator", "ProgressBar", "DataTable", "Sparkline"}
SHOWS = {"notify", "update", "add_row", "write"}


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(getattr(node.func, "attr", getattr(node.func, "id", "")), node) for node in found]


def faults(tree: ast.AST) -> list[tuple[int, str]]:
    """The line of each thing that moves, and of each bare or marked-up text that is shown."""
    found = [
        (node.lineno, "a widget that moves")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and BANNED & {name.name for name in node.names}
    ]
    for name, node in calls(tree):
        options = {option.arg: option.value for option in node.keywords}
        if name == "notify" and getattr(options.get("markup"), "value", True) is not False:
            found.append((node.lineno, "a toast with markup"))
        if name in SHOWS and any(isinstance(argument, ast.JoinedStr) for argument in node.args):
            found.append((node.lineno, "a bare text"))
        if name == "set_interval" and isinstance(node.args[0], ast.Constant) and node.args[0].value < 0.25:
            found.append((node.lineno, "more than four looks a second"))
    return found


def test_nothing_moves_and_no_bare_text_is_shown():
    assert {path.name: found for path in FILES if (found := faults(ast.parse(path.read_text())))} == {}


def test_the_console_looks_twice_a_second():
    from bitsheet_tui.ui.window import PAINT

    assert PAINT >= 0.25
