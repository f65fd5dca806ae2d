"""The words of the command line: commands, options, help."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from bitsheet_tui import __version__
from bitsheet_tui.errors import UsageError
from bitsheet_tui.locales import CODES

if TYPE_CHECKING:
    from datetime import date

DESCRIPTION = """\
A live, trustworthy SQL copy of a Bitrix24 portal. Without a command: the console,
with the synchronisation running in the same process."""

EPILOG = """\
The configuration is --config, $BITSHEET_CONFIG, ./config.toml,
$XDG_CONFIG_HOME/bitsheet-tui/config.toml or /etc/bitsheet-tui/config.toml, the first there is.

The manual is `bitsheet-tui help`.

exit codes:
  0 done, or stopped as asked    73 the store cannot be opened
  1 a table failed, or differs   74 the store is damaged
  2 only `status --check`        75 another instance holds the mirror
  64 bad usage                   77 the portal refuses the webhook
  70 a bug                       78 bad configuration"""


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of leaving with 2."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where the help is."""
        raise UsageError(message, f"see `{self.prog} --help`")


class Command(NamedTuple):  # a dataclass would double the time that help takes
    """One command; `add` declares what only it takes."""

    name: str
    help: str
    add: Callable[[argparse.ArgumentParser], object] = lambda parser: parser


def _help(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "topic", nargs="?", metavar="TOPIC", help="a chapter, or a command; default: list them"
    )
    parser.add_argument("--lang", choices=CODES, help="default: by the locale")


def _json(parser: "argparse._ActionsContainer") -> None:
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def _log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=_a_count, default=50, metavar="N", dest="lines", help="lines; default: 50")
    parser.add_argument("--follow", action="store_true", help="then go on with those to come")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no number") from None


def _whole(text: str) -> int:
    if not text.strip().lstrip("+-").isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no whole number")
    return int(text)


def _a_count(text: str) -> int:
    count = _whole(text)
    if count < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return count


def _status(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    _json(either)
    either.add_argument(
        "--check", action="store_true",
        help="one line for probes: 0 well, 1 somebody has to act, 2 nothing runs, or see --max-age",
    )  # fmt: skip
    parser.add_argument(
        "--max-age", type=_an_age, metavar="SECONDS",
        help="with --check: 2 where the newest good cycle ended longer ago",
    )  # fmt: skip


def _an_age(text: str) -> float:
    seconds = _number(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return seconds


def _some_tables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="only these")


def _quarantine(parser: argparse.ArgumentParser) -> None:
    _some_tables(parser)
    parser.add_argument("--retry", action="store_true", help="try to store them once more")


def _verify(parser: argparse.ArgumentParser) -> None:
    _some_tables(parser)
    parser.add_argument("--full", action="store_true", help="compare every row, not only a sample")


def _resync(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="these")
    parser.add_argument("--all", action="store_true", help="every table")
    parser.add_argument("--since", type=_a_day, metavar="YYYY-MM-DD", help="only what changed since that day")


def _tables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs="+", metavar="TABLE", help="these")


def _seconds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("interval", metavar="SECONDS", help="or minutes: '5 min'")


def _table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tables", nargs=1, metavar="TABLE", help="this one")


def _port(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_a_port, default=0, metavar="N", help="default: any that is free")
    parser.add_argument("--odd", action="store_true", help="one value in a thousand contradicts its type")
    parser.add_argument("--mistyped", action="store_true", help="the descriptions of two fields are wrong")
    parser.add_argument("--large", action="store_true", help="500 activities of 0.25 MB, and one of 70 MB")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        dest="variants",
        metavar="VARIANT",
        help="do otherwise where portals differ; may be given again",
    )
    parser.add_argument("--variants", action="store_true", dest="listed", help="list the variants, and end")
    parser.add_argument(
        "--page-faults", type=_a_share, default=0.0, metavar="SHARE",
        help="damage this share of the pages of lists (0 to 1): rows dropped, repeated, cut off, reordered",
    )  # fmt: skip


def _a_share(text: str) -> float:
    share = _number(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("must be from 0 to 1")
    return share


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--demo", action="store_true", default=argparse.SUPPRESS, help="use the built-in demo portal"
    )


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report", action="store_true",
        help="print for a report what kind of portal it is, and nothing of what is in it",
    )  # fmt: skip
    _demo(parser)


def _notify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--test", action="store_true", required=True, help="send a test message through every channel"
    )


def _backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="the file to make; one that is there is kept")


def _forget(parser: argparse.ArgumentParser) -> None:
    _table(parser)
    parser.add_argument("id", type=_an_id, metavar="ID", help="the id of its row")
    parser.add_argument("--yes", action="store_true", help="do not ask first")
    parser.add_argument("--undo", action="store_true", help="let the row be stored again when it is read")


def _an_id(text: str) -> int:
    number = _whole(text)
    if not 0 < number < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is no id")
    return number


def _privacy(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--apply", action="store_true", help="apply the rules to what is there already")
    either.add_argument(
        "--clean", action="store_true", help="leave nothing in the files of what is not in the tables"
    )


def _lake(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder; made where it is not there")
    parser.add_argument(
        "--every", type=_an_age, default=60.0, metavar="SECONDS", help="between two commits; default: 60"
    )
    parser.add_argument(
        "--once", action="store_true", dest="catch_up", help="bring it up to date, and end"
    )  # the top's --once is a cycle
    parser.add_argument(
        "--retention", type=_a_count, default=168, metavar="HOURS",
        help="how long old versions stay readable; default: 168, a week",
    )  # fmt: skip


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="TABLE|VIEW", help="of the mirror")
    formats = ("csv", "jsonl", "xlsx", "parquet")
    parser.add_argument("--format", choices=formats, help="default: by the end of the file's name, or csv")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="a file; a folder for several tables; default: stdout",
    )
    parser.add_argument("--where", metavar="SQL", help="only rows for which this is so: stage_id = 'NEW'")
    parser.add_argument("--columns", type=_names, metavar="A,B", help="only these, in this order")
    parser.add_argument("--labels", action="store_true", help="names beside codes, as the views have them")
    parser.add_argument("--deleted", action="store_true", help="deleted rows as well, and when they went")
    parser.add_argument("--tz", metavar="ZONE", help="moments in this zone: Europe/Istanbul; default: UTC")
    parser.add_argument(
        "--spreadsheet",
        action="store_true",
        help="CSV of which Excel makes no formula, and the right letters",
    )


def _names(text: str) -> list[str]:
    return [*dict.fromkeys(name.strip() for name in text.split(","))]


def _replicate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "url", nargs="?", metavar="URL",
        help="the replica: sqlite:///PATH or postgresql://USER@HOST/DATABASE; its password in PGPASSWORD",
    )  # fmt: skip
    parser.add_argument(
        "--schema", default="", metavar="NAME", help="of PostgreSQL; default: as store.schema"
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--once", action="store_true", dest="until_current",
        help="end as soon as the replica is what the mirror is",
    )  # fmt: skip
    either.add_argument(
        "--promote",
        action="store_true",
        help="make a replica a mirror of its own; default: that of store.url",
    )


def _grant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("role", metavar="ROLE", help="of PostgreSQL; it is not made")
    parser.add_argument("--apply", action="store_true", help="do it, instead of printing it")


def _changes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=_a_count, metavar="N", help="only lines after this number")
    parser.add_argument(
        "--cursor", metavar="NAME", help="go on where this one was, and note how far it comes"
    )
    parser.add_argument(
        "--table", action="append", default=[], dest="tables", metavar="TABLE",
        help="only this one; may be given again",
    )  # fmt: skip
    parser.add_argument("--follow", action="store_true", help="then go on with those to come")
    parser.add_argument(
        "--format", choices=("jsonl", "debezium"), default="jsonl", help="default: jsonl, a line for a change"
    )
    parser.add_argument(
        "--to", metavar="nats://HOST/STREAM", help="publish them to a stream of JetStream, instead of stdout"
    )
    parser.add_argument(
        "--cursors", action="store_true",
        help="list them, apart by tabs: name, line, lines behind, when it moved, seconds ago, what for",
    )  # fmt: skip
    parser.add_argument("--drop", action="store_true", help="with --cursor: forget it")


def _service(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", action="store_true", help="a unit for your own systemd, without root")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--template", action="store_true", help="one unit for several portals on this host")
    either.add_argument("--web", action="store_true", help="that of the console in a browser")
    either.add_argument(
        "--container", nargs="?", const=False, type=Path, metavar="FOLDER",
        help="a Containerfile and a compose file instead, printed, or written into FOLDER",
    )  # fmt: skip


def _shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh"), help="the shell that shall complete")


def _a_day(text: str) -> "date":
    from datetime import date  # noqa: PLC0415 - nobody else needs it

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2026-01-31") from None


def _web(parser: argparse.ArgumentParser) -> None:
    listen = ("127.0.0.1", 8765)
    parser.add_argument(
        "--listen", type=_an_address, default=listen, metavar="HOST:PORT", help="default: 127.0.0.1:8765"
    )
    parser.add_argument("--token-file", type=Path, metavar="PATH", help="has the token; else one is made")
    parser.add_argument(
        "--attach", action="store_true", default=argparse.SUPPRESS,
        help="only look at the instance that runs, or will; run none",
    )  # fmt: skip
    _read_only(parser)
    _demo(parser)


def _read_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read-only", action="store_true", help="show everything, steer nothing")


def _an_address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not an address such as 127.0.0.1:8765")
    return host.strip("[]"), _a_port(port)


def _a_port(text: str) -> int:
    port = _whole(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("must be from 0 to 65535")
    return port


COMMANDS = (
    Command(name="help", help="the manual: its chapters, or one of them", add=_help),
    Command(name="init", help="ask for the webhook, test it, write a configuration"),
    Command(name="check", help="test configuration, portal and store; changes nothing", add=_check),
    Command(name="status", help="what the mirror holds and what the instance does", add=_status),
    Command(name="pause", help="tell the running instance to start no more cycles"),
    Command(name="resume", help="end a pause"),
    Command(name="sync", help="read what has changed, now", add=_some_tables),
    Command(name="resync", help="read tables again from scratch, or since a day", add=_resync),
    Command(name="cancel", help="give up what waits, and resyncs under way", add=_some_tables),
    Command(name="interval", help="let cycles start so far apart, until the instance ends", add=_seconds),
    Command(name="disable", help="read no more of these tables, until the instance ends", add=_tables),
    Command(name="enable", help="read disabled tables again", add=_tables),
    Command(name="log", help="the newest lines of the log of the running instance, or of the last", add=_log),
    Command(name="stop", help="end the running instance, on whatever host, and wait for it"),
    Command(name="quarantine", help="rows that could not be stored, and why", add=_quarantine),
    Command(name="verify", help="compare the mirror with the portal; changes nothing", add=_verify),
    Command(name="confirm", help="mark the deletions of a table that are held", add=_table),
    Command(name="changes", help="what changes in the mirror, as JSON, as it does", add=_changes),
    Command(name="web", help="the console in a browser, on the running instance", add=_web),
    Command(name="notify", help="send a test message through every channel of notify.urls", add=_notify),
    Command(name="backup", help="a whole, checked copy of the mirror, while it runs", add=_backup),
    Command(name="lake", help="keep a folder of Delta Lake tables current from the change feed", add=_lake),
    Command(name="export", help="tables and views as CSV, JSON lines, a workbook or Parquet", add=_export),
    Command(
        name="replicate", help="copy the mirror into a second store, and keep it current", add=_replicate
    ),
    Command(name="grant", help="what a role that only reads needs on PostgreSQL", add=_grant),
    Command(name="privacy", help="what is kept from being read; apply the rules", add=_privacy),
    Command(name="forget", help="erase a person from the mirror, its history and its feed", add=_forget),
    Command(name="alerts", help="print Prometheus rules for the metrics"),
    Command(name="dashboard", help="print a Grafana dashboard of the metrics"),
    Command(
        name="service",
        help="print a systemd unit, or what makes a container",
        add=_service,
    ),
    Command(name="completion", help="print what makes a shell complete commands and tables", add=_shell),
    Command(name="portal", help="run the demo portal alone; stdout begins with its webhook", add=_port),
)


CONTROL = frozenset(
    {"pause", "resume", "sync", "resync", "confirm", "interval", "disable", "enable", "cancel"}
)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    everywhere = Parser(add_help=False)
    everywhere.add_argument(
        "--config", type=Path, metavar="PATH", default=argparse.SUPPRESS, help="the configuration file"
    )
    everywhere.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    top = Parser(
        prog="bitsheet-tui",
        description=DESCRIPTION,
        epilog=EPILOG,
        parents=[everywhere],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--no-ui", action="store_true", help="no console: log to stderr and to the log file")
    top.add_argument("--once", action="store_true", help="one cycle of everything that is due, then exit")
    top.add_argument("--attach", action="store_true", help="only look at the instance that runs, or will")
    top.add_argument(
        "--takeover", action="store_true", help="take the mirror over once that instance has ended"
    )
    _read_only(top)
    _demo(top)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            parents=[everywhere],
            allow_abbrev=False,
            prog=f"bitsheet-tui {command.name}",
        )
        command.add(sub)
    return top


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments. `command` is a module of this package. Raises UsageError, or SystemExit after help."""
    defaults = argparse.Namespace(config=None, demo=False)
    given = parser().parse_args(sys.argv[1:] if argv is None else list(argv), defaults)
    if given.command and (given.no_ui or given.once):
        option = "--once" if given.once else "--no-ui"
        raise UsageError(f"{option} does not go with the command {given.command}")
    looking = "--attach" if given.attach else "--takeover" if given.takeover else ""
    page = given.command == "web" and not given.takeover
    if looking and ((given.command and not page) or given.no_ui or given.once or given.demo):
        raise UsageError(f"{looking} goes with the console alone")
    if given.read_only and not (given.attach or given.command == "web"):
        raise UsageError("--read-only goes with --attach, or with the command web")
    if given.attach and given.takeover:
        raise UsageError("--attach never takes the mirror over: leave one of the two out")
    if given.command and given.demo and given.command not in {"check", "web"}:
        raise UsageError(f"--demo does not go with the command {given.command}")
    if not given.command:
        given.command = "headless" if given.no_ui or given.once else "console"
    elif given.command in CONTROL:
        given.request, given.command = given.command, "control"
    return given
