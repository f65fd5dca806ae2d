"""`portal --variant`, and `check --report` on portals that show variants."""

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.portal.demo import DemoPortal, Settings, Size
from bitsheet_tui.portal.demo.variants import BY_NAME, UNTOUCHED, VARIANTS, Basis, varied
from tests.support.commands import CODE, configure

SIZE = Size(leads=9, contacts=9, companies=60, deals=60, activities=9, tasks=60, users=9, departments=2)
# what a page or two of a portal shows; the others need a change, a refusal, or a chat to be read
SHOWN = (
    "operating-untold operating-reset-text exact-start references-whole references-none uf-flag-bool "
    "uf-money-number uf-address-text uf-binding-bare uf-employee-number uf-empty-list user-days-utc "
    "tasks-server-zone forum-only forum-refuses body-limit timeout-page timeout-empty references-fatal"
).split()

# they contradict others, or keep the page that would show others from being read
OTHERWISE = {"operating-untold", "references-none", "references-fatal", "timeout-empty", "forum-only"}


def report(capfd) -> dict[str, str]:
    """The second column of a report by its first; an answer of two words is one."""
    _, *lines = capfd.readouterr().out.replace("not seen", "not-seen").splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


@pytest.fixture
def portal_of(home):
    """Runs `check --report` on a portal with these variants; its exit code."""

    def run(*names: str) -> int:
        settings = varied(Settings(code=CODE), names)
        with DemoPortal(SIZE, settings=settings).run_in_thread() as webhook:
            configure(home, webhook)
            return main(["check", "--report"])

    return run


def test_the_list_of_variants_has_a_line_for_each_with_its_basis(capfd):
    assert main(["portal", "--variants"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [variant.name for variant in VARIANTS]
    assert {line.split()[1] for line in lines} == set(Basis)
    assert len(BY_NAME) == len(VARIANTS)
    assert all(point.why.endswith(".") for point in UNTOUCHED)


def test_an_unknown_variant_is_64_with_the_nearest_name(capfd):
    assert main(["portal", "--variant", "forum-only", "--variant", "task-own-offset"]) == 64
    assert "did you mean tasks-own-offset?" in capfd.readouterr().err


def test_variants_that_contradict_each_other_are_64(capfd):
    assert main(["portal", "--variant", "timeout-page", "--variant", "timeout-empty"]) == 64
    assert "timeout-empty contradicts" in capfd.readouterr().err


def test_the_command_runs_a_portal_with_variants(home, start, capfd):
    process = start("portal", "--variant", "forum-only", "--variant", "exact-start")
    configure(home, process.stdout.readline().strip(), "burst = 5000\n")
    assert main(["check", "--report"]) == 0
    told = report(capfd)
    assert {name for name in BY_NAME if told[name] == "yes"} == {"forum-only", "exact-start"}
    process.terminate()
    assert process.wait(20) == 0


def test_a_report_says_of_each_variant_whether_it_was_seen(portal_of, capfd):
    assert portal_of() == 0
    told = report(capfd)
    assert {name for name in BY_NAME if told[name] == "yes"} == set()
    assert {told[name] for name in SHOWN if "timeout" not in name} == {"no"}, told
    assert told["message-vanishes"] == told["first-id-newest"] == "not-seen"


def test_a_report_shows_all_variants_of_the_portal_that_can_be_seen(portal_of, capfd):
    together = {name for name in SHOWN if name not in OTHERWISE}
    assert portal_of(*together) == 0
    told = report(capfd)
    assert {other for other in BY_NAME if told[other] == "yes"} == together


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_a_report_shows_a_variant_of_the_portal(portal_of, capfd, name):
    assert portal_of(name) == 0
    told = report(capfd)
    assert {other for other in BY_NAME if told[other] == "yes"} == {name}


def test_a_report_has_nothing_of_the_portal_and_changes_nothing(home, capfd):
    assert main(["--once"]) == 0
    before = (home / "bitsheet.db").read_bytes()
    capfd.readouterr()
    assert main(["check", "--report"]) == 0
    done = capfd.readouterr()
    words = " ".join(variant.text for variant in VARIANTS)
    for line in done.out.splitlines():
        assert not (set(line.split()) - set(words.split()) - KNOWN - set(BY_NAME))
    assert CODE not in done.err
    assert (home / "bitsheet.db").read_bytes() == before


KNOWN = set(
    "bitsheet-tui 0.1.0 ok warn FAIL yes no not seen config portal webhook rights scopes tables filters clock "
    "comments interval store".split()
)


def test_a_report_on_a_refused_webhook_is_77_and_says_how_it_was_refused(home, portal, capfd):
    configure(home, portal.replace(CODE, "wrongwrongwrongwrong"))
    assert main(["check", "--report"]) == 77
    told = report(capfd)
    assert (told["portal"], told["refused-403"]) == ("FAIL", "no")
