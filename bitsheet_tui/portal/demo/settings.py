"""How big the demo portal is, how slow, and how patient."""

from collections.abc import Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, field

DEFAULT_COUNTS = {
    "leads": 900,
    "contacts": 3000,
    "companies": 58,
    "deals": 3000,
    "activities": 8000,
    "tasks": 2000,
    "users": 51,
    "departments": 14,
    "contracts": 200,
}


class Size(Struct, frozen=True, kw_only=True):
    """Rows per table. `scale` multiplies the default of every table that is not named."""

    scale: float = 1.0
    leads: int | None = None
    contacts: int | None = None
    companies: int | None = None
    deals: int | None = None
    activities: int | None = None
    tasks: int | None = None  # with about 2.5 comments each
    users: int | None = None
    departments: int | None = None
    contracts: int | None = None  # a smart process: crm.item.list with entityTypeId 174

    def counts(self) -> dict[str, int]:
        """Rows of each table; there is always a user and a department."""
        wanted = {name: getattr(self, name) for name in DEFAULT_COUNTS}
        counts = {
            name: round(default * self.scale) if wanted[name] is None else wanted[name]
            for name, default in DEFAULT_COUNTS.items()
        }
        return counts | {name: max(1, counts[name]) for name in ("users", "departments")}


class Limits(Struct, frozen=True, kw_only=True):
    """How much the portal lets one client ask; None: as much as it likes.

    Defaults are those of a cloud portal (`apidocs.bitrix24.com limits`).
    """

    rate: float | None = 2.0  # requests that drain from the bucket each second
    burst: int = 50  # requests that fit into it
    operating: float | None = 480.0  # seconds per method in ten minutes; None: not even told, as on-premise
    charge: Literal["method", "batch"] = "method"  # some self-hosted builds charge the batch instead
    retry_after: bool = False  # whoever is refused is told for how many seconds
    reset_as_text: bool = False  # `operating_reset_at` is a date and not unix seconds
    most_bytes: int = 0  # of a request's body; 0: no bound
    most_commands: int = 0  # of a batch, before the gateway gives up waiting for it; 0: no bound
    gives_up: Literal["html", "empty"] = "html"  # how it says so


UNLIMITED = Limits(rate=None, operating=480.0)


class Cost(Struct, frozen=True, kw_only=True):
    """The seconds the portal takes for things."""

    page: float = 0.0  # one page of a list
    call: float = 0.0  # anything else
    counted_row: float = 0.0  # each row counted for `total`
    pages: dict[str, float] = field(default_factory=dict)  # of some methods, instead of `page`
    slept: bool = True  # False: told and charged, but not waited for


class Habits(Struct, frozen=True, kw_only=True):
    """What people's work moves on the portal, where it is not known, or where portals differ."""

    edit_is_activity: bool = True  # an edited task's ACTIVITY_DATE moves, too
    restore_is_activity: bool = True  # and that of a task that comes out of the bin
    restored_activities_keep_ids: bool = False  # activities out of the bin, unlike other CRM rows
    messages_vanish: bool = False  # a deleted message of a chat leaves no placeholder
    users_vanish: bool = False  # the row of a dismissed user who never logged in goes
    owner_of_activity: Literal["alone", "stamped", "edited"] = (
        "alone"  # what a new activity does to its owner
    )
    chats: Literal["all", "members"] = "all"  # which chats of tasks an administrator may open
    forum_only: bool = False  # all discussions are in the forum, as before the task chat
    forum_of_chats: bool = True  # the forum's list also answers for tasks that have a chat
    reading_is_seen: bool = False  # a message that was given is unread no more


class Spelling(Struct, frozen=True, kw_only=True):
    """How values are printed where it is not known, or where builds differ."""

    flags: Literal["digit", "bool"] = "digit"  # custom flags of the CRM
    money: Literal["pair", "number"] = "pair"  # 100|EUR
    address: Literal["place", "text"] = "place"  # text|latitude;longitude|id
    binding: Literal["typed", "bare"] = "typed"  # CO_5, or 5 where only one type is allowed
    employee: Literal["text", "number"] = "text"
    empty_list: Literal["false", "list"] = "false"  # of a custom field
    user_days: Literal["local", "utc"] = "local"  # midnight of the portal's own time, or of UTC
    task_offset: Literal["today", "own"] = "today"  # the offset behind a task's dates: today's, or the day's
    task_zone: Literal["user", "server"] = "user"  # whose clock tasks print


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be chosen about a demo portal, besides its world."""

    limits: Limits = UNLIMITED
    cost: Cost = field(default_factory=Cost)
    server_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Moscow"))
    user_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Yekaterinburg"))
    user_id: int = 1  # whom the webhook acts as
    admin: bool = True
    code: str = ""  # of the webhook; empty: a new one each time
    scopes: tuple[str, ...] = ("crm", "task", "tasks", "im", "user", "user.userfield", "department")
    float_times: bool = False  # the builds before autumn 2025 gave time.start with a fraction
    gzip: bool = False  # compress answers for clients that ask
    references: Literal["current", "fatal", "whole", "none"] = "current"  # see references.py
    edits_per_second: float = 0.0  # how lively the company is
    eventful: bool = False  # things go wrong: see plot.py
    odd: bool = False  # one value in a thousand contradicts its type: see oddities.py
    mistyped: bool = False  # two fields of deals are described as what they are not
    large: bool = False  # activities with long texts, one of them too big to be read: see oddities.py
    page_faults: float = 0.0  # share of the pages of lists that come damaged: see pages.py
    page_kinds: tuple[str, ...] = ()  # in which of the ways of pages.py; none: in all
    page_methods: tuple[str, ...] = ()  # of which lists, in lower case; none: of all
    refused_status: Literal[401, 403] = 401  # of a webhook that is not accepted, or lacks a scope
    habits: Habits = field(default_factory=Habits)
    spelling: Spelling = field(default_factory=Spelling)
    chats: Mapping[str, Any] = field(default_factory=dict)  # see chat_pages.py
