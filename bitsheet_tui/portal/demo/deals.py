"""The deals of the demo world (`apidocs.bitrix24.com crm.deal.fields`)."""

from decimal import Decimal

from bitsheet_tui.portal.demo.blueprint import (
    Blueprint,
    Numbered,
    Peers,
    Raw,
    amount,
    changed,
    created,
    customs,
    day,
    identity,
    origin,
    people,
    text_or_nothing,
)
from bitsheet_tui.portal.demo.columns import CUSTOM, columns
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.words import GOODS, REMARKS

FIELDS = columns("""
ID integer! ID
TITLE string Title
TYPE_ID crm_status:DEAL_TYPE Type
CATEGORY_ID crm_category= Sales Funnel
STAGE_ID crm_status:DEAL_STAGE Deal Stage
STAGE_SEMANTIC_ID string! Stage Group
IS_NEW char! New Deal
IS_RECURRING char Recurring Deal
IS_RETURN_CUSTOMER char Repeat Deal
IS_REPEATED_APPROACH char Repeated Approach
PROBABILITY integer Probability
CURRENCY_ID crm_currency Currency
OPPORTUNITY double Amount
IS_MANUAL_OPPORTUNITY char
TAX_VALUE double Tax Rate
COMPANY_ID crm_company Company
CONTACT_ID crm_contact- Contact
CONTACT_IDS crm_contact*? Contacts
QUOTE_ID crm_quote! Estimate
BEGINDATE date Start Date
CLOSEDATE date Close Date
OPENED char Available to All
CLOSED char Closed
COMMENTS string Comment
ASSIGNED_BY_ID user Responsible
CREATED_BY_ID user! Created By
MODIFY_BY_ID user! Modified By
MOVED_BY_ID user!
DATE_CREATE datetime! Creation Date
DATE_MODIFY datetime! Modification Date
MOVED_TIME datetime!
SOURCE_ID crm_status:SOURCE Source
SOURCE_DESCRIPTION string Additional Info about Source
LEAD_ID crm_lead! Lead
ADDITIONAL_INFO string Additional Information
LOCATION_ID location Location
ORIGINATOR_ID string External Source
ORIGIN_ID string Identifier in External Source
UTM_SOURCE string Advertising System
UTM_MEDIUM string Traffic Type
UTM_CAMPAIGN string Campaign Identifier
UTM_CONTENT string Campaign Content
UTM_TERM string Campaign Search Condition
LAST_ACTIVITY_TIME datetime!
LAST_ACTIVITY_BY user!
""")

STAGES = ("NEW", "PREPARATION", "EXECUTING", "WON", "LOSE")
SEMANTICS = {"WON": "S", "LOSE": "F"}


def stage(category: int, name: str) -> str:
    """The full stage id: stages of pipelines other than 0 carry its number."""
    return f"C{category}:{name}" if category else name


def blueprint(peers: Peers) -> Blueprint:
    """Deals in two pipelines; a few are templates of recurring ones."""

    def constants(dice: Dice) -> Raw:
        category, name = dice.pick((0, 0, 1)), dice.pick(STAGES)
        semantic = SEMANTICS.get(name, "P")
        return {
            "TYPE_ID": dice.pick(("SALE", "COMPLEX", "SERVICES")),
            "CATEGORY_ID": category,
            "STAGE_ID": stage(category, name),
            "STAGE_SEMANTIC_ID": semantic,
            "IS_NEW": name == "NEW",
            "IS_RECURRING": dice.chance(0.02),
            "IS_RETURN_CUSTOMER": dice.chance(0.2),
            "IS_REPEATED_APPROACH": dice.chance(0.1),
            "PROBABILITY": dice.maybe(0.5, dice.number(0, 100)),
            "CURRENCY_ID": dice.pick(("RUB", "EUR", "USD")),
            "IS_MANUAL_OPPORTUNITY": dice.chance(0.5),
            "TAX_VALUE": Decimal(dice.maybe(0.2, dice.number(0, 2000), 0)) / 100,
            "BEGINDATE": dice.maybe(0.9, day(dice, peers.epoch, -1000, 0)),
            "CLOSEDATE": dice.maybe(0.9, day(dice, peers.epoch, -900, 60)),
            "OPENED": dice.chance(0.8),
            "CLOSED": semantic != "P",
            **origin(dice),
            **people(dice, peers),
            "MOVED_BY_ID": peers.someone(dice),
            "SOURCE_ID": dice.pick(("CALL", "WEB", "EMAIL", "ADVERTISING", None)),
            "SOURCE_DESCRIPTION": text_or_nothing(dice, 0.1, dice.pick(REMARKS)),
            "_goods": dice.pick(GOODS),
            "_company": dice.chance(0.5),
            "_contact": dice.chance(0.7),
            "_lead": dice.chance(0.3),
            **customs(dice, peers),
        }

    return Blueprint(
        columns=FIELDS + CUSTOM,
        constants=constants,
        live={
            "ID": identity,
            "TITLE": Numbered(lambda c: f"{c['_goods']} #"),
            "OPPORTUNITY": amount,
            "DATE_CREATE": created,
            "DATE_MODIFY": changed,
            "MOVED_TIME": created,
            "LAST_ACTIVITY_TIME": changed,
            "COMPANY_ID": lambda row, c: peers.pick("companies", row.bits >> 8) if c["_company"] else 0,
            "CONTACT_ID": lambda row, c: peers.pick("contacts", row.bits >> 16) if c["_contact"] else None,
            "LEAD_ID": lambda row, c: peers.pick("leads", row.bits >> 24) if c["_lead"] else None,
        },
    )
