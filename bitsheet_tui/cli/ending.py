"""How a command ends: its exit code, and one clear sentence where something went wrong."""

import os
import sys
import traceback
from types import TracebackType

from bitsheet_tui.errors import BitsheetError, Exit
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain

NAME = "bitsheet-tui"
LIMIT = 2000


def tell(text: str) -> None:
    """One line of narration, on stderr."""
    print(redact(plain(redact(text), LIMIT)), file=sys.stderr, flush=True)


def complain(error: BitsheetError) -> None:
    """What is wrong, a line for each thing, and what to do about it."""
    for line in str(error).splitlines():
        tell(f"{NAME}: {line}")
    if error.hint:
        tell(f"  {error.hint}")


def let_go() -> None:
    """Drop what a stream holds that nobody takes any more: the interpreter would end with 120 for it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Ending:
    """Turns whatever leaves the block into an exit code. Only what ends the interpreter passes."""

    def __init__(self) -> None:
        self.code = Exit.DONE

    def __enter__(self) -> "Ending":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        match error:
            case None:
                return False
            case SystemExit():
                self.code = error.code if isinstance(error.code, int) else Exit.DONE
            case BitsheetError():
                complain(error)
                self.code = error.exit_code
            case KeyboardInterrupt():
                self.code = 130
            case BrokenPipeError():  # whoever read stdout has gone: `status | head -1`
                pass
            case Exception():
                _crashed(error)
                self.code = Exit.BUG
            case _:
                return False
        return True


def _crashed(error: Exception) -> None:
    """A bug: its traceback without secrets; where there is a log it has been written there too."""
    for line in "".join(traceback.format_exception(error)).splitlines():
        tell(line)
    tell(f"{NAME}: this is a bug in {NAME}: {type(error).__name__}: {error}")
