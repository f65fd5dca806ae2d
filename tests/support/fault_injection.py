"""A portal without a socket and a store, which count their steps together and fail at the one you name."""

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.portal import fault as wires
from bitsheet_tui.portal.demo import DemoPortal
from bitsheet_tui.portal.demo.door import Door
from bitsheet_tui.portal.demo.http import Request, Response
from bitsheet_tui.portal.demo.meters import Bucket, Operating
from bitsheet_tui.portal.wire import Reply
from bitsheet_tui.secret import redact_bytes
from bitsheet_tui.store import checkpoints, layout
from bitsheet_tui.store.database import Database

CODE = "n0t4s3cr3tn0t4s3cr3t"
WEBHOOK = f"https://portal.example/rest/1/{CODE}/"


class Crash(BaseException):
    """The process dies here."""


@dataclass(slots=True)
class Steps:
    """Counts what happens; the step numbered `fatal` does not."""

    crash: bool
    fatal: int = 0  # 0: none
    count: int = 0
    struck: str = ""  # what it was
    rows: int = 0

    def row(self, error: Exception) -> None:
        """One more row of a page; every tenth is a step."""
        self.rows += 1
        if self.rows % 10 == 1:
            self.step("row", error)

    def step(self, name: str, error: type[Exception] | Exception) -> None:
        """One more step; raises Crash or `error` when it is the fatal one."""
        self.count += 1
        if self.count == self.fatal:
            self.struck = name
            raise Crash(name) if self.crash else error


class MemoryWire:
    """Carries requests to a demo portal in the same process, and counts them."""

    def __init__(self, demo: DemoPortal, steps: Steps, happen=lambda: None) -> None:
        demo.office.code = CODE
        limits = demo.settings.limits
        self._door = Door(
            demo.office, Bucket(limits), Operating(limits), demo.faults, demo.stats, demo.tokens
        )
        self._steps = steps
        self._happen = happen  # what people do meanwhile

    async def post(self, method: str, body: bytes, within: float | None = None):
        try:
            self._steps.step("send", ConnectionResetError("sending"))
            self._happen()
            reply = await self._answer(method, body)
            self._happen()
            self._steps.step("receive", ConnectionResetError("receiving"))
        except ConnectionResetError as error:
            return wires.fault(error)
        return reply

    async def _answer(self, method: str, body: bytes) -> Reply:
        headers = {"content-type": "application/json"}
        request = Request(verb="POST", path=f"/rest/1/{CODE}/{method}", query="", headers=headers, body=body)
        response = await self._door.answer(request)
        if not isinstance(response, Response):
            raise ConnectionResetError("damaged on its way")
        return Reply(
            status=response.status,
            body=redact_bytes(response.body),
            retry_after=response.headers.get("Retry-After", ""),
        )

    async def close(self) -> None:
        """Nothing to let go of."""


@contextmanager
def counting(steps: Steps, patch, tables=()) -> None:
    """While it lasts, rows of `tables`, checkpoints, transactions and commits of every store are steps."""
    convert, save, attempt = layout.Layout.convert_all, checkpoints.save, Database._attempt

    def counted_convert(self, rows):
        for _ in rows if self.table.name in tables else ():
            steps.row(StoreUnavailable("the row cannot be read"))
        return convert(self, rows)

    def counted_save(database, checkpoint):
        steps.step("checkpoint", database_error(_kind(database)))
        save(database, checkpoint)

    def counted_attempt(self, work, *, writing, within):
        if not writing or not self._open:
            return attempt(self, work, writing=writing, within=within)
        kind = self.dialect.name
        steps.step("begin", database_error(kind))

        def counted_work():
            result = work()
            steps.step("commit", database_error(kind))
            return result

        result = attempt(self, counted_work, writing=writing, within=within)
        steps.step("committed", database_error(kind))  # done, but nobody hears of it
        return result

    with patch.context() as during:
        during.setattr(layout.Layout, "convert_all", counted_convert)
        during.setattr(checkpoints, "save", counted_save)
        during.setattr(Database, "_attempt", counted_attempt)
        yield


def _kind(peewee_database) -> str:
    return "sqlite" if "Sqlite" in type(peewee_database).__name__ else "postgresql"


def database_error(kind: str) -> Exception:
    """What a driver raises when the disk or the server fails."""
    if kind == "sqlite":
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        return error
    return psycopg.OperationalError("the server fails")
