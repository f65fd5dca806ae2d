"""Thousands of cycles against a demo portal in the same process: `python -m tests.soak.cycles 10000`.

Prints memory, open files, tasks and threads as it goes, and ends with 1 when any of them grows. With --trace
it also prints the lines of code whose objects grew most.
"""

import asyncio
import gc
import os
import sys
import tempfile
import threading
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from bitsheet_tui import wiring
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync import cycle
from bitsheet_tui.sync.engine import Engine
from tests.support.fault_injection import Steps
from tests.support.fault_trial import Trial

LEAST = 2000  # cycles before anything is compared: caches and the memory of the screens fill
GROWTH = 0.5  # MiB of resident memory in a thousand cycles


def resident() -> float:
    """MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Figures:
    """What must not grow."""

    memory: float  # MiB, resident
    files: int
    tasks: int  # of the loop
    threads: int


def figures() -> Figures:
    """As they are now."""
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    return Figures(resident(), files, len(asyncio.all_tasks()), threading.active_count())


def show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def soak(cycles: int, *, trace: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="bitsheet-soak-"))
    trial = Trial(Secret(f"sqlite:///{folder}/mirror.db"), Steps(crash=False))
    world = trial.demo.world
    store = wiring.open_store(trial.config)
    engine = Engine(trial._connect, store, wiring.tables(trial.config), trial.config.sync)
    await engine.once()
    first, before = None, None
    deal, task = (next(iter(world.truth(name)))["ID"] for name in ("deals", "tasks"))
    said = world.comment(task, "hello")
    for number in range(1, cycles + 1):
        trial.clock.advance(300)
        world.edit("deals", deal, TITLE=f"cycle {number}")
        said = world.edit_comment(said, f"cycle {number}", bump=True)
        await cycle.run(engine._desk, engine._fills, ())
        await engine._fills.wait()
        if number == LEAST:
            first = figures()
            before = _traced() if trace else None
        if number % max(1, cycles // 20) == 0:
            found, size = figures(), store.size_bytes() / 2**20
            show(
                f"{number:>6} cycles  {found.memory:6.1f} MiB  {found.files} files  {found.tasks} tasks"
                f"  {found.threads} threads  {size:.1f} MiB on disk"
            )
    last = figures()
    if before is not None:
        for line in tracemalloc.take_snapshot().compare_to(before, "lineno")[:20]:
            show(str(line))
    store.close()
    grown = (last.memory - first.memory) / max(1, cycles - LEAST) * 1000
    show(f"{grown:+.2f} MiB in 1,000 cycles")
    same = replace(last, memory=0) == replace(first, memory=0)
    return int(trial.unequal() != {} or grown > GROWTH or not same)


def _traced() -> tracemalloc.Snapshot:
    tracemalloc.start()
    return tracemalloc.take_snapshot()


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--trace"]
    sys.exit(asyncio.run(soak(int(words[0]) if words else 3000, trace="--trace" in sys.argv)))
