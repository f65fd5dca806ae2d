"""Fifty commands in one request.

`apidocs.bitrix24.com batch`, `modules/rest/classes/general/rest_provider.php`, methodsBatch.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import Crash, Failure, written
from bitsheet_tui.portal.demo.desk import Desk
from bitsheet_tui.portal.demo.references import resolved

MOST = 50  # commands
_NOT_IN_BATCH = ("batch", "upload", "download")


async def batch(desk: Desk, params: dict[str, Any]) -> bytes:
    """The body of a batch's answer: HTTP 200 whatever became of its commands."""
    desk.batched = True
    desk.admit("batch")
    given = {name.lower(): value for name, value in params.items()}
    commands = given.get("cmd") or {}
    if isinstance(commands, list):
        commands = {str(place): command for place, command in enumerate(commands)}
    began, measured = desk.office.now(), time.perf_counter()
    run = Batch(desk)
    try:
        await run.all(commands if isinstance(commands, dict) else {}, halt=php.truthy(given.get("halt", 0)))
        seconds = time.perf_counter() - measured + desk.told_only()
        return php.object_({"result": run.told(), "time": php.encode(desk.time("batch", began, seconds))})
    finally:
        desk.charge()


class Batch:
    """The commands of one batch and what became of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._results: dict[str, Any] = {}
        self._errors: dict[str, dict[str, Any]] = {}
        self._totals: dict[str, int] = {}
        self._nexts: dict[str, int] = {}
        self._times: dict[str, dict[str, Any]] = {}

    async def all(self, commands: dict[str, Any], *, halt: bool) -> None:
        """Run them in order."""
        for place, (key, command) in enumerate(commands.items()):
            if not isinstance(command, str):
                continue
            try:
                await self._one(key, command, place)
            except Crash:
                raise
            except Failure as failure:
                self._errors[key] = failure.told
                if failure.told["error"] == "insufficient_scope":
                    self._errors[key] = failure.told | {"error_description": ""}
                if halt:
                    return

    async def _one(self, key: str, command: str, place: int) -> None:
        if place >= MOST:
            raise Failure(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        name, query = _parsed(command)
        if name.lower() in _NOT_IN_BATCH:
            raise Failure(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
        known = {
            "result": self._results,
            "next": self._nexts,
            "total": self._totals,
            "time": self._times,
            "error": self._errors,
        }
        mode = self._desk.office.settings.references
        done = await self._desk.run(name, resolved(php.parse_str(query), known, mode))
        self._results[key] = done.reply.result
        self._times[key] = done.time
        if done.reply.total is not None:
            self._totals[key] = done.reply.total
        if done.reply.next is not None:
            self._nexts[key] = done.reply.next

    def told(self) -> bytes:
        """The five maps."""
        maps = {
            "result": {key: written(result) for key, result in self._results.items()},
            "result_error": {key: php.encode(error) for key, error in self._errors.items()},
            "result_total": {key: b"%d" % total for key, total in self._totals.items()},
            "result_next": {key: b"%d" % after for key, after in self._nexts.items()},
            "result_time": {key: php.encode(told) for key, told in self._times.items()},
        }
        return php.object_({name: php.map_(parts) for name, parts in maps.items()})


def _parsed(command: str) -> tuple[str, str]:
    """Method and query of a command, cut where `parse_url` cuts."""
    parts = urlsplit(command)
    return parts.path.strip("/").removesuffix(".json").removesuffix(".xml"), parts.query
