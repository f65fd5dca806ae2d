"""The ledger as a part of the store: cycles, runs, alerts, and requests to the running instance."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bitsheet_tui.alert import Alert
from bitsheet_tui.freshness import LastHour
from bitsheet_tui.store import alerts, ledger, quarantine, replicated, retention
from bitsheet_tui.store.database import Database, Written
from bitsheet_tui.store.ledger import Cycle, Job, Request, Run
from bitsheet_tui.store.models import FactRecord
from bitsheet_tui.store.quarantine import Waiting
from bitsheet_tui.store.replicated import Replicated
from bitsheet_tui.store.retention import Lag

SOCKET = "socket"  # the fact that says where the running instance can be looked at on its host
LOG = "log"  # the one that says what its log file has, and where on its host it is: `INFO /var/log/...`
PAUSED = "paused_at"  # the fact that says since when the running instance is paused
INTERVAL = "interval"  # the one that says how many seconds after another its cycles start
QUIET = "quiet"  # the one that says which hours of every day are quiet: `23:00-06:00 Europe/Berlin`
QUIET_UNTIL = "quiet_until"  # the one that says until when it is quiet, or will be before the next cycle
DISABLED = "disabled"  # the one that says which tables it does not read for now, with commas between them
NOTIFIED = "notified"  # the one that says what people were told, and what is still to be said
QUESTION = "question_"  # and a name: what the last answer of a standing question was
HIDDEN = "hidden_"  # and a table: how many of its rows the portal counts and does not show
REPLICA = "replica"  # the one that says of which mirror this is a copy, and how far it is: see `replica`
# what is true of the instance that runs, and not of the rows
PASSING = (SOCKET, LOG, PAUSED, INTERVAL, QUIET, QUIET_UNTIL, DISABLED)

PORTAL = "portal"  # the one that says of which portal the rows are: its host


class Books:
    """What was done and what is asked, kept beside the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_cycle(self, at: datetime, asked: Sequence[str] = ()) -> int:
        """Count one more cycle, a full one unless only some tables are `asked` for, and give its number."""
        return self._database.write(lambda: ledger.begin_cycle(self._database.peewee, at, asked))

    def full_cycles(self) -> int:
        """How many full cycles have begun, the one in hand included."""
        return self._database.read(lambda: ledger.full_cycles(self._database.peewee))

    def end_cycle(self, cycle: Cycle, runs: Sequence[Run] = (), jobs: Sequence[Job] = ()) -> None:
        """Write down how a cycle went, what it did to each table, and which rhythms it served, at once."""
        self._database.write(lambda: ledger.end_cycle(self._database.peewee, cycle, runs, jobs))

    def forget(self, at: datetime) -> bool:
        """Drop some of what is kept no longer; whether there may be more."""

        def work() -> bool:
            more = retention.cut(self._database, at)
            return ledger.forget(self._database.peewee, at) or more

        return self._database.write(work)

    def lags(self) -> list[Lag]:
        """How far each named consumer of the change feed is behind."""
        return self._database.read(lambda: retention.lags(self._database))

    def last_job(self, name: str) -> Job | None:
        """The last good run of a rhythm of the schedule; None: it never had one."""
        return self._database.read(lambda: ledger.last_job(self._database.peewee, name))

    def record_job(self, job: Job) -> None:
        """A rhythm of the schedule has had a good run."""
        self._database.write(lambda: ledger.record_job(self._database.peewee, job))

    def record_run(self, run: Run) -> None:
        """Write down what a cycle did to a table."""
        self._database.write(lambda: ledger.record_runs(self._database.peewee, [run]))

    def last_cycles(self, limit: int = 100) -> list[Cycle]:
        """The newest cycles, newest first."""
        return self._database.read(lambda: ledger.last_cycles(self._database.peewee, limit))

    def last_hour(self, at: datetime) -> LastHour:
        """How old changes were when they were committed, in the hour before `at`."""
        return self._database.read(lambda: ledger.last_hour(self._database.peewee, at))

    def last_runs(self, limit: int = 100, table: str | None = None) -> list[Run]:
        """The newest runs, newest first, of one table or of all."""
        return self._database.read(lambda: ledger.last_runs(self._database.peewee, limit, table))

    def ask(self, command: str, argument: str = "", *, by: str, at: datetime) -> int:
        """Leave a request for the running instance; its id."""
        database = self._database

        def work() -> int:
            number = ledger.ask(database.peewee, command=command, argument=argument, by=by, at=at)
            database.driver.call_holder()
            return number

        return database.write(work)

    def asked(self) -> bool:
        """Whether others wrote since the last look, so that there may be requests. Costs no query."""
        return self._database.glance(self._database.driver.called)

    def open_requests(self) -> list[Request]:
        """What has been asked and not yet done, oldest first; of many the oldest and the newest."""
        return self._database.read(lambda: ledger.open_requests(self._database.peewee))

    def refuse_flood(self, text: str, *, at: datetime) -> int:
        """Answer what was asked while too many requests waited; how many were refused, some at a time."""
        return self._database.write(lambda: ledger.refuse_flood(self._database.peewee, text, at))

    def answer(self, request: int, text: str, *, at: datetime) -> None:
        """The request has been done, unless it was answered before."""
        self._database.write(lambda: ledger.answer(self._database.peewee, request, text, at))

    def remember(self, key: str, value: str) -> None:
        """Note a fact for others, or for the next start; an empty one is none."""
        note = {"key": key, "value": value}
        self._database.write(lambda: FactRecord.save_over(self._database.peewee, note, key=("key",)))

    def remember_told(self, facts: Mapping[str, str], keys: Collection[str], *, at: datetime) -> None:
        """Note facts, and that people were told `at` of the alerts under these keys; all or nothing."""
        database = self._database.peewee

        def work() -> None:
            for key, value in facts.items():
                FactRecord.save_over(database, {"key": key, "value": value}, key=("key",))
            alerts.note_told(database, keys, at)

        self._database.write(work)

    def remembered(self, key: str) -> str:
        """A fact, as last noted."""
        record = self._database.read(lambda: FactRecord.one(self._database.peewee, FactRecord.key == key))
        return str(record.value) if record else ""

    def replicated(self) -> Replicated | None:
        """Of which mirror it is the copy, and how far; None: it is a mirror of its own."""
        return replicated.read(self.remembered(REPLICA))

    def request(self, id_: int) -> Request | None:
        """One request, with its answer if there is one."""
        return self._database.read(lambda: ledger.request(self._database.peewee, id_))

    def alerts(self) -> tuple[Alert, ...]:
        """The alerts that stand, the oldest first."""
        return self._database.read(lambda: alerts.standing(self._database.peewee))

    def settle_alerts(
        self, standing: Collection[Alert], over: Collection[tuple[Alert, datetime]], *, at: datetime
    ) -> None:
        """From now on these alerts stand and no others; `over` are those that ended, and when."""
        self._database.write(lambda: alerts.settle(self._database.peewee, standing, over, at=at))

    def count_quarantined(self) -> dict[str, Waiting]:
        """What of each table waits in quarantine; those of which nothing does are left out."""
        return self._database.read(lambda: quarantine.count(self._database))

    def watch(self, written: Written | None) -> None:
        """Let it be told of every transaction that ends: its seconds, and why it failed if it did.

        None: nobody is told any more.
        """
        self._database.written = written

    @property
    def sessions(self) -> int:
        """How many have been opened: one, and one more for each that was lost."""
        return self._database.sessions

    @property
    def connected(self) -> bool:
        """Whether there is a session to work in, as far as is known without asking."""
        return self._database.connected

    def connect(self) -> None:
        """Open a session if there is none, which may take a while; what others want meanwhile fails."""
        self._database.open()

    def backlog(self) -> int:
        """How many bytes wait for a program that reads without a break; 0: none that matter."""
        return self._database.read(self._database.driver.backlog)

    def rest(self) -> None:
        """Keep nothing in memory that can be read again. A store that is closed stays closed."""
        self._database.rest()
