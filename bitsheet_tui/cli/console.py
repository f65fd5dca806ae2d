"""`bitsheet-tui`: the console, with the engine in the same process."""

import os
from argparse import Namespace
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from bitsheet_tui import locales
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, inherited, load, need_webhook
from bitsheet_tui.errors import Exit, IsReplica, MirrorHeld, NoMirror, UsageError
from bitsheet_tui.ring import Ring
from bitsheet_tui.state import EngineState, start
from bitsheet_tui.tables import select
from bitsheet_tui.ui import language, words
from bitsheet_tui.ui.kept import Shelf, place
from bitsheet_tui.ui.looks import looks
from bitsheet_tui.ui.terminal import usable

if TYPE_CHECKING:
    from bitsheet_tui.observe.attached import Onlooker
    from bitsheet_tui.observe.served import Served
    from bitsheet_tui.store.reader import Reader


def run(arguments: Namespace) -> int:
    """Needs a terminal on both sides: without one a console would spin, or draw for nobody.

    The configuration is read first, so that what is wrong with it is said before the screen changes;
    everything that takes longer is done behind the first screen. Where another instance holds the mirror,
    that one is shown.
    """
    if not usable():
        raise UsageError("the console needs a terminal", "to run without one: bitsheet-tui --no-ui")
    inherited.take_over(os.environ)
    config = None if arguments.demo else load(arguments.config, os.environ, looking=arguments.attach)
    shelf = Shelf(place())
    spoken = looks(config, shelf.read()).language
    with language.speaking(locales.choose(spoken, os.environ)):
        return _open(arguments, config, shelf)


def _open(arguments: Namespace, config: Config | None, shelf: Shelf) -> int:
    from bitsheet_tui.ui.beside import Beside  # noqa: PLC0415 - without a terminal it is not needed
    from bitsheet_tui.ui.deferred import Deferred  # noqa: PLC0415
    from bitsheet_tui.ui.run import run_console  # noqa: PLC0415

    ring = Ring()
    if config and config.path is None and not config.webhook and not arguments.attach:
        config = _first_run(arguments)
        if config is None and not arguments.demo:
            tell(language.t(words.SETUP_LEFT))
            return Exit.DONE
    if config and not arguments.attach:
        need_webhook(config)
    before, books = _before(config), Books(config)

    def build(ending: ExitStack) -> "Served | Onlooker":
        from bitsheet_tui.cli import ground  # noqa: PLC0415 - HTTP and the database behind it

        config = books.config = books.config or ending.enter_context(ground.demo())
        if not arguments.attach:
            with suppress(MirrorHeld, IsReplica):
                return ground.serve(config, ending, ring, narrated=False)
        return ground.attach(
            config, ending, ring, before, takeover=arguments.takeover, readonly=arguments.read_only
        )

    engine = Deferred(build, before)
    beside = Beside(opener=books.reader, log_file=books.log_file, config=lambda: books.config, shelf=shelf)
    code = run_console(engine, ring, beside, report=lambda: _report(engine.state))
    if arguments.demo and code == Exit.DONE:
        tell("demo: its mirror is deleted; bitsheet-tui --once --demo makes one that stays")
    return code


def _report(state: EngineState) -> None:
    from bitsheet_tui.observe import logs, systemd  # noqa: PLC0415 - nobody asks before there is an engine

    logs.say("INFO", systemd.status(state))


class Books(Struct):
    """What the console reads beside the engine; of a demo nobody knows where it is before it runs."""

    config: Config | None

    def reader(self) -> "Reader":
        """The mirror, for reading. Raises StoreError."""
        from bitsheet_tui import wiring  # noqa: PLC0415 - the database behind it

        if self.config is None:
            raise NoMirror("There is no mirror yet.")
        return wiring.open_reader(self.config)

    def log_file(self) -> Path | None:
        """Where the log is, if it is kept."""
        return Path(self.config.log.file) if self.config and self.config.log.file else None


def _first_run(arguments: Namespace) -> Config | None:
    """Ask for everything; the configuration that was written. None: nothing was, or the demo is wanted."""
    from bitsheet_tui.cli import check  # noqa: PLC0415 - only once in a lifetime
    from bitsheet_tui.config.draft import Draft, place_for  # noqa: PLC0415
    from bitsheet_tui.config.source import whole  # noqa: PLC0415
    from bitsheet_tui.ui.setup import DEMO, run_setup  # noqa: PLC0415
    from bitsheet_tui.ui.trials import Trials  # noqa: PLC0415

    named = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - never fails
    home = Path("/etc" if named.startswith("~") else named)  # a number without a name may have none
    draft = Draft(path=place_for(whole(Path()), home))
    tests = Trials(
        portal=lambda draft: check.portal(draft.config, lambda _: None),
        store=lambda draft: check.store(draft.config),
    )
    outcome = run_setup(draft, [table.name for table in select(())], tests)
    if isinstance(outcome, Path):
        return load(outcome, os.environ)
    arguments.demo = outcome == DEMO
    return None


def _before(config: Config | None) -> EngineState:
    """The picture until the engine has one."""
    names = tuple(table.name for table in select(config.sync.tables if config else ()))
    host = urlsplit(config.webhook.reveal()).hostname if config else "demo"
    return start(names, portal=host or "", store="", at=datetime.now(UTC))
