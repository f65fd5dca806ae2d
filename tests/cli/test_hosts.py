"""A mirror on a PostgreSQL server that is reached over TCP: by IPv6, and as the second of several hosts."""

import select
import socket
import threading
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support import mirror

pytestmark = pytest.mark.slow


def pass_on(one: socket.socket, path: str, ended: threading.Event) -> None:
    """What one side says to the other, until either closes."""
    with one, socket.socket(socket.AF_UNIX) as other:
        other.connect(path)
        while not ended.is_set():
            for source in select.select([one, other], [], [], 0.1)[0]:
                if not (data := source.recv(65536)):
                    return
                (other if source is one else one).sendall(data)


@contextmanager
def reached_over_tcp(path: str):
    """A port of ::1 behind which the server on the Unix socket `path` is."""
    ended, sessions = threading.Event(), []

    def accept(listening: socket.socket) -> None:
        while not ended.is_set():
            if select.select([listening], [], [], 0.1)[0]:
                sessions.append(threading.Thread(target=pass_on, args=(listening.accept()[0], path, ended)))
                sessions[-1].start()

    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        accepting = threading.Thread(target=accept, args=(listening,))
        accepting.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            for thread in (accepting, *sessions):
                thread.join()


@pytest.fixture
def port(postgres_url):
    folder = parse_qs(urlsplit(postgres_url.reveal()).query)["host"][0]
    with reached_over_tcp(f"{folder}/.s.PGSQL.5432") as port:
        yield port


@pytest.fixture
def closed():
    """A port of 127.0.0.1 at which nobody is."""
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        yield plug.getsockname()[1]


def test_a_server_is_reached_by_ipv6_and_as_the_second_of_several_hosts(
    home, run, port, closed, postgres_url
):
    alone = f"postgresql://postgres@[::1]:{port}/postgres"
    done = run("--once", BITSHEET_STORE_URL=alone)
    assert done.returncode == 0, done.stderr
    assert mirror.select(postgres_url, "SELECT count(*) > 0 FROM bitsheet.deals")[1] == [(True,)]
    several = f"postgresql://postgres@127.0.0.1:{closed},[::1]:{port}/postgres"
    done = run("--once", BITSHEET_STORE_URL=several)
    assert "cycle 2 done" in done.stdout + done.stderr
    told = run("status", BITSHEET_STORE_URL=several)
    assert (told.returncode, told.stdout.count("deals")) == (0, 1)
    assert "store     ok" in run("check", BITSHEET_STORE_URL=several).stdout


def test_where_none_of_several_hosts_is_there_all_of_them_are_named(home, run, closed):
    several = f"postgresql://postgres:q7zebra@127.0.0.1:{closed},[::1]:{closed}/postgres"
    done = run("status", BITSHEET_STORE_URL=several)
    assert done.returncode == 73
    assert "127.0.0.1,::1" in done.stderr
    assert "q7zebra" not in done.stdout + done.stderr
