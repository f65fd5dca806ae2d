"""`bitsheet-tui help`: the manual on a terminal, in a pipe, in both languages."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.locales import CODES
from bitsheet_tui.manual import FOLDER, TOPICS, chapter, chapters
from tests.support.readme import manual

COMMAND = [sys.executable, "-m", "bitsheet_tui", "help"]
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG", "BITSHEET_UI_LANGUAGE")


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No locale, no configuration."""
    monkeypatch.chdir(tmp_path)
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)


def printed(capsys, *words: str) -> str:
    assert main(["help", *words]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def test_without_a_topic_every_chapter_has_a_line(capsys):
    listed = printed(capsys).splitlines()
    assert [line.split()[0] for line in listed[2:]] == list(TOPICS)
    assert all(chapter(topic, "en").summary in line for topic, line in zip(TOPICS, listed[2:], strict=True))
    assert max(map(len, listed)) <= 80


@pytest.mark.parametrize("topic", TOPICS)
def test_in_a_pipe_a_chapter_is_its_markdown(topic, capsys):
    assert printed(capsys, topic) == manual(topic)
    assert printed(capsys, topic.upper()) == manual(topic)


def test_a_command_is_explained_as_its_own_help_does(capsys):
    assert main(["resync", "--help"]) == 0
    own = capsys.readouterr().out
    assert printed(capsys, "resync") == own


@pytest.mark.parametrize(
    ("topic", "nearest"),
    [
        ("troubels", "troubles"),
        ("config", "configuration"),
        ("serivce", "service"),
        ("first", "first-portal"),
    ],
)
def test_an_unknown_topic_is_bad_usage_and_the_nearest_is_named(topic, nearest, capsys):
    assert main(["help", topic]) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bitsheet-tui: the manual has no chapter {topic}; did you mean {nearest}?\n")
    assert "sql" in said.err


def test_a_topic_like_no_other_is_answered_with_all_of_them(capsys):
    assert main(["help", "xyzzy"]) == 64
    said = capsys.readouterr().err
    assert "did you mean" not in said
    assert all(topic in said for topic in TOPICS)


@pytest.mark.parametrize(
    ("words", "environ", "language"),
    [
        ([], {}, "en"),
        (["--lang", "tr"], {}, "tr"),
        ([], {"LANG": "tr_TR.UTF-8"}, "tr"),
        (["--lang", "en"], {"LANG": "tr_TR.UTF-8"}, "en"),
        ([], {"BITSHEET_UI_LANGUAGE": "tr", "LANG": "en_GB.UTF-8"}, "tr"),
        ([], {"BITSHEET_UI_LANGUAGE": "xx", "LANG": "tr_TR.UTF-8"}, "tr"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_consoles(words, environ, language, monkeypatch, capsys):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert printed(capsys, "first-portal", *words) == manual(
        "first-portal", "" if language == "en" else language
    )


def test_what_is_not_translated_is_shown_in_english_and_the_list_says_so(capsys):
    assert printed(capsys, "sql", "--lang", "tr") == manual("sql")
    listed = printed(capsys, "--lang", "tr").splitlines()[2:]
    foreign = {line.split()[0] for line in listed if line.endswith("(İngilizce)")}
    translated = {path.stem for path in (FOLDER / "tr").glob("*.md")} - {"contents"}
    assert translated == {"first-portal", "commands", "configuration", "keys", "troubles"}
    assert foreign == set(TOPICS) - translated


def test_a_configuration_that_cannot_be_read_keeps_nobody_from_the_manual(tmp_path, capsys):
    (tmp_path / "config.toml").write_text("[[[")
    assert printed(capsys, "configuration") == manual("configuration")


def test_every_file_of_the_manual_is_a_chapter():
    files = {path.relative_to(FOLDER) for path in FOLDER.rglob("*.md")}
    found = {Path("" if one.language == "en" else one.language, f"{one.topic}.md")
             for code in CODES for one in chapters(code)}  # fmt: skip
    assert files - {Path("tr", "contents.md")} == {Path(f"{topic}.md") for topic in TOPICS} | found


def on_a_terminal(*words: str, rows: int = 24, columns: int = 80, **environ: str) -> str:
    """What the command writes to a terminal of this size, whose pager is `cat` unless another is named."""
    ours, theirs = pty.openpty()
    size = {"LINES": str(rows), "COLUMNS": str(columns), "TERM": "xterm", "PAGER": "sed 's/^/> /'"}
    kept = {name: value for name, value in os.environ.items() if name not in {*LOCALE, "MANPAGER"}}
    done = subprocess.Popen(
        [*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[2]), **size, **environ}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    out = b""
    while chunk := _read(ours):
        out += chunk
    os.close(ours)
    assert done.wait(10) == 0
    return out.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody writes to it any more
        return b""


@pytest.mark.parametrize("topic", TOPICS)
def test_on_a_terminal_a_chapter_is_laid_out_for_it_and_goes_through_the_pager(topic):
    shown = on_a_terminal(topic, columns=60, rows=10).splitlines()
    assert all(line.startswith("> ") for line in shown)
    lines = [line[2:] for line in shown]
    assert lines[0] == chapter(topic, "en").title
    assert lines[1] == "-" * len(lines[0])
    assert all(len(line) <= 60 or line.strip() in manual(topic) for line in lines)  # code stays whole
    assert not any(mark in "\n".join(lines) for mark in ("```", "](", "|--", "\x1b"))


def test_what_fits_on_the_terminal_is_not_paged():
    shown = on_a_terminal(rows=40)
    assert not shown.startswith("> ")
    assert "first-portal" in shown


def test_a_terminal_without_a_pager_shows_all_of_it():
    assert "Exit codes" in on_a_terminal("commands", PAGER="", TERM="dumb")
