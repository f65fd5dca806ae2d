"""python -m bitsheet_tui."""

import sys

from bitsheet_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
