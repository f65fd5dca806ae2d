"""The alerts as they are kept: one record for each that ever stood, from when it began until it ended."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.store.models import AlertRecord

ACTIVE, ENDED = "active", "ended"
ERROR, WARNING = "error", "warning"


def standing(database: Any) -> tuple[Alert, ...]:
    """The alerts that stand, those that began first first."""
    query = (
        AlertRecord.select().where(AlertRecord.state == ACTIVE).order_by(AlertRecord.since, AlertRecord.key)
    )
    return tuple(_read(record) for record in query.execute(database) if record.kind in set(Kind))


def settle(
    database: Any, alerts: Iterable[Alert], over: Iterable[tuple[Alert, datetime]], *, at: datetime
) -> None:
    """From now on these `alerts` stand and no others; `over` are those that ended, and when."""
    for alert, ended_at in over:
        if _active(database, alert.key) is None:  # it was never written down
            _begin(database, alert)
        _end(database, AlertRecord.key == alert.key, ended_at)
    keys = []
    for alert in alerts:
        _begin(database, alert)
        keys.append(alert.key)
    _end(database, AlertRecord.key.not_in(keys), at)


def note_told(database: Any, keys: Collection[str], at: datetime) -> None:
    """People were told that these stand."""
    if keys:
        which = AlertRecord.key.in_(list(keys)) & (AlertRecord.state == ACTIVE)
        AlertRecord.update(told_at=at).where(which).execute(database)


def _begin(database: Any, alert: Alert) -> None:
    """The condition holds. One that is known to hold is no new alert, whatever its text says now."""
    known = AlertRecord.one(database, AlertRecord.key == alert.key)
    values: dict[str, Any] = {
        "key": alert.key, "kind": alert.kind.value, "about": alert.about, "tables": list(alert.tables),
        "severity": ERROR if alert.grave else WARNING, "text": alert.text, "hint": alert.hint,
    }  # fmt: skip
    if known is None or known.state != ACTIVE:
        times = known.times + 1 if known else 1
        values |= {"state": ACTIVE, "since": alert.since, "told_at": None, "ended_at": None, "times": times}
        AlertRecord.save_over(database, values, key=("key",))
    else:
        AlertRecord.update(**values).where(AlertRecord.key == alert.key).execute(database)


def _active(database: Any, key: str) -> Any:
    return AlertRecord.one(database, (AlertRecord.key == key) & (AlertRecord.state == ACTIVE))


def _end(database: Any, which: Any, at: datetime) -> None:
    AlertRecord.update(state=ENDED, ended_at=at).where(which & (AlertRecord.state == ACTIVE)).execute(
        database
    )


def _read(record: Any) -> Alert:
    return Alert(
        kind=Kind(record.kind), about=record.about, tables=tuple(record.tables or ()), text=record.text,
        hint=record.hint, since=record.since,
    )  # fmt: skip
