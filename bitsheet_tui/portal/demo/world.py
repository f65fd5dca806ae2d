"""The demo world: nine tables of a flower company, what people do to them, and the truth of them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from bitsheet_tui.portal.demo import activities, companies, contacts, contracts, deals, leads, staff, tasks
from bitsheet_tui.portal.demo.blueprint import Blueprint, Peers, Raw
from bitsheet_tui.portal.demo.clock import Clock
from bitsheet_tui.portal.demo.columns import Column
from bitsheet_tui.portal.demo.discussions import GONE_TEXT, Comment, Discussions, Source
from bitsheet_tui.portal.demo.ids import Ids
from bitsheet_tui.portal.demo.kinds import raw
from bitsheet_tui.portal.demo.settings import Habits, Size
from bitsheet_tui.portal.demo.table import Table
from bitsheet_tui.portal.demo.truths import truth

_BLUEPRINTS: Mapping[str, Callable[[Peers], Blueprint]] = {
    "leads": leads.blueprint,
    "contacts": contacts.blueprint,
    "companies": companies.blueprint,
    "deals": deals.blueprint,
    "activities": activities.blueprint,
    "tasks": tasks.blueprint,
    "users": staff.users,
    "departments": staff.departments,
    "contracts": contracts.blueprint,
    "contractors": contacts.blueprint,  # contacts of another category, in the gaps between contact ids
}
CRM = ("leads", "contacts", "companies", "deals", "activities")
OWNERS = {1: "leads", 2: "deals", 3: "contacts", 4: "companies"}  # of activities, by OWNER_TYPE_ID
_MODIFIER = {"tasks": "CHANGED_BY", "activities": "EDITOR_ID"}
_GAP = 6  # of every eleven ids the seventh has no row


class World:
    """Everything the portal knows. Every change is atomic and stamped with the portal's whole second."""

    def __init__(
        self,
        size: Size,
        seed: int,
        clock: Clock,
        server_zone: tzinfo,
        habits: Habits | None = None,
        viewer: int = 1,
    ) -> None:
        self.clock = clock
        self.server_zone = server_zone
        self.habits = habits or Habits()
        self.viewer = viewer  # whom the webhook acts as
        self.epoch = int(clock.now()) // 60 * 60
        self.lock = threading.RLock()
        counts = size.counts()
        ids = {name: Ids(count, _GAP) for name, count in counts.items()}
        ids["contractors"] = contracts.Between(ids["contacts"], _GAP)
        peers = Peers(ids, self.epoch, self.habits.forum_only)
        self.tables = {
            name: Table(name, make(peers), ids[name], seed, self.epoch) for name, make in _BLUEPRINTS.items()
        }
        self.discussions = Discussions(self.tables["tasks"], peers)
        self.closed_chats: set[int] = set()  # chats that the webhook's user may not open
        if self.habits.forum_only:
            self.remove_field("tasks", "CHAT_ID")

    def now(self) -> int:
        """The portal's whole second."""
        return int(self.clock.now())

    # what people do

    def edit(self, table: str, id_: int, **fields: Any) -> None:
        """Change fields of a row, as a person at a desk would: its modification time moves."""
        blueprint = self.tables[table].blueprint
        moved = {blueprint.changed: self.now()} if blueprint.changed else {}
        if table == "tasks" and self.habits.edit_is_activity:
            moved["ACTIVITY_DATE"] = self.now()
        self.bind(table, id_, **{**moved, **fields})
        if table == "activities" and "COMPLETED" in fields:
            self._tell_owner(id_)

    def bind(self, table: str, id_: int, **fields: Any) -> None:
        """Change fields without moving the modification time, as changes of bindings do."""
        with self.lock:
            target = self.tables[table]
            if id_ not in target.ids and id_ not in target.hidden:
                raise KeyError(f"{table} has no row {id_}")
            target.put(id_, self._raw(target, fields))
            if table == "users":
                self.tables["tasks"].altered()  # tasks show their people's names

    def create(self, table: str, **fields: Any) -> int:
        """Add a row now; unnamed fields are thrown by the dice. The new id."""
        now = self.now()
        dates = dict.fromkeys(_dates(self.tables[table]), now)
        id_ = self._add(table, {**dates, **fields})
        if table == "activities":
            self._tell_owner(id_)
        return id_

    def create_backdated(self, table: str, at: datetime, **fields: Any) -> int:
        """Add a row whose every date is `at`, as imports may (`crm.item.import`). The new id."""
        dates = dict.fromkeys(_dates(self.tables[table]), int(at.timestamp()))
        return self._add(table, {**dates, **fields})

    def delete(self, table: str, id_: int) -> None:
        """Throw a row into the recycle bin."""
        with self.lock:
            self.tables[table].drop(id_)

    def restore_crm(self, table: str, id_: int) -> int:
        """Take a CRM row out of the bin: it returns under a new id with its old dates."""
        with self.lock:
            target = self.tables[table]
            kept = target.bin.pop(id_)
            keeps = table == "activities" and self.habits.restored_activities_keep_ids
            new = target.ids.add(id_) if keeps else target.ids.add()
            target.put(new, kept | {"ID": new})
            return new

    def restore_task(self, id_: int) -> None:
        """Take a task out of the bin: same id, same CHANGED_DATE, only its activity moves."""
        with self.lock:
            target = self.tables["tasks"]
            kept = target.bin.pop(id_)
            target.ids.add(id_)
            moved = {"ACTIVITY_DATE": self.now()} if self.habits.restore_is_activity else {}
            target.put(id_, kept | moved)

    def hide(self, table: str, *ids: int) -> None:
        """From now on the webhook's user may not see these rows."""
        with self.lock:
            for id_ in ids:
                self.tables[table].ids.remove(id_)
                self.tables[table].hidden.add(id_)

    def show(self, table: str, *ids: int) -> None:
        """The webhook's user may see these rows again; nothing in them moves."""
        with self.lock:
            for id_ in ids:
                self.tables[table].hidden.remove(id_)
                self.tables[table].ids.add(id_)

    def dismiss(self, user_id: int) -> None:
        """A user leaves the company; the row stays."""
        if self.habits.users_vanish and not self.tables["users"].value(user_id, "LAST_LOGIN"):
            self.delete("users", user_id)
        else:
            self.bind("users", user_id, ACTIVE=False)

    def add_field(self, table: str, column: Column) -> None:
        """A new custom field, empty everywhere."""
        with self.lock:
            self.tables[table].columns[column.name] = column
            self.tables[table].altered()

    def change_field(self, table: str, column: Column) -> None:
        """Describe a field differently; the values stay what they are."""
        self.add_field(table, column)

    def remove_field(self, table: str, name: str) -> None:
        """Delete a field with its values."""
        with self.lock:
            del self.tables[table].columns[name]
            self.tables[table].altered()

    # what people say

    def comment(
        self, task_id: int, text: str, *, author: int = 1, source: Source | str = "", **more: Any
    ) -> Comment:
        """Say something in a task's chat if it has one, else in the forum. Only ACTIVITY_DATE moves."""
        with self.lock:
            target = self.tables["tasks"]
            kind = (
                Source(source)
                if source
                else Source.CHAT
                if target.value(task_id, "CHAT_ID")
                else Source.FORUM
            )
            said = self.discussions.add(kind, task_id, author, self.now(), text, **more)
            changes: Raw = {"ACTIVITY_DATE": self.now()} if author else {}
            if kind is Source.FORUM:
                posts = len(self.discussions.of(kind, task_id))
                changes |= {
                    "COMMENTS_COUNT": posts,
                    "FORUM_ID": 11,
                    "FORUM_TOPIC_ID": tasks.TOPIC_BASE + task_id,
                }
            elif not target.value(task_id, "CHAT_ID"):
                changes["CHAT_ID"] = tasks.CHAT_BASE + task_id
            self.bind("tasks", task_id, **changes)
            return said

    def edit_comment(self, comment: Comment, text: str, *, bump: bool = False) -> Comment:
        """Change what was said. The portal moves no date for it; `bump` moves the task's activity anyway."""
        return self._revise(comment, bump=bump, text=text, edited=comment.source is Source.CHAT)

    def delete_comment(self, comment: Comment, *, bump: bool = False) -> None:
        """A chat message becomes a placeholder; a forum post is gone."""
        if comment.source is Source.FORUM or self.habits.messages_vanish:
            self.vanish_comment(comment, bump=bump)
        else:
            self._revise(comment, bump=bump, text=GONE_TEXT, deleted=True, edited=False, files=())

    def vanish_comment(self, comment: Comment, *, bump: bool = False) -> None:
        """Remove a comment without a trace."""
        with self.lock:
            self.discussions.vanish(comment)
            self._bump(comment.task_id, bump=bump)

    def close_chat(self, task_id: int) -> None:
        """The webhook's user may not open a task's chat any more; the task stays visible."""
        self.closed_chats.add(self.tables["tasks"].value(task_id, "CHAT_ID"))

    def opens_chat(self, task_id: int) -> bool:
        """Whether the webhook's user may open a task's chat, if it has one."""
        if self.tables["tasks"].value(task_id, "CHAT_ID") in self.closed_chats:
            return False
        if self.habits.chats == "all":
            return True
        task = self.tables["tasks"].raw(task_id)
        members = {task.get("CREATED_BY"), task.get("RESPONSIBLE_ID")}
        members |= {int(id_) for name in ("ACCOMPLICES", "AUDITORS") for id_ in task.get(name) or ()}
        return self.viewer in members

    def truth(self, table: str) -> Iterator[Raw]:
        """What a perfect mirror of a table holds, row by row: see truths.py."""
        return truth(self, table)

    def name_of(self, user_id: int) -> str:
        """First and last name of a user, whose row may be gone; empty for the system and for bots."""
        users = self.tables["users"]
        gone = users.bin.get(user_id)
        if gone is None and user_id not in users.ids and user_id not in users.hidden:
            return ""
        row = gone or users.raw(user_id)
        return f"{row.get('NAME') or ''} {row.get('LAST_NAME') or ''}".strip()

    def _add(self, table: str, fields: Raw) -> int:
        with self.lock:
            target = self.tables[table]
            id_ = target.ids.add()
            row: Raw = {"ID": id_}
            if table == "tasks":
                chat_id = 0 if self.habits.forum_only else tasks.CHAT_BASE + id_
                row |= {"CHAT_ID": chat_id, "FORUM_ID": None, "FORUM_TOPIC_ID": None}
                row |= {"COMMENTS_COUNT": 0}
            target.put(id_, row | self._raw(target, fields))
            if row.get("CHAT_ID"):
                self._announce(id_)
            return id_

    def _tell_owner(self, id_: int) -> None:
        """A new or a finished activity shows in its owner (`modules/crm/lib/Service/LastActivity.php`)."""
        change = {"alone": None, "stamped": self.bind, "edited": self.edit}[self.habits.owner_of_activity]
        if change is None:
            return
        activity = self.tables["activities"].raw(id_)
        owners, owner = OWNERS.get(activity["OWNER_TYPE_ID"], ""), activity["OWNER_ID"]
        if owners and owner in self.tables[owners].ids:
            author = activity.get("AUTHOR_ID")
            change(owners, owner, LAST_ACTIVITY_TIME=self.now(), LAST_ACTIVITY_BY=author)

    def _announce(self, task_id: int) -> None:
        posted = self.tables["tasks"].value(task_id, "CREATED_DATE")
        text = "[USER=1]Anna[/USER] created the task"
        self.discussions.add(Source.CHAT, task_id, 0, posted, text, code="TASK_CREATED")

    def _revise(self, comment: Comment, *, bump: bool, **fields: Any) -> Comment:
        with self.lock:
            changed = self.discussions.change(comment, **fields)
            self._bump(comment.task_id, bump=bump)
            return changed

    def _bump(self, task_id: int, *, bump: bool) -> None:
        if bump:
            self.bind("tasks", task_id, ACTIVITY_DATE=self.now())

    def _raw(self, target: Table, fields: Raw) -> Raw:
        known = target.columns
        return {name: raw(known[name], value) if name in known else value for name, value in fields.items()}


def _dates(table: Table) -> list[str]:
    """The fields that are stamped when a row is made."""
    return [name for name in _STAMPED if name in table.columns]


_STAMPED = (
    "DATE_CREATE DATE_MODIFY MOVED_TIME LAST_ACTIVITY_TIME CREATED LAST_UPDATED CREATED_TIME UPDATED_TIME "
    "CREATED_DATE CHANGED_DATE STATUS_CHANGED_DATE ACTIVITY_DATE"
).split()
