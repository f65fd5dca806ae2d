"""The commands on privacy, those of the chapter among them, and what they refuse."""

import signal
import sqlite3
from contextlib import closing

import pytest

from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from tests.support.commands import configure, rows, until
from tests.support.readme import manual

PHONES = (
    "SELECT owner_id, value FROM contact_points WHERE owner_table = 'contacts' AND type = 'PHONE' LIMIT 1"
)


def blocks(kind):
    return [block.split("```")[0] for block in manual("privacy").split(f"```{kind}\n")[1:]]


@pytest.mark.slow
@pytest.mark.sample
def test_the_commands_of_the_chapter_do_what_they_say(home, portal, capfd):
    configure(home, portal, "".join(blocks("toml")))
    assert main(["--once"]) == 0
    lines = "".join(blocks("sh")).splitlines()
    found = [line.split()[1:] for line in lines if line.startswith("bitsheet-tui ")]
    assert {"privacy", "forget"} == {words[0] for words in found}
    capfd.readouterr()
    assert [main(words) for words in found] == [0] * len(found)
    told = capfd.readouterr()
    assert "contacts.phone: not stored, also in contact_points and activities.communications" in told.out
    assert "contacts 7 is forgotten" in told.err
    assert "contacts 7 is stored again" in told.err
    with closing(sqlite3.connect(home / "bitsheet.db")) as mirror:
        points = mirror.execute("SELECT DISTINCT owner_table FROM contact_points WHERE type = 'PHONE'")
        assert points.fetchall() == [("companies",)]
        titles = mirror.execute(
            "SELECT title FROM field_labels WHERE table_name = 'leads' AND field = 'EMAIL'"
        )
        assert titles.fetchone()[0].endswith("(hashed)")
    assert main(["check"]) == 0
    assert "privacy   ok    leads.phone: not stored" in capfd.readouterr().out


@pytest.mark.slow
@pytest.mark.sample
def test_a_running_instance_forgets_and_no_byte_of_any_file_is_left(home, portal, start, capfd):
    assert main(["--once"]) == 0
    ((id_, number),) = rows(home, PHONES)
    process = start("--no-ui")
    until(process, "cycle 2 done")
    assert main(["forget", "contacts", str(id_)]) == 64
    assert main(["forget", "contacts", str(id_), "--yes"]) == 0
    assert f"contacts {id_} is forgotten: 1 in contacts" in capfd.readouterr().err
    assert main(["resync", "contacts"]) == 0
    until(process, "cycle 3 done")
    assert main(["stop"]) == 0
    assert rows(home, f"SELECT count(*) FROM contacts WHERE id = {id_}") == [(0,)]
    files = [file for file in home.rglob("*") if file.is_file()]
    assert any(file.name == "bitsheet.log" for file in files)
    assert [file for file in files if number.encode() in file.read_bytes()] == []
    assert main(["verify", "contacts"]) == 0
    assert "equal; 1 forgotten" in capfd.readouterr().out


@pytest.mark.slow
def test_a_running_instance_applies_new_rules_when_it_reads_its_configuration_again(
    home, portal, start, capfd
):
    assert main(["--once"]) == 0
    ((_, number),) = rows(home, PHONES)
    process = start("--no-ui")
    until(process, "cycle 2 done")
    configure(home, portal, '[privacy]\nexclude = ["phone"]\nhash = ["email"]\n')
    assert main(["privacy"]) == 0
    assert "stored under other rules" in capfd.readouterr().err
    assert main(["privacy", "--apply"]) == 75
    assert "SIGHUP" in capfd.readouterr().err
    process.send_signal(signal.SIGHUP)
    until(process, "the rules are applied, in")
    until(process, "cycle 3 done")
    assert main(["stop"]) == 0
    assert [f for f in home.rglob("*") if f.is_file() and number.encode() in f.read_bytes()] == []
    assert rows(home, "SELECT count(*) FROM contacts WHERE phone IS NOT NULL") == [(0,)]
    assert main(["verify"]) == 0


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("contacts.phon", "contacts has no such field; did you mean contacts.phone?"),
        ("contract.phone", "no such table; did you mean contacts?"),
        ("nosuchfieldatall", "there is no such field"),
        ("contacts.id", "is needed"),
        ("date_modify", "is needed"),
        ("tasks.CHAT_ID", "is needed"),
        ("contact_points.value", "name the field itself"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_what_was_meant(home, portal, rule, told, capfd):
    configure(home, portal, f'[privacy]\nexclude = ["{rule}"]\n')
    assert main(["privacy"]) == 78
    assert told in capfd.readouterr().err


def test_a_field_in_two_lists_is_refused(home, portal, capfd):
    configure(home, portal, '[privacy]\nexclude = ["phone"]\nmask = ["PHONE"]\n')
    assert main(["privacy"]) == 78
    assert "PHONE is in privacy.exclude, too" in capfd.readouterr().err


def test_rules_come_from_the_environment_too(home, portal):
    environ = {
        "BITSHEET_PRIVACY_HASH": "contacts.UF_CRM_1, email",
        "BITSHEET_PRIVACY_EXCLUDE": "CONTACTS.phone",
    }
    found = load(home / "config.toml", environ).privacy
    assert (found.hash, found.exclude) == (("contacts.UF_CRM_1", "email"), ("CONTACTS.phone",))
    assert found.rules.of("contacts", "phone") == "exclude"
    assert found.rules.of("leads", "EMAIL") == "hash"
    assert found.rules.of("leads", "phone") is None


def test_a_field_that_no_description_has_is_a_warning_of_check(home, portal, capfd):
    configure(home, portal, '[privacy]\nmask = ["deals.uf_crm_nowhere"]\n')
    assert main(["check"]) == 0
    assert "warn  uf_crm_nowhere: no description of deals has such a field" in capfd.readouterr().out


def test_rows_of_other_tables_cannot_be_forgotten(home, capfd):
    assert main(["forget", "departments", "1", "--yes"]) == 64
    assert "cannot be forgotten" in capfd.readouterr().err
