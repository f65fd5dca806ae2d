"""`bitsheet-tui log`: the newest lines of the running instance's log, or of the last one's, and more."""

import os
import select
import socket
import sys
from argparse import Namespace
from contextlib import closing, suppress
from pathlib import Path

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.cli.stopping import Stopping
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit, NoMirror, StoreError, UsageError
from bitsheet_tui.observe.logs import TRACEBACK
from bitsheet_tui.observe.systemd import Notifier
from bitsheet_tui.observe.tail import Lines
from bitsheet_tui.rotation import rotated_files
from bitsheet_tui.secret import redact
from bitsheet_tui.store.books import LOG
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.text import plain

LOOK_SECONDS = 0.25
LONGEST = 2 * TRACEBACK  # characters of a line: the log cuts them shorter
NO_FILE = 'its log.file is "": what it says is on its stderr, or in the journal: journalctl -u bitsheet-tui'


def run(arguments: Namespace) -> int:
    """Prints the lines as they are in the file. Raises UsageError where there is no log to be read here."""
    config = load(arguments.config, os.environ)
    path = where(config)
    with Stopping(Notifier({})):
        lines = _open(path, wait=arguments.follow)
        with closing(lines):
            _print(lines.newest(arguments.lines))
            if not arguments.follow:
                _print([lines.rest] if lines.rest and arguments.lines else [])
                return Exit.DONE
            while _read():
                _print(lines.new())
    return Exit.DONE


def where(config: Config) -> Path:
    """The file. Raises UsageError where the instance keeps none, or keeps it on another host."""
    holder, told = _told(config)
    if holder and holder.host and holder.host != socket.gethostname():
        there = f"its log is there: {plain(told)}" if told else NO_FILE
        raise UsageError(f"the instance runs on {plain(holder.host, 80)}", there)
    if told and not _believed(config, Path(told)):
        hint = "name it as log.file in the configuration, or ask as the user that the instance runs as"
        raise UsageError(f"the mirror names {plain(told)} as its log, which is not taken on trust", hint)
    if told and (holder or _kept(Path(told))):
        return Path(told)
    if holder:
        raise UsageError("the running instance keeps no log", NO_FILE)
    if not config.log.file:
        raise UsageError("no instance is running, and none keeps a log", NO_FILE)
    return Path(config.log.file)


def _told(config: Config) -> tuple[Holder | None, str]:
    """Who runs, and the file that the mirror names. Raises StoreError where there is no log to read."""
    try:
        with closing(wiring.open_store(config, readonly=True)) as store:
            return store.holder(), store.remembered(LOG).partition(" ")[2]
    except NoMirror:
        return None, ""
    except StoreError:  # the log is what one wants to read then
        if not (config.log.file and _kept(Path(config.log.file))):
            raise
        return None, ""


def _believed(config: Config, path: Path) -> bool:
    """Whether a file that the mirror names may be its log: whoever writes to the mirror could name any.

    It is the one of the configuration, or belongs to the user that a SQLite file does, for whom alone that
    can be written.
    """
    if config.log.file and path == Path(config.log.file).absolute():
        return True
    with suppress(OSError, StoreError):
        mirror = wiring.file_of(config)
        facts = mirror.stat() if mirror else None
        if facts is None or facts.st_mode & 0o022:
            return False
        return not path.exists() or path.stat().st_uid == facts.st_uid
    return False


def _kept(path: Path) -> bool:
    """Whether there is something to read, of an instance that has ended."""
    with suppress(OSError):
        return path.is_file() or bool(rotated_files(path))
    return False


def _open(path: Path, *, wait: bool) -> Lines:
    """The file; with `wait` as soon as there is one. Raises UsageError."""
    told = False
    while True:
        try:
            return Lines(path)
        except FileNotFoundError:
            if not wait:
                hint = "the first run makes it" if not path.exists() else "it is no ordinary file"
                raise UsageError(f"there is no log at {plain(path)}", hint) from None
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            hint = "ask as the user that the instance runs as"
            raise UsageError(f"the log {plain(path)} cannot be read: {why}", hint) from None
        if not told:
            tell(f"there is no log at {plain(path)} yet: waiting for it")
        told = True
        if not _read():
            raise SystemExit(Exit.DONE)


def _print(lines: list[bytes]) -> None:
    for line in lines:
        text = line.decode(errors="replace")
        sys.stdout.write(f"{redact(plain(redact(text), LONGEST))}\n")
    if lines:
        sys.stdout.flush()


def _read() -> bool:
    """Wait a moment; whether anybody reads what we print: a pipe is told of it only by writing into it."""
    watched = select.poll()
    try:
        watched.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # none that can be watched
        select.select([], [], [], LOOK_SECONDS)
        return True
    return not any(event & select.POLLERR for _, event in watched.poll(LOOK_SECONDS * 1000))
