"""`pause`, `sync`, `interval` and their like: asks the running instance, or does it where none runs."""

import os
import signal
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack, closing

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.cli.ground import prepare
from bitsheet_tui.cli.headless import once
from bitsheet_tui.cli.hearing import Hearing
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.commands import (
    Cancel,
    Command,
    ConfirmDeletions,
    Disable,
    Enable,
    Pause,
    Resume,
    Resync,
    SetInterval,
    SyncNow,
)
from bitsheet_tui.config import Config, load
from bitsheet_tui.config.draft import read_interval
from bitsheet_tui.config.findings import near
from bitsheet_tui.errors import Exit, NoMirror, UsageError
from bitsheet_tui.observe import requests
from bitsheet_tui.observe.systemd import Notifier
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.answers import NOT_DONE

SIMPLE: dict[str, Callable[[tuple[str, ...]], Command]] = {
    "pause": lambda _: Pause(),
    "resume": lambda _: Resume(),
    "sync": SyncNow,
    "disable": Disable,
    "enable": Enable,
    "cancel": Cancel,
    "confirm": lambda tables: ConfirmDeletions(tables[0]),
}
NOBODY = {
    "pause": "there is nothing to pause",
    "resume": "there is nothing to resume",
    "cancel": "there is nothing to cancel",
    "interval": "set sync.interval in the configuration",
    "disable": "name the others in sync.tables",
    "enable": "see sync.tables in the configuration",
}


def run(arguments: Namespace) -> int:
    """Passes the request on. Raises UsageError where there is nobody to pause, or nothing to confirm."""
    config = load(arguments.config, os.environ)
    command = _command(arguments, config)
    code = passed_on(config, command)
    if code is not None:
        return code
    if isinstance(command, SyncNow | Resync | ConfirmDeletions):
        return _do(config, command)
    raise UsageError(f"no instance is running: {NOBODY[arguments.request]}")


def _command(arguments: Namespace, config: Config) -> Command:
    tables = tuple(getattr(arguments, "tables", ()))
    check_tables(tables, config)
    match arguments.request:
        case "resync":
            return Resync(_wanted(tables, config, everything=arguments.all), arguments.since)
        case "interval":
            return _interval(arguments.interval)
        case request:
            return SIMPLE[request](tables)


def _interval(text: str) -> SetInterval:
    try:
        return SetInterval(read_interval(text))
    except ValueError as error:
        raise UsageError(f"the interval {error}") from None


def _wanted(tables: tuple[str, ...], config: Config, *, everything: bool) -> tuple[str, ...]:
    if everything is bool(tables):
        raise UsageError("name the tables, or say --all", "see `bitsheet-tui resync --help`")
    return tables or tuple(table.name for table in wiring.tables(config))


def check_tables(tables: tuple[str, ...], config: Config) -> None:
    """Raises UsageError with the nearest name for one that is no table."""
    known = [table.name for table in wiring.tables(config)]
    for name in tables:
        if name not in known:
            alike = near(name, known)
            hint = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(known)}"
            raise UsageError(f"there is no table {name}", hint)


def passed_on(config: Config, command: Command) -> int | None:
    """Let the running instance do it, and tell what it did: the exit code. None: there is no instance.

    Raises StoreError where that cannot be known: a mirror that may not be read may well be held.
    """
    try:
        store = wiring.open_to_ask(config)
    except NoMirror:  # nobody can be holding it
        store = None
    if store is None:
        _something_held(command, set())
        return None
    with closing(store):
        _something_held(command, {one.table for one in store.reconciles.held()})
        holder = store.holder()
        return _ask(store, command, holder) if holder else None


def _something_held(command: Command, held: set[str]) -> None:
    if isinstance(command, ConfirmDeletions) and command.table not in held:
        raise UsageError(f"no deletions of {command.table} are held", "see `bitsheet-tui status`")


def _ask(store: Store, command: Command, holder: Holder) -> int:
    who = f"the instance{f' (pid {holder.pid})' if holder.pid else ''}"
    answer = requests.ask(store, command)
    if answer is None:
        tell(f"{who} has not answered within {requests.PATIENCE:.0f} s, and the request was taken back")
    else:
        tell(f"{who}: {answer or 'done'}")
    return Exit.TABLE_FAILED if answer is None or answer.startswith(NOT_DONE) else Exit.DONE


def _do(config: Config, wish: SyncNow | Resync | ConfirmDeletions) -> int:
    with ExitStack() as ending:
        stopping = ending.enter_context(Stopping(Notifier({})))
        hearing = ending.enter_context(Hearing(signal.SIGUSR1))
        everything = {table.name for table in wiring.tables(config)}
        anew = isinstance(wish, Resync) and wish.since is None and everything == set(wish.tables)
        engine = prepare(config, ending, anew=anew)
        stopping.engine = engine
        return once(engine, hearing, wish)
