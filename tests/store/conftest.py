"""An open store, and the smallest description of some tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bitsheet_tui.secret import Secret
from bitsheet_tui.store import Store, postgres
from tests.support.store_rows import SHAPES, TABLES, query


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait only a moment for a killed instance's session to end."""
    monkeypatch.setattr(postgres, "LINGER", 0.05)


@pytest.fixture
def open_store(store_url: Secret) -> Iterator[Callable[..., Store]]:
    """Opens the store under test, again and again; whatever is open in the end is closed."""
    opened: list[Store] = []

    def opener(**options: Any) -> Store:
        opened.append(Store.open(store_url, **options))
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    """An open store with deals, contacts and tasks."""
    store = open_store()
    for name, fields in SHAPES.items():
        store.shape(TABLES[name], fields)
    return store


@pytest.fixture
def rows(store: Store) -> Callable[..., list[tuple[Any, ...]]]:
    """Asks the store's own connection."""
    return lambda sql, *parameters: query(store, sql, *parameters)
