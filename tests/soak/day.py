"""A simulated day at default settings: `python -m tests.soak.day 24`; ends with 1 when it was refused anything."""

import sys

from tests.support import simulated_time


def main(hours: float) -> int:
    """Print what came of it."""
    day = simulated_time.live(hours, spent_at=min(2.0, hours / 3))
    sys.stdout.write(f"{hours:g} hours: {day}\n")
    return int(bool(day.refused or day.blocked or day.unequal) or not 0 <= day.late < 2)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 24.0))
