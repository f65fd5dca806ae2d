"""The command line: what is asked, who does it, and how it ends."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from bitsheet_tui.cli.arguments import parse
from bitsheet_tui.cli.ending import Ending, let_go


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the arguments say and returns the exit code; raises nothing an operator could meet."""
    os.umask(0o077)  # whatever is written is the owner's alone
    with Ending() as ending:
        arguments = parse(argv)
        # imported by name: asking for help must not load what only one command needs
        command = import_module(f"bitsheet_tui.cli.{arguments.command}")
        ending.code = command.run(arguments)
        sys.stdout.flush()
    let_go()
    return ending.code
