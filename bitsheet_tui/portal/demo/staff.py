"""The users and departments of the demo world (`apidocs.bitrix24.com user.get`, `department.get`)."""

from datetime import UTC, datetime
from typing import Any

from bitsheet_tui.portal.demo.blueprint import Blueprint, Peers, Raw, Row, day, identity
from bitsheet_tui.portal.demo.columns import columns
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.words import CITIES, DEPARTMENTS, FIRST, LAST, POSTS, SECOND

USER = columns("""
ID integer ID
XML_ID string External code
ACTIVE bool Activity
NAME string First Name
LAST_NAME string Last Name
SECOND_NAME string Middle Name
TITLE string User List
EMAIL string E-Mail
LAST_LOGIN datetime Last Authorization
DATE_REGISTER date Registration Date
TIME_ZONE string
IS_ONLINE char
TIMESTAMP_X void
LAST_ACTIVITY_DATE void
PERSONAL_GENDER string Gender
PERSONAL_PROFESSION string Profession
PERSONAL_WWW string Homepage
PERSONAL_BIRTHDAY date Date of Birth
PERSONAL_PHOTO string Photo
PERSONAL_ICQ string ICQ
PERSONAL_PHONE string Personal Phone
PERSONAL_FAX string Fax
PERSONAL_MOBILE string Personal Mobile
PERSONAL_PAGER string Pager
PERSONAL_STREET string Residential Street
PERSONAL_CITY string Residential City
PERSONAL_STATE string State / Region
PERSONAL_ZIP string Zip Code
PERSONAL_COUNTRY string Country
PERSONAL_MAILBOX string P.O. Box
PERSONAL_NOTES string Additional Notes
WORK_PHONE string Company Phone
WORK_COMPANY string Company
WORK_POSITION string Job Title
WORK_DEPARTMENT string Department
WORK_WWW string Company Website
WORK_FAX string
WORK_PAGER string
WORK_STREET string
WORK_MAILBOX string
WORK_CITY string Work City
WORK_STATE string
WORK_ZIP string
WORK_COUNTRY string
WORK_PROFILE string
WORK_LOGO string
WORK_NOTES string
UF_SKYPE_LINK string Skype Chat Link
UF_ZOOM string Zoom
UF_EMPLOYMENT_DATE date Hire Date
UF_TIMEMAN string Time Tracking
UF_DEPARTMENT int* Units
UF_INTERESTS string Interests
UF_SKILLS string Skills
UF_WEB_SITES string Other Websites
UF_XING string Xing
UF_LINKEDIN string LinkedIn
UF_FACEBOOK string Facebook
UF_TWITTER string Twitter
UF_SKYPE string Skype
UF_DISTRICT string District
UF_PHONE_INNER string Extension
USER_TYPE string
""")

DEPARTMENT = columns("""
ID integer ID
NAME string Department Name
SORT sort Sort Order
PARENT reference Parent Department
UF_HEAD reference Manager
""")

DISMISSED = 9  # one of so many base users has left


def users(peers: Peers) -> Blueprint:
    """Employees; some have left, most have filled in next to nothing."""

    def constants(dice: Dice) -> Raw:
        return {
            "NAME": dice.pick(FIRST),
            "LAST_NAME": dice.pick(LAST),
            "SECOND_NAME": dice.pick((dice.pick(SECOND), "", None)),
            "IS_ONLINE": dice.chance(0.2),
            "TIME_ZONE": dice.pick(("", "Europe/Moscow", "Asia/Yekaterinburg")),
            "TIMESTAMP_X": {},
            "LAST_ACTIVITY_DATE": {},
            "PERSONAL_GENDER": dice.pick(("M", "F", "")),
            "PERSONAL_WWW": dice.pick(("", None)),
            "PERSONAL_BIRTHDAY": dice.maybe(0.6, day(dice, peers.epoch, -22_000, -7_000)),
            "PERSONAL_CITY": dice.maybe(0.5, dice.pick(CITIES)),
            "WORK_PHONE": dice.maybe(0.5, f"+7343{dice.number(1_000_000, 9_999_999)}", ""),
            "WORK_POSITION": dice.maybe(0.8, dice.pick(POSTS), ""),
            "UF_EMPLOYMENT_DATE": dice.maybe(0.3, day(dice, peers.epoch, -2000, -30)),
            "USER_TYPE": "employee",
            "_mobile": dice.chance(0.6),
            "_seen": dice.chance(0.9),
        }

    def units(row: Row, _constants: Raw) -> Any:
        return [peers.pick("departments", row.id * 5 + 3)]

    return Blueprint(
        columns=USER,
        created="",
        changed="",
        constants=constants,
        live={
            "ID": identity,
            "ACTIVE": lambda row, _: row.id == 1 or row.id % DISMISSED != 0,
            "EMAIL": lambda row, _: f"user{row.id}@flowerworks.example",
            "LAST_LOGIN": lambda row, c: row.changed if c["_seen"] else None,
            "DATE_REGISTER": lambda row, _: datetime.fromtimestamp(row.created, UTC).date(),
            "PERSONAL_MOBILE": lambda row, c: f"+7900{row.bits % 9_000_000:07}" if c["_mobile"] else "",
            "UF_DEPARTMENT": units,
        },
    )


def departments(peers: Peers) -> Blueprint:
    """One root and what hangs on it, two levels deep."""

    def name(row: Row, _constants: Raw) -> Any:
        place = peers.ids["departments"].rank(row.id) - 1
        again = place // len(DEPARTMENTS)
        return DEPARTMENTS[place % len(DEPARTMENTS)] + (f" {again + 1}" if again else "")

    def parent(row: Row, _constants: Raw) -> Any:
        place = peers.ids["departments"].rank(row.id) - 1
        return None if place <= 0 else peers.ids["departments"].nth(0 if place < 8 else place - 6)

    return Blueprint(
        columns=DEPARTMENT,
        created="",
        changed="",
        constants=lambda dice: {"SORT": 100 * dice.number(1, 5), "_headed": dice.chance(0.8)},
        live={
            "ID": identity,
            "NAME": name,
            "PARENT": parent,
            "UF_HEAD": lambda row, c: peers.pick("users", row.bits >> 8) if c["_headed"] else None,
        },
    )
