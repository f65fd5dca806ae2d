"""`bitsheet-tui service --container`: a Containerfile, and a compose file with PostgreSQL beside it."""

import sys
from pathlib import Path

from bitsheet_tui import __version__
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.errors import Exit, UsageError

HERE = Path(__file__).parent
FILES = ("Containerfile", "compose.yaml")
WHEEL = f"bitsheet_tui-{__version__}-py3-none-any.whl"


def run(folder: Path | None) -> int:
    """Writes both files into `folder`, or without one prints both, each under a comment with its name.

    Raises UsageError where one of them is there and differs, or cannot be written.
    """
    if folder is None:
        sys.stdout.write("\n".join(f"# --- {name} ---\n{text(name)}" for name in FILES))
    else:
        for name in FILES:
            _write(folder / name, text(name))
    tell(f"put {WHEEL} beside the Containerfile, then follow the first lines of compose.yaml")
    return Exit.DONE


def text(name: str) -> str:
    """One of FILES, for this version."""
    return (HERE / name).read_text(encoding="utf-8").replace("VERSION", __version__)


def _write(file: Path, wanted: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.read_text(encoding="utf-8", errors="replace") != wanted:
            raise UsageError(f"{file} is there, and differs", "remove it, or name another folder")
        file.write_text(wanted, encoding="utf-8")
        file.chmod(0o644)  # there is no secret in it
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}", "name a folder that is there"
        ) from None
