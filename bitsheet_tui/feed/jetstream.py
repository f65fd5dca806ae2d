"""Publishes the change feed to a stream of NATS JetStream: every line once, in the order of its number.

A line's subject is `STREAM.table`, and its message id (`Nats-Msg-Id`) its sequence number, so the stream
drops a repeat within its duplicate window. That is not enough: the window ends, and of several messages on
their way one may be lost and a later one stored. So each line also says which number in the stream the
message before it has (`Nats-Expected-Last-Sequence`), and is refused anywhere else. Whenever anything is
refused or unanswered, the stream is asked for its newest message, whose id says which line is next: the
stream itself knows how far it is, whatever a cursor says (docs.nats.io/nats-concepts/jetstream/headers).

Rows of a snapshot have no place: all of them are stored before the first line that follows them, each at
least once.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from importlib.util import find_spec
from itertools import takewhile
from random import shuffle
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.errors import BrokerError, UsageError
from bitsheet_tui.secret import Secret, conceal, redact
from bitsheet_tui.text import plain

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext
    from nats.js.api import PubAck, StreamInfo

SCHEMES = ("nats", "tls")
FORM = "Write nats://HOST[:PORT]/STREAM, or nats://USER:PASSWORD@HOST1,HOST2,HOST3/STREAM."
STREAM = re.compile(r"[A-Za-z0-9_-]{1,64}")
WINDOW, WINDOW_BYTES = 256, 4 * 2**20  # what may be on its way
ANSWER = 5.0  # seconds
OPENING = 10.0  # seconds within which a server has to answer in the beginning
PATIENCE = 600.0  # seconds without a single message stored
PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two attempts
COPIES = 3  # of a stream that is made in a cluster
HEADERS = 512  # bytes of a message that are no body, at most
NO_CLUSTER = 10074  # JetStream's error: more than one copy needs a cluster
ID, PLACE = "Nats-Msg-Id", "Nats-Expected-Last-Sequence"


class Message(Struct, frozen=True):
    """A line of the change feed, or a row of a snapshot, in the format that was asked for."""

    id: str  # of a line its sequence number; of a row of the snapshot at 12 of deals: `12/deals/7`
    table: str
    body: bytes  # one JSON document

    @property
    def is_line(self) -> bool:
        """Or a row of a snapshot."""
        return self.id.isdecimal()

    @property
    def seq(self) -> int:
        """Whoever has this message has every line up to it."""
        return int(self.id.partition("/")[0])


class Address(Struct, frozen=True, kw_only=True):
    """What `nats://…` says."""

    servers: tuple[str, ...]  # `nats://host:port`, without what is secret
    stream: str
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None


def address(url: str, environ: Mapping[str, str] = MappingProxyType({})) -> Address:
    """Who may publish is named by it, or by NATS_USER and NATS_PASSWORD, as for the program `nats`.

    Raises UsageError where it is none; no error quotes it.
    """
    scheme, _, rest = url.partition("://")
    netloc, _, stream = rest.partition("/")
    credentials, at, hosts = netloc.rpartition("@")
    user, colon, password = credentials.partition(":")
    conceal(credentials)
    if scheme not in SCHEMES or not STREAM.fullmatch(stream) or not all(map(_is_host, hosts.split(","))):
        raise UsageError("this is no address of a JetStream stream", FORM)
    found = Address(servers=tuple(f"{scheme}://{host}" for host in hosts.split(",")), stream=stream)
    if not at:
        secret = environ.get("NATS_PASSWORD")
        return replace(found, user=environ.get("NATS_USER"), password=Secret(secret) if secret else None)
    if not colon:
        return replace(found, token=Secret(unquote(user)))
    return replace(found, user=unquote(user), password=Secret(unquote(password)))


def _is_host(text: str) -> bool:
    try:
        found = urlsplit(f"//{text}")
        return found.port != 0 and bool(found.hostname) and found.netloc == text and "@" not in text
    except ValueError:  # a port that is no number
        return False


def need_nats(found: Callable[[str], object] = find_spec) -> None:
    """Raises UsageError where the client is not installed; it is not imported here."""
    if found("nats") is None:
        raise UsageError(
            "publishing to JetStream needs nats-py, which is not installed",
            "Install bitsheet-tui with its extra nats: see `bitsheet-tui help install`.",
        )


class JetStream:
    """One stream, made where it is missing. Its connection lives in a thread, and one other thread sends.

    Whatever goes wrong, the connection is made anew, and the stream says from where to go on: nothing that an
    earlier connection still had on its way can do harm.
    """

    def __init__(self, where: Address, say: Callable[[str], None], *, make: bool) -> None:
        self._where, self._say = where, say
        self._client: Client | None = None
        self._context: JetStreamContext | None = None
        self._waiting: list[asyncio.Future[PubAck]] = []
        self._reason = "no server has answered"
        self._task: Future[None] | None = None  # what is sent
        self._may_make = make
        self._place = 0  # the number in the stream of its newest message
        self._longest = 0  # bytes that a message may have; none: the server's own limit
        self._newest = ""  # the id of that message; empty: the stream holds none
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jetstream", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls, where: Address, *, newest: int, make: bool = True, say: Callable[[str], None] = lambda _: None
    ) -> JetStream:
        """Connect, and `make` the stream where it is missing. `newest` is the feed's newest line.

        `say` is told, in a sentence, when the connection is lost and when it is back, from another thread.
        Raises UsageError where nats-py is not installed, else BrokerError.
        """
        need_nats()
        sink = cls(where, say, make=make)
        try:
            sink._run(sink._open())
            sink._check(newest)
        except BaseException:
            sink.close()
            raise
        return sink

    @property
    def seq(self) -> int | None:
        """The stream has every line up to this one; None: it holds nothing."""
        return int(self._newest.partition("/")[0]) if self._newest else None

    def send(self, messages: Sequence[Message]) -> bool:
        """Whether the stream has stored every one of them: False where it was interrupted.

        Lines that it has already are left out. Raises BrokerError when nothing could be stored for ten
        minutes, or when somebody has to act.
        """
        try:
            self._run(self._send(list(messages)))
        except CancelledError:
            return False
        return True

    def interrupt(self, seconds: float) -> None:
        """End what is sent, in so many seconds. Also from a signal handler."""
        task = self._task
        if task:
            self._loop.call_soon_threadsafe(self._loop.call_later, seconds, task.cancel)

    def close(self) -> None:
        """End the connection."""
        if self._loop.is_closed():
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._disconnect(), self._loop).result(ANSWER)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER)
        if not self._thread.is_alive():
            self._loop.close()

    def _check(self, newest: int) -> None:
        if (self.seq or 0) > newest:
            raise BrokerError(
                f"The stream {self._where.stream} has line {self.seq}, and this mirror only {newest}.",
                "It is another mirror's, or this one was restored: give it a stream of its own.",
            )

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            self._task.result()
        except BaseException:
            self._task.cancel()  # whoever waited for it may have been interrupted
            raise
        finally:
            self._task = None

    # --- in the thread ------------------------------------------------------------------------------------

    async def _open(self) -> None:
        began = monotonic()
        while await self._attempt([]) is None:
            if monotonic() - began > OPENING:
                raise self._unavailable()
            await asyncio.sleep(PAUSE)

    async def _send(self, left: list[Message]) -> None:
        pause, moved, well = PAUSE, monotonic(), True
        while left:
            before = self._newest
            stored = await self._attempt(left)
            left = left[stored or 0 :]
            if stored or self._newest != before:
                pause, moved = PAUSE, monotonic()
            if (stored is None) is well:
                well = not well
                self._say(
                    "JetStream: it goes on." if well else f"JetStream: {self._reason}. It is tried again."
                )
            if stored is not None:
                continue
            if monotonic() - moved > PATIENCE:
                raise self._unavailable()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _attempt(self, left: list[Message]) -> int | None:
        """Store the first few of them: how many. None: it failed, and the next attempt connects anew."""
        from nats.errors import Error  # noqa: PLC0415 - of an extra

        try:
            if self._context is None:
                self._context = await self._connect()
                await self._look(self._context)
            return await self._store(self._context, left)
        except (Error, OSError, TimeoutError) as error:
            self._fail(error)
        except BaseException:
            await self._disconnect()
            raise
        await self._disconnect()
        return None

    async def _connect(self) -> JetStreamContext:
        """To any of the servers. Raises the last one's error where none can be reached."""
        from nats.aio.client import Client  # noqa: PLC0415 - of an extra
        from nats.errors import Error, NoServersError  # noqa: PLC0415

        servers = list(self._where.servers)
        shuffle(servers)
        for server in servers:
            self._client = Client()
            try:
                await self._client.connect(
                    server, allow_reconnect=False, max_reconnect_attempts=1, reconnect_time_wait=0,
                    connect_timeout=int(ANSWER), name="bitsheet-tui",
                    error_cb=self._hear, closed_cb=self._closed, **self._credentials(),
                )  # fmt: skip
            except NoServersError:  # why, was heard
                continue
            except (Error, OSError, TimeoutError) as error:
                self._fail(error)
                continue
            return self._client.jetstream(timeout=ANSWER, publish_async_max_pending=WINDOW)
        raise ConnectionError(self._reason)

    def _credentials(self) -> dict[str, Any]:
        where = self._where
        known = {"user": where.user, "password": where.password, "token": where.token}
        return {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in known.items()
            if value is not None
        }

    async def _look(self, context: JetStreamContext) -> None:
        """Find out what the stream's newest message is; where there is no stream, make it."""
        name = self._where.stream
        info = await self._stream(context)
        if f"{name}.>" not in (info.config.subjects or []):
            raise BrokerError(
                f"The stream {name} does not take the subject {name}.> of the lines.",
                f"Add it: nats stream edit {name} --subjects '{name}.>', or name another stream.",
            )
        self._longest = info.config.max_msg_size or 0
        self._may_make = False  # one that is deleted from now on is missed
        self._place, self._newest = info.state.last_seq, await self._newest_id(context)

    async def _stream(self, context: JetStreamContext) -> StreamInfo:
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - of an extra

        name = self._where.stream
        try:
            return await context.stream_info(name)
        except NotFoundError:
            if not self._may_make:
                raise BrokerError(
                    f"There is no stream {name} any more.",
                    "Forget the cursor (--drop) and begin anew: the stream is made again, and filled.",
                ) from None
        return await self._make(context)

    async def _make(self, context: JetStreamContext) -> StreamInfo:
        """Make the stream: in three copies where the servers are a cluster, else in one."""
        from nats.js.api import StreamConfig  # noqa: PLC0415 - of an extra
        from nats.js.errors import APIError  # noqa: PLC0415

        name = self._where.stream
        config = StreamConfig(
            name=name,
            subjects=[f"{name}.>"],
            num_replicas=COPIES,
            description="Change feed of bitsheet-tui",
        )
        try:
            return await context.add_stream(config)
        except APIError as error:
            if error.err_code != NO_CLUSTER:
                raise
        return await context.add_stream(config, num_replicas=1)

    async def _newest_id(self, context: JetStreamContext) -> str:
        from nats.js.errors import NotFoundError  # noqa: PLC0415 - of an extra

        name = self._where.stream
        try:
            newest = await context.get_last_msg(name, f"{name}.>")
        except NotFoundError:
            return ""
        found: str = (newest.headers or {}).get(ID, "")
        if not found.partition("/")[0].isdecimal():
            raise BrokerError(
                f"The stream {name} has messages that are no lines of a change feed.",
                "Give the feed a stream of its own.",
            )
        return found

    async def _store(self, context: JetStreamContext, left: list[Message]) -> int:
        """Publish as many of them as may be on their way, and wait until they are stored."""
        there = sum(1 for _ in takewhile(self._has, left))
        if there or not left:
            return there
        window = self._window(left)
        self._waiting = []
        try:
            for message in window:
                self._waiting.append(await self._publish(context, message))
            async with asyncio.timeout(ANSWER):
                acks = await asyncio.gather(*self._waiting)
        finally:
            for future in self._waiting:  # whose error nobody else looks at
                if not (future.cancel() or future.cancelled()):
                    future.exception()
        self._expect(window, acks)
        self._place = max(self._place, *(ack.seq for ack in acks))
        self._newest = window[-1].id
        return len(window)

    def _expect(self, window: list[Message], acks: list[PubAck]) -> None:
        """Raise ConnectionError where a line is not new and in its place: the stream is looked at again."""
        for place, (message, ack) in enumerate(zip(window, acks, strict=True), self._place + 1):
            if message.is_line and (ack.duplicate or ack.seq != place):
                raise ConnectionError(f"line {message.id} was not stored in its place")

    def _has(self, message: Message) -> bool:
        return message.is_line and message.seq <= (self.seq or 0)

    def _window(self, left: list[Message]) -> list[Message]:
        """The first of them that may be on their way together: lines, or rows of a snapshot."""
        found: list[Message] = []
        size = 0
        for message in left[:WINDOW]:
            size += len(message.body)
            if found and (size > WINDOW_BYTES or message.is_line is not found[0].is_line):
                break
            found.append(message)
        return found

    async def _publish(self, context: JetStreamContext, message: Message) -> asyncio.Future[PubAck]:
        most = self._client.max_payload if self._client else 0
        size, name = len(message.body) + HEADERS, self._where.stream
        if size > most:
            raise BrokerError(
                f"Line {message.id} of {message.table} is longer than the server takes ({most} bytes).",
                "Raise max_payload in the configuration of the NATS servers.",
            )
        if 0 < self._longest < size:
            raise BrokerError(
                f"Line {message.id} of {message.table} is longer than the stream {name} takes"
                f" ({self._longest} bytes).",
                f"Let it take longer ones: nats stream edit {name} --max-msg-size=-1",
            )
        headers = {ID: message.id}
        if message.is_line:
            headers[PLACE] = f"{self._place + len(self._waiting)}"
        published: asyncio.Future[PubAck] = await context.publish_async(
            f"{name}.{message.table}", message.body, stream=name, headers=headers
        )
        return published

    async def _disconnect(self) -> None:
        client, self._client, self._context = self._client, None, None
        if client is not None:
            await client.close()

    async def _hear(self, error: Exception) -> None:
        """What the server says besides: that a right is missing, for example."""
        self._fail(error)

    async def _closed(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_exception(ConnectionError("the connection was closed"))

    def _fail(self, error: Exception) -> None:
        said = plain(redact(str(error)), 200).removeprefix("nats: ") or type(error).__name__
        self._reason = said

    def _unavailable(self) -> BrokerError:
        servers = ", ".join(self._where.servers)
        return BrokerError(
            f"{servers} cannot be published to: {self._reason}.",
            "Check the servers, the user and its rights; nothing of the feed is lost.",
        )
