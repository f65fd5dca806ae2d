"""bash or zsh in a pseudo-terminal: what a line becomes when somebody presses tab."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pyte

SECONDS = 20.0
COMMANDS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
PROMPT = "ready> "
KILL_LINE, CLEAR = "\x05\x15", "\x0c"  # to its end, then all before it; redrawn at the top


class Shell:
    """One that has read no start-up file, in a terminal of 100 x 40."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.terminal = ours
        self.screen = pyte.Screen(100, 40)
        self._stream = pyte.ByteStream(self.screen)
        shown = {"PS1": PROMPT, "PROMPT": PROMPT, "TERM": "xterm", "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            COMMANDS[name], stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
            env={**environment, **shown}, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def __enter__(self):
        self.until(lambda line: line == PROMPT.rstrip())
        return self

    def __exit__(self, *_error) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)

    def do(self, command: str) -> None:
        """Runs a command that prints nothing."""
        self._type(f"{command}; printf 'don%s' e\n")
        self.until(lambda _: any("done" in line for line in self.screen.display))

    def completed(self, typed: str, *, to: str) -> None:
        """Waits until the line that was typed, and a tab, have become `to`."""
        self._begin(typed)
        self._type("\t")
        self.until(lambda line: line == f"{PROMPT}{to}".rstrip())

    def offered(self, typed: str) -> set[str]:
        """The words on the screen once two tabs have been answered, and nothing more comes."""
        self._begin(typed)
        self._type("\t\t")
        self.until(lambda _: len({word for line in self.screen.display for word in line.split()}) > 5)
        while self._read(0.5):
            pass
        return {word for line in self.screen.display for word in line.split()}

    def _begin(self, typed: str) -> None:
        self._type(KILL_LINE + CLEAR)
        self.until(lambda line: line == PROMPT.rstrip())
        self._type(typed)
        self.until(lambda line: line == f"{PROMPT}{typed}".rstrip())

    def _type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def until(self, shows) -> None:
        """Until the line with the cursor, without spaces at its end, is as it should be."""
        deadline = time.monotonic() + SECONDS
        while not shows(self.screen.display[self.screen.cursor.y].rstrip()):
            assert time.monotonic() < deadline, "\n".join(filter(str.strip, self.screen.display))
            self._read(0.1)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        self._stream.feed(os.read(self.terminal, 65536))
        return True
