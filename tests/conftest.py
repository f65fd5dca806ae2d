"""What every test may use: a real PostgreSQL server, and an empty store on each database."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import psycopg
import pytest

from bitsheet_tui import secret
from bitsheet_tui.secret import Secret
from tests.support.postgres_server import pgserver

# the programs that tests start hold back what they print, as those of a user do
os.environ.pop("PYTHONUNBUFFERED", None)


def pytest_xdist_auto_num_workers() -> int:
    """Two workers more than there are cores: a third of a test is waiting."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture(autouse=True)
def _own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test hides, an address that is no address for one, is no secret of the next."""
    monkeypatch.setattr(secret, "_known", set(secret._known))
    monkeypatch.setattr(secret, "_longest_first", secret._longest_first)


def again(item: pytest.Item) -> bool:
    """Whether a test that is not about the database runs once more, on PostgreSQL."""
    about = "store" in item.path.parts or item.path.name == "test_mirror.py"
    return "[postgresql" in item.name and not about


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come first, so that no process is left with one of them in the end.

    What runs once more on PostgreSQL is slow. A `sample` is the first variant of its test: its other parameters
    and the other database are not.
    """
    for item in items:
        if again(item):
            item.add_marker("slow")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    seen: set[str] = set()
    for item in items:
        if item.get_closest_marker("sample"):
            test = item.nodeid.partition("[")[0]
            if test in seen:
                item.own_markers[:] = [marker for marker in item.own_markers if marker.name != "sample"]
            seen.add(test)


def pytest_collection_finish() -> None:
    """What the tests themselves are made of is no garbage: nobody need look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _kept() -> None:
    """Nor is what other modules have loaded and keep: engines collect in every simulated cycle."""
    gc.freeze()


def counts(item: pytest.Item) -> bool:
    """Whether coverage looks at the test, which makes it take two to three times as long.

    Not at slow ones, which go round and round in code that others cover.
    """
    return item.get_closest_marker("slow") is None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Coverage's own marker for what it shall not look at does nothing in processes that xdist starts."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    if not counts(item):
        sys.settrace(None)
        threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a sentence with what a proof counted; all of them are shown when the tests are over."""
    return lambda sentence: request.node.user_properties.append(("proved", sentence))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the proofs counted; reports bring it here from whatever process ran the test."""
    for report in terminalreporter.getreports("passed"):
        for name, sentence in report.user_properties:
            if name == "proved" and report.when == "call":
                terminalreporter.write_line(f"proved: {sentence}")


@pytest.fixture(scope="session", autouse=True)
def signals_are_heard() -> None:
    """Programs that tests start hear signals, also where the tests run under nohup or in the background."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # a handler is not inherited, "ignore" would be


@pytest.fixture(scope="session", autouse=True)
def choices_are_kept_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a console keeps for the next time is not what whoever runs the tests chose in theirs."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The libpq address of a server of our own, on a Unix socket; it is gone after the session."""
    folder = Path(tempfile.mkdtemp(prefix="bitsheet-pg-"))
    server = pgserver().get_server(folder / "data", cleanup_mode="delete")
    try:
        address = server.get_uri("postgres")
        with psycopg.connect(address, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")  # it need not outlive a power cut
            # whoever looks into the mirror with plain SQL finds it, wherever it is
            connection.execute("ALTER DATABASE postgres SET search_path = 'bitsheet', 'public'")
            connection.execute("SELECT pg_reload_conf()")
        yield address
    finally:
        server.cleanup()
        shutil.rmtree(folder)


EMPTY_AGAIN = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$ DECLARE found text; BEGIN
    FOR found IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    LOOP EXECUTE format('DROP SCHEMA %I CASCADE', found); END LOOP;
    FOR found IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user
    LOOP EXECUTE format('DROP OWNED BY %I CASCADE; DROP ROLE %I', found, found); END LOOP;
END $$;
CREATE SCHEMA public;
"""


@pytest.fixture
def postgres_url(postgres_server: str) -> Secret:
    """An empty database on that server, which no other role is left of."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(EMPTY_AGAIN)
        host = connection.info.host
    return Secret(f"postgresql://postgres@/postgres?host={quote_plus(host)}")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> Secret:
    """A SQLite file that is not there yet."""
    return Secret(f"sqlite:///{tmp_path}/mirror.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> Secret:
    """An empty store: the test runs once on each database."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
