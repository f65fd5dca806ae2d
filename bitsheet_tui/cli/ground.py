"""What a running instance stands on: its configuration, or the demo's, its log, its store, its engine."""

import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, LogSettings, PortalSettings, SyncSettings, load, need_webhook
from bitsheet_tui.observe import logs
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync.engine import Engine

DEMO_INTERVAL = 5  # seconds: something to see


@contextmanager
def configured(arguments: Namespace) -> Iterator[Config]:
    """The configuration to work with. With --demo the built-in portal runs meanwhile."""
    if arguments.demo:
        with demo(quick=arguments.once or arguments.command == "check") as config:
            yield config
    else:
        yield load(arguments.config, os.environ)


@contextmanager
def demo(*, quick: bool = False) -> Iterator[Config]:
    """A pretend portal, and a mirror in a folder that stays until somebody deletes it.

    It is as slow and as busy as a real one, so that there is something to see; `quick` is for who waits.
    """
    from bitsheet_tui.portal.demo import DemoPortal, lively  # noqa: PLC0415 - nobody else pays for it

    portal = DemoPortal() if quick else lively()
    with portal.run_in_thread() as webhook:
        folder = Path(tempfile.mkdtemp(prefix="bitsheet-demo-"))
        tell(f"demo: the mirror is {folder}/bitsheet.db; delete {folder} when you have seen enough")
        yield Config(
            portal=PortalSettings(requests_per_second=50.0 if quick else 2.0),
            sync=SyncSettings(interval=DEMO_INTERVAL),
            log=LogSettings(file=str(folder / "bitsheet.log")),
            webhook=Secret(webhook),
            store_url=Secret(f"sqlite:///{folder}/bitsheet.db"),
        )


def prepare(config: Config, ending: ExitStack, *, ring: Ring | None = None) -> Engine:
    """The engine over the open store, its story told to `ring` or else to stderr, and to the log file.

    `ending` closes the store and the log. Raises ConfigError, StoreError and MirrorHeld.
    """
    need_webhook(config)
    if ring is None:
        logs.start(config.log, stderr=sys.stderr, journal=journaled(os.environ.get("JOURNAL_STREAM", "")))
    else:
        logs.start(config.log, ring=ring)
    ending.push(logs.last_words)
    for warning in config.warnings:
        logs.say("WARNING", warning)
    store = wiring.open_store(config)
    ending.callback(store.close)
    return wiring.build(config, store, [logs.narrator()])


def journaled(stream: str) -> bool:
    """Whether stderr is the journal's own socket, which $JOURNAL_STREAM names as device:inode."""
    try:
        here = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return stream == f"{here.st_dev}:{here.st_ino}"
