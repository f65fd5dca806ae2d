"""What the manual says of who may do what has its proof, line by line."""

from __future__ import annotations

from tests.support.named_tests import is_there
from tests.support.readme import manual, points, section

ANOTHER = "cli/test_another_user.py::test_"
LOADING = "config/test_loading.py::test_"
LOCK = "store/test_lock.py::test_"
SCHEMA = "store/test_choosing_a_schema.py::test_"
PREPARED = "store/test_prepared_by_others.py::test_"
BUILT = "store/test_dependants.py::test_"
REFUSED = "sync/test_store_refuses_one_table.py::test_"
HOST = {
    "Whoever runs it owns what it makes: mirror, log and saved pictures are 0600, folders 0700, and no other"
    " user can read them or reach the instance.": (
        f"{ANOTHER}what_it_makes_another_user_cannot_read",
        f"{ANOTHER}a_socket_that_everybody_may_open_shows_and_steers_nothing_for_another_user",
    ),
    "A user other than root and its own makes nothing of it stop, pause or start.": (
        f"{ANOTHER}what_it_makes_another_user_cannot_read",
        f"{ANOTHER}a_socket_that_everybody_may_open_shows_and_steers_nothing_for_another_user",
    ),
    "A `./config.toml` of another user is refused (78); one that was named is used, with a warning.": (
        f"{ANOTHER}a_configuration_of_another_user_in_the_current_folder_is_refused",
        f"{ANOTHER}a_link_of_another_user_to_a_configuration_of_root_is_refused_too",
        f"{LOADING}a_configuration_of_others_in_the_current_folder_is_refused_and_a_named_one_is_a_warning",
    ),
    "A link of another user in place of the mirror, its lock or its log is not followed; the lock is beside"
    " the file that a link of one's own leads to.": (
        f"{ANOTHER}a_link_of_another_user_in_place_of_the_mirror_or_its_lock_is_not_followed",
        f"{ANOTHER}a_link_of_another_user_in_place_of_the_log_is_not_written_to",
        f"{ANOTHER}a_link_of_roots_own_is_followed_and_its_lock_is_beside_the_file",
        "store/test_one_writer.py::test_a_symbolic_link_leads_to_the_same_lock",
    ),
    "A mirror that another user owns, or may read, is told by `check` and opened.": (
        f"{ANOTHER}a_mirror_of_another_user_is_told_by_check_and_opened",
        f"{ANOTHER}a_mirror_and_a_log_that_others_may_read_are_told_by_check",
        "cli/test_check.py::test_a_mirror_that_others_may_use_is_told",
    ),
    "Of what a mirror names, a socket or a log, nothing is believed but of oneself, root and the mirror's"
    " owner, as the kernel knows them.": (
        f"{ANOTHER}a_forged_instance_of_another_user_shows_nothing_and_gets_no_command",
        f"{ANOTHER}a_log_that_only_the_mirror_names_is_not_printed",
        "observe/test_live.py::test_a_socket_behind_which_somebody_else_is_shows_nothing",
        "observe/test_live.py::test_a_log_that_only_the_mirror_names_is_not_read",
    ),
    "A folder for the socket that another user made is not used.": (
        f"{ANOTHER}a_folder_for_the_socket_that_another_user_made_is_not_used",
        "observe/test_live.py::test_a_folder_of_somebody_else_is_no_place_for_the_socket",
        "observe/test_live.py::test_the_mode_of_no_other_file_changes_when_the_socket_is_swapped",
    ),
    "A program that another user left in the current folder is never run.": (
        f"{ANOTHER}a_module_of_another_user_in_the_current_folder_is_never_run",
        f"{ANOTHER}a_module_of_another_user_is_not_run_by_the_console_of_a_page",
    ),
}
ROLES = {
    "A role without rights holds no mirror, whatever it locks.": (
        f"{LOCK}a_role_without_rights_holds_no_mirror_whatever_it_locks",
    ),
    "Whoever may write and holds the mirror is named by its role.": (
        f"{LOCK}whoever_may_write_and_holds_the_mirror_is_named_by_its_role_and_not_by_the_last_holder",
    ),
    "Instances of the version before keep each other out, either way round.": (
        f"{LOCK}an_instance_of_the_version_before_and_one_of_this_keep_each_other_out",
    ),
    "Tables, triggers and rules that others have prepared are not adopted: that table is not written, and of"
    " `bitsheet_*` nothing starts (73).": (
        f"{PREPARED}bookkeeping_that_somebody_else_has_prepared_is_not_adopted",
        f"{PREPARED}the_start_ends_where_somebody_else_has_a_say_on_the_bookkeeping",
        f"{PREPARED}a_table_on_which_somebody_else_has_a_say_is_not_written_and_the_others_go_on",
        f"{SCHEMA}tables_that_somebody_else_has_prepared_in_public_are_refused_with_their_name",
    ),
    "A reader that keeps a table busy delays its change by a second, for that table alone, and is named.": (
        f"{REFUSED}a_reader_of_another_role_delays_one_table_by_a_second_and_is_named",
        f"{BUILT}who_holds_a_table_is_named_and_the_change_waits_a_moment_only",
    ),
    "Rights on tables and views survive every change of them.": (
        f"{BUILT}rights_on_views_survive_every_change",
        f"{REFUSED}a_reader_of_another_role_delays_one_table_by_a_second_and_is_named",
    ),
    "A role that may insert into `bitsheet_control` steers the mirror, is logged by the name of its session,"
    " and delays nobody with a flood.": (
        "sync/test_control.py::test_who_asked_is_logged_by_the_role_of_its_session",
        "sync/test_control.py::test_a_flood_of_requests_delays_neither_cycles_nor_an_answer_nor_the_end",
        "sync/test_control.py::test_a_request_of_any_length_is_refused_at_once",
    ),
    "A row that is too big for a page is stored all the same.": (
        "store/test_overflow.py::test_six_hundred_long_texts_in_a_row_are_all_there",
    ),
    "The password of the database is shown nowhere, whatever is in it, and a connection to elsewhere that may"
    " be in clear text is a warning.": (
        f"{LOADING}no_password_of_the_store_is_shown_whatever_is_in_it",
        "test_postgres_url.py::test_no_part_of_a_password_is_shown_whatever_signs_are_in_it",
        f"{LOADING}a_connection_to_another_host_that_may_be_in_clear_text_is_a_warning",
        "cli/test_canary.py::test_the_webhook_and_the_password_are_nowhere",
    ),
}
VIEWERS = {
    "Nobody comes into the console in the browser without its token, other users of the host neither.": (
        "cli/test_web.py::test_the_printed_address_lets_in_and_nothing_else_does",
    ),
    "The token is printed once where it was made, and a token of one's own never.": (
        "cli/test_web.py::test_a_token_of_the_operators_is_never_shown",
        "cli/test_web.py::test_consoles_of_pages_do_not_inherit_the_token",
    ),
    "A page that is read-only shows everything and steers nothing.": (
        "cli/test_web.py::test_a_page_that_is_read_only_steers_nothing",
    ),
    "What a page saves goes to the browser.": (
        "cli/test_web.py::test_what_a_page_saves_goes_to_the_browser_and_into_no_folder_of_the_server",
    ),
    "Nobody takes all pages: a visitor has four at most, and whoever has most makes room for who has two"
    " fewer.": (
        "ui/test_web_server.py::test_one_visitor_has_a_share_of_the_consoles_and_no_more",
        "ui/test_web_server.py::test_whoever_has_the_token_and_takes_all_pages_locks_nobody_out",
    ),
}
PORTAL = {
    "The webhook appears nowhere.": ("cli/test_canary.py::test_the_webhook_and_the_password_are_nowhere",),
    "No answer of the portal takes more than 150 MB, whatever it holds.": (
        "portal/test_network.py::test_no_answer_takes_more_than_150_megabytes_whatever_it_holds",
    ),
    "No text of the portal acts on a terminal.": (
        "cli/test_hostile.py::test_no_command_lets_anything_of_it_through",
        "cli/test_hostile.py::test_no_screen_lets_anything_of_it_through",
    ),
    "Text of the portal is copied (`c`) on one line: a line break, pasted into a shell, could run what stands"
    " before it.": (
        "ui/test_browsing.py::test_what_the_portal_says_is_copied_without_a_line_break",
        "ui/test_browsing.py::test_mischief_in_every_field_label_and_name_stays_text",
    ),
}
PARTS = {
    "A user of the host": HOST,
    "A role of the database": ROLES,
    "A token, and who has a page": VIEWERS,
    "The portal": PORTAL,
}
"""For each line of these parts of the chapter, in its order, the tests that prove it."""


def test_every_line_of_who_may_do_what_has_its_tests_and_no_other():
    chapter = manual("trust")
    assert {part: list(lines) for part, lines in PARTS.items()} == {
        part: points(section(chapter, part)) for part in PARTS
    }


def test_the_tests_of_who_may_do_what_are_there():
    named = [test for lines in PARTS.values() for tests in lines.values() for test in tests]
    assert [test for test in named if not is_there(test)] == []
