"""Keeps the store's list of alerts what the picture says; the picture knows (`state/alerting.py`)."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from bitsheet_tui import events as e
from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.errors import MirrorHeld, StoreError
from bitsheet_tui.state import EngineState
from bitsheet_tui.store.quarantine import Waiting
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.desk import Say, now

Alerts = Mapping[str, Alert]

GLANCE_SECONDS = 1.0


class Alerting:
    """Writes down what began and ended. While the store cannot be written it remembers."""

    def __init__(self, store: Store, look: Callable[[], EngineState], say: Say) -> None:
        self._store, self._look, self._say = store, look, say
        self._kept: Alerts = {alert.key: alert for alert in store.alerts()}
        self._sure = True  # that it is so in the store
        self._tried: Alerts | None = None  # what was to be written down while the store is in trouble
        self._over: dict[str, tuple[Alert, datetime]] = {}

    @property
    def kept(self) -> tuple[Alert, ...]:
        """What stands, as far as it is written down."""
        return tuple(self._kept.values())

    def note(self, before: Alerts, after: Alerts) -> None:
        """Take down what has ended, in case that it was not even written down when it began."""
        if before is not after:
            self._over |= {key: (alert, now()) for key, alert in before.items() if key not in after}

    async def keep(self) -> None:
        """Write down what changes next to the cycles, until cancelled; costs nothing while nothing does."""
        while True:
            await asyncio.sleep(GLANCE_SECONDS)
            state = self._look()
            if not self._store.connected or state.alerts is self._kept:
                continue
            # trouble may be one statement that is refused: once, but a store that is full or locked is not
            # tried every second
            if not isinstance(state.trouble, e.StoreTrouble) or state.alerts is not self._tried:
                self._tried = state.alerts
                self.settle()

    def forget(self) -> None:
        """The store was in trouble: what was written down may be lost."""
        self._sure = False

    def settle(self) -> None:
        """Tell what waits in quarantine and what a reader holds up, and write down which alerts stand."""
        with suppress(StoreError, MirrorHeld):  # the cycle is the one to report it
            if (size := self._store.backlog()) or Kind.STORE_PINNED in self._look().alerts:
                self._say(e.Pinned(size=size, at=now()))
            self._tell_of_cursors()
            waiting = self._store.count_quarantined()
            for name, table in self._look().tables.items():
                count = waiting.get(name, Waiting())
                if (table.quarantined, table.values) != (count.rows, count.values):
                    self._say(e.Quarantined(table=name, at=now(), count=count.rows, values=count.values))
            self._write(self._look().alerts)

    def _tell_of_cursors(self) -> None:
        at = now()
        late = tuple(
            e.Behind(lag.cursor.name, (at - lag.cursor.moved_at).days, lag.behind)
            for lag in self._store.lags()
            if lag.late(at)
        )
        if late or any(one.kind is Kind.CURSOR_BEHIND for one in self._look().alerts.values()):
            self._say(e.CursorsBehind(cursors=late, at=at))

    def _write(self, alerts: Alerts) -> None:
        if alerts != self._kept or self._over or not self._sure:
            self._store.settle_alerts(tuple(alerts.values()), tuple(self._over.values()), at=now())
            self._over.clear()
            self._sure = True
        self._kept = alerts
