"""What the console keeps from one run to the next: how somebody likes to look, and nothing of what is seen.

No word that was looked for is in it: it may be a customer's name.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

LARGEST = 10_000  # bytes: whatever is longer is not ours


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Choices made in the console; None where nobody chose."""

    language: str | None = None
    theme: str | None = None
    ascii: str | None = None
    title: bool | None = None
    bell: bool | None = None
    sort: str = ""
    reverse: bool = False
    zoom: str = ""
    level: str = "INFO"
    table: str = ""  # whose lines the log shows; empty: all
    wrap: bool = False


class Shelf:
    """The file; without a path nothing is kept."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path

    def read(self) -> Kept:
        """What was kept; nothing where the file is missing, damaged or another's."""
        if self.path is None:
            return Kept()
        try:
            with self.path.open("rb") as file:
                return msgspec.json.decode(file.read(LARGEST), type=Kept)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return Kept()

    def keep(self, kept: Kept) -> None:
        """Write all of it, or nothing, readable by its owner only. Raises OSError."""
        if self.path is None:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(f".{os.getpid()}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(kept))
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)


def place(environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_STATE_HOME/bitsheet-tui/console.json`; a relative folder there does not count, as XDG says."""
    given = Path(environ.get("XDG_STATE_HOME") or "")
    home = given if given.is_absolute() else Path(os.path.expanduser("~/.local/state"))  # noqa: PTH111
    # who has no home, as a number without a name may, keeps nothing: never a folder that is called ~
    return (home if home.is_absolute() else Path(os.devnull)) / "bitsheet-tui" / "console.json"
