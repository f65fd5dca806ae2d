"""Builds the parts from a Config and ties them together."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from bitsheet_tui import events as e
from bitsheet_tui import locales
from bitsheet_tui.alert import Kind
from bitsheet_tui.config import Config
from bitsheet_tui.errors import ConfigError, IsReplica
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.wire import HttpWire, host_of, is_here, is_local
from bitsheet_tui.privacy import key
from bitsheet_tui.privacy.key import Key
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import mounts
from bitsheet_tui.store.address import SqliteAddress, parse
from bitsheet_tui.store.books import PORTAL
from bitsheet_tui.store.privacy import Privacy
from bitsheet_tui.store.redaction import KEY
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.engine import Engine
from bitsheet_tui.tables import Table, select

if TYPE_CHECKING:
    from bitsheet_tui.notify.heartbeat import Heartbeat
    from bitsheet_tui.notify.notifier import Notifier
    from bitsheet_tui.notify.notifier import Watch as Told
    from bitsheet_tui.observe.variants import Watch
    from bitsheet_tui.store.export_reader import ExportReader
    from bitsheet_tui.store.reader import Reader

Listener = Callable[[e.Event], None]
Counter = Callable[[e.HttpRequest], None]


def tables(config: Config) -> tuple[Table, ...]:
    """The tables to mirror, parents first. Raises KeyError with the first unknown name."""
    return select(config.sync.tables)


def open_store(
    config: Config, *, readonly: bool = False, say: Callable[[str], None] = lambda _: None
) -> Store:
    """The mirror, held by us unless `readonly`, under the rules of [privacy].

    Raises StoreError, MirrorHeld, and ConfigError where the key of the hashes is lost, and unless `readonly`
    where it is a replica.
    """
    store = Store.open(
        config.store_url,
        schema=config.store.schema,
        keep_raw=config.store.keep_raw and not readonly,
        readonly=readonly,
        base=config.base,
    )
    ready = False
    try:
        if readonly:
            look_through(config, store)
        else:
            need_no_replica(store)
            protect(config, store, say)
        ready = True
    finally:
        if not ready:
            store.close()
    return store


def need_no_replica(store: Store) -> None:
    """Raises IsReplica where nobody but the command that copies it may write."""
    if told := store.replicated():
        raise IsReplica(
            [f"{store.label} is a replica of {told.of}: no engine writes to it"],
            "Let store.url name the mirror itself. To make a mirror of its own of it:"
            " bitsheet-tui replicate --promote",
        )


def protect(config: Config, store: Store, say: Callable[[str], None] = lambda _: None) -> None:
    """Let the mirror be stored as [privacy] says from now on, and what is there be made so.

    Raises ConfigError where the key of the hashes is lost.
    """
    privacy = Privacy(config.privacy.rules, key_of(config, store))
    began = monotonic()
    if store.unprotected(privacy.rules):
        say("privacy: the rules are applied to what is there")
    cleaned = store.protect(privacy, lambda done: say(done.line()))
    if cleaned is not None:
        rest = left(config, cleaned=cleaned)
        say(f"privacy: the rules are applied, in {monotonic() - began:.1f} s; {rest}")


def left(config: Config, *, cleaned: bool) -> str:
    """What the files still have of what the tables have not any more."""
    if cleaned:
        return "nothing of it is left in the files"
    if file_of(config) is None:
        return "PostgreSQL keeps the bytes until it uses the room again: bitsheet-tui help privacy"
    why = "a program reads, or there is no room"
    return f"the files may still have it, for {why}: bitsheet-tui privacy --clean"


def key_of(config: Config, store: Store) -> Key | None:
    """The key of the hashes, made where there never was one; None: nothing is hashed. Raises ConfigError."""
    if not config.privacy.hash:
        return None
    places, known = key_places(config), store.remembered(KEY)
    found = key.find(places)
    if known and (found is None or found.ident != known):
        what = f"{found.path} holds another key" if found else f"it is not in {places[0]}"
        raise ConfigError(
            [f"privacy.hash: the key ({known}) of the hashes in {store.label} is lost: {what}"],
            "put it back; or leave privacy.hash empty for one start and let the tables be read, to begin"
            " anew with another key and other hashes",
        )
    return found or key.make(places)


def key_places(config: Config) -> list[Path]:
    """Where the key of the hashes may be."""
    if config.privacy.key_file:
        return [Path(config.privacy.key_file)]
    file = file_of(config)
    return [config.base / key.NAME, *([file.with_name(f"{file.name}.{key.NAME}")] if file else [])]


def look_through(config: Config, store: Store) -> None:
    """Let rows be compared with those of the mirror as they are stored there."""
    store.look_through(lambda: key.find(key_places(config)))


def open_to_ask(config: Config) -> Store:
    """The mirror, only to leave a request for the instance that holds it. Raises StoreError."""
    return Store.open_to_ask(config.store_url, schema=config.store.schema, base=config.base)


def open_reader(config: Config) -> "Reader":
    """The mirror, for people who look while the engine writes. Raises StoreError."""
    from bitsheet_tui.store.reader import Reader  # noqa: PLC0415 - nobody looks at an engine without a screen

    return Reader.open(config.store_url, schema=config.store.schema, base=config.base)


def open_export(config: Config) -> "ExportReader":
    """The mirror, to read whole tables of it. Raises StoreError."""
    from bitsheet_tui.store.export_reader import ExportReader  # noqa: PLC0415 - an engine needs none

    return ExportReader.open(config.store_url, schema=config.store.schema, base=config.base)


def file_of(config: Config) -> Path | None:
    """The SQLite file; none for a database on a server. Raises StoreUnavailable."""
    address = parse(config.store_url, schema=config.store.schema, base=config.base)
    return address.path if isinstance(address, SqliteAddress) else None


def need_same_portal(config: Config, store: Store) -> None:
    """Raises ConfigError where the mirror has the rows of another portal: ids of two would be mixed up.

    A portal on this computer is a demo, which has another port each time: it may go on with the mirror of
    another demo, and with no other.
    """
    host, known = host_of(config.webhook), store.remembered(PORTAL)
    demos = is_here(config.webhook) and is_local(known)
    if known and known != host and not demos:
        raise ConfigError(
            [f"the mirror {store.label} has the rows of {known}, and the webhook is of {host}"],
            "let store.url name another mirror; if that portal has a new address: bitsheet-tui resync --all",
        )


def doubt(config: Config) -> str:
    """Why the mirror should be somewhere else; empty: it is well where it is. Raises StoreUnavailable."""
    file = file_of(config)
    return mounts.warning(file) if file else ""


def connect(config: Config, say: Listener = lambda _: None, ended: Counter = lambda _: None) -> Portal:
    """The portal's client; nothing is asked yet."""
    return Portal(config.webhook, config.portal, say=say, ended=ended)


def watch(config: Config) -> tuple[Portal, "Watch"]:
    """The portal's client, and what looks at all that it is answered."""
    from bitsheet_tui.observe.variants import Watch  # noqa: PLC0415 - only a report needs it

    settings = config.portal
    seen = Watch(HttpWire(config.webhook, timeout=settings.timeout, connections=settings.concurrency))
    return Portal(config.webhook, settings, wire=seen), seen


def build(
    config: Config, store: Store, listeners: Iterable[Listener] = (), ended: Counter = lambda _: None
) -> Engine:
    """The engine over an open store; whoever opened the store closes it. `ended`: told of every request.

    Raises ConfigError where what tells people is not installed.
    """
    watch, heart = told(config), None

    def tell(event: e.Event) -> None:
        engine.tell(event)

    if config.notify.heartbeat_url:
        heart = heartbeat(config, tell)
    engine = Engine(
        lambda say: connect(config, say, ended), store, tables(config), config.sync, config.schedule,
        listeners=listeners, heartbeat=heart,
        beside=(*(watch.alerts if watch else ()), *((Kind.HEARTBEAT_FAILING,) if heart else ())),
    )  # fmt: skip
    return engine


def heartbeat(config: Config, tell: Listener) -> "Heartbeat":
    """What says to `notify.heartbeat_url` that all is well; `tell`: that it cannot."""
    from bitsheet_tui.notify.heartbeat import Heartbeat  # noqa: PLC0415 - most have none

    return Heartbeat(Secret(config.notify.heartbeat_url), tell)


def told(config: Config) -> "Told | None":
    """Who is told of what; None: nobody. Raises ConfigError where what that needs is not installed."""
    if not config.notify.urls:
        return None
    from bitsheet_tui.notify.channels import channels, need_apprise  # noqa: PLC0415 - most have none
    from bitsheet_tui.notify.notifier import Watch  # noqa: PLC0415

    need_apprise()
    return Watch(
        channels=channels(config.notify.urls),
        reminder=config.notify.reminder,
        language=locales.choose(config.ui.language, os.environ),
        questions=config.question,
    )


def notifier(config: Config, store: Store, engine: Engine) -> "Notifier | None":
    """What tells people of the engine; None where there is nobody to tell."""
    watch = told(config)
    if watch is None:
        return None
    from bitsheet_tui.notify.notifier import Notifier  # noqa: PLC0415
    from bitsheet_tui.store.questions import Asking  # noqa: PLC0415

    def asking() -> Asking:
        return Asking(config.store_url, schema=config.store.schema, base=config.base)

    return Notifier(engine, store, watch, asking=asking)
