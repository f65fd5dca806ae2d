"""`bitsheet-tui backup PATH`: a copy of the mirror, while it runs."""

import os
import shlex
from argparse import Namespace
from contextlib import closing
from pathlib import Path

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit
from bitsheet_tui.store import backup
from bitsheet_tui.store.address import PostgresAddress, parse


def run(arguments: Namespace) -> int:
    """Makes the copy of a SQLite file; of PostgreSQL, whose own tool does it, prints how to call that."""
    config = load(arguments.config, os.environ)
    with closing(wiring.open_store(config, readonly=True)) as store:  # says what is wrong with it
        schema, file = store.schema_name, wiring.file_of(config)
    if file is None:
        print(dump(config, schema, arguments.path))
        tell("PostgreSQL makes its own copies: run this line, with the password in PGPASSWORD or ~/.pgpass")
        return Exit.DONE
    backup.copy(file, arguments.path)
    tell(f"{arguments.path}: a whole copy, {arguments.path.stat().st_size:,} bytes")
    return Exit.DONE


def dump(config: Config, schema: str, path: Path) -> str:
    """The line of pg_dump, without the password."""
    address = parse(config.store_url, schema=schema, base=config.base)
    assert isinstance(address, PostgresAddress)  # noqa: S101 - for the type checker
    options = {**address.options, "dbname": address.database}
    where = " ".join(f"{name}={_quoted(value)}" for name, value in options.items() if "password" not in name)
    words = ("pg_dump", "--format=custom", f"--schema={schema}", f"--file={path}", f"--dbname={where}")
    return shlex.join(words)


def _quoted(value: str) -> str:
    """As libpq's connection strings have it (libpq-connect, 34.1.1.1)."""
    if value and value.replace("-", "").replace("_", "").replace(".", "").replace("/", "").isalnum():
        return value
    return "'" + value.replace("\\", r"\\").replace("'", r"\'") + "'"
