"""How often a proof by chance is tried: a sample by default, all of it in CI."""

from __future__ import annotations

import os


def times(name: str, few: int) -> int:
    """How often a proof by chance is tried: `few`, or as often as the environment variable says."""
    return int(os.environ.get(name, few))
