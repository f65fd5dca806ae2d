"""Whole working days of the real engine in simulated time, and what people are told of them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bitsheet_tui.notify.channels import channels
from bitsheet_tui.notify.notifier import Notifier, Watch
from bitsheet_tui.portal.demo.faults import Fault, Kind
from bitsheet_tui.tables import CATALOGUE, Paging
from tests.support.schedule_life import BEGIN, storyteller

STEP = 10.0  # seconds between two looks


class Post:
    """A channel that takes down what it is sent, and when."""

    def __init__(self, now):
        self.now, self.sent = now, []

    def __call__(self):
        return self

    def send(self, text, through):
        self.sent.append((self.now(), text.title.partition(": ")[2], text.body))
        return dict.fromkeys((one.key for one in through), "")

    def end(self):
        """Nothing hangs here."""


async def told_of(life, post):
    """Look as often as the thread would, over the engine that lives now."""
    watch = Watch(channels=channels(["json://127.0.0.1/t0k3nt0k3n"]), reminder=14400, language="en")
    notifier = Notifier(life.engine, life.store, watch, asking=lambda: None, sending=post, now=post.now)
    while True:
        await asyncio.sleep(STEP)
        notifier.look()


@pytest.mark.slow
def test_eight_hours_without_portal_are_one_alert_its_reminders_and_one_recovery_over_restarts(
    sqlite_url, monkeypatch
):
    post = None

    async def story(life):
        nonlocal post
        post = Post(lambda: datetime.fromtimestamp(life.hands.now(), UTC))
        life.start()
        looking = asyncio.create_task(told_of(life, post))
        await life.until(lambda: post.now() > BEGIN + timedelta(hours=1))
        life.demo.faults.add(Fault(kind=Kind.RESET, times=10**9))
        for hours in (3, 6, 9):  # it is killed and started again meanwhile
            await life.until(lambda hours=hours: post.now() > BEGIN + timedelta(hours=hours))
            looking.cancel()
            await life.kill()
            if hours == 9:
                life.demo.faults.clear()
            life.start()
            looking = asyncio.create_task(told_of(life, post))
        await life.until(lambda: post.now() > BEGIN + timedelta(hours=10))
        looking.cancel()
        await life.stop()

    storyteller(sqlite_url, monkeypatch)(story)
    titles = [title for _, title, _ in post.sent]
    assert titles[:2] == ["trouble with portal", "still in trouble"]
    assert titles[2].startswith("well again after 7 h ")  # it is known once a cycle has ended in vain
    assert len(titles) == 3
    begun, ended = post.sent[0][0] - BEGIN, post.sent[-1][0] - BEGIN
    assert timedelta(hours=1) < begun < timedelta(hours=1, minutes=20)
    assert timedelta(hours=9) < ended < timedelta(hours=9, minutes=10)


@pytest.mark.slow
def test_every_table_refused_at_once_is_one_message_and_one_recovery(sqlite_url, monkeypatch):
    post, names = None, {table.name for table in CATALOGUE if table.paging is not Paging.COMMENTS}

    async def story(life):
        nonlocal post
        post = Post(lambda: datetime.fromtimestamp(life.hands.now(), UTC))
        life.start()
        looking = asyncio.create_task(told_of(life, post))
        await life.until(lambda: post.now() > BEGIN + timedelta(hours=1))
        for table in CATALOGUE:
            life.demo.faults.add(Fault(kind=Kind.DENIED, method=table.method, times=10**9))
        await life.until(lambda: post.now() > BEGIN + timedelta(hours=3))
        assert {alert.about for alert in life.engine.state.alerts.values()} == names
        life.demo.faults.clear()
        await life.until(lambda: post.now() > BEGIN + timedelta(hours=6))
        looking.cancel()
        await life.stop()

    storyteller(sqlite_url, monkeypatch)(story, static_every=1)
    (_, begun, _), (_, over, _) = post.sent
    assert begun.startswith(f"{len(names)} ")
    assert over.startswith("well again")
