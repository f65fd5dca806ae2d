"""The contracts of the demo world: a smart process, which only crm.item.* can read, and hidden contractors.

`apidocs.bitrix24.com crm.item.fields`, `crm.type.list`.
"""

from bitsheet_tui.portal.demo.blueprint import (
    Blueprint,
    Numbered,
    Peers,
    Raw,
    amount,
    changed,
    created,
    day,
    identity,
)
from bitsheet_tui.portal.demo.columns import Column, columns
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.ids import BLOCK, Ids

TYPE_ID = 174  # the entity type
SEQUENCE = 5  # and its place among the smart processes, which names its custom fields
CONTRACTOR_CATEGORY = 1  # contacts of this category exist, but no legacy method shows them
_EVERY = 5  # one in so many of the ids that contacts left out is a contractor's

_STANDARD = columns("""
ID integer! ID
XML_ID string External code
TITLE string Name
CREATED_BY user! Created by
UPDATED_BY user! Updated by
MOVED_BY user! Moved by
CREATED_TIME datetime! Created at
UPDATED_TIME datetime! Updated at
MOVED_TIME datetime! Moved at
CATEGORY_ID crm_category Pipeline
OPENED char Publicly available
STAGE_ID crm_status:DYNAMIC_174_STAGE_9 Stage
PREVIOUS_STAGE_ID crm_status:DYNAMIC_174_STAGE_9! Previous stage
BEGINDATE date Start date
CLOSEDATE date End date
COMPANY_ID crm_company Company
CONTACT_ID crm_contact- Contact
OPPORTUNITY double Amount
IS_MANUAL_OPPORTUNITY char Amount calculation mode
TAX_VALUE double Tax amount
CURRENCY_ID crm_currency Currency
MYCOMPANY_ID crm_company Your company details
SOURCE_ID crm_status:SOURCE Source
SOURCE_DESCRIPTION text Additional source info
ASSIGNED_BY_ID user Assigned to
LAST_ACTIVITY_BY user! Last activity in timeline by
LAST_ACTIVITY_TIME datetime! Last activity
PARENT_ID_2 crm_entity Deal
""")
_CUSTOM = (
    Column(name="UF_CRM_5_1700000101", type="string", title="Number", custom=True, number=301),
    Column(name="UF_CRM_5_1700000102", type="boolean", title="Signed", custom=True, number=302),
)


def blueprint(peers: Peers) -> Blueprint:
    """Contracts, some of them of a deal."""

    def constants(dice: Dice) -> Raw:
        return {
            **dict.fromkeys(("CREATED_BY", "UPDATED_BY", "MOVED_BY"), peers.someone(dice)),
            "CATEGORY_ID": 9,
            "OPENED": dice.chance(0.9),
            "STAGE_ID": dice.pick(("DT174_9:NEW", "DT174_9:SUCCESS", "DT174_9:FAIL")),
            "BEGINDATE": dice.maybe(0.8, day(dice, peers.epoch, -900, 0)),
            "CLOSEDATE": dice.maybe(0.8, day(dice, peers.epoch, 0, 900)),
            "IS_MANUAL_OPPORTUNITY": dice.chance(0.5),
            "CURRENCY_ID": "EUR",
            "ASSIGNED_BY_ID": peers.someone(dice),
            "LAST_ACTIVITY_BY": peers.someone(dice),
            "UF_CRM_5_1700000101": dice.maybe(0.7, f"C-{dice.number(1, 999)}", ""),
            "UF_CRM_5_1700000102": dice.maybe(0.8, dice.chance(0.5)),
            "_company": dice.chance(0.8),
            "_deal": dice.chance(0.5),
        }

    return Blueprint(
        columns=_STANDARD + _CUSTOM,
        created="CREATED_TIME",
        changed="UPDATED_TIME",
        constants=constants,
        live={
            "ID": identity,
            "TITLE": Numbered(lambda _: "Contract #"),
            "CREATED_TIME": created,
            "UPDATED_TIME": changed,
            "MOVED_TIME": created,
            "LAST_ACTIVITY_TIME": changed,
            "OPPORTUNITY": amount,
            "COMPANY_ID": lambda row, c: peers.pick("companies", row.bits >> 8) if c["_company"] else 0,
            "PARENT_ID_2": lambda row, c: peers.pick("deals", row.bits >> 16) if c["_deal"] else None,
        },
    )


class Between(Ids):
    """Ids in the gaps of other ids: those of contacts that no legacy method shows."""

    def __init__(self, others: Ids, gap: int) -> None:
        self._offset = gap + 1
        super().__init__(others.last // (BLOCK * _EVERY), gap)

    def nth(self, index: int) -> int:
        """The id at `index`."""
        return index * BLOCK * _EVERY + self._offset

    def rank(self, id_: int) -> int:
        """How many of these ids are at most `id_`."""
        return max(0, min(self.base, (id_ - self._offset) // (BLOCK * _EVERY) + 1))

    def is_base(self, id_: int) -> bool:
        """Whether it is one of them."""
        return 0 < id_ <= self.last and (id_ - self._offset) % (BLOCK * _EVERY) == 0
