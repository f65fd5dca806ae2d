"""What a table's rows are made of: constants shared by a few hundred variants, and what differs by id."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.ids import Ids
from bitsheet_tui.portal.demo.words import (
    CAMPAIGNS,
    CITIES,
    COUNTRIES,
    REMARKS,
    STREETS,
)

VARIANTS = 251
SPAN = 3 * 365 * 86_400  # the base rows were created within this many seconds before the epoch
BOUND = 7 * 86_400  # and changed last within this many seconds after their creation
QUIET = 3_600  # nobody changed anything in the last seconds before the epoch


class Row(NamedTuple):
    """What every value of a base row follows from."""

    id: int
    created: int  # unix seconds
    changed: int
    bits: int  # 64 well-stirred ones


Raw = dict[str, Any]


def identity(row: Row, _constants: Raw) -> int:
    """The row's id."""
    return row.id


def created(row: Row, _constants: Raw) -> int:
    """When the row was made."""
    return row.created


def changed(row: Row, _constants: Raw) -> int:
    """When the row was changed last."""
    return row.changed


class Numbered(Struct, frozen=True):
    """A text of constants with the row's id at its end."""

    words: Callable[[Raw], str]

    def __call__(self, row: Row, constants: Raw) -> str:
        """The text of one row."""
        return f"{self.words(constants)}{row.id}"


Live = Mapping[str, Callable[[Row, Raw], Any]]


class Blueprint(Struct, frozen=True, kw_only=True):
    """How the rows of one table come to be.

    Whether a multi-field is there at all must be a question of the constants alone, so that all rows of
    one variant have the same keys.
    """

    columns: tuple[Column, ...]
    constants: Callable[[Dice], Raw]
    live: Live
    created: str = "DATE_CREATE"
    changed: str = "DATE_MODIFY"  # the field that moves when a row changes; "" when there is none
    key: str = "ID"


class Peers(Struct, frozen=True):
    """The other tables, for rows that point at them."""

    ids: Mapping[str, Ids]
    epoch: int
    forum_only: bool = False  # tasks have no chats

    def pick(self, table: str, bits: int) -> int:
        """The id of a base row of that table; 0 when it has none."""
        ids = self.ids[table]
        return ids.nth(bits % ids.base) if ids.base else 0

    def someone(self, dice: Dice) -> int:
        """A user, now and then a bot that user.get does not show."""
        ids = self.ids["users"]
        return BOT if dice.chance(0.02) else ids.nth(dice.number(0, max(ids.base - 1, 0)))


BOT = 7  # the id that user.get leaves out (bots are never listed)


def money(dice: Dice) -> Decimal:
    """An amount with cents, now and then none."""
    return Decimal(dice.number(0, 9_999_900) * dice.maybe(0.9, 1, 0)) / 100


def amount(row: Row, _constants: Raw) -> Decimal:
    """An amount that differs by row."""
    return Decimal(row.bits % 10_000_000) / 100


def day(dice: Dice, epoch: int, low: int, high: int) -> date:
    """A calendar day between `low` and `high` days from the epoch."""
    return datetime.fromtimestamp(epoch, UTC).date() + timedelta(days=dice.number(low, high))


def text_or_nothing(dice: Dice, share: float, value: str) -> str | None:
    """A text, or one of the two ways the portal has of saying there is none."""
    return dice.maybe(share, value, dice.pick(("", None)))


def address(dice: Dice, prefix: str = "ADDRESS") -> Raw:
    """The fields of an address, mostly without one."""
    if not dice.chance(0.3):
        return {}
    return {
        prefix: f"{dice.pick(STREETS)} {dice.number(1, 99)}",
        f"{prefix}_CITY": dice.pick(CITIES),
        f"{prefix}_POSTAL_CODE": str(dice.number(10_000, 99_999)),
        f"{prefix}_COUNTRY": dice.pick(COUNTRIES),
        f"{prefix}_LOC_ADDR_ID": dice.number(1, 500),
    }


def origin(dice: Dice) -> Raw:
    """Where a row came from: mostly nowhere special."""
    campaign = {"UTM_SOURCE": "google", "UTM_MEDIUM": "CPC", "UTM_CAMPAIGN": dice.pick(CAMPAIGNS)}
    remark = dice.maybe(0.3, dice.pick(REMARKS))
    return {"COMMENTS": remark, **(campaign if dice.chance(0.2) else {})}


def people(dice: Dice, peers: Peers) -> Raw:
    """Who owns, made and changed a row."""
    names = ("ASSIGNED_BY_ID", "CREATED_BY_ID", "MODIFY_BY_ID", "LAST_ACTIVITY_BY")
    return {name: peers.someone(dice) for name in names}


def customs(dice: Dice, peers: Peers) -> Raw:
    """Values of the custom fields every CRM table has; None wherever it is empty."""
    return {
        "UF_CRM_1700000001": text_or_nothing(dice, 0.4, f"FW-{dice.number(100, 999)}/{dice.number(1, 9)}"),
        "UF_CRM_1700000002": dice.maybe(0.3, dice.number(0, 400)),
        "UF_CRM_1700000003": dice.maybe(0.3, Decimal(dice.number(0, 5000)) / 100),
        "UF_CRM_1700000004": dice.maybe(0.7, dice.chance(0.5)),
        "UF_CRM_1700000005": dice.maybe(0.5, dice.number(41, 44)),
        "UF_CRM_1700000006": [id_ for id_ in range(51, 55) if dice.chance(0.2)],
        "UF_CRM_1700000007": dice.maybe(0.3, day(dice, peers.epoch, -900, 90)),
        "UF_CRM_1700000008": dice.maybe(0.3, peers.epoch + 60 * dice.number(-500_000, 20_000)),
        "UF_CRM_1700000009": dice.maybe(0.3, f"{dice.number(1, 9999)}|{dice.pick(('EUR', 'RUB'))}"),
        "UF_CRM_1700000010": dice.maybe(0.2, f"CO_{peers.pick('companies', dice.number(0, 99_999))}"),
        "UF_CRM_1700000011": dice.maybe(0.3, peers.someone(dice), dice.pick((None, 0))),
        "UF_CRM_1700000012": dice.maybe(0.1, dice.number(1000, 9999)),
        "UF_CRM_1700000013": [word for word in ("vip", "a & b", "опт") if dice.chance(0.15)],
    }


_POINTS: Mapping[str, tuple[int, str]] = {  # a type's place among a row's points, and what they look like
    "PHONE": (1, "+7912{number:07}"),
    "EMAIL": (2, "mail{id}.{number}@example.com"),
    "WEB": (3, "https://shop{id}.example/"),
    "IM": (4, "imol|livechat|1|{id}|{number}"),
}


def contact_points(type_: str, share_of: str) -> Callable[[Row, Raw], Any]:
    """The phones or addresses of a row, as the JSON list the portal gives, if `share_of` says it has any.

    Their own ids are unique in their table: eight are set aside for each row.
    """
    place, pattern = _POINTS[type_]

    def value(row: Row, constants: Raw) -> Any:
        if not constants[share_of]:
            return None
        text = pattern.format(id=row.id, number=row.bits % 9_000_000)
        kind = "WORK" if row.bits & 1 else "HOME"
        return [{"ID": str(row.id * 8 + place), "VALUE_TYPE": kind, "VALUE": text, "TYPE_ID": type_}]

    return value
