"""The companies of the demo world (`apidocs.bitrix24.com crm.company.fields`)."""

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
    identity,
    origin,
    people,
)
from bitsheet_tui.portal.demo.columns import CUSTOM, columns
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.typed import TYPED, typed
from bitsheet_tui.portal.demo.words import COMPANY_FORMS, COMPANY_WORDS

FIELDS = columns("""
ID integer! ID
TITLE string+ Company Name
COMPANY_TYPE crm_status:COMPANY_TYPE Company Type
LOGO file Logo
ADDRESS string Physical Address
ADDRESS_2 string Address (line 2)
ADDRESS_CITY string City
ADDRESS_POSTAL_CODE string Postal Code
ADDRESS_REGION string Region
ADDRESS_PROVINCE string Province
ADDRESS_COUNTRY string Country
ADDRESS_COUNTRY_CODE string Country Code
ADDRESS_LOC_ADDR_ID integer Location Address ID
ADDRESS_LEGAL string Legal Address
REG_ADDRESS string Legal Address
REG_ADDRESS_2 string Legal Address (line 2)
REG_ADDRESS_CITY string Legal Address City
REG_ADDRESS_POSTAL_CODE string Legal Address Postal Code
REG_ADDRESS_REGION string Legal Address Region
REG_ADDRESS_PROVINCE string Legal Address Province
REG_ADDRESS_COUNTRY string Legal Address Country
REG_ADDRESS_COUNTRY_CODE string Legal Address Country Code
REG_ADDRESS_LOC_ADDR_ID integer Legal Address Location ID
BANKING_DETAILS string Banking Details
INDUSTRY crm_status:INDUSTRY Industry
EMPLOYEES crm_status:EMPLOYEES Number of Employees
CURRENCY_ID crm_currency Currency
REVENUE double Annual Revenue
OPENED char Available to Everyone
COMMENTS string Comment
HAS_PHONE char! Phone Set
HAS_EMAIL char! E-mail Set
HAS_IMOL char! Open Line Set
IS_MY_COMPANY char My Company
ASSIGNED_BY_ID user Responsible Person
CREATED_BY_ID user! Created By
MODIFY_BY_ID user! Modified By
DATE_CREATE datetime! Creation Date
DATE_MODIFY datetime! Modification Date
CONTACT_ID crm_contact*? Contact
LEAD_ID crm_lead! Lead
ORIGINATOR_ID string External Source
ORIGIN_ID string Identifier in External Source
ORIGIN_VERSION string Original Version
UTM_SOURCE string Advertising System
UTM_MEDIUM string Traffic Type
UTM_CAMPAIGN string Campaign Identifier
UTM_CONTENT string Campaign Content
UTM_TERM string Campaign Search Term
PARENT_ID_174 crm_entity Contract
LAST_ACTIVITY_TIME datetime Last Activity Time
LAST_ACTIVITY_BY user Last Activity Author
LAST_COMMUNICATION_TIME string! Last Communication Date
PHONE crm_multifield*~ Phone
EMAIL crm_multifield*~ E-mail
WEB crm_multifield*~ Website
IM crm_multifield*~ Messenger
LINK crm_multifield*~ LINK
""")


def blueprint(peers: Peers) -> Blueprint:
    """Companies: customers and suppliers; the portal owner's own companies are among them."""

    def constants(dice: Dice) -> Raw:
        return {
            "COMPANY_TYPE": dice.pick(("CUSTOMER", "SUPPLIER", "PARTNER")),
            "LOGO": dice.maybe(0.2, dice.number(100, 999)),
            **address(dice),
            **address(dice, "REG_ADDRESS"),
            "BANKING_DETAILS": dice.maybe(0.3, f"IBAN DE{dice.number(10**9, 10**10)}"),
            "INDUSTRY": dice.pick(("IT", "TRADE", "BANKING", None)),
            "EMPLOYEES": dice.pick(("EMPLOYEES_1", "EMPLOYEES_2", None)),
            "CURRENCY_ID": "EUR",
            "OPENED": dice.chance(0.8),
            **origin(dice),
            "HAS_PHONE": dice.chance(0.8),
            "HAS_EMAIL": dice.chance(0.7),
            "HAS_IMOL": dice.chance(0.1),
            "_web": dice.chance(0.2),
            "IS_MY_COMPANY": dice.chance(0.02),
            **people(dice, peers),
            "LAST_COMMUNICATION_TIME": dice.maybe(0.3, "12.05.2025 10:11:12"),
            "_word": dice.pick(COMPANY_WORDS),
            "_form": dice.pick(COMPANY_FORMS),
            "_lead": dice.chance(0.2),
            "_contract": dice.chance(0.2),
            **customs(dice, peers),
            **typed(dice, peers),
        }

    return Blueprint(
        columns=(*FIELDS, *CUSTOM, *TYPED.values()),
        constants=constants,
        live={
            "ID": identity,
            "TITLE": Numbered(lambda c: f"{c['_word']} {c['_form']} "),
            "REVENUE": amount,
            "DATE_CREATE": created,
            "DATE_MODIFY": changed,
            "LAST_ACTIVITY_TIME": changed,
            "LEAD_ID": lambda row, c: peers.pick("leads", row.bits >> 16) if c["_lead"] else None,
            "PARENT_ID_174": lambda row, c: row.bits % 200 + 1 if c["_contract"] else None,
            "PHONE": contact_points("PHONE", "HAS_PHONE"),
            "EMAIL": contact_points("EMAIL", "HAS_EMAIL"),
            "IM": contact_points("IM", "HAS_IMOL"),
            "WEB": contact_points("WEB", "_web"),
        },
    )
