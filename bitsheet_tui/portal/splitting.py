"""Asks for less where an answer is too big: fewer commands, a page in parts, some rows, a row in parts.

An answer of more than `wire.CAP_BYTES` is not taken. What it would have brought is asked for in halves, as
soon as it is known to be too big; how big pages are is learned from every answer, so that the next requests
ask for as much as fits (`pages`). What the answers before filled is left for the next request: `Unasked`.

A page that is too big by itself is asked for by its ids: which they are, with nothing else selected, then so
many rows at once as should fit, from the newest down. The page that comes of it may be shorter than fifty
rows, which proves nothing to its reader (`listing.py`). A row that is too big by itself comes without its
longest fields, which are found by asking for half of the fields, and half of that; what is left out stands in
`PartialRow.unread`. Which fields of which row are too long is remembered until its dates of change move.

Where a list gives all fields whatever is selected (`user.get`), ranges of ids are halved until their rows
fit; a row that does not then is a PartialRow of its id alone. The messages of a chat are halved by LIMIT [D
im.dialog.messages.get], the posts of a forum topic by FILTER on ID [D task.commentitem.getlist].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from msgspec import Struct, field

from bitsheet_tui.errors import AnswerTooLarge, PortalError, TooLarge, Unasked
from bitsheet_tui.fields import TOO_BIG, WHOLE, Field, Kind
from bitsheet_tui.portal import wire
from bitsheet_tui.portal.answer import Answer, Ask, Json, moment, whole
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.portal.counting import IDS
from bitsheet_tui.portal.listing import PAGE, camel, id_of, ids_of, page_rows
from bitsheet_tui.tables import FORUM_METHOD, Case, Paging, Table

COMMANDS = 50  # in one request
REQUEST = 2  # what is asked for should have one of so many parts of the cap
ENOUGH = 4  # where a request was cut, this part of the cap is enough for one time
PART = 8  # a page is read in parts of this part of the cap
FALL = 0.1  # weight of a smaller page in the average; a bigger one counts at once
NOTED = 2**20  # bytes of a page from which on its size is worth remembering
MOVED = 0.25  # a change of the size that is worth remembering
SETTLED = timedelta(seconds=10)  # a change that is not older may be followed by another of its second
TOP = 2**31  # above every id
_REFERENCE = re.compile(r"\$result\[(\w+)\]")


class Long(Struct):
    """What of a row is too big, as long as its dates of change are `moved`; none: ask each time."""

    fields: tuple[str, ...]
    moved: tuple[str, ...]


class Sizes(Struct):
    """How big the answers of one table are."""

    page: int = 0  # bytes of a page; 0: not known
    rows: int = 0  # that are asked for at once where a page is too big; 0: it is not
    long: dict[str, Long] = field(default_factory=dict)  # by id


class PartialRow(dict[str, Any]):
    """A row of which something could not be read: `unread` says why, by field; WHOLE: all but its id."""

    def __init__(self, row: Mapping[str, Any], unread: Mapping[str, str]) -> None:
        super().__init__(row)
        self.unread = unread


class Splitter:
    """Asks a portal for `tables`. `fields` are those of a table, as far as they are known."""

    def __init__(
        self, portal: Portal, tables: Sequence[Table], fields: Callable[[str], Sequence[Field]]
    ) -> None:
        self.portal = portal
        self.fields = fields
        self.sizes: dict[str, Sizes] = {}
        self.partial = False  # whether any PartialRow was ever given
        self._tables: dict[str, list[Table]] = {}
        for table in tables:
            self._tables.setdefault(table.method, []).append(table)
            if table.paging is Paging.COMMENTS:
                self._tables.setdefault(FORUM_METHOD, []).append(table)
        self._noted = b""

    async def batch(
        self, asks: Mapping[str, Ask], *, urgent: bool = True, fragile: bool = False
    ) -> dict[str, Answer | PortalError]:
        """See Portal.batch. Answers that are too big are asked for in parts, in more requests.

        Raises TooLarge for what is too much for another reason.
        """
        return await _Turn(self, urgent, fragile).batch(asks)

    async def all(self, asks: Mapping[str, Ask]) -> dict[str, Answer | PortalError]:
        """The same, in as many requests as it takes: nothing is left for the next. For a single table."""
        answers = await self.batch(asks)
        while left := {key: asks[key] for key, answer in answers.items() if isinstance(answer, Unasked)}:
            answers |= await self.batch(left)
        return answers

    def pages(self, table: Table) -> int:
        """How many pages of a table, or discussions, one request should ask for."""
        sizes = self.sizes.get(table.name)
        if sizes is None or not sizes.page:
            return COMMANDS
        return 1 if sizes.rows else max(1, min(COMMANDS, wire.CAP_BYTES // REQUEST // sizes.page))

    def rows(self, table: Table) -> int | None:
        """How many rows of big pages are to be opened at once; None: pages are not big."""
        sizes = self.sizes.get(table.name)
        if sizes is None or sizes.page < NOTED:
            return None
        return max(1, PAGE * NOTED // sizes.page)

    def share(self, table: Table) -> float:
        """Which part of what one request should ask for a page of the table is."""
        sizes = self.sizes.get(table.name)
        return sizes.page * REQUEST / wire.CAP_BYTES if sizes else 0.0

    def table(self, ask: Ask) -> Table | None:
        """Whose rows are asked for; None: it is no list of a table."""
        for table in self._tables.get(ask.method, ()):
            if table.fixed.items() <= ask.params.items() or table.method != ask.method:
                return table
        return None

    def of(self, table: Table) -> Sizes:
        """What is known of a table."""
        return self.sizes.setdefault(table.name, Sizes())

    def learn(self, table: Table, size: int) -> None:
        """A page of a table had so many bytes."""
        sizes = self.of(table)
        sizes.page = size if size > sizes.page else round(sizes.page + FALL * (size - sizes.page))

    def forget(self, table: Table) -> None:
        """Rows of the table that were too big are asked for whole again."""
        self.of(table).long.clear()

    def news(self) -> bytes | None:
        """What is to be remembered, if it differs from what was told before: JSON for `recall`."""
        if not self._tells():
            return None
        self._noted = msgspec.json.encode({n: s for n, s in self.sizes.items() if _worth(s)})
        return self._noted

    def _tells(self) -> bool:
        """Whether something has changed by so much that it is worth a write."""
        now = {name: sizes for name, sizes in self.sizes.items() if _worth(sizes)}
        if not now and not self._noted:
            return False
        before = msgspec.json.decode(self._noted or b"{}", type=dict[str, Sizes])
        return before.keys() != now.keys() or any(_differs(before[name], now[name]) for name in now)

    def recall(self, noted: str) -> None:
        """What was remembered, by whatever version; nonsense is nothing."""
        try:
            self.sizes |= msgspec.json.decode(noted or "{}", type=dict[str, Sizes])
        except (ValueError, msgspec.ValidationError):
            return
        self._noted = noted.encode()


def _worth(sizes: Sizes) -> bool:
    return sizes.page >= NOTED or bool(sizes.rows or sizes.long)


def _differs(before: Sizes, now: Sizes) -> bool:
    grown = abs(now.page - before.page) > MOVED * before.page
    return grown or bool(before.rows) != bool(now.rows) or before.long != now.long


class _Turn:
    """What one call of `Splitter.batch` asks."""

    def __init__(self, splitter: Splitter, urgent: bool, fragile: bool) -> None:
        self._splitter, self._portal = splitter, splitter.portal
        self._how = {"urgent": urgent, "fragile": fragile}
        self._brought = 0  # bytes so far
        self._started: datetime | None = None  # the portal's clock at the last part

    @property
    def _enough(self) -> bool:
        return self._brought * ENOUGH >= wire.CAP_BYTES

    async def batch(self, asks: Mapping[str, Ask]) -> dict[str, Answer | PortalError]:
        """The answers, in the order of the questions."""
        narrow = {key: table for key, ask in asks.items() if (table := self._narrow(ask))}
        sent = {key: _ids_of(ask) if key in narrow else ask for key, ask in asks.items()}
        answers = await self._halves(sent)
        cut = set[str]()  # pages of which not all rows came, or none
        for key, table in narrow.items():
            answer = answers[key]
            if not isinstance(answer, Answer) or not (named := page_rows(table, answer)):
                continue
            behind = not cut.isdisjoint(_references(asks[key].params))
            got = Unasked() if self._enough or behind else await self._rows(table, asks[key], answer, named)
            if isinstance(got, PortalError) or len(page_rows(table, got)) < len(named):
                cut.add(key)
            answers[key] = got
        return {key: answers[key] for key in asks}

    def _narrow(self, ask: Ask) -> Table | None:
        """The table, where it is known that its pages are too big."""
        table = self._splitter.table(ask) if self._splitter.sizes else None
        if table is None or not self._splitter.of(table).rows or not _selects(ask):
            return None
        return table

    async def _halves(self, asks: Mapping[str, Ask]) -> dict[str, Answer | PortalError]:
        """The answers; by halves of the questions where all are too much at once."""
        try:
            answers = await self._portal.batch(asks, **self._how)
        except AnswerTooLarge as error:
            if len(asks) == 1:
                return {key: await self._alone(ask, error) for key, ask in asks.items()}
            self._too_big([ask for ask in asks.values() if self._big(ask)])
        else:
            self._learn(asks, answers)
            return answers
        half = len(asks) // 2
        answers = await self._halves(dict(list(asks.items())[:half]))
        rest: dict[str, Ask] = {}
        for key, ask in list(asks.items())[half:]:
            if (self._enough and self._big(ask)) or not rest.keys() >= set(_references(ask.params)):
                answers[key] = Unasked()
            else:
                rest[key] = ask
        return answers | (await self._halves(rest) if rest else {})

    def _big(self, ask: Ask) -> bool:
        """Whether an answer may be big; it may wait for the next request then."""
        table = self._splitter.table(ask)
        if table is None or table.paging is Paging.OFFSET:
            return False
        return ask.params.get("select") != list(IDS)

    def _too_big(self, asks: Sequence[Ask]) -> None:
        for table in (self._splitter.table(ask) for ask in asks):
            if table:
                sizes = self._splitter.of(table)
                sizes.page = max(sizes.page, wire.CAP_BYTES // len(asks))

    def _learn(self, asks: Mapping[str, Ask], answers: Mapping[str, Answer | PortalError]) -> None:
        for key, answer in answers.items():
            if isinstance(answer, Answer) and (packed := answer.packed):
                self._brought += packed.size
                table = self._splitter.table(asks[key])
                if table and self._big(asks[key]):
                    self._splitter.learn(table, packed.size)

    async def _alone(self, ask: Ask, error: TooLarge) -> Answer | PortalError:
        """The answer to one question that is too big, in parts; the error, if it has none."""
        table = self._splitter.table(ask)
        if table is None or table.paging is Paging.OFFSET:
            return error
        self._too_big([ask])
        if ask.method == FORUM_METHOD:
            return await self._posts(table, ask, error)
        if table.paging is Paging.COMMENTS:
            return await self._messages(ask, error)
        if _selects(ask):
            sizes = self._splitter.of(table)
            sizes.rows = sizes.rows or max(1, PAGE // PART)
            ids = await self._ask(_ids_of(ask))
            if isinstance(ids, Answer):
                return await self._rows(table, ask, ids, page_rows(table, ids))
            if not isinstance(ids, AnswerTooLarge):
                return ids
            sizes.rows = 0
        return await self._range(table, ask, error)

    async def _ask(self, ask: Ask) -> Answer | PortalError:
        """One question, whose answer is not learned from."""
        try:
            answer = (await self._portal.batch({"part": ask}, **self._how))["part"]
        except AnswerTooLarge as error:
            return error
        if isinstance(answer, Answer):
            self._started = answer.started
            self._brought += answer.packed.size if answer.packed else 0
        return answer

    # --- a page by its ids ---------------------------------------------------------------------------------

    async def _rows(
        self, table: Table, ask: Ask, answer: Answer, named: Sequence[Mapping[str, Any]]
    ) -> Answer | PortalError:
        """The page whose ids are known: as many of its rows, from the first on, as are enough."""
        sizes, size = self._splitter.of(table), self._brought
        left = list(dict.fromkeys(ids_of(table, named)))
        asked = set(map(str, left))
        rows: list[dict[str, Any]] = []
        while left and not (rows and self._enough):
            some = _next(left, sizes)
            before = self._brought
            got = await self._some(table, ask, some)
            if isinstance(got, AnswerTooLarge):
                sizes.rows = max(1, len(some) // 2)
                continue
            if isinstance(got, PortalError):
                return got
            rows += got
            left = left[len(some) :]
            each = max(1, (self._brought - before) // len(some))
            if not sizes.long.keys() & set(map(str, some)):
                sizes.rows = max(1, min(PAGE, 2 * max(1, sizes.rows), wire.CAP_BYTES // PART // each))
        if named and not rows:
            return Unasked()  # all of it went away meanwhile; what lies below is asked for anew
        if not left and asked.isdisjoint(sizes.long) and (self._brought - size) * REQUEST < wire.CAP_BYTES:
            sizes.rows, sizes.page = 0, self._brought - size
        return _page(table, rows, answer)

    async def _some(self, table: Table, ask: Ask, ids: Sequence[int]) -> list[dict[str, Any]] | PortalError:
        """Rows by their ids, in that order; AnswerTooLarge: they are to be fewer."""
        if len(ids) == 1 and str(ids[0]) in self._splitter.of(table).long:
            return await self._row(table, ask, ids[0])
        answer = await self._ask(_with(ask, {"@ID": list(ids)}))
        if isinstance(answer, AnswerTooLarge) and len(ids) == 1:
            return await self._row(table, ask, ids[0])
        if isinstance(answer, PortalError):
            return answer
        found = {id_of(table, row): row for row in page_rows(table, answer)}
        return [found[id_] for id_ in ids if id_ in found]

    # --- a row by its fields -------------------------------------------------------------------------------

    async def _row(self, table: Table, ask: Ask, id_: int) -> list[dict[str, Any]] | PortalError:
        """One row that is too big, without its longest fields; nothing, if it went away."""
        sizes = self._splitter.of(table)
        head = [*table.key, *table.cursors]
        base = await self._fields(table, ask, id_, head)
        if isinstance(base, AnswerTooLarge):
            return [self._unread(table, {}, id_, {WHOLE: _too_big()})]
        if isinstance(base, PortalError):
            return base
        if base is None:
            return []
        known, moved = sizes.long.get(str(id_)), self._moved(table, base)
        unread = dict.fromkeys(known.fields, _too_big()) if known and moved and known.moved == moved else {}
        row = await self._search(table, ask, id_, head, self._parts(table, head, known), unread)
        if isinstance(row, PortalError):
            return row
        sizes.long.pop(str(id_), None)
        if unread:
            sizes.long[str(id_)] = Long(tuple(sorted(unread)), moved)
        return [self._unread(table, {**row, **base}, id_, unread)]

    async def _search(
        self,
        table: Table,
        ask: Ask,
        id_: int,
        head: Sequence[str],
        parts: list[list[str]],
        unread: dict[str, str],
    ) -> dict[str, Any] | PortalError:
        """The fields of a row that can be read; why the others cannot is noted in `unread`."""
        row: dict[str, Any] = {}
        while parts:
            names = [name for name in parts.pop() if name not in unread]
            got = await self._fields(table, ask, id_, [*head, *names]) if names else {}
            if isinstance(got, AnswerTooLarge) and len(names) == 1:
                unread[names[0]] = _too_big()
            elif isinstance(got, AnswerTooLarge):
                parts += [names[len(names) // 2 :], names[: len(names) // 2]]
            elif isinstance(got, PortalError):
                return got
            else:
                row |= got or {}
                _shorten(table, row, unread)
        return row

    def _moved(self, table: Table, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The dates of change of a row; none, where their second may see another change."""
        dates = tuple(str(row.get(name)) for name in _spelt(table))
        began = self._started
        settled = all((at := moment(date)) and began and began - at > SETTLED for date in dates)
        return dates if settled else ()

    def _parts(self, table: Table, head: Sequence[str], known: Long | None) -> list[list[str]]:
        """Which fields to ask for together, the last first: what was too long alone, long ones apart."""
        fields = {one.name: one.kind for one in self._splitter.fields(table.name) if one.name not in head}
        fields |= {name: Kind.JSON for name in table.select if "*" not in name and name not in fields}
        long = known.fields if known else ()
        texts = [name for name, kind in fields.items() if kind in (Kind.TEXT, Kind.JSON) and name not in long]
        short = [name for name in fields if name not in texts and name not in long]
        return [*([name] for name in long), texts, short]

    async def _fields(
        self, table: Table, ask: Ask, id_: int, names: Sequence[str]
    ) -> dict[str, Any] | PortalError | None:
        """Some fields of a row; None: it is not there."""
        asked = _with(ask, {"@ID": [id_]})
        answer = await self._ask(Ask(asked.method, {**asked.params, "select": list(names)}))
        if isinstance(answer, PortalError):
            return answer
        return next((row for row in page_rows(table, answer) if id_of(table, row) == id_), None)

    def _unread(
        self, table: Table, row: Mapping[str, Any], id_: int, unread: Mapping[str, str]
    ) -> dict[str, Any]:
        self._splitter.partial = self._splitter.partial or bool(unread)
        return PartialRow(row or {_id_key(table): str(id_)}, unread)

    # --- ranges of ids -------------------------------------------------------------------------------------

    async def _range(self, table: Table, ask: Ask, error: TooLarge) -> Answer | PortalError:
        """The rows of a page whose fields cannot be chosen, by ranges of ids from the end it begins at."""
        name, conditions = _filter(ask)
        if "@ID" in conditions:
            return error
        above = whole(conditions.get(">ID")) or 0
        upto = whole(conditions.get("<=ID"))
        below = whole(conditions.get("<ID")) or (TOP if upto is None else upto + 1)
        order = ask.params.get("order")
        rising = (order.get("ID") if isinstance(order, Mapping) else order) == "ASC"
        ranges, answers, rows = [(above, below)], list[Answer](), list[dict[str, Any]]()
        while ranges and len(rows) < PAGE and not (rows and self._enough):
            above, below = ranges.pop()
            bounds = {key: value for key, value in conditions.items() if key not in {">ID", "<=ID", "<ID"}}
            got = await self._ask(_with(ask, {**bounds, ">ID": above, "<ID": below}, name))
            if isinstance(got, Answer):
                rows += page_rows(table, got)
                answers.append(got)
            elif not isinstance(got, AnswerTooLarge):
                return got
            elif below - above > 2:
                ranges += _halved(above, below, rising=rising)
            elif not answers:
                return error  # the bounds do not count
            else:
                rows.append(self._unread(table, {}, above + 1, {WHOLE: _too_big()}))
        return _page(table, rows[:PAGE], answers[0], counted=False) if answers else error

    # --- comments ------------------------------------------------------------------------------------------

    async def _messages(self, ask: Ask, error: TooLarge) -> Answer | PortalError:
        """A page of a chat, in pages of fewer messages; the error, if one message is too big."""
        if "LAST_ID" not in ask.params:
            return error
        limit, below = whole(ask.params["LIMIT"]) or PAGE, ask.params["LAST_ID"]
        size, parts = max(1, limit // 2), list[Answer]()
        messages: list[Json] = []
        while True:
            got = await self._ask(Ask(ask.method, {**ask.params, "LAST_ID": below, "LIMIT": size}))
            if isinstance(got, AnswerTooLarge) and size > 1:
                size //= 2
                continue
            if isinstance(got, PortalError):
                return error if isinstance(got, AnswerTooLarge) else got
            some = _listed(got.result, "messages")
            messages += some
            parts.append(got)
            ids = [id_ for one in some if isinstance(one, dict) and (id_ := whole(one.get("id"))) is not None]
            if len(some) < size or len(messages) >= limit or not ids or min(ids) >= below:
                break
            below, size = min(ids), min(size, limit - len(messages))
        first = parts[0].result
        told = {
            name: [one for part in parts for one in _listed(part.result, name)] for name in ("users", "files")
        }
        result = {**(first if isinstance(first, dict) else {}), "messages": messages, **told}
        return Answer(result=result, started=parts[0].started, seconds=sum(part.seconds for part in parts))

    async def _posts(self, table: Table, ask: Ask, error: TooLarge) -> Answer | PortalError:
        """The posts of a task, by ranges of their ids; the error, if one post is too big."""
        if "FILTER" in ask.params:
            return error
        ranges, answers, posts = [(0, TOP)], list[Answer](), list[dict[str, Any]]()
        while ranges:
            above, below = ranges.pop()
            bounds = {">ID": above, "<ID": below}
            got = await self._ask(Ask(ask.method, {**ask.params, "FILTER": bounds}))
            if isinstance(got, Answer):
                posts += page_rows(table, got)
                answers.append(got)
            elif not isinstance(got, AnswerTooLarge):
                return got
            elif below - above <= 2:
                return error
            else:
                ranges += _halved(above, below, rising=True)
        return _page(table, posts, answers[0], counted=False)


def _next(left: Sequence[int], sizes: Sizes) -> list[int]:
    """The rows to ask for together: those before one that is known to be too big, else that one."""
    for place, id_ in enumerate(left[: sizes.rows]):
        if str(id_) in sizes.long:
            return list(left[: max(1, place)])
    return list(left[: max(1, sizes.rows)])


def _halved(above: int, below: int, *, rising: bool) -> list[tuple[int, int]]:
    """The two halves of the ids between two bounds, the one that is asked first at the end."""
    middle = (above + below) // 2
    lower, upper = (above, middle + 1), (middle, below)
    return [upper, lower] if rising else [lower, upper]


def _listed(result: Json, name: str) -> list[Json]:
    found = result.get(name) if isinstance(result, dict) else None
    return list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []


def _selects(ask: Ask) -> bool:
    """Whether the question says which fields it wants, and wants more than ids."""
    return "select" in ask.params and ask.params["select"] != list(IDS)


def _ids_of(ask: Ask) -> Ask:
    return Ask(ask.method, {**ask.params, "select": list(IDS)})


def _filter(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    """What the filter is called, and its conditions."""
    name = "FILTER" if "FILTER" in ask.params else "filter"
    return name, ask.params.get(name) or {}


def _with(ask: Ask, conditions: Mapping[str, Any], name: str = "filter") -> Ask:
    """The same question about other rows, without a count."""
    return Ask(ask.method, {**ask.params, name: dict(conditions), "start": -1})


def _page(table: Table, rows: Sequence[Mapping[str, Any]], answer: Answer, *, counted: bool = True) -> Answer:
    """A page that was put together; `answer` tells when it was asked, and the count."""
    result = cast("Json", {table.rows: list(rows)} if table.rows else list(rows))
    total = answer.total if counted else None
    return Answer(result=result, total=total, started=answer.started, seconds=answer.seconds)


def _references(value: Any) -> Iterator[str]:
    """The commands that a question refers to."""
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _references(one)


def _id_key(table: Table) -> str:
    return "id" if table.case is Case.MIXED else "ID"


def _spelt(table: Table) -> list[str]:
    """The cursors of a table as its answers call them."""
    return [camel(name) if table.case is Case.MIXED else name for name in table.cursors]


def _shorten(table: Table, row: dict[str, Any], unread: dict[str, str]) -> None:
    """Leave out the longest fields of a row whose parts are too big together."""
    lengths = {name: len(msgspec.json.encode(value)) for name, value in row.items()}
    while sum(lengths.values()) > wire.CAP_BYTES:
        longest = max(lengths, key=lambda name: lengths[name])
        del row[longest]
        unread[_asked_as(table, longest)] = f"{TOO_BIG} ({lengths.pop(longest) / 2**20:.0f} MB)"


def _asked_as(table: Table, key: str) -> str:
    """How a field that an answer calls `key` is asked for."""
    if table.case is Case.UPPER:
        return key
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).upper()


def _too_big() -> str:
    return f"{TOO_BIG} (more than {wire.CAP_BYTES / 2**20:g} MB)"
