"""`bitsheet-tui replicate URL`: a second store that is, and stays, what the mirror is."""

import os
from argparse import Namespace
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

from bitsheet_tui import hardening, wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.config import Config, address, load
from bitsheet_tui.errors import Exit, MirrorHeld, StoreError, UsageError
from bitsheet_tui.feed.replicate import Replicator, cursor_of
from bitsheet_tui.observe.systemd import Notifier
from bitsheet_tui.secret import Secret
from bitsheet_tui.store.cursors import Cursors
from bitsheet_tui.store.replica import Replica
from bitsheet_tui.store.replicated import Replicated
from bitsheet_tui.store.source import Source, identity


def run(arguments: Namespace) -> int:
    """Copies until told to stop, with --once until the replica is current; or makes a mirror of a replica."""
    config = load(arguments.config, os.environ)
    if arguments.promote:
        return _promote(config, arguments)
    if not arguments.url:
        raise UsageError("name the replica's URL", "see `bitsheet-tui replicate --help`")
    target = _target(arguments.url)
    with ExitStack() as ending:
        stopping = ending.enter_context(Stopping(Notifier(os.environ)))
        hardening.seal()
        _need_another(config, target, arguments.schema)
        replica = _open(target, arguments.schema, ending)
        replicator = Replicator(lambda: _source(config), replica, tell, lambda: _cursors(config))
        stopping.engine = replicator
        replicator.run(once=arguments.until_current)
    return Exit.DONE


def _target(url: str) -> Secret:
    """The replica's address, a password in it known as a secret. Raises UsageError, which shows none."""
    try:
        return Secret(address.store(url))
    except ValueError as error:
        raise UsageError(f"the replica's URL {error}") from None


def _source(config: Config) -> Source:
    return Source.open(config.store_url, schema=config.store.schema, base=config.base)


def _cursors(config: Config) -> Cursors:
    return Cursors.open(config.store_url, schema=config.store.schema, base=config.base)


def _open(target: Secret, schema: str, ending: ExitStack) -> Replica:
    replica = Replica.open(target, schema=schema, base=Path.cwd())
    ending.callback(replica.close)
    return replica


def _need_another(config: Config, target: Secret, schema: str) -> None:
    """Raises UsageError where the replica would be the mirror itself."""
    if _same(config, target, schema):
        raise UsageError("the URL is that of the mirror itself", "name a second file, database or schema")


def _same(config: Config, target: Secret, schema: str) -> bool:
    there = identity(target, schema=schema, base=Path.cwd())
    return there == identity(config.store_url, schema=config.store.schema, base=config.base) is not None


def _promote(config: Config, arguments: Namespace) -> int:
    """A replica becomes a mirror; what its source has more, where that can be read, is taken over first."""
    target = _target(arguments.url) if arguments.url else config.store_url
    schema = arguments.schema if arguments.url else config.store.schema
    base = Path.cwd() if arguments.url else config.base
    apart = arguments.url is not None and not _is_source(config, target, schema)
    with ExitStack() as ending:
        hardening.seal()
        if apart:
            _need_no_engine(config)
        replica = Replica.open(target, schema=schema, base=base)
        ending.callback(replica.close)
        if apart and replica.replicated():
            _last_lines(config, replica)
        told = replica.promote()
    tell(f"{replica.label} is a mirror of its own now: {_stand(told)}")
    tell("  Let store.url name it, and start bitsheet-tui.")
    return Exit.DONE


def _is_source(config: Config, target: Secret, schema: str) -> bool:
    try:
        return _same(config, target, schema)
    except StoreError:  # one of the two is down, and said to be so where it matters
        return False


def _need_no_engine(config: Config) -> None:
    """Raises MirrorHeld while an engine writes to the source: what it wrote from now on would be lost."""
    try:
        with closing(wiring.open_store(config, readonly=True)) as store:
            holder = store.holder()
    except StoreError:
        return
    if holder:
        raise MirrorHeld(
            f"an instance still writes to {store.label}", "End it first: bitsheet-tui stop, or its service."
        )


def _last_lines(config: Config, replica: Replica) -> None:
    try:
        Replicator(lambda: _source(config), replica, lambda _: None).run(once=True)
        with closing(_cursors(config)) as cursors:
            cursors.drop(cursor_of(replica))
    except StoreError as error:
        tell(f"its source cannot be read, and what it may have had more is not here: {error}")


def _stand(told: Replicated) -> str:
    return f"of {told.of} up to line {told.seq}, as it was {told.behind(datetime.now(UTC)):.0f} s ago"
