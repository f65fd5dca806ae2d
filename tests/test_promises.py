"""What the README promises has its proof: each line names the test that shows it, and the test is there."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.readme import rows, troubles

ROOT = Path(__file__).parents[1]
PORTAL = "cli/test_troubles.py::test_a_trouble_with_the_portal_is_told_and_over_when_it_is_over"
NETWORK = "cli/test_troubles.py::test_a_trouble_with_the_network_is_told_and_nothing_is_sent"

TROUBLES = {
    "the webhook was deleted, or its owner dismissed": (
        "cli/test_troubles.py::test_a_revoked_webhook_leaves_the_service_up_and_it_goes_on_by_itself"
    ),
    "the webhook lost a permission": PORTAL,
    "the webhook's owner lost a right": PORTAL,
    "the portal dropped a method": PORTAL,
    "the plan does not include REST any more": PORTAL,
    "Bitrix24 blocked the portal's REST": PORTAL,
    "the portal has a new address": PORTAL,
    "the portal is asked too often": PORTAL,
    "a method has used up its time": PORTAL,
    "errors inside the portal": PORTAL,
    "a page of HTML instead of an answer": PORTAL,
    "an answer that was cut or damaged": PORTAL,
    "a portal that takes too long": PORTAL,
    "an answer that is too big": PORTAL,
    "a portal that ignores a filter": PORTAL,
    "a request that the portal rejects": PORTAL,
    "the portal's name is not found": NETWORK,
    "no connection to the portal": NETWORK,
    "a certificate that is not trusted": NETWORK,
    "many rows seem to be gone": PORTAL,
    "chats that the webhook may not read": PORTAL,
    "a row that cannot be stored": PORTAL,
    "the portal's fields change": PORTAL,
    "a mirror that differs from the portal": (
        "cli/test_confirm.py::test_verify_says_what_differs_while_an_instance_runs"
    ),
    "no space for the mirror": "sync/test_store_trouble.py::test_a_full_disk_in_the_middle_of_backfills_is_waited_for",
    "no space for the log": "observe/test_logfile.py::test_a_full_disk_costs_lines_that_are_counted",
    "a mirror that may not be written": "store/test_failures.py::test_a_file_that_became_unwritable_is_named",
    "the mirror's file was moved or replaced": (
        "sync/test_store_trouble.py::test_a_file_that_was_replaced_is_said_and_not_written_to"
    ),
    "a damaged mirror": "cli/test_mistakes.py::test_a_damaged_mirror_is_left_alone",
    "a file of another program": "cli/test_mistakes.py::test_a_store_that_is_no_mirror_is_left_alone",
    "another program writes to the mirror": (
        "store/test_failures.py::test_another_program_that_writes_is_waited_for_and_then_named"
    ),
    "a PostgreSQL server that is down, starts again, or has no connection left": (
        "sync/test_server.py::test_a_server_that_is_down_for_a_while_is_waited_for"
    ),
    "a PostgreSQL server that refuses the password": (
        "sync/test_server.py::test_a_password_that_was_changed_is_told_and_waited_for"
    ),
    "a PostgreSQL server that is a standby": (
        "sync/test_server.py::test_a_standby_is_told_and_waited_for_until_it_is_promoted"
    ),
    "a PostgreSQL server that lost its newest commits": (
        "store/test_failures.py::test_a_server_that_forgot_is_told"
    ),
    "a pool that gives every statement another session": (
        "store/test_failures.py::test_a_database_that_keeps_no_session_is_refused"
    ),
    "a mirror of a newer version": "store/test_opening.py::test_a_mirror_of_a_newer_program_is_refused",
    "a second instance": "cli/test_mistakes.py::test_another_instance_is_named_and_nothing_is_written",
    "killed, or the power was cut": (
        "cli/test_troubles.py::test_a_killed_backfill_is_gone_on_with_from_its_last_commit"
    ),
    "told to stop, or the terminal was lost": "cli/test_running.py::test_a_signal_ends_it_quickly_and_cleanly",
    "the clock was set": "sync/test_clock.py::test_a_clock_that_is_set_neither_delays_nor_hastens_the_next_run",
    "the computer slept": "sync/test_clock.py::test_after_a_night_of_suspension_it_runs_once_and_at_once",
    "a cycle takes longer than `sync.interval`": (
        "sync/test_rhythm.py::test_a_cycle_longer_than_its_interval_is_followed_by_the_next_and_never_by_two"
    ),
    "a bug": "cli/test_ending.py::test_a_bug_is_70_and_its_traceback_holds_no_secret",
    "a mistake in the configuration": (
        "cli/test_mistakes.py::test_a_wrong_key_is_named_with_its_line_and_the_nearest_key"
    ),
    "no webhook yet": "config/test_loading.py::test_without_a_webhook_the_error_says_how_to_get_one",
}
"""For each trouble that the README names, the test that proves what it says of it."""


@cache
def text(file: str) -> str:
    return (ROOT / "tests" / file).read_text(encoding="utf-8")


@cache
def functions(file: str) -> set[str]:
    nodes = ast.walk(ast.parse(text(file)))
    found = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in found if name.startswith("test_")}


def is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    return (ROOT / "tests" / file).is_file() and name in functions(file)


def test_every_trouble_of_the_readme_has_its_test_and_no_other():
    assert list(TROUBLES) == list(troubles())


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_test_of_a_trouble_is_there_and_asks_for_what_the_readme_says(trouble):
    test, words = TROUBLES[trouble], troubles()[trouble]
    assert is_there(test)
    assert words in text(test.partition("::")[0]) or trouble in text(test.partition("::")[0])


def test_every_trouble_says_what_happens_and_what_to_do():
    assert all(len(cells) == 4 and all(cells) for cells in rows("When things go wrong"))
