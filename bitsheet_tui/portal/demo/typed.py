"""A custom field of every documented type, single and multiple (`apidocs.bitrix24.com crm userfields`)."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from bitsheet_tui.portal.demo.blueprint import Peers, Raw, day
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.moments import day_text, iso

OPTIONS = ((61, "Red"), (62, "Green"), (63, "Синий"))
TYPES = (
    "string integer double date datetime boolean enumeration money url address file employee crm crm_status "
    "iblock_section iblock_element hlblock resourcebooking"
).split()


def _field(place: int, type_: str, *, multiple: bool) -> Column:
    number = 800 + 2 * place + multiple
    return Column(
        name=f"UF_CRM_1800000{number}",
        type=type_,
        title=f"{type_.replace('_', ' ').capitalize()}{' list' if multiple else ''}",
        custom=True,
        multiple=multiple,
        number=number,
        options=OPTIONS if type_ == "enumeration" else (),
    )


TYPED: Mapping[tuple[str, bool], Column] = {
    (type_, multiple): _field(place, type_, multiple=multiple)
    for place, type_ in enumerate(TYPES)
    for multiple in (False, True)
}


def typed(dice: Dice, peers: Peers) -> Raw:
    """A value of each of the fields, now and then none."""
    found: Raw = {}
    for type_ in TYPES:
        found[TYPED[type_, False].name] = dice.maybe(0.7, _single(type_, dice, peers))
        several = [_listed(type_, _single(type_, dice, peers)) for _ in range(dice.number(0, 3))]
        found[TYPED[type_, True].name] = several
    return found


def _single(type_: str, dice: Dice, peers: Peers) -> Any:
    """A raw value: see `columns.Column`."""
    number = dice.number(1, 900)
    at = peers.epoch - 3600 * number
    values: Mapping[str, Any] = {
        "string": f"note {number}",
        "date": day(dice, peers.epoch, -number, 0),
        "datetime": at,
        "boolean": number % 2 == 1,
        "enumeration": 61 + number % 3,
        "money": f"{number}.50|EUR",
        "url": f"https://shop.example/{number}?a=1&b=2",
        "address": f"Rosenweg {number}, Bonn|50.73{number};7.09{number}|{number}",
        "crm": f"CO_{number}",
        "crm_status": "WEB",
        "hlblock": str(number),
        "resourcebooking": [number, number + 1],
    }
    return values.get(type_, number)


def _listed(type_: str, value: Any) -> Any:
    """What stands in a list is what the portal's JSON holds: see `kinds.truth`."""
    if type_ == "date":
        return day_text(value, UTC)
    if type_ == "datetime":
        return iso(value, UTC)
    if type_ == "boolean":
        return "1" if value else "0"
    return str(value) if type_ in ("integer", "double", "employee") else value
