"""What a method is to the portal: a name, a scope and a function from parameters to a reply or a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from bitsheet_tui.portal.demo import php

if TYPE_CHECKING:
    from bitsheet_tui.portal.demo.office import Office


class Failure(Exception):
    """An error the portal answers with (`apidocs.bitrix24.com error-codes`)."""

    def __init__(self, status: int, error: str, description: str, **more: Any) -> None:
        super().__init__(description)
        self.status = status
        self.told: dict[str, Any] = {"error": error, "error_description": description, **more}


class Crash(Failure):
    """PHP itself failed: nothing of the whole request is answered."""

    def __init__(self) -> None:
        super().__init__(500, "INTERNAL_SERVER_ERROR", "Internal server error")


def bad(description: str) -> Failure:
    """The CRM's way of failing: HTTP 400 and no code."""
    return Failure(400, "", description)


class Rows:
    """A list whose items are JSON text already."""

    __slots__ = ("texts",)

    def __init__(self, texts: list[bytes]) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[Any]:
        return map(msgspec.json.decode, self.texts)

    def __getitem__(self, place: int) -> Any:
        return msgspec.json.decode(self.texts[place])


def written(value: Any) -> bytes:
    """A result as JSON text."""
    if isinstance(value, Rows):
        return php.array(value.texts)
    if isinstance(value, dict) and any(isinstance(item, Rows) for item in value.values()):
        return php.object_({key: written(item) for key, item in value.items()})
    return php.encode(value)


class Reply(Struct, frozen=True):
    """What a method hands back."""

    result: Any
    total: int | None = None
    next: int | None = None
    rows: int = 0  # how many rows the portal read for it
    counted: int = 0  # how many it counted for `total`
    listing: bool = False


class Call(Struct):
    """The parameters of one call; `start` is taken out of them (`modules/rest/classes/general/rest.php`)."""

    params: dict[str, Any] = field(default_factory=dict)
    start: int = 0
    ignore_filter: bool = False  # a scripted fault

    def get(self, *names: str, default: Any = None) -> Any:
        """The first of the names that was given."""
        for name in names:
            if name in self.params:
                return self.params[name]
        return default

    def upper(self) -> dict[str, Any]:
        """The parameters with upper-case names."""
        return {name.upper(): value for name, value in self.params.items()}


Handler = Callable[["Office", Call], Reply]


class Method(Struct, frozen=True):
    """One method of the portal."""

    name: str
    scope: str  # "": any webhook may call it
    handler: Handler


METHODS: dict[str, Method] = {}


def method(name: str, scope: str) -> Callable[[Handler], Handler]:
    """Register a handler."""

    def register(handler: Handler) -> Handler:
        METHODS[name.lower()] = Method(name, scope, handler)
        return handler

    return register


def mapping(call: Call, name: str, *names: str) -> dict[str, Any]:
    """A parameter that must be an array, as a map; a list has the keys 0..n-1."""
    value = call.get(name, *names, default={})
    if isinstance(value, list):
        return {str(place): item for place, item in enumerate(value)}
    if not isinstance(value, dict):
        raise bad(f"Parameter '{name}' must be array.")
    return value
