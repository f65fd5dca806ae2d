"""Packs questions into one `batch` request and takes its answer apart again, command by command.

A batch runs its commands one after the other and answers 200 even if all of them fail. Its five maps hold
only the commands that have something to say, and an empty map is printed as `[]`.
Source: apidocs.bitrix24.com batch; `modules/rest/classes/general/rest_provider.php`, methodsBatch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from bitsheet_tui.errors import BadAnswer, PortalError, Reason
from bitsheet_tui.portal.answer import Answer, Ask, Json, Timing, mapping, timing, whole
from bitsheet_tui.portal.budget import Budgets
from bitsheet_tui.portal.encode import command
from bitsheet_tui.portal.judge import refusal
from bitsheet_tui.portal.verdict import ENDS_ITSELF, Action

COMMANDS = 50  # the 51st is refused
WHOLE_SECOND = 1.0  # what may be cut off a start
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")  # a number would turn the portal's maps into lists


class Envelope(Struct, frozen=True, kw_only=True):
    """A whole answer: the result, what stands beside it, and its time."""

    result: Json
    total: int | None
    next: int | None
    timing: Timing

    def answer(self) -> Answer:
        """The envelope of a single call as its Answer."""
        return Answer(
            result=self.result,
            total=self.total,
            next=self.next,
            started=self.timing.started,
            seconds=self.timing.seconds,
        )


def pack(asks: Mapping[str, Ask]) -> dict[str, Any]:
    """The parameters of `batch`. A failed command does not stop the others.

    Raises ValueError for more than 50 commands, and for a key that is not a plain name.
    """
    if len(asks) > COMMANDS:
        raise ValueError(f"{len(asks)} commands do not fit into one batch of {COMMANDS}")
    if odd := [key for key in asks if not _KEY.match(key)]:
        raise ValueError(f"not a name for a command: {odd[0]!r}")
    return {"halt": 0, "cmd": {key: command(ask) for key, ask in asks.items()}}


def envelope(body: Json) -> Envelope:
    """The parts of a whole answer. Raises ValueError without `result` and `time`.

    A body that was cut where it still is valid JSON lacks `time`, which comes last.
    """
    if not isinstance(body, dict) or "result" not in body:
        raise ValueError("no result")
    return Envelope(
        result=body["result"],
        total=whole(body.get("total")),
        next=whole(body.get("next")),
        timing=timing(body.get("time")),
    )


class Unpacked(Struct, frozen=True, kw_only=True):
    """The five maps of a batch."""

    result: Mapping[str, Json]
    errors: Mapping[str, Json]
    totals: Mapping[str, Json]
    nexts: Mapping[str, Json]
    timings: Mapping[str, Timing]


def unpack(result: Json) -> Unpacked:
    """The five maps of a batch's result. Raises ValueError when it is none."""
    if not isinstance(result, dict) or not {"result", "result_error"} <= result.keys():
        raise ValueError("no answer to a batch")
    return Unpacked(
        result=mapping(result["result"]),
        errors=mapping(result["result_error"]),
        totals=mapping(result.get("result_total") or []),
        nexts=mapping(result.get("result_next") or []),
        timings=_timings(mapping(result.get("result_time") or [])),
    )


def _timings(raw: Mapping[str, Json]) -> dict[str, Timing]:
    found = {}
    for key, value in raw.items():
        try:
            found[key] = timing(value)
        except ValueError:  # the envelope's will do
            continue
    return found


def awake(
    asks: Mapping[str, Ask], budgets: Budgets
) -> tuple[Mapping[str, Ask], dict[str, Answer | PortalError]]:
    """What may be asked now; and the answer to what may not, for its method rests until it may again."""
    until = {key: moment for key, ask in asks.items() if (moment := budgets.resting(ask.method))}
    if not until:
        return asks, {}
    said: Json = {"error": "OPERATION_TIME_LIMIT"}
    resting = {key: refusal(asks[key].method, said).error(moment) for key, moment in until.items()}
    return {key: ask for key, ask in asks.items() if key not in until}, dict(resting)


def outcomes(
    asks: Mapping[str, Ask], outer: Timing, parts: Unpacked, budgets: Budgets
) -> dict[str, Answer | PortalError]:
    """What became of each command, and the accounts brought up to date."""
    costs = _costs(asks, parts.timings, budgets)
    first = set({asks[key].method: key for key in reversed(list(asks))}.values())  # of their methods
    budgets.charge_batch(
        outer, [(asks[key].method, timed) for key, timed in parts.timings.items() if key in asks]
    )
    for key, span in spans(asks, outer, parts.timings).items():
        if parts.timings[key].operating is None:  # where nobody keeps accounts, its time is what it took
            costs[key] = span.least
        elif key in first:  # since the account was told, others were charged and what is old was forgotten
            costs[key] = max(costs.get(key, 0.0), span.least)
        if has_rows(parts.result.get(key)) and not asks[key].counts:
            budgets.time(asks[key].method, span.most, span.least)
    return {key: _outcome(key, ask, outer, parts, budgets, costs) for key, ask in asks.items()}


def _costs(asks: Mapping[str, Ask], timings: Mapping[str, Timing], budgets: Budgets) -> dict[str, float]:
    """By how much each command moved what its method has used, as far as that is told."""
    found: dict[str, float] = {}
    used: dict[str, float] = {}
    for key, ask in asks.items():
        timed = timings.get(key)
        if timed is None or timed.operating is None:
            continue
        before = used.get(ask.method, budgets.told(ask.method))
        if before is not None:
            found[key] = max(0.0, timed.operating - before)  # what is short the portal does not record
        used[ask.method] = timed.operating
    return found


class Span(Struct, frozen=True):
    """How long a command took: seconds at the least, and at the most."""

    least: float
    most: float


def spans(asks: Iterable[str], outer: Timing, timings: Mapping[str, Timing]) -> dict[str, Span]:
    """How long each command took that says something of its time; `asks` in the order they ran.

    A command began when the one before it had finished, which is exact where its own start is not.
    """
    found: dict[str, Span] = {}
    before = outer.started if outer.exact else None
    for key in asks:
        timed = timings.get(key)
        if timed is None:
            continue
        if timed.exact:
            found[key] = Span(timed.seconds, timed.seconds)
        elif before is None or timed.finished < before:
            found[key] = Span(max(0.0, timed.seconds - WHOLE_SECOND), timed.seconds)
        else:
            seconds = min(timed.seconds, (timed.finished - before).total_seconds())
            found[key] = Span(seconds, seconds)
        before = timed.finished
    return found


def _outcome(
    key: str, ask: Ask, outer: Timing, parts: Unpacked, budgets: Budgets, costs: Mapping[str, float]
) -> Answer | PortalError:
    if key in parts.errors:
        return _refusal(ask.method, parts.errors[key], budgets)
    if key not in parts.result:
        text = f"The portal did not answer {ask.method} within a batch."
        return BadAnswer(text, ENDS_ITSELF, reason=Reason.GARBAGE)
    timed = parts.timings.get(key, outer)
    return Answer(
        result=parts.result[key],
        total=whole(parts.totals.get(key)),
        next=whole(parts.nexts.get(key)),
        started=timed.started,
        seconds=timed.seconds,
        cost=costs.get(key),
    )


def _refusal(method: str, said: Json, budgets: Budgets) -> PortalError:
    verdict = refusal(method, said)
    return verdict.error(budgets.exhausted(method) if verdict.action is Action.REST else None)


def has_rows(result: Json) -> bool:
    """Whether there is anything in a result; the empty end of a chain takes no time worth noting."""
    return any(bool(value) for value in result.values()) if isinstance(result, dict) else bool(result)
