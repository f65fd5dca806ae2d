"""A tmux server of its own, and whoever looks at it."""

import os
import pty
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

SECONDS = 20.0


class Tmux:
    """A server of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "tmux"

    def __call__(self, *words: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", os.devnull, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout

    def shown(self) -> list[str]:
        return self("capture-pane", "-p").splitlines()

    def until(self, shows) -> list[str]:
        deadline = time.monotonic() + SECONDS
        while not shows(shown := self.shown()):
            assert time.monotonic() < deadline, "\n".join(shown)
            time.sleep(0.1)
        return shown

    @contextmanager
    def attached(self, columns: int, rows: int):
        """Somebody looks at it, through a terminal that is gone at the end, as an SSH connection is."""
        ours, theirs = pty.openpty()
        self("resize-window", "-x", str(columns), "-y", str(rows))
        viewer = subprocess.Popen(
            ["tmux", "-S", str(self.socket), "attach"], stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color"}, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        try:
            self.until(lambda _: self("list-clients"))
            yield
        finally:
            os.close(ours)
            viewer.wait(SECONDS)
