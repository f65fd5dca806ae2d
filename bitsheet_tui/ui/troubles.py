"""What is wrong: one entry for each thing, with what to do about it."""

from datetime import datetime

from msgspec import Struct

from bitsheet_tui.alert import BESIDE, Alert, Kind
from bitsheet_tui.events import NeedsOperator
from bitsheet_tui.state import Standing, TableState
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import retold, t
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.words import NOTHING_TO_DO

FAILURES = frozenset({Kind.SCOPE_LOST, Kind.TABLE_REFUSED, Kind.TABLE_FAILING})


class Trouble(Struct, frozen=True, kw_only=True):
    """One thing that is wrong; `grave` when it does not end by itself."""

    where: str
    what: str
    hint: str
    grave: bool
    since: datetime | None = None
    times: int = 0
    until: datetime | None = None


def troubles(picture: Picture) -> list[Trouble]:
    """Everything that is wrong, what needs somebody first: the alerts, and what ends by itself."""
    alerts = picture.state.alerts.values()
    told = {name for alert in alerts if alert.kind in FAILURES for name in alert.tables}
    whole = {alert.text for alert in alerts if alert.whole}  # what each table says, too
    found = [_told(alert, picture) for alert in alerts]
    found += _whole(picture)
    found += [
        one for table in picture.tables for one in _of(table, told=table.name in told or table.error in whole)
    ]
    return sorted(found, key=lambda one: not one.grave)


def errors(picture: Picture) -> int:
    """How much is wrong that does not pass in a moment: alerts, and what somebody must do something about."""
    passing = sum(not alert.grave for alert in picture.state.alerts.values())
    return passing + sum(trouble.grave for trouble in troubles(picture))


def _told(alert: Alert, picture: Picture) -> Trouble:
    state = picture.state
    event = state.trouble or state.waiting
    failing = alert.tables if alert.kind in FAILURES else ()
    return Trouble(
        where=", ".join(alert.tables) or _where(alert.kind),
        what=retold(alert.text), hint=retold(alert.hint), grave=alert.grave, since=alert.since,
        times=max((state.tables[name].failures for name in failing if name in state.tables), default=0),
        until=event.until if event and alert.whole else None,
    )  # fmt: skip


def _where(kind: Kind) -> str:
    if kind in BESIDE:
        return t("question") if kind is Kind.QUESTION_BROKEN else t("notifications")
    return t("store") if kind in {Kind.STORE_TROUBLE, Kind.STORE_PINNED, Kind.CURSOR_BEHIND} else t("portal")


def _whole(picture: Picture) -> list[Trouble]:
    """Trouble with the portal or the store, as long as no alert tells of it."""
    state = picture.state
    event = state.trouble or state.waiting
    if event is None or any(alert.whole for alert in state.alerts.values()):
        return []
    hint = retold(getattr(event, "hint", "")) or t(NOTHING_TO_DO)
    grave = isinstance(event, NeedsOperator)
    return [
        Trouble(
            where=t("portal") if event is state.waiting or grave else t("store"),
            what=retold(event.text), hint=hint, grave=grave, since=event.at, until=event.until,
        )
    ]  # fmt: skip


def _of(table: TableState, *, told: bool) -> list[Trouble]:
    found: list[Trouble] = []
    if table.error and not told:
        found.append(
            Trouble(
                where=table.name, what=retold(table.error), hint=retold(table.hint) or t(NOTHING_TO_DO),
                grave=table.standing is Standing.REFUSED, times=table.failures, until=table.until,
                since=table.failing_since,
            )
        )  # fmt: skip
    if table.unreadable and not table.lacks:  # otherwise an alert tells
        what = t(words.UNREADABLE, count=f.plural(table.unreadable, "task"))
        found.append(Trouble(where=table.name, what=what, hint=t(words.UNREADABLE_HINT), grave=False))
    return found
