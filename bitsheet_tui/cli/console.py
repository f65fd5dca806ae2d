"""`bitsheet-tui`: the console, with the engine in the same process."""

import sys
from argparse import Namespace
from contextlib import ExitStack

from bitsheet_tui.cli.ground import configured, prepare
from bitsheet_tui.errors import UsageError
from bitsheet_tui.ring import Ring


def run(arguments: Namespace) -> int:
    """Needs a terminal on both sides: without one a console would spin, or draw for nobody."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the console needs a terminal", "to run without one: bitsheet-tui --no-ui")
    from bitsheet_tui.ui.run import run_console  # noqa: PLC0415 - without a terminal it is not needed

    ring = Ring()
    with ExitStack() as ending:
        config = ending.enter_context(configured(arguments))
        engine = prepare(config, ending, ring=ring)
        return run_console(engine, ring)
