"""How big the demo portal is, how slow, and how patient."""

from typing import Literal
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


UNLIMITED = Limits(rate=None, operating=480.0)


class Cost(Struct, frozen=True, kw_only=True):
    """The seconds the portal takes for things."""

    page: float = 0.0  # one page of a list
    call: float = 0.0  # anything else
    counted_row: float = 0.0  # each row counted for `total`
    pages: dict[str, float] = field(default_factory=dict)  # of some methods, instead of `page`
    slept: bool = True  # False: told and charged, but not waited for


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
    page_faults: float = 0.0  # share of the pages of lists that come damaged: see pages.py
