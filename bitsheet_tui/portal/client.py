"""The portal as a Python object: asks one question or fifty at once, waits its turn, and tries again.

    answers = await portal.batch({"new": Ask("crm.deal.list", {"filter": {">ID": 7}})})

Order of a request: a place among the few in flight, room in the bucket, the circuit's consent, the wire,
the verdict. What the verdict calls temporary is tried again here; everything else is raised.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from bitsheet_tui.config import PortalSettings
from bitsheet_tui.errors import PortalError, Reason, TooLarge, Unreachable
from bitsheet_tui.events import Answered, HttpRequest, PortalSeen, Waiting
from bitsheet_tui.portal import fault
from bitsheet_tui.portal import judge as judging
from bitsheet_tui.portal.answer import Answer, Ask, Json
from bitsheet_tui.portal.batch import (
    Envelope,
    Unpacked,
    awake,
    envelope,
    has_rows,
    outcomes,
    pack,
    spans,
    unpack,
)
from bitsheet_tui.portal.body import TooMany, decode
from bitsheet_tui.portal.budget import Budgets
from bitsheet_tui.portal.encode import plain
from bitsheet_tui.portal.judge import BATCH
from bitsheet_tui.portal.limiter import Bucket, Clock, Sleep
from bitsheet_tui.portal.patience import Circuit, Trial, asked_to_wait
from bitsheet_tui.portal.turns import Turns
from bitsheet_tui.portal.verdict import Action, Verdict
from bitsheet_tui.portal.wire import HttpWire, Reply, Wire, host_of
from bitsheet_tui.secret import Secret

MINUTE = 60.0
KNOCK, KNOCK_SECONDS = "server.time", 15.0  # with the longest wait between two it makes less than a minute
LONG_BODY = 100_000  # bytes; less is read in no time
STEPS_TO_SEND = 10  # turns of the event loop in which a request that waits for a place is written
NOT_ITS_SIZE = 6  # halvings that make fifty commands one: what is slow after them is slow for another reason
FRAGILE_TRIES = 2
FOLLOWED = 0.75  # of the burst that another process may have used
T = TypeVar("T")
Answers: TypeAlias = Mapping[str, Answer | PortalError]
Batch: TypeAlias = Callable[[Mapping[str, Ask]], Awaitable[Answers]]


class FragileBatch(Protocol):
    """Asks a batch, as `Portal.batch` does."""

    async def __call__(self, asks: Mapping[str, Ask], *, fragile: bool = False) -> Answers:
        """See `Portal.batch`."""


class Sent(msgspec.Struct, frozen=True):
    """A request that was sent, and what came back; without `seconds` it was not sent."""

    at: datetime
    reply: Reply | Verdict
    seconds: float | None = None


class Portal:
    """One portal, asked through one webhook. Not thread-safe: it lives in one event loop.

    `say` hears of every wait and of its end, `ended` of every request. `clock`, `now`, `sleep`, `chance` and
    `wire` are there for tests; `chance` gives numbers from 0 to 1.
    """

    def __init__(  # noqa: PLR0913 - the last five have one value outside of tests
        self,
        webhook: Secret,
        settings: PortalSettings,
        *,
        say: Callable[[Waiting | Answered], None] = lambda _: None,
        ended: Callable[[HttpRequest], None] = lambda _: None,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        wire: Wire | None = None,
    ) -> None:
        self.host = host_of(webhook)
        self.say = say
        self._ended = ended
        self._clock, self._now, self._sleep = clock, now, sleep
        self._burst, self._concurrency = settings.burst, settings.concurrency
        self._bucket = Bucket(settings.requests_per_second, settings.burst, clock=clock, sleep=sleep)
        self._budgets = Budgets(clock=clock, now=now)
        self._circuit = Circuit(clock=clock, sleep=sleep, chance=chance)
        self._places = Turns(settings.concurrency)
        self._wire = wire or HttpWire(webhook, timeout=settings.timeout, connections=settings.concurrency)
        self._sent: deque[float] = deque(maxlen=1000)
        self._requests = self._retries = 0
        self._offset = 0.0
        self.zone: tzinfo | None = None  # of the server, by the newest answer that told
        self._too_slow = 0  # batches in a row
        self._trouble: Verdict | None = None  # the last one, until the portal answers
        self._waiting = False  # and said so

    async def batch(
        self, asks: Mapping[str, Ask], *, urgent: bool = True, fragile: bool = False
    ) -> dict[str, Answer | PortalError]:
        """Up to fifty questions in one request; what went wrong with one of them is its value.

        Commands run in the given order and may refer to earlier ones (`$result[key]...`). What is not
        `urgent` lets others go first. Their cost is counted as soon as this is called. What is `fragile`
        may itself be what the portal's internal errors come from, and is not asked often. Raises
        PortalError when the request as a whole failed, TooLarge among them: ask for less at once.
        """
        asks, resting = awake(asks, self._budgets)
        if not asks:
            return resting
        methods = [ask.method for ask in asks.values()]
        body = msgspec.json.encode(pack(asks))

        def read(whole: Envelope) -> tuple[Envelope, Unpacked]:
            return whole, unpack(whole.result)

        with self._budgets.promising(methods):
            whole, parts = await self._ask(
                BATCH, body, asks, read, divisible=len(asks) > 1, urgent=urgent, fragile=fragile
            )
        return resting | outcomes(asks, whole.timing, parts, self._budgets)

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """One question in a request of its own. Raises PortalError."""
        body = msgspec.json.encode(plain(params or {}))
        whole = await self._ask(method, body, {method: Ask(method)}, lambda whole: whole, divisible=False)
        self._budgets.charge(method, whole.timing)
        if has_rows(whole.result):
            span = spans([method], whole.timing, {method: whole.timing})[method]
            self._budgets.time(method, span.most, span.least)
        return whole.answer()

    def hurry(self, seconds: float) -> None:
        """From now on give a question up after so many seconds of failures, for whoever waits at a prompt."""
        self._circuit.patience = seconds

    def follow(self) -> None:
        """Another process has asked a moment ago and did not end in order: the burst is not all ours."""
        self._bucket.assume(FOLLOWED)

    def seen(self) -> PortalSeen:
        """The figures of this client, now."""
        since = self._clock() - MINUTE
        return PortalSeen(
            requests=self._requests,
            retries=self._retries,
            rate=sum(at >= since for at in self._sent) / MINUTE,
            bucket=self._bucket.level,
            burst=self._burst,
            operating=self._budgets.seen(),
            clock_offset=self._offset,
        )

    def resting(self, method: str) -> datetime | None:
        """Until when the portal lets `method` rest; None: it may be asked."""
        return self._budgets.resting(method)

    def affords(self, method: str) -> bool:
        """Whether a backfill may go on: `method` is below 90 % of its budget."""
        return self._budgets.affords(method)

    def room(self, method: str) -> float:
        """Seconds of `method` that a backfill may still ask for; commands on their way are counted."""
        return self._budgets.room(method)

    def opens(self, method: str) -> datetime | None:
        """When a backfill may go on; None: nothing stands in its way but what is on its way."""
        return self._budgets.opens(method)

    def lasts(self, method: str, commands: float, batch: int) -> float:
        """Seconds that so many commands take at the least, `batch` to a request, within all limits."""
        seconds = commands * self._budgets.seconds(method)
        budget = self._budgets.lasts(method, seconds, self._concurrency)
        return max(budget, self._bucket.lasts(commands / batch))

    def granted(self, method: str) -> float:
        """How many seconds of `method`'s time the portal grants in ten minutes."""
        return self._budgets.granted(method)

    @property
    def places(self) -> int:
        """How many requests may be in flight."""
        return self._concurrency

    def seconds_per_command(self, method: str) -> float:
        """How long the portal takes for a command of `method` that returns rows."""
        return self._budgets.seconds(method)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    async def _ask(
        self,
        method: str,
        body: bytes,
        asks: Mapping[str, Ask],
        read: Callable[[Envelope], T],
        *,
        divisible: bool,
        urgent: bool = True,
        fragile: bool = False,
    ) -> T:
        """Send until there is an answer or no more hope. `read` raises ValueError for what is no answer."""
        methods = {ask.method for ask in asks.values()}
        trial = self._circuit.trial()
        again, asked_seconds = None, 0.0
        while True:
            async with self._places.turn(urgent=urgent):
                waits = self._clock()
                await self._bucket.take(urgent=urgent)
                room_seconds = self._clock() - waits
                sent = await self._send(method, body, trial)
            await _let_others_go_first(sent.reply)
            got = self._understand(method, sent.reply, read, sent.at, asks)
            if sent.seconds is not None:
                self._ended(
                    HttpRequest(
                        method=method, seconds=sent.seconds, size=_size(sent.reply), again=again,
                        failed=got.reason if isinstance(got, Verdict) else None,
                        room_seconds=room_seconds, asked_seconds=asked_seconds,
                    )
                )  # fmt: skip
            if not isinstance(got, Verdict):
                return got
            delay = self._next_try(got, trial, methods, divisible=divisible)
            if fragile and got.reason is Reason.SERVER and trial.tries >= FRAGILE_TRIES:
                raise got.error()
            again = got.reason
            asked_seconds = delay if got.action is Action.THROTTLE or got.retry_after else 0.0
            await self._sleep(delay)

    async def _send(self, method: str, body: bytes, trial: Trial) -> Sent:
        """What came back."""
        self._begin_wait(self._circuit.delay)
        probing = await self._circuit.enter()
        try:
            trial.tries += 1
            self._retries += trial.tries > 1
            if self._silent and (silence := await self._knock()):
                return Sent(self._now(), silence)
            self._count()
            at, began = self._now(), self._clock()
            reply = await self._wire.post(method, body)
            return Sent(at, reply, self._clock() - began)
        finally:
            if probing:
                self._circuit.leave()

    @property
    def _silent(self) -> bool:
        """Whether the last thing known of the portal is that it gave no answer in time."""
        return self._too_slow > 0 or (self._trouble is not None and self._trouble.reason is Reason.TIMEOUT)

    async def _knock(self) -> Verdict | None:
        """Ask for next to nothing: a portal that does not answer that, either, is not waited for long."""
        self._count()
        began = self._clock()
        reply = await self._wire.post(KNOCK, b"{}", within=KNOCK_SECONDS)
        failed = reply.reason if isinstance(reply, Verdict) else None
        seconds = self._clock() - began
        self._ended(HttpRequest(method=KNOCK, seconds=seconds, size=_size(reply), failed=failed))
        return replace(reply, slow=False) if isinstance(reply, Verdict) else None

    def _count(self) -> None:
        self._requests += 1
        self._sent.append(self._clock())

    def _understand(
        self,
        method: str,
        reply: Reply | Verdict,
        read: Callable[[Envelope], T],
        sent_at: datetime,
        asks: Mapping[str, Ask],
    ) -> T | Verdict:
        if isinstance(reply, Verdict):
            return reply
        try:
            body: Json = decode(reply.body, tuple(asks) if method == BATCH else ())
        except TooMany as error:
            return fault.too_many(error.most)
        except ValueError:
            body = None
        verdict = judging.judge(method, status=reply.status, body=body, location=reply.location)
        if verdict is None:
            try:
                whole = envelope(body)
                got = read(whole)
            except ValueError as error:
                verdict = judging.unreadable(method, reply.status, body, str(error))
            else:
                self._answered(whole, sent_at)
                return got
        return judging.asked(verdict, asked_to_wait(reply.retry_after, self._now()))

    def _answered(self, whole: Envelope, sent_at: datetime) -> None:
        self._circuit.succeeded()
        self._too_slow = 0
        now = self._now()
        travel = max(0.0, (now - sent_at).total_seconds() - whole.timing.seconds)
        self._offset = (whole.timing.finished - now).total_seconds() + travel / 2
        self.zone = whole.timing.zone or self.zone
        self._end_wait()

    def _begin_wait(self, seconds: float) -> None:
        trouble, at = self._trouble, self._now()
        if trouble and seconds > 0:
            self._waiting = True
            until = at + timedelta(seconds=seconds)
            self.say(Waiting(reason=trouble.reason, text=trouble.text, at=at, until=until))

    def _end_wait(self) -> None:
        self._trouble = None
        if self._waiting:
            self._waiting = False
            self.say(Answered(at=self._now()))

    def _next_try(self, verdict: Verdict, trial: Trial, methods: set[str], *, divisible: bool) -> float:
        """Seconds until the next try; raises what cannot be mended by trying."""
        if divisible and verdict.slow and self._too_slow < NOT_ITS_SIZE:
            self._too_slow += 1
            raise judging.ask_less(verdict).error()
        if verdict.doubtful and (again := trial.doubt()) is not None:
            return again
        if verdict.action not in {Action.RETRY, Action.THROTTLE}:
            self._circuit.succeeded()
            self._end_wait()
            raise verdict.error(self._rest(verdict, methods))
        if verdict.action is Action.THROTTLE:
            self._bucket.refused()
        delay = self._circuit.failed(trial, verdict.retry_after)
        self._trouble = verdict
        if delay is None:
            raise verdict.error()
        delay = max(delay, self._bucket.delay)
        self._begin_wait(delay)
        return delay

    def _rest(self, verdict: Verdict, methods: set[str]) -> datetime | None:
        """The portal refuses the whole request for its time: everything in it rests."""
        rests = verdict.action is Action.REST
        return max(self._budgets.exhausted(method) for method in methods) if rests else None


def _size(reply: Reply | Verdict) -> int:
    return len(reply.body) if isinstance(reply, Reply) else 0


async def ask_parts(ask: Batch, parts: Sequence[Mapping[str, Ask]]) -> Answers:
    """The answers to all parts: in one request, or in as many as a slow portal needs; no part is divided.

    What several parts ask alike is asked once in a request.
    """
    try:
        return await ask({key: one for part in parts for key, one in part.items()})
    except TooLarge:
        if len(parts) == 1:
            raise
    half = len(parts) // 2
    return {**await ask_parts(ask, parts[:half]), **await ask_parts(ask, parts[half:])}


async def ask_fragile(ask: FragileBatch, parts: Callable[[bool], Sequence[Mapping[str, Ask]]]) -> Answers:
    """The answers to `parts(True)`, or to `parts(False)` where an internal error comes of what these lack."""

    async def warily(asks: Mapping[str, Ask]) -> Answers:
        return await ask(asks, fragile=True)

    try:
        return await ask_parts(warily, parts(True))
    except Unreachable as error:
        if error.reason is not Reason.SERVER:
            raise
    answers = await ask_parts(ask, parts(False))
    try:
        return {**answers, **await ask_parts(warily, parts(True))}
    except Unreachable:
        return answers


async def _let_others_go_first(reply: Reply | Verdict) -> None:
    """Let the next request leave before a long answer is read and stored: the portal can work meanwhile."""
    if isinstance(reply, Reply) and len(reply.body) > LONG_BODY:
        for _ in range(STEPS_TO_SEND):
            await asyncio.sleep(0)
