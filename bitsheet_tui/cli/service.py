"""`bitsheet-tui service`: the systemd units for this installation, of the mirror and of its web console."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, load
from bitsheet_tui.config.address import place
from bitsheet_tui.errors import Exit

HERE = Path(__file__).parent
UNIT = HERE / "bitsheet-tui.service"
WEB_UNIT = HERE / "bitsheet-tui-web.service"
SANDBOX = HERE / "sandbox.service"
USER = "bitsheet-tui"  # as systemd names the dynamic user of the unit of that name
STATE = "/var/lib/bitsheet-tui"
WEBHOOK = "/etc/bitsheet-tui/webhook"
WEB_TOKEN = "/etc/bitsheet-tui/web-token"  # noqa: S105 - where it is
HOMES = ("/home/", "/root/")


def run(arguments: Namespace) -> int:
    """Prints the unit on stdout; on stderr what else the service needs."""
    # a service starts without this shell's variables
    wanted = ("BITSHEET_CONFIG", "XDG_CONFIG_HOME")
    config = load(arguments.config, {name: os.environ[name] for name in wanted if name in os.environ})
    printed, told = (web_unit, web_advice) if arguments.web else (unit, advice)
    sys.stdout.write(printed(config, sys.executable))
    for line in told(config, sys.executable):
        tell(line)
    return Exit.DONE


def unit(config: Config, python: str) -> str:
    """The unit file: credentials come from systemd, the mirror is in the service's own folder."""
    command = f"{_quoted(python)} -P -m bitsheet_tui --no-ui"
    if config.path:
        command += " --config %d/config.toml"
    return _filled(UNIT, command, _settings(config))


def web_unit(config: Config, python: str) -> str:
    """That of the console in a browser, which shows the mirror of the other one and knows no webhook.

    It has a user of its own. A SQLite mirror is for its owner alone, so there it is that of the other unit.
    """
    command = f"{_quoted(python)} -P -m bitsheet_tui web --attach --token-file %d/token"
    if config.path and not _sqlite(config):
        command += " --config %d/config.toml"
    return _filled(WEB_UNIT, command, _web_settings(config))


def _filled(template: Path, command: str, settings: Iterator[str]) -> str:
    return template.read_text(encoding="utf-8").format(
        command=command, settings="\n".join(settings), sandbox=SANDBOX.read_text(encoding="utf-8")
    )


def _web_settings(config: Config) -> Iterator[str]:
    yield f"LoadCredential=token:{WEB_TOKEN}"
    if _sqlite(config):
        yield f"User={USER}"
        yield "StateDirectory=bitsheet-tui"
        yield "StateDirectoryMode=0700"
        yield f"Environment=BITSHEET_STORE_URL=sqlite:///{STATE}/bitsheet.db"
    elif config.path:
        yield f"LoadCredential=config.toml:{_escaped(str(config.path))}"


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
    yield from _place(python)
    if config.path and _sqlite(config):
        mirror = config.base / config.store_url.reveal().removeprefix("sqlite:///")
        if mirror.exists():
            yield f"the service keeps its mirror in {STATE}; to go on with {mirror}, move it there"


def web_advice(config: Config, python: str) -> Iterator[str]:
    """What has to be done by hand before the web unit works."""
    yield f"write a token into {WEB_TOKEN}: (umask 077; openssl rand -hex 16 > {WEB_TOKEN})"
    yield from _place(python)
    if config.path and not _sqlite(config) and config.webhook and not config.portal.webhook_file:
        yield f"{config.path} holds the webhook: name a file in portal.webhook_file, and pages never know it"


def _place(python: str) -> Iterator[str]:
    if python.startswith(HOMES):
        yield f"the service may not read {Path(python).parents[1]}: install bitsheet-tui under /opt instead"


def _quoted(path: str) -> str:
    return f'"{_escaped(path)}"' if " " in path else _escaped(path)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")  # a unit file expands % signs
