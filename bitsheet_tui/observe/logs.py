"""The log: one line a record, on stderr, in a file and in the ring, without secrets."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from bitsheet_tui import events as e
from bitsheet_tui import streams
from bitsheet_tui.config import LogSettings
from bitsheet_tui.errors import BitsheetError
from bitsheet_tui.observe.libraries import LibraryRepeats
from bitsheet_tui.observe.logfile import LogFile, independent_logger, size
from bitsheet_tui.observe.narrate import Repeats, narrate
from bitsheet_tui.ring import Ring
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain

if TYPE_CHECKING:
    from loguru import Message, Record

LIMIT = 2000  # characters of a message
TRACEBACK = 12_000
PRIORITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}  # sd-daemon(3)
COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31;1m"}
# libraries that tell more than an operator wants; those that speak HTTP tell every address, webhook included
LIBRARIES = {"httpx": "portal", "httpcore": "portal", "apscheduler": "engine", "asyncio": "engine"}


_file: LogFile | None = None


def start(
    settings: LogSettings,
    *,
    ring: Ring | None = None,
    stderr: TextIO | None = None,
    journal: bool = False,
) -> None:
    """Sends records to every given place, and to none of before.

    What keeps the log file from being written is told in the other places; it is tried again with every line.
    """
    global _file  # noqa: PLW0603 - one process has one log
    stop()
    screens = independent_logger()  # a sink must not use the logger that has called it
    for one in (logger, screens):
        one.configure(patcher=_patch, extra={"table": "engine", "line": ""})
    places: list[tuple[Callable[[Message], None], str]] = []
    if stderr is not None:
        places.append((_journal(stderr) if journal else _terminal(stderr), settings.level))
    if ring is not None:
        places.append((_ring(ring), "DEBUG"))  # the screen chooses what it shows
    for sink, level in places:
        screens.add(sink, level=level, format=_bare)
    if settings.file:
        _file = LogFile(
            Path(settings.file),
            limit_bytes=size(settings.rotation),
            keep=settings.retention,
            tell=screens.warning,
        )
        logger.add(_lines(_file), level=settings.level, format=_bare)  # first: what is seen is in the file
    for sink, level in places:
        logger.add(sink, level=level, format=_bare)
    _take_over_logging()


def stop() -> None:
    """Closes the log file; nothing is recorded any more."""
    global _file  # noqa: PLW0603 - one process has one log
    _give_back_logging()
    logger.remove()
    if _file:
        _file.close()
        _file = None


def last_words(_: object, error: BaseException | None, __: object) -> None:
    """Closes the log; a bug that ends the program is recorded first. For an ExitStack."""
    if error is not None and isinstance(error, Exception) and not isinstance(error, BitsheetError):
        crash(error)
    stop()


def narrator() -> Callable[[e.Event], None]:
    """A listener that logs what the engine says."""
    repeats = Repeats()

    def tell(event: e.Event) -> None:
        line = narrate(event)
        if line and (line := repeats.admit(line)):
            logger.bind(table=line.table).log(line.level, line.text)

    return tell


def say(level: str, text: str, table: str = "engine") -> None:
    """One line of our own."""
    logger.bind(table=table).log(level, text)


def crash(error: BaseException) -> None:
    """Records a bug with its traceback."""
    logger.opt(exception=error).critical("a bug")


# --- from a record to a line ------------------------------------------------------------------------------


def _patch(record: "Record") -> None:
    """Makes the record safe before any sink, or loguru's own complaint about one, sees it."""
    text = _one_line(record["message"], LIMIT)
    if (failure := record["exception"]) and failure.value is not None:
        frames = "".join(traceback.format_exception(failure.value)).strip().splitlines()
        text = f"{text} | {_one_line(' | '.join(line.strip() for line in frames), TRACEBACK)}"
    record["message"] = record["extra"]["line"] = text
    record["exception"] = None


def _one_line(text: str, limit: int) -> str:
    # twice: a cut must not leave half of a secret, and no secret may come about by what plain() removes
    return redact(plain(redact(text), limit))


def _bare(record: "Record") -> str:  # noqa: ARG001 - loguru hands it over
    return "{extra[line]}"


def _lines(file: LogFile) -> Callable[["Message"], None]:
    def write(message: "Message") -> None:
        record = message.record
        at = record["time"].isoformat(" ", "seconds")
        file.write(f"{at} {record['level'].name:<8} {record['extra']['table']:<14} {message}\n")

    return write


def _terminal(stream: TextIO) -> Callable[["Message"], None]:
    colours = COLOURS if stream.isatty() and not os.environ.get("NO_COLOR") else {}

    def write(message: "Message") -> None:
        record = message.record
        level = record["level"].name
        colour = colours.get(level, "")
        line = f"{record['time']:%Y-%m-%d %H:%M:%S} {level:<8} {record['extra']['table']:<14} {message}"
        streams.write(stream, f"{colour}{line}\x1b[0m\n" if colour else f"{line}\n")

    return write


def _journal(stream: TextIO) -> Callable[["Message"], None]:
    def write(message: "Message") -> None:
        priority = PRIORITIES[message.record["level"].name]
        streams.write(stream, f"<{priority}>{message.record['extra']['table']:<14} {message}\n")

    return write


def _ring(ring: Ring) -> Callable[["Message"], None]:
    one_writer = threading.Lock()  # it is a sink of two loggers

    def append(message: "Message") -> None:
        record = message.record
        at = datetime.fromtimestamp(record["time"].timestamp(), UTC)  # loguru's own kind cannot be sent on
        with one_writer:
            ring.append(at, record["level"].name, record["extra"]["table"], str(message))

    return append


# --- what others log --------------------------------------------------------------------------------------


class Intercept(logging.Handler):
    """Sends what libraries log to our log, where it does not only repeat itself."""

    def __init__(self) -> None:
        super().__init__()
        self._repeats = LibraryRepeats()

    def emit(self, record: logging.LogRecord) -> None:
        """One record of a library, as one of ours."""
        admitted, counted = self._repeats.admit(record.name, str(record.msg))
        for line in counted:
            say("WARNING", line)
        if not admitted:
            return
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # its arguments do not fit its format
            text = str(record.msg)
        family = record.name.partition(".")[0]
        level = record.levelname if record.levelname in PRIORITIES else "WARNING"
        target = logger.opt(exception=record.exc_info).bind(table=LIBRARIES.get(family, family))
        target.log(level, "{}", text)

    def close(self) -> None:
        """Tell what was counted and not told yet."""
        for line in self._repeats.counted():
            say("WARNING", line)
        super().close()


def _take_over_logging() -> None:
    logging.getLogger().handlers = [Intercept()]
    logging.getLogger().setLevel(logging.WARNING)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed
    sys.unraisablehook = _unraisable


def _give_back_logging() -> None:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Intercept):
            handler.close()
    logging.getLogger().handlers = []
    logging.captureWarnings(capture=False)
    threading.excepthook = threading.__excepthook__
    sys.unraisablehook = sys.__unraisablehook__


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    logger.opt(exception=failure.exc_value).critical("a bug ended a thread")


def _unraisable(failure: "sys.UnraisableHookArgs") -> None:
    logger.opt(exception=failure.exc_value).error("a bug while tidying up")
