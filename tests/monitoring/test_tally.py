"""What is counted, and that it is written as Prometheus reads it."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from bitsheet_tui import events as e
from bitsheet_tui.alert import Kind
from bitsheet_tui.errors import Reason, StoreFull, StoreUnavailable
from bitsheet_tui.freshness import sketch
from bitsheet_tui.monitoring.exposition import Exposition, Watched
from bitsheet_tui.monitoring.health import unready
from bitsheet_tui.monitoring.tally import Tally
from bitsheet_tui.quiet import parse
from bitsheet_tui.state import reduce, start

NOW = datetime(2026, 1, 31, 10, 7, tzinfo=UTC)
TABLES = ("deals", "users")


class Watching:
    """An engine of which only the events are there."""

    def __init__(self, tmp_path, succeeded: datetime | None = None, **more) -> None:
        self.tally = Tally(TABLES, succeeded)
        self.state = start(
            TABLES, portal="acme.bitrix24.com", store="sqlite x.db", at=NOW, due={"deals": 300, "users": 3000}
        )
        self.now = NOW
        watched = Watched(
            state=lambda: self.state,
            tally=self.tally,
            levels={"ERROR": 2},
            file=tmp_path / "x.db",
            now=lambda: self.now,
            **more,
        )
        self.exposition = Exposition(watched)

    def tell(self, *events: e.Event) -> None:
        for event in events:
            self.state = reduce(self.state, event)
            self.tally.tell(event)

    def samples(self) -> dict[tuple[str, ...], float]:
        """By name and the values of its labels."""
        _, render = self.exposition.form("text/plain")
        return {
            (one.name.removeprefix("bitsheet_"), *one.labels.values()): one.value
            for family in read_text(render().decode())
            for one in family.samples
        }

    def value(self, *key: str) -> float:
        return self.samples()[key]


@pytest.fixture
def watching(tmp_path):
    (tmp_path / "x.db").write_bytes(b"1234")
    return Watching(tmp_path)


def ended(number: int = 1, *, at: datetime = NOW, failed: tuple[str, ...] = (), seconds: float = 1.4, **more):
    return e.CycleEnded(number=number, at=at, seconds=seconds, rows=60, requests=3, failed=failed, **more)


def stored(**more):
    return e.PageStored(**{"table": "deals", "at": NOW, "read": 50, "inserted": 5, "updated": 3, **more})


@pytest.mark.parametrize(
    ("accept", "media", "read"),
    [
        ("", "text/plain", read_text),
        ("text/plain;version=0.0.4", "text/plain", read_text),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text",
            read_openmetrics,
        ),
    ],
)
def test_both_formats_can_be_read_and_say_the_same(watching, accept, media, read):
    told, render = watching.exposition.form(accept)
    assert told.startswith(media)
    families = {family.name: family for family in read(render().decode())}
    assert len([name for name in families if name.startswith("bitsheet_")]) >= 40
    assert all(family.documentation for family in families.values())
    assert "process_start_time_seconds" in families


def test_every_series_that_may_rise_is_there_from_the_start(watching):
    found = watching.samples()
    rising = {
        key: value
        for key, value in found.items()
        if key[0].endswith("_total") and key[0] != "process_cpu_seconds_total"
    }
    assert {value for key, value in rising.items() if key[0] != "log_messages_total"} == {0}
    for reason in Reason:
        assert rising["portal_request_failures_total", "batch", reason] == 0
    for kind in Kind:
        assert found["alert_active", kind] == 0
    assert len(found) < 400


def test_cycles_are_counted_and_the_newest_good_one_is_remembered(watching):
    watching.tell(e.CycleStarted(number=1, at=NOW, tables=TABLES), ended(seconds=70))
    later = NOW + timedelta(minutes=5)
    watching.tell(e.CycleStarted(number=2, at=later, tables=TABLES), ended(2, at=later, failed=("deals",)))
    found = watching.samples()
    assert (found["cycles_total",], found["cycle_failures_total",]) == (2, 1)
    assert found["cycle_last_start_timestamp_seconds",] == later.timestamp()
    assert found["cycle_last_success_timestamp_seconds",] == NOW.timestamp()
    assert (
        found["cycle_duration_seconds_bucket", "5.0"],
        found["cycle_duration_seconds_bucket", "120.0"],
    ) == (1, 2)
    assert found["cycle_duration_seconds_sum",] == 71.4


def test_a_cycle_that_was_asked_for_one_table_says_nothing_of_the_mirror(watching):
    watching.tell(ended(), ended(2, at=NOW + timedelta(hours=1), asked=("deals",)))
    assert watching.value("cycle_last_success_timestamp_seconds") == NOW.timestamp()


def test_a_restart_remembers_the_newest_good_cycle_of_before(tmp_path):
    watching = Watching(tmp_path, NOW - timedelta(hours=2))
    assert watching.value("cycle_last_success_timestamp_seconds") == (NOW - timedelta(hours=2)).timestamp()
    assert unready(watching.state, watching.tally, NOW)
    watching.tell(ended())
    assert not unready(watching.state, watching.tally, NOW)


def test_it_is_ready_for_two_intervals_and_what_a_cycle_takes(watching):
    assert unready(watching.state, watching.tally, NOW) == "no good cycle yet"
    watching.tell(ended(seconds=10))
    assert watching.value("cycle_stale_after_seconds") == 610
    assert not unready(watching.state, watching.tally, NOW + timedelta(seconds=610))
    told = unready(watching.state, watching.tally, NOW + timedelta(seconds=611))
    assert told == "the newest good cycle ended 611 s ago, more than 610 s"


def test_quiet_hours_make_nothing_stale(watching):
    from msgspec.structs import replace

    watching.tell(ended(seconds=10), e.TableRead(table="deals", at=NOW, seconds=1, watermark=NOW))
    watching.state = replace(watching.state, quiet=parse("10:10-16:00", "UTC"))
    watching.now = NOW.replace(hour=16, minute=1)
    found = watching.samples()
    assert found["cycle_quiet_seconds",] == found["table_quiet_seconds", "deals"] == 5 * 3600 + 50 * 60
    assert not unready(watching.state, watching.tally, watching.now)
    assert unready(watching.state, watching.tally, NOW.replace(hour=16, minute=18))


def test_tables_show_where_they_stand(watching):
    at = NOW - timedelta(minutes=1)
    watching.tell(
        e.Counted(table="deals", rows=30355, deleted=12),
        e.TableRead(table="deals", at=NOW, seconds=1, watermark=at),
        e.Compared(table="deals", at=at),
        e.Quarantined(table="deals", at=NOW, count=3, values=9),
        e.DeletionsHeld(table="deals", at=NOW, count=80, reason="half of it"),
        e.Drifted(table="deals", at=NOW, added=("uf_crm_1", "uf_crm_2")),
        e.FillStarted(table="users", at=NOW, expected=200, done=50),
    )  # fmt: skip
    found = watching.samples()
    assert found["table_rows", "deals"] == 30355
    assert found["table_tombstones", "deals"] == 12
    assert found["table_watermark_timestamp_seconds", "deals"] == at.timestamp()
    assert found["table_last_success_timestamp_seconds", "deals"] == NOW.timestamp()
    assert found["table_compared_timestamp_seconds", "deals"] == at.timestamp()
    assert found["table_quarantined_rows", "deals"] == 3
    assert found["deletions_held", "deals"] == 80
    assert found["columns_added_total", "deals"] == 2
    assert found["table_backfill_ratio", "deals"] == 1
    assert found["table_backfill_ratio", "users"] == 0.25
    assert found["table_stale_after_seconds", "deals"] == 900
    assert ("table_watermark_timestamp_seconds", "users") not in found
    assert found["engine_state", "needs_operator"] == 1
    assert sum(value for key, value in found.items() if key[0] == "engine_state") == 1
    assert found["alert_active", "deletions_held"] == found["alert_active", "quarantine"] == 1
    assert found["store_size_bytes",] == 4


def test_rows_are_counted_by_what_became_of_them_and_how_fresh_they_were(watching):
    watching.tell(stored(quarantined=2, deleted=1, delays=sketch([0.4, 0.9, 0.9, 45])), stored())
    found = watching.samples()
    counts = {
        key[1]: value for key, value in found.items() if key[0] == "rows_stored_total" and key[2] == "deals"
    }
    assert counts == {"inserted": 10, "updated": 6, "unchanged": 40 + 42, "deleted": 1}
    assert found["freshness_seconds_bucket", "0.5"] == 1
    assert found["freshness_seconds_bucket", "1.0"] == 3
    assert found["freshness_seconds_bucket", "60.0"] == found["freshness_seconds_count",] == 4


def test_requests_are_counted_by_method_with_what_failed_and_what_was_waited_for(watching):
    watching.tally.ended(e.HttpRequest(method="batch", seconds=0.3, size=5000, room_seconds=0.5))
    watching.tally.ended(e.HttpRequest(method="batch", seconds=0.07, failed=Reason.RATE))
    watching.tally.ended(
        e.HttpRequest(method="batch", seconds=3, size=70, again=Reason.RATE, asked_seconds=2)
    )
    watching.tally.ended(e.HttpRequest(method="server.time", seconds=15, failed=Reason.TIMEOUT))
    found = watching.samples()
    assert (found["portal_requests_total", "batch"], found["portal_requests_total", "server.time"]) == (3, 1)
    assert found["portal_request_failures_total", "batch", "rate"] == 1
    assert found["portal_request_failures_total", "server.time", "timeout"] == 1
    assert found["portal_request_duration_seconds_bucket", "0.1", "batch"] == 1
    assert found["portal_request_duration_seconds_sum", "batch"] == pytest.approx(3.37)
    assert found["portal_response_bytes_total",] == 5070
    assert found["portal_retries_total", "rate"] == 1
    waited = {
        limit: found["portal_throttled_seconds_total", limit] for limit in ("rate", "asked", "operating")
    }
    assert waited == {"rate": 0.5, "asked": 2, "operating": 0}


def test_what_methods_have_used_of_their_time_is_shown(watching):
    assert watching.value("portal_operating_seconds", "crm.deal.list") == 0
    assert watching.value("portal_operating_limit_seconds", "crm.deal.list") == 480
    used = e.Operating(method="crm.deal.list", used=248, budget=420)
    watching.tell(e.PortalSeen(requests=1, retries=0, rate=1, bucket=0, burst=50, operating=(used,)))
    assert watching.value("portal_operating_seconds", "crm.deal.list") == 248
    assert watching.value("portal_operating_limit_seconds", "crm.deal.list") == 420


def test_a_rest_of_a_method_counts_once_however_often_the_table_is_due_meanwhile(watching):
    def rests(at: float, until: float) -> e.TableFailed:
        moment = NOW + timedelta(seconds=at)
        end = NOW + timedelta(seconds=until)
        return e.TableFailed(table="deals", at=moment, reason=Reason.OPERATING, text="", hint="", until=end)

    watching.tell(rests(0, 60), rests(30, 60), rests(70, 100))
    assert watching.value("portal_throttled_seconds_total", "operating") == 90


def test_transactions_are_counted_with_what_failed(watching):
    watching.tally.written(0.004, None)
    watching.tally.written(0.2, StoreFull("no space"))
    watching.tally.written(9, StoreUnavailable("gone"))
    found = watching.samples()
    assert found["store_transactions_total",] == 3
    assert found["store_transaction_duration_seconds_bucket", "0.005"] == 1
    failed = {key[1]: value for key, value in found.items() if key[0] == "store_transaction_failures_total"}
    assert failed == {"busy": 0, "full": 1, "broken": 0, "refused": 0, "lost": 1}


def test_messages_are_counted_by_service_and_no_address_is_told(tmp_path):
    watching = Watching(tmp_path)
    assert {key for key in watching.samples() if key[0].startswith("notification")} == set()
    watching.tally = Tally(TABLES, services=("slack", "mailto"))
    watching.exposition = Exposition(
        Watched(state=lambda: watching.state, tally=watching.tally, levels={}, file=None)
    )
    arrived = [True, False, True]
    watching.tell(*(e.Notified(service="slack", arrived=one, at=NOW) for one in arrived))
    found = {key: value for key, value in watching.samples().items() if key[0].startswith("notification")}
    assert found == {
        ("notifications_total", "slack"): 2,
        ("notifications_total", "mailto"): 0,
        ("notification_failures_total", "slack"): 1,
        ("notification_failures_total", "mailto"): 0,
    }


def test_a_store_without_space_is_told(watching):
    trouble = e.StoreTrouble(text="no space left", hint="make room", at=NOW, until=NOW, full=True)
    assert watching.value("store_full") == 0
    watching.tell(trouble)
    assert watching.value("store_full") == 1
    watching.tell(ended())
    assert watching.value("store_full") == 0
