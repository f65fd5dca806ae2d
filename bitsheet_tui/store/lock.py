"""One writer per mirror: a lock that the kernel or the server lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bitsheet_tui.errors import MirrorHeld, StoreUnavailable
from bitsheet_tui.text import plain


class Holder(Struct, frozen=True, kw_only=True):
    """The instance that writes to a mirror. `since` is aware UTC; None where nobody knows."""

    pid: int | None = None
    host: str = ""
    since: datetime | None = None

    @classmethod
    def me(cls) -> Holder:
        """A holder that is this process, from now on."""
        return cls(pid=os.getpid(), host=socket.gethostname(), since=datetime.now(UTC).replace(microsecond=0))

    def to_text(self) -> str:
        """For the lock file, or for the server."""
        since = self.since.isoformat() if self.since else ""
        return json.dumps({"pid": self.pid, "host": self.host, "since": since})

    @classmethod
    def from_text(cls, text: str) -> Holder:
        """What `to_text` made; nobody in particular when it is something else."""
        try:
            told = json.loads(text)
            return cls(
                pid=int(told["pid"]),
                host=plain(told["host"], 80),
                since=datetime.fromisoformat(told["since"]),
            )
        except (ValueError, KeyError, TypeError):
            return cls()


def held(holder: Holder) -> MirrorHeld:
    """The error to raise when `holder` writes to the mirror."""
    parts = []
    if holder.pid:
        elsewhere = holder.host and holder.host != socket.gethostname()
        parts.append(f"pid {holder.pid} on {holder.host}" if elsewhere else f"pid {holder.pid}")
    if holder.since:
        parts.append(f"since {holder.since.astimezone():%H:%M}")
    known = f": {', '.join(parts)}" if parts else ""
    return MirrorHeld(
        f"another instance holds this mirror{known}",
        hint="Stop it first, or use its own pause, resume and sync; status works meanwhile.",
    )


def advisory_key(database: str, schema: str) -> int:
    """The 64-bit number that stands for one mirror on a PostgreSQL server."""
    digest = hashlib.sha256(f"bitsheet-tui\0{database}\0{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class FileLock:
    """An exclusive lock on a file beside the mirror. The file stays; only the lock on it says anything."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def taken(self) -> bool:
        """Whether this object holds the lock."""
        return self._fd is not None

    def take(self) -> None:
        """Take the lock, or raise MirrorHeld. Twice is once."""
        if self._fd is not None:
            return
        fd = self._open(os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = Holder.from_text(_read(fd))
            os.close(fd)
            raise held(holder) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, Holder.me().to_text().encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Let go; the file says nobody from now on."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def holder(self) -> Holder | None:
        """Who holds the lock, without taking it; None: nobody."""
        if self._fd is not None:
            return Holder.from_text(_read(self._fd))
        if not self.path.exists():
            return None
        fd = self._open(os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return Holder.from_text(_read(fd))
        else:
            return None
        finally:
            os.close(fd)

    def _open(self, flags: int) -> int:
        try:
            return os.open(self.path, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"The lock file {plain(self.path)} cannot be opened: {error.strerror}.",
                hint="The folder of the mirror must be writable for bitsheet-tui.",
            ) from error


def _read(fd: int) -> str:
    return os.pread(fd, 4096, 0).decode(errors="replace")
