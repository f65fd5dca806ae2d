"""The leads of the demo world (`apidocs.bitrix24.com crm.lead.fields`)."""

from decimal import Decimal

from bitsheet_tui.portal.demo.blueprint import (
    Blueprint,
    Numbered,
    Peers,
    Raw,
    address,
    amount,
    changed,
    contact_points,
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
from bitsheet_tui.portal.demo.words import COMPANY_WORDS, FIRST, GOODS, LAST, POSTS, REMARKS, SECOND

FIELDS = columns("""
ID integer! ID
TITLE string Lead Title
HONORIFIC crm_status:HONORIFIC Salutation
NAME string First Name
SECOND_NAME string Middle Name
LAST_NAME string Last Name
BIRTHDATE date Birthdate
COMPANY_TITLE string Company Name
SOURCE_ID crm_status:SOURCE Source
SOURCE_DESCRIPTION string Source Description
STATUS_ID crm_status:STATUS Stage
STATUS_DESCRIPTION string Stage Description
STATUS_SEMANTIC_ID string! Status Semantic
POST string Position
ADDRESS string Address
ADDRESS_2 string Address (Line 2)
ADDRESS_CITY string City
ADDRESS_POSTAL_CODE string Postal Code
ADDRESS_REGION string Region
ADDRESS_PROVINCE string Province
ADDRESS_COUNTRY string Country
ADDRESS_COUNTRY_CODE string Country Code
ADDRESS_LOC_ADDR_ID integer Location Address ID
CURRENCY_ID crm_currency Currency
OPPORTUNITY double Amount
IS_MANUAL_OPPORTUNITY char
OPENED char Available to All
COMMENTS string Comments
HAS_PHONE char! Phone Provided
HAS_EMAIL char! Email Provided
HAS_IMOL char! Open Line Assigned
ASSIGNED_BY_ID user Responsible User
CREATED_BY_ID user! Created By
MODIFY_BY_ID user! Modified By
MOVED_BY_ID user!
DATE_CREATE datetime! Creation Date
DATE_MODIFY datetime! Modification Date
MOVED_TIME datetime!
COMPANY_ID crm_company Company
CONTACT_ID crm_contact- Contact
CONTACT_IDS crm_contact*?
IS_RETURN_CUSTOMER char! Returning Lead
DATE_CLOSED datetime! Closing Date
ORIGINATOR_ID string External Source
ORIGIN_ID string Identifier in External Source
UTM_SOURCE string Advertising System
UTM_MEDIUM string Traffic Type
UTM_CAMPAIGN string Campaign Identifier
UTM_CONTENT string Campaign Content
UTM_TERM string Campaign Search Term
LAST_ACTIVITY_TIME datetime!
LAST_ACTIVITY_BY user!
PHONE crm_multifield*~ Phone
EMAIL crm_multifield*~ E-mail
WEB crm_multifield*~ Website
IM crm_multifield*~ Messenger
LINK crm_multifield*~ LINK
""")


def blueprint(peers: Peers) -> Blueprint:
    """Leads: half of them closed, some with a company or a contact."""

    def constants(dice: Dice) -> Raw:
        status, semantic = dice.pick(
            (("NEW", "P"), ("NEW", "P"), ("IN_PROCESS", "P"), ("CONVERTED", "S"), ("JUNK", "F"))
        )
        return {
            "HONORIFIC": dice.maybe(0.1, "HNR_EN_1"),
            "NAME": dice.pick(FIRST),
            "SECOND_NAME": text_or_nothing(dice, 0.2, dice.pick(SECOND)),
            "LAST_NAME": text_or_nothing(dice, 0.8, dice.pick(LAST)),
            "BIRTHDATE": dice.maybe(0.2, day(dice, peers.epoch, -25_000, -7_000)),
            "COMPANY_TITLE": text_or_nothing(dice, 0.3, dice.pick(COMPANY_WORDS)),
            "SOURCE_ID": dice.pick(("CALL", "WEB", "EMAIL", "ADVERTISING")),
            "SOURCE_DESCRIPTION": dice.maybe(0.1, dice.pick(REMARKS)),
            "STATUS_ID": status,
            "STATUS_SEMANTIC_ID": semantic,
            "POST": dice.maybe(0.2, dice.pick(POSTS)),
            **address(dice),
            "CURRENCY_ID": dice.pick(("RUB", "EUR", "USD")),
            "IS_MANUAL_OPPORTUNITY": dice.chance(0.5),
            "OPENED": dice.chance(0.8),
            **origin(dice),
            "HAS_PHONE": dice.chance(0.7),
            "HAS_EMAIL": dice.chance(0.5),
            "HAS_IMOL": dice.chance(0.1),
            "_web": dice.chance(0.2),
            **people(dice, peers),
            "MOVED_BY_ID": peers.someone(dice),
            "IS_RETURN_CUSTOMER": dice.chance(0.1),
            "_goods": dice.pick(GOODS),
            "_priced": dice.chance(0.8),
            "_company": dice.chance(0.3),
            "_contact": dice.chance(0.3),
            **customs(dice, peers),
        }

    return Blueprint(
        columns=FIELDS + CUSTOM,
        constants=constants,
        live={
            "ID": identity,
            "TITLE": Numbered(lambda c: f"{c['_goods']} #"),
            "OPPORTUNITY": lambda row, c: amount(row, c) if c["_priced"] else Decimal(0),
            "DATE_CREATE": created,
            "DATE_MODIFY": changed,
            "MOVED_TIME": changed,
            "DATE_CLOSED": lambda row, c: row.changed if c["STATUS_SEMANTIC_ID"] != "P" else None,
            "LAST_ACTIVITY_TIME": changed,
            "COMPANY_ID": lambda row, c: peers.pick("companies", row.bits >> 8) if c["_company"] else 0,
            "CONTACT_ID": lambda row, c: peers.pick("contacts", row.bits >> 16) if c["_contact"] else None,
            "PHONE": contact_points("PHONE", "HAS_PHONE"),
            "EMAIL": contact_points("EMAIL", "HAS_EMAIL"),
            "IM": contact_points("IM", "HAS_IMOL"),
            "WEB": contact_points("WEB", "_web"),
        },
    )
