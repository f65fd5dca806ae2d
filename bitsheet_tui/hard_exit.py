"""A hard exit: the process ends at once, whatever its threads do; what it made for the moment is removed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_folders: set[Path] = set()


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """The folder goes at the end, and with a hard exit; it stays where an error ends the block."""
    _folders.add(folder)
    try:
        yield folder
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        _folders.discard(folder)


def hard_exit(code: int) -> None:
    """End now; also from a signal handler."""
    for folder in tuple(_folders):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(code)
