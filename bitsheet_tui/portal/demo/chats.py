"""Comments: `apidocs.bitrix24.com im.dialog.messages.get`, `task.commentitem.getlist`."""

import operator
from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import Call, Failure, Reply, method
from bitsheet_tui.portal.demo.discussions import Comment, Source
from bitsheet_tui.portal.demo.filters import split
from bitsheet_tui.portal.demo.moments import strtotime
from bitsheet_tui.portal.demo.office import Office
from bitsheet_tui.portal.demo.truths import message_file, post_file

_MOST = 50
_USUAL = 20
_COMPARE = {
    "": operator.eq,
    "!": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@method("im.chat.get", "im")
def chat_get(office: Office, call: Call) -> Reply:
    """The id of a task's chat, or null."""
    params = call.upper()
    task_id = php.intval(params.get("ENTITY_ID"))
    table = office.world.tables["tasks"]
    known = params.get("ENTITY_TYPE") in ("TASKS_TASK", "TASKS") and task_id in table.ids
    chat_id = table.value(task_id, "CHAT_ID") if known else 0
    return Reply({"ID": chat_id} if chat_id else None)


@method("im.dialog.messages.get", "im")
def messages_get(office: Office, call: Call) -> Reply:
    """Messages of a chat: above FIRST_ID from the oldest, otherwise from the newest."""
    params = call.upper()
    chat_id = _chat_id(params)
    task_id = office.world.discussions.task_of_chat(chat_id)
    if task_id is None or not office.world.opens_chat(task_id):
        raise Failure(403, "ACCESS_ERROR", "You do not have access to the specified dialog")
    for name in ("FIRST_ID", "LAST_ID"):
        if name in params and not php.text(params[name]).isdigit():
            raise Failure(400, f"{name}_STRING", f"{name.replace('_', ' ').capitalize()} can't be string")
    messages = _page(office, chat_id, office.world.discussions.of(Source.CHAT, task_id), params)
    result = {
        "chat_id": chat_id,
        "messages": [_message(office, comment, chat_id) for comment in messages],
        "users": _speakers(office, messages),
        "files": [_file(office, comment, file, chat_id) for comment in messages for file in comment.files],
    }
    return Reply(result, rows=len(messages), listing=True)


def _chat_id(params: dict[str, Any]) -> int:
    dialog = php.text(params.get("DIALOG_ID"))
    if dialog.startswith("chat"):
        return php.intval(dialog[4:])
    chat_id = php.intval(params.get("CHAT_ID"))
    if not dialog and not chat_id:
        raise Failure(400, "DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    return chat_id or -1  # a dialog with one person is no task's chat


def _page(office: Office, chat_id: int, messages: list[Comment], params: dict[str, Any]) -> list[Comment]:
    limit = min(php.intval(params.get("LIMIT")) or _USUAL, _MOST)
    above = php.intval(params["FIRST_ID"]) if "FIRST_ID" in params else None
    below = php.intval(params.get("LAST_ID")) or None
    return office.chat_pages.page(chat_id, messages, above=above, below=below, limit=limit)


def _message(office: Office, comment: Comment, chat_id: int) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if comment.code:
        params |= {"CODE": [comment.code], "NOTIFY": "N"}
    params |= {"IS_DELETED": "Y"} if comment.deleted else {}
    params |= {"IS_EDITED": "Y"} if comment.edited else {}
    params |= {"FILE_ID": list(comment.files)} if comment.files else {}
    return {
        "id": comment.id,
        "chat_id": chat_id,
        "author_id": comment.author_id,
        "date": office.iso(comment.posted),
        "text": comment.text,
        "unread": office.unread(comment),
        "uuid": None if comment.system else f"{comment.id:08x}-0000-4000-8000-{chat_id:012x}",
        "replaces": [],
        "params": params or [],
        "disappearing_date": None,
    }


def _speakers(office: Office, messages: list[Comment]) -> list[dict[str, Any]]:
    authors = dict.fromkeys(comment.author_id for comment in messages if not comment.system)
    return [_speaker(office, user_id) for user_id in authors]


def _speaker(office: Office, user_id: int) -> dict[str, Any]:
    users = office.world.tables["users"]
    known = user_id in users.ids or user_id in users.hidden
    row = users.raw(user_id) if known else {}
    return {
        "id": user_id,
        "active": bool(row.get("ACTIVE", False)),
        "name": office.world.name_of(user_id),
        "first_name": row.get("NAME") or "",
        "last_name": row.get("LAST_NAME") or "",
        "work_position": row.get("WORK_POSITION") or "",
        "color": "#4ba984",
        "avatar": "",
        "avatar_hr": "",
        "gender": row.get("PERSONAL_GENDER") or "M",
        "birthday": "",
        "extranet": False,
        "network": False,
        "bot": not known,
        "connector": False,
        "external_auth_id": "socservices",
        "status": "online",
        "idle": False,
        "last_activity_date": False,
        "mobile_last_date": False,
        "desktop_last_date": False,
        "absent": False,
        "departments": row.get("UF_DEPARTMENT") or [],
        "phones": False,
        "bot_data": None,
        "type": "user",
        "website": "",
        "email": row.get("EMAIL") or "",
    }


def _file(office: Office, comment: Comment, file: int, chat_id: int) -> dict[str, Any]:
    link = f"{office.origin}/rest/{office.settings.user_id}/{office.code}/download/?fileId={file}"
    told = {"chatId": chat_id, "status": "done", "progress": 100}
    links = dict.fromkeys(("urlPreview", "urlShow", "urlDownload"), link)
    return message_file(office.world, comment, file) | told | links


@method("task.commentitem.getlist", "task")
def comment_list(office: Office, call: Call) -> Reply:
    """Every forum post of a task. Arguments count by their place, whatever they are called."""
    arguments = [*call.params.values(), None, None, None]
    task_id, order, conditions = php.intval(arguments[0]), arguments[1], arguments[2]
    if task_id <= 0:
        raise Failure(
            400, "ERROR_CORE", "TASKS_ERROR_EXCEPTION_#256; Param #0 (taskId); 256/TE/WRONG_ARGUMENTS"
        )
    if task_id not in office.world.tables["tasks"].ids:
        raise Failure(
            400, "ERROR_CORE", "TASKS_ERROR_EXCEPTION_#8; Action failed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED"
        )
    if not office.world.habits.forum_of_chats and office.world.tables["tasks"].value(task_id, "CHAT_ID"):
        raise Failure(
            400, "ERROR_CORE", "TASKS_ERROR_EXCEPTION_#8; Action failed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED"
        )
    posts = [
        {"POST_MESSAGE_HTML": None, **_post(office, comment)}
        for comment in office.world.discussions.of(Source.FORUM, task_id)
        if _wanted(office, comment, conditions) and (conditions or comment.id not in office.chat_pages.posts)
    ]
    for key, way in reversed(order.items() if isinstance(order, dict) else ()):
        posts.sort(key=lambda post: _sort_key(post.get(key)), reverse=way == "desc")
    return Reply(posts, rows=len(posts), listing=True)


def _sort_key(value: Any) -> tuple[int, str]:
    text = php.text(value)
    return (int(text), "") if text.isdigit() else (0, text)


def _wanted(office: Office, comment: Comment, conditions: Any) -> bool:
    rules = office.rules()
    for key, value in conditions.items() if isinstance(conditions, dict) else ():
        prefix, name = split(str(key))
        compare = _COMPARE.get(prefix, operator.eq)
        if name == "ID" and not compare(comment.id, php.intval(value)):
            return False
        if name == "AUTHOR_ID" and not compare(comment.author_id, php.intval(value)):
            return False
        if name == "POST_DATE" and not compare(comment.posted, strtotime(value, rules.zone, rules.now) or 0):
            return False
    return True


def _post(office: Office, comment: Comment) -> dict[str, Any]:
    post: dict[str, Any] = {
        "ID": str(comment.id),
        "AUTHOR_ID": str(comment.author_id),
        "AUTHOR_NAME": office.world.name_of(comment.author_id),
        "AUTHOR_EMAIL": "",
        "POST_DATE": office.iso(comment.posted),
        "POST_MESSAGE": comment.text,
    }
    if comment.files:
        post["ATTACHED_OBJECTS"] = {
            str(file // 2): _attachment(office, comment, file) for file in comment.files
        }
    return post


def _attachment(office: Office, comment: Comment, file: int) -> dict[str, Any]:
    link = f"/bitrix/tools/disk/uf.php?attachedId={file // 2}&auth%5Bauth%5D=3edf7ca92&action="
    links = {"DOWNLOAD_URL": f"{link}download&ncc=1", "VIEW_URL": f"{link}show&ncc=1"}
    return post_file(office.world, comment, file) | links
