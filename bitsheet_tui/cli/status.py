"""`bitsheet-tui status`: what the mirror holds and what the instance does."""

import json
import os
import sys
from argparse import Namespace
from contextlib import closing
from datetime import UTC, datetime

from bitsheet_tui import wiring
from bitsheet_tui.config import load
from bitsheet_tui.errors import Exit
from bitsheet_tui.observe.status import look, to_json, to_lines
from bitsheet_tui.secret import redact


def run(arguments: Namespace) -> int:
    """Prints the status; changes nothing, whether an instance runs or not."""
    config = load(arguments.config, os.environ)
    with closing(wiring.open_store(config, readonly=True)) as store:
        status = look(store)
    if arguments.json:
        text = json.dumps(to_json(status), indent=2, ensure_ascii=False)
    else:
        text = "\n".join(to_lines(status, datetime.now(UTC)))
    sys.stdout.write(f"{redact(text)}\n")
    return Exit.DONE
