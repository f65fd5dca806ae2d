"""Answers of the demo portal have the shape of answers a real portal gives.

The fixtures beside this file are short answers written down by hand; a folder of longer ones is used as well
where there is one next to the repository.
"""

import json
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "fixtures"
BESIDE = Path(__file__).parents[4] / "shared" / "portal" / "examples"
EVERY = {"select": ["*", "UF_*", "PHONE", "EMAIL", "WEB", "IM", "COMMUNICATIONS"]}
TASK = {"select": ["*", "UF_CRM_TASK", "TAGS"]}
NO_FILTER = {"filter": "text"}
CALLS: dict[str, dict[str, Any]] = {
    "crm.lead.list": EVERY,
    "crm.lead.get": {"id": "LEAD"},
    "crm.contact.list": EVERY,
    "crm.contact.get": {"id": 1},
    "crm.company.list": EVERY,
    "crm.company.get": {"id": 1},
    "crm.deal.list": EVERY,
    "crm.deal.get": {"id": 1},
    "crm.activity.list": EVERY,
    "crm.activity.get": {"id": 1},
    **{f"crm.{entity}.fields": {} for entity in ("lead", "contact", "company", "deal", "activity")},
    **{
        f"crm.{entity}.userfield.list": {"filter": {"LANG": "en"}}
        for entity in ("lead", "contact", "company", "deal")
    },
    "crm.item.list": {"entityTypeId": 1},
    "crm.item.get": {"entityTypeId": 1, "id": 1},
    "crm.item.fields": {"entityTypeId": 174},
    "crm.status.list": {"filter": {"ENTITY_ID": "DEAL_STAGE"}},
    "crm.category.list": {"entityTypeId": 2},
    "tasks.task.list": TASK,
    "tasks.task.get": TASK | {"taskId": 1},
    "tasks.task.getFields": {},
    "task.commentitem.getlist": {"TASKID": "FORUM"},
    "im.dialog.messages.get": {"DIALOG_ID": "CHAT", "FIRST_ID": 0, "LIMIT": 50},
    "im.chat.get": {"ENTITY_TYPE": "TASKS_TASK", "ENTITY_ID": "TASK"},
    "user.get": {},
    "user.search": {},
    "user.current": {},
    "user.fields": {},
    "user.admin": {},
    "department.get": {},
    "department.fields": {},
    "profile": {},
    "scope": {},
    "methods": {},
    "method.get": {"name": "user.get"},
    "server.time": {},
    "batch": {"cmd": {"get_user": "user.current", "get_department": "department.get?ID=1"}},
}
FILES = sorted(HERE.glob("*.json")) + [
    path for path in sorted(BESIDE.glob("*.json")) if path.name.rsplit(".", 2)[0] in CALLS
]
# what an example shows and this portal does not: things that depend on the portal's plan or on more parameters
UNSHOWN = {
    *"counter taskRequireResult taskHasOpenResult taskHasResult timeElapsed favorite".split(),
    *"timerIsRunningForCurrentUser parsedDescription lengthDeadline".split(),
    *"FACE_ID LAST_COMMUNICATION_TIME PREVIOUS_STAGE_ID REPEAT_SALE_SEGMENT_ID PERSONAL_PHOTO FILES".split(),
    # leads in crm.item.get carry fields of long ago
    *"dateCreateShort dateModifyShort isConvert productId shortName webformId login searchContent".split(),
    *"phoneMobile phoneWork phoneMailing emailHome emailWork emailMailing skype icq imol email phone".split(),
    *"lastCommunicationTime contacts observers contactIds".split(),
    # of a picture in a chat
    *"viewerAttrs mediaUrl isTranscribable isVideoNote isVoiceNote".split(),
    "UF_NEW_TASKS_FIELD",
}
OPEN = {"SETTINGS", "settings", "action", "params", "operating_reset_at"}  # free to hold anything
ADMIN_CHOICE = ("UF_", "uf", "PARENT_ID_", "parentId")


def test_there_is_always_something_to_compare_with():
    assert len(FILES) >= 8


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
async def test_an_answer_looks_like_the_example(client, path):
    example = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(example, dict) or not {"result", "error"} & example.keys():
        example = {"result": [example]}  # one row, torn out
    method = path.name.rsplit(".", 2)[0]
    if "error" in example:
        answer = (await client.post("crm.deal.list", NO_FILTER)).json()
    else:
        answer = await client.ask(method, **filled(client, CALLS[method]))
    assert list(unlike(example, answer, "")) == []


def filled(client, params):
    """The parameters with a task that has posts, a task that has a chat, and that chat."""
    comments = list(client.portal.world.truth("task_comments"))
    forum = next(row for row in comments if row["SOURCE"] == "forum" and row["FILES"])
    noticed = {row["TASK_ID"] for row in comments if row["IS_SYSTEM"]}
    chat = next(
        row for row in comments if row["SOURCE"] == "chat" and row["FILES"] and row["TASK_ID"] in noticed
    )
    lead = next(row for row in client.portal.world.truth("leads") if row["IM"] and row["PHONE"])
    known = {
        "LEAD": lead["ID"],
        "FORUM": forum["TASK_ID"],
        "CHAT": f"chat{chat['CHAT_ID']}",
        "TASK": chat["TASK_ID"],
    }
    return {
        name: known.get(value, value) if isinstance(value, str) else value for name, value in params.items()
    }


def unlike(example, answer, path):
    """Where the answer lacks or spells differently what the example has."""
    if empty(example) or empty(answer):
        return
    if isinstance(example, dict) and isinstance(answer, dict):
        yield from unlike_objects(example, answer, path)
    elif isinstance(example, list) and isinstance(answer, list):
        merged = together(answer)
        for item in example:
            yield from unlike(item, merged, f"{path}[]")
    elif kind(example) != kind(answer):
        yield f"{path}: {kind(answer)} instead of {kind(example)}"


def unlike_objects(example, answer, path):
    keyed_by_id = all(key.isdigit() for key in example)
    for key, value in example.items():
        if keyed_by_id:
            yield from unlike(value, together(list(answer.values())), f"{path}.*")
        elif key in OPEN:
            continue
        elif key in answer:
            yield from unlike(value, answer[key], f"{path}.{key}")
        elif key not in UNSHOWN and not key.startswith(ADMIN_CHOICE) and "next" not in key:
            yield f"{path}.{key} is missing"


def empty(value):
    return value is None or value in ("", False, [], {})


def together(items):
    """Objects of a list as one that has everything; otherwise the first item."""
    objects = [item for item in items if isinstance(item, dict)]
    if not objects:
        return items[0] if items else None
    merged: dict = {}
    for item in objects:
        for key, value in item.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = together([merged[key], value])
            elif key not in merged or empty(merged[key]):
                merged[key] = value
    return merged


def kind(value):
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__
