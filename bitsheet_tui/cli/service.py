"""`bitsheet-tui service`: the systemd unit for this installation."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, load
from bitsheet_tui.config.address import place
from bitsheet_tui.errors import Exit

UNIT = Path(__file__).with_name("bitsheet-tui.service")
STATE = "/var/lib/bitsheet-tui"
WEBHOOK = "/etc/bitsheet-tui/webhook"
HOMES = ("/home/", "/root/")


def run(arguments: Namespace) -> int:
    """Prints the unit on stdout; on stderr what else the service needs."""
    # a service starts without this shell's variables
    wanted = ("BITSHEET_CONFIG", "XDG_CONFIG_HOME")
    config = load(arguments.config, {name: os.environ[name] for name in wanted if name in os.environ})
    sys.stdout.write(unit(config, sys.executable))
    for line in advice(config, sys.executable):
        tell(line)
    return Exit.DONE


def unit(config: Config, python: str) -> str:
    """The unit file: credentials come from systemd, the mirror is in the service's own folder."""
    command = f"{_quoted(python)} -m bitsheet_tui --no-ui"
    if config.path:
        command += " --config %d/config.toml"
    return UNIT.read_text(encoding="utf-8").format(command=command, settings="\n".join(_settings(config)))


def _settings(config: Config) -> Iterator[str]:
    if config.path:
        yield f"LoadCredential=config.toml:{_escaped(str(config.path))}"
    if file := _webhook_file(config):
        yield f"LoadCredential=webhook:{_escaped(file)}"
    if _sqlite(config):
        yield f"Environment=BITSHEET_STORE_URL=sqlite:///{STATE}/bitsheet.db"
    yield "Environment=BITSHEET_LOG_FILE="


def _webhook_file(config: Config) -> str:
    """The file that holds the webhook; nothing where the configuration holds it itself."""
    if config.portal.webhook_file and config.path:
        return str(place(config.portal.webhook_file, config.base))
    return "" if config.webhook else WEBHOOK


def _sqlite(config: Config) -> bool:
    return config.store_url.reveal().startswith("sqlite:")


def advice(config: Config, python: str) -> Iterator[str]:
    """What has to be done by hand before the unit works."""
    if not config.webhook:
        yield f"write the webhook into {WEBHOOK}, owned by root, mode 0600"
    if python.startswith(HOMES):
        yield f"the service may not read {Path(python).parents[1]}: install bitsheet-tui under /opt instead"
    if config.path and _sqlite(config):
        mirror = config.base / config.store_url.reveal().removeprefix("sqlite:///")
        if mirror.exists():
            yield f"the service keeps its mirror in {STATE}; to go on with {mirror}, move it there"


def _quoted(path: str) -> str:
    return f'"{_escaped(path)}"' if " " in path else _escaped(path)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")  # a unit file expands % signs
