"""Fields come, go and change on the portal; the mirror follows, and its old rows too."""

import pytest

from bitsheet_tui.events import Drifted, FillStarted
from bitsheet_tui.portal.demo import Column
from bitsheet_tui.portal.demo.calls import METHODS, Method, Reply
from tests.support import mirror
from tests.support.sync_run import config, once, portal, unequal

pytestmark = pytest.mark.slow

FIELD = "UF_CRM_1799999999"


@pytest.mark.sample
async def test_a_new_custom_field_becomes_a_column_and_old_rows_are_read_again_to_fill_it(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        old = [row["ID"] for row in demo.world.truth("deals")][:5]
        demo.world.add_field("deals", Column(name=FIELD, type="string", title="Note", custom=True))
        for ident in old:
            demo.world.bind("deals", ident, **{FIELD: "written without a change time"})
        events = []
        engine = await once(settings, listeners=[events.append])
        assert engine.failed == ()
        assert unequal(store_url, demo) == {}
        drifts = [event for event in events if isinstance(event, Drifted)]
        assert [(event.table, event.added) for event in drifts] == [("deals", (FIELD.lower(),))]
        assert engine.state.tables["deals"].drift == drifts[0]
        _, runs = mirror.select(store_url, "SELECT hint FROM bitsheet_table_runs WHERE kind = 'drift'")
        assert [hint for (hint,) in runs] == [f"added {FIELD.lower()}"]


async def test_a_process_that_dies_between_the_column_and_the_reading_still_fills_it(store_url, monkeypatch):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        await once(settings)
        some = next(iter(demo.world.truth("deals")))["ID"]
        demo.world.add_field("deals", Column(name=FIELD, type="string", title="Note", custom=True))
        demo.world.bind("deals", some, **{FIELD: "old"})
        with monkeypatch.context() as patch:
            patch.setattr("bitsheet_tui.sync.describing.record_drift", died)
            with pytest.raises(Died):
                await once(settings)
        await once(settings)
        assert unequal(store_url, demo, ("deals",)) == {}


class Died(BaseException):
    """The process ends here."""


def died(*_):
    raise Died


async def test_a_field_that_disappears_stays_a_column_and_one_that_returns_is_filled_again(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        column = Column(name=FIELD, type="string", title="Note", custom=True)
        demo.world.add_field("deals", column)
        some = next(iter(demo.world.truth("deals")))["ID"]
        demo.world.edit("deals", some, **{FIELD: "once"})
        await once(settings)
        demo.world.remove_field("deals", FIELD)
        engine = await once(settings)
        assert engine.state.tables["deals"].drift is None  # one description is not believed
        engine = await once(settings)
        assert engine.state.tables["deals"].drift.retired == (FIELD.lower(),)
        assert FIELD.lower() in mirror.held(store_url, "deals")[(some,)]
        demo.world.add_field("deals", column)
        demo.world.bind("deals", some, **{FIELD: "again"})
        await once(settings)
        assert unequal(store_url, demo, ("deals",)) == {}


async def test_a_field_that_changes_its_type_is_widened_and_read_again(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        demo.world.add_field("deals", Column(name=FIELD, type="integer", title="Note", custom=True))
        some = next(iter(demo.world.truth("deals")))["ID"]
        demo.world.edit("deals", some, **{FIELD: 12})
        await once(settings)
        demo.world.change_field("deals", Column(name=FIELD, type="string", title="Note", custom=True))
        demo.world.bind("deals", some, **{FIELD: "a dozen"})
        engine = await once(settings)
        assert engine.state.tables["deals"].drift.widened == (FIELD.lower(),)
        assert unequal(store_url, demo, ("deals",)) == {}


def letters(world, deals, what):
    """The portal's own code writes what nobody could enter."""
    for deal in deals:
        world.edit("deals", deal, TITLE="has a letter")
        world.tables["deals"].put(deal, {FIELD: what})


@pytest.mark.parametrize("first", [True, False], ids=["in the backfill", "later"])
async def test_a_flag_that_has_other_letters_becomes_a_text_and_its_rows_are_stored(store_url, first):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        world = demo.world
        world.add_field("deals", Column(name=FIELD, type="char", title="Grade", custom=True))
        ids = [row["ID"] for row in world.truth("deals")]
        yes, no, odd, none = ids[0], ids[-1], ids[1:31], ids[40]
        world.edit("deals", yes, **{FIELD: True})
        world.edit("deals", no, **{FIELD: False})
        if not first:
            await once(settings)
            assert unequal(store_url, demo, ("deals",)) == {}
        letters(world, odd, "D")
        engine = await once(settings)
        assert engine.failed == ()
        assert engine.state.tables["deals"].drift.widened == (FIELD.lower(),)
        stored = {key: row[FIELD.lower()] for (key,), row in mirror.held(store_url, "deals").items()}
        assert [stored[ident] for ident in (yes, no, odd[0], none)] == ["Y", "N", "D", None]
        assert set(stored) == set(ids)
        letters(world, [none], "E")
        engine = await once(settings)  # the portal still describes a flag, and the text stays a text
        assert engine.state.tables["deals"].drift is None
        assert mirror.held(store_url, "deals")[none,][FIELD.lower()] == "E"
        _, aside = mirror.select(store_url, "SELECT row_id FROM bitsheet_quarantine")
        assert aside == []


async def test_in_a_running_engine_a_new_field_is_noticed_in_the_static_cycle(store_url):
    """The description rides in the cycle's batch, next to the scan of the same table."""
    from bitsheet_tui import wiring

    async with portal() as (demo, webhook):
        settings = config(webhook, store_url, static_every=1)
        store = wiring.open_store(settings)
        try:
            engine = wiring.build(settings, store)
            engine._begin()
            await engine._all_of(None)
            some = next(iter(demo.world.truth("deals")))["ID"]
            demo.world.add_field("deals", Column(name=FIELD, type="string", title="Note", custom=True))
            demo.world.bind("deals", some, **{FIELD: "old"})
            await engine._all_of(None)
            await engine._end()
        finally:
            store.close()
        assert unequal(store_url, demo, ("deals",)) == {}


@pytest.mark.sample
@pytest.mark.parametrize("what", ["a field", "a type", "all but one", "everything"])
async def test_one_description_that_is_not_whole_empties_no_column_and_reads_nothing_again(
    store_url, monkeypatch, what
):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        demo.world.add_field("deals", Column(name=FIELD, type="double", title="Sum", custom=True))
        some = next(iter(demo.world.truth("deals")))["ID"]
        demo.world.edit("deals", some, **{FIELD: 12.5})
        await once(settings)
        known = METHODS["crm.deal.fields"]

        def partly(office, call):
            reply = known.handler(office, call)
            fields = {
                "a field": {name: one for name, one in reply.result.items() if name != FIELD},
                "a type": reply.result | {FIELD: {"title": "Sum"}},
                "all but one": {"ID": reply.result["ID"]},
                "everything": [],
            }[what]
            return Reply(fields)

        events = []
        with monkeypatch.context() as patch:
            patch.setitem(METHODS, "crm.deal.fields", Method(known.name, known.scope, partly))
            demo.world.edit("deals", some, TITLE="edited")
            await once(settings, listeners=[events.append])
            assert mirror.held(store_url, "deals")[some,][FIELD.lower()] == 12.5
        await once(settings, listeners=[events.append])
        assert [event for event in events if isinstance(event, Drifted | FillStarted)] == []
        assert unequal(store_url, demo, ("deals",)) == {}
