"""People are told of a real engine: by recording channels, over restarts, on both databases."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui import wiring
from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.config import NotifySettings
from bitsheet_tui.config.settings import Question
from bitsheet_tui.errors import QuestionBroken, StoreFull
from bitsheet_tui.notify import notifier as notifiers
from bitsheet_tui.notify import policy
from bitsheet_tui.notify.channels import Sending, channels
from bitsheet_tui.notify.notifier import Notifier, Watch
from bitsheet_tui.state import Phase, reduce, start
from bitsheet_tui.store.questions import Asking
from bitsheet_tui.sync.desk import now
from tests.support import mirror
from tests.support.listeners import silent_server, web_server
from tests.support.live_engine import live_engine, until
from tests.support.sync_run import config, once, portal

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Post:
    """Channels that take down what they are sent; `ill` are those that refuse."""

    def __init__(self):
        self.sent, self.ill = [], set()

    def __call__(self):
        return self

    def send(self, text, through):
        well = [one for one in through if one.key not in self.ill]
        self.sent += [(one.name, text.title, text.body) for one in well]
        return {one.key: "it does not take the message" if one.key in self.ill else "" for one in through}

    def end(self):
        """Nothing hangs here."""

    def titles(self):
        return [title.partition(": ")[2] for _, title, _ in self.sent]


class Picture:
    """An engine of which nothing is but its picture."""

    def __init__(self, *names):
        self.state = start(names or ("deals",), portal="acme", store="s", at=BEGIN)
        self.told = []

    def tell(self, event):
        self.told.append(event)
        self.state = reduce(self.state, event)


class Watcher:
    """A notifier over a store, whose time the test lets pass."""

    def __init__(self, settings, post, urls=("json://a/tok1",), engine=None, questions=()):
        self.settings, self.post, self.urls, self.questions = settings, post, urls, questions
        self.engine, self.at = engine or Picture(), BEGIN
        self.start()

    def start(self):
        self.store = wiring.open_store(self.settings)
        watch = Watch(channels=channels(self.urls), reminder=14400, language="en", questions=self.questions)

        def asking():
            return Asking(self.settings.store_url, schema="", base=None)

        self.notifier = Notifier(
            self.engine, self.store, watch, asking=asking, sending=self.post, now=lambda: self.at
        )

    def stop(self):
        self.store.close()

    def pass_(self, seconds, step=10):
        for _ in range(0, seconds, step):
            self.at += timedelta(seconds=step)
            self.notifier.look()


@pytest.fixture
def watcher(store_url):
    found = []

    def make(**more):
        found.append(Watcher(config("http://127.0.0.1:1/rest/1/abcdefgh12/", store_url), Post(), **more))
        return found[-1]

    yield make
    for one in found:
        one.stop()


def failing(*tables):
    return [
        e.TableFailed(table=table, at=BEGIN, reason=None, text="trouble", hint="help", lasting=True)
        for table in tables
    ]


def test_a_restart_tells_nothing_twice_and_what_was_not_sent_is_sent_then(watcher, store_url):
    one = watcher()
    for event in failing("deals"):
        one.engine.tell(event)
    one.pass_(60)
    assert one.post.titles() == ["trouble with deals"]
    told = mirror.select(store_url, "SELECT count(*) FROM bitsheet_meta WHERE key = 'notified'")[1]
    assert told == [(1,)]
    one.stop()
    one.start()
    one.pass_(600)
    assert one.post.titles() == ["trouble with deals"]
    one.post.ill = {channel.key for channel in channels(one.urls)}
    one.engine.tell(e.TableRead(table="deals", at=BEGIN, seconds=1, watermark=BEGIN))
    one.pass_(40)
    assert len(one.post.sent) == 1
    one.stop()
    one.post.ill = set()
    one.start()
    one.pass_(120)
    assert one.post.titles()[1:] == ["well again after 11 min"]


def test_a_channel_that_refuses_is_an_alert_until_it_takes_a_message(watcher):
    one = watcher(urls=("json://a/tok1", "slack://b/tok2"))
    ill = channels(one.urls)[1].key
    one.post.ill = {ill}
    for event in failing("deals"):
        one.engine.tell(event)
    one.pass_(60)
    (alert,) = [alert for alert in one.engine.state.alerts.values() if alert.kind is Kind.CHANNEL_FAILING]
    assert alert.text == "messages through slack 2 do not arrive: it does not take the message"
    assert not alert.grave
    one.post.ill = set()
    one.pass_(900)
    assert [name for name, title, _ in one.post.sent if "deals" in title] == ["json 1", "slack 2"]
    assert Kind.CHANNEL_FAILING not in {alert.kind for alert in one.engine.state.alerts.values()}


def test_every_try_is_told_by_the_service_of_its_channel(watcher):
    one = watcher(urls=("json://a/tok1", "slack://b/tok2"))
    one.post.ill = {channels(one.urls)[1].key}
    for event in failing("deals"):
        one.engine.tell(event)
    one.pass_(800)
    found = [(tried.service, tried.arrived) for tried in one.engine.told if isinstance(tried, e.Notified)]
    assert found.count(("slack", False)) == 6  # of the trouble, and of itself
    assert set(found) == {("slack", False), ("json", True)}


def test_a_message_is_tried_three_times_and_then_given_up(watcher):
    one = watcher()
    one.post.ill = {channel.key for channel in channels(one.urls)}
    tries = []
    send, one.post.send = one.post.send, lambda text, through: tries.append(1) or send(text, through)
    for event in failing("deals"):
        one.engine.tell(event)
    one.pass_(800)
    assert len(tries) == 3
    assert one.notifier._kept.letters == ()


def test_while_the_store_is_away_people_are_told_once(watcher, monkeypatch):
    one = watcher()
    with monkeypatch.context() as broken:
        broken.setattr(one.store._database, "write", lambda work: (_ for _ in ()).throw(StoreFull("full")))
        one.engine.tell(e.StoreTrouble(text="no space", hint="help", at=BEGIN, until=BEGIN))
        one.pass_(300)
    one.pass_(300)
    assert one.post.titles() == ["trouble with store"]
    one.stop()
    one.start()
    one.pass_(300)
    assert one.post.titles() == ["trouble with store"]


def test_a_mirror_in_which_no_cycle_ends_is_told_but_not_for_quiet_hours(watcher):
    from bitsheet_tui import quiet

    one = watcher()
    one.engine.state = replace(one.engine.state, interval=300.0, quiet=quiet.parse("08:00-12:00", "UTC"))
    one.pass_(4 * 3600, step=60)
    assert one.post.titles() == []
    one.pass_(1200, step=60)
    assert one.post.titles() == ["trouble with the mirror"]
    one.engine.tell(e.CycleEnded(number=1, at=one.at, seconds=1, rows=0, requests=1, failed=(), served=True))
    one.pass_(60)
    assert one.post.titles()[1].startswith("well again")


# --- a real engine -----------------------------------------------------------------------------------------


@contextmanager
def impatient(monkeypatch):
    monkeypatch.setattr(notifiers, "GLANCE_SECONDS", 0.02)
    monkeypatch.setattr(policy, "HOLD", timedelta(seconds=0.2))
    yield


@pytest.mark.slow
@pytest.mark.sample
async def test_a_webhook_that_is_refused_and_given_back_is_two_messages_through_a_real_channel(
    sqlite_url, monkeypatch
):
    with web_server() as channel, impatient(monkeypatch):
        async with portal() as (demo, webhook):
            settings = config(webhook, sqlite_url, interval=0.5)
            settings = replace(settings, notify=NotifySettings(urls=(channel.channel(),)))
            async with live_engine(settings, monkeypatch) as (engine, _, running):
                with wiring.notifier(settings, engine._desk.store, engine):
                    await until(lambda: engine.state.phase is Phase.CURRENT, running)
                    demo.revoke()
                    await until(lambda: len(channel.posted) == 1, running)
                    demo.office.revoked = False
                    await until(lambda: len(channel.posted) == 2, running)
        first, second = channel.posted
        assert first["title"].endswith(": trouble with portal")
        assert "does not accept the webhook" in first["message"]
        assert (first["type"], second["type"]) == ("failure", "success")
        assert webhook.split("/")[-2] not in str(channel.posted)


@pytest.mark.slow
async def test_a_channel_that_hangs_is_seen_on_screen_and_ends_with_the_engine(sqlite_url, monkeypatch):
    with silent_server() as port, impatient(monkeypatch):
        async with portal() as (demo, webhook):
            settings = config(webhook, sqlite_url, interval=0.1)
            urls = (f"json://127.0.0.1:{port}/?rto=60&cto=60",)
            settings = replace(settings, notify=NotifySettings(urls=urls))
            async with live_engine(settings, monkeypatch) as (engine, told, running):
                await until(lambda: engine.state.phase is Phase.CURRENT, running)
                notifier = wiring.notifier(settings, engine._desk.store, engine)
                notifier._sending = lambda: Sending(seconds=1.0)
                with notifier:
                    demo.lose_method("crm.lead.list")
                    await until(lambda: "channel_failing:json 1" in engine.state.alerts, running)
                    began = time.monotonic()
                assert time.monotonic() - began < 2
                seen = sum(isinstance(event, e.CycleEnded) for event in told)
                await until(
                    lambda: sum(isinstance(event, e.CycleEnded) for event in told) > seen + 2, running
                )
        assert not [thread for thread in threading.enumerate() if thread.name in {"look", "ask"}]


# --- standing questions ------------------------------------------------------------------------------------

LOST = Question(
    name="deals lost", sql="SELECT id, title FROM deals WHERE title LIKE 'lost%' ORDER BY id", every=10
)


@pytest.mark.slow
@pytest.mark.sample
async def test_new_rows_in_an_answer_are_told_once_and_the_first_answer_is_not(store_url):
    async with portal() as (demo, webhook):
        settings = config(webhook, store_url)
        deals = sorted(row["ID"] for row in demo.world.truth("deals"))
        demo.world.edit("deals", deals[0], TITLE="lost before")
        await once(settings)
        picture = Picture()
        picture.state = replace(picture.state, interval=300.0)
        picture.tell(e.CycleEnded(number=1, at=BEGIN, seconds=1, rows=0, requests=1, failed=(), served=True))
        one = Watcher(settings, Post(), engine=picture, questions=(LOST,))

        def ask():
            one.notifier._next[LOST.name] = 0.0
            one.notifier.ask()
            one.pass_(10)
            return [body for _, _, body in one.post.sent]

        assert ask() == []  # the baseline
        assert ask() == []
        one.stop()
        demo.world.edit("deals", deals[1], TITLE="lost now\x1b[2J")
        await once(settings)
        one.start()
        (body,) = ask()
        assert f"id {deals[1]}, title lost now" in body
        assert "\x1b" not in body
        assert "1 row in the answer" in body
        one.stop()
        one.start()
        assert len(ask()) == 1  # a restart tells nothing twice
        one.stop()


BROKEN = {
    "a column that is not there": ("SELECT nothing FROM bitsheet_meta", "nothing"),
    "more than one statement": ("SELECT 1; SELECT 2", ""),
    "one that writes": ("WITH x AS (DELETE FROM bitsheet_meta RETURNING 1) SELECT * FROM x", ""),
    "one that never ends": (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n", "longer than",
    ),
    "too many rows": (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n", "more than 1,000",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "why"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_question_is_an_alert_of_its_own(watcher, store_url, monkeypatch, sql, why):
    monkeypatch.setattr(
        "bitsheet_tui.store.questions.Asking.ask.__kwdefaults__", {"seconds": 0.5, "most": 1000}
    )
    question = Question(name="q", sql=sql, every=10)
    one = watcher(questions=(question,))
    one.engine.tell(e.CycleEnded(number=1, at=BEGIN, seconds=1, rows=0, requests=1, failed=(), served=True))
    began = time.monotonic()
    one.notifier.ask()
    assert time.monotonic() - began < 5
    (alert,) = one.engine.state.alerts.values()
    assert (alert.kind, alert.about, alert.grave) == (Kind.QUESTION_BROKEN, "q", True)
    assert why in alert.text
    (kept,) = mirror.select(store_url, "SELECT count(*) FROM bitsheet_meta WHERE key = 'schema_version'")[1]
    assert kept == (1,)


def test_a_question_waits_until_tables_are_filled(watcher):
    one = watcher(questions=(Question(name="q", sql="SELECT 1", every=10),))
    one.notifier.ask()
    assert one.engine.state.alerts == {}
    assert one.notifier._news == notifiers.deque()


def test_what_is_no_longer_configured_is_no_alert_after_a_restart():
    gone = Alert(kind=Kind.QUESTION_BROKEN, about="old", text="x", hint="y", since=BEGIN)
    kept = Alert(kind=Kind.QUESTION_BROKEN, about="q", text="x", hint="y", since=BEGIN)
    state = start(
        ("deals",), portal="p", store="s", at=now(), alerts=[gone, kept], beside=["question_broken:q"]
    )
    assert list(state.alerts) == ["question_broken:q"]


def test_what_the_server_says_of_a_value_is_not_told(postgres_url):
    wiring.open_store(config("http://127.0.0.1:1/rest/1/abcdefgh12/", postgres_url)).close()
    with pytest.raises(QuestionBroken, match="a value does not fit") as caught:
        Asking(postgres_url, schema="", base=None).ask("SELECT CAST('s3cr3t row' AS INTEGER)")
    assert "s3cr3t" not in str(caught.value)
