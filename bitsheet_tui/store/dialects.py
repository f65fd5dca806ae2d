"""What the two databases spell differently: column types, parameters, and the values themselves.

A value that was read back equals the value that was written, in Python's own sense of `==`, so that rows can
be compared as tuples:

    kind       PostgreSQL                 SQLite
    INSTANT    TIMESTAMPTZ, datetime      TEXT, '2024-08-30T12:29:00+00:00'
    DATE       DATE, date                 DATE, '2024-08-30'
    NUMERIC    NUMERIC, Decimal           NUMERIC, int or float (15 digits: SQLite has no more)
    BOOLEAN    BOOLEAN, bool              BOOLEAN, 0 or 1
    JSON       JSONB, canonical text      TEXT, canonical text
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec import Struct

from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.store import values

Convert = Callable[[Any], Any]
FILES = frozenset({"file", "diskfile", "disk_file"})
MOMENTS = frozenset({"datetime", "instant", "date"})


class Dialect(Struct, frozen=True, kw_only=True):
    """One database's way to say things."""

    name: str
    mark: str  # a parameter in SQL
    types: Mapping[Kind, str]
    encoders: Mapping[Kind, Convert]  # from the value it means to the value that is written and read back
    decoders: Mapping[Kind, Convert]  # and back to the value it means, of those that are spelt otherwise
    plain_number: Callable[[str], Any]  # of a text of at most 15 digits; raises ValueError
    widest: int  # columns a table may have
    one_of: str  # what stands behind a column that is one of many keys, which are one parameter: see `keys`
    keys: Convert  # of a list of keys, that parameter
    at_once: int  # rows that are opened, compared and written together
    member: str  # of the document {}, whose name is a parameter: its value
    copies: bool = False  # whether COPY FROM STDIN is understood
    roomy: int | None = None  # columns of which a row always fits, however long its values; None: any number

    def encode(self, kind: Kind, value: Any) -> Any:
        """`value`, as `values` gives it, for this database."""
        encoder = self.encoders.get(kind)
        return value if value is None or encoder is None else encoder(value)

    def converter(self, field: Field, zone: tzinfo | None = None) -> Convert:
        """From what the portal says to what this database is given; `zone`: see `values.instant`."""
        read = reader(field, zone)
        encoder = self.encoders.get(field.kind)
        if encoder is None:
            return read

        def convert(raw: Any) -> Any:
            value = read(raw)
            return None if value is None else encoder(value)

        return convert

    def marks(self, count: int) -> str:
        """`count` parameters with commas between."""
        return ",".join([self.mark] * count)


def reader(field: Field, zone: tzinfo | None = None) -> Convert:
    """How the values of one field are read; `zone`: see `values.instant`."""
    if field.rule and field.kind is Kind.TEXT:
        return _one_spelling(field, zone)
    if field.kind is Kind.INSTANT and zone is not None:
        return partial(values.instant, zone=zone)
    if field.kind is Kind.JSON and (field.type.lower() in FILES or field.name == "FILES"):
        return values.file
    return values.READERS[field.kind]


def _one_spelling(field: Field, zone: tzinfo | None) -> Convert:
    """A text that is the same whenever the value is: of it a hash is made (see `privacy`).

    The portal prints a moment with the offset of the day, and a file with links that are always new.
    """
    type_ = field.type.lower()
    if type_ in FILES or field.name == "FILES":
        return values.file
    if type_ not in MOMENTS:
        return values.text
    read = values.day if type_ == "date" else partial(values.instant, zone=zone)

    def convert(raw: Any) -> Any:
        value = read(raw)
        return None if value is None else value.isoformat()

    return convert


def quote(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _number(value: Decimal) -> int | float:
    """What SQLite makes of a decimal in a column of NUMERIC affinity (sqlite.org/datatype3.html)."""
    number = float(value)
    if abs(number) < 2**53:
        return int(number) if number.is_integer() else number
    if value == value.to_integral_value() and abs(value) <= values.LARGEST:
        return int(value)
    return number


def _decimal(number: float) -> Decimal:
    """The number with the fewest digits that SQLite keeps so."""
    return Decimal(repr(number))


def _plain_number(text: str) -> int | float:
    """The same for a text of at most 15 digits."""
    number = float(text)
    return int(number) if number.is_integer() else number


SQLITE = Dialect(
    name="sqlite",
    mark="?",
    types={
        Kind.INTEGER: "INTEGER",
        Kind.REFERENCE: "INTEGER",
        Kind.NUMERIC: "NUMERIC",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.INSTANT: "TEXT",
        Kind.DATE: "DATE",
        Kind.JSON: "TEXT",
        Kind.TEXT: "TEXT",
    },
    encoders={
        Kind.NUMERIC: _number,
        Kind.BOOLEAN: int,
        Kind.INSTANT: datetime.isoformat,
        Kind.DATE: date.isoformat,
    },
    decoders={
        Kind.NUMERIC: _decimal,
        Kind.BOOLEAN: bool,
        Kind.INSTANT: datetime.fromisoformat,
        Kind.DATE: date.fromisoformat,
    },
    plain_number=_plain_number,
    widest=1900,
    one_of="IN (SELECT value FROM json_each(?))",  # one statement to prepare, however many keys
    keys=json.dumps,
    member="(SELECT value FROM json_each({}) WHERE key = ?)",
    at_once=50,  # more are not faster, and take more memory than all the rest of the program
)
POSTGRESQL = Dialect(
    name="postgresql",
    mark="%s",
    types={
        Kind.INTEGER: "BIGINT",
        Kind.REFERENCE: "BIGINT",
        Kind.NUMERIC: "NUMERIC",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.INSTANT: "TIMESTAMPTZ",
        Kind.DATE: "DATE",
        Kind.JSON: "JSONB",
        Kind.TEXT: "TEXT",
    },
    encoders={},
    decoders={},
    plain_number=Decimal,
    widest=1500,
    one_of="= ANY(%s)",
    keys=list,
    member="({} ->> %s)",
    at_once=500,  # a round trip and a COPY cost the same for few and for many
    copies=True,
    roomy=250,  # 8160 bytes, of which a value takes 25 and up to 7 of alignment: see `overflow`
)
