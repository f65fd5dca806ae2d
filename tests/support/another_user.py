"""What the user nobody does on this host; only root can arrange it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NOBODY = 65534
ROOT = Path(__file__).parents[2]
# everything is imported first: nobody may not look into the folders of root, where Python may be, too
DROP = (
    "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534); os.environ['HOME'] = '/nonexistent'\n"
)
ATTACK = "import json, os, shutil, socket, sqlite3, struct, sys, time\nfrom pathlib import Path\n" + DROP
PROGRAM = (
    """
import asyncio, contextlib, httpx, concurrent.futures.thread, encodings.idna, encodings.utf_8_sig, importlib, pkgutil, sys, unicodedata
import bitsheet_tui
for module in pkgutil.walk_packages(bitsheet_tui.__path__, "bitsheet_tui."):
    if not module.name.startswith(("bitsheet_tui.ui", "bitsheet_tui.__main__")):
        importlib.import_module(module.name)
from bitsheet_tui.cli import main
async def refused():  # a first request imports the rest of httpx
    async with httpx.AsyncClient(trust_env=False) as client:
        with contextlib.suppress(httpx.HTTPError):
            await client.get("http://127.0.0.1:1")
asyncio.run(refused())
"""
    + DROP
    + "sys.exit(main(sys.argv[1:]))\n"
)


def attack(script: str, *words: object, folder: Path | None = None) -> str:
    """What nobody's script prints to the end."""
    return subprocess.run(
        [sys.executable, "-I", "-c", ATTACK + script, *map(str, words)],
        cwd=folder or "/", check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip


def attacking(script: str, *words: object) -> subprocess.Popen[str]:
    """Nobody's script, which goes on; whoever started it ends it."""
    return subprocess.Popen(
        [sys.executable, "-I", "-c", ATTACK + script, *map(str, words)],
        cwd="/", stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
    )  # fmt: skip


def as_nobody(*words: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program, run by nobody in a folder."""
    return subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *map(str, words)],
        cwd=folder, check=False, capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
