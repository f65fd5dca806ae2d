"""One HTTP hit at the portal's desk: who may call what, what it costs, and the envelope around the result."""

import asyncio
import time
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import METHODS, Call, Failure, Method, Reply, written
from bitsheet_tui.portal.demo.faults import Fault, Faults, Kind
from bitsheet_tui.portal.demo.meters import Operating
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.stats import Stats


class Done(Struct):
    """A command that succeeded."""

    reply: Reply
    time: dict[str, Any]

    def envelope(self) -> bytes:
        """The answer of a single call."""
        parts = {"result": written(self.reply.result)}
        if self.reply.next is not None:
            parts["next"] = b"%d" % self.reply.next
        if self.reply.total is not None:
            parts["total"] = b"%d" % self.reply.total
        return php.object_(parts | {"time": php.encode(self.time)})


class Desk(Struct):
    """Runs the commands of one HTTP hit."""

    office: Office
    operating: Operating
    faults: Faults
    stats: Stats
    batched: bool = False  # the hit is a batch
    _spent: dict[str, float] = field(default_factory=dict)  # seconds of this hit per method

    async def call(self, name: str, params: dict[str, Any]) -> bytes:
        """The body of an answer. Raises Failure."""
        try:
            return (await self.run(name, params)).envelope()
        finally:
            self.charge()

    async def run(self, name: str, params: dict[str, Any]) -> Done:
        """One command. Raises Failure."""
        known = self._known(name)
        lower = known.name.lower()
        began, measured = self.office.now(), time.perf_counter()
        before = self.told_only()
        self.admit(lower)
        self.stats.commands[lower] += 1
        struck = self.faults.of_command(lower)
        self.stats.faults += len(struck)
        reply, extra = self._handled(known, params, struck)
        spent = self._cost(lower, reply) + extra
        self._spent[lower] = self._spent.get(lower, 0.0) + spent
        self._count(lower, reply, spent)
        if spent and self.office.settings.cost.slept:
            await asyncio.sleep(spent)
            measured += spent
        return Done(reply, self.time(lower, began, spent + time.perf_counter() - measured, before))

    def admit(self, name: str) -> None:
        """Raises Failure when a method has used up its time."""
        if self.operating.blocked(name, self.office.now()):
            self.stats.blocked += 1
            raise Failure(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")

    def _known(self, name: str) -> Method:
        known = METHODS.get(name.lower())
        if known is None or name.lower() in self.office.lost:
            raise Failure(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        if known.scope and not self._granted(known.scope):
            raise Failure(
                self.office.settings.refused_status,
                "insufficient_scope",
                "The request requires higher privileges than provided by the webhook token",
            )
        return known

    def _granted(self, scope: str) -> bool:
        granted = self.office.scopes
        return scope in granted or (scope == "user" and not granted.isdisjoint(("user_basic", "user_brief")))

    def _handled(self, known: Method, params: dict[str, Any], struck: list[Fault]) -> tuple[Reply, float]:
        params = dict(params)
        start = php.intval(params.pop("start", 0))
        call = Call(params, start, ignore_filter=any(fault.kind == Kind.IGNORED for fault in struck))
        for fault in struck:
            _strike(fault)
        with self.office.world.lock:
            reply = known.handler(self.office, call)
            if self.faults.pages:
                reply = self.faults.pages.damaged(known.name.lower(), call, reply)
        return reply, sum(fault.seconds for fault in struck if fault.kind == Kind.SLOW)

    def _cost(self, name: str, reply: Reply) -> float:
        cost = self.office.settings.cost
        usual = cost.pages.get(name, cost.page) if reply.listing else cost.call
        return usual + cost.counted_row * reply.counted

    def _count(self, name: str, reply: Reply, spent: float) -> None:
        self.stats.rows += reply.rows
        self.stats.rows_of[name] += reply.rows
        self.stats.counted += reply.counted
        self.stats.seconds += spent

    def charge(self) -> None:
        """Record what this hit spent."""
        for name, seconds in self._charges().items():
            self.operating.record(name, seconds, self.office.now())

    def _charges(self) -> dict[str, float]:
        if self.batched and self.office.settings.limits.charge == "batch":
            return {"batch": sum(self._spent.values())}
        return self._spent

    def told_only(self) -> float:
        """Seconds of this hit that were told but not waited for."""
        return 0.0 if self.office.settings.cost.slept else sum(self._spent.values())

    def time(self, name: str, began: float, seconds: float, before: float = 0.0) -> dict[str, Any]:
        """The `time` of an answer. Newer builds cut the fraction off `start`, and count from there.

        `before`: seconds told, but not waited for, of the commands before it; it finishes after them.
        """
        exact = self.office.settings.float_times
        finished = began + before + seconds
        told: dict[str, Any] = {
            "start": began if exact else int(began),
            "finish": finished,
            "duration": seconds if exact else finished - int(began),
            "processing": seconds if exact else 0,
            "date_start": self.office.iso(began),
            "date_finish": self.office.iso(finished),
        }
        if self.operating.limit is not None:
            now = self.office.now()
            hit = self._charges().get(name, 0.0)
            resets = self.operating.resets_at(name, now)
            as_text = self.office.settings.limits.reset_as_text
            told["operating_reset_at"] = self.office.iso(resets) if as_text else resets
            told["operating"] = self.operating.used(name, now) + (hit if hit > 0.1 else 0)
        return told


def _strike(fault: Fault) -> None:
    match fault.kind:
        case Kind.ERROR:
            raise Failure(fault.status, fault.error, fault.description)
        case Kind.DENIED:
            raise Failure(400, "", "Access denied.")
        case Kind.SCOPE:
            raise Failure(401, "insufficient_scope", "The request requires higher privileges")
