"""Obeys what other processes ask through the store, and answers with what was done.

Others write their request into a table and wait for its answer. Looking whether anybody wrote costs no
query (a counter in SQLite, a notification of PostgreSQL), so it is done often; the table itself is read when
somebody did, and now and then in case a notification got lost.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from bitsheet_tui.errors import StoreError
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.answers import NOT_DONE
from bitsheet_tui.sync.desk import now

GLANCE_SECONDS = 0.2
LOOK_SECONDS = 5.0
STALE = timedelta(minutes=1)  # what was asked so long before the start was asked of somebody else

Grant = Callable[[str, str], str]


async def obey(store: Store, grant: Grant) -> None:
    """Look for requests until cancelled; `grant(name, argument)` does one, and says what it did."""
    with suppress(StoreError):
        refuse_stale(store)
    looked = 0.0
    while True:
        with suppress(StoreError):  # the cycle is the one to report it
            if store.asked() or monotonic() - looked > LOOK_SECONDS:
                looked = monotonic()
                for request in store.open_requests():
                    store.answer(request.id, grant(request.command, request.argument), at=now())
        await asyncio.sleep(GLANCE_SECONDS)


def refuse_stale(store: Store) -> None:
    """Do not do now what was asked of an instance that ended before it could answer."""
    for request in store.open_requests():
        if now() - request.at > STALE:
            store.answer(request.id, f"{NOT_DONE}no instance was running", at=now())
