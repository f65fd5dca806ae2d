"""The company at work: people edit, move, create, delete and talk, a few times a second."""

import asyncio
import random
from collections.abc import Callable

from bitsheet_tui.portal.demo.deals import SEMANTICS, STAGES, stage
from bitsheet_tui.portal.demo.discussions import Source
from bitsheet_tui.portal.demo.words import COMMENTS, GOODS, LAST, POSTS, REMARKS
from bitsheet_tui.portal.demo.world import World


class Life:
    """Deeds at random; the same seed does the same deeds to the same world."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._dice = random.Random(seed)  # noqa: S311 - a demo, not a lottery
        self._deeds: dict[Callable[[], None], int] = {
            self._move_deal: 6,
            self._edit_deal: 4,
            self._edit_lead: 3,
            self._edit_contact: 3,
            self._finish_activity: 3,
            self._edit_task: 3,
            self._comment: 6,
            self._revise: 1,
            self._create: 2,
            self._delete: 2,
        }

    def tick(self) -> None:
        """One deed."""
        deeds, weights = zip(*self._deeds.items(), strict=True)
        with self._world.lock:
            self._dice.choices(deeds, weights)[0]()

    async def run(self, per_second: float) -> None:
        """Deeds for ever, at a rate that breathes a little."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) / per_second)
            self.tick()

    def _any(self, table: str) -> int | None:
        """A row, rather a recent one."""
        ids = self._world.tables[table].ids
        total = ids.count(1, ids.last)
        skip = int(total * self._dice.random() ** 2)
        return ids.at(1, ids.last, skip, descending=True) if total else None

    def _edit(self, table: str, **fields: object) -> None:
        id_ = self._any(table)
        if id_ is not None:
            self._world.edit(table, id_, **fields)

    def _move_deal(self) -> None:
        id_ = self._any("deals")
        if id_ is None:
            return
        category = self._world.tables["deals"].value(id_, "CATEGORY_ID") or 0
        name = self._dice.choice(STAGES)
        semantic = SEMANTICS.get(name, "P")
        self._world.edit(
            "deals",
            id_,
            STAGE_ID=stage(category, name),
            STAGE_SEMANTIC_ID=semantic,
            CLOSED=semantic != "P",
            MOVED_TIME=self._world.now(),
        )

    def _edit_deal(self) -> None:
        amount = self._dice.randint(1, 999_999) / 100
        self._edit("deals", OPPORTUNITY=amount, COMMENTS=self._dice.choice(REMARKS))

    def _edit_lead(self) -> None:
        self._edit("leads", LAST_NAME=self._dice.choice(LAST), SOURCE_ID="WEB")

    def _edit_contact(self) -> None:
        self._edit("contacts", POST=self._dice.choice(POSTS))

    def _finish_activity(self) -> None:
        self._edit("activities", COMPLETED=True, STATUS=2)

    def _edit_task(self) -> None:
        self._edit("tasks", PRIORITY=self._dice.randint(0, 2), STATUS=self._dice.choice((2, 3, 4, 5)))

    def _comment(self) -> None:
        task, author = self._any("tasks"), self._any("users")
        if task is not None and author is not None:
            self._world.comment(task, self._dice.choice(COMMENTS), author=author)

    def _revise(self) -> None:
        """Somebody thinks better of what was said, and the discussion goes on."""
        task = self._any("tasks")
        said = self._world.discussions.of(Source.CHAT, task) if task else []
        live = [comment for comment in said if not comment.system and not comment.deleted]
        if not live:
            return
        if self._dice.random() < 0.7:
            self._world.edit_comment(live[-1], f"{live[-1].text} (sorry)", bump=True)
        else:
            self._world.delete_comment(live[-1], bump=True)

    def _create(self) -> None:
        table = self._dice.choices(("deals", "leads", "activities", "tasks", "contacts"), (4, 4, 4, 1, 1))[0]
        title = {"activities": "SUBJECT", "contacts": "LAST_NAME"}.get(table, "TITLE")
        self._world.create(table, **{title: f"New: {self._dice.choice(GOODS)}"})

    def _delete(self) -> None:
        table = self._dice.choice(("deals", "leads", "activities"))
        id_ = self._any(table)
        if id_ is not None:
            self._world.delete(table, id_)
