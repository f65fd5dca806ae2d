"""The status over a session that is kept."""

import pytest

from bitsheet_tui import wiring
from bitsheet_tui.errors import StoreUnavailable
from bitsheet_tui.monitoring.status_reader import StatusReader
from bitsheet_tui.tables import select
from tests.support.sync_run import config

HOOK = "http://127.0.0.1:1/rest/1/abcdefgh12/"


class Opener:
    """Opens the mirror, and counts."""

    def __init__(self, settings):
        self.settings, self.opened, self.away = settings, [], False

    def __call__(self):
        if self.away:
            raise StoreUnavailable("The store has gone.", "Start it.")
        self.opened.append(wiring.open_store(self.settings, readonly=True))
        return self.opened[-1]


@pytest.fixture
def settings(store_url):
    return config(HOOK, store_url)


def test_one_session_serves_every_look_and_sees_what_is_new(settings):
    store, opener = wiring.open_store(settings), Opener(settings)
    deals, users = select(("deals", "users"))
    store.shape(deals, deals.fields)
    with StatusReader(opener) as status:
        assert set(status()["tables"]) == {"deals"}
        store.shape(users, users.fields)
        assert set(status()["tables"]) == {"deals", "users"}
        assert len(opener.opened) == 1
        assert opener.opened[0].connected
    assert not opener.opened[0].connected
    store.close()


def test_after_trouble_it_is_opened_anew(settings, monkeypatch):
    wiring.open_store(settings).close()
    opener = Opener(settings)
    with StatusReader(opener) as status:
        status()

        def lost():
            raise StoreUnavailable("The store has gone.", "Start it.")

        monkeypatch.setattr(opener.opened[0], "renew", lost)
        opener.away = True
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                status()
        opener.away = False
        assert status()["mirror"]
    assert [one.connected for one in opener.opened] == [False, False]


def test_who_looks_when_it_ends_keeps_no_session(settings):
    wiring.open_store(settings).close()
    opener = Opener(settings)
    status = StatusReader(opener)
    status()
    real = opener.opened[0].renew

    def ending():
        status.__exit__(None, None, None)  # while it looks
        real()

    opener.opened[0].renew = ending
    status()
    assert not opener.opened[0].connected
