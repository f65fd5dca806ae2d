"""`pause`, `resume`, `sync`, `resync`, `confirm`: asks the running instance, or does it where none runs."""

import getpass
import os
import socket
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from difflib import get_close_matches

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.cli.ground import prepare
from bitsheet_tui.cli.headless import once
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit, StoreUnavailable, UsageError
from bitsheet_tui.events import ConfirmDeletions, Resync, SyncNow
from bitsheet_tui.observe.systemd import Notifier
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.store import Store

WISHES: dict[str, Callable[[tuple[str, ...]], SyncNow | Resync | ConfirmDeletions]] = {
    "sync": SyncNow,
    "resync": Resync,
    "confirm": lambda tables: ConfirmDeletions(tables[0]),
}
PATIENCE = 10.0  # seconds to wait for the instance's answer
LOOK = 0.2


def run(arguments: Namespace) -> int:
    """Passes the request on. Raises UsageError where there is nobody to pause."""
    config = load(arguments.config, os.environ)
    tables = tuple(getattr(arguments, "tables", ()))
    check_tables(tables, config)
    if passed_on(config, arguments.request, tables):
        return Exit.DONE
    if arguments.request not in WISHES:
        raise UsageError(f"no instance is running: there is nothing to {arguments.request}")
    return _do(config, WISHES[arguments.request](tables))


def check_tables(tables: tuple[str, ...], config: Config) -> None:
    """Raises UsageError with the nearest name for one that is no table."""
    known = [table.name for table in wiring.tables(config)]
    for name in tables:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"there is no table {name}", hint)


def passed_on(config: Config, request: str, tables: tuple[str, ...]) -> bool:
    """Whether there is an instance, which has been asked then."""
    try:
        store = wiring.open_to_ask(config)
    except StoreUnavailable:  # no mirror yet: nobody can be holding it
        return False
    with closing(store):
        if request == "confirm" and tables[0] not in {one.table for one in store.reconciles.held()}:
            raise UsageError(f"no deletions of {tables[0]} are held", "see `bitsheet-tui status`")
        holder = store.holder()
        if holder is None:
            return False
        by = f"{getpass.getuser()}@{socket.gethostname()}"
        number = store.ask(request, " ".join(tables), by=by, at=datetime.now(UTC))
        tell(_answer(store, number, holder))
    return True


def _answer(store: Store, number: int, holder: Holder) -> str:
    """What the instance says, once it has looked."""
    who = f"the instance{f' (pid {holder.pid})' if holder.pid else ''}"
    for _ in range(round(PATIENCE / LOOK)):
        request = store.request(number)
        if request and request.answer is not None:
            return f"{who}: {request.answer or 'done'}"
        time.sleep(LOOK)
    return f"{who} has been asked and has not answered yet; see `bitsheet-tui status`"


def _do(config: Config, wish: SyncNow | Resync | ConfirmDeletions) -> int:
    with ExitStack() as ending:
        stopping = ending.enter_context(Stopping(Notifier({})))
        engine = prepare(config, ending)
        stopping.engine = engine
        return once(engine, wish)
