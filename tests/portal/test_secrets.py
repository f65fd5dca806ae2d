"""The webhook's code is a password: whatever goes wrong, it appears nowhere."""

import asyncio
import base64
import json
import logging
import traceback
from urllib.parse import quote

import pytest

from bitsheet_tui.config import PortalSettings
from bitsheet_tui.errors import BitsheetError
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.client import Portal
from bitsheet_tui.secret import Secret
from tests.support.scripted_server import CODE, DAMAGES, ScriptedServer, cut, drip, http, maps, ok, refusal

LINK = f"https://portal/rest/1/{CODE}/x"
FAILURES = {
    **{name: script for name, (script, _) in DAMAGES.items()},
    "a drip": drip,
    "a refusal that quotes it": refusal(401, "NO_AUTH_FOUND", f"Wrong authorization data {LINK}"),
    "an unknown word that quotes it": refusal(400, f"E_{CODE}", LINK),
    "a refusal that quotes it in JSON's way": http(
        400, json.dumps({"error": "", "error_description": LINK}).replace("/", "\\/")
    ),
    "a redirect that quotes it": http(302, LINK, location=f"https://{CODE}.elsewhere.test/rest/1/{CODE}/"),
    "a page that quotes it": http(200, f"<a href={LINK}>"),
    "a method that rests": refusal(429, "OPERATION_TIME_LIMIT", LINK),
    "a command that fails and quotes it": ok(maps({}, {"one": {"error": "E", "error_description": LINK}})),
    "a header that quotes it": cut(f"HTTP/1.1 200 OK\r\nContent-Length: {CODE}\r\n\r\n".encode()),
    "a status line that quotes it": cut(f"HTTP/1.1 {CODE} OK\r\n\r\n".encode()),
}


def spellings(code):
    yield from (code, quote(code, safe=""), code.encode().hex())
    for pad in range(3):  # wherever it stands in the text that was encoded
        yield base64.b64encode(b"/" * pad + code.encode()).decode()[4:-6]


def everything_of(error):
    """All that an exception can show, and what it carries along."""
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
    yield "".join(traceback.format_exception(error))
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from everything_of(other)


@pytest.mark.parametrize("script", FAILURES.values(), ids=FAILURES.keys())
async def test_no_failure_shows_the_code(script, portal_at, hours, said, caplog):
    caplog.set_level(logging.DEBUG)
    shown = []
    async with portal_at(script, timeout=0.05) as (_, portal):
        for request in (portal.batch({"one": Ask("user.get")}), portal.call("user.get")):
            try:
                answers = await hours.run(request)
            except BitsheetError as error:
                shown += [*everything_of(error), error.hint]
            else:
                for error in answers.values() if isinstance(answers, dict) else ():
                    shown += [*everything_of(error), error.hint]
                shown.append(repr(answers))
        shown += [repr(portal), repr(vars(portal)), repr(portal.seen()), portal.host, repr(said), caplog.text]
    assert len("".join(shown)) > 500
    for spelling in spellings(CODE):
        assert spelling not in "".join(shown)


async def test_a_closed_port_does_not_show_it(caplog, hours):
    caplog.set_level(logging.DEBUG)
    async with ScriptedServer(ok([])) as server:
        url = server.url
    portal = Portal(Secret(url), PortalSettings(), clock=hours.clock, now=hours.now, sleep=hours.sleep)
    with pytest.raises(BitsheetError) as caught:
        await hours.run(portal.call("user.get"))
    await portal.close()
    assert CODE not in "".join(everything_of(caught.value)) + caplog.text


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:99999", "ftp://127.0.0.1", "http://", "http://a\x00b", "x"]
)
async def test_an_address_that_is_none_does_not_show_it(hours, place):
    async def ask():
        time = {"clock": hours.clock, "now": hours.now, "sleep": hours.sleep}
        await Portal(Secret(f"{place}/rest/1/{CODE}/"), PortalSettings(), **time).call("user.get")

    with pytest.raises((BitsheetError, ValueError)) as caught:
        await hours.run(ask())
    assert CODE not in "".join(everything_of(caught.value))


async def test_a_cancelled_request_does_not_show_it(portal_at):
    async with portal_at(drip) as (server, portal):
        task = asyncio.ensure_future(portal.call("user.get"))
        while not server.requests:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert CODE not in str(caught.value) + repr(task)


async def test_the_library_below_logs_no_address(portal_at, caplog):
    caplog.set_level(logging.DEBUG)
    async with portal_at(ok([])) as (_, portal):
        await portal.call("user.get")
    assert CODE not in caplog.text
