"""What is in a stream of JetStream is the change feed: each line once, in order, whatever is killed."""

import asyncio
import json
from threading import Thread

import pytest

from bitsheet_tui import secret
from bitsheet_tui.errors import BitsheetError, BrokerError, UsageError
from bitsheet_tui.feed import jetstream
from bitsheet_tui.feed.jetstream import JetStream, Message, address
from tests.support.nats_servers import PASSWORD, nats_servers, ready

LAST = 6000
NAMES = ("deals", "tasks", "contacts")


def line(seq):
    body = json.dumps({"seq": seq, "title": f"Line {seq}" * 5}).encode()
    return Message(id=f"{seq}", table=NAMES[seq % 3], body=body)


def stored(found):
    return [Message(id=id_, table=subject.partition(".")[2], body=body) for id_, subject, body in found]


@pytest.mark.parametrize(
    "url",
    [
        "nats://h/", "nats://h", "nats:///CRM", "nats://h:x/CRM", "nats://h,/CRM", "http://h/CRM", "nats://h/a.b",
        "nats://u:pass,word@h:0/CRM", "nats://u:s3cr3ts3cr3t@h/a/b",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_being_quoted(url):
    with pytest.raises(UsageError) as refused:
        address(url)
    assert "s3cr3t" not in str(refused.value) + refused.value.hint
    assert "word" not in str(refused.value)


def test_an_address_names_servers_a_stream_and_who_may_publish():
    found = address("nats://me:p%40ss%2Fword@a,b:4333,[::1]:1/CRM")
    assert found.servers == ("nats://a", "nats://b:4333", "nats://[::1]:1")
    assert (found.stream, found.user, found.password.reveal()) == ("CRM", "me", "p@ss/word")
    assert "p@ss" not in repr(found)
    assert secret.redact("it says p@ss/word") == "it says ***"
    assert address("tls://t0kent0ken@a/CRM").token.reveal() == "t0kent0ken"
    assert address("nats://a/CRM").user is None
    named = address("nats://a/CRM", {"NATS_USER": "me", "NATS_PASSWORD": "s3cr3ts3cr3t"})
    assert (named.user, named.password.reveal()) == ("me", "s3cr3ts3cr3t")


@pytest.mark.slow
async def test_a_stream_is_made_gone_on_with_and_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(jetstream, "OPENING", 2.0)
    with nats_servers(tmp_path, 1) as servers:
        await ready(servers)
        where = address(servers.url("CRM"))

        def publish():
            sink = JetStream.open(where, newest=700)
            assert sink.seq is None
            sink.send([Message(id=f"3/deals/{n}", table="deals", body=b"{}") for n in range(300)])
            assert sink.seq == 3
            sink.send([line(seq) for seq in range(1, 601)])
            assert sink.seq == 600
            sink.close()
            again = JetStream.open(where, newest=700)  # as after a kill before the cursor was moved
            assert again.seq == 600
            again.send([line(seq) for seq in range(550, 701)])
            again.close()

        await asyncio.to_thread(publish)
        found = stored(await servers.messages("CRM"))
        assert [one.id for one in found[:300]] == [f"3/deals/{n}" for n in range(300)]
        assert found[300:] == [line(seq) for seq in range(4, 701)]
        with pytest.raises(BrokerError, match="line 700, and this mirror only 699"):
            await asyncio.to_thread(JetStream.open, where, newest=699)
        async with servers.connected() as client:
            context = client.jetstream()
            await context.publish("CRM.deals", b"of somebody else")
            await context.add_stream(name="OTHER", subjects=["other"])
        with pytest.raises(BrokerError, match="no lines of a change feed"):
            await asyncio.to_thread(JetStream.open, where, newest=700)
        with pytest.raises(BrokerError, match="does not take the subject"):
            await asyncio.to_thread(JetStream.open, address(servers.url("OTHER")), newest=0)
        wrong = servers.url("CRM").replace(PASSWORD, "wr0ngwr0ng")
        with pytest.raises(BrokerError, match=r"[Aa]uthorization") as refused:
            await asyncio.to_thread(JetStream.open, address(wrong), newest=0)
        assert "wr0ng" not in str(refused.value)


class Publishing(Thread):
    """Sends lines in batches, and begins anew with an older cursor whenever it is told to."""

    def __init__(self, url, last):
        super().__init__()
        self.sent, self._last, self._url, self.error = 0, last, url, None

    def run(self):
        try:
            self._publish()
        except BitsheetError as error:
            self.error = error

    async def moves(self):
        """Wait until more has been sent, or all of it."""
        before = self.sent
        while self.sent == before and self.is_alive():
            await asyncio.sleep(0.1)

    def _publish(self):
        cursor = 0
        while cursor < self._last:
            sink = JetStream.open(address(self._url), newest=self._last)
            try:
                for _ in range(8):
                    batch = range(cursor + 1, min(cursor + 251, self._last + 1))
                    sink.send([line(seq) for seq in batch])
                    self.sent = cursor = max(cursor, *batch) if batch else cursor
            finally:
                sink.close()
            cursor = max(0, cursor - 400) if cursor < self._last else cursor


@pytest.mark.slow
async def test_three_servers_hold_each_line_once_and_in_order_though_their_leader_is_killed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(jetstream, "OPENING", 60.0)  # while they choose a leader
    with nats_servers(tmp_path, 3) as servers:
        await ready(servers)
        publishing = Publishing(servers.url("CRM"), last=LAST)
        publishing.start()
        killed = []
        while publishing.is_alive():
            await asyncio.sleep(0.2)
            if publishing.sent < 1000 + 2500 * len(killed) or len(killed) == 2:
                continue
            if (leader := await servers.leader("CRM")) is not None:
                servers.kill(leader)
                killed.append(publishing.sent)
                await publishing.moves()
                servers.start(leader)
                await servers.whole("CRM")
        publishing.join()
        assert publishing.error is None, publishing.error
        assert killed
        assert stored(await servers.messages("CRM")) == [line(seq) for seq in range(1, LAST + 1)]
        async with servers.connected() as client:
            info = await client.jetstream().stream_info("CRM")
        assert info.config.num_replicas == 3


@pytest.mark.slow
async def test_nothing_is_stored_behind_a_line_that_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(jetstream, "PATIENCE", 0.5)
    with nats_servers(tmp_path, 1) as servers:
        await ready(servers)
        async with servers.connected() as client:
            await client.jetstream().add_stream(name="CRM", subjects=["CRM.>"], max_msg_size=1000)
        long = Message(id="2", table="deals", body=b"x" * 2000)

        def publish():
            sink = JetStream.open(address(servers.url("CRM")), newest=3)
            try:
                sink.send([line(1), long, line(3)])
            finally:
                sink.close()

        with pytest.raises(BrokerError, match="longer than the stream CRM takes"):
            await asyncio.to_thread(publish)
        assert stored(await servers.messages("CRM")) == [line(1)]


@pytest.mark.slow
async def test_a_line_that_the_server_takes_for_a_repeat_is_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(jetstream, "PATIENCE", 0.5)
    monkeypatch.setattr(jetstream, "ANSWER", 2.0)
    with nats_servers(tmp_path, 1) as servers:
        await ready(servers)

        async def remember(id_):
            async with servers.connected() as client:
                context = client.jetstream()
                await context.add_stream(name="CRM", subjects=["CRM.>"])
                await context.publish("CRM.deals", b"{}", headers={"Nats-Msg-Id": id_})
                await context.purge_stream("CRM")

        await remember("2")

        def publish():
            sink = JetStream.open(address(servers.url("CRM")), newest=3)
            try:
                sink.send([line(1), line(2), line(3)])
            finally:
                sink.close()

        with pytest.raises(BrokerError, match="cannot be published to"):
            await asyncio.to_thread(publish)
        assert stored(await servers.messages("CRM")) == [line(1)]
