"""Rows and values that cannot be stored are told of, and can be tried once more."""

import sqlite3

from bitsheet_tui.portal.demo import Column, DemoPortal
from tests.support.commands import SMALL, configure


def poisoned(portal):
    """The id of a deal whose probability no database can hold."""
    ident = next(iter(portal.world.truth("deals")))["ID"]
    portal.world.edit("deals", ident, PROBABILITY=10**30)
    return ident


def test_a_value_that_cannot_be_stored_is_listed_with_its_reason_and_stored_on_retry(home, run):
    portal = DemoPortal(SMALL)
    with portal.run_in_thread() as webhook:
        configure(home, webhook)
        ident = poisoned(portal)
        assert run("--once").returncode == 0
        listed = run("quarantine")
        assert listed.returncode == 0
        table, row, _, times, reason, field, value = listed.stdout.strip().split("\t")
        assert (table, row, times) == ("deals", str(ident), "1")
        assert (field, value) == ("PROBABILITY", str(10**30))
        assert "64 bits" in reason
        assert "0 rows and 1 value in quarantine" in listed.stderr
        assert run("quarantine", "leads").stdout == ""
        still = run("quarantine", "--retry")
        assert still.stdout == listed.stdout
        with sqlite3.connect(home / "bitsheet.db") as database:  # the reason goes away
            database.execute("UPDATE bitsheet_quarantine SET value = '50'")
        assert run("quarantine", "--retry").stdout == ""
        with sqlite3.connect(home / "bitsheet.db") as database:
            found = database.execute("SELECT probability FROM deals WHERE id = ?", (ident,)).fetchone()
        assert found == (50,)


def test_rows_are_listed_before_values_and_too_many_of_them_are_no_success(home, run):
    portal = DemoPortal(SMALL)
    with portal.run_in_thread() as webhook:
        configure(home, webhook)
        poisoned(portal)
        run("--once")
        with sqlite3.connect(home / "bitsheet.db") as database:
            at = "2099-01-01T00:00:00+00:00"
            database.executemany(
                "INSERT INTO bitsheet_quarantine VALUES ('deals', ?, '', NULL, 'refused', ?, ?, 1)",
                [(f"x{number}", at, at) for number in range(21)],
            )
        listed = run("quarantine")
        fields = [len(line.split("\t")) for line in listed.stdout.splitlines()]
        assert fields == [*[5] * 21, 7]
        assert "21 rows and 1 value in quarantine" in listed.stderr
        ended = run("--once")
        assert ended.returncode == 1
        assert "21 rows could not be stored" in ended.stderr
        assert run("sync", "leads").returncode == 1
        with sqlite3.connect(home / "bitsheet.db") as database:
            database.execute("DELETE FROM bitsheet_quarantine WHERE row_id = 'x20'")
        assert run("--once").returncode == 0


def test_it_is_stored_by_itself_once_the_portal_calls_the_field_a_text(home, run):
    portal = DemoPortal(SMALL)
    with portal.run_in_thread() as webhook:
        configure(home, webhook)
        ident = poisoned(portal)
        run("--once")
        portal.world.change_field("deals", Column(name="PROBABILITY", type="string", title="Probability"))
        assert run("--once").returncode == 0
        assert run("quarantine").stdout == ""
        with sqlite3.connect(home / "bitsheet.db") as database:
            found = database.execute("SELECT probability FROM deals WHERE id = ?", (ident,)).fetchone()
        assert str(found[0]) == str(10**30)


def test_an_unknown_table_is_bad_usage(home, run):
    asked = run("quarantine", "deal")
    assert asked.returncode == 64
    assert "did you mean deals?" in asked.stderr
