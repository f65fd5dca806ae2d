"""Lists, read from the newest id down: what to ask for a few pages at once, and what the answers hold.

A *window* is one filter. Its pages are asked as a *chain* in one batch: every page but the first takes its
bound from the last row of the page before,

    filter[<ID] = 0$result[previous][49][ID]        order ID DESC, start = -1

A full page puts an id behind the 0: `"0" + "12345"` is 12345. After a short page row 49 does not exist, the
reference stays text, the portal casts it to 0, and `ID < 0` is an empty page that costs nothing: the chain
ends itself, so other commands may share its batch (modules/rest/classes/general/rest_util.php
processBatchElement; modules/crm/classes/general/restservice.php casts integer filters).

Where the start-up probe shows that a portal resolves references differently, `pages` is 1 and nothing else
changes. An answer is used only as far as it is what was asked: ids fall strictly and stay inside their
bounds, and most rows lie inside the window. `start = -1` spares the portal the counting of all rows
(apidocs.bitrix24.com/settings/performance/huge-data.html).

When a window has been read to its end
--------------------------------------
What each fact is worth: [D] documented, [S] read in the portal's source, [U] nobody knows.

1.  A page has at most 50 rows [D, S]. That fewer are the end is the documented rule [D] and is not believed:
    rows are taken out of a page after the query (`user.get`: bots, integrators, mail users), and public
    reports show short and empty pages in mid-list (fast_bitrix24 #75, #206) [U cause]. The empty page behind
    a short one inside a chain is `ID < 0` and proves nothing.
2.  `total`, which `start = 0` asks for, is how many rows fit the filter, unreadable ones left out [D, S], and
    rows that are taken out later counted [U]. A window that is `counted` asks so with its first page. It is
    complete when as many rows were read in the same answer: what came between the count and the last page
    would have to be one row more and one row lost, in that second.
3.  An empty page under a bound that we wrote as a number is the end [D], unless its own count says that rows
    fit. Behind a reference it may be a reference that did not resolve.
4.  Two rows of one id beside each other are one, where they are equal (a JOIN without DISTINCT [U]).
5.  A row without a usable id says nothing of where the reading is. It is handed on as it came (`nameless`),
    counts among those that were read, and a page that has no other rows is as an empty one. A full page of
    such rows cannot be gone on from, so it is refused.

So a window is complete by 2 or by 3; what else it holds is for the reader to ask for (`left`).

REST 3.0 lists up to a thousand tasks to a page, and is not used. Its rows are others: names, types and the
words for a state differ ("pending" for 2), so a task would change with the method that read it. It filters
by id alone, so cycles could not use it; it needs a permission of its own; one bad command fails a batch. And
nothing says that a thousand rows take the portal less time than twenty pages do, which is what bounds a
backfill: requests it does not lack (apidocs.bitrix24.com rest-v3, tasks-task-list-rest-v3).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, PortalError, Reason, Unasked
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.body import PackedRow
from bitsheet_tui.tables import Case, Paging, Table

PAGE = 50  # rows; the portal does not let anybody choose
# tasks print today's offset for every date, so a row may look an hour off (tasks.task.list)
TOLERANCE = timedelta(hours=1, minutes=5)
LARGEST = 2**63 - 1  # that an id may be


class Window(Struct, frozen=True, kw_only=True):
    """One filter of a scan. `name` is a cursor's field, "tail", "fill" or "all"."""

    name: str
    since: datetime | None = None  # rows whose field `name` is not older
    above: int | None = None  # rows with a greater id
    below: int | None = None  # rows with a smaller id: how far the window is read
    counted: bool = False  # its first page is asked with the number of all rows that fit

    @property
    def filter(self) -> dict[str, Any]:
        """The conditions that hold for every page of the window."""
        conditions: dict[str, Any] = {}
        if self.since is not None:
            conditions[f">={self.name}"] = self.since.isoformat(timespec="seconds")
        if self.above is not None:
            conditions[">ID"] = self.above
        return conditions


class Read(Struct, frozen=True, kw_only=True):
    """What a chain brought. `rows` are raw, in the order the portal gave them, and may be packed."""

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)  # of the rows, falling
    doubles: int = 0  # rows that came twice and are among `rows` once
    nameless: list[Mapping[str, Any]] = field(default_factory=list)  # rows without a usable id
    started: datetime | None = None  # the portal's clock at the first page that answered
    total: int | None = None  # how many rows fit by the portal's count; None: not counted, or nonsense
    ended: bool = False  # the last page that came was not full
    complete: bool = False  # nothing of the window is left
    broken: bool = False  # the portal did not follow the chain
    error: PortalError | None = None  # why it stopped early; the rows before are good

    @property
    def lowest(self) -> int | None:
        """The lowest id; None: there are no rows."""
        return self.ids[-1] if self.ids else None

    @property
    def highest(self) -> int | None:
        """The highest id; None: there are no rows."""
        return self.ids[0] if self.ids else None

    @property
    def left(self) -> int | None:
        """How many rows fit by the count and were not read; None: nobody knows, or more came than fit."""
        came = len(self.ids) + len(self.nameless)
        if self.total is None or self.total < came:
            return None
        return 0 if self.total == came + self.doubles else self.total - came


def chain(
    table: Table, window: Window, pages: int, prefix: str, fields: Sequence[str] = ()
) -> dict[str, Ask]:
    """Ask for up to `pages` pages of the window, keyed `prefix` + number in the order to run.

    `fields` instead of the table's own selection.
    """
    asks: dict[str, Ask] = {}
    bound: int | str | None = window.below
    for number in range(pages):
        conditions = dict(window.filter)
        if bound is not None:
            conditions["<ID"] = bound
        key = f"{prefix}{number}"
        counting = {"start": 0} if window.counted and not number else {}
        asks[key] = Ask(table.method, parameters(table, conditions, fields) | counting)
        bound = f"0$result[{key}]{last_row(table)}"
    return asks


def last_row(table: Table) -> str:
    """The path from a command's result to the id of the last row of a full page."""
    ident = "id" if table.case is Case.MIXED else "ID"
    return f"{f'[{table.rows}]' if table.rows else ''}[{PAGE - 1}][{ident}]"


def parameters(table: Table, conditions: Mapping[str, Any], fields: Sequence[str] = ()) -> dict[str, Any]:
    """The parameters of one page, newest id first; `fields` instead of the table's own selection."""
    if table.method == "user.get":  # sorts and filters in its own words: apidocs.bitrix24.com user.get
        return {**table.fixed, "sort": "ID", "order": "DESC", "FILTER": dict(conditions), "start": -1}
    return {
        **table.fixed,
        "order": {"ID": "DESC"},
        "filter": dict(conditions),
        "select": list(fields or table.select),
        "start": -1,
    }


def offset_page(table: Table, start: int) -> Ask:
    """One page of a list that knows no bounds on ids."""
    return Ask(table.method, {**table.fixed, "sort": "ID", "order": "ASC", "start": start})


def read(table: Table, window: Window, answers: Sequence[Answer | PortalError]) -> Read:
    """Put the pages of one chain together, in the order asked, as far as they are sound.

    Raises BadAnswer when the first page is not what was asked.
    """
    pages = _Pages(table, window)
    error: PortalError | None = None
    for number, answer in enumerate(answers):
        if isinstance(answer, PortalError):
            error = None if pages.ended or isinstance(answer, Unasked) else answer
            break
        try:
            going_on = pages.add(answer)
        except BadAnswer:
            if number == 0:
                raise
            pages.broken = True
            break
        if not going_on:
            break
    return pages.together(error)


def together(parts: Sequence[Read]) -> Read:
    """What chains over parts of one window brought, the upper first; complete if each of them is."""
    totals = [part.total for part in parts if part.total is not None]
    return Read(
        rows=[row for part in parts for row in part.rows],
        ids=[id_ for part in parts for id_ in part.ids],
        doubles=sum(part.doubles for part in parts),
        nameless=[row for part in parts for row in part.nameless],
        started=next((part.started for part in parts if part.started), None),
        total=sum(totals) if len(totals) == len(parts) else None,
        ended=True,
        complete=all(part.complete for part in parts),
        error=next((part.error for part in parts if part.error), None),
    )


class _Pages(Struct):
    """The pages of one chain so far."""

    table: Table
    window: Window
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    doubles: int = 0
    nameless: list[Mapping[str, Any]] = field(default_factory=list)
    started: datetime | None = None
    total: int | None = None
    empty: bool = False  # the first page had no row with an id
    ended: bool = False
    broken: bool = False

    def add(self, answer: Answer) -> bool:
        """Take the next page; whether it is worth looking at the one behind it. Raises BadAnswer."""
        first, self.started = self.started is None, self.started or answer.started
        rows = page_rows(self.table, answer)
        if self.ended:  # a chain that goes on after its end has started again
            self.broken = self.broken or bool(rows)
            return True
        below = self.ids[-1] if self.ids else self.window.below
        ids = _ids(self.table, self.window, rows, below)
        if first:
            self.empty = not any(ids)
            self.total = _total(self.window, answer, len(set(ids) - {None}) + ids.count(None))
        self._store(answer, rows, ids)
        self.ended = len(rows) < PAGE
        return bool(rows)

    def _store(self, answer: Answer, rows: list[dict[str, Any]], ids: list[int | None]) -> None:
        """Each row once, packed where it came so."""
        raw: Sequence[Mapping[str, Any]] = _packed(self.table, answer) or rows
        once = [place for place, id_ in enumerate(ids) if id_ and (not place or id_ != ids[place - 1])]
        if len(once) < len(ids):
            self.nameless += [row for row, id_ in zip(raw, ids, strict=True) if id_ is None]
            self.doubles += len(ids) - len(once) - ids.count(None)
            raw, ids = [raw[place] for place in once], [ids[place] for place in once]
        self.rows += raw
        self.ids += [id_ for id_ in ids if id_]

    def together(self, error: PortalError | None) -> Read:
        """All of it."""
        got = Read(
            rows=self.rows, ids=self.ids, doubles=self.doubles, nameless=self.nameless, started=self.started,
            total=self.total, ended=self.ended, broken=self.broken, error=error,
        )  # fmt: skip
        return replace(got, complete=(self.empty and not self.total) or got.left == 0)


def _total(window: Window, answer: Answer, rows: int) -> int | None:
    """How many rows fit, where it was asked and makes sense: `user.get` leaves it out for an empty page."""
    if not window.counted:
        return None
    if not rows:
        return answer.total or 0
    return answer.total if answer.total and answer.total >= rows else None


def page_rows(table: Table, answer: Answer) -> list[dict[str, Any]]:
    """The list inside a result. An empty PHP map is `[]`, so the wrapper may be a list too.

    Raises BadAnswer for anything else, an object without the wrapper among it: that is no empty page.
    """
    found = answer.result
    if table.rows and isinstance(found, dict):
        found = found.get(table.rows)
    if isinstance(found, dict):  # numeric keys with a gap become an object
        found = list(found.values())
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise BadAnswer(
            f"{table.method} did not answer with a list of rows", "Nothing was stored.", reason=Reason.GARBAGE
        )
    return found  # type: ignore[return-value]


def _packed(table: Table, answer: Answer) -> list[PackedRow]:
    """The rows of a page, to be opened when they are stored; none, if the page is small or odd."""
    return answer.packed.rows(table.rows) if answer.packed else []


def id_of(table: Table, row: Mapping[str, Any]) -> int | None:
    """The row's id; None: it has none that a row can have, a whole number above 0 of at most 64 bits."""
    raw = row.get("id" if table.case is Case.MIXED else "ID")
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= len(str(LARGEST)):
        raw = int(raw)
    return raw if type(raw) is int and 0 < raw <= LARGEST else None


def ids_of(table: Table, rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """The ids of those rows that have a usable one."""
    return [ident for row in rows if (ident := id_of(table, row)) is not None]


def _ids(table: Table, window: Window, rows: list[dict[str, Any]], below: int | None) -> list[int | None]:
    """The ids of a page that is what was asked for. Raises BadAnswer when it is not."""
    if len(rows) > PAGE and table.paging is Paging.KEYSET:
        raise _refused(table, f"gave {len(rows)} rows for a page of {PAGE}")
    ids: list[int | None] = []
    for place, row in enumerate(rows):
        ident = id_of(table, row)
        if ident is None:
            ids.append(None)
            continue
        double = bool(place) and ident == below and row == rows[place - 1]
        if below is not None and ident >= below and not double:
            raise _refused(table, f"gave row {ident} where only rows below {below} were asked for")
        if window.above is not None and ident <= window.above:
            raise _refused(table, f"gave row {ident} where only rows above {window.above} were asked for")
        ids.append(ident)
        below = ident
    if len(rows) >= PAGE and not any(ids):
        raise _refused(table, "gave a whole page of rows without an id")
    if window.since is not None and _strays(table, window.name, window.since, rows) * 2 > len(rows):
        raise _refused(table, f"ignores the filter >={window.name}")
    return ids


def _strays(table: Table, cursor: str, since: datetime, rows: list[dict[str, Any]]) -> int:
    """How many rows are older than the window by more than a misprinted offset explains."""
    key = camel(cursor) if table.case is Case.MIXED else cursor
    oldest = since - TOLERANCE
    return sum(1 for row in rows if (moment := _instant(row.get(key))) is not None and moment < oldest)


def camel(name: str) -> str:
    """CHANGED_DATE as the tasks methods answer it: changedDate."""
    head, *rest = name.lower().split("_")
    return head + "".join(part.capitalize() for part in rest)


def _instant(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _refused(table: Table, what: str) -> BadAnswer:
    return BadAnswer(
        f"{table.method} {what}",
        "Nothing of it was stored; the table is tried again in the next cycle.",
        reason=Reason.FILTER,
    )
