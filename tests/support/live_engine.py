"""An engine that runs on its own while a test changes the world around it."""

import asyncio
from contextlib import asynccontextmanager

from bitsheet_tui import wiring
from bitsheet_tui.commands import Stop
from bitsheet_tui.sync import engine as engines

SECONDS = 60.0  # long enough for the slowest machine


@asynccontextmanager
async def live_engine(settings, monkeypatch, connect=None):
    """A running engine that tries again at once; gives it, the list of its events, and stops it."""
    monkeypatch.setattr(engines, "RETRY_SECONDS", 0.05)
    store = wiring.open_store(settings)
    told = []
    connect = connect or (lambda say: wiring.connect(settings, say))
    engine = engines.Engine(connect, store, wiring.tables(settings), settings.sync, listeners=[told.append])
    running = asyncio.get_running_loop().create_task(engine.run())
    try:
        yield engine, told, running
    finally:
        engine.submit(Stop())
        try:
            await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), SECONDS)
        finally:
            store.close()


async def until(true, running=None, seconds=SECONDS):
    """Wait until something is true; fails when it never is, or when the engine ends first."""
    for _ in range(int(seconds / 0.01)):
        if true():
            return
        if running is not None and running.done():
            running.result()
            raise AssertionError("the engine has ended")
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")
