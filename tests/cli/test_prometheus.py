"""The rules and the dashboard, by a real Prometheus that scrapes a real process."""

import json
import re
import resource
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.manual import FOLDER
from bitsheet_tui.portal.demo import DemoPortal, Settings, Size
from bitsheet_tui.portal.demo.faults import Fault
from tests.support.commands import CODE, configure
from tests.support.debian import program
from tests.support.http_client import ask
from tests.support.odd_pages import OddPages
from tests.support.prometheus import free_port, hastened, prometheus

SIZE = Size(leads=3, contacts=4, companies=2, deals=160, activities=5, tasks=4, users=3, departments=2)
PAGE = 4096  # bytes of a file: not even one page can be written
ALERTS = re.compile(r"alert: (\w+)")


@pytest.fixture
def demo():
    return DemoPortal(SIZE, settings=Settings(code=CODE, edits_per_second=2.0))


@pytest.fixture
def portal(demo):
    with demo.run_in_thread() as webhook:
        yield webhook


@pytest.fixture
def target(home, portal) -> int:
    """The port of an instance that does a cycle a second, once it is started."""
    port = free_port()
    settings = (
        f"burst = 5000\n[sync]\ninterval = 1\nreconcile_every = 1\n[metrics]\nlisten = '127.0.0.1:{port}'\n"
        f"[notify]\nurls = ['json://127.0.0.1:{free_port()}/']\n"  # where nobody listens
    )
    configure(home, portal, settings)
    return port


def printed(command: str, capfd) -> str:
    capfd.readouterr()
    assert main([command]) == 0
    return capfd.readouterr().out


def test_each_alert_has_its_place_in_the_manual_and_says_what_it_means(capfd):
    rules = printed("alerts", capfd)
    names = ALERTS.findall(rules)
    chapter = (FOLDER / "monitoring.md").read_text(encoding="utf-8")
    assert len(names) == len(set(names)) == 10
    assert re.findall(r"^\* `(Bitsheet\w+)`", chapter, re.MULTILINE) == names
    assert rules.count("summary: ") == rules.count("description: ") == len(names)
    assert re.findall(r"help monitoring: (\w+)", rules) == names


def test_every_metric_that_rules_and_dashboard_name_is_served(tmp_path, capfd):
    from bitsheet_tui.monitoring.exposition import Exposition, Watched
    from bitsheet_tui.monitoring.tally import Tally
    from bitsheet_tui.state import start

    state = start(("deals",), portal="", store="", at=None)
    exposition = Exposition(Watched(state=lambda: state, tally=Tally(("deals",)), levels={}, file=tmp_path))
    served = set(re.findall(r"^# TYPE (\w+) ", exposition.form("")[1]().decode(), re.MULTILINE))
    text = printed("alerts", capfd) + printed("dashboard", capfd)
    named = set(re.findall(r"\b(?:bitsheet|process)_\w+", text))
    assert {re.sub(r"_bucket$", "", name) for name in named} - served == set()


def test_the_dashboard_fits_its_grid_and_asks_the_source_that_is_chosen(capfd):
    model = json.loads(printed("dashboard", capfd))
    cells = set()
    for panel in model["panels"]:
        place = panel["gridPos"]
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not taken & cells
        cells |= taken
        assert panel["targets"]
        assert {one["datasource"]["uid"] for one in panel["targets"]} == {"${datasource}"}
    assert len({panel["id"] for panel in model["panels"]}) == len(
        {panel["title"] for panel in model["panels"]}
    )


@pytest.mark.debian
def test_the_rules_and_the_metrics_are_as_prometheus_wants_them(home, target, start, capfd, tmp_path):
    Path("rules.yml").write_text(printed("alerts", capfd))
    promtool = program("prometheus", "promtool")
    checked = subprocess.run(
        [promtool, "check", "rules", "rules.yml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert "10 rules found" in checked.stdout
    start("--no-ui")
    text = reached(target, "/metrics")
    linted = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")


def reached(port: int, path: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask(port, path).text
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.debian
@pytest.mark.slow
def test_every_expression_of_the_dashboard_has_a_series(home, target, start, capfd):
    panels = json.loads(printed("dashboard", capfd))["panels"]
    wanted = {
        one["expr"].replace("$instance", ".+").replace("$__rate_interval", "20s")
        for panel in panels
        for one in panel["targets"]
    }
    assert len(wanted) > 20
    start("--no-ui")
    with prometheus(home, target, printed("alerts", capfd)) as server:
        deadline = time.monotonic() + 240
        while missing := {one for one in wanted if not server.query(one)}:
            assert time.monotonic() < deadline, missing
            time.sleep(0.5)
        assert server.firing() == set()


def without_id(wanted: int):
    """Pages in which the row of that id has none that can be used."""

    def change(items, _):
        rows = [json.loads(one) if isinstance(one, bytes) else one for one in items]
        changed = [{**row, "ID": "abc"} if str(row["ID"]) == str(wanted) else row for row in rows]
        return (
            [json.dumps(row).encode() for row in changed]
            if items and isinstance(items[0], bytes)
            else changed
        )

    return lambda items, call: change(items, call) if items else None


@pytest.mark.debian
@pytest.mark.slow
def test_each_rule_fires_when_it_should_and_is_over_with_its_cause(
    home, target, start, demo, capfd, monkeypatch
):
    rules = hastened(printed("alerts", capfd))
    process = start("--no-ui")
    reached(target, "/metrics")
    with prometheus(home, target, rules) as server:
        server.until_over(*ALERTS.findall(rules))

        some = [row["ID"] for row in demo.world.truth("deals")][::2]
        demo.world.hide("deals", *some)
        server.until_firing("BitsheetDeletionsHeld", "BitsheetNeedsOperator", "BitsheetNotificationsFailing")
        demo.world.show("deals", *some)
        server.until_over("BitsheetDeletionsHeld", "BitsheetNeedsOperator")

        demo.faults.add(Fault(kind="status", status=503, error="QUERY_LIMIT_EXCEEDED", times=10**6))
        server.until_firing("BitsheetThrottledHard", "BitsheetMirrorStale", "BitsheetTableStale")
        demo.faults.clear()
        server.until_over("BitsheetThrottledHard", "BitsheetMirrorStale", "BitsheetTableStale")

        OddPages.pages(SimpleNamespace(patch=monkeypatch), "crm.deal.list", without_id(some[0]))
        demo.world.edit("deals", some[0], TITLE="edited, and without an id")
        server.until_firing("BitsheetQuarantineGrowing")

        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (PAGE, hard))
        server.until_firing("BitsheetStoreFull")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
        server.until_over("BitsheetStoreFull")

        for _ in range(5):
            process.kill()
            process.wait()
            process = start("--no-ui")
            time.sleep(1)
            reached(target, "/metrics")
            time.sleep(2)
        server.until_firing("BitsheetCrashLooping")
        process.kill()
        server.until_firing("BitsheetDown")
