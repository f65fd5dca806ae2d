"""What the manual promises has its proof: each line names the test that shows it, and the test is there."""

from tests.support.named_tests import is_there, text
from tests.support.readme import manual, points, section, troubles

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
    "a portal that takes too long, or says nothing": PORTAL,
    "an answer that is too big": (
        "portal/test_network.py::test_an_answer_of_too_many_values_is_asked_for_in_parts"
    ),
    "a list that shows fewer rows than it counts": (
        "sync/test_list_ends.py::test_departments_that_the_portal_counts_and_does_not_show_are_told_once"
    ),
    "a portal that ignores a filter": PORTAL,
    "a request that the portal rejects": PORTAL,
    "the portal's name is not found": NETWORK,
    "no connection to the portal": NETWORK,
    "a certificate that is not trusted": NETWORK,
    "many rows seem to be gone": PORTAL,
    "comments that the webhook may not read": PORTAL,
    "a row that cannot be stored": (
        "cli/test_quarantine.py::test_rows_are_listed_before_values_and_too_many_of_them_are_no_success"
    ),
    "a discussion that answers with something else": (
        "sync/test_unusable_ids.py::test_a_chat_that_answers_with_no_list_fails_the_table_and_keeps_no_other_comment"
    ),
    "a value of another type than its field": PORTAL,
    "the portal's fields change": PORTAL,
    "a mirror that differs from the portal": (
        "cli/test_confirm.py::test_verify_says_what_differs_while_an_instance_runs"
    ),
    "no space for the mirror": "sync/test_store_trouble.py::test_a_full_disk_in_the_middle_of_backfills_is_waited_for",
    "no space for the log": "observe/test_logfile.py::test_what_has_no_room_on_the_disk_costs_lines_that_are_counted_and_told_once",
    "a log that cannot be opened": "observe/test_logs.py::test_a_log_file_that_cannot_be_opened_is_told_once_in_the_other_places_and_tried_again",
    "a log whose folder lets nothing be renamed": "observe/test_logfile.py::test_a_folder_that_lets_nothing_be_renamed_gets_a_file_that_grows",
    "a mirror that may not be written": "store/test_failures.py::test_a_file_that_became_unwritable_is_named",
    "the mirror's file was moved or replaced": (
        "sync/test_store_trouble.py::test_a_file_that_was_replaced_is_said_and_not_written_to"
    ),
    "a mirror on a network file system, or a folder shared with a virtual machine": (
        "cli/test_check.py::test_a_mirror_on_a_network_file_system_is_warned_of_and_made_all_the_same"
    ),
    "a damaged mirror": "cli/test_mistakes.py::test_a_damaged_mirror_is_left_alone",
    "a file of another program": "cli/test_mistakes.py::test_a_store_that_is_no_mirror_is_left_alone",
    "something of others in the database that forbids a change": (
        "sync/test_store_refuses_one_table.py"
        "::test_a_table_that_cannot_follow_its_description_is_told_of_and_the_others_go_on"
    ),
    "a statement that the database refuses": (
        "sync/test_store_refuses_one_table.py"
        "::test_rows_that_the_database_refuses_whole_fail_their_table_alone"
    ),
    "a table that somebody holds when it has to change": (
        "sync/test_store_refuses_one_table.py"
        "::test_a_new_field_is_filled_although_somebody_read_the_table_meanwhile"
    ),
    "another program reads the mirror without a break": (
        "sync/test_store_trouble.py::test_a_program_that_reads_without_a_break_is_told_of_until_it_lets_go"
    ),
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
    "a PostgreSQL database that is not encoded as UTF-8": (
        "store/test_session_settings.py::test_a_database_that_cannot_hold_every_text_is_refused"
    ),
    "tables of somebody else in the schema `public`": (
        "store/test_choosing_a_schema.py"
        "::test_tables_that_somebody_else_has_prepared_in_public_are_refused_with_their_name"
    ),
    "tables, triggers or rules that others have prepared": (
        "store/test_prepared_by_others.py::test_bookkeeping_that_somebody_else_has_prepared_is_not_adopted"
    ),
    "a pool that gives every statement another session": (
        "store/test_failures.py::test_a_database_that_keeps_no_session_is_refused"
    ),
    "a mirror of a newer version": "store/test_opening.py::test_a_mirror_of_a_newer_program_is_refused",
    "the mirror of another portal": (
        "cli/test_mistakes.py::test_the_mirror_of_another_portal_is_left_alone_until_all_of_it_is_read_again"
    ),
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
"""For each trouble that the manual names, the test that proves what it says of it."""


PROMISES = {
    "A change made on the portal reaches the mirror, whatever fails in between.": (
        "sync/test_every_step.py::test_failing_at_the_nth_step_for_every_n",
        "sync/test_history.py::test_any_history_ends_equal",
        "sync/test_reconcile_steps.py::test_failing_at_any_step_marks_all_of_it_or_nothing",
    ),
    "You may kill it at any moment.": (
        "cli/test_killed.py::test_killed_at_random_moments_of_its_work_it_ends_equal_and_reads_little_twice",
        "store/test_failures.py::test_killed_at_any_moment_rows_and_checkpoint_agree",
    ),
    "A power cut costs at most the newest pages, which are read again.": (
        "sync/test_power_cuts.py::test_a_power_cut_costs_the_newest_commits_at_most",
    ),
    "Reading again changes nothing.": (
        "sync/test_mirror.py::test_reading_again_changes_nothing",
        "store/test_commit.py::test_reading_again_changes_nothing",
    ),
    "It never deletes on suspicion.": (
        "sync/test_alerts.py::test_rows_that_seem_to_be_gone_are_one_alert_and_marked_once_confirmed",
        "sync/test_alerts.py::test_what_the_webhook_lost_is_one_alert_that_ends_when_it_has_it_again",
        "sync/test_reconcile.py::test_a_single_row_is_held_when_the_webhook_may_do_less",
        "cli/test_troubles.py::test_a_trouble_with_the_portal_is_told_and_over_when_it_is_over",
    ),
    "One bad row never blocks a table.": (
        "store/test_quarantine.py::test_of_a_page_with_poison_at_any_place_every_row_is_stored_and_the_value_waits",
    ),
    "It stays inside the portal's limits, and backs off when told.": (
        "portal/test_limiter.py::test_a_thousand_requests_at_once_are_never_refused",
        "portal/test_patience.py::test_ten_minutes_of_503_cost_at_most_25_requests",
        "sync/test_storms.py::test_a_method_that_rests_stops_its_table_only_and_resumes",
    ),
    "It comes back by itself, within a minute, from trouble with network, portal, database and disk.": (
        "portal/test_patience.py::test_ten_minutes_of_503_cost_at_most_25_requests",
        "sync/test_storms.py::test_ten_minutes_of_refusals_cost_few_requests_and_end_by_themselves",
        "sync/test_server.py::test_a_server_that_is_down_for_a_while_is_waited_for",
        "sync/test_store_trouble.py::test_a_full_disk_in_the_middle_of_backfills_is_waited_for",
    ),
    "The webhook appears nowhere.": ("cli/test_canary.py::test_the_webhook_and_the_password_are_nowhere",),
    "Nothing in your CRM can act on your terminal.": (
        "ui/test_terminal.py::test_hostile_text_stays_text_everywhere",
        "ui/test_source.py::test_nothing_moves_and_no_bare_text_is_shown",
        "observe/test_logs.py::test_a_record_is_one_line_whatever_it_holds",
        "cli/test_hostile.py::test_no_command_lets_anything_of_it_through",
        "cli/test_hostile.py::test_no_screen_lets_anything_of_it_through",
    ),
    "What `[privacy]` excludes, hashes or masks is stored nowhere in clear, and whoever is forgotten stays so.": (
        "sync/test_privacy.py::test_what_rules_name_is_never_stored_from_the_first_run_on",
        "sync/test_privacy.py::test_a_rule_that_comes_later_is_applied_to_all_that_is_there",
        "sync/test_privacy.py::test_a_person_who_is_forgotten_stays_so_and_is_no_difference",
        "cli/test_privacy.py::test_a_running_instance_forgets_and_no_byte_of_any_file_is_left",
    ),
    "One writer for each mirror.": (
        "store/test_lock.py::test_a_second_instance_is_told_who_holds_the_mirror",
        "sync/test_store_trouble.py::test_who_finds_the_lock_taken_after_a_lost_session_stops",
    ),
    "The screen never slows the mirror.": (
        "ui/test_terminal.py::test_a_terminal_that_stops_reading_never_stops_the_engine",
    ),
    "It stops when asked, quickly and cleanly.": (
        "cli/test_stopping.py::test_a_backfill_stops_within_two_seconds",
        "ui/test_terminal.py::test_a_signal_ends_it_gracefully_and_the_terminal_is_restored",
    ),
    "Clocks may jump, sleep, and change with the season.": (
        "sync/test_clock.py::test_a_clock_that_is_set_neither_delays_nor_hastens_the_next_run",
        "sync/test_clock.py::test_after_a_night_of_suspension_it_runs_once_and_at_once",
        "sync/test_zones.py::test_the_night_when_the_clocks_are_set_loses_and_doubles_nothing",
    ),
    "It runs for months: memory, files and tasks stay as they are.": (
        "sync/test_rhythm.py::test_cycle_after_cycle_leaves_no_file_and_no_task_behind",
    ),
    "It tells you once, and shows when it is over.": (
        "sync/test_alerts.py::test_a_refused_webhook_is_one_alert_and_not_one_for_each_table",
        "observe/test_logs.py::test_an_hour_of_the_same_trouble_is_a_few_lines",
    ),
    "Headless it needs no terminal library.": (
        "test_architecture.py::test_headless_needs_no_terminal_library",
    ),
    "An upgrade keeps your data, and a damaged file is never touched.": (
        "store/test_opening.py::test_an_older_mirror_is_brought_forward_in_one_transaction",
        "store/test_opening.py::test_alerts_of_an_older_mirror_stand_still_once_it_is_brought_forward",
        "store/test_opening.py::test_what_is_not_ours_or_broken_is_refused_and_left_as_it_is",
    ),
    "The change feed is complete: from the end of a first filling on every difference is a line,"
    " whoever saw it first.": (
        "store/test_feed.py::test_a_copy_follows_the_feed_alone_to_what_the_mirror_holds",
        "sync/test_feed.py::test_whatever_happens_on_the_portal_a_copy_follows",
    ),
    "Each table of a lake is what the mirror was at the line that it says.": (
        "feed/test_lake.py::test_it_is_the_mirror_at_every_line_that_it_says_through_any_history",
        "cli/test_lake_command.py::test_killed_at_any_moment_it_goes_on_where_each_table_is",
    ),
    "An export is of one moment and arrives whole or not at all, and no spreadsheet finds a formula in it.": (
        "export/test_text_formats.py::test_everything_is_of_the_moment_in_which_it_began",
        "cli/test_export.py::test_a_full_disk_leaves_what_was_there",
        "cli/test_export.py::test_a_signal_ends_it_at_once_and_leaves_nothing",
        "export/test_workbooks.py::test_a_workbook_has_a_sheet_a_table_with_types_and_without_formulas",
        "export/test_text_formats.py::test_csv_for_a_spreadsheet_has_no_cell_that_begins_a_formula",
        "export/test_libreoffice.py::test_libreoffice_sees_types_and_no_formula",
    ),
}
"""For each promise of the manual, in its order, the tests that prove it."""


def test_every_trouble_of_the_manual_has_its_test_and_no_other():
    assert list(TROUBLES) == list(troubles())


def asks_for(trouble):
    """Whether the trouble's test is there and asks for the words that the manual says, or names the trouble."""
    test = TROUBLES[trouble]
    asked = text(test.partition("::")[0]) if is_there(test) else ""
    return troubles()[trouble][0] in asked or trouble in asked


def test_the_tests_of_all_troubles_are_there_and_ask_for_what_the_manual_says():
    assert [trouble for trouble in TROUBLES if not asks_for(trouble)] == []


def test_every_promise_of_the_manual_has_its_tests_and_no_other():
    assert list(PROMISES) == points(section(manual("promises"), "Promised"))
    assert len(PROMISES) == 22


def test_the_tests_of_all_promises_are_there():
    assert [promise for promise, tests in PROMISES.items() if not tests] == []
    assert [test for tests in PROMISES.values() for test in tests if not is_there(test)] == []


def test_every_trouble_says_what_happens_and_what_to_do():
    for trouble, (_, itself, you) in troubles().items():
        assert itself.removeprefix("by itself: ") not in {"", itself}, trouble
        assert you.removeprefix("you: ") not in {"", you}, trouble
