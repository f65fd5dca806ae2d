"""What the command line takes, and what it says about it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bitsheet_tui import __version__
from bitsheet_tui.cli import arguments, main
from bitsheet_tui.cli.arguments import COMMANDS, parse
from bitsheet_tui.errors import UsageError


@pytest.mark.parametrize("words", [["--help"], *([command.name, "--help"] for command in COMMANDS)])
def test_help_is_everywhere_and_is_data(words, capsys):
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out.startswith("usage: bitsheet-tui")
    assert said.err == ""
    if words == ["--help"]:
        assert all(command.name in said.out for command in COMMANDS)


@pytest.mark.parametrize("words", [["--version"], ["service", "--version"]])
def test_version_is_everywhere(words, capsys):
    assert main(words) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["--nothing"], "unrecognized arguments: --nothing"),
        (["--no-u"], "unrecognized arguments: --no-u"),
        (["--config"], "expected one argument"),
        (["--no-ui", "service"], "--no-ui does not go with the command service"),
        (["--once", "service"], "--once does not go with the command service"),
        (["--demo", "service"], "--demo does not go with the command service"),
    ],
)
def test_bad_usage_is_64_and_one_sentence_on_stderr(words, said, capsys):
    assert main(words) == 64
    told = capsys.readouterr()
    assert told.out == ""
    first, *rest = told.err.splitlines()
    assert first.startswith("bitsheet-tui: ")
    assert said in first
    assert len(rest) <= 1


@pytest.mark.parametrize("words", [["--config", "x.toml", "service"], ["service", "--config", "x.toml"]])
def test_the_configuration_may_stand_before_or_after_the_command(words):
    assert parse(words).config == Path("x.toml")


@pytest.mark.parametrize(
    ("words", "module", "once", "demo"),
    [
        ([], "console", False, False),
        (["--demo"], "console", False, True),
        (["--no-ui"], "headless", False, False),
        (["--once"], "headless", True, False),
        (["--once", "--demo", "--no-ui"], "headless", True, True),
    ],
)
def test_without_a_command_the_options_choose(words, module, once, demo):
    given = parse(words)
    assert (given.command, given.once, given.demo) == (module, once, demo)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_is_a_number_that_ports_have(port):
    parser = arguments.Parser(prog="x")
    arguments._port(parser)
    with pytest.raises(UsageError, match="--port"):
        parser.parse_args([f"--port={port}"])


def test_whatever_is_written_is_the_owners_alone(tmp_path, monkeypatch, capsys):
    os.umask(0o022)
    main(["--version"])
    (tmp_path / "file").touch()
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    capsys.readouterr()


def best(*command: str) -> float:
    """What the quickest of several runs took of a core, in seconds: others may be at work meanwhile."""
    times = []
    for _ in range(7):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        times.append(used.ru_utime + used.ru_stime)
    return min(times)


def test_help_is_there_at_once():
    assert best(sys.executable, "-m", "bitsheet_tui", "--help") < 6 * best(sys.executable, "-c", "pass")


@pytest.mark.parametrize(
    "words", [("log", "-n", "x"), ("portal", "--port", "1x"), ("status", "--check", "--max-age", "soon")]
)
def test_what_is_no_number_is_named_in_plain_words(words):
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert f": {words[-1]} is no " in str(caught.value)
