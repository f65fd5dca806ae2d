"""The records of a table as rows: the id, what tells one from another, how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bitsheet_tui.fields import Kind
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import BAD
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, Span, cut, fit
from bitsheet_tui.ui.values import brief, instant

if TYPE_CHECKING:
    from bitsheet_tui.store.journal import Grown

# columns worth a place in a list, and how wide; the first of them gets what is left over
WORTH: tuple[tuple[str, int], ...] = (
    ("title", 24), ("subject", 24), ("text", 24), ("name", 18), ("last_name", 18),
    ("stage_id", 16), ("status_id", 14), ("status", 10), ("completed", 9), ("opportunity", 12),
    ("currency_id", 8), ("assigned_by_id", 18), ("responsible_id", 18), ("author_name", 18),
    ("work_position", 16), ("category_id", 12), ("task_id", 9), ("company_id", 20), ("contact_id", 20),
    ("source_id", 14), ("type_id", 14), ("deadline", 19), ("email", 24), ("phone", 20), ("owner_type_id", 10),
    ("owner_id", 9), ("post_date", 19), ("date_create", 19), ("created_date", 19), ("created", 19),
    ("date_modify", 19), ("changed_date", 19), ("last_updated", 19), ("parent", 9), ("uf_head", 9),
)  # fmt: skip
COLUMNS = tuple(name for name, _ in WORTH)
WIDTHS = dict(WORTH)
ID, CHANGED = 10, 9
SYNCED = "_synced_at"
NUMBERS = frozenset({Kind.NUMERIC})


class Found(Struct, frozen=True, kw_only=True):
    """One row: its key, when it went, the values of `COLUMNS`, when it last changed in the mirror."""

    key: tuple[Any, ...]
    deleted: Any
    values: tuple[Any, ...]
    synced: Any

    @property
    def row_id(self) -> str:
        """The key in one word."""
        return ":".join(map(str, self.key))


def found(row: Sequence[Any], length: int) -> Found:
    """A row as the reader gives it; `length` of its values are the key."""
    return Found(
        key=tuple(row[:length]), deleted=row[length], values=tuple(row[length + 1 : -1]), synced=row[-1]
    )


class Shape(Struct, frozen=True, kw_only=True):
    """What a list has to know of its table: the kinds and the portal's labels of its columns."""

    kinds: Mapping[str, Kind]
    labels: Mapping[str, str]


def shape(columns: Sequence[Grown]) -> Shape:
    """What a list has to know, from what the store knows; without what is not in the portal any more."""
    there = [one for one in columns if one.column and one.retired_at is None]
    return Shape(
        kinds={str(one.column): Kind(one.kind) for one in there},
        labels={str(one.column): one.title for one in there},
    )


def layout(shape: Shape, cells: int) -> list[tuple[str, int]]:
    """The columns that fit, with their widths."""
    room = cells - ID - CHANGED - 4
    chosen: list[tuple[str, int]] = []
    for name, wide in WORTH:
        if name in shape.kinds and wide + 1 <= room:
            chosen.append((name, wide))
            room -= wide + 1
    if chosen:
        chosen[0] = (chosen[0][0], chosen[0][1] + min(room, 60))
    return chosen


def head(shape: Shape, cells: int) -> Line:
    """The portal's labels."""
    titles = [
        fit(plain(shape.labels.get(name) or name, wide), wide, right=shape.kinds[name] in NUMBERS)
        for name, wide in layout(shape, cells)
    ]
    return cut(
        ((" ".join([fit("  id", ID + 2), *titles, fit(t("changed"), CHANGED, right=True)]), "head"),), cells
    )


def row(one: Found, shape: Shape, cells: int, now: datetime, zone: tzinfo | None) -> Line:
    """One record."""
    gone = one.deleted is not None
    spans: list[Span] = [
        (f"{BAD} " if gone else "  ", "bad" if gone else ""),
        (fit(plain(one.row_id, ID), ID), "dim" if gone else "name"),
    ]
    values = dict(zip(COLUMNS, one.values, strict=True))
    for name, wide in layout(shape, cells):
        value = values[name]
        kind = shape.kinds[name] if not isinstance(value, str) else _told(shape.kinds[name])
        words = fit(brief(kind, value, zone), wide, right=kind in NUMBERS)
        spans.append((" " + words, "dim" if gone else ""))
    changed = f.lately(instant(one.synced), zone, now, seconds=False)
    spans.append((" " + fit(changed, CHANGED - 1, right=True), "dim"))
    return cut(tuple(spans), cells)


def _told(kind: Kind) -> Kind:
    """How a text is shown that stands in a column of this kind: the name of its code, or an instant."""
    return kind if kind in {Kind.INSTANT, Kind.JSON} else Kind.TEXT
