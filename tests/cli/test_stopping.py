"""In the middle of a backfill it stops within two seconds, with everything in order."""

import json
import signal
import time

import pytest

from tests.support.commands import SECONDS, configure, in_order, until, url_of


@pytest.mark.parametrize("mode", ["--once", "--no-ui"])
def test_a_backfill_stops_within_two_seconds(home, start, slow, figure, mode):
    process = start(mode)
    until(process, "fill start")
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    seconds = time.monotonic() - began
    figure(f"{mode} stopped in {seconds:.2f} s in the middle of a backfill")
    assert seconds < 2
    assert "stopped" in process.stderr.read()
    in_order(home, slow)


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_after_a_stop_the_next_one_goes_on_at_once(home, start, slow, request, url):
    store = json.dumps(url_of(url, home, request).reveal())
    configure(home, slow.url, f"burst = 5000\n[store]\nurl = {store}\n[log]\nfile = ''\n")
    for _ in range(2):
        process = start("--no-ui")
        assert "another instance" not in until(process, "fill start")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


def test_a_second_signal_ends_a_backfill_at_once(home, start, slow):
    process = start("--once")
    until(process, "fill start")
    process.send_signal(signal.SIGSTOP)  # so that both are there when it looks
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    assert process.wait(SECONDS) == 128 + signal.SIGTERM
    in_order(home, slow)
