"""What bash and zsh complete, driven as somebody types into them."""

import sys
from pathlib import Path

import pytest

from bitsheet_tui.cli.arguments import COMMANDS
from bitsheet_tui.tables import CATALOGUE
from tests.support.interactive_shell import Shell

pytestmark = pytest.mark.debian

FUNCTIONS = "bitsheet-tui completion zsh > _bitsheet-tui && fpath=($PWD $fpath)"
SETUPS = {
    "bash": ("bash", ['eval "$(bitsheet-tui completion bash)"']),
    "zsh": ("zsh", ["autoload -Uz compinit && compinit -D", 'eval "$(bitsheet-tui completion zsh)"']),
    "zsh-fpath": ("zsh", [FUNCTIONS, "autoload -Uz compinit && compinit -D"]),
}


@pytest.fixture(params=SETUPS)
def shell(request, tmp_path):
    name, setup = SETUPS[request.param]
    for file in ("config.toml", "my token", "other"):
        (tmp_path / file).touch()
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    with Shell(name, tmp_path, {"PATH": path, "HOME": str(tmp_path)}) as shell:
        for command in setup:
            shell.do(command)
        yield shell


def test_a_shell_completes_commands_options_tables_and_files(shell):
    for typed, became in (
        ("resy", "resync"),
        ("--att", "--attach"),
        ("resync --si", "resync --since"),
        ("resync dea", "resync deals"),
        ("resync deals con", "resync deals contacts"),
        ("verify deals --fu", "verify deals --full"),
        ("confirm task_", "confirm task_comments"),
        ("help inst", "help install"),
        ("completion z", "completion zsh"),
        ("--config con", "--config config.toml"),
        ("--config config.toml stat", "--config config.toml status"),
        ("status --config ./con", "status --config ./config.toml"),
        ("web --token-file my", "web --token-file my\\ token"),
    ):
        shell.completed(f"bitsheet-tui {typed}", to=f"bitsheet-tui {became}")


def test_a_shell_offers_what_there_is(shell):
    assert shell.offered("bitsheet-tui ") >= {command.name for command in COMMANDS}
    assert shell.offered("bitsheet-tui sync ") >= {table.name for table in CATALOGUE}
    assert shell.offered("bitsheet-tui --") >= {"--config", "--no-ui", "--once", "--demo", "--attach"}
