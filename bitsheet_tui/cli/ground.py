"""What a running instance stands on: its configuration, or the demo's, its log, its store, its engine."""

import json
import os
import resource
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bitsheet_tui import hardening, locales, wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, LogSettings, PortalSettings, SyncSettings, load, need_webhook
from bitsheet_tui.errors import ConfigError, MirrorHeld, StoreError
from bitsheet_tui.hard_exit import temporary
from bitsheet_tui.observe import logs
from bitsheet_tui.observe.live import Live
from bitsheet_tui.observe.served import Served, places
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import Secret
from bitsheet_tui.state import EngineState
from bitsheet_tui.store.books import LOG
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.engine import Engine

if TYPE_CHECKING:
    from bitsheet_tui.monitoring.monitor import Monitor
    from bitsheet_tui.monitoring.status_reader import StatusReader
    from bitsheet_tui.notify.notifier import Notifier
    from bitsheet_tui.observe.attached import Onlooker

DEMO_INTERVAL = 5  # seconds: something to see
DEMO_COMPARES = 6  # cycles: what was deleted is found within half a minute
FILES = 1024  # open at once
FEW_FILES = 32


@contextmanager
def configured(arguments: Namespace) -> Iterator[Config]:
    """The configuration to work with. With --demo the built-in portal runs meanwhile."""
    if arguments.demo:
        checked = arguments.command == "check"
        with demo(quick=arguments.once or checked, kept=not checked) as config:
            yield config
    else:
        yield load(arguments.config, os.environ)


@contextmanager
def demo(*, quick: bool = False, kept: bool = False) -> Iterator[Config]:
    """A pretend portal, and a mirror in a folder of its own; `kept`: it stays when all went well.

    It is as slow and as busy as a real one, so that there is something to see; `quick` is for who waits.
    """
    from bitsheet_tui.portal.demo import DemoPortal, lively  # noqa: PLC0415 - nobody else pays for it

    portal = DemoPortal() if quick else lively(eventful=True)
    with portal.run_in_thread() as webhook:
        folder = Path(tempfile.mkdtemp(prefix="bitsheet-demo-"))
        then = f"delete {folder} when you have seen enough" if kept else "it is deleted at the end"
        with nullcontext() if kept else temporary(folder):  # after a crash it stays, with its log
            tell(f"demo: the mirror is {folder}/bitsheet.db; {then}")
            yield Config(
                portal=PortalSettings(requests_per_second=50.0 if quick else 2.0),
                sync=SyncSettings(interval=DEMO_INTERVAL, reconcile_every=DEMO_COMPARES),
                log=LogSettings(file=str(folder / "bitsheet.log")),
                webhook=Secret(webhook),
                store_url=Secret(f"sqlite:///{folder}/bitsheet.db"),
            )


def as_file(config: Config) -> str:
    """What `demo` gives, as a configuration file for other processes."""
    sections: dict[str, dict[str, object]] = {
        "portal": {
            "webhook_url": config.webhook.reveal(),
            "requests_per_second": config.portal.requests_per_second,
        },
        "store": {"url": config.store_url.reveal()},
        "sync": {"interval": config.sync.interval, "reconcile_every": config.sync.reconcile_every},
        "log": {"file": config.log.file},
    }
    lines = []
    for section, settings in sections.items():  # what JSON writes of these is TOML, too
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]
    return "\n".join(lines) + "\n"


def prepare(config: Config, ending: ExitStack, *, anew: bool = False) -> Engine:
    """The engine for one run, its story told to stderr and to the log file.

    `anew`: all of the mirror is read again, so that it may be another portal's from now on. `ending` closes
    the store and the log. Raises ConfigError, StoreError and MirrorHeld.
    """
    store = stand(config, ending, None, narrated=True, anew=anew)
    engine = wiring.build(config, store, [logs.narrator()])
    ending.callback(_say_how_it_went, config, store, engine)
    return engine


def _say_how_it_went(config: Config, store: Store, engine: Engine) -> None:
    """Of one cycle, to whoever is to be told; it takes the time that it takes."""
    if not engine.state.cycles:
        return
    if notifier := wiring.notifier(config, store, engine):
        notifier.finish()
    if config.notify.heartbeat_url and not (engine.failed or engine.partial or engine.state.cycles[-1].asked):
        wiring.heartbeat(config, engine.tell).once()


def serve(config: Config, ending: ExitStack, ring: Ring, *, narrated: bool) -> Served:
    """The engine for as long as it is wanted, with its log in `ring` and a door for viewers.

    `narrated`: its story is told to stderr, too.
    """
    return over(config, stand(config, ending, ring, narrated=narrated), ring)


def over(config: Config, store: Store, ring: Ring) -> Served:
    """The engine over an open mirror."""
    live = Live(ring)
    listeners, where = [logs.narrator(), live.tell], places(wiring.file_of(config), os.environ)
    if not config.metrics.listen:
        store.watch(None)  # the engine before may have been watched
        engine = wiring.build(config, store, listeners)
        return Served(engine, live, store, where, _log(config), *_telling(config, store, engine))
    from bitsheet_tui.monitoring.status_reader import StatusReader  # noqa: PLC0415 - only where it is wanted

    reader = StatusReader(lambda: wiring.open_store(config, readonly=True))
    monitor = _monitor(config, store, ring, reader)
    engine = wiring.build(config, store, [*listeners, monitor.tell], monitor.ended)
    monitor.watch(lambda: engine.state)
    store.watch(monitor.written)
    beside: tuple[AbstractContextManager[object], ...] = (reader, monitor, *_telling(config, store, engine))
    return Served(engine, live, store, where, _log(config), *beside)


def _telling(config: Config, store: Store, engine: Engine) -> Iterator["Notifier"]:
    """What tells people, if there is anybody to tell."""
    if notifier := wiring.notifier(config, store, engine):
        yield notifier


def _monitor(config: Config, store: Store, ring: Ring, status: "StatusReader") -> "Monitor":
    """Who serves metrics and the status page. Raises StoreError."""
    from bitsheet_tui.monitoring.monitor import Mirror, Monitor  # noqa: PLC0415 - only where it is wanted
    from bitsheet_tui.observe.probe import newest_good  # noqa: PLC0415

    good, watch = newest_good(store), wiring.told(config)
    mirror = Mirror(
        tables=tuple(table.name for table in wiring.tables(config)), file=wiring.file_of(config),
        services=tuple(one.service for one in watch.channels) if watch else (),
        succeeded=good.ended_at if good else None, levels=ring.levels, status=status,
        sessions=lambda: store.sessions,
    )  # fmt: skip
    spoken = locales.choose(config.ui.language, os.environ)
    return Monitor(config.metrics.address, config.metrics_token, spoken, mirror)


def stand(
    config: Config, ending: ExitStack, ring: Ring | None, *, narrated: bool, anew: bool = False
) -> Store:
    """The mirror, held by us; only then the log, which is the holder's."""
    need_webhook(config)
    hardening.seal()
    need_files()
    store = wiring.open_store(config, say=tell)
    ending.callback(store.close)
    if not anew:
        wiring.need_same_portal(config, store)
    ending.push(logs.last_words)
    tell_log(config, store, ring, narrated=narrated)
    return store


def need_files() -> None:
    """As many open files as the system grants, up to a bound. Raises ConfigError where that is too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= FILES:
        return
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < FEW_FILES:
        raise ConfigError(
            [f"this process may open {most} files at once, and needs {FEW_FILES}"],
            "raise the limit: ulimit -n, or LimitNOFILE= of the service",
        )


def tell_log(config: Config, store: Store, ring: Ring | None, *, narrated: bool) -> None:
    """The log is where and what `config` says from now on.

    Others find it by the mirror: `bitsheet-tui log`, and consoles that attach.
    """
    logs.start(config.log, ring=ring, stderr=sys.stderr if narrated else None, journal=journaled())
    for warning in filter(None, (*config.warnings, wiring.doubt(config))):
        logs.say("WARNING", warning)
    with suppress(StoreError, MirrorHeld):  # the first cycle reports the trouble
        store.remember(LOG, _log(config))


def _log(config: Config) -> str:
    return f"{config.log.level} {Path(config.log.file).absolute()}" if config.log.file else ""


def attach(
    config: Config,
    ending: ExitStack,
    ring: Ring,
    before: EngineState,
    *,
    takeover: bool,
    readonly: bool,
) -> "Onlooker":
    """The engine that holds the mirror, seen from here; `readonly`: and not told anything."""
    from bitsheet_tui.observe.attached import Mirror, Onlooker  # noqa: PLC0415 - an engine looks at none

    logs.start(LogSettings(file=""))  # what libraries say must not get onto the screen
    ending.callback(logs.stop)
    take = (lambda: serve(config, ending, ring, narrated=False)) if takeover else None
    mirror = Mirror(
        look=lambda: wiring.open_store(config, readonly=True),
        ask=lambda: wiring.open_to_ask(config),
        names=tuple(table.name for table in wiring.tables(config)),
        portal=before.portal,
        interval=config.sync.interval,
        take=take,
        file=wiring.file_of(config),
        readonly=readonly,
    )
    return Onlooker(mirror, ring, before)


def journaled() -> bool:
    """Whether stderr is the journal's own socket, which $JOURNAL_STREAM names as device:inode."""
    try:
        here = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM", "") == f"{here.st_dev}:{here.st_ino}"
