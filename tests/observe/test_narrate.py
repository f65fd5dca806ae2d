"""How each event reads in the log."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from bitsheet_tui import events as e
from bitsheet_tui.alert import Kind
from bitsheet_tui.errors import Reason
from bitsheet_tui.observe.narrate import Line, Repeats, duration, narrate
from bitsheet_tui.state.alerting import BEHIND, BEHIND_HINT, PINNED, PINNED_HINT

NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
LATER = NOW + timedelta(minutes=3)
HERE = f"{LATER.astimezone():%H:%M:%S}"

CLOSED = "comments of 2 tasks not readable: the webhook lacks the permission im  tick it in its settings in the portal"
UNREADABLE = (
    "comments of 2 tasks not readable: the webhook's owner is not in their chats"
    "  make the webhook's owner a participant"
)
TOLD = [
    (e.CycleStarted(number=1, at=NOW, tables=("deals",)), "INFO engine cycle 1 start  1 table due"),
    (
        e.CycleEnded(number=1, at=NOW, seconds=0.5, rows=1, requests=3, failed=("deals", "tasks")),
        "WARNING engine cycle 1 done  1 row  3 requests  0.50s  not up to date: deals, tasks",
    ),
    (
        e.PageStored(table="deals", at=NOW, read=1, inserted=0, updated=0, deleted=3, filling=True),
        "INFO deals fill      1 row   0 upd 0 new 3 del",
    ),
    (
        e.PageStored(table="deals", at=NOW, read=2, inserted=1, updated=0, quarantined=1),
        "WARNING deals page      2 rows  0 upd 1 new 1 quarantined",
    ),
    (e.PageStored(table="deals", at=NOW, read=0, inserted=0, updated=0), "DEBUG deals page      0 rows  0 upd 0 new"),
    (
        e.TableRead(table="deals", at=NOW, seconds=0.134, watermark=NOW),
        f"INFO deals read  up to {NOW.astimezone().isoformat(' ', 'seconds')}  0.13s",
    ),
    (
        e.TableFailed(table="deals", at=NOW, reason=Reason.SCOPE, text="no scope", hint="add crm"),
        "ERROR deals failed  no scope  add crm",
    ),
    (
        e.TableFailed(table="deals", at=NOW, reason=Reason.OPERATING, text="busy", hint="wait", until=LATER),
        f"WARNING deals failed  busy, rests until {HERE}",
    ),
    (
        e.FillStarted(table="deals", at=NOW, expected=30355, done=100),
        "INFO deals fill start  about 30,355 rows  100 are there already",
    ),
    (e.FillStarted(table="deals", at=NOW, expected=None), "INFO deals fill start"),
    (
        e.FillStarted(table="task_comments", at=NOW, expected=1418),
        "INFO task_comments fill start  about 1,418 discussions",
    ),
    (e.FillStarted(table="task_comments", at=NOW, expected=0), "INFO task_comments fill start"),
    (e.FillEnded(table="deals", at=NOW, seconds=4320), "INFO deals fill done  1 h 12 min"),
    (e.Counted(table="deals", rows=1, deleted=0), None),
    (
        e.Drifted(table="deals", at=NOW, added=("uf_a", "uf_b"), retired=("uf_c",)),
        "WARNING deals new columns uf_a, uf_b  gone from the portal uf_c",
    ),
    (e.Unreadable(table="task_comments", at=NOW, count=0), None),
    (
        e.Unreadable(table="task_comments", at=NOW, count=2),
        "WARNING task_comments " + UNREADABLE,
    ),
    (
        e.Unreadable(table="task_comments", at=NOW, count=2, lacks="im"),
        "WARNING task_comments " + CLOSED,
    ),
    (
        e.Waiting(reason=Reason.RATE, text="too fast", at=NOW, until=LATER),
        "WARNING portal too fast; asked again in 3 min",
    ),
    (
        e.DeletionsHeld(table="deals", at=NOW, count=60, reason="all of it"),
        "ERROR deals 60 deletions held: all of it  nothing is marked; if they are meant: bitsheet-tui confirm deals",
    ),
    (e.HoldEnded(table="deals", at=NOW), "INFO deals deletions no longer held"),
    (e.Answered(at=NOW), "INFO portal answers again"),
    (
        e.Quarantined(table="deals", at=NOW, count=3),
        "WARNING deals 3 rows could not be stored  bitsheet-tui quarantine lists them",
    ),
    (e.Quarantined(table="deals", at=NOW, count=0), "INFO deals nothing waits in quarantine"),
    (
        e.Pinned(size=3 * 2**29, at=NOW),
        f"WARNING store {PINNED.format(size='1.5')}  {PINNED_HINT}",
    ),
    (e.Pinned(size=0, at=NOW), "INFO store nobody holds it up any more"),
    (
        e.CursorsBehind(cursors=(e.Behind("bi", 9, 1200),), at=NOW),
        f"WARNING store {BEHIND.format(name='bi', days=9, lines='1,200')}  {BEHIND_HINT.format(name='bi')}",
    ),
    (
        e.CursorsBehind(cursors=(), at=NOW),
        "INFO store nobody is late any more in following the change feed",
    ),
    (
        e.BesideFailed(kind=Kind.CHANNEL_FAILING, about="slack 1", text="no.", hint="Try.", at=NOW),
        "WARNING notify no.  Try.",
    ),
    (
        e.BesideWell(kind=Kind.CHANNEL_FAILING, about="slack 1", at=NOW),
        "INFO notify channel slack 1 works again",
    ),
    (e.NeedsOperator(text="refused", hint="renew it", at=NOW, until=LATER), "ERROR portal refused  renew it"),
    (e.StoreTrouble(text="disk full", hint="make room", at=NOW, until=LATER), "ERROR store disk full  make room"),
    (e.PortalSeen(requests=1, retries=0, rate=1, bucket=0, burst=50, operating=()), None),
    (e.Scheduled(at=LATER), f"DEBUG engine next cycle at {HERE}"),
    (e.Scheduled(at=None), None),
    (e.Compared(table="deals", at=NOW), None),
    (
        e.RowsHidden(table="users", at=NOW, count=3),
        "WARNING users the portal counts 3 rows that it does not show  nothing to do",
    ),
    (
        e.ClockSetBack(table="deals", at=NOW, seconds=7500),
        "WARNING deals the portal's clock had been ahead  the changes of 2 h 5 min are read again",
    ),
    (
        e.ClockJumped(at=NOW, seconds=-3600),
        "WARNING engine this computer's clock jumped by -3600s; the schedule was made anew",
    ),
    (e.Notified(service="slack", arrived=True, at=NOW), None),
    (e.Paused(at=NOW), "INFO engine paused  no cycle starts"),
    (e.Resumed(at=NOW), "INFO engine resumed"),
    (
        e.Steered(at=NOW, interval=90.0, disabled=("deals", "users")),
        "INFO engine a cycle every 90 s  not read: deals, users",
    ),
    (e.Requested(at=NOW, text="asked by role bi: pause"), "INFO engine asked by role bi: pause"),
    (e.Stopping(at=NOW), "INFO engine stopping  the commit in hand is finished"),
    (e.Stopped(at=NOW), "INFO engine stopped"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "told"), TOLD, ids=lambda value: type(value).__name__)
def test_every_event_reads_like_this(event, told):
    line = narrate(event)
    assert (line and f"{line.level} {line.table} {line.text}") == told


def test_no_event_was_forgotten():
    assert {type(event) for event, _ in TOLD} == set(get_args(e.Event))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.00s"), (1.44, "1.4s"), (99.9, "99.9s"), (100, "2 min"), (3600, "1 h 0 min")]
)
def test_durations_are_short(seconds, text):
    assert duration(seconds) == text


def trouble(text: str, table: str = "deals") -> Line:
    return Line(level="ERROR", table=table, text=text, trouble=f"failed {text}")


def test_the_same_trouble_is_told_less_and_less_often():
    repeats = Repeats()
    told = [repeats.admit(trouble("no")) for _ in range(9)]
    assert [line.text for line in told if line] == ["no", "no  × 2", "no  × 4", "no  × 8"]


def test_another_table_or_another_trouble_is_news():
    repeats = Repeats()
    for line in (trouble("no"), trouble("never"), trouble("no", "tasks")):
        assert repeats.admit(line) == line


def test_trouble_that_comes_back_after_it_was_over_is_news():
    repeats = Repeats()
    over = Line(level="INFO", table="deals", text="read", ends="failed")
    other = trouble("no", "tasks")
    for line in (trouble("no"), other, over, trouble("no")):
        assert repeats.admit(line) == line
    assert repeats.admit(other).text == "no  × 2"


def test_what_is_remembered_is_bounded():
    repeats = Repeats()
    for number in range(5000):
        assert repeats.admit(trouble(f"row {number}"))
    assert len(repeats._seen) < 1000
