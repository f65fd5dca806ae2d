"""What a user gets wrong is told in one clear sentence with what to do, and nothing on disk is changed."""

import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.cli import main
from tests.support.commands import CODE, SECONDS, configure, until
from tests.support.readme import said

HINT = re.compile(r"^  \S", re.MULTILINE)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, with its bytes."""
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def refused(words: list[str], capfd, code: int, says: str) -> str:
    """The command ends with `code`, says so in one sentence on stderr, and leaves the disk as it was."""
    before = tree(Path())
    assert main(words) == code
    told = capfd.readouterr().err
    assert says in told
    assert "Traceback" not in told
    assert CODE not in told
    assert len([line for line in told.splitlines() if line.startswith("bitsheet-tui:")]) == 1, told
    assert tree(Path()) == before
    return told


ADDRESSES = [
    ("http://portal.example/rest/1/{code}/", "must be https"),
    ("https://portal.example/rest/{code}/", "/rest/USER/CODE/"),
    ("https://portal.example/rest/1/{code}/profile.json", "/rest/USER/CODE/"),
    ("https://anna:{code}@portal.example/rest/1/{code}/", "user name or password"),
    ("portal.example/rest/1/{code}", "must begin with https://"),
    ("file:///rest/1/{code}/", "must begin with https://"),
    ("https:///rest/1/{code}/", "names no host"),
    ("https://portal example/rest/1/{code}/", "blanks"),
]


@pytest.mark.parametrize(("address", "says"), ADDRESSES, ids=[says for _, says in ADDRESSES])
@pytest.mark.parametrize("given", ["file", "environment"])
def test_a_wrong_address_is_refused_before_anything_is_touched(
    home, capfd, monkeypatch, address, says, given
):
    if given == "file":
        configure(home, address.format(code=CODE))
        where = "config.toml, line 2"
    else:
        configure(home, "")
        monkeypatch.setenv("BITSHEET_WEBHOOK", address.format(code=CODE))
        where = "environment"
    assert where in refused(["--once"], capfd, 78, says)


KEYS = [
    ("[sync]\nintervall = 60\n", "did you mean sync.interval?"),
    ("[synch]\ninterval = 60\n", "did you mean sync?"),
    ("[sync]\ninterval = 'often'\n", "a number above 0"),
    ("[sync]\ntables = ['deal']\n", "did you mean deals?"),
    (
        "[sync]\ntables = ['contracts']\n[[table]]\nname = 'contracts'\nsmart_process = 174\n",
        "contracts has no effect in this version (config.toml, line 5)",
    ),
    ("[store]\nurl = 'mysql://host/db'\n", "sqlite:/// or postgresql://"),
    ("[log]\nlevel = 'LOUD'\n", "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    ("[sync\n", "not TOML"),
]


@pytest.mark.parametrize(("more", "says"), KEYS, ids=[says for _, says in KEYS])
def test_a_wrong_key_is_named_with_its_line_and_the_nearest_key(home, portal, capfd, more, says):
    configure(home, portal, more)
    told = refused(["--once"], capfd, 78, says)
    assert "config.toml" in told


def test_every_mistake_in_a_file_is_told_at_once(home, portal, capfd):
    configure(home, portal, "[sync]\nintervall = 60\n[log]\nlevel = 'LOUD'\n")
    assert main(["--once"]) == 78
    told = capfd.readouterr().err
    assert "line 5" in told
    assert "line 7" in told


def test_an_unknown_table_is_named_with_the_nearest_one(home, capfd):
    for words in (["sync", "dealz"], ["resync", "dealz"]):
        assert "did you mean deals?" in refused(words, capfd, 64, "dealz")


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE cookies (id INTEGER)")
    database.close()


def corrupt(path: Path) -> None:
    """Our own mirror with its inner pages overwritten, and a writer that did not end cleanly."""
    assert main(["--once"]) == 0
    body = bytearray(path.read_bytes())
    body[4096 : len(body) // 2] = b"\xa5" * (len(body) // 2 - 4096)
    path.write_bytes(body)
    Path(f"{path}-wal").write_bytes(b"not a journal of anything")


FILES = [
    (foreign, 74, f"another program's database; {said('a file of another program')}"),
    (lambda path: path.write_bytes(b"Dear diary, " * 500), 74, "not a SQLite database"),
    (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096), 74, "damaged"),
    (lambda path: path.mkdir(), 73, "is a folder"),
]


@pytest.mark.parametrize(("make", "code", "says"), FILES, ids=[says for *_, says in FILES])
def test_a_store_that_is_no_mirror_is_left_alone(home, capfd, make, code, says):
    make(Path("bitsheet.db"))
    assert HINT.search(refused_but_for_the_log(home, capfd, code, says))


def test_a_damaged_mirror_is_left_alone(home, capfd):
    corrupt(home / "bitsheet.db")
    capfd.readouterr()
    assert HINT.search(refused_but_for_the_log(home, capfd, 74, said("a damaged mirror")))


def refused_but_for_the_log(home: Path, capfd, code: int, says: str) -> str:
    """As `refused`, with the store looked at alone: the log has been opened by then."""
    before = (home / "bitsheet.db").read_bytes() if (home / "bitsheet.db").is_file() else None
    assert main(["--once"]) == code
    told = capfd.readouterr().err
    assert says in told
    assert "Traceback" not in told
    assert before is None or (home / "bitsheet.db").read_bytes() == before
    return told


def test_a_folder_that_is_not_there_is_named(home, portal, capfd):
    configure(home, portal, "[store]\nurl = 'sqlite:///nowhere/at/all/m.db'\n")
    assert HINT.search(refused_but_for_the_log(home, capfd, 73, "There is no folder"))
    assert not Path("nowhere").exists()


def test_a_folder_that_cannot_be_written_is_named(home, portal, capfd):
    """Root may write anywhere but into the kernel's own file system."""
    url = "/proc/bitsheet.db" if os.geteuid() == 0 else "/bitsheet.db"
    configure(home, portal, f"[store]\nurl = {json.dumps(f'sqlite:///{url}')}\n")
    assert HINT.search(refused_but_for_the_log(home, capfd, 73, "cannot be opened"))


def test_a_wrong_password_shows_no_password(home, portal, postgres_url, capfd):
    url = postgres_url.reveal().replace("postgres@", "nobody:hunter2hunter2@")
    configure(home, portal, f"[store]\nurl = {json.dumps(url)}\n")
    told = refused_but_for_the_log(home, capfd, 73, "nobody")
    assert "hunter2" not in told


def test_the_mirror_of_another_portal_is_left_alone_until_all_of_it_is_read_again(
    home, portal, capfd, monkeypatch
):
    assert main(["--once"]) == 0
    configure(home, f"https://other.example/rest/1/{CODE}/")
    told = refused_but_for_the_log(home, capfd, 78, said("the mirror of another portal"))
    assert "rows of 127.0.0.1:" in told
    assert "webhook is of other.example" in told
    assert HINT.search(told)
    assert main(["check"]) == 78
    assert said("the mirror of another portal") in capfd.readouterr().out

    configure(home, portal)
    monkeypatch.setattr(wiring, "is_here", lambda _: False)  # as if it were a portal like any other
    renamed = "UPDATE bitsheet_meta SET value = 'old.example' WHERE key = 'portal'"
    with closing(sqlite3.connect(home / "bitsheet.db")) as mirror, mirror:
        assert mirror.execute(renamed).rowcount == 1
    assert [main(words) for words in (["--once"], ["sync"], ["resync", "deals"])] == [78] * 3
    assert main(["resync", "--all"]) == 0
    assert main(["--once"]) == 0
    capfd.readouterr()


def test_another_instance_is_named_and_nothing_is_written(home, start, capfd):
    process = start("--no-ui")
    until(process, "cycle 1 done")
    before = (home / "bitsheet.db").read_bytes()
    told = refused_but_for_the_log(home, capfd, 75, f"pid {process.pid}")
    assert said("a second instance") in told
    assert HINT.search(told)
    assert (home / "bitsheet.db").read_bytes() == before
    process.terminate()
    assert process.wait(SECONDS) == 0
