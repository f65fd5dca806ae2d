"""Comments come from the forum for old tasks and from the chat for new ones, as the portal gives them."""

import pytest

from bitsheet_tui.portal.demo import Size

MANY = Size(tasks=300, users=12)


@pytest.fixture
async def client(start):
    return await start(size=MANY)


def said(client, source):
    return [row for row in client.portal.world.truth("task_comments") if row["SOURCE"] == source]


async def test_every_forum_post_of_every_task_is_given_at_once(client):
    found = []
    for task in {row["TASK_ID"]: None for row in said(client, "forum")}:
        found += await client.result("task.commentitem.getlist", TASKID=task)
    true = said(client, "forum")
    assert [int(post["ID"]) for post in found] == [row["ID"] for row in true]
    assert [post["POST_MESSAGE"] for post in found] == [row["TEXT"] for row in true]
    assert [post["AUTHOR_NAME"] or None for post in found] == [row["AUTHOR_NAME"] for row in true]
    files = [
        list(post["ATTACHED_OBJECTS"].values()) if "ATTACHED_OBJECTS" in post else None for post in found
    ]
    links = ("DOWNLOAD_URL", "VIEW_URL")
    facts = [each and [{k: v for k, v in file.items() if k not in links} for file in each] for each in files]
    assert facts == [row["FILES"] for row in true]
    assert any(facts)


async def test_every_message_of_every_chat_is_reached_by_the_highest_id(client):
    chats = {row["CHAT_ID"]: None for row in said(client, "chat")}
    found = []
    for chat in chats:
        first = 0
        while True:
            page = await client.result(
                "im.dialog.messages.get", DIALOG_ID=f"chat{chat}", FIRST_ID=first, LIMIT=2
            )
            found += [(message, page["users"]) for message in page["messages"]]
            if not page["messages"]:
                break
            first = page["messages"][-1]["id"]
    true = said(client, "chat")
    assert [message["id"] for message, _ in found] == [row["ID"] for row in true]
    for (message, users), row in zip(found, true, strict=True):
        params = message["params"] or {}
        names = {user["id"]: user["name"] for user in users}
        assert message["text"] == row["TEXT"]
        assert (message["author_id"] or None) == row["AUTHOR_ID"]
        assert names.get(message["author_id"]) == row["AUTHOR_NAME"]
        assert (params.get("IS_DELETED") == "Y", params.get("IS_EDITED") == "Y") == (
            row["IS_DELETED"],
            row["IS_EDITED"],
        )
        assert params.get("FILE_ID", []) == [file["id"] for file in row["FILES"] or []]


async def test_new_tasks_have_no_forum_and_old_ones_no_chat(client):
    newest = max(row["ID"] for row in client.portal.world.truth("tasks"))
    assert await client.result("task.commentitem.getlist", TASKID=newest) == []
    assert await client.result("im.chat.get", ENTITY_TYPE="TASKS_TASK", ENTITY_ID=newest) == {
        "ID": 10_000 + newest
    }
    old = next(row["ID"] for row in client.portal.world.truth("tasks") if not row["CHAT_ID"])
    assert await client.result("im.chat.get", ENTITY_TYPE="TASKS_TASK", ENTITY_ID=old) is None


async def test_messages_page_upward_from_first_id_and_downward_otherwise(client):
    task = max(row["ID"] for row in client.portal.world.truth("tasks"))
    ids = [client.portal.world.comment(task, f"m{n}").id for n in range(60)]
    dialog = f"chat{10_000 + task}"

    async def page(**params):
        result = await client.result("im.dialog.messages.get", DIALOG_ID=dialog, **params)
        return [message["id"] for message in result["messages"]]

    assert await page(FIRST_ID=ids[0]) == ids[1:21]
    assert await page(FIRST_ID=ids[0], LIMIT=500) == ids[1:51]
    assert await page(LAST_ID=ids[10], LIMIT=3) == [ids[9], ids[8], ids[7]]
    assert await page(LIMIT=2) == [ids[59], ids[58]]
    assert await page(FIRST_ID=ids[57], LAST_ID=ids[3]) == [ids[58], ids[59]]


@pytest.mark.parametrize(
    ("params", "status", "error"),
    [
        ({}, 400, "DIALOG_ID_EMPTY"),
        ({"DIALOG_ID": "chat12"}, 403, "ACCESS_ERROR"),
        ({"DIALOG_ID": "5"}, 403, "ACCESS_ERROR"),
        ({"DIALOG_ID": "CHAT", "FIRST_ID": "x"}, 400, "FIRST_ID_STRING"),
        ({"DIALOG_ID": "CHAT", "LAST_ID": "x"}, 400, "LAST_ID_STRING"),
    ],
)
async def test_chats_refuse_in_their_own_words(client, params, status, error):
    newest = max(row["ID"] for row in client.portal.world.truth("tasks"))
    params = {name: f"chat{10_000 + newest}" if value == "CHAT" else value for name, value in params.items()}
    response = await client.post("im.dialog.messages.get", params)
    assert (response.status_code, response.json()["error"]) == (status, error)


async def test_a_closed_chat_and_the_chat_of_a_deleted_task_cannot_be_read(client):
    one, two = sorted(row["ID"] for row in client.portal.world.truth("tasks"))[-2:]
    client.portal.world.close_chat(one)
    client.portal.world.delete("tasks", two)
    for task in (one, two):
        answer = await client.ask("im.dialog.messages.get", DIALOG_ID=f"chat{10_000 + task}", FIRST_ID=0)
        assert answer["error"] == "ACCESS_ERROR"


async def test_arguments_of_the_forum_count_by_their_place(client):
    task = next(row["TASK_ID"] for row in said(client, "forum"))
    ids = [int(post["ID"]) for post in await client.result("task.commentitem.getlist", whatever=task)]
    down = await client.result("task.commentitem.getlist", a=task, b={"ID": "desc"}, c={">ID": ids[0]})
    assert [int(post["ID"]) for post in down] == ids[:0:-1]
    assert (
        len(await client.result("task.commentitem.getlist", a=task, b=[], c={"<=POST_DATE": "2000-01-01"}))
        == 0
    )
    swapped = await client.result("task.commentitem.getlist", b={"ID": "desc"}, a=task)
    assert swapped == await client.result("task.commentitem.getlist", TASKID=1)  # an array is the number 1


@pytest.mark.parametrize(("task", "code"), [(0, "#256"), (10**6, "#8")])
async def test_the_forum_refuses_with_a_number(client, task, code):
    response = await client.post("task.commentitem.getlist", {"TASKID": task})
    assert (response.status_code, response.json()["error"]) == (400, "ERROR_CORE")
    assert code in response.json()["error_description"]
