"""Files that have their names only once they are whole: until then they lie in a hidden folder beside them.

That folder goes whatever happens, with a second signal as well. A file that is there is replaced at once; a
link leads to the file that is replaced.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from bitsheet_tui.errors import StoreError, StoreFull, StoreUnavailable
from bitsheet_tui.hard_exit import temporary
from bitsheet_tui.ownership import foreign_link, hand_over, make_folder
from bitsheet_tui.text import plain

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """What goes wrong with a file, in a sentence. A reader that has gone passes as it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _meaning(error, target) from error


def _meaning(error: OSError, target: Path) -> StoreError:
    if error.errno in FULL:
        return StoreFull(f"There is no space left for {plain(target)}.", hint="Free some space.")
    why = error.strerror or str(error)
    return StoreUnavailable(
        f"{plain(target)} cannot be written: {plain(why)}.", hint="Name a file in a folder of your own."
    )


class Part(NamedTuple):
    """A file on its way."""

    file: BinaryIO
    path: Path  # where it is
    target: Path


class Files:
    """The files of one export, in one folder. With the block whatever has not arrived goes."""

    def __init__(self, folder: Path) -> None:
        """Raises StoreError where nothing can be made in `folder`, which is made where it is missing."""
        self._folder = folder
        self._made = not folder.exists()
        self._parts: list[Part] = []
        self._ending = ExitStack()

    def __enter__(self) -> Files:
        with naming(self._folder):
            make_folder(self._folder)
            self.scratch = Path(tempfile.mkdtemp(prefix=".bitsheet-export-", dir=self._folder))
        self._ending.callback(shutil.rmtree, self.scratch, ignore_errors=True)
        self._ending.enter_context(temporary(self.scratch))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file, _, _ in self._parts:
            with suppress(OSError):  # what could not be written has been told
                file.close()
        self._ending.__exit__(kind, error, trace)
        if kind and self._made:
            with suppress(OSError):  # there is something in it
                self._folder.rmdir()

    def open(self, target: Path) -> BinaryIO:
        """A file that will be `target`, in this folder. Raises StoreError."""
        with naming(target):
            if (why := foreign_link(target)) or target.is_dir():
                raise StoreUnavailable(
                    f"{plain(target)} is not used: {why or 'it is a folder'}.",
                    hint="Name a file in a folder of your own.",
                )
            part = self.scratch / f"{len(self._parts)}.part"
            made = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            file = os.fdopen(made, "w+b")
            self._parts.append(Part(file, part, Path(os.path.realpath(target))))
            hand_over(made, self._folder)
        return file

    def arrive(self) -> list[tuple[Path, int]]:
        """Give every file its name, once all are on the disk: each and its bytes. Raises StoreError."""
        for file, _, target in self._parts:
            with naming(target):
                file.flush()
                os.fsync(file.fileno())
        sizes = [(target, os.fstat(file.fileno()).st_size) for file, _, target in self._parts]
        for file, part, target in self._parts:
            with naming(target):
                file.close()
                part.replace(target)
        return sizes
