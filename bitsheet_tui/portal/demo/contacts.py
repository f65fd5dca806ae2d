"""The contacts of the demo world (`apidocs.bitrix24.com crm.contact.fields`)."""

from bitsheet_tui.portal.demo.blueprint import (
    Blueprint,
    Peers,
    Raw,
    address,
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
from bitsheet_tui.portal.demo.words import FIRST, LAST, POSTS, SECOND

FIELDS = columns("""
ID integer! ID
HONORIFIC crm_status:HONORIFIC Salutation
NAME string+ First Name
SECOND_NAME string Middle Name
LAST_NAME string+ Last Name
PHOTO file Photo
BIRTHDATE date Birthdate
TYPE_ID crm_status:CONTACT_TYPE Contact Type
SOURCE_ID crm_status:SOURCE Source
SOURCE_DESCRIPTION string Additional Source Information
POST string Position
ADDRESS string Address
ADDRESS_2 string Address (Line 2)
ADDRESS_CITY string City
ADDRESS_POSTAL_CODE string Postal Code
ADDRESS_REGION string Region
ADDRESS_PROVINCE string Province
ADDRESS_COUNTRY string Country
ADDRESS_COUNTRY_CODE string? Country Code
ADDRESS_LOC_ADDR_ID integer Location Address ID
COMMENTS string Comment
OPENED char Available to All
EXPORT char Participates in Contact Export
HAS_PHONE char! Phone Set
HAS_EMAIL char! E-mail Set
HAS_IMOL char! Open Line Set
ASSIGNED_BY_ID user Responsible Person
CREATED_BY_ID user! Created By
MODIFY_BY_ID user! Modified By
DATE_CREATE datetime! Creation Date
DATE_MODIFY datetime! Modification Date
COMPANY_ID crm_company- Company
COMPANY_IDS crm_company*?
LEAD_ID crm_lead! Lead
ORIGINATOR_ID string External Source
ORIGIN_ID string Identifier in External Source
ORIGIN_VERSION string Original Version
UTM_SOURCE string Advertising System
UTM_MEDIUM string Traffic Type
UTM_CAMPAIGN string Campaign Identifier
UTM_CONTENT string Campaign Content
UTM_TERM string Campaign Search Condition
LAST_ACTIVITY_TIME datetime! Last Activity
LAST_ACTIVITY_BY user! Last Activity By
PHONE crm_multifield*~ Phone
EMAIL crm_multifield*~ E-mail
WEB crm_multifield*~ Website
IM crm_multifield*~ Messenger
LINK crm_multifield*~ LINK
""")


def blueprint(peers: Peers) -> Blueprint:
    """Contacts: most reachable, half of them of some company."""

    def constants(dice: Dice) -> Raw:
        return {
            "HONORIFIC": dice.maybe(0.1, "HNR_EN_2"),
            "NAME": dice.pick(FIRST),
            "SECOND_NAME": text_or_nothing(dice, 0.3, dice.pick(SECOND)),
            "LAST_NAME": text_or_nothing(dice, 0.9, dice.pick(LAST)),
            "PHOTO": dice.maybe(0.05, dice.number(100, 999)),
            "BIRTHDATE": dice.maybe(0.4, day(dice, peers.epoch, -25_000, -7_000)),
            "TYPE_ID": dice.pick(("CLIENT", "SUPPLIER", "PARTNER")),
            "SOURCE_ID": dice.pick(("CALL", "WEB", "EMAIL", "ADVERTISING", None)),
            "POST": text_or_nothing(dice, 0.5, dice.pick(POSTS)),
            **address(dice),
            "OPENED": dice.chance(0.8),
            "EXPORT": dice.chance(0.9),
            **origin(dice),
            "HAS_PHONE": dice.chance(0.9),
            "HAS_EMAIL": dice.chance(0.6),
            "HAS_IMOL": dice.chance(0.1),
            "_web": dice.chance(0.2),
            **people(dice, peers),
            "_company": dice.chance(0.5),
            "_lead": dice.chance(0.2),
            **customs(dice, peers),
        }

    return Blueprint(
        columns=FIELDS + CUSTOM,
        constants=constants,
        live={
            "ID": identity,
            "SOURCE_DESCRIPTION": lambda row, _: f"batch {row.bits % 977}",
            "DATE_CREATE": created,
            "DATE_MODIFY": changed,
            "LAST_ACTIVITY_TIME": changed,
            "COMPANY_ID": lambda row, c: peers.pick("companies", row.bits >> 8) if c["_company"] else 0,
            "LEAD_ID": lambda row, c: peers.pick("leads", row.bits >> 16) if c["_lead"] else None,
            "PHONE": contact_points("PHONE", "HAS_PHONE"),
            "EMAIL": contact_points("EMAIL", "HAS_EMAIL"),
            "IM": contact_points("IM", "HAS_IMOL"),
            "WEB": contact_points("WEB", "_web"),
        },
    )
