"""`bitsheet-tui forget TABLE ID`: erases a person, here or through the running instance."""

import os
import sys
from argparse import Namespace
from contextlib import closing
from datetime import UTC, datetime

from bitsheet_tui import wiring
from bitsheet_tui.cli.control import passed_on
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.commands import Forget
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit, UsageError
from bitsheet_tui.store.forgotten import TABLES
from bitsheet_tui.tables import CATALOGUE


def run(arguments: Namespace) -> int:
    """Asks first on a terminal. Raises UsageError where nobody can be asked and --yes is not given."""
    config = load(arguments.config, os.environ)
    (name,) = arguments.tables
    if name not in TABLES:
        raise UsageError(f"rows of {name} cannot be forgotten", f"those of {', '.join(TABLES)} can")
    wish = Forget(name, arguments.id, undo=arguments.undo)
    if not (arguments.yes or arguments.undo or _confirmed(wish)):
        tell("nothing was changed")
        return Exit.DONE
    code = passed_on(config, wish)
    return _do(config, wish) if code is None else code


def _confirmed(wish: Forget) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("forget erases for good, and nobody can be asked here", "say --yes")
    tell(
        f"{wish.table} {wish.id} is erased from the mirror, its history and its feed, and never stored again."
    )
    tell("On the portal nothing changes. Go on? [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes", "e", "evet"}


def _do(config: Config, wish: Forget) -> int:
    with closing(wiring.open_store(config, say=tell)) as store:
        table = next(table for table in CATALOGUE if table.name == wish.table)
        if wish.undo:
            tell(wish.undone(was=store.remember_row(table, wish.id)))
            return Exit.DONE
        tell(store.forget_row(table, wish.id, at=datetime.now(UTC), cycle=0).line())
        tell(wiring.left(config, cleaned=store.clean()))
    return Exit.DONE
