"""What a person reads on the screen."""

from contextlib import asynccontextmanager
from datetime import UTC

from bitsheet_tui.ui import language
from bitsheet_tui.ui.app import Console
from bitsheet_tui.ui.beside import Beside
from bitsheet_tui.ui.kept import Shelf
from tests.support import engine_states


def screen(app) -> list[str]:
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text(app) -> str:
    return "\n".join(screen(app))


def beside(opener=None, log_file=None, config=None, shelf=None) -> Beside:
    """What is beside the engine, as far as a test has it."""
    given = {"opener": opener, "shelf": shelf}
    found = {name: one for name, one in given.items() if one}
    return Beside(log_file=lambda: log_file, config=lambda: config, **found)


@asynccontextmanager
async def console(
    state=None,
    size=(80, 24),
    *,
    ring=None,
    ascii_only=False,
    engine=None,
    clock=None,
    opener=None,
    log_file=None,
    kept=None,
    config=None,
):
    engine = engine or engine_states.FakeEngine(state)
    app = Console(
        engine, ring or engine_states.log(), beside(opener=opener, log_file=log_file, shelf=Shelf(kept), config=config),
        clock=clock or (lambda: engine_states.NOW), zone=UTC, ascii_only=ascii_only,
    )  # fmt: skip
    with language.speaking(language.code()):  # what is chosen in it ends with it
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            yield app, engine, pilot


def said(app) -> list[str]:
    return [note.message for note in app._notifications]


async def settled(app, pilot):
    """Until the mirror has answered and the answer is on the screen."""
    await pilot.pause()
    while len(app.workers):
        await app.workers.wait_for_complete()
        await pilot.pause()
