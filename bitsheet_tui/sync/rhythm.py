"""What of the schedule is due: each rhythm's last good run, as the store has it, against what is set.

* Static tables: counted in full cycles. They are due in the first, where a multiple of `static_every` lies
  between the last one that read them and this one, and where `static_every` is not set not twice within
  SELDOM. Where `[schedule] static` names times, those count instead.
* The audit: a share in each cycle (`audit.py`), or, where `[schedule] audit` names times, then, in one go.
* The comparison: counts ride in full cycles (`deletions.py`). What is owed are the tables that could not be
  counted, or differ and have not been compared to the end.
* Retention: once in an hour.
* The heartbeat: once in a minute where a good cycle has ended since; in quiet hours as often as cycles would.

So what was missed, because of a kill, a portal that was away or a suspended machine, is made up once. Last
runs are on the host's clock; one that lies in the future says that it was set back, and counts as none.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bitsheet_tui import cron, quiet
from bitsheet_tui.config import ScheduleSettings, SyncSettings
from bitsheet_tui.config.settings import Unset
from bitsheet_tui.quiet import QuietHours
from bitsheet_tui.store.ledger import Job
from bitsheet_tui.store.store import Store

if TYPE_CHECKING:
    from bitsheet_tui.sync.schedule import Crontab

CYCLE, STATIC, COMPARISON, AUDIT, RETENTION, HEARTBEAT = (
    "cycle", "static", "comparison", "audit", "retention", "heartbeat",
)  # fmt: skip
SELDOM = 300.0  # seconds
HOUR = 3600.0


def _crontab(text: str, zone: str) -> "Crontab":
    from bitsheet_tui.sync.schedule import Crontab  # noqa: PLC0415 - most have no times

    return Crontab(cron.parse(text), zone)


class Rhythm:
    """What is due, and when each rhythm had its last good run."""

    def __init__(self, store: Store, settings: ScheduleSettings) -> None:
        self._store, self._settings = store, settings
        self._jobs: dict[str, Job | None] = {}
        self.quiet: QuietHours | None = (
            quiet.parse(settings.quiet, settings.timezone) if settings.quiet else None
        )
        named = {name: getattr(settings, name) for name in (STATIC, AUDIT)}
        self.crons = {name: _crontab(text, settings.timezone) for name, text in named.items() if text}

    def quiet_until(self, at: datetime) -> datetime | None:
        """When the quiet hours end in which `at` lies; None: it lies in none."""
        return self.quiet.until(at) if self.quiet else None

    def static_due(self, settings: SyncSettings, full: int, at: datetime) -> bool:
        """Whether the `full`-th full cycle, which begins at `at`, reads what seldom changes."""
        if STATIC in self.crons:
            return self.time_has_come(STATIC, at)
        last = self._last(STATIC)
        if last is None:
            return True
        every, passed = settings.static_every, (at - last.ran_at).total_seconds()
        if isinstance(every, Unset) and 0 <= passed < SELDOM:
            return False
        return full // every > last.cycle // every

    def time_has_come(self, name: str, at: datetime) -> bool:
        """Whether a time that the configuration names has passed since the last good run."""
        last = self._last(name)
        if name not in self.crons:
            return False
        if last is None or last.ran_at > at:
            return True
        following = self.crons[name].following(last.ran_at)
        return following is not None and following <= at

    def begin(self, at: datetime, full: int) -> None:
        """From now on the audit is due at its times: what was read for the first time needs none."""
        if AUDIT in self.crons and self._last(AUDIT) is None:
            self.ran(AUDIT, at, full)

    def retention_due(self, at: datetime) -> bool:
        """Whether it is time to forget what is kept no longer."""
        last = self._last(RETENTION)
        return last is None or not 0 <= (at - last.ran_at).total_seconds() < HOUR

    def heartbeat_due(self, at: datetime, good: datetime | None, interval: float) -> bool:
        """Whether to say that all is well: `good` is when the newest full cycle ended, if it was good.

        In quiet hours no cycle starts: what was well when they began is well until they end.
        """
        last = self._last(HEARTBEAT)
        if good is None or last is None or last.ran_at > at:
            return good is not None
        passed = (at - last.ran_at).total_seconds()
        return good > last.ran_at or (self.quiet_until(at) is not None and passed >= interval)

    @property
    def owed(self) -> tuple[str, ...]:
        """The static tables that the last static cycle could not bring up to date."""
        last = self._last(STATIC)
        return last.failed if last else ()

    def ran(self, name: str, at: datetime, full: int) -> None:
        """A rhythm has had a good run, which began at `at`. Raises StoreError."""
        self.keep(Job(job=name, ran_at=at, cycle=full))

    def keep(self, job: Job) -> None:
        """Save the last good run of a rhythm. Raises StoreError."""
        self._store.record_job(job)
        self.kept((job,))

    def kept(self, jobs: Iterable[Job]) -> None:
        """They have been saved with something else."""
        self._jobs |= {job.job: job for job in jobs}

    def paid(self, name: str, tables: Collection[str]) -> Job | None:
        """The rhythm's last run without these tables, which have been seen to since; None: it owed none."""
        last = self._last(name)
        if last is None or not set(tables) & set(last.failed):
            return None
        return replace(last, failed=tuple(table for table in last.failed if table not in tables))

    def compared(self, at: datetime, full: int, settled: Collection[str], owed: Collection[str]) -> Job:
        """A run of the comparison in which some tables were settled, and some are owed from now on."""
        last = self._last(COMPARISON)
        before = last.failed if last else ()
        left = [name for name in dict.fromkeys((*before, *owed)) if name not in settled]
        return Job(job=COMPARISON, ran_at=at, cycle=full, failed=tuple(left))

    def forget(self) -> None:
        """Ask the store again: it may have rolled back."""
        self._jobs.clear()

    def _last(self, name: str) -> Job | None:
        if name not in self._jobs:
            self._jobs[name] = self._store.last_job(name)
        return self._jobs[name]
