"""`bitsheet-tui completion`: what the script knows; test_shells.py drives the shells with it."""

import sys

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.cli.arguments import COMMANDS
from bitsheet_tui.cli.completion import script
from bitsheet_tui.portal.demo.variants import VARIANTS
from bitsheet_tui.tables import CATALOGUE


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_data_and_knows_every_command_table_and_variant(shell, capsys):
    assert main(["completion", shell]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "bitsheet-tui" in said.out.splitlines()[-1 if shell == "bash" else 0]
    for name in (*(command.name for command in COMMANDS), *(table.name for table in CATALOGUE)):
        assert name in said.out
    for variant in VARIANTS:
        assert variant.name in said.out


def test_files_are_offered_for_every_path():
    told = script("bash").splitlines()
    for option in ("config", *(f"{command.name}___config" for command in COMMANDS), "web___token_file"):
        assert any(line.endswith(f"{option}_COMPGEN=_shtab_compgen_files") for line in told), option


def test_without_the_library_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "bitsheet-tui: completion needs shtab",
        "  install it: pip install shtab",
    ]
