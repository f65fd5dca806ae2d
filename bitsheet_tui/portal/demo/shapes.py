"""Rows as JSON text, quickly: one template for each variant, filled in with what differs by row."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from msgspec import Struct

from bitsheet_tui.portal.demo.blueprint import VARIANTS, Numbered, Raw, Row, changed, created, identity
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.kinds import ABSENT, Pen
from bitsheet_tui.portal.demo.php import encode
from bitsheet_tui.portal.demo.table import Table

_KEEP = 2_000  # touched rows remembered by one shape
_LONG = 2**16  # bytes of one that is not remembered

Extra = Callable[[Raw], Mapping[str, Any]]
Value = Callable[[Row, Raw], Any]
Slot = tuple[Value, Callable[[Any], bytes], bytes]
_SHARED = (identity, created, changed)  # values that several fields have in common


class Template(Struct, frozen=True):
    """The text of every row of one variant.

    `slots` make what differs by row; `pick` puts that, after what is shared, into the holes of the text.
    """

    text: bytes
    slots: tuple[Slot, ...]
    pick: Callable[[list[bytes]], tuple[bytes, ...]]


class Shape:
    """The fields one `select` asks for, written by one pen."""

    def __init__(
        self,
        table: Table,
        names: Iterable[str],
        pen: Pen,
        rename: Callable[[str], str] = str,
        extra: Extra | None = None,
    ) -> None:
        self._table = table
        self._columns = [table.columns[name] for name in names]
        self._pen = pen
        self._rename = rename
        self._extra = extra  # more keys; they may depend on constants only
        self._templates: list[Template | None] = [None] * VARIANTS
        self._written: dict[int, tuple[Raw, bytes]] = {}

    def write(self, id_: int) -> bytes:
        """A row as JSON text."""
        touched = self._table.touched.get(id_)
        if touched is not None:
            return self._slowly(id_, touched)
        if self._pen.family == "user":  # which keys there are differs from row to row
            return encode(self.plainly(self._table.raw(id_)))
        row = self._table.row(id_)
        number = row.bits % VARIANTS
        constants = self._table.variant(number)
        template = self._templates[number]
        if template is None:
            template = self._templates[number] = self._learn(row, constants)
        pool = [b"%d" % id_, self._pen.stamp(row.created), self._pen.stamp(row.changed)]
        for live, write, nothing in template.slots:
            value = live(row, constants)
            pool.append(nothing if value is None else write(value))
        return template.text % template.pick(pool)

    def plainly(self, raw: Raw) -> dict[str, Any]:
        """A row as the values its JSON text holds."""
        told = {}
        for column in self._columns:
            value = self._pen.value(column, raw.get(column.name))
            if value is not ABSENT:
                told[self._rename(column.name)] = value
        return {**told, **(self._extra(raw) if self._extra else {})}

    def _slowly(self, id_: int, touched: Raw) -> bytes:
        known = self._written.get(id_)
        if known is None or known[0] is not touched:
            if len(self._written) >= _KEEP:
                self._written.clear()
            known = (touched, encode(self.plainly(self._table.raw(id_))))
            if len(known[1]) < _LONG:
                self._written[id_] = known
        return known[1]

    def _learn(self, row: Row, constants: Raw) -> Template:
        parts: list[bytes] = []
        slots: list[Slot] = []
        places: list[int] = []
        for column in self._columns:
            live = self._table.blueprint.live.get(column.name)
            text = self._pen.write(column, live(row, constants) if live else constants.get(column.name))
            if text is None:
                continue
            hole = self._hole(column, live, constants, slots, places) if live else text.replace(b"%", b"%%")
            parts.append(encode(self._rename(column.name)) + b":" + hole)
        for key, value in (self._extra(constants) if self._extra else {}).items():
            parts.append(encode(key) + b":" + encode(value).replace(b"%", b"%%"))
        return Template(b"{" + b",".join(parts) + b"}", tuple(slots), itemgetter(*places))

    def _hole(
        self, column: Column, live: Value, constants: Raw, slots: list[Slot], places: list[int]
    ) -> bytes:
        """Where a value goes in the text of a template, and `places` from where it is taken."""
        number = b"%b" if self._pen.family == "item" else b'"%b"'
        if live is identity:
            places.append(0)
            return number
        if isinstance(live, Numbered):
            places.append(0)
            return encode(live.words(constants))[:-1].replace(b"%", b"%%") + b'%b"'
        if live in (created, changed) and column.type == "datetime":
            places.append(_SHARED.index(live))
            return b"%b"
        places.append(len(_SHARED) + len(slots))
        slots.append((live, self._pen.writer(column), self._pen.write(column, None) or b"null"))
        return b"%b"
