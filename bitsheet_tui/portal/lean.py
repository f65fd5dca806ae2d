"""httpx without the command-line program that it brings along.

Where click is installed, `import httpx` imports `httpx/_main.py`, and with it click, rich and pygments.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_click() -> Iterator[None]:
    """Lets an import in the block believe that click is not installed; httpx is made for that."""
    if "click" in sys.modules:
        yield
        return
    sys.modules["click"] = None  # type: ignore[assignment]  # the import system takes it for "not there"
    try:
        yield
    finally:
        del sys.modules["click"]
