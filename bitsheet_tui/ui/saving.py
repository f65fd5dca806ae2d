"""Files that people save from the console."""

import os
from collections.abc import Iterable
from pathlib import Path

from bitsheet_tui.secret import redact


def write_new(path: Path, rows: Iterable[str]) -> None:
    """A new file for its owner alone, without the secrets. Raises OSError where there is one, or a link."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{redact(row)}\n" for row in rows)
