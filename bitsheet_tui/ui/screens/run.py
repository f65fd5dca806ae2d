"""One run: what a cycle did to a table, what went wrong and what to do, each row that it changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.widget import Widget

from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.line import Line, fit, wrap
from bitsheet_tui.ui.screens.base import Base
from bitsheet_tui.ui.widgets.lists import Scroller
from bitsheet_tui.ui.widgets.table_lists import ChangeList

if TYPE_CHECKING:
    from bitsheet_tui.store.ledger import Run

LABEL = 12


class RunFacts(Scroller):
    """A run in full."""

    grows = True

    def __init__(self, run: Run) -> None:
        super().__init__(id="facts")
        self.run = run

    def title(self) -> tuple[Line, Line]:
        """Which one."""
        return (
            (f"{plain(self.run.table, 40)}  {t('cycle {number}', number=f.count(self.run.cycle))}", "title"),
        ), ()

    def content(self, columns: int) -> list[Line]:
        """A fact a line."""
        run, zone, now = self.run, self.picture.zone, self.picture.now
        started = t("{at}, took {took}", at=f.clock(run.started_at, zone, now), took=f.took(run.seconds))
        facts = [(t("started"), started, ""), (t("rows"), self._rows(), "")]
        facts.append((t("current to"), self._reached(), "dim"))
        facts += [(t("went wrong"), plain(retold(run.error), 1000), "bad")] if run.error else []
        label = t("what to do") if run.error else t("columns")
        facts += [(label, plain(retold(run.hint), 1000), "hint")] if run.hint else []
        return [line for fact in facts for line in _fact(*fact, columns)]

    def _rows(self) -> str:
        run = self.run
        rows = t(
            "{new} new, {changed} changed, {unchanged} unchanged, {deleted} deleted",
            new=f.count(run.inserted), changed=f.count(run.updated), unchanged=f.count(run.unchanged),
            deleted=f.count(run.deleted),
        )  # fmt: skip
        return rows + (t(", {count} set aside", count=f.count(run.quarantined)) if run.quarantined else "")

    def _reached(self) -> str:
        run, zone, now = self.run, self.picture.zone, self.picture.now
        after = f.clock(run.watermark_after, zone, now)
        if run.watermark_before is None:
            return t("{at}, by the portal's clock", at=after)
        before = f.clock(run.watermark_before, zone, now)
        return t("{at}, before {before}, by the portal's clock", at=after, before=before)


def _fact(label: str, words: str, style: str, columns: int) -> list[Line]:
    return [
        ((" " + fit(label if not n else "", LABEL), "dim"), (row, style))
        for n, row in enumerate(wrap(words, max(10, columns - LABEL - 2)))
    ]


class RunScreen(Base):
    """The facts above the changes."""

    AUTO_FOCUS = "ChangeList"

    def __init__(self, run: Run) -> None:
        super().__init__(name="run")
        self.run = run

    def middle(self) -> Iterable[Widget]:
        """Facts, changes."""
        yield RunFacts(self.run)
        yield ChangeList(self.run.table, self.run.cycle)

    def on_mount(self) -> None:
        """Ask what it changed."""
        self.query_one(ChangeList).shown()
