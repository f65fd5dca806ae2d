"""`bitsheet-tui export`: tables and views of the mirror as CSV, JSON lines, a workbook or Parquet."""

import os
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import tzinfo
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bitsheet_tui import streams, wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.config import load
from bitsheet_tui.config.findings import near
from bitsheet_tui.errors import BitsheetError, Exit, UsageError
from bitsheet_tui.export.files import Files, naming
from bitsheet_tui.export.progress import Progress
from bitsheet_tui.export.writing import Export, Format, to_files, to_stream
from bitsheet_tui.hard_exit import hard_exit
from bitsheet_tui.store.export_reader import ORDER, ExportReader, Output, Selection
from bitsheet_tui.store.layout import DELETED
from bitsheet_tui.store.views import VIEWS
from bitsheet_tui.text import plain

STDOUT = Path("-")
PIECE = 2**16  # bytes
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CLEAR = "\r\x1b[K"  # to the begin of the line, and nothing in it (ECMA-48, EL)


def run(arguments: Namespace) -> int:
    """Writes them, whole or not at all. Raises UsageError and StoreError."""
    format_ = _format(arguments)
    zone = _zone(arguments.tz)
    config = load(arguments.config, os.environ)
    with _stoppable(), closing(wiring.open_export(config)) as reader:
        _check_names(arguments.names, reader)
        reader.begin(arguments.names, others=bool(arguments.labels or arguments.where))
        for name in arguments.names:
            if reader.filling(name):
                tell(f"{name} is being read for the first time: what has come so far is exported")
        selections = [_selection(name, arguments, reader) for name in arguments.names]
        for selection in selections:
            reader.check(selection)
        export = Export(
            reader=reader,
            selections=selections,
            progress=_progress(selections, reader, arguments.output),
            format=format_,
            zone=zone,
            spreadsheet=arguments.spreadsheet,
        )
        if _is_stream(arguments.output):
            _to_stream(export, arguments.output)
        else:
            _to_files(export, arguments.output)
    return Exit.DONE


# --- what is asked ----------------------------------------------------------------------------------------


def _format(arguments: Namespace) -> Format:
    """Which format; without the option it is that of the file's name, or CSV. Raises UsageError."""
    output, several = arguments.output, len(arguments.names) > 1
    ending = output.suffix.removeprefix(".").lower() if output else ""
    found = Format(arguments.format or (ending if ending in {*Format} else Format.CSV))
    if len({*arguments.names}) < len(arguments.names):
        raise UsageError("a table is named twice", "name each once")
    if several and found is not Format.XLSX and _is_stream(output):
        raise UsageError("several tables need a folder", "name one: -o FOLDER")
    if several and found is Format.XLSX and output and output.is_dir():
        raise UsageError(f"{plain(output)} is a folder, and a workbook holds all tables", "name a file")
    if arguments.spreadsheet and found not in {Format.CSV, Format.XLSX}:
        raise UsageError("--spreadsheet goes with csv", "a workbook (xlsx) is always one")
    if not found.is_text and output in {None, STDOUT} and sys.stdout.isatty():
        raise UsageError(f"{found} is nothing to read on a terminal", f"name a file: -o tables.{found}")
    if arguments.deleted and (views := [name for name in arguments.names if name in VIEWS]):
        raise UsageError(
            f"{views[0]} has no deleted rows", f"export {VIEWS[views[0]]} with --deleted and --labels"
        )
    return found


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415 - most take UTC

    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        alike = near(name, available_timezones())
        hint = f"did you mean {alike[0]}?" if alike else "a zone is called as Europe/Istanbul is"
        raise UsageError(f"there is no time zone {plain(name)}", hint) from None


def _check_names(names: Sequence[str], reader: ExportReader) -> None:
    there = reader.names()
    for name in names:
        if name in ORDER and name not in there:
            raise UsageError(f"{name} is not in the mirror yet", f"there are {', '.join(there)}")
        if name not in there:
            raise UsageError(f"there is no table {plain(name)}", _meant(name, there))


def _meant(name: str, there: Sequence[str]) -> str:
    alike = near(name, there)
    return f"did you mean {alike[0]}?" if alike else f"there are {', '.join(there)}"


def _selection(name: str, arguments: Namespace, reader: ExportReader) -> Selection:
    there = {column.name: column for column in reader.columns(name)}
    if arguments.columns is None:
        chosen = [one for one in there.values() if one.usual or (arguments.labels and one.label)]
        chosen += [there[DELETED]] if arguments.deleted else []
    else:
        chosen = [_column(name, column, there) for column in arguments.columns]
    return Selection(name=name, columns=tuple(chosen), where=arguments.where or "", deleted=arguments.deleted)


def _column(table: str, name: str, there: dict[str, Output]) -> Output:
    if name not in there:
        raise UsageError(f"{table} has no column {plain(name)}", _meant(name, [*there]))
    return there[name]


# --- where it goes ----------------------------------------------------------------------------------------


def _is_stream(output: Path | None) -> bool:
    """Whether it is no file that could get its name at the end: stdout, a pipe, a device."""
    if output is None or output == STDOUT:
        return True
    return output.exists() and not output.is_file() and not output.is_dir()


def _to_stream(export: Export, output: Path | None) -> None:
    with _opened(output) as put:
        if export.format.is_text:
            to_stream(export, put)
        else:  # they are not written from their begin to their end
            name = f"export.{export.format}"
            with Files(Path(tempfile.gettempdir())) as files:
                to_files(export, files, [files.scratch / name])
                files.arrive()
                with (files.scratch / name).open("rb") as file:
                    while piece := file.read(PIECE):
                        put(piece)
    _told(export)


@contextmanager
def _opened(output: Path | None) -> Iterator[Callable[[bytes], object]]:
    """What writes to a stream; stdout fails as it does for every command: see `streams`."""
    if output is None or output == STDOUT:
        yield _put
        sys.stdout.flush()
        _put(b"")
        return
    with naming(output), output.open("wb") as file:
        yield file.write


def _put(data: bytes) -> None:
    """On stdout. Where that fails nothing more is read: the end of the command tells why."""
    stdout = sys.stdout
    if not isinstance(stdout, streams.Output):
        stdout.buffer.write(data)
        return
    stdout.write_bytes(data)
    if stdout.failed:
        raise SystemExit(Exit.TABLE_FAILED)


def _to_files(export: Export, output: Path) -> None:
    several = len(export.selections) > 1 and export.format is not Format.XLSX
    names = [f"{selection.name}.{export.format}" for selection in export.selections]
    if several or output.is_dir():
        folder, targets = output, [output / name for name in names]
    else:
        folder, targets = Path(os.path.realpath(output)).parent, [output]
    with Files(folder) as files:
        sheets = to_files(export, files, targets)
        sizes = files.arrive()
    _told(export)
    for path, size in sizes:
        tell(f"{path}: {size:,} bytes")
    if len(sheets) > len(export.selections):
        tell(f"a sheet has room for 1,048,575 rows: there are {', '.join(sheets)}")


# --- what is told, and how it is stopped --------------------------------------------------------------------


def _progress(selections: Sequence[Selection], reader: ExportReader, output: Path | None) -> list[Progress]:
    """Lines that are written over on a terminal, where no data go."""
    shown = sys.stderr.isatty() and not (output in {None, STDOUT} and sys.stdout.isatty())
    if not shown:
        return [Progress(one.name, None, None) for one in selections]

    def show(line: str) -> None:
        streams.write(sys.stderr, f"{CLEAR}{line}")

    # with a condition, counting takes as long as reading
    return [Progress(one.name, None if one.where else reader.count(one), show) for one in selections]


def _told(export: Export) -> None:
    for progress in export.progress:
        if progress.shown:
            streams.write(sys.stderr, CLEAR)
        tell(f"{progress.name}: {progress.rows:,} {'row' if progress.rows == 1 else 'rows'}")


@contextmanager
def _stoppable() -> Iterator[None]:
    """A signal ends the block with 128 and its number; a second one ends the process at once.

    It may come while a library does not let exceptions through: whatever error that becomes is not told.
    """
    asked: list[int] = []

    def stop(number: int, _: FrameType | None) -> NoReturn:
        if asked:
            hard_exit(128 + number)
        asked.append(number)
        raise SystemExit(128 + number)

    # what nohup, or a shell in the background, made us ignore stays ignored
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    except BitsheetError:
        if asked:
            raise SystemExit(128 + asked[0]) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
