"""The shape of the code, and that what is written about it is true."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bitsheet_tui.cli.arguments import COMMANDS
from bitsheet_tui.errors import Exit
from bitsheet_tui.portal.demo import DemoPortal, Size
from bitsheet_tui.tables import CATALOGUE, Paging
from bitsheet_tui.ui.keys import KEYS
from bitsheet_tui.ui.language import speaking, t
from tests.support.readme import README, manual, points, rows, section

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bitsheet_tui"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
HEAVY = {"textual", "rich", "click"}


def offenders(files, *patterns):
    """Each line of the files that has one of the patterns, as `path:line`."""
    found = re.compile("|".join(patterns))
    return [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if found.search(line)
    ]


def test_no_error_is_suppressed_wholesale_and_nothing_is_left_for_later():
    assert (
        offenders(MODULES, r"suppress\((Base)?Exception\)", "NotImplementedError", "pragma: no cover") == []
    )


def test_no_test_is_skipped_or_expected_to_fail():
    assert (
        offenders(
            TESTS, *(rf"pytest\.(mark\.)?{word}\(" for word in ("skip", "skipif", "xfail", "importorskip"))
        )
        == []
    )


def test_no_test_module_imports_another():
    assert (
        offenders(
            TESTS, r"^\s*(from|import) tests\.(\w+\.)*(test_|conftest)", r"^\s*from tests\.\w+ import test_"
        )
        == []
    )


def test_the_top_level_stays_small():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    entries = {line.partition("/")[0] for line in listed.stdout.splitlines()}
    assert {entry for entry in entries if not entry.startswith(".")} <= {
        "bitsheet_tui",
        "tests",
        "pyproject.toml",
        "config.toml.example",
        "README.md",
    }


def test_layers_point_down():
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def loaded(*arguments: str, **environment: str) -> set[str]:
    """The top-level modules that a command has loaded when it ends."""
    code = (
        "import sys; from bitsheet_tui.cli import main; code = main(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("command", ["--help", "--version", "help", "help troubles", "help keys --lang tr"])
def test_help_loads_nothing_that_takes_time(command):
    slow = {"httpx", "ssl", "msgspec", "peewee", "loguru", "apscheduler", "asyncio", "dataclasses"}
    assert not loaded(*command.split()) & {*HEAVY, *slow}


def test_headless_needs_no_terminal_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = Size(leads=1, contacts=1, companies=1, deals=1, activities=1, tasks=1)
    with DemoPortal(small).run_in_thread() as webhook:
        modules = loaded("--once", BITSHEET_WEBHOOK=webhook)
    assert "httpx" in modules
    assert not modules & HEAVY
    assert not loaded("status") & {*HEAVY, "httpx"}


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


def test_the_pictures_of_the_readme_are_there():
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(shown) >= 2
    assert all((ROOT / path).read_text(encoding="utf-8").startswith("<svg") for path in shown)


def test_the_manual_names_every_table_and_its_method():
    told = [
        (cells[0].strip("`"), cells[1].strip("`"), "all of it" in cells[2])
        for cells in rows(section(manual("sql"), "What it mirrors"))
    ]
    full = [
        (table.name, table.method, table.static and table.paging is not Paging.COMMENTS)
        for table in CATALOGUE
    ]
    assert told == full


@pytest.mark.parametrize(("language", "heading"), [("", "Exit codes"), ("tr", "Çıkış kodları")])
def test_the_manual_names_every_exit_code(language, heading):
    told = {int(point.partition(":")[0]) for point in points(section(manual("commands", language), heading))}
    assert told == {value for name, value in vars(Exit).items() if name.isupper()}


@pytest.mark.parametrize("language", ["", "tr"])
def test_the_manual_names_every_key(language):
    with speaking(language or "en"):
        full = [f"`{key.shown}` **{t(key.label)}**: {t(key.words)}" for key in KEYS]
    assert points(manual("keys", language)) == full


@pytest.mark.parametrize("language", ["", "tr"])
def test_the_manual_names_every_command(language):
    told = re.findall(r"^\* `bitsheet-tui ([a-z]+)", manual("commands", language), re.MULTILINE)
    assert set(told) == {command.name for command in COMMANDS}


def test_every_command_has_a_help():
    assert all(command.help for command in COMMANDS)
