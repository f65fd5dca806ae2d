"""`bitsheet-tui grant ROLE`: what a role that only reads needs on PostgreSQL."""

import os
from argparse import Namespace
from contextlib import closing

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import load
from bitsheet_tui.errors import Exit, UsageError


def run(arguments: Namespace) -> int:
    """Prints the statements, or runs them."""
    config = load(arguments.config, os.environ)
    if wiring.file_of(config) is not None:
        raise UsageError(
            "grant is for PostgreSQL: a SQLite file has no roles",
            "whoever may read the file may read the mirror: see `bitsheet-tui help readers`",
        )
    with closing(wiring.open_to_ask(config)) as store:
        if arguments.apply:
            store.open_to_role(arguments.role)
            tell(f"{arguments.role} may read the mirror, and what is added to it")
        else:
            for statement in store.grants(arguments.role):
                print(f"{statement};")
    return Exit.DONE
