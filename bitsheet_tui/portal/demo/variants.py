"""Where portals differ: what nobody has seen on a live portal, and where documentation and source disagree.

`VARIANTS` are the points that a mirror meets, each a switch of the demo portal: a named change of `Settings`.
Without a switch the demo does what the source does. `UNTOUCHED` are the points that no mirror meets, and why.
Sources: apidocs.bitrix24.com, and the portal's modules as they are cited beside what each setting does.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.portal.demo.settings import Settings


class Basis(StrEnum):
    """What a behaviour is known from."""

    DOCUMENTED = "documented"
    SOURCE = "source"
    REPORTED = "reported"  # by the public, of live portals
    UNVERIFIED = "unverified"  # neither says so, and neither says no


class Variant(Struct, frozen=True, kw_only=True):
    """One thing that a portal may do otherwise. `changes`: of `Settings`, maps inside for what it holds."""

    name: str
    text: str  # what the portal does, in one sentence
    basis: Basis
    changes: Mapping[str, Any]

    def line(self) -> str:
        """`tasks-own-offset     unverified  Dates of tasks have ...`."""
        return f"{self.name:<23}{self.basis:<12}{self.text}"


class Untouched(Struct, frozen=True, kw_only=True):
    """One thing that a portal may do otherwise and a mirror does not meet."""

    text: str
    why: str


class Contradiction(ValueError):
    """Two variants want the same thing to be two ways."""


# the lists that come in pages; others have no middle
PAGED = (
    *(f"crm.{entity}.list" for entity in ("lead", "contact", "company", "deal", "activity")),
    "tasks.task.list",
    "user.get",
    "department.get",
)

VARIANTS: tuple[Variant, ...] = (
    # how it refuses, and what it has enough of
    Variant(
        name="refused-403",
        text="A webhook that is not accepted, or lacks a scope, is refused with HTTP 403 and not with 401.",
        basis=Basis.DOCUMENTED,
        changes={"refused_status": 403},
    ),
    Variant(
        name="retry-after",
        text="HTTP 503 for too many requests says in Retry-After how long to wait.",
        basis=Basis.UNVERIFIED,
        changes={"limits": {"rate": 2.0, "burst": 10, "retry_after": True}},
    ),
    Variant(
        name="body-limit",
        text="A request of more than 3,000 bytes is refused by the front end with HTTP 413.",
        basis=Basis.UNVERIFIED,
        changes={"limits": {"most_bytes": 3_000}},
    ),
    Variant(
        name="timeout-page",
        text="A request that takes too long, here a batch of more than 20 commands, ends in a page of HTML.",
        basis=Basis.DOCUMENTED,
        changes={"limits": {"most_commands": 20, "gives_up": "html"}},
    ),
    Variant(
        name="timeout-empty",
        text="A request that takes too long, here a batch of more than 20 commands, ends without a body.",
        basis=Basis.UNVERIFIED,
        changes={"limits": {"most_commands": 20, "gives_up": "empty"}},
    ),
    Variant(
        name="operating-420",
        text="A method may use 420 seconds in ten minutes and not 480.",
        basis=Basis.SOURCE,
        changes={"limits": {"operating": 420.0}},
    ),
    Variant(
        name="operating-untold",
        text="Answers do not tell what a method has used, as on premises.",
        basis=Basis.DOCUMENTED,
        changes={"limits": {"operating": None}},
    ),
    Variant(
        name="operating-of-batch",
        text="What the commands of a batch use is charged to the batch and not to their methods.",
        basis=Basis.REPORTED,
        changes={"limits": {"charge": "batch"}},
    ),
    Variant(
        name="operating-reset-text",
        text="`operating_reset_at` is a date in ISO 8601 and not unix seconds.",
        basis=Basis.DOCUMENTED,
        changes={"limits": {"reset_as_text": True}},
    ),
    Variant(
        name="exact-start",
        text="`time.start` has a fraction, as in builds before autumn 2025.",
        basis=Basis.SOURCE,
        changes={"float_times": True},
    ),
    # batches and lists
    Variant(
        name="references-fatal",
        text="A reference to a missing row within a text fails the whole batch.",
        basis=Basis.SOURCE,
        changes={"references": "fatal"},
    ),
    Variant(
        name="references-whole",
        text="References are replaced only where they are the whole value.",
        basis=Basis.SOURCE,
        changes={"references": "whole"},
    ),
    Variant(
        name="references-none",
        text="References are not replaced, as a security filter that takes them out would have it.",
        basis=Basis.UNVERIFIED,
        changes={"references": "none"},
    ),
    Variant(
        name="short-pages",
        text="Now and then a page in the middle of a list is short or empty.",
        basis=Basis.REPORTED,
        changes={"page_faults": 0.05, "page_kinds": ("drop", "cut"), "page_methods": PAGED},
    ),
    # how values are printed
    Variant(
        name="uf-flag-bool",
        text="Custom flags of the CRM are true and false, and not 1 and 0.",
        basis=Basis.SOURCE,
        changes={"spelling": {"flags": "bool"}},
    ),
    Variant(
        name="uf-money-number",
        text="Custom money fields have the amount without a currency.",
        basis=Basis.UNVERIFIED,
        changes={"spelling": {"money": "number"}},
    ),
    Variant(
        name="uf-address-text",
        text="Custom addresses have the text alone, without coordinates and number.",
        basis=Basis.UNVERIFIED,
        changes={"spelling": {"address": "text"}},
    ),
    Variant(
        name="uf-binding-bare",
        text="Custom bindings to CRM rows are the id alone (5 and not CO_5).",
        basis=Basis.UNVERIFIED,
        changes={"spelling": {"binding": "bare"}},
    ),
    Variant(
        name="uf-employee-number",
        text="Custom fields for employees hold a JSON number and not a text.",
        basis=Basis.UNVERIFIED,
        changes={"spelling": {"employee": "number"}},
    ),
    Variant(
        name="uf-empty-list",
        text="Custom lists without a value are [] and not false.",
        basis=Basis.SOURCE,
        changes={"spelling": {"empty_list": "list"}},
    ),
    Variant(
        name="user-days-utc",
        text="Days of users are 00:00 UTC in the server's offset, as in the CRM, and not local midnight.",
        basis=Basis.SOURCE,
        changes={"spelling": {"user_days": "utc"}},
    ),
    Variant(
        name="tasks-own-offset",
        text="Dates of tasks have the offset of their own day and not today's.",
        basis=Basis.UNVERIFIED,
        changes={"spelling": {"task_offset": "own"}},
    ),
    Variant(
        name="tasks-server-zone",
        text="Dates of tasks are in the server's time zone and not in that of the webhook's owner.",
        basis=Basis.UNVERIFIED,
        changes={"spelling": {"task_zone": "server"}},
    ),
    # what moves when people work
    Variant(
        name="activity-edits-owner",
        text="A new or finished activity moves its owner's LAST_ACTIVITY_TIME and DATE_MODIFY.",
        basis=Basis.SOURCE,
        changes={"habits": {"owner_of_activity": "edited"}},
    ),
    Variant(
        name="activity-stamps-owner",
        text="A new or finished activity moves its owner's LAST_ACTIVITY_TIME and no DATE_MODIFY.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"owner_of_activity": "stamped"}},
    ),
    Variant(
        name="activity-keeps-id",
        text="An activity that is taken out of the recycle bin keeps its id.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"restored_activities_keep_ids": True}},
    ),
    Variant(
        name="task-edit-quiet",
        text="An edited field of a task moves CHANGED_DATE and not ACTIVITY_DATE.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"edit_is_activity": False}},
    ),
    Variant(
        name="task-restore-quiet",
        text="A task that is taken out of the recycle bin moves no date at all.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"restore_is_activity": False}},
    ),
    Variant(
        name="user-vanishes",
        text="A dismissed user who never logged in is deleted, and his row goes.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"users_vanish": True}},
    ),
    # discussions of tasks
    Variant(
        name="chats-of-members",
        text="An administrator cannot open chats of tasks that he has no part in.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"chats": "members"}},
    ),
    Variant(
        name="message-vanishes",
        text="A message of a chat that an administrator deletes for good leaves no placeholder.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"messages_vanish": True}},
    ),
    Variant(
        name="reading-is-seen",
        text="A message that was read through REST is unread no more.",
        basis=Basis.UNVERIFIED,
        changes={"habits": {"reading_is_seen": True}},
    ),
    Variant(
        name="first-id-newest",
        text="A page of a chat that is asked for by FIRST_ID has the newest message besides.",
        basis=Basis.REPORTED,
        changes={"chats": {"newest": 1, "besides": True}},
    ),
    Variant(
        name="chat-unordered",
        text="The messages within a page of a chat come in any order.",
        basis=Basis.SOURCE,
        changes={"chats": {"unordered": True}},
    ),
    Variant(
        name="forum-only",
        text="Tasks have no CHAT_ID and all comments are in the forum, as on premises before tasks 25.700.",
        basis=Basis.SOURCE,
        changes={"habits": {"forum_only": True}},
    ),
    Variant(
        name="forum-refuses",
        text="The forum's list refuses tasks that have a chat, instead of giving their old comments.",
        basis=Basis.DOCUMENTED,
        changes={"habits": {"forum_of_chats": False}},
    ),
)
BY_NAME: Mapping[str, Variant] = {variant.name: variant for variant in VARIANTS}

UNTOUCHED: tuple[Untouched, ...] = (
    Untouched(
        text="More than 50 commands in a batch: HTTP 400 for all [D], or an error for each of the rest [S].",
        why="No batch has more than 50.",
    ),
    Untouched(
        text="`batch` within a batch: HTTP 405 [D], or an error of the command [S].",
        why="No batch holds another.",
    ),
    Untouched(
        text="The order of a list that is asked for without one: by id [D], or none [S].",
        why="Every list is asked for with an order; the forum's, too.",
    ),
    Untouched(
        text="Empty texts and `!` in filters of crm.*.list [U].", why="Filters are by id and by date alone."
    ),
    Untouched(
        text="How NULL sorts on MySQL and on PostgreSQL [U].",
        why="Lists are sorted by id, which is never NULL.",
    ),
    Untouched(
        text="What a comment in the timeline moves [U].",
        why="Timelines are not mirrored; a date that moves alone is an edit like any other.",
    ),
    Untouched(
        text="crm.item.list shifts dates of filters by the difference of two zones [S, U live].",
        why="No table is read by crm.item.list.",
    ),
    Untouched(text="Old invoices in crm.item.list [U].", why="Invoices are not mirrored."),
    Untouched(
        text="user.get filters by TIMESTAMP_X [D], or not [S].", why="Users are read whole, by their ids."
    ),
    Untouched(text="crm.dealcategory.list lacks pipeline 0 [U].", why="crm.category.list is asked."),
    Untouched(
        text="app.info answers a webhook [S], or refuses it [D].",
        why="`profile` and `scope` say what is needed.",
    ),
    Untouched(text="How long offline events are kept [D, S].", why="A webhook may not ask for them."),
    Untouched(
        text="OVERLOAD_LIMIT, PORTAL_DELETED and the plan: which HTTP status each has [D, S].",
        why="The word decides and not the status: see portal/verdict.py.",
    ),
)


def nearest(name: str) -> str:
    """The variant whose name is most like `name`."""
    found = get_close_matches(name, BY_NAME, 1, 0.0)
    return found[0]


def varied(settings: Settings, names: Iterable[str]) -> Settings:
    """`settings` as these variants have them. Raises KeyError for a name that is none, and Contradiction."""
    chosen: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        _merge(chosen, BY_NAME[name].changes, name)
    changed: Settings = _changed(settings, chosen)
    return changed


def _merge(into: dict[str, Any], changes: Mapping[str, Any], name: str) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping):
            _merge(into.setdefault(key, {}), value, name)
        elif into.setdefault(key, value) != value:
            raise Contradiction(f"{name} contradicts another variant: a portal does one of the two")


def _changed(before: Any, changes: Mapping[str, Any]) -> Any:
    if isinstance(before, Mapping):
        return {**before, **changes}
    parts = {
        key: _changed(getattr(before, key), value) if isinstance(value, Mapping) else value
        for key, value in changes.items()
    }
    return replace(before, **parts)
