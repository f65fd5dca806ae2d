"""Determinism: every value of the demo world is a throw of dice that always fall alike."""

import hashlib
import random
from collections.abc import Sequence
from typing import Any, TypeVar

_MASK = (1 << 64) - 1
T = TypeVar("T")


def seed_of(*parts: object) -> int:
    """A 64-bit number that depends on every part and on nothing else."""
    return int.from_bytes(hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest())


def mix(seed: int, number: int) -> int:
    """64 well-stirred bits for one number."""
    bits = (number * 0x9E3779B97F4A7C15 + seed) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    return bits ^ (bits >> 29)


class Dice:
    """Throws for one variant of a row."""

    def __init__(self, *parts: object) -> None:
        self._random = random.Random(seed_of(*parts))  # noqa: S311 - a demo, not a lottery

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self._random.random() * len(choices))]

    def chance(self, share: float) -> bool:
        """True in `share` of all throws."""
        return self._random.random() < share

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self._random.random() * (high - low + 1))

    def maybe(self, share: float, value: T, otherwise: Any = None) -> T | Any:
        """`value` in `share` of all throws."""
        return value if self.chance(share) else otherwise
