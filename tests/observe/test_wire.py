"""What an instance tells its viewers arrives as it was; what is none of that is refused."""

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import fields, replace

from bitsheet_tui import events as e
from bitsheet_tui.observe import wire
from bitsheet_tui.ring import LogLine
from tests.support import engine_states

NOW = datetime(2026, 11, 24, 7, 2, 11, tzinfo=UTC)
EVENTS = (
    e.CycleStarted(number=3, at=NOW, tables=("leads", "deals")),
    e.TableFailed(table="deals", at=NOW, reason=e.Reason.RATE, text="[b]\x1b]0;x\x07", hint="", until=NOW),
    e.TableFailed(table="deals", at=NOW, reason=None, text="x", hint="y"),
    e.Drifted(table="deals", at=NOW, added=("uf_crm_1",)),
    e.Scheduled(at=None),
    engine_states.seen(),
    e.Stopped(at=NOW),
)


@pytest.mark.parametrize("name", engine_states.SCENES)
def test_a_picture_arrives_as_it_was(name):
    state = engine_states.SCENES[name]()
    assert wire.read(wire.picture(state)) == state


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_arrives_as_it_was(event):
    assert wire.read(wire.event(event)) == event


def test_a_log_line_an_answer_and_a_greeting_arrive_as_they_were():
    line = LogLine(seq=7, at=NOW, level="INFO", table="deals", text="50 rows\u202e")
    assert wire.read(wire.log(line)) == line
    assert wire.read(wire.answer("paused")) == wire.Answer("paused")
    hello = wire.Hello(pid=4711, host="db1", since=NOW)
    assert wire.read(wire.hello(hello)) == hello


def test_a_newer_instance_may_tell_more_and_an_older_one_less():
    whole = json.loads(wire.picture(engine_states.current()))
    whole["data"] |= {"mood": "good"}
    assert wire.read(json.dumps(whole).encode()) == engine_states.current()
    del whole["data"]["cycles"]
    assert wire.read(json.dumps(whole).encode()).cycles == ()


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\xff\xfe", b"[]", b"{}", b'{"kind": "dance", "data": {}}', b'{"kind": "picture", "data": 3}',
        b'{"kind": "picture", "data": {"tables": 3}}', b'{"kind": "PageStored", "data": {"table": "deals"}}',
        b"[" * 100_000,
    ],
    ids=range(9),
)  # fmt: skip
def test_nonsense_is_refused(line):
    with pytest.raises(wire.Garbled):
        wire.read(line)
    with pytest.raises(wire.Garbled):
        wire.read_asked(line)


def test_every_part_of_the_picture_travels():
    state = replace(engine_states.needs_you(), waiting=engine_states.offline().waiting)
    sent = set(json.loads(wire.picture(state))["data"])
    assert {field.name for field in fields(state)} - sent == {"attached"}
    assert wire.read(wire.picture(state)) == state
