"""`bitsheet-tui completion`: the script with which bash or zsh completes commands, options, tables and files.

shtab writes it from the parser. It is static: completing a word starts no Python and reads no configuration.
"""

import re
import sys
from argparse import Action, ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from bitsheet_tui.cli.arguments import COMMANDS, parser
from bitsheet_tui.errors import Exit, UsageError
from bitsheet_tui.manual import TOPICS
from bitsheet_tui.tables import CATALOGUE


def run(arguments: Namespace) -> int:
    """Prints the script on stdout. Raises UsageError where shtab is missing."""
    sys.stdout.write(f"{script(arguments.shell)}\n")
    return Exit.DONE


def script(shell: str) -> str:
    """The script for `bash` or `zsh`: files for a Path, names for what help calls TABLE, TOPIC or VARIANT."""
    try:
        import shtab  # noqa: PLC0415 - a clone that was pulled, but not installed again, lacks it
    except ImportError as error:
        raise UsageError(f"completion needs {error.name}", f"install it: pip install {error.name}") from None
    from bitsheet_tui.portal.demo.variants import VARIANTS  # noqa: PLC0415 - other commands need no portal
    from bitsheet_tui.store.export_reader import ORDER  # noqa: PLC0415

    whole = parser()
    words = {
        "TABLE": [table.name for table in CATALOGUE],
        "TABLE|VIEW": [*ORDER],
        "TOPIC": [*TOPICS, *(command.name for command in COMMANDS)],
        "VARIANT": [variant.name for variant in VARIANTS],
    }
    for action in _actions(whole):
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif isinstance(action.metavar, str):
            action.choices = words.get(action.metavar, action.choices)
    # shtab declares a list of arguments to zsh as a single one: only the first would be completed
    return re.sub(r'"\(\*\)::?', '"*:', shtab.complete(whole, shell))


def _actions(parser: ArgumentParser) -> Iterator[Action]:
    """Every option and argument, those of commands included."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to them; shtab takes it too
        yield action
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _actions(command)
