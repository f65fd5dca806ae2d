"""A copy of the mirror: whole, checked, and as good as the mirror to go on from."""

import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bitsheet_tui import wiring
from bitsheet_tui.cli import main
from bitsheet_tui.errors import StoreDamaged
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import backup
from bitsheet_tui.sync.desk import now
from tests.support import mirror
from tests.support.commands import configure
from tests.support.postgres_server import PASSWORD, pgserver
from tests.support.sync_run import config, once, portal, unequal

HOOK = "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/"


def store_in(folder):
    return f'[store]\nurl = "sqlite:///{folder}/mirror.db"\n'


@pytest.mark.slow
@pytest.mark.sample
async def test_an_old_copy_that_is_restored_catches_up_by_itself(tmp_path):
    url = Secret(f"sqlite:///{tmp_path}/mirror.db")
    async with portal() as (demo, webhook):
        settings = config(webhook, url, reconcile_every=1, static_every=1)
        await once(settings)
        store = wiring.open_store(settings)  # it runs meanwhile
        store.ask("stop", by="somebody", at=now())
        backup.copy(tmp_path / "mirror.db", tmp_path / "copy.db")
        store.close()
        assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
        deals = sorted(row["ID"] for row in demo.world.truth("deals"))
        demo.world.edit("deals", deals[0], TITLE="edited since")
        demo.world.create("deals", TITLE="new since")
        demo.world.delete("deals", deals[3])
        await once(settings)
        demo.world.edit("deals", deals[1], TITLE="edited later")
        for left in tmp_path.glob("mirror.db*"):
            left.unlink()
        shutil.copy(tmp_path / "copy.db", tmp_path / "mirror.db")
        assert mirror.select(url, "SELECT count(*) FROM bitsheet_control WHERE done_at IS NULL")[1] == [(0,)]
        await once(settings)
        assert unequal(url, demo) == {}


def test_a_copy_is_of_one_moment_while_the_mirror_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "PAGES", 1)
    url = Secret(f"sqlite:///{tmp_path}/mirror.db")
    store = wiring.open_store(config(HOOK, url))
    with closing(sqlite3.connect(tmp_path / "mirror.db")) as writer:
        writer.execute("CREATE TABLE pairs (a INTEGER, b INTEGER, filler TEXT)")
        writer.executemany("INSERT INTO pairs VALUES (?, ?, ?)", [(n, n, "x" * 2000) for n in range(500)])
        writer.commit()
        done = threading.Event()

        def write():
            with closing(sqlite3.connect(tmp_path / "mirror.db", timeout=10)) as other:
                while not done.is_set():
                    with other:
                        other.execute("UPDATE pairs SET a = a + 1, b = b + 1")

        thread = threading.Thread(target=write)
        thread.start()
        try:
            backup.copy(tmp_path / "mirror.db", tmp_path / "copy.db")
        finally:
            done.set()
            thread.join()
    store.close()
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT count(*), count(DISTINCT a - b), max(a) - min(a) FROM pairs").fetchone() == (
            500, 1, 499,
        )  # fmt: skip
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy.db"]


def test_a_copy_replaces_nothing_and_a_damaged_one_is_none(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK, store_in(tmp_path))
    wiring.open_store(config(HOOK, Secret(f"sqlite:///{tmp_path}/mirror.db"))).close()
    Path("there").write_text("mine")
    assert main(["backup", "there"]) == 64
    assert Path("there").read_text() == "mine"
    assert main(["backup", "no/folder/copy.db"]) == 73
    assert main(["backup", "copy.db"]) == 0
    assert main(["backup", "copy.db"]) == 64
    monkeypatch.setattr(backup, "_check", lambda *_: (_ for _ in ()).throw(StoreDamaged("not sound")))
    assert main(["backup", "other.db"]) == 74
    assert not [path for path in tmp_path.iterdir() if "other" in path.name]
    capfd.readouterr()


def test_without_a_mirror_there_is_no_copy(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK, store_in(tmp_path))
    assert main(["backup", "copy.db"]) == 73
    assert "no mirror" in capfd.readouterr().err
    assert not Path("copy.db").exists()


@pytest.mark.slow
def test_postgresql_is_told_how_to_copy_it_without_the_password(tmp_path, monkeypatch, capfd, postgres_url):
    monkeypatch.chdir(tmp_path)
    url = postgres_url.reveal().replace("postgres@", f"postgres:{PASSWORD}@", 1)
    configure(tmp_path, HOOK, f'[store]\nurl = "{url}"\n')
    wiring.open_store(config(HOOK, Secret(url))).close()
    capfd.readouterr()
    assert main(["backup", "copy.dump"]) == 0
    said = capfd.readouterr()
    assert said.out.startswith("pg_dump --format=custom --schema=bitsheet --file=copy.dump ")
    assert PASSWORD not in said.out + said.err
    folder = max(Path(pgserver().__file__).parent.glob("pginstall*")) / "bin"
    subprocess.run(said.out, shell=True, check=True, env={"PATH": f"{folder}:/bin:/usr/bin"})
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA bitsheet CASCADE")
    restore = [folder / "pg_restore", "--dbname", postgres_url.reveal(), "copy.dump"]
    subprocess.run(restore, check=True, env={})
    store = wiring.open_store(config(HOOK, Secret(url)))
    assert store.alerts() == ()
    store.close()
