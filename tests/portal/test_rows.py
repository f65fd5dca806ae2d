from datetime import UTC, datetime

import pytest

from bitsheet_tui.errors import BadAnswer
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.portal.rows import chat_rows, clean, forum_rows
from bitsheet_tui.tables import CATALOGUE, known

TABLES = {table.name: table for table in CATALOGUE}
SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)
FIELDS = (
    *known(Kind.INTEGER, "ID"),
    *known(Kind.INSTANT, "CHANGED_DATE"),
    *known(Kind.TEXT, "TITLE DESCRIPTION"),
    *known(Kind.JSON, "UF_CRM_TASK UF_AUTO_123 TAGS"),
)


def tasks(row, zone="", now=SUMMER):
    return clean(TABLES["tasks"], [row], FIELDS, zone=zone, now=now)[0]


def test_rows_of_the_crm_are_left_as_they_are():
    row = {"ID": "7", "TITLE": "x", "UF_CRM_NEW": False}
    assert list(clean(TABLES["deals"], [row], FIELDS, zone="Europe/Berlin", now=SUMMER)) == [row]


def test_tasks_are_keyed_by_the_names_one_asks_with():
    row = {
        "id": "7",
        "changedDate": "2026-01-01T12:00:00+03:00",
        "ufCrmTask": ["D_1"],
        "ufAuto123": ["x"],
        "tags": [],
    }
    assert tasks(row) == {
        "ID": "7", "CHANGED_DATE": "2026-01-01T12:00:00+03:00", "UF_CRM_TASK": ["D_1"], "UF_AUTO_123": ["x"],
        "TAGS": [],
    }  # fmt: skip


def test_keys_that_no_field_explains_are_left_out():
    assert tasks({"id": "7", "creator": {"icon": "/x.png"}, "subStatus": "2", "group": []}) == {"ID": "7"}


def test_a_winters_date_of_a_task_read_in_summer_gets_the_winters_offset():
    row = {"id": "7", "changedDate": "2026-01-15T10:00:00+02:00"}
    mended = datetime.fromisoformat(tasks(row, "Europe/Berlin")["CHANGED_DATE"])
    assert mended == datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "why"),
    [
        ("2026-06-15T10:00:00+02:00", "Europe/Berlin", "the offset was the same"),
        ("2026-01-15T10:00:00+03:00", "Europe/Berlin", "it was not printed in that zone"),
        ("2026-01-15T10:00:00+02:00", "", "the zone is unknown"),
        ("2026-01-15T10:00:00+02:00", "Mars/Olympus", "there is no such zone"),
        ("2026-01-15T10:00:00+02:00", "../../etc/passwd", "it is no name of a zone"),
        ("2026-01-15T10:00:00+05:00", "Asia/Tashkent", "the zone knows no summer time"),
        ("2026-10-25T02:30:00+02:00", "Europe/Berlin", "it happened twice, once with this offset"),
        ("2026-01-15T10:00:00", "Europe/Berlin", "it has no offset"),
        ("yesterday", "Europe/Berlin", "it is no date"),
        (None, "Europe/Berlin", "it is empty"),
    ],
)
def test_a_date_of_a_task_is_left_alone_when(text, zone, why):
    assert tasks({"changedDate": text}, zone) == {"CHANGED_DATE": text}, why


def test_only_instants_are_mended():
    text = "2026-01-15T10:00:00+02:00"
    assert tasks({"title": text}, "Europe/Berlin") == {"TITLE": text}


def test_forum_comments_become_rows_without_links():
    files = {
        "973": {
            "ATTACHMENT_ID": "973", "NAME": "photo.png", "SIZE": "1495700", "FILE_ID": "4755",
            "DOWNLOAD_URL": "/bitrix/tools/disk/uf.php?auth=3edf", "VIEW_URL": "/bitrix/x",
        }
    }  # fmt: skip
    item = {
        "POST_MESSAGE_HTML": None, "ID": "3157", "AUTHOR_ID": "503", "AUTHOR_NAME": "John", "AUTHOR_EMAIL": "",
        "POST_DATE": "2025-07-15T14:31:00+02:00", "POST_MESSAGE": "Photos", "ATTACHED_OBJECTS": files,
    }  # fmt: skip
    assert forum_rows(9, [item]) == [
        {
            "SOURCE": "forum", "ID": "3157", "TASK_ID": 9, "CHAT_ID": None, "AUTHOR_ID": "503",
            "AUTHOR_NAME": "John", "POST_DATE": "2025-07-15T14:31:00+02:00", "TEXT": "Photos",
            "IS_SYSTEM": False, "IS_DELETED": False, "IS_EDITED": False,
            "FILES": [{"ATTACHMENT_ID": "973", "FILE_ID": "4755", "NAME": "photo.png", "SIZE": "1495700"}],
        }
    ]  # fmt: skip


def test_a_forum_without_comments_or_files_has_none():
    assert forum_rows(9, []) == []
    assert forum_rows(9, [{"ID": "1", "ATTACHED_OBJECTS": {}}])[0]["FILES"] is None


CHAT = {
    "chat_id": 1489,
    "messages": [
        {"id": 84877, "chat_id": 1489, "author_id": 503, "date": "2026-03-04T09:43:26+03:00", "text": "Welcome!",
         "params": {"LIKE": [547], "FILE_ID": [5255, 5256], "IS_EDITED": "Y"}},
        {"id": 84875, "chat_id": 1489, "author_id": 9, "date": "2026-03-04T09:43:21+03:00", "text": "deleted",
         "params": {"IS_DELETED": "Y"}},
        {"id": 84869, "chat_id": 1489, "author_id": 0, "date": "2026-03-04T09:42:31+03:00", "text": "joined",
         "params": []},
    ],
    "users": [{"id": 503, "name": "Klaus Weber", "avatar": "https://x"}],
    "files": [{"id": 5255, "chatId": 1489, "type": "image", "name": "image.png", "extension": "png", "size": 2144,
               "urlShow": "https://mysite/?_esd=secret", "urlDownload": "https://mysite/?_esd=secret"}],
}  # fmt: skip


def test_chat_messages_become_rows():
    edited, deleted, system = chat_rows(9, CHAT)
    assert edited["SOURCE"] == "chat"
    assert (edited["ID"], edited["TASK_ID"], edited["CHAT_ID"]) == (84877, 9, 1489)
    assert (edited["AUTHOR_ID"], edited["AUTHOR_NAME"]) == (503, "Klaus Weber")
    assert (edited["IS_EDITED"], edited["IS_DELETED"], edited["IS_SYSTEM"]) == (True, False, False)
    assert (deleted["IS_EDITED"], deleted["IS_DELETED"], deleted["IS_SYSTEM"]) == (False, True, False)
    assert deleted["AUTHOR_NAME"] is None
    assert (system["IS_SYSTEM"], system["AUTHOR_ID"]) == (True, 0)


def test_the_files_of_a_message_are_facts_without_links():
    files = chat_rows(9, CHAT)[0]["FILES"]
    assert files == [
        {"id": 5255, "name": "image.png", "type": "image", "extension": "png", "size": 2144},
        {"id": 5256},
    ]
    assert chat_rows(9, CHAT)[1]["FILES"] is None


def test_comments_have_the_keys_of_their_fields():
    names = {field.name for field in TABLES["task_comments"].fields}
    for row in (*chat_rows(9, CHAT), *forum_rows(9, [{"ID": 1}])):
        assert set(row) == names


@pytest.mark.parametrize("result", [None, "x", {"messages": None}, {"messages": ["x"]}, 5])
def test_what_is_no_list_of_comments_is_refused_whole(result):
    with pytest.raises(BadAnswer):
        chat_rows(9, result)
    with pytest.raises(BadAnswer):
        forum_rows(9, result)


def test_an_unknown_field_of_the_same_name_in_another_spelling_is_found():
    fields = (Field(name="UF_A1", kind=Kind.TEXT),)
    assert list(clean(TABLES["tasks"], [{"ufA1": "x"}], fields, zone="", now=SUMMER)) == [{"UF_A1": "x"}]
