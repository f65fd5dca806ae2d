"""What the header says follows from the engine's state, and contradicts no row of the table below it."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui import quiet
from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.errors import Reason
from bitsheet_tui.state import Attached, EngineState, Phase, Standing, judge, reduce, start
from bitsheet_tui.ui import line
from bitsheet_tui.ui.picture import Picture
from bitsheet_tui.ui.views import header, tables
from bitsheet_tui.ui.views.farewell import farewell
from tests.support import engine_states
from tests.support.proof import times

NAMES = ("leads", "contacts", "deals", "tasks")
FINE = ("✓ ok", "~ partial")
KEPT = tuple(  # alerts that stood when the engine before ended
    Alert(kind=kind, about="deals", tables=tables, text=f"{kind} stands", hint="", since=engine_states.NOW)
    for kind, tables in (
        (Kind.DELETIONS_HELD, ("deals",)), (Kind.TABLE_REFUSED, ("deals",)), (Kind.STORE_TROUBLE, ()),
        (Kind.QUARANTINE, ("deals",)), (Kind.STORE_PINNED, ()),
    )
)  # fmt: skip
SEEN = (None, None, Attached(pid=7, live=True), Attached(pid=7, host="db1"), Attached(pid=7, readonly=True))


class Walk:
    """An engine that does what it likes: each step is an event, some seconds after the one before."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = engine_states.NOW
        due = dict.fromkeys(NAMES, 300.0)
        kept = [one for one in KEPT if self.chance.random() < 0.2]
        began = start(NAMES, portal="acme", store="x.db", at=self.now, due=due, alerts=kept)
        hours = quiet.parse("12:00-13:30", "UTC") if self.chance.random() < 0.3 else None
        self.state = replace(began, quiet=hours, attached=self.chance.choice(SEEN))

    def step(self) -> None:
        self.now += timedelta(seconds=self.chance.choice((1, 5, 60, 900)))
        self.state = reduce(self.state, self.event())

    def event(self) -> e.Event:
        at, name, number = self.now, self.chance.choice(NAMES), self.state.cycle + 1
        some = tuple(one for one in NAMES if self.chance.random() < 0.7)
        until = at + timedelta(seconds=45)
        refusal = {"table": name, "at": at, "hint": "Tick it.", "text": f"the webhook may not read {name}"}
        gained = self.chance.choice((0, 1, 50))
        makers = {
            "page": lambda: e.PageStored(
                table=name,
                at=at,
                read=50,
                inserted=gained,
                updated=1,
                filling=True,
                done=gained * 9,
                expected=self.chance.choice((None, 900)),
            ),
            "some": lambda: e.PageStored(table=name, at=at, read=50, inserted=gained, updated=1),
            "locked": lambda: e.TableFailed(**refusal, reason=None),
            "undone": lambda: e.TableFailed(**refusal, reason=None, lasting=True),
            "odd": lambda: e.Quarantined(table=name, at=at, count=0, values=gained),
            "counted": lambda: e.Counted(
                table=name, rows=gained, deleted=0, synced_at=self.chance.choice((None, at))
            ),
            "opened": lambda: e.Unreadable(table="tasks", at=at, count=0, lacks=""),
            "booked": lambda: e.Scheduled(at=at + timedelta(seconds=self.chance.choice((1, 300, 7200)))),
            "few": lambda: e.CycleStarted(number=number, at=at, tables=(name,), asked=(name,)),
            "fewer": lambda: e.Steered(at=at, interval=self.chance.choice((1.0, 3600.0)), disabled=NAMES[1:]),
            "on": lambda: e.Steered(at=at, interval=300.0, disabled=()),
            "begin": lambda: e.CycleStarted(number=number, at=at, tables=some),
            "read": lambda: e.TableRead(table=name, at=at, watermark=at, seconds=0.3),
            "read too": lambda: e.TableRead(table=name, at=at, watermark=at, seconds=0.3),
            "end": lambda: e.CycleEnded(
                number=number - 1, at=at, seconds=2.0, rows=7, requests=1, failed=(), served=True
            ),
            "fails": lambda: e.TableFailed(**refusal, reason=Reason.SERVER),
            "refused": lambda: e.TableFailed(**refusal, reason=Reason.RIGHTS),
            "scope": lambda: e.TableFailed(**refusal, reason=Reason.SCOPE, scope="crm"),
            "whole": lambda: e.TableFailed(**refusal, reason=Reason.ACCESS, whole=True),
            "rests": lambda: e.TableFailed(**refusal, reason=Reason.OPERATING, until=until),
            "held": lambda: e.DeletionsHeld(table=name, at=at, count=270, reason="so many"),
            "let go": lambda: e.HoldEnded(table=name, at=at),
            "aside": lambda: e.Quarantined(table=name, at=at, count=self.chance.choice((0, 3))),
            "closed": lambda: e.Unreadable(
                table="tasks", at=at, count=4, lacks=self.chance.choice(("", "im"))
            ),
            "fill": lambda: e.FillStarted(table=name, at=at, done=0, expected=900),
            "filled": lambda: e.FillEnded(table=name, at=at, watermark=at, seconds=9.0),
            "away": lambda: e.Waiting(reason=Reason.NETWORK, text="acme does not answer", at=at, until=until),
            "back": lambda: e.Answered(at=at),
            "gone": lambda: e.NeedsOperator(text="The webhook is gone", hint="Make one.", at=at, until=until),
            "disk": lambda: e.StoreTrouble(text="The disk is full", hint="Free some.", at=at, until=until),
            "pause": lambda: e.Paused(at=at),
            "resume": lambda: e.Resumed(at=at),
            "off": lambda: e.Steered(at=at, interval=300.0, disabled=some[:1]),
            "stop": lambda: e.Stopping(at=at) if self.chance.random() < 0.1 else e.Resumed(at=at),
        }
        return makers[self.chance.choice(list(makers))]()


def rows(picture: Picture) -> dict[str, str]:
    """What stands in the column `state`, for each table."""
    return {one.name: line.text(tables.state(picture, one, 24)) for one in picture.tables}


def somebody_must_act(state: EngineState) -> bool:
    off = {one.name for one in state.tables.values() if one.disabled}
    on = [one for one in state.tables.values() if not one.disabled]
    grave = [alert for alert in state.alerts.values() if alert.grave and alert.kind != "store_trouble"]
    return (
        isinstance(state.trouble, e.NeedsOperator)
        or any(one.held or one.standing is Standing.REFUSED for one in on)
        or any(not alert.tables or set(alert.tables) - off for alert in grave)
    )


def left(state: EngineState) -> EngineState:
    """The same, as somebody sees it who attaches when nobody runs any more."""
    gone = Attached(gone=True, pid=7)
    return replace(state, attached=gone, stopped=True, stopping=False, cycle_started=None, next_at=None)


def check_next(picture: Picture) -> None:
    """What is to come: nothing where nothing does, and no time that the quiet hours forbid."""
    state, said = picture.state, header.next_in(picture)
    if state.stopping or state.stopped or state.paused_at:
        assert said == ""
    if said.startswith("quiet until"):
        assert state.quiet.until(picture.now)
    if said.startswith("next at") and state.quiet and state.quiet.until(picture.now):
        assert state.next_at < state.quiet.until(picture.now)  # it was booked for a moment before them


def check_word(said: str, state: EngineState, shown: dict[str, str]) -> None:
    """What the word says of the engine is so, and no row of a table that is read denies it."""
    assert state.paused_at or said != "PAUSED"
    assert not (state.paused_at and said in {"CURRENT", "SYNCING", "FILLING"})
    if said in {"WAITING", "OFFLINE"}:
        assert state.waiting or state.trouble or not all(row.startswith(FINE) for row in shown.values())
    if any(row.startswith("✗") for row in shown.values()):
        assert said in {"NEEDS YOU", "STOPPING", "STOPPED"}, shown


def check_time(state: EngineState, sentence: str) -> None:
    """Nobody who paused is told of a next try, unless a cycle is in hand."""
    if state.paused_at and not state.cycle_started:
        assert "Tries again" not in sentence


def check(state: EngineState, now) -> None:  # noqa: C901 - one rule after the other
    picture = Picture(state=state, now=now, zone=UTC)
    said, shown, verdict = picture.word[0], rows(picture), judge(state, now)
    on = [one for one in state.tables.values() if not one.disabled]
    check_next(picture)
    if state.stopping or state.stopped:
        assert said in {"STOPPING", "STOPPED"}
    else:
        assert (said == "NEEDS YOU") is somebody_must_act(state)
        assert bool(verdict.jobs) is somebody_must_act(state)
    if picture.left_behind:
        assert not any(mark in row for row in shown.values() for mark in "✓▶·"), shown
        assert "Nobody keeps this mirror current" in " ".join(map(line.text, header.sentence(picture, 200)))
    check_word(said, state, {one.name: shown[one.name] for one in on})
    if said == "CURRENT":
        assert all(shown[one.name].startswith(FINE) for one in on), shown
    if said in {"SYNCING", "FILLING"}:
        assert state.cycle_started or any(one.fill for one in on)
    sentence = " ".join(map(line.text, header.sentence(picture, 200)))
    for name in verdict.needs if said == "NEEDS YOU" else ():
        told = ("…", "The webhook is gone", "may not read")  # of many tables the first are named
        assert name in sentence or any(words in sentence for words in told), sentence
    check_time(state, sentence)
    if "All " in sentence:
        assert all(shown[one.name].startswith(FINE[0]) for one in on), (sentence, shown)
    if verdict.as_of:
        assert all(state.tables[name].synced_at >= verdict.as_of for name in verdict.current)
    total = line.text(tables._summary(picture, 40))
    wrong = [one for one in on if shown[one.name].startswith(("✗", "○", "~"))]
    if "filled" not in total:
        assert int(total.split()[0]) == len(verdict.current) <= len(on) - len(wrong), (total, shown)
    assert "  " not in farewell(picture)


@pytest.mark.parametrize("seed", range(times("BITSHEET_HEADERS", 25, 400)))
def test_for_every_state_the_header_follows_from_it_and_contradicts_no_row(seed):
    walk = Walk(seed)
    for _ in range(60):
        walk.step()
        for later in (0, 400, 4000):
            check(walk.state, walk.now + timedelta(seconds=later))
        check(left(walk.state), walk.now)


@pytest.mark.parametrize("name", engine_states.SCENES)
def test_and_for_every_scene(name):
    check(engine_states.SCENES[name](), engine_states.NOW)


def test_what_work_beside_a_cycle_writes_leaves_no_table_reading_when_the_cycle_has_ended():
    state, now = engine_states.current(), engine_states.NOW
    for event in (
        e.CycleStarted(number=813, at=now, tables=("deals",)),
        e.PageStored(table="users", at=now, read=1, inserted=0, updated=1),  # the audit's
        e.TableRead(table="deals", at=now, watermark=now, seconds=0.3),
        e.CycleEnded(number=813, at=now, seconds=1.0, rows=0, requests=1, failed=(), served=True),
    ):
        state = reduce(state, event)
    shown = rows(Picture(state=state, now=now, zone=UTC))
    assert shown["users"] == "✓ ok"


def test_nobody_who_paused_is_told_when_it_is_tried_again():
    cycle = reduce(
        engine_states.current(), e.CycleStarted(number=813, at=engine_states.NOW, tables=("deals",))
    )
    full = e.StoreTrouble(
        text="The disk is full", hint="", at=engine_states.NOW, until=engine_states.later(45)
    )
    state = reduce(reduce(cycle, full), e.Paused(at=engine_states.NOW))
    picture = Picture(state=state, now=engine_states.NOW, zone=UTC)
    assert picture.word[0] == "PAUSED"
    told = " ".join(map(line.text, header.sentence(picture, 120)))
    assert told == " The disk is full. Paused since 10:02. Press p to go on."
    assert header.next_in(picture) == ""


def test_in_quiet_hours_the_header_says_until_when():
    hours = quiet.parse("23:00-06:00", "UTC")
    begin, end = datetime(2026, 11, 24, 22, 59, tzinfo=UTC), datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
    hour = timedelta(hours=1)
    state = reduce(
        replace(engine_states.current(), quiet=hours), e.Scheduled(at=end, quiet_until=end)
    )  # fmt: skip
    said = [
        header.next_in(Picture(state=state, now=now, zone=UTC))
        for now in (begin, begin + timedelta(minutes=1), end - timedelta(hours=1))
    ]
    assert said == ["next at 25 Nov 06:00", "quiet until 06:00", "quiet until 06:00"]
    new = replace(engine_states.first_start(), quiet=hours)
    told = [
        line.text(header.sentence(Picture(state=new, now=now, zone=UTC), 80)[0]) for now in (end, end - hour)
    ]
    assert [one.split()[0] for one in told] == ["Starting:", "Quiet"]


def test_one_deleted_webhook_is_one_thing_to_do_however_many_tables_it_had():
    state = engine_states.current()
    for name in state.tables:
        gone = e.TableFailed(
            table=name,
            at=engine_states.NOW,
            reason=Reason.ACCESS,
            whole=True,
            text="deleted",
            hint="make one",
        )
        state = reduce(state, gone)
    assert state.jobs == 1
    assert state.phase is Phase.NEEDS_YOU


def test_what_waits_for_somebody_is_told_first_at_every_width_and_survives_a_cycle():
    held = engine_states.held()
    both = reduce(
        held, e.TableFailed(table="tasks", at=engine_states.NOW, reason=Reason.RIGHTS, text="no", hint="")
    )
    running = reduce(both, e.CycleStarted(number=813, at=engine_states.NOW, tables=tuple(both.tables)))
    for state in (both, running):
        picture = Picture(state=state, now=engine_states.NOW, zone=UTC)
        for cells in (40, 60, 80, 120):
            assert picture.word[0] == "NEEDS YOU"
            told = " ".join(line.text(row).strip() for row in header.sentence(picture, cells))
            assert told.startswith("Refused: tasks. Deletions held: deals. Press e.")
            assert "✗ NEEDS YOU" in line.text(header.status(picture, cells))
        assert rows(picture)["deals"] == "✗ 12,000 held, see e"
        assert line.text(tables._summary(picture, 24)) == "7 ok, 2 need you"


def test_where_what_is_to_be_done_is_cut_it_says_so_and_where_it_stands():
    gone = e.NeedsOperator(
        text="The webhook was deleted. " * 9, hint="", at=engine_states.NOW, until=engine_states.NOW
    )
    picture = Picture(state=replace(engine_states.current(), trouble=gone), now=engine_states.NOW, zone=UTC)
    for cells in (20, 40, 62, 80):
        rows = [line.text(row).rstrip() for row in header.sentence(picture, cells)]
        assert len(rows) == 3
        assert rows[-1].endswith("… Press e.")
        assert max(map(len, rows)) <= cells


def test_of_a_cycle_only_the_tables_that_are_due_are_counted():
    state = reduce(
        engine_states.current(), e.CycleStarted(number=813, at=engine_states.NOW, tables=("deals", "leads"))
    )
    picture = Picture(state=state, now=engine_states.NOW, zone=UTC)
    assert line.text(header.sentence(picture, 80)[0]) == " Cycle 813: 0 of 2 tables done."
    assert state.tables["users"].new == 0  # of this cycle, in which it is not due


def test_the_progress_of_backfills_never_goes_back_and_counts_one_thing():
    walk, now = engine_states.first_start(), engine_states.NOW
    sizes = {"leads": 900, "deals": 3000, "tasks": 2000}
    for name, rows in sizes.items():
        walk = reduce(walk, e.FillStarted(table=name, at=now, expected=rows))
    seen = []

    def look():
        fill = Picture(state=walk, now=now, zone=UTC).fill
        seen.append((fill.done, fill.expected))

    def page(name, done):
        return e.PageStored(
            table=name,
            at=now,
            done=done,
            expected=sizes.get(name),
            read=50,
            inserted=50,
            updated=0,
            filling=True,
        )

    for name, done in (("leads", 500), ("deals", 1000), ("leads", 900)):
        now += timedelta(seconds=2)
        walk = reduce(walk, page(name, done))
        look()
    walk = reduce(walk, e.FillEnded(table="leads", at=now, seconds=9.0))
    walk = reduce(walk, e.FillStarted(table="task_comments", at=now, expected=1394))
    look()
    walk = reduce(walk, page("deals", 2950))
    walk = reduce(walk, e.FillEnded(table="deals", at=now, seconds=9.0))
    look()
    assert [done / expected for done, expected in seen] == sorted(done / expected for done, expected in seen)
    assert seen[3] == (1900, 5900)
    picture = Picture(state=reduce(walk, e.FillEnded(table="tasks", at=now, seconds=9.0)), now=now, zone=UTC)
    assert (
        "of about 1,394 discussions" in line.text(header.sentence(picture, 100)[0]) or picture.fill.done == 0
    )
    assert not picture.of_rows
