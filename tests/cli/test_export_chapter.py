"""The chapter on exports, and what that on readers says of files: each command line is run."""

import shlex
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.secret import Secret
from tests.support.commands import configure
from tests.support.exports import HOOK, NOW, fill
from tests.support.readme import manual
from tests.support.store_rows import TABLES

pytestmark = pytest.mark.proofs
TEXTS = [Field(name=name, kind=Kind.TEXT) for name in ("TITLE", "SOURCE_ID")]
ID = Field(name="ID", kind=Kind.INTEGER)


def blocks(chapter, language):
    return [block.split("```")[0] for block in manual(chapter).split(f"```{language}\n")[1:]]


def test_each_command_line_does_what_the_chapter_says(tmp_path, monkeypatch, capfd):
    import duckdb

    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK)
    store = fill(Secret(f"sqlite:///{tmp_path}/bitsheet.db"))
    store.shape(TABLES["companies"], [ID, *TEXTS])
    store.shape(TABLES["leads"], [ID, *TEXTS])
    store.shape(TABLES["tasks"], [ID, *TEXTS, Field(name="CREATED_DATE", kind=Kind.INSTANT)])
    store.commit(TABLES["leads"], [{"ID": "1001", "SOURCE_ID": "WEB"}], None, at=NOW, cycle=1)
    store.close()
    lines = [
        line for name in ("export", "readers") for block in blocks(name, "sh") for line in block.splitlines()
    ]
    lines = [line for line in lines if line.startswith("bitsheet-tui export")]
    assert len(lines) == 7
    for line in lines:
        words = shlex.split(line.partition(" |")[0])[1:]
        assert main(words) == 0, line
    out = capfd.readouterr().out
    assert '"source_id":"WEB"' in out
    assert {path.name for path in Path("lake").iterdir()} == {
        f"{name}.parquet" for name in ("deals", "contacts", "companies", "v_deals", "v_contacts")
    }
    assert Path("contacts.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    query = blocks("readers", "sql")[-1]
    with duckdb.connect() as connection:
        assert connection.execute(query).fetchall()[0][0] in {"Fresh", None}


def test_the_manual_names_the_formats_and_every_option():
    from bitsheet_tui.cli.arguments import parser

    sub = next(action for action in parser()._actions if action.dest == "command").choices["export"]
    said = manual("export")
    for action in sub._actions:
        for option in action.option_strings:
            if option.startswith("--") and option not in {"--help", "--config", "--version", "--output"}:
                assert option in said, option
