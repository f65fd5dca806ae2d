"""Which files a log was before it was rotated, told by their names alone, and which of them are too old.

Whoever writes the log, follows it, prints it or shows it asks here.
"""

import os
import re
from pathlib import Path

STAMP = r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_\d{6}"  # loguru's, in local time


def rotated_files(log: Path) -> list[Path]:
    """The files that `log` was before, the newest first; where it is a link, those beside what it leads to.

    `x.log` was `x.<stamp>.log`, by loguru (with a number after the stamp where that name was taken), or
    `x.log.<number>`, by versions before. A name with anything else in it belongs to others.
    Of a folder that one may not look into nobody knows any. Raises OSError.
    """
    log = Path(os.path.realpath(log))
    stem, suffix = os.path.splitext(log.name)  # noqa: PTH122 - as loguru does
    stamped = re.compile(rf"{re.escape(stem)}\.({STAMP})(?:\.(\d{{1,9}}))?{re.escape(suffix)}")
    numbered = re.compile(rf"{re.escape(log.name)}\.([1-9]\d{{0,2}})")
    found: list[tuple[tuple[str, int], Path]] = []
    for one in _entries(log.parent):
        if match := stamped.fullmatch(one.name):
            found.append(((match[1], int(match[2] or 1)), log.with_name(one.name)))
        elif match := numbered.fullmatch(one.name):
            found.append((("", -int(match[1])), log.with_name(one.name)))
    return [path for _, path in sorted(found, reverse=True)]


def remove_oldest(log: Path, keep: int) -> None:
    """Leave only the `keep` newest. Raises OSError."""
    for path in rotated_files(log)[keep:]:
        path.unlink(missing_ok=True)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [one for one in entries if one.is_file(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
