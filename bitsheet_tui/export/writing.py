"""Tables become files, or one on stdout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from bitsheet_tui.export import csv_text, json_lines, parquet, xlsx
from bitsheet_tui.export.files import Files, naming
from bitsheet_tui.export.progress import Progress
from bitsheet_tui.store.export_reader import ExportReader, Selection


class Format(StrEnum):
    """What an export is written as; also how the names of its files end."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def is_text(self) -> bool:
        """Whether it may be read as it comes, line by line."""
        return self in {Format.CSV, Format.JSONL}


class Export(Struct, frozen=True, kw_only=True):
    """What to write, and how."""

    reader: ExportReader
    selections: Sequence[Selection]
    progress: Sequence[Progress]  # one for each
    format: Format
    zone: tzinfo | None = None
    spreadsheet: bool = False


def to_stream(export: Export, put: Callable[[bytes], object]) -> None:
    """One table, in a format that is text; `put` takes it piece by piece."""
    (selection,), (progress,) = export.selections, export.progress
    if export.format is Format.CSV:
        encoder: csv_text.Encoder | json_lines.Encoder = csv_text.Encoder(
            selection.columns, export.zone, spreadsheet=export.spreadsheet
        )
    else:
        encoder = json_lines.Encoder(selection.columns, export.zone)
    put(encoder.head())
    for page in progress.count(export.reader.pages(selection)):
        put(encoder.page(page))


def to_files(export: Export, files: Files, targets: Sequence[Path]) -> list[str]:
    """A file for each table, or a workbook of all; the names of its sheets. Raises StoreError, UsageError."""
    if export.format is Format.XLSX:
        (target,) = targets
        file = files.open(target)
        with naming(target):
            return xlsx.write(file, _sheets(export), export.zone, files.scratch)
    for selection, progress, target in zip(export.selections, export.progress, targets, strict=True):
        file = files.open(target)
        with naming(target):
            _write(export, selection, progress, file)
    return []


def _write(export: Export, selection: Selection, progress: Progress, file: BinaryIO) -> None:
    if export.format is Format.PARQUET:
        pages = export.reader.pages
        parquet.write(file, selection.columns, lambda: progress.count(pages(selection)), export.zone)
    else:
        one = Export(
            reader=export.reader, selections=[selection], progress=[progress], format=export.format,
            zone=export.zone, spreadsheet=export.spreadsheet,
        )  # fmt: skip
        to_stream(one, file.write)


def _sheets(export: Export) -> list[xlsx.Sheet]:
    return [
        xlsx.Sheet(
            name=selection.name,
            columns=selection.columns,
            pages=progress.count(export.reader.pages(selection)),
        )
        for selection, progress in zip(export.selections, export.progress, strict=True)
    ]
