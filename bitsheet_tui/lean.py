"""Libraries without what they bring along and nobody here uses, for a small process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def without_click() -> Iterator[None]:
    """Lets httpx, imported in the block, believe that click is not installed; it is made for that.

    Where click is, `httpx/_main.py` is imported, and with it click, rich and pygments.
    """
    with _instead("click", None):
        yield


@contextmanager
def without_extras() -> Iterator[None]:
    """Lets APScheduler, imported in the block, see no installed packages, pool of processes and local zone.

    It looks through all packages for triggers that it could be asked for by name, which takes 1.3 MB for
    good; the other two, which take half of one, are for those who do not say where and when a job is to run.
    """
    nothing = {"version": lambda _: "3", "entry_points": lambda **_: (), "PackageNotFoundError": LookupError}
    with (
        _instead("importlib.metadata", nothing),
        _instead("concurrent.futures.process", {"BrokenProcessPool": RuntimeError}),
        _instead("tzlocal", {"get_localzone": None}),
    ):
        yield


@contextmanager
def without_pandas() -> Iterator[None]:
    """Lets pyarrow, which makes its first array in the block, find no pandas: it takes 60 MB.

    It looks for it to recognise values of pandas, of which there are none here. A module of the name that
    stands for none, as with the others, is one to it.
    """
    if "pandas" in sys.modules:
        yield
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _NoPandas:
    """Finds what is not there."""

    def find_spec(self, fullname: str, path: object, target: object = None, /) -> None:  # noqa: ARG002
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


@contextmanager
def _instead(name: str, content: dict[str, Any] | None) -> Iterator[None]:
    """A module with this content in place of the one of that name, or none; one that is imported stays."""
    if name in sys.modules:
        yield
        return
    module: Any = None  # which is how Python is told that there is none
    if content is not None:
        module = ModuleType(name)
        vars(module).update(content)
    sys.modules[name] = module
    try:
        yield
    finally:
        del sys.modules[name]
