"""`python -m tests.ui.pictures` makes the pictures of the README, from the demo as it runs; takes a minute."""

import asyncio
import sys
import time
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path

from bitsheet_tui import wiring
from bitsheet_tui.cli import ground
from bitsheet_tui.commands import Stop
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import redact
from bitsheet_tui.ui.app import Console
from bitsheet_tui.ui.beside import Beside
from bitsheet_tui.ui.ending import EngineThread
from tests.support.screen_text import settled, text

HERE = Path(__file__).parent
SIZE = (112, 36)
PATIENCE = 180.0  # seconds for the whole backfill


async def take(app, pilot, name: str) -> None:
    app.clear_notifications()
    await settled(app, pilot)
    path = HERE / f"{name}.svg"
    path.write_text(redact(app.export_screenshot(title="bitsheet-tui --demo")), encoding="utf-8")
    print(f"{path.relative_to(Path.cwd())}: {path.stat().st_size // 1024} kB")  # noqa: T201


async def until(app, pilot, ready) -> None:
    end = time.monotonic() + PATIENCE
    while not ready(app.engine.state):
        assert time.monotonic() < end, text(app)
        await pilot.pause(0.3)
        app.look()


def filled(state) -> bool:
    tables = state.tables.values()
    return all(table.rows is not None and not table.fill for table in tables) and state.cycle > 1


def half_full(state) -> bool:
    return sum(table.rows or 0 for table in state.tables.values()) > 9000


async def pictures(app) -> None:
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until(app, pilot, half_full)
        await take(app, pilot, "backfill")
        await until(app, pilot, filled)
        cycle = app.engine.state.cycle
        await until(app, pilot, lambda state: state.cycle >= cycle + 8 and not state.cycle_started)
        await take(app, pilot, "dashboard")
        await pilot.press("j", "j", "j", "b")
        await settled(app, pilot)
        await pilot.press("slash", *"tulips", "enter")
        await settled(app, pilot)
        await take(app, pilot, "records")


def main() -> None:
    with ExitStack() as ending:
        config = ending.enter_context(ground.demo())
        ring = Ring()
        engine = ground.serve(config, ending, ring, narrated=False)
        beside = Beside(opener=lambda: wiring.open_reader(config), log_file=lambda: Path(config.log.file))
        app = Console(engine, ring, beside, zone=UTC, ascii_only=False)
        thread = EngineThread(engine, lambda: None)
        thread.start()
        try:
            asyncio.run(pictures(app))
        finally:
            engine.submit(Stop())
            thread.join()
    sys.exit(thread.error is not None)


main()
