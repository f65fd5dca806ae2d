"""`bitsheet-tui lake PATH`: a folder of Delta Lake tables, kept current from the change feed."""

import os
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Thread, Timer
from typing import TYPE_CHECKING

from bitsheet_tui import commands as c
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit, StoreError, UsageError
from bitsheet_tui.hard_exit import hard_exit
from bitsheet_tui.observe.systemd import Notifier
from bitsheet_tui.store.changes import Changes
from bitsheet_tui.store.cursors import Cursors

if TYPE_CHECKING:
    from bitsheet_tui.feed.lake import Lake

INSTALL = "install it with its extra lake: see `bitsheet-tui help lake`"
GRACE = 1.5  # seconds in which a commit in hand may end; one that does not has never been


def run(arguments: Namespace) -> int:
    """Follows the mirror until told to stop; with --once, until the lake is what the mirror is now."""
    config = load(arguments.config, os.environ)
    try:
        from bitsheet_tui.feed.lake import Folder, Lake  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(f"the lake needs {error.name}", INSTALL) from None
    with ExitStack() as ending:
        stopping = ending.enter_context(Stopping(Notifier(os.environ)))
        read = partial(Changes.open, config.store_url, schema=config.store.schema, base=config.base)
        changes = read()  # where there is no mirror, no folder is made
        folder = Folder(arguments.path)
        ending.callback(folder.close)
        lake = Lake(
            changes,
            folder,
            retention=arguments.retention,
            say=tell,
            cursors=_cursors(config, folder.cursor, ending),
            again=lambda: (read(), _cursors(config, folder.cursor, ending)),
        )
        ending.callback(lake.close)
        if not arguments.catch_up:
            tell(f"the lake {folder.path} follows {changes.label}")
        work = _Work(lake.once if arguments.catch_up else lambda: lake.run(every=arguments.every))
        stopping.engine = _Stop(lake)
        work.finish()
    return Exit.DONE


def _cursors(config: Config, name: str, ending: ExitStack) -> Cursors | None:
    """What tells the mirror how far the lake is; None where nothing may be written to that."""
    cursors = None
    try:
        cursors = Cursors.open(config.store_url, schema=config.store.schema, base=config.base)
        ending.callback(cursors.close)
        cursors.take(name)
    except StoreError as error:
        tell(f"no cursor is kept in the mirror, so its feed does not wait for this lake: {error}")
        return None
    return cursors


class _Work(Thread):
    """What is done while the main thread hears signals: Rust code hears none before it is done."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="lake", daemon=True)
        self._work = work
        self._failed: BaseException | None = None

    def run(self) -> None:
        """See `finish`."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            self._failed = error

    def finish(self) -> None:
        """Do it; raises what it raises."""
        self.start()
        self.join()
        if self._failed:
            raise self._failed


class _Stop:
    """Ends the work between two commits; one that takes too long has never been."""

    def __init__(self, lake: "Lake") -> None:
        self._lake = lake

    def submit(self, _: c.Command) -> None:
        """Whatever is submitted: the lake takes no other command than to stop."""
        self._lake.stop()
        limit = Timer(GRACE, hard_exit, [Exit.DONE])
        limit.daemon = True
        limit.start()
