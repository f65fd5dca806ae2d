"""What libraries log, a few times a minute: somebody outside may make one say the same a thousand times."""

import time
from collections import Counter

WINDOW = 60.0  # seconds
SAME = 5  # lines of one form, in a window
ALL = 60  # lines of one logger, in a window
VARIOUS = "various lines"


class LibraryRepeats:
    """Counts, instead of admitting, what a logger says too often in a window."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + WINDOW
        self._said: Counter[tuple[str, str]] = Counter()
        self._held: Counter[tuple[str, str]] = Counter()

    def admit(self, name: str, form: str) -> tuple[bool, list[str]]:
        """Whether the line is to be told, and what is to be told first of a window that has ended.

        `name` is the logger's, `form` the text before its arguments are put into it.
        """
        told: list[str] = []
        if time.monotonic() >= self._ends:
            told = self.counted()
        form = form[:200]
        if self._said[name, ""] >= ALL:
            self._held[name, form if (name, form) in self._held else VARIOUS] += 1
            return False, told
        if self._said[name, form] >= SAME:
            self._held[name, form] += 1
            return False, told
        self._said[name, ""] += 1
        self._said[name, form] += 1
        return True, told

    def counted(self) -> list[str]:
        """What was held back, a line for each form; a new window begins."""
        held, self._held, self._said = self._held, Counter(), Counter()
        self._ends = time.monotonic() + WINDOW
        return [
            f"said {times:,} times more in a minute by {name}: {form.partition(chr(10))[0]}"
            for (name, form), times in held.items()
        ]
