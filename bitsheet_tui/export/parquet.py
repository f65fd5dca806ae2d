"""A Parquet file (parquet.apache.org), by pyarrow, which is imported here alone.

INTEGER int64 · NUMERIC decimal128(38, 18), which Spark has by default · BOOLEAN bool · INSTANT timestamp[us]
in UTC or another zone · DATE date32 · JSON and TEXT string. A column of numbers of which one does not fit is
string, with all digits: what does not fit is only known once it is met, and the file is begun anew then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from bitsheet_tui import lean
from bitsheet_tui.errors import UsageError
from bitsheet_tui.export import spelling
from bitsheet_tui.export.spelling import Convert, Rows
from bitsheet_tui.fields import Kind
from bitsheet_tui.store.export_reader import Output

if TYPE_CHECKING:
    import pyarrow

PRECISION, SCALE = 38, 18
GROUP = 8 * 2**20  # bytes of a row group, as they are in memory


class Unfit(Exception):
    """A number does not fit into the column at `place`."""

    def __init__(self, place: int) -> None:
        self.place = place


def write(
    file: BinaryIO, columns: Sequence[Output], pages: Callable[[], Iterable[Rows]], zone: tzinfo | None
) -> None:
    """Writes the whole file; `pages` may be asked for more than once. Raises OSError."""
    kinds = [column.kind for column in columns]
    names = [column.name for column in columns]
    while True:
        try:
            _write(file, names, kinds, pages(), zone)
        except Unfit as unfit:
            kinds[unfit.place] = Kind.TEXT
            file.seek(0)
            file.truncate()
        else:
            return


def _write(
    file: BinaryIO, names: Sequence[str], kinds: Sequence[Kind], pages: Iterable[Rows], zone: tzinfo | None
) -> None:
    arrow, parquet = _pyarrow()
    types = _types(arrow, zone)
    schema = arrow.schema([(name, types[kind]) for name, kind in zip(names, kinds, strict=True)])
    with parquet.ParquetWriter(file, schema, compression="snappy") as writer:
        batches: list[Any] = []
        for page in pages:
            batches.append(_batch(arrow, schema, kinds, page))
            if sum(batch.nbytes for batch in batches) >= GROUP:
                writer.write_table(arrow.Table.from_batches(batches))
                batches.clear()
        if batches:
            writer.write_table(arrow.Table.from_batches(batches))


def _pyarrow() -> tuple[Any, Any]:
    """The two modules. Raises UsageError where they are not installed."""
    try:
        import pyarrow  # noqa: PLC0415 - 40 MB of memory, for this alone
        from pyarrow import parquet  # noqa: PLC0415

        with lean.without_pandas():
            pyarrow.array([None])
    except ImportError as error:
        raise UsageError(
            f"a Parquet file needs {error.name or 'pyarrow'}, which is not installed",
            "install it: pip install 'bitsheet-tui[export]'",
        ) from error
    return pyarrow, parquet


def _types(arrow: Any, zone: tzinfo | None) -> Mapping[Kind, Any]:
    return {
        Kind.INTEGER: arrow.int64(),
        Kind.REFERENCE: arrow.int64(),
        Kind.NUMERIC: arrow.decimal128(PRECISION, SCALE),
        Kind.BOOLEAN: arrow.bool_(),
        Kind.INSTANT: arrow.timestamp("us", tz=str(zone or "UTC")),
        Kind.DATE: arrow.date32(),
        Kind.JSON: arrow.string(),
        Kind.TEXT: arrow.string(),
    }


def _batch(arrow: Any, schema: pyarrow.Schema, kinds: Sequence[Kind], rows: Rows) -> pyarrow.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [
        _array(arrow, schema.field(place).type, kind, values, place)
        for place, (kind, values) in enumerate(zip(kinds, columns, strict=True))
    ]
    return arrow.RecordBatch.from_arrays(arrays, schema=schema)


def _array(arrow: Any, type_: Any, kind: Kind, values: Sequence[Any], place: int) -> Any:
    if kind in {Kind.INSTANT, Kind.DATE} and any(isinstance(value, str) for value in values):
        return arrow.array(values, arrow.string()).cast(type_)
    convert = _CONVERTS.get(kind)
    if convert:
        values = [None if value is None else convert(value) for value in values]
    try:
        return arrow.array(values, type_)
    except arrow.ArrowInvalid:
        if kind is not Kind.NUMERIC:
            raise
        raise Unfit(place) from None


def _text(value: Any) -> str:
    """Of a number of a column that is text here."""
    return value if isinstance(value, str) else spelling.number(value)


_CONVERTS: Mapping[Kind, Convert] = {
    Kind.NUMERIC: lambda value: value if isinstance(value, Decimal) else Decimal(str(value)),
    Kind.BOOLEAN: bool,
    Kind.TEXT: _text,
}
