"""A portal full of harm: nothing of it acts on a terminal, forges a line or becomes SQL, whatever one runs."""

import json
import re
import sqlite3
import unicodedata
from contextlib import closing

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import Column, DemoPortal, Settings, Size, Spelt
from bitsheet_tui.portal.demo.faults import Fault, Kind
from tests.support.command_terminal import terminal
from tests.support.commands import CODE, configure

pytestmark = pytest.mark.slow

SIZE = Size(leads=3, contacts=4, companies=2, deals=20, activities=5, tasks=8, users=3, departments=2)
FORGED = "2026-11-24 00:00:00+00:00 CRITICAL engine         forged"
HARM = (
    f"\x1b]52;c;aGk=\x07\x1b]0;title\x07\x9b31m[@click=app.leave]x[/] \u202egnp\u2066\r\n{FORGED}\x00\u2028"
)
NAME = 'UF_CRM_"; DROP TABLE deals; --'
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* +(DEBUG|INFO|WARNING|ERROR|CRITICAL) ")


@pytest.fixture
def demo():
    """Harm in names, titles, comments, field names, values that cannot be stored, and error texts."""
    demo = DemoPortal(SIZE, settings=Settings(code=CODE))
    world = demo.world
    world.edit("users", 1, NAME=HARM, LAST_NAME=HARM)
    deals = [row["ID"] for row in world.truth("deals")]
    world.edit("deals", deals[0], TITLE=HARM)
    world.edit("deals", deals[1], TITLE="x" * 1_000_000)
    world.edit("deals", deals[2], COMPANY_ID=Spelt(HARM))  # cannot be stored
    world.edit("contacts", next(world.truth("contacts"))["ID"], NAME=HARM, LAST_NAME=HARM)
    world.comment(next(world.truth("tasks"))["ID"], HARM, source="chat")
    world.add_field("deals", Column(name=NAME, type="string", title=HARM, custom=True))
    world.bind("deals", deals[3], **{NAME: HARM})
    return demo


@pytest.fixture
def portal(demo):
    with demo.run_in_thread() as webhook:
        yield webhook


def harmful(text: str) -> set[str]:
    """The characters in it that do more than take their place; a table may have tabs."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char not in "\n\t"}


COMMANDS = [
    (["check"], 1),
    (["--once"], 1),
    (["status"], 0),
    (["status", "--json"], 0),
    (["quarantine"], 0),
    (["quarantine", "--retry"], 0),
    (["verify"], 1),
    (["sync", "leads"], 1),
    (["resync", "deals"], 0),
]


@pytest.mark.sample
def test_no_command_lets_anything_of_it_through(home, demo, portal, capfd):
    configure(home, portal, "[sync]\nreconcile_every = 1\nstatic_every = 1\n[log]\nlevel = 'DEBUG'\n")
    assert main(["--once"]) == 0
    fault = Fault(kind=Kind.ERROR, method="crm.lead.list", status=400, error=HARM, description=HARM, times=99)
    demo.faults.add(fault)
    said = capfd.readouterr()
    told = [said.out, said.err]
    for words, code in COMMANDS:
        assert main(words) == code, words
        said = capfd.readouterr()
        told += [said.out, said.err]
    assert fault.struck
    assert [harmful(text) for text in told] == [set()] * len(told)
    assert [line for text in told for line in text.splitlines() if line.startswith(FORGED)] == []
    assert max(len(line) for text in told for line in text.splitlines()) < 3000
    log = (home / "logs" / "bitsheet.log").read_text(encoding="utf-8")
    assert "forged" in log  # it was told, as a part of another line
    assert harmful(log) == set()
    assert [line for line in log.splitlines() if not STAMP.match(line) or "CRITICAL" in line[:40]] == []


@pytest.mark.sample
def test_it_is_stored_as_it_is_and_is_never_sql(home, portal):
    configure(home, portal)
    assert main(["--once"]) == 0
    with closing(sqlite3.connect(home / "bitsheet.db")) as mirror:
        stored = HARM.replace("\x00", "\N{REPLACEMENT CHARACTER}")
        assert mirror.execute("SELECT count(*) FROM deals WHERE title = ?", (stored,)).fetchone() == (1,)
        assert mirror.execute("SELECT max(length(title)) FROM deals").fetchone() == (1_000_000,)
        assert mirror.execute("SELECT count(*) FROM deals").fetchone() == (SIZE.deals,)
        columns = [row[1] for row in mirror.execute("PRAGMA table_info(deals)")]
        (ours,) = [name for name in columns if name.startswith("uf_crm_") and "drop" in name]
        assert re.fullmatch("[a-z_][a-z0-9_]*", ours)
        assert mirror.execute(f"SELECT count(*) FROM deals WHERE {ours} = ?", (stored,)).fetchone() == (1,)
        (reason,) = mirror.execute("SELECT reason FROM bitsheet_quarantine").fetchone()
        assert harmful(reason) == set()


def test_no_screen_lets_anything_of_it_through(home, demo, portal):
    configure(home, portal, "[sync]\ninterval = 0.5\n")
    demo.faults.add(
        Fault(kind=Kind.ERROR, method="crm.lead.list", status=400, error=HARM, description=HARM, times=10**6)
    )
    with terminal() as screen:
        screen.until(b"leads")
        screen.until(b"failed")
        for keys in (
            b"e",
            b"\x1b",
            b"l",
            b"\x1b",
            b"jjj\r",
            b"\x1b",
            b"b",
            b"\r",
            b"]",
            b"\x1b",
            b"\x1b",
            b"h\x1b",
        ):
            screen.press(keys)
            screen.pause(0.4)
        screen.press(b"q")
        assert screen.ends() == 0
        titles = re.findall(rb"\x1b\]2;([^\x07]*)\x07", screen.seen)
        assert titles  # of our own making
        assert all(re.fullmatch(r"\S bitsheet: [a-z0-9 ]+", title.decode()) for title in titles), titles
        for sign in (b"\x1b]52", b"\x1b]0;", b"\xc2\x9b", "\u202e".encode(), "\u2066".encode()):
            assert sign not in screen.seen
    config = json.dumps((home / "config.toml").read_text(encoding="utf-8"))
    assert CODE in config
    assert CODE.encode() not in screen.seen
