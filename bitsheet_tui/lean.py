"""Libraries without what they bring along and nobody here uses, for a small process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def without_plugins() -> Iterator[None]:
    """Lets APScheduler, imported in the block, see no installed packages.

    It looks through all of them for triggers that it could be asked for by name, which takes 1.3 MB for good.
    """
    nothing: Any = ModuleType("importlib.metadata")
    nothing.version = lambda _: "3"
    nothing.entry_points = lambda **_: ()
    nothing.PackageNotFoundError = LookupError
    with _instead(nothing.__name__, nothing):
        yield


@contextmanager
def _instead(name: str, module: ModuleType | None) -> Iterator[None]:
    """`module` in place of the one of that name, None for "not installed"; one that is imported stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = module  # type: ignore[assignment]  # the import system takes None for "not there"
    try:
        yield
    finally:
        del sys.modules[name]
