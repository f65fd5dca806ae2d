"""What every method needs to know: the world, the settings, the webhook, and how to write rows for it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.portal.demo.chat_pages import ChatPages
from bitsheet_tui.portal.demo.discussions import Comment
from bitsheet_tui.portal.demo.filters import Rules
from bitsheet_tui.portal.demo.kinds import Pen
from bitsheet_tui.portal.demo.moments import Stamper, iso, offset_text
from bitsheet_tui.portal.demo.settings import Settings
from bitsheet_tui.portal.demo.shapes import Extra, Shape
from bitsheet_tui.portal.demo.world import World

_KEEP = 64  # shapes remembered


class Office(Struct):
    """The portal behind its door."""

    world: World
    settings: Settings
    code: str
    scopes: set[str]
    origin: str = "http://127.0.0.1"  # where the portal is reached
    lost: set[str] = field(default_factory=set)  # methods this portal does not have (any more)
    revoked: bool = False
    chat_pages: ChatPages = field(default_factory=ChatPages)
    seen: set[int] = field(default_factory=set)  # messages that are unread no more
    _pens: dict[tuple[str, str], Pen] = field(default_factory=dict)
    _shapes: dict[object, tuple[int, Shape]] = field(default_factory=dict)

    def now(self) -> float:
        """Unix seconds."""
        return self.world.clock.now()

    def iso(self, seconds: float) -> str:
        """An instant the server's way."""
        return iso(seconds, self.settings.server_zone)

    def rules(self, unparsable: int | None = None, shift: int = 0) -> Rules:
        """How dates in filters are read."""
        return Rules(self.settings.server_zone, self.now(), unparsable, shift)

    def zone_shift(self) -> int:
        """By how many seconds crm.item filters misread an instant: server's offset less the user's.

        `modules/crm/lib/controller/item.php` turns it into server-local text, then reads that as user-local.
        """
        now = datetime.fromtimestamp(self.now(), UTC)
        server = now.astimezone(self.settings.server_zone).utcoffset()
        user = now.astimezone(self.settings.user_zone).utcoffset()
        return int((server - user).total_seconds()) if server is not None and user is not None else 0

    def unread(self, comment: Comment) -> bool:
        """Whether a message that is given now was not given before, where that is what reading means."""
        if not self.settings.habits.reading_is_seen:
            return False
        fresh = comment.id not in self.seen
        self.seen.add(comment.id)
        return fresh

    def pen(self, family: str) -> Pen:
        """The pen of a family; task dates are in the user's zone with the offset of today."""
        zone, suffix, spelling = self.settings.server_zone, "", self.settings.spelling
        if family == "task":
            zone = zone if spelling.task_zone == "server" else self.settings.user_zone
            if spelling.task_offset == "today":
                suffix = offset_text(datetime.fromtimestamp(self.now(), zone))
        key = (family, suffix)
        if key not in self._pens:
            files = (
                f"{self.origin}/rest/{self.settings.user_id}/{self.code}/download/"
                f"?token=crm%7CZmllbGQ9&field="
            )
            nothing: Any = [] if spelling.empty_list == "list" else False
            stamper = Stamper(zone, suffix.encode())
            self._pens[key] = Pen(family, self.settings.server_zone, stamper, files, nothing)
        return self._pens[key]

    def shape(
        self,
        table: str,
        names: Iterable[str],
        family: str,
        rename: Callable[[str], str] = str,
        extra: Extra | None = None,
    ) -> Shape:
        """How rows with these fields are written."""
        target, wanted, pen = self.world.tables[table], tuple(names), self.pen(family)
        key = (table, wanted, id(pen), extra is None)
        known = self._shapes.get(key)
        if known is None or known[0] != target.version:
            if len(self._shapes) >= _KEEP:
                self._shapes.clear()
            known = self._shapes[key] = (target.version, Shape(target, wanted, pen, rename, extra))
        return known[1]
