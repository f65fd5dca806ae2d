"""The tasks of the demo world (`apidocs.bitrix24.com tasks.task.list`, `tasks.task.getFields`)."""

from typing import Any

from bitsheet_tui.portal.demo.blueprint import (
    QUIET,
    SPAN,
    Blueprint,
    Numbered,
    Peers,
    Raw,
    Row,
    changed,
    created,
    identity,
)
from bitsheet_tui.portal.demo.columns import Column, columns
from bitsheet_tui.portal.demo.dice import Dice
from bitsheet_tui.portal.demo.words import COMPANY_WORDS, GOODS, REMARKS, TASK_VERBS

_STANDARD = columns("""
ID integer ID
PARENT_ID reference Base Task ID
TITLE string+ Title
DESCRIPTION string Description
MARK string Rating
PRIORITY integer Priority
STATUS integer Status
MULTITASK char Multitask
NOT_VIEWED char
REPLICATE char Recurring Task
GROUP_ID reference Project
STAGE_ID reference Stage
SPRINT_ID reference Sprint
BACKLOG_ID reference Backlog
CREATED_BY reference+ Creator
CREATED_DATE datetime
RESPONSIBLE_ID reference+ Participant
ACCOMPLICES string*
AUDITORS string*
CHANGED_BY reference Modified By
CHANGED_DATE datetime Modification Date
STATUS_CHANGED_BY reference Status Changed By
STATUS_CHANGED_DATE datetime Status Change Date
CLOSED_BY reference Closed By
CLOSED_DATE datetime Closure Date
ACTIVITY_DATE datetime
DATE_START datetime Start Date
DEADLINE datetime Deadline
START_DATE_PLAN datetime Planned Start
END_DATE_PLAN datetime Planned Completion
GUID string GUID
XML_ID string XML_ID
COMMENTS_COUNT integer Number of Comments
SERVICE_COMMENTS_COUNT integer
NEW_COMMENTS_COUNT integer
ALLOW_CHANGE_DEADLINE char
ALLOW_TIME_TRACKING char
TASK_CONTROL char Accept Work
ADD_IN_REPORT char Add to Report
FORKED_BY_TEMPLATE_ID reference Created from Template
TIME_ESTIMATE integer Estimated Time
TIME_SPENT_IN_LOGS integer Time Spent from Change History
MATCH_WORK_TIME char Skip Weekends
FORUM_TOPIC_ID reference FORUM_TOPIC_ID
FORUM_ID reference FORUM_ID
SITE_ID string SITE_ID
SUBORDINATE char Subordinate Task
FAVORITE char
EXCHANGE_MODIFIED datetime EXCHANGE_MODIFIED
EXCHANGE_ID reference EXCHANGE_ID
OUTLOOK_VERSION integer OUTLOOK_VERSION
VIEWED_DATE datetime Last Viewed Date
SORTING double Sorting Index
DURATION_PLAN integer Spent (planned)
DURATION_FACT integer Spent (actual)
CHECKLIST string*? CHECKLIST
DURATION_TYPE string DURATION_TYPE
IS_MUTED char
IS_PINNED char
IS_PINNED_IN_GROUP char
FLOW_ID reference Flow
CHAT_ID int Chat
DESCRIPTION_IN_BBCODE char
TAGS object~ Tags
""")
_CUSTOM = (
    Column(name="UF_CRM_TASK", type="string", title="CRM Entities", multiple=True, custom=True, number=201),
    Column(
        name="UF_TASK_WEBDAV_FILES", type="int", title="Upload Files", multiple=True, custom=True, number=202
    ),
    Column(name="UF_MAIL_MESSAGE", type="reference", custom=True, number=203),
    Column(name="UF_AUTO_700000000001", type="string", title="Route", custom=True, number=204),
)

FIELDS = (*_STANDARD, *_CUSTOM)

CHAT_SHARE = 0.4  # the newest share of base tasks talks in chats, the older ones in the forum
CHAT_BASE = 10_000  # chats of tasks are numbered from here
TOPIC_BASE = 500
NEVER = 2**62


def chats_since(peers: Peers) -> int:
    """When the portal moved new tasks' discussions from the forum to the task chat (unix seconds)."""
    return NEVER if peers.forum_only else peers.epoch - QUIET - int(SPAN * CHAT_SHARE)


def activity(row: Row, peers: Peers) -> int:
    """When a base task was last active: at its last change or up to a day later."""
    return min(row.changed + (row.bits >> 40) % 86_400, peers.epoch - QUIET)


def blueprint(peers: Peers) -> Blueprint:
    """Tasks: old ones with a forum topic, newer ones with a chat, some with both, many without a word."""
    switch = chats_since(peers)

    def constants(dice: Dice) -> Raw:
        status = dice.pick((2, 2, 3, 4, 5, 5, 6))
        crowd = [str(peers.someone(dice)) for _ in range(dice.maybe(0.3, dice.number(1, 3), 0))]
        return {
            "PARENT_ID": dice.pick((0, None)),
            "DESCRIPTION": dice.maybe(0.6, dice.pick(REMARKS), ""),
            "MARK": dice.maybe(0.1, "P", ""),
            "PRIORITY": dice.number(0, 2),
            "STATUS": status,
            "GROUP_ID": dice.maybe(0.3, dice.number(1, 9), 0),
            **dict.fromkeys(("STAGE_ID", "SPRINT_ID", "BACKLOG_ID", "FLOW_ID"), 0),
            "CREATED_BY": peers.someone(dice),
            "RESPONSIBLE_ID": peers.someone(dice),
            "ACCOMPLICES": crowd[1:],
            "AUDITORS": crowd[:1],
            "CHANGED_BY": peers.someone(dice),
            "STATUS_CHANGED_BY": peers.someone(dice),
            "CLOSED_BY": peers.someone(dice) if status == 5 else None,
            "SERVICE_COMMENTS_COUNT": 0,
            "NEW_COMMENTS_COUNT": 0,
            **{name: dice.chance(0.3) for name in _FLAGS},
            "SUBORDINATE": dice.chance(0.3),
            "TIME_ESTIMATE": dice.maybe(0.3, 3600, 0),
            "TIME_SPENT_IN_LOGS": dice.maybe(0.2, dice.number(1, 9999)),
            "SITE_ID": "s1",
            "DURATION_TYPE": dice.pick(("days", "hours", "mins")),
            "DURATION_PLAN": dice.maybe(0.2, dice.number(1, 20)),
            "DURATION_FACT": dice.maybe(0.2, dice.number(1, 900)),
            "DESCRIPTION_IN_BBCODE": True,
            "TAGS": dice.maybe(0.2, {"35": {"id": 35, "title": "сезон"}}, []),
            "UF_TASK_WEBDAV_FILES": [dice.number(1000, 9999)] if dice.chance(0.1) else [],
            "UF_AUTO_700000000001": dice.maybe(0.2, f"route {dice.number(1, 20)}"),
            "_words": f"{dice.pick(TASK_VERBS)} {dice.pick(GOODS)}, {dice.pick(COMPANY_WORDS)}",
            "_due": dice.chance(0.6),
            "_bound": dice.pick(("", "", "D_", "C_", "L_")),
            "_talk": dice.maybe(0.5, dice.number(1, 9), 0),
            "_both": dice.chance(0.05) and not peers.forum_only,
        }

    def binding(row: Row, constants: Raw) -> Any:
        table = {"D_": "deals", "C_": "contacts", "L_": "leads"}.get(constants["_bound"])
        return [f"{constants['_bound']}{peers.pick(table, row.bits >> 8)}"] if table else []

    def chat(row: Row, constants: Raw) -> Any:
        return CHAT_BASE + row.id if row.created >= switch or constants["_both"] else 0

    def topic(row: Row, constants: Raw) -> Any:
        return TOPIC_BASE + row.id if row.created < switch and constants["_talk"] else None

    return Blueprint(
        columns=FIELDS,
        created="CREATED_DATE",
        changed="CHANGED_DATE",
        constants=constants,
        live={
            "ID": identity,
            "TITLE": Numbered(lambda c: f"{c['_words']} #"),
            "CREATED_DATE": created,
            "CHANGED_DATE": changed,
            "STATUS_CHANGED_DATE": changed,
            "CLOSED_DATE": lambda row, c: row.changed if c["STATUS"] == 5 else None,
            "ACTIVITY_DATE": lambda row, _: activity(row, peers),
            "DEADLINE": lambda row, c: row.created + 86_400 * (row.bits % 20) if c["_due"] else None,
            "GUID": lambda row, _: f"{{{row.bits:016x}}}",
            "COMMENTS_COUNT": lambda row, c: c["_talk"] if row.created < switch else 0,
            "FORUM_TOPIC_ID": topic,
            "FORUM_ID": lambda row, c: 11 if topic(row, c) else None,
            "CHAT_ID": chat,
            "UF_CRM_TASK": binding,
        },
    )


_FLAGS = (
    "MULTITASK NOT_VIEWED REPLICATE ALLOW_CHANGE_DEADLINE ALLOW_TIME_TRACKING TASK_CONTROL ADD_IN_REPORT "
    "MATCH_WORK_TIME FAVORITE IS_MUTED IS_PINNED IS_PINNED_IN_GROUP"
).split()
