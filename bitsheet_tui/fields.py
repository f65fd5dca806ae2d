"""What a field of the portal holds: its kind, its title, and the column it becomes."""

from enum import StrEnum

from msgspec import Struct

WHOLE = ""  # where a row as a whole is meant instead of one of its fields
TOO_BIG = "too big to be read"  # how the reason of what could not be read begins


class Kind(StrEnum):
    """The meaning of a value. It decides the SQL type and how each spelling of it is read."""

    INTEGER = "integer"  # 0 is a number
    REFERENCE = "reference"  # the id of something; 0 means nobody
    NUMERIC = "numeric"
    BOOLEAN = "boolean"  # Y/N, 1/0, true/false
    INSTANT = "instant"  # a moment, kept in UTC
    DATE = "date"  # a calendar day; the portal prints its 00:00Z in some offset
    JSON = "json"  # lists, objects, files, multi-values
    TEXT = "text"


class Field(Struct, frozen=True, kw_only=True):
    """One field of a portal table.

    `name` is the request spelling in UPPER_SNAKE, `column` its SQL name.
    """

    name: str
    kind: Kind
    title: str = ""
    type: str = ""  # the portal's own word for it
    multiple: bool = False
    values: tuple[tuple[str, str], ...] = ()  # (id, text) of an enumeration
    rule: str = ""  # how its values are kept from being read: see `privacy`

    @property
    def column(self) -> str:
        """The SQL name before any shortening the database needs."""
        return self.name.lower()
