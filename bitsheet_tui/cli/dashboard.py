"""`bitsheet-tui dashboard`: a Grafana dashboard of the metrics."""

import json
import sys
from argparse import Namespace

from bitsheet_tui.errors import Exit
from bitsheet_tui.monitoring.dashboard import dashboard


def run(_: Namespace) -> int:
    """Prints it as JSON, to be imported."""
    sys.stdout.write(f"{json.dumps(dashboard(), indent=2)}\n")
    return Exit.DONE
