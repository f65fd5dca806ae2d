"""Messages through real channels: Apprise in its own process, servers on loopback."""

import asyncio
import sys
from datetime import UTC, datetime

import pytest
from aiosmtpd.smtp import SMTP

from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.cli import main
from bitsheet_tui.errors import ConfigError
from bitsheet_tui.notify import sender
from bitsheet_tui.notify.channels import Sending, channels, need_apprise
from bitsheet_tui.notify.policy import Message, Sort
from bitsheet_tui.notify.wording import LONGEST, Text, put
from bitsheet_tui.secret import Secret
from bitsheet_tui.ui.language import speaking
from tests.support.commands import CODE, configure
from tests.support.listeners import silent_server, web_server

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TEXT = Text(title="a title", body="deals: trouble\nhelp", kind="warning")


def alert(text="trouble", table="deals", hint="Look at <b>it</b>."):
    return Alert(kind=Kind.TABLE_REFUSED, about=table, tables=(table,), text=text, hint=hint, since=NOW)


def test_a_message_arrives_through_a_channel_and_one_that_refuses_is_named():
    with web_server() as well, web_server() as ill:
        ill.status = 500
        through = channels([well.channel(), ill.channel(), "nosuch://place", "json://127.0.0.1:1/"])
        told = Sending().send(TEXT, through)
        assert [one.name for one in through] == ["json 1", "json 2", "nosuch 3", "json 4"]
        why = [told[one.key] for one in through]
        assert why[0] == ""
        assert why[1].startswith("it does not take the message")
        assert why[2] == "Apprise does not know such an address"
        assert why[3].startswith("it does not take the message")
        assert "s3cr3tt0k3n" not in "".join(why)
        assert "apprise" not in sys.modules  # it is in the other process
        (message,) = well.posted
        assert (message["title"], message["message"], message["type"]) == (TEXT.title, TEXT.body, "warning")


@pytest.mark.slow
def test_a_channel_that_hangs_is_ended_and_the_others_are_not_held_up():
    with silent_server() as port, web_server() as well:
        through = channels([f"json://127.0.0.1:{port}/?rto=60&cto=60", well.channel()])
        told = Sending(seconds=1.5).send(TEXT, through)
        assert [told[one.key] for one in through] == ["it does not answer in time", ""]
        assert len(well.posted) == 1


@pytest.mark.slow
async def test_a_message_arrives_as_mail():
    mails = []

    class Mailbox:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
            mails.append((envelope.rcpt_tos, envelope.content.decode()))
            return "250 OK"

    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Mailbox()), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = channels([f"mailto://127.0.0.1:{port}?from=crm@example.com&to=ops@example.com&mode=insecure"])
    told = await asyncio.to_thread(Sending().send, TEXT, through)
    server.close()
    assert [*told.values()] == [""]
    ((to, mail),) = mails
    assert to == ["ops@example.com"]
    assert "Subject: a title" in mail
    assert "deals: trouble" in mail


def test_what_apprise_says_is_told_without_any_part_of_the_address():
    address = "slack://t0kenone/t0kentwo/t0kenthree/#general?x=s3cret"
    said = sender.scrub(f"{address} failed: t0kentwo, s3cret at general", address)
    assert said == "*** failed: ***, *** at ***"


def test_without_apprise_the_error_says_what_to_install():
    with pytest.raises(ConfigError, match="Apprise, which is not installed") as caught:
        need_apprise(lambda _: None)
    assert "extra notify" in caught.value.hint


# --- the words ---------------------------------------------------------------------------------------------


def test_a_message_says_what_since_when_and_what_to_do():
    text = put(Message(sort=Sort.BEGUN, alerts=(alert(),)), "acme.example.com", NOW)
    since = NOW.astimezone().strftime("%H:%M")
    assert text.title == "acme.example.com: trouble with deals"
    assert text.body == f"deals: trouble (since {since})\nLook at <b>it</b>."
    assert text.kind == "failure"


def test_the_row_that_a_server_complains_about_is_not_in_a_message():
    said = "the store refuses a statement: value too long. DETAIL:  Failing row contains (5, Big Deal)."
    text = put(Message(sort=Sort.BEGUN, alerts=(alert(said),)), "acme.example.com", NOW)
    assert "Big Deal" not in text.body
    assert "value too long" in text.body


def test_a_message_is_spoken_in_turkish():
    with speaking("tr"):
        text = put(Message(sort=Sort.OVER, alerts=(alert(),), seconds=7200), "acme.example.com", NOW)
    assert (text.title, text.kind) == ("acme.example.com: 2 sa 00 dk sonra düzeldi", "success")


def test_a_message_holds_no_secret_no_control_character_and_not_more_than_a_thousand_characters():
    Secret("w3bh00kc0de")
    ill = [alert(f"\x1b]0;x\x07 w3bh00kc0de {'x' * 500}", f"t{number}") for number in range(40)]
    text = put(Message(sort=Sort.BEGUN, alerts=tuple(ill)), "acme.example.com", NOW)
    assert len(text.body) <= LONGEST
    assert text.body.endswith("more")
    assert not {"\x1b", "\x07"} & set(text.body)
    assert "w3bh00kc0de" not in text.body


# --- the command -------------------------------------------------------------------------------------------

HOOK = f"https://acme.example.com/rest/7/{CODE}/"


def test_the_command_tries_every_channel_and_names_those_that_failed(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with web_server() as well, web_server() as ill:
        ill.status = 403
        configure(tmp_path, HOOK, f'[notify]\nurls = ["{well.channel()}", "{ill.channel()}"]\n')
        assert main(["notify", "--test"]) == 1
        out = capfd.readouterr().out.splitlines()
        assert out[0].split() == ["json", "1", "ok"]
        assert out[1].startswith("json 2        FAIL  it does not take the message")
        assert "s3cr3tt0k3n" not in "".join(out)
        assert well.titles() == ["acme.example.com: a test message"]
        assert CODE not in str(well.posted)
        ill.status = 200
        assert main(["notify", "--test"]) == 0


def test_the_command_without_a_channel_is_bad_configuration(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, HOOK)
    assert main(["notify", "--test"]) == 78
    assert "notify.urls is empty" in capfd.readouterr().err
