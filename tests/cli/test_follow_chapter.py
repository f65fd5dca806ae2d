"""The manual's chapter on following: each of its command lines does what the chapter says."""

import gzip
import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.feed.envelope import debezium, jsonl
from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store
from bitsheet_tui.store.changes import Changes
from tests.support.commands import configure
from tests.support.debian import program
from tests.support.readme import manual
from tests.support.store_rows import NOW, SHAPES, TABLES, deal

CHAPTER = manual("follow").partition("\n## Debezium\n")[0]
# what follows until it is stopped is stopped when everything has come
TOOL = f'bitsheet-tui() {{ timeout --preserve-status 8 "{sys.executable}" -m bitsheet_tui "$@"; }}\n'


def blocks(language):
    return [block.split("```")[0] for block in CHAPTER.split(f"```{language}\n")[1:]]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    configure(tmp_path, "https://acme.example.com/rest/7/c4n4ryc4n4ryc4n4ry/")
    with closing(Store.open(Secret(f"sqlite:///{tmp_path}/bitsheet.db"))) as store:
        store.shape(TABLES["deals"], SHAPES["deals"])
        store.commit(TABLES["deals"], [*map(deal, range(1, 31))], None, at=NOW, cycle=1)
        yield store


@pytest.mark.debian
def test_each_command_line_of_the_chapter_is_run(store, tmp_path):
    program("jq")
    said = []
    for block in blocks("sh"):
        whole = re.sub(r"\|\n\s+", "| ", block)
        for line in whole.splitlines():
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", TOOL + line],
                capture_output=True, text=True, check=False,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )  # fmt: skip
            assert done.returncode == 0, (line, done.stdout + done.stderr)
            said.append(done.stdout)
    newest, jq, first, again, loop, zipped, listed, dropped, _ = said
    assert [json.loads(line)["seq"] for line in newest.splitlines()] == [26, 27, 28, 29, 30]
    assert [json.loads(line)[:2] for line in jq.splitlines()] == [[seq, "insert"] for seq in range(21, 31)]
    assert first == again == zipped == dropped == ""
    assert len((tmp_path / "changes.jsonl").read_text().splitlines()) == 30
    assert loop.splitlines() == [f"{number} read" for number in range(1, 31)]
    assert len(gzip.decompress((tmp_path / "feed.gz").read_bytes()).splitlines()) == 30
    assert [line.split("\t")[:3] for line in listed.splitlines()] == [
        ["loop", "30", "0"],
        ["reports", "30", "0"],
    ]
    assert len((tmp_path / "envelopes.jsonl").read_text().splitlines()) == 30


def test_the_examples_have_the_fields_that_there_are(store):
    store.commit(TABLES["deals"], [deal(7, TITLE="b")], None, at=NOW, cycle=2)
    with closing(Changes.open(Secret(f"sqlite:///{store._database.driver.path}"))) as feed:
        (line,) = feed.lines(30, limit=1)
        shown = [json.loads(jsonl(line)), json.loads(debezium(*feed.place)(line))]
    for said, is_ in zip(map(json.loads, blocks("json")), shown, strict=True):
        assert said.keys() == is_.keys()
        assert said.get("source", {}).keys() == is_.get("source", {}).keys()


def test_help_on_the_command_names_its_options(capfd):
    assert main(["help", "changes"]) == 0  # the chapter of this name: what is new
    with pytest.raises(SystemExit):
        main(["changes", "--help"]) or sys.exit(0)
    out = capfd.readouterr().out
    for option in set(re.findall(r"--[a-z]+", CHAPTER)) - {"--format"}:
        assert option in out
