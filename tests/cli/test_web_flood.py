"""A thousand connections without a token to the console in a browser: what they cost the mirror and its viewers."""

import asyncio
import resource
import socket
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.cli.test_web import viewers
from tests.support.chromium import clients
from tests.support.commands import SECONDS, until

FLOOD = 1_100
LIMIT = 1_024  # descriptors, as systemd and Debian grant them
HALF = (
    b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 90\r\n\r\ntoken="
)


def cycles() -> list[tuple[int, float]]:
    """Number and seconds of those that have ended."""
    with closing(sqlite3.connect("bitsheet.db")) as mirror:
        return mirror.execute("SELECT number, seconds FROM bitsheet_cycles WHERE ended_at IS NOT NULL").fetchall()
