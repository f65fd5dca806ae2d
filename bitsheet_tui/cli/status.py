"""`bitsheet-tui status`: what the mirror holds and what the instance does."""

import json
import os
import sys
from argparse import Namespace
from contextlib import closing
from datetime import UTC, datetime

from bitsheet_tui import wiring
from bitsheet_tui.config import Config, load
from bitsheet_tui.errors import Exit, NoMirror, UsageError
from bitsheet_tui.observe.probe import STALE, Outcome, check
from bitsheet_tui.observe.status import look, to_json, to_lines
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain


def run(arguments: Namespace) -> int:
    """Prints the status; changes nothing, whether an instance runs or not."""
    if arguments.max_age and not arguments.check:
        raise UsageError("--max-age goes with --check", "see `bitsheet-tui status --help`")
    config = load(arguments.config, os.environ)
    if arguments.check:
        return _check(config, arguments.max_age)
    with closing(wiring.open_store(config, readonly=True)) as store:
        status = look(store)
    if arguments.json:
        text = json.dumps(to_json(status), indent=2, ensure_ascii=False)
    else:
        text = "\n".join(to_lines(status, datetime.now(UTC)))
    sys.stdout.write(f"{redact(text)}\n")
    return Exit.DONE


def _check(config: Config, max_age: float | None) -> int:
    """One line for a probe, and its exit code. Raises StoreError, but for a mirror that is not there yet."""
    try:
        with closing(wiring.open_store(config, readonly=True)) as store:
            finding = check(store, datetime.now(UTC), max_age)
    except NoMirror as error:
        finding = Outcome(STALE, f"nothing runs: {error}")
    sys.stdout.write(f"{redact(plain(redact(finding.text), 500))}\n")
    return finding.code
