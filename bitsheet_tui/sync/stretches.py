"""Stretches of ids: what a backfill has left to read is a few of them, from the newest down."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Stretch(NamedTuple):
    """The ids between two bounds, neither included."""

    above: int
    below: int

    @property
    def ids(self) -> int:
        """How many ids there can be."""
        return self.below - self.above - 1


def without(stretches: Iterable[Stretch], read: Iterable[Stretch]) -> list[Stretch]:
    """What is left of `stretches` when all ids of `read` are taken out of them; the newest first."""
    left = list(stretches)
    for one in read:
        left = [part for stretch in left for part in _parts(stretch, one)]
    return sorted(left, reverse=True)


def _parts(stretch: Stretch, read: Stretch) -> list[Stretch]:
    if read.ids <= 0 or read.below <= stretch.above + 1 or read.above >= stretch.below - 1:
        return [stretch]
    parts = (
        Stretch(max(stretch.above, read.below - 1), stretch.below),
        Stretch(stretch.above, min(stretch.below, read.above + 1)),
    )
    return [part for part in parts if part.ids > 0]


def joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The same ids in as few stretches as can be, the newest first; empty ones are gone."""
    found: list[Stretch] = []
    for stretch in sorted((one for one in stretches if one.ids > 0), reverse=True):
        if found and stretch.below > found[-1].above:
            found[-1] = Stretch(min(stretch.above, found[-1].above), found[-1].below)
        else:
            found.append(stretch)
    return found
