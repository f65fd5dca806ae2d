"""The command line: what is asked, who does it, and how it ends."""

import os
import threading
from collections.abc import Sequence
from importlib import import_module

from bitsheet_tui import hardening, streams
from bitsheet_tui.cli.arguments import parse
from bitsheet_tui.cli.ending import Ending, end_streams


def main(argv: Sequence[str] | None = None) -> int:
    """Does what the arguments say and returns the exit code; raises nothing an operator could meet."""
    os.umask(0o077)  # whatever is written is the owner's alone
    hardening.forget_key_log(os.environ)
    streams.claim()
    with Ending() as ending:
        arguments = parse(argv)
        _heed_no_report()
        # imported by name: asking for help must not load what only one command needs
        command = import_module(f"bitsheet_tui.cli.{arguments.command}")
        ending.code = command.run(arguments)
    return end_streams(ending.code)


def _heed_no_report() -> None:
    """SIGUSR1 asks for a report, and must end nobody who has none to give."""
    import signal  # noqa: PLC0415 - asking for help does without

    number = signal.SIGUSR1
    if threading.current_thread() is threading.main_thread() and signal.getsignal(number) is signal.SIG_DFL:
        signal.signal(number, lambda *_: None)
