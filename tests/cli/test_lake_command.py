"""`bitsheet-tui lake` as a process: killed, stopped, read while it writes, and what its chapter says."""

from __future__ import annotations

import os
import random
import resource
import shlex
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.errors import StoreRefused
from bitsheet_tui.manual import FOLDER
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Checkpoint, Store
from bitsheet_tui.store.cursors import Cursors
from tests.support import lake_tables
from tests.support.commands import until
from tests.support.store_rows import DEAL, NOW, TABLES, deal

pytestmark = pytest.mark.proofs
CHAPTER = (FOLDER / "lake.md").read_text(encoding="utf-8")
DEALS = TABLES["deals"]
EACH = ("id", "title", "opportunity", "closed", "date_modify", "begindate")


@pytest.fixture
def url(home):
    return Secret(f"sqlite:///{home}/bitsheet.db")


@pytest.fixture
def store(url):
    """The mirror, which this process writes."""
    with closing(Store.open(url)) as found:
        found.shape(DEALS, DEAL)
        commit(found, *(deal(n) for n in range(1, 200)))
        yield found


def commit(store, *rows, later=0):
    checkpoint = Checkpoint(table="deals", watermark=NOW, reach=10**6, floor=0, fill_started=NOW)
    store.commit(DEALS, rows, checkpoint, at=NOW + timedelta(seconds=later), cycle=later, filling=True)


def moved(chance):
    """Two deals between which money moved: the sum stays."""
    one, two = chance.sample(range(1, 200), 2)
    return deal(one, OPPORTUNITY="500.25"), deal(two, OPPORTUNITY="1500.75")


def polars_(path):
    import polars

    return polars.read_delta(str(path)).select(EACH).rows()


def duckdb_(path):
    import duckdb
    from deltalake import DeltaTable

    deals = DeltaTable(path).to_pyarrow_dataset()
    return duckdb.from_arrow(deals).project(", ".join(EACH)).to_arrow_table().to_pylist()


def clickhouse(path):
    import chdb

    return chdb.query(f"SELECT {', '.join(EACH)} FROM deltaLakeLocal('{path}')", "ArrowTable").to_pylist()


def pandas_(path):
    from deltalake import DeltaTable

    return DeltaTable(path).to_pandas()[[*EACH]].to_dict("records")


READERS = {"Polars": polars_, "DuckDB": duckdb_, "ClickHouse": clickhouse, "pandas": pandas_}


def read(reader, path):
    rows = [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in reader(path)]
    return {row[0]: plain(row) for row in rows}


def plain(row):
    _, title, number, closed, moment, day = row
    return (
        title,
        None if number is None else str(number.normalize()),
        bool(closed),
        moment.isoformat()[:19],
        str(day)[:10],
    )


def test_four_engines_read_the_same_while_it_is_written_and_in_the_end_what_the_mirror_is(
    store, url, home, start
):
    process = start("lake", "crm", "--every", "0.2")
    until(process, "deals")
    chance, seen = random.Random(3), set()
    for round_ in range(1, 4):
        commit(store, *moved(chance), later=round_)
        for name, reader in READERS.items():
            found = read(reader, home / "crm" / "deals")
            assert len(found) == 199, name
            seen.add(name)
    until(process, "deals")
    process.terminate()
    assert process.wait(5) == 0
    assert main(["lake", "crm", "--once"]) == 0
    rows, seq = lake_tables.mirror(url)
    there = {id_: plain([row[name] for name in EACH]) for (id_,), row in rows["deals"].items()}
    assert {
        name: read(reader, home / "crm" / "deals") == there for name, reader in READERS.items()
    } == dict.fromkeys(READERS, True)
    assert lake_tables.seqs(home / "crm") == {"deals": seq}
    assert lake_tables.differences(url, home / "crm") == []


def test_killed_at_any_moment_it_goes_on_where_each_table_is(store, url, home, start):
    chance = random.Random(11)
    for kill in range(6):
        process = start("lake", "crm", "--every", "0.01")
        until(process, "follows")
        time.sleep(chance.uniform(0, 0.3))
        for n in range(8):
            commit(store, *moved(chance), deal(1000 + kill * 10 + n), later=kill * 10 + n)
            time.sleep(chance.uniform(0, 0.08))
        process.kill()
        process.wait()
        store.bury(DEALS, [chance.randrange(1, 200)], at=NOW, cycle=kill)
    assert main(["lake", "crm", "--once"]) == 0
    assert lake_tables.differences(url, home / "crm") == []


def test_sigterm_ends_it_at_once_with_0_and_a_second_process_is_refused(store, home, start, run):
    process = start("lake", "crm")
    until(process, "deals 199 rows, read whole")
    refused = run("lake", "crm", "--once")
    assert (refused.returncode, "another process keeps the lake" in refused.stderr) == (75, True)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert time.monotonic() - began < 2
    assert process.stderr.read() == ""


def test_what_it_cannot_do_is_a_sentence_and_an_exit_code(home, run, tmp_path):
    missing = run("lake", "crm")
    assert missing.returncode == 73
    assert "There is no mirror" in missing.stderr
    assert not (home / "crm").exists()


def test_a_full_disk_is_a_sentence_and_the_next_run_makes_it_whole(store, url, home):
    chance = random.Random(5)
    commit(store, *(deal(n, TITLE=chance.randbytes(500).hex()) for n in range(1, 200)), later=1)

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    words = [*_program(), "lake", "crm", "--once"]
    full = subprocess.run(
        words, capture_output=True, text=True, check=False, preexec_fn=small, env=_environment()
    )
    assert full.returncode == 73, full.stderr
    assert "No space is left for" in full.stderr
    assert "Traceback" not in full.stderr
    assert main(["lake", "crm", "--once"]) == 0
    assert lake_tables.differences(url, home / "crm") == []


def test_a_mirror_that_may_only_be_read_is_followed_without_a_cursor(store, url, home, capfd, monkeypatch):
    def refused(*_):
        raise StoreRefused("permission denied for table bitsheet_cursors")

    monkeypatch.setattr(Cursors, "take", refused)
    assert main(["lake", "crm", "--once"]) == 0
    said = capfd.readouterr().err
    assert "no cursor is kept in the mirror" in said
    assert "deals 199 rows, read whole" in said
    assert lake_tables.differences(url, home / "crm") == []


def _program():
    import sys

    return [sys.executable, "-m", "bitsheet_tui"]


def _environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_each_command_line_and_each_program_of_the_chapter_is_run(home, start, run, capfd):
    assert main(["--once"]) == 0  # the demo portal, whose deals have stages
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert lines.pop(0) == "pip install 'bitsheet-tui[lake]'"
    once, forever = (shlex.split(line)[1:] for line in lines)
    assert run(*once).returncode == 0
    process = start(*forever)
    until(process, "follows")
    process.terminate()
    assert process.wait(5) == 0
    programs = blocks("python")
    assert len(programs) == 5
    with closing(sqlite3.connect(home / "bitsheet.db")) as mirror:
        ((count, total),) = mirror.execute(
            "SELECT count(*), sum(opportunity) FROM deals WHERE _deleted_at IS NULL"
        )
        ((seq,),) = mirror.execute("SELECT max(seq) FROM bitsheet_changes")
    capfd.readouterr()
    shown = []
    for program in programs:
        exec(program, {})
        shown.append(capfd.readouterr().out)
    by_polars, by_duckdb, by_clickhouse, by_pandas, older = shown
    assert f"{count} " in by_polars
    assert f"{int(total)}." in by_polars
    stages = eval(by_duckdb, {"Decimal": Decimal})
    assert sum(rows for _, rows, _ in stages) == count
    assert sum(money for *_, money in stages) == Decimal(str(total))
    assert by_clickhouse.startswith(f"{count},{int(total)}")
    assert by_pandas.splitlines()[-1] == f"{seq}"
    assert older == f"{count}\n"


def blocks(language):
    return [block.split("```")[0] for block in CHAPTER.split(f"```{language}\n")[1:]]
