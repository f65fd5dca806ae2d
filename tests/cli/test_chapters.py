"""Every command line of the chapters on notifications, backup and readers, taken out of them and run."""

import json
import re
import shlex
from pathlib import Path

import psycopg
import pytest

from bitsheet_tui import wiring
from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.notify.channels import channels
from bitsheet_tui.portal.demo import DemoPortal, Settings
from bitsheet_tui.secret import Secret
from tests.support.commands import CODE, SMALL, configure
from tests.support.listeners import web_server
from tests.support.readme import manual
from tests.support.sync_run import config

HOOK = "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/"


def blocks(chapter, kind):
    return [block.split("```")[0] for block in manual(chapter).split(f"```{kind}\n")[1:]]


def commands(chapter):
    lines = [line for block in blocks(chapter, "sh") for line in block.splitlines()]
    found = [shlex.split(line)[1:] for line in lines if line.startswith("bitsheet-tui ")]
    assert found
    return found


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_on_notifications_do_what_they_say(here):
    with web_server() as channel:
        configure(here, HOOK, f'[notify]\nurls = ["{channel.channel()}"]\n')
        assert [main(command) for command in commands("notifications")] == [0]
        assert len(channel.posted) == 1


def test_the_settings_in_the_chapter_are_settings(here):
    told = "".join(block for block in blocks("notifications", "toml"))
    told = told.replace("[notify]\nheartbeat_url", "heartbeat_url", 1)  # it is one file here
    configure(here, HOOK, told)
    found = load(here / "config.toml", {})
    assert (len(found.notify.urls), [one.name for one in found.question]) == (2, ["big deals lost"])
    assert [one.name for one in channels(found.notify.urls)] == ["slack 1", "mailto 2"]
    assert found.notify.heartbeat_url
    assert found.warnings == ()


def test_the_commands_on_backup_do_what_they_say(here):
    configure(here, HOOK, f'[store]\nurl = "sqlite:///{here}/mirror.db"\n')
    wiring.open_store(config(HOOK, Secret(f"sqlite:///{here}/mirror.db"))).close()
    found = commands("backup")
    assert [main(command) for command in found] == [0] * len(found)
    assert len([*here.glob("mirror-*.db")]) == len(found)


@pytest.mark.slow
def test_the_commands_and_the_sql_on_readers_do_what_they_say(here, postgres_url):
    url = postgres_url.reveal()
    configure(here, HOOK, f"[store]\nurl = {json.dumps(url)}\n")
    store = wiring.open_store(config(HOOK, postgres_url))
    made, taken, *_ = blocks("readers", "sql")  # see test_export_chapter and test_physical_replica
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(made)
        try:
            found = [command for command in commands("readers") if command[0] == "grant"]
            assert [main(command) for command in found] == [0] * len(found)
            reads = "SELECT has_table_privilege('reports', 'bitsheet.contact_points', 'SELECT')"
            assert connection.execute(reads).fetchone() == (True,)
            connection.execute(taken)
            store.close()
            wiring.open_store(config(HOOK, postgres_url)).close()
            assert connection.execute(reads).fetchone() == (False,)
        finally:
            connection.execute("DROP OWNED BY reports; DROP ROLE reports")


def spoken(program):
    """The SQL that the chapter on readers has for a program."""
    (item,) = [one for one in manual("readers").split("\n* ") if one.startswith(f"**{program}")]
    return re.findall(r"`([A-Z]{4}[^`]+)`", re.sub(r"\n +", " ", item))


def filled(url):
    """A mirror of the demo portal's small company; its deals."""
    demo = DemoPortal(SMALL, settings=Settings(code=CODE))
    with demo.run_in_thread() as webhook:
        configure(Path(), webhook, f"[store]\nurl = {json.dumps(url)}\n[log]\nfile = ''\n")
        assert main(["--once"]) == 0
    return list(demo.world.truth("deals"))


def duck():
    """DuckDB with its extensions for both databases, which it would fetch from the network by itself.

    They are of the extra `proofs`.
    """
    import duckdb
    import duckdb_extension_postgres_scanner
    import duckdb_extension_sqlite_scanner

    found = duckdb.connect()
    for package in (duckdb_extension_sqlite_scanner, duckdb_extension_postgres_scanner):
        (file,) = Path(package.__file__).parent.rglob("*.duckdb_extension")
        found.execute(f"LOAD '{file}'")
    return found


@pytest.mark.slow
def test_duckdb_reads_either_mirror_by_the_lines_of_the_chapter(here, postgres_url):
    file, server = spoken("DuckDB")
    deals = filled(f"sqlite:///{here}/bitsheet.db")
    with duck() as reader:
        reader.execute(file)
        assert reader.execute("SELECT count(*) FROM crm.v_deals").fetchone() == (len(deals),)
        with pytest.raises(Exception, match="read-only"):
            reader.execute("DELETE FROM crm.deals")
    assert len(filled(postgres_url.reveal())) == len(deals)
    with duck() as reader:
        reader.execute(server.replace("host=db dbname=crm user=reports", postgres_url.reveal()))
        assert reader.execute("SELECT count(*) FROM crm.bitsheet.v_deals").fetchone() == (len(deals),)


@pytest.mark.slow
def test_grafanas_query_of_the_chapter_counts_new_deals_by_day(here, postgres_url):
    (query,) = spoken("Grafana")
    deals = filled(postgres_url.reveal())
    # as Grafana writes it: docs, PostgreSQL query editor, macros
    query = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN '2000-01-01T00:00:00Z' AND now()", query)
    with psycopg.connect(postgres_url.reveal()) as connection:
        days = connection.execute(query).fetchall()
        zone = re.search(r"`(date_create AT[^`]+)`", manual("readers"))[1]
        assert connection.execute(f"SELECT {zone} FROM bitsheet.v_deals").fetchall()
    assert sum(count for _, count in days) == len(deals)
    assert days == sorted(days)
