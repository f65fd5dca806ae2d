"""The bookkeeping tables through the versions of this program: forward in one transaction, never back."""

from collections.abc import Callable

from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.store.database import Database
from bitsheet_tui.store.models import FactRecord, create_all

VERSION_KEY = "schema_version"


def _create(database: Database) -> None:
    create_all(database.peewee)
    last = " NULLS LAST" if database.dialect.name == "postgresql" else ""  # SQLite sorts them so anyway
    database.execute(
        "CREATE INDEX bitsheet_discussions_due ON bitsheet_discussions"
        f" (behind, activity_date DESC{last}, task_id DESC)"
    )


def _reconcile(database: Database) -> None:
    create_all(database.peewee)
    columns = database.execute("SELECT * FROM bitsheet_discussions LIMIT 0").description
    known = {column[0] for column in columns}
    if "held" not in known:
        database.execute("ALTER TABLE bitsheet_discussions ADD COLUMN held BIGINT NOT NULL DEFAULT 0")


STEPS: tuple[Callable[[Database], None], ...] = (_create, _reconcile)
"""The n-th step makes version n out of version n - 1; an empty database is version 0."""


def version(database: Database) -> int:
    """The version of the bookkeeping tables; 0 when there are none."""
    if not database.peewee.table_exists(FactRecord._meta.table_name):  # noqa: SLF001 - peewee's public place for it
        return 0
    record = FactRecord.one(database.peewee, FactRecord.key == VERSION_KEY)
    return int(record.value) if record else 0


def migrate(database: Database, steps: tuple[Callable[[Database], None], ...] = STEPS) -> None:
    """Bring the tables up to date. Raises StoreUnavailable when a newer program made them."""

    def work() -> None:
        found = version(database)
        refuse_newer(database, found, len(steps))
        for number, step in enumerate(steps[found:], start=found + 1):
            step(database)
            FactRecord.save_over(database.peewee, {"key": VERSION_KEY, "value": str(number)}, key=("key",))
            database.driver.stamp(number)

    if version_is_current(database, len(steps)):
        return
    database.write(work)


def version_is_current(database: Database, known: int) -> bool:
    """Whether there is nothing to do, so that no transaction is needed."""
    return database.read(lambda: version(database)) == known


def refuse_newer(database: Database, found: int, known: int = len(STEPS)) -> None:
    """Raises StoreUnavailable when the tables are of a version this program does not know."""
    if found > known:
        raise StoreUnavailable(
            f"The mirror {database.label} was made by a newer bitsheet-tui"
            f" (version {found} of its tables; this one knows {known}).",
            hint="Install the newer bitsheet-tui; nothing was changed.",
        )
