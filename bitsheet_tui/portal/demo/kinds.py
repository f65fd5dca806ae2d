"""How each type of field is written by each family of methods, and what it truly holds.

Families: `crm` (crm.lead.list and its like: everything a string), `item` (crm.item.*: real numbers),
`task` (tasks.task.*: strings, the user's time zone), `user` (user.get and department.get: what is empty
is left out). Shapes per family: `apidocs.bitrix24.com crm.deal.get`, `crm.item.get`, `tasks.task.list`,
`user.get`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from msgspec import Struct

from bitsheet_tui.portal.demo.columns import NUMBERS, REFERENCES, Column
from bitsheet_tui.portal.demo.moments import Stamper, day_text, local_day_text
from bitsheet_tui.portal.demo.php import encode, intval

ABSENT: Any = object()  # a value whose key is left out


class Spelt(Struct, frozen=True):
    """A value that is no value of its column's type, written as it is. What it truly means: nothing."""

    json: Any


class Pen(Struct, frozen=True):
    """Writes raw values as JSON for one family of methods."""

    family: str
    zone: tzinfo  # the server's
    stamp: Stamper
    files: str = ""  # where files are downloaded; it contains the webhook, as on real portals
    nothing_in_lists: Any = False  # what an empty list of a custom field is

    def write(self, column: Column, raw: Any) -> bytes | None:
        """The JSON text of a value, None when its key is to be left out."""
        value = self.value(column, raw)
        return None if value is ABSENT else encode(value)

    def writer(self, column: Column) -> Callable[[Any], bytes]:
        """`write` for one column whose values are never None, as fast as it can be."""
        if column.type in ("crm_multifield", "crm_activity_communication"):
            return encode
        quick = None if column.multiple or column.form else self._quick(column.type)
        return quick or (lambda raw: encode(self.value(column, raw)))

    def _quick(self, type_: str) -> Callable[[Any], bytes] | None:
        if self.family != "item" and type_ in NUMBERS:
            return b'"%d"'.__mod__
        if self.family == "crm" and type_ == "double":
            return lambda raw: f'"{raw:.2f}"'.encode()
        known: Mapping[str, Callable[[Any], bytes]] = {
            "datetime": self.stamp,
            "string": encode,
            "int": b"%d".__mod__,
        }
        return known.get(type_)

    def value(self, column: Column, raw: Any) -> Any:
        """The JSON value; ABSENT when its key is to be left out."""
        if isinstance(raw, Spelt):
            return raw.json
        if column.type == "crm_multifield":
            return raw or ABSENT
        if column.multiple:
            return self._list(column, raw)
        if raw is None or (self.family == "user" and raw in (0, []) and column.type in REFERENCES):
            return self._nothing(column)
        if self._forms(column):
            return _FORMS[column.form](raw)
        write = _WRITERS.get(column.type)
        return write(self, column, raw) if write else str(raw)

    def _forms(self, column: Column) -> bool:
        """Whether values of it are printed in another form than its type's."""
        return self.family == "crm" and column.form in _FORMS

    def _list(self, column: Column, raw: Any) -> Any:
        if not raw:
            return self.nothing_in_lists if column.custom else []
        if column.type in REFERENCES and not column.custom:
            return [str(item) for item in raw]
        if self._forms(column):
            return [_FORMS[column.form](item) for item in raw]
        write = _WRITERS.get(column.type)
        if column.type == "enumeration" or write is None:  # whole numbers here, strings when single
            return list(raw)
        return [write(self, column, item) for item in raw]

    def _nothing(self, column: Column) -> Any:
        if column.type in _EMPTY_TEXTS.get(self.family, ()):
            return ""
        return ABSENT if self.family == "user" else None


# the forms that a column may have; those of _LESS tell less than their type's does
_LESS: Mapping[str, Callable[[Any], Any]] = {
    "amount": lambda raw: raw.partition("|")[0],  # money without its currency
    "text": lambda raw: raw.partition("|")[0],  # an address without its place
    "bare": lambda raw: raw.rpartition("_")[2],  # 5 instead of CO_5
}
_FORMS: Mapping[str, Callable[[Any], Any]] = {
    **_LESS,
    "bool": lambda raw: raw in (True, "1"),
    "number": int,
}
UTC_DAY = "utc"  # of a date of users: printed as the CRM does


_EMPTY_TEXTS = {"crm": ("date", "datetime", "money", "crm"), "user": ("date", "datetime")}


def _number(pen: Pen, column: Column, raw: Any) -> Any:
    return raw if pen.family == "item" or column.type == "int" else str(raw)


def _double(pen: Pen, column: Column, raw: Any) -> Any:
    if pen.family == "item":
        number = float(raw)
        return int(number) if number.is_integer() else number
    return str(raw) if column.custom else f"{raw:.2f}"


def _flag(pen: Pen, column: Column, raw: Any) -> Any:
    if not isinstance(raw, bool):
        return str(raw)
    if column.type == "boolean" and pen.family == "crm":
        return "1" if raw else "0"
    return "Y" if raw else "N"


def _instant(pen: Pen, _column: Column, raw: Any) -> Any:
    return pen.stamp(raw)[1:-1].decode() if isinstance(raw, int) else str(raw)


def _day(pen: Pen, column: Column, raw: Any) -> Any:
    """The vendor's page for `user.get` prints midnight of the portal's own time, the CRM midnight in UTC."""
    if not isinstance(raw, date):
        return str(raw)
    local = pen.family == "user" and column.form != UTC_DAY
    return local_day_text(raw, pen.zone) if local else day_text(raw, pen.zone)


def _file(pen: Pen, column: Column, raw: Any) -> Any:
    show = f"/bitrix/components/bitrix/crm.show/file.php?fieldName={column.name}&fileId={raw}"
    return {"id": raw, "showUrl": show, "downloadUrl": f"{pen.files}{column.name}&fileId={raw}"}


def _as_is(_pen: Pen, _column: Column, raw: Any) -> Any:
    return raw


def _void(_pen: Pen, _column: Column, _raw: Any) -> Any:
    return {}  # an object of PHP that JSON does not show


_WRITERS: Mapping[str, Callable[[Pen, Column, Any], Any]] = {
    **dict.fromkeys(NUMBERS | {"int", "enumeration"}, _number),
    "double": _double,
    "char": _flag,
    "boolean": _flag,
    "datetime": _instant,
    "date": _day,
    "file": _file,
    "object": _as_is,
    "resourcebooking": _as_is,
    "bool": _as_is,
    "sort": _as_is,
    "void": _void,
}


def truth(column: Column, raw: Any) -> Any:
    """What a raw value means, free of any spelling: see `World.truth`."""
    if raw is None or isinstance(raw, Spelt) or raw in ("", [], {}) or column.type == "void":
        return None
    if column.multiple:
        form = _FORMS.get(column.form)
        return [form(item) if form else _plain(column, item) for item in raw]
    if column.form in _LESS:
        return _LESS[column.form](raw)
    if column.type in REFERENCES or column.type == "int":
        return raw or None
    return _plain(column, raw)


def _plain(column: Column, raw: Any) -> Any:
    if column.type == "datetime" and isinstance(raw, int):
        moment = datetime.fromtimestamp(raw, UTC)
        return moment if moment.year < 9999 else None  # a deadline in 9999 is no deadline
    return {"id": raw} if column.type == "file" else raw


def raw(column: Column, value: Any) -> Any:
    """The raw form of a value given by a test, which may spell it as a request would."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    if value is None or column.multiple or isinstance(value, bool | Spelt):
        return value
    cast = _RAW.get(column.type)
    return cast(value) if cast else value


def _raw_day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _raw_instant(value: Any) -> Any:
    return int(datetime.fromisoformat(value).timestamp()) if isinstance(value, str) else value


_RAW: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(NUMBERS | {"int", "sort", "enumeration", "file"}, intval),
    "double": lambda value: Decimal(str(value)),
    **dict.fromkeys(("char", "boolean", "bool"), lambda value: value in ("Y", "1", 1)),
    "date": _raw_day,
    "datetime": _raw_instant,
}
