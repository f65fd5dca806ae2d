"""The status page in a real Chromium, of a real process: at a phone's, a tablet's and a wall's width."""

import asyncio

import pytest

from tests.support.chromium import chromium
from tests.support.commands import configure, until
from tests.support.prometheus import free_port

pytestmark = pytest.mark.debian
WIDTHS = {360: 740, 768: 1024, 1280: 720, 1920: 1080}
FITS = "document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll('section')].every(one => one.scrollWidth <= one.clientWidth)"
SCRIPTED = "document.scripts.length"
GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def address(home, portal, start) -> str:
    port = free_port()
    configure(home, portal, f"[metrics]\nlisten = '127.0.0.1:{port}'\n[ui]\nlanguage = 'tr'\n")
    until(start("--no-ui"), "cycle 1 done")
    return f"http://127.0.0.1:{port}/"


async def settled(page, expression: str, wanted) -> None:
    for _ in range(200):
        if (found := await page.evaluate(expression)) == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{expression} is {found}, not {wanted}")


@pytest.mark.slow
async def test_it_fits_every_width_in_both_languages_light_and_dark(address):
    async with chromium() as new:
        page = await new(address)
        for width, height in WIDTHS.items():
            await page.call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=width < 500,
            )
            grounds = set()
            for language in ("en", "tr"):
                for scheme in ("light", "dark"):
                    await page.call(
                        "Emulation.setEmulatedMedia",
                        features=[{"name": "prefers-color-scheme", "value": scheme}],
                    )
                    await page.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
                    await page.call("Page.navigate", url=address)
                    await settled(page, "document.documentElement.lang", language)
                    await settled(page, "document.querySelectorAll('table').length", 2)
                    assert await page.evaluate(FITS), (width, language)
                    assert await page.evaluate(SCRIPTED) == 0
                    grounds.add(await page.evaluate(GROUND))
            assert len(grounds) == 2  # the style is applied: the policy allows it


@pytest.mark.slow
async def test_it_reloads_itself_and_asks_for_nothing_else(address):
    async with chromium() as new:
        page = await new(address)
        await settled(page, "document.querySelectorAll('table').length", 2)
        deadline = asyncio.get_running_loop().time() + 40
        while page.asked.count(address) < 2 and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.2)
        assert page.asked.count(address) >= 2
        assert set(page.asked) <= {address, f"{address}favicon.ico"}
