"""How a command ends: its exit code, and one clear sentence where something went wrong."""

import os
import sys
import traceback
from types import TracebackType

from bitsheet_tui import streams
from bitsheet_tui.errors import BitsheetError, Exit
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain

NAME = "bitsheet-tui"
LIMIT = 2000


def tell(text: str) -> None:
    """One line of narration, on stderr."""
    streams.tell(redact(plain(redact(text), LIMIT)))


def complain(error: BitsheetError) -> None:
    """What is wrong, a line for each thing, and what to do about it."""
    for line in str(error).splitlines():
        tell(f"{NAME}: {line}")
    if error.hint:
        tell(f"  {error.hint}")


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
                streams.give_up(sys.stdout)
                self.code = Exit.DONE
            case Exception():
                _crashed(error)
                self.code = Exit.BUG
            case _:
                return False
        return True


def end_streams(code: int) -> int:
    """What was written arrives, or it is said that it does not: the exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # see above
        streams.give_up(sys.stdout)
        code = Exit.DONE if code == Exit.TABLE_FAILED else code
    failed = getattr(sys.stdout, "failed", None)
    if failed:
        streams.give_up(sys.stdout)
        tell(f"{NAME}: stdout cannot be written: {os.strerror(failed.errno)}")
    streams.flush()
    return Exit.TABLE_FAILED if failed and code == Exit.DONE else code


def _crashed(error: Exception) -> None:
    """A bug: its traceback without secrets; where there is a log it has been written there too."""
    for line in "".join(traceback.format_exception(error)).splitlines():
        tell(line)
    tell(f"{NAME}: this is a bug in {NAME}: {type(error).__name__}: {error}")
