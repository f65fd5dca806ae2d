"""Memory that is not used any more goes back to the system, so that a quiet process is a small one.

What Python frees, glibc keeps: a backfill reads answers of some MB, and the space between what is still
alive stays with the process for its next one. A mirror rests most of the day, so it is given back. Other
C libraries have no such call, and most of them need none (man7.org/linux/man-pages/man3/malloc_trim.3.html).
"""

import gc
from functools import cache
from typing import Any


def give_back() -> None:
    """Hand free pages to the system. Takes some hundredths of a second: for when there is nothing to do."""
    gc.collect()  # what is only held by itself lies between pages that are free
    if trim := _malloc_trim():
        trim(0)


@cache
def _malloc_trim() -> Any:
    try:
        from ctypes import CDLL  # noqa: PLC0415 - only a process that stays has anything to give back

        return CDLL(None).malloc_trim
    except (ImportError, OSError, TypeError, AttributeError):
        return None
