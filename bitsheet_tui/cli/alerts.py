"""`bitsheet-tui alerts`: the Prometheus rules that go with the metrics."""

import sys
from argparse import Namespace

from bitsheet_tui.errors import Exit
from bitsheet_tui.monitoring import ALERTS


def run(_: Namespace) -> int:
    """Prints them; they are the same for every installation, for the metrics bring intervals along."""
    sys.stdout.write(ALERTS.read_text(encoding="utf-8"))
    return Exit.DONE
