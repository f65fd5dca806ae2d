"""One record, a line for each field: the portal's label, the value, what its code stands for."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

from bitsheet_tui.fields import Kind
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.line import Line, cut, fit
from bitsheet_tui.ui.values import LONG, brief, pretty
from bitsheet_tui.ui.values import whole as all_of

if TYPE_CHECKING:
    from bitsheet_tui.store.record import Entry, Record


def label(entry: Entry) -> str:
    """The portal's label and the name of the column."""
    title, column = plain(entry.column.field.title, 80), plain(entry.column.name, 80)
    return f"{title}  {column}" if title and title.lower() != column else column


def field(entry: Entry, columns: int, zone: tzinfo | None) -> Line:
    """` Deal stage   stage_id     C1:NEW  New`."""
    wide = max(12, min(30, (columns - 40) // 2))
    title, name = plain(entry.column.field.title, wide), plain(entry.column.name, 60)
    if title.lower() == name and "_" in name:  # the portal has no word for it
        title = ""
    retired = "  " + t("not in the portal any more") if entry.column.retired else ""
    empty = entry.value is None
    value = f.UNKNOWN if empty else brief(entry.column.field.kind, entry.value, zone)
    style = "dim" if empty else ""
    spans: Line = (
        (" " + fit(title, wide - 2), style),
        (" " + fit(name, wide + 3), "dim"),  # names are long, and cut they are no names
        (f" {value}", style or "strong"),
        (f"  {plain(entry.name)}" if entry.name else "", "hint"),
        (retired, "wait"),
        (f"  {t('in quarantine: {value}', value=_waiting(entry, 60))}" if entry.waiting else "", "wait"),
    )
    return cut(spans, columns)


def whole(entry: Entry, zone: tzinfo | None) -> list[str]:
    """All of a value, and what it stands for."""
    if entry.waiting:
        reason = plain(retold(entry.waiting.reason), 200)
        return [t("in quarantine: {value}", value=_waiting(entry, LONG)), reason]
    rows = all_of(entry.column.field.kind, entry.value, zone)
    return [*rows, plain(entry.name)] if entry.name else rows


def copied(entry: Entry, zone: tzinfo | None) -> list[str]:
    """The value for the clipboard; of JSON its parts are joined, so that it stays JSON on one line."""
    rows = whole(entry, zone)
    document = entry.column.field.kind is Kind.JSON and not entry.waiting
    return [" ".join(row.strip() for row in rows)] if document else rows


def _waiting(entry: Entry, cells: int) -> str:
    """What the portal says, as it spells it."""
    value = entry.waiting.value if entry.waiting else None
    return f.UNKNOWN if value is None else plain(value, cells)


def raw(found: Record) -> list[str]:
    """Every column with what the database has in it, then the portal's own JSON."""
    values = {str(entry.column.name): entry.value for entry in found.entries}
    rows = [t("as the database has it"), ""]
    for column, value in {**values, "_synced_at": found.synced_at, "_deleted_at": found.deleted_at}.items():
        rows.append(f"{column} = {'NULL' if value is None else plain(value, LONG)}")
    if found.extra is not None:
        rows += ["", t("extra"), "", *pretty(found.extra)]
    if found.raw is not None:
        return [*rows, "", t("as the portal gave it"), "", *pretty(found.raw)]
    return [*rows, "", t("The portal's own JSON is kept where store.keep_raw is true.")]
