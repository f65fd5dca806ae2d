"""Finds out at the start whether a portal understands us: who we are, what it lets us read, and how.

A portal drops a filter that it does not know without a word, and then gives the whole table. So every list
is asked questions whose answer is known before: for ids above two thousand million, where lower ones must not
come, and for changes after 2099. A date that it cannot read it takes for "no date", so changes after 1970
must exist wherever there are rows. And two pages are asked as a chain, to see whether the second begins
where the first ended.
Sources: `modules/crm/classes/general/restservice.php`, taskfilterbuilder.php of `modules/tasks`,
`modules/rest/classes/general/rest_util.php` processBatchElement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, PortalError, Reason, TableRefused, Unasked
from bitsheet_tui.portal.answer import Answer, Ask, whole
from bitsheet_tui.portal.judge import refusal, scope_of
from bitsheet_tui.portal.listing import PAGE, ids_of, last_row, page_rows, parameters
from bitsheet_tui.portal.verdict import ENDS_ITSELF
from bitsheet_tui.tables import FORUM_METHOD, Case, Paging, Table

NO_ID = 2_000_000_000
FUTURE, PAST = "2099-01-01T00:00:00+00:00", "1971-01-01T00:00:00+00:00"

Answers = Mapping[str, Answer | PortalError]


class Profile(Struct, frozen=True, kw_only=True):
    """What is known of a portal and of our place in it."""

    user_id: int | None = None  # whose rights the webhook has
    admin: bool = False
    zone: str = ""  # that user's time zone; empty: the server's
    dates_are_right: bool = False  # of tasks, as they are printed: see task_dates.py
    scopes: frozenset[str] = frozenset()
    clock_offset: float = 0.0  # portal minus host, seconds
    chained: frozenset[str] = frozenset()  # tables whose pages may be asked as a chain
    faults: Mapping[str, PortalError] = field(default_factory=dict)  # why a table cannot be read

    @property
    def task_zone(self) -> str:
        """The zone by which dates of tasks are put right; empty: they are not."""
        return "" if self.dates_are_right else self.zone

    def amended(self, later: Profile, tables: Iterable[Table]) -> Profile:
        """`later` for `tables`, which were tested again, and what was known before for the others.

        The zone stays: who follows a new one has to know the old one.
        """
        again = {table.name for table in tables}
        kept = {name: error for name, error in self.faults.items() if name not in again}
        return replace(
            later,
            zone=self.zone,
            dates_are_right=self.dates_are_right,
            chained=self.chained - again | later.chained,
            faults=kept | dict(later.faults),
        )


def asks(tables: Iterable[Table], *, chained: bool = True) -> dict[str, Ask]:
    """The questions, for one batch: 36 for all nine tables; `chained`: those for a second page, too.

    Older portals put even an array into the text of a reference, which PHP 8 refuses: the whole batch fails
    (`modules/rest/classes/general/rest_util.php`, processBatchElement).
    """
    found = {"profile": Ask("profile"), "server_time": Ask("server.time"), "scope": Ask("scope")}
    for table in tables:
        if table.paging is Paging.KEYSET:
            found |= _probes(table, chained=chained)
    return found


def parts(tables: Sequence[Table], *, chained: bool) -> list[dict[str, Ask]]:
    """The same in parts for `client.ask_fragile`, each of which says who we are."""
    return [asks(()), *(asks([table], chained=chained) for table in tables)]


def _probes(table: Table, *, chained: bool) -> dict[str, Ask]:
    first = f"{table.name}_first"
    found = {f"{table.name}_ids": _ask(table, {">ID": NO_ID}), first: _ask(table, {})}
    if chained:
        found[f"{table.name}_second"] = _ask(table, {"<ID": f"0$result[{first}]{last_row(table)}"})
    for cursor in table.cursors:
        found[f"{table.name}_after_{cursor.lower()}"] = _ask(table, {f">={cursor}": FUTURE})
        if table.case is Case.UPPER:  # tasks take a date they cannot read for 1970: the question above tells
            found[f"{table.name}_since_{cursor.lower()}"] = _ask(table, {f">={cursor}": PAST})
    return found


def _ask(table: Table, conditions: Mapping[str, Any]) -> Ask:
    """The newest ids under `conditions`, uncounted. Builds that let users be selected give ids only."""
    return Ask(table.method, {**parameters(table, conditions), "select": ["ID"]})


def judge(tables: Sequence[Table], answers: Answers, host_now: datetime) -> Profile:
    """What the answers to `asks(tables)` say; `host_now` is the host's clock when they arrived.

    Other answers of the same batch may be among them; the last one to end tells the portal's clock.

    Raises the portal's refusal to say who we are.
    """
    me = identify(answers["profile"], answers.get("scope"))
    scopes = me.scopes
    faults = {table.name: fault for table in tables if (fault := _fault(table, answers, scopes))}
    probed = [table for table in tables if table.paging is Paging.KEYSET and table.name not in faults]
    ends = [
        one.started + timedelta(seconds=one.seconds) for one in answers.values() if isinstance(one, Answer)
    ]
    return replace(
        me,
        clock_offset=(max(ends) - host_now).total_seconds(),
        chained=_chained(probed, answers),
        faults=faults,
    )


def newest(table: Table, answers: Answers) -> tuple[datetime, int]:
    """The portal's clock when it was asked, and the highest id of a table that passed; 0: it is empty.

    The rows that changed after 1970 are its newest ones, too: one page that lost some does not lower it.
    """
    answer = answers[f"{table.name}_first"]
    if isinstance(answer, PortalError):
        raise answer
    since = [answers.get(f"{table.name}_since_{cursor.lower()}") for cursor in table.cursors]
    return answer.started, max(id_ for one in (answer, *since) for id_ in (*(_ids(table, one) or ()), 0))


def identify(me: Answer | PortalError, scope: Answer | PortalError | None) -> Profile:
    """Who the webhook acts as and what it is allowed, from `profile` and `scope`. Raises a refusal."""
    if isinstance(me, PortalError):
        raise me
    facts = me.result if isinstance(me.result, dict) else {}
    return Profile(
        user_id=whole(facts.get("ID")),
        admin=facts.get("ADMIN") in (True, 1, "Y", "1"),
        zone=str(facts.get("TIME_ZONE") or ""),
        scopes=_scopes(scope),
    )


def _scopes(answer: Answer | PortalError | None) -> frozenset[str]:
    granted = answer.result if isinstance(answer, Answer) else []
    return (
        frozenset(name for name in granted if isinstance(name, str))
        if isinstance(granted, list)
        else frozenset()
    )


def _fault(table: Table, answers: Answers, scopes: frozenset[str]) -> PortalError | None:
    """Why `table` cannot be read, if so."""
    if table.paging is not Paging.KEYSET:
        return _lacks_scope(table, scopes)
    keys = _probes(table, chained=f"{table.name}_second" in answers)
    for key in keys:
        answer = answers.get(key)
        if isinstance(answer, PortalError) and not isinstance(answer, Unasked):
            return answer
    ids = {key: _ids(table, answers.get(key)) for key in keys}
    if any(found is None for found in ids.values()):
        return BadAnswer(
            f"{table.method} does not answer with a list of rows.", ENDS_ITSELF, reason=Reason.GARBAGE
        )
    ignored = next((name for key in ids if (name := _ignores(table, key, ids))), "")
    return _ignored(table, ignored) if ignored else None


def _ignores(table: Table, key: str, ids: Mapping[str, list[int] | None]) -> str:
    """The field whose filter the portal ignores, by its answer to the question `key`; empty: it obeys."""
    found = ids[key]
    if key.endswith("_ids"):  # greater ones there may be
        return "ID" if found and min(found) <= NO_ID else ""
    if "_after_" in key:
        return key.partition("_after_")[2].upper() if found else ""
    if "_since_" in key and not found and ids[f"{table.name}_first"]:
        return key.partition("_since_")[2].upper()
    return ""


def _ignored(table: Table, name: str) -> BadAnswer:
    return BadAnswer(
        f"The portal ignores the filter on {name} in {table.method}.",
        "The table is left alone, for a filter that is ignored gives the wrong rows; please report it.",
        reason=Reason.FILTER,
    )


def _lacks_scope(table: Table, scopes: frozenset[str]) -> TableRefused | None:
    """Tables that are not probed: their scope tells. Comments can be read by either of two."""
    needed = {scope_of(table.method)}
    if table.paging is Paging.COMMENTS:
        needed.add(scope_of(FORUM_METHOD))
    if not scopes or needed & scopes:
        return None
    error = refusal(table.method, {"error": "insufficient_scope"}).error()
    return error if isinstance(error, TableRefused) else None


def _ids(table: Table, answer: Answer | PortalError | None) -> list[int] | None:
    """The ids of a page in the order given; None when it is no page, or none of its rows has one.

    The second page is left out where the first was too big an answer: then the two are no chain.
    """
    if isinstance(answer, Unasked):
        return []
    if not isinstance(answer, Answer):
        return None
    try:
        rows = page_rows(table, answer)
    except BadAnswer:
        return None
    return ids_of(table, rows) or (None if rows else [])


def _chained(tables: Iterable[Table], answers: Answers) -> frozenset[str]:
    """The tables whose second page was asked for by the last row of the first.

    A first page that is not full proves only that a chain ends by itself. That is believed unless another
    list of the same portal shows that references lead nowhere.
    """
    proven, likely, failed = set[str](), set[str](), False
    for table in tables:
        if f"{table.name}_second" not in answers:
            continue
        first = _ids(table, answers[f"{table.name}_first"]) or []
        second = _ids(table, answers[f"{table.name}_second"]) or []
        if not _falls(first + second):
            failed = True
        elif len(first) >= PAGE and second:
            proven.add(table.name)
        elif len(first) >= PAGE:
            failed = True
        elif not second:
            likely.add(table.name)
    return frozenset(proven if failed and not proven else proven | likely)


def _falls(ids: Sequence[int]) -> bool:
    return all(above > below for above, below in pairwise(ids))
