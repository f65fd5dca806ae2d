"""The signs on the screen, and how each is written where only ASCII can be shown."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bitsheet_tui.text import plain

OK, BAD, RUN, PAUSE, STOP, NONE, QUEUED, WAIT = "✓", "✗", "▶", "‖", "■", "○", "·", "~"
FULL, EMPTY, LEVELS = "█", "░", "▁▂▃▄▅▆▇█"
RULE, SIDE, CORNERS, AXIS, FOOT = "─", "│", "╭╮╰╯", "┤", "└"
CURSOR, ARROW, MINUS, DASH, MORE, TIMES = "▌", "→", "−", "–", "…", "×"
ATTACHED, DOT, RETURN = "⇄", "●", "⏎"

# one sign for one sign: nothing moves when they are exchanged
_SIGNS = "✓✗▶‖■○·█░▁▂▃▄▅▆▇─│╭╮╰╯┤└▌→−–…×↑↓⇄●⏎"
_ASCII = str.maketrans(_SIGNS + "ıİşŞğĞçÇöÖüÜ", "+x>=#o.#..:-=+*%-|++++++>>--.x^v=*>" + "iIsSgGcCoOuU")


def ascii_only(environ: Mapping[str, str] = os.environ) -> bool:
    """True where the locale is not UTF-8 or the terminal is the Linux text console."""
    if environ is os.environ and _coerced():
        environ = {**environ, "LC_CTYPE": ""}
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    utf8 = "UTF8" in locale.upper().replace("-", "")
    return not utf8 or environ.get("TERM") == "linux"


def _coerced() -> bool:
    """Whether Python has given itself LC_CTYPE=C.UTF-8, as it does in the locale C (PEP 538)."""
    if os.environ.get("LC_CTYPE") not in {"C.UTF-8", "C.utf8", "UTF-8"}:
        return False
    return b"LC_CTYPE=" not in _started_with()


@cache
def _started_with() -> bytes:
    """Read once, early: a process that holds secrets may not look there any more (prctl(2))."""
    try:
        return Path("/proc/self/environ").read_bytes()
    except OSError:
        return b"LC_CTYPE="


def to_ascii(text: str) -> str:
    """`text` with every sign replaced, and `?` for letters that ASCII does not have."""
    return plain(text.translate(_ASCII), 2000).encode("ascii", "replace").decode("ascii")
