"""`bitsheet-tui service`: the systemd units for this installation, or what makes a container of it."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from bitsheet_tui.cli import container
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, load
from bitsheet_tui.config.address import place
from bitsheet_tui.errors import Exit, UsageError

HERE = Path(__file__).parent
UNIT = HERE / "bitsheet-tui.service"
WEB_UNIT = HERE / "bitsheet-tui-web.service"
USER_UNIT = HERE / "bitsheet-tui-user.service"
SANDBOX = HERE / "sandbox.service"
USER = "bitsheet-tui"  # as systemd names the dynamic user of the unit of that name
STATE = "/var/lib/bitsheet-tui"
WEBHOOK = "/etc/bitsheet-tui/webhook"
WEB_TOKEN = "/etc/bitsheet-tui/web-token"  # noqa: S105 - where it is
ETC = "/etc/bitsheet-tui"
USER_ETC = "~/.config/bitsheet-tui"  # as systemd's %E
HOMES = ("/home/", "/root/")


def run(arguments: Namespace) -> int:
    """Prints the unit, or the container's files, on stdout; on stderr what else the service needs."""
    if arguments.user and (arguments.web or arguments.container is not None):
        raise UsageError("--user goes with --template alone")
    if arguments.container is not None:
        return container.run(arguments.container or None)
    # a service starts without this shell's variables
    wanted = ("BITSHEET_CONFIG", "XDG_CONFIG_HOME")
    config = load(arguments.config, {name: os.environ[name] for name in wanted if name in os.environ})
    if arguments.web:
        text, told = web_unit(config, sys.executable), web_advice(config, sys.executable)
    elif arguments.user:
        text = user_unit(config, sys.executable, template=arguments.template)
        told = user_advice(config, template=arguments.template)
    elif arguments.template:
        text, told = template_unit(sys.executable), template_advice(sys.executable)
    else:
        text, told = unit(config, sys.executable), advice(config, sys.executable)
    sys.stdout.write(text)
    for line in told:
        tell(line)
    return Exit.DONE


# --- units ----------------------------------------------------------------------------------------------


def unit(config: Config, python: str) -> str:
    """The unit file: credentials come from systemd, the mirror is in the service's own folder."""
    command = _command(python) + (" --config %d/config.toml" if config.path else "")
    return _filled(UNIT, _named(), command=command, folder="bitsheet-tui", settings=_settings(config))


def template_unit(python: str) -> str:
    """One for several portals: of `bitsheet-tui@acme`, the configuration is /etc/bitsheet-tui/acme.toml.

    It has its mirror and all else in it, so that a shell that names the file sees what the service sees.
    """
    settings = [f"LoadCredential=config.toml:{ETC}/%i.toml", "Environment=BITSHEET_LOG_FILE="]
    command = f"{_command(python)} --config %d/config.toml"
    names = _named("--template")
    return _filled(UNIT, names, command=command, folder="bitsheet-tui-%i", settings=settings)


def web_unit(config: Config, python: str) -> str:
    """That of the console in a browser, which shows the mirror of the other one and knows no webhook.

    It has a user of its own. A SQLite mirror is for its owner alone, so there it is that of the other unit.
    """
    command = f"{_quoted(python)} -P -m bitsheet_tui web --attach --token-file %d/token"
    if config.path and not _sqlite(config):
        command += " --config %d/config.toml"
    return _filled(WEB_UNIT, {}, command=command, settings=_web_settings(config))


def user_unit(config: Config, python: str, *, template: bool = False) -> str:
    """That of a user's own systemd: configuration, mirror and log are those of the user's console."""
    options = ("--user", "--template") if template else ("--user",)
    path = "%E/bitsheet-tui/%i.toml" if template else "%E/bitsheet-tui/config.toml"
    if config.path and not template:
        path = _quoted(str(config.path))
    return _filled(USER_UNIT, _named(*options), command=f"{_command(python)} --config {path}")


def _command(python: str) -> str:
    return f"{_quoted(python)} -P -m bitsheet_tui --no-ui"


def _named(*options: str) -> dict[str, str]:
    """What differs by the name: a template's has an @, and an instance's a name behind it."""
    at, which = ("@", ", %i") if "--template" in options else ("", "")
    option = "".join(f" {one}" for one in options)
    instance = "bitsheet-tui@NAME" if at else "bitsheet-tui"
    return {"option": option, "unit": f"bitsheet-tui{at}", "instance": instance, "which": which}


def _filled(
    template: Path, names: dict[str, str], *, command: str, folder: str = "", settings: Iterable[str] = ()
) -> str:
    return template.read_text(encoding="utf-8").format(
        **names, command=command, folder=folder, settings="\n".join(settings),
        sandbox=SANDBOX.read_text(encoding="utf-8"),
    )  # fmt: skip


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


# --- what has to be done by hand before they work -------------------------------------------------------


def advice(config: Config, python: str) -> Iterator[str]:
    """For the unit."""
    if not config.webhook:
        yield f"write the webhook into {WEBHOOK}, owned by root, mode 0600"
    yield from _place(python)
    if config.path and _sqlite(config):
        mirror = config.base / config.store_url.reveal().removeprefix("sqlite:///")
        if mirror.exists():
            yield f"the service keeps its mirror in {STATE}; to go on with {mirror}, move it there"


def template_advice(python: str) -> Iterator[str]:
    """For the template."""
    yield (
        f"for each portal NAME write {ETC}/NAME.toml, owned by root, mode 0600, with portal.webhook_url"
        f' and store.url = "sqlite:///{STATE}-NAME/bitsheet.db", or of a PostgreSQL schema of its own'
    )
    yield from _place(python)


def web_advice(config: Config, python: str) -> Iterator[str]:
    """For the web unit."""
    yield f"write a token into {WEB_TOKEN}: (umask 077; openssl rand -hex 16 > {WEB_TOKEN})"
    yield from _place(python)
    if config.path and not _sqlite(config) and config.webhook and not config.portal.webhook_file:
        yield f"{config.path} holds the webhook: name a file in portal.webhook_file, and pages never know it"


def user_advice(config: Config, *, template: bool) -> Iterator[str]:
    """For a unit of a user."""
    if template:
        yield f"for each portal NAME write {USER_ETC}/NAME.toml, mode 0600, with a store.url of its own"
    elif not config.path:
        file = f"{USER_ETC}/config.toml"
        yield f"write {file} first: bitsheet-tui --config {file} init"
    yield "loginctl enable-linger lets it run while you are not logged in"


def _place(python: str) -> Iterator[str]:
    if python.startswith(HOMES):
        yield f"the service may not read {Path(python).parents[1]}: install bitsheet-tui under /opt instead"


def _quoted(path: str) -> str:
    return f'"{_escaped(path)}"' if " " in path else _escaped(path)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")  # a unit file expands % signs
