"""Thousands of cycles against a demo portal in the same process: `python -m tests.soak.cycles 10000`.

Prints memory, open files and tasks as it goes, and ends with 1 when any of them grows.
"""

import asyncio
import gc
import os
import sys
import tempfile
from pathlib import Path

from bitsheet_tui import wiring
from bitsheet_tui.secret import Secret
from bitsheet_tui.sync import cycle
from bitsheet_tui.sync.engine import Engine
from tests.faults import Steps
from tests.sync.test_every_step import Trial

LEAST = 1000  # cycles before anything is compared: caches and the memory of the screens fill
GROWTH = 1.0  # MiB of resident memory in a thousand cycles


def resident() -> float:
    """MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def figures() -> tuple[float, int, int]:
    """Resident MiB, open files, tasks of the loop."""
    gc.collect()
    return resident(), len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())  # noqa: PTH208


async def soak(cycles: int) -> int:
    folder = Path(tempfile.mkdtemp(prefix="bitsheet-soak-"))
    trial = Trial(Secret(f"sqlite:///{folder}/mirror.db"), Steps(crash=False))
    store = wiring.open_store(trial.config)
    engine = Engine(trial._connect, store, wiring.tables(trial.config), trial.config.sync)
    await engine.once()
    first = None
    deal = next(iter(trial.demo.world.truth("deals")))["ID"]
    for number in range(1, cycles + 1):
        trial.clock.advance(300)
        trial.demo.world.edit("deals", deal, TITLE=f"cycle {number}")
        await cycle.run(engine._desk, engine._fills, ())
        await engine._fills.wait()
        if number == LEAST:
            first = figures()
        if number % max(1, cycles // 10) == 0:
            memory, files, tasks = figures()
            size = store.size_bytes() / 2**20
            sys.stdout.write(
                f"{number:>6} cycles  {memory:6.1f} MiB  {files} files  {tasks} tasks  {size:.1f} MiB on disk\n"
            )
            sys.stdout.flush()
    last = figures()
    store.close()
    grown = (last[0] - first[0]) / max(1, cycles - LEAST) * 1000
    sys.stdout.write(f"{grown:+.2f} MiB in 1,000 cycles\n")
    return int(trial.unequal() != {} or grown > GROWTH or last[1:] != first[1:])


if __name__ == "__main__":
    sys.exit(asyncio.run(soak(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
