"""The activities of the demo world (`apidocs.bitrix24.com crm.activity.fields`)."""

from typing import Any

from bitsheet_tui.portal.demo.blueprint import (
    Blueprint,
    Numbered,
    Peers,
    Raw,
    Row,
    changed,
    created,
    identity,
)
from bitsheet_tui.portal.demo.columns import columns
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.words import FIRST, GOODS, LAST, REMARKS

FIELDS = columns("""
ID integer! ID
OWNER_ID reference= Owner ID
OWNER_TYPE_ID crm_enum_ownertype= Owner Type
TYPE_ID crm_enum_activitytype+= Type
PROVIDER_ID string Provider ID
PROVIDER_TYPE_ID string Provider Type
PROVIDER_GROUP_ID string Connector Type
ASSOCIATED_ENTITY_ID reference! Associated Entity ID
SUBJECT string Subject
START_TIME datetime Start
END_TIME datetime Deadline
DEADLINE datetime Execution Deadline
COMPLETED char Completed
STATUS crm_enum_activitystatus Status
RESPONSIBLE_ID user Responsible
PRIORITY crm_enum_activitypriority Priority
NOTIFY_TYPE crm_enum_activitynotifytype Notification Type
NOTIFY_VALUE integer Notification Parameter
DESCRIPTION string Description
DESCRIPTION_TYPE crm_enum_contenttype Description Type
DIRECTION crm_enum_activitydirection Direction
LOCATION string Location
CREATED datetime! Creation Date
AUTHOR_ID user! Created By
LAST_UPDATED datetime! Last Updated Date
EDITOR_ID user! Edited By
SETTINGS object Settings
ORIGIN_ID string External Code
ORIGINATOR_ID string External Source
RESULT_STATUS integer
RESULT_STREAM integer
RESULT_SOURCE_ID string
PROVIDER_PARAMS object Provider Parameters
PROVIDER_DATA string Provider Data
RESULT_MARK integer
RESULT_VALUE double
RESULT_SUM double
RESULT_CURRENCY_ID string
AUTOCOMPLETE_RULE integer Autocomplete
BINDINGS crm_activity_binding!*? Bindings
COMMUNICATIONS crm_activity_communication+*~ Communication Channel
FILES diskfile*~ Files
WEBDAV_ELEMENTS diskfile*~- Added Files
IS_INCOMING_CHANNEL char!
""")

NEVER = 253_402_214_400  # the year 9999: no deadline
_KINDS = (  # type, provider, provider's type
    (2, "VOXIMPLANT_CALL", "CALL"),
    (6, "CRM_SMS", "ACTIVITY_SMS"),
    (4, "CRM_EMAIL", "EMAIL"),
    (1, "CRM_MEETING", "MEETING"),
    (3, "CRM_TASKS_TASK", "TASKS_TASK"),
)
_SETTINGS = {
    "HONORIFIC": "1",
    "NAME": "Klaus",
    "SECOND_NAME": "",
    "LAST_NAME": "Weber",
    "COMPANY_TITLE": "Rose GmbH",
    "COMPANY_ID": "21",
}
_OWNERS = ((1, "leads"), (2, "deals"), (3, "contacts"), (4, "companies"))


def blueprint(peers: Peers) -> Blueprint:
    """Calls, to-dos, letters and meetings of leads, deals, contacts and companies."""

    def constants(dice: Dice) -> Raw:
        type_, provider, provider_type = dice.pick(_KINDS)
        owner_type, owner_table = dice.pick(_OWNERS)
        done = dice.chance(0.6)
        return {
            "OWNER_TYPE_ID": owner_type,
            "TYPE_ID": type_,
            "PROVIDER_ID": provider,
            "PROVIDER_TYPE_ID": provider_type,
            "COMPLETED": done,
            "STATUS": 2 if done else 1,
            "RESPONSIBLE_ID": peers.someone(dice),
            "PRIORITY": dice.number(1, 3),
            "NOTIFY_TYPE": dice.number(0, 1),
            "NOTIFY_VALUE": dice.pick((0, 15)),
            "DESCRIPTION": dice.maybe(0.4, dice.pick(REMARKS), ""),
            "DESCRIPTION_TYPE": dice.number(1, 3),
            "DIRECTION": dice.number(0, 2),
            "LOCATION": dice.maybe(0.1, "Office 12", ""),
            "AUTHOR_ID": peers.someone(dice),
            "EDITOR_ID": peers.someone(dice),
            "SETTINGS": dice.maybe(0.2, {"MISSED_CALL": True}, []),
            "PROVIDER_PARAMS": dice.maybe(0.1, {"ORIGIN": "line 1/2"}, []),
            **dict.fromkeys(("RESULT_STATUS", "RESULT_STREAM", "RESULT_MARK", "AUTOCOMPLETE_RULE"), 0),
            "IS_INCOMING_CHANNEL": dice.chance(0.1),
            "_owner": owner_table,
            "_task": type_ == 3,
            "_endless": dice.chance(0.1),
            "_talk": dice.chance(0.5),
            "_words": f"{dice.pick(GOODS)}: {dice.pick(FIRST)} {dice.pick(LAST)}",
        }

    def communications(row: Row, constants: Raw) -> Any:
        if not constants["_talk"]:
            return []
        return [
            {
                "ID": str(row.id * 2),
                "TYPE": "PHONE",
                "VALUE": f"+7912{row.bits % 9_000_000:07}",
                "ENTITY_ID": str(peers.pick("contacts", row.bits >> 16)),
                "ENTITY_TYPE_ID": "3",
                "ENTITY_SETTINGS": _SETTINGS,
            }
        ]

    return Blueprint(
        columns=FIELDS,
        created="CREATED",
        changed="LAST_UPDATED",
        constants=constants,
        live={
            "ID": identity,
            "OWNER_ID": lambda row, c: peers.pick(c["_owner"], row.bits >> 8),
            "ASSOCIATED_ENTITY_ID": lambda row, c: peers.pick("tasks", row.bits >> 16) if c["_task"] else 0,
            "SUBJECT": Numbered(lambda c: f"{c['_words']} #"),
            "CREATED": created,
            "LAST_UPDATED": changed,
            "START_TIME": lambda row, _: row.created - row.created % 300,
            "END_TIME": lambda row, _: row.created - row.created % 300 + 3600,
            "DEADLINE": lambda row, c: NEVER if c["_endless"] else row.created - row.created % 300 + 7200,
            "COMMUNICATIONS": communications,
        },
    )
