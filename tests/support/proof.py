"""How often a proof by chance is tried: a sample by default, all of it with BITSHEET_PROOF=full."""

import os


def times(name: str, sample: int, whole: int) -> int:
    """How often: `sample`, or `whole` where all is to be proved, or what the environment variable `name` says."""
    full = os.environ.get("BITSHEET_PROOF") == "full"
    return int(os.environ.get(name, whole if full else sample))
