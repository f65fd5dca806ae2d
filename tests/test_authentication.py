"""Tokens, guesses and addresses: what is believed of a request before anything is done for it."""

import pytest

from bitsheet_tui import authentication as auth
from bitsheet_tui.errors import UsageError


@pytest.mark.parametrize(
    "text", ["", "short", "a" * 16, "0123" * 8, "türkçe-türkçe-türkçe", "with\tcontrol\tsigns"]
)
def test_a_token_that_is_easy_to_guess_is_none_and_is_not_quoted(text):
    with pytest.raises(UsageError) as refused:
        auth.need_token(text)
    assert not text or text not in str(refused.value)


def test_tokens_that_are_made_are_taken():
    assert auth.need_token(auth.make_token().reveal())
    assert auth.need_token("8f0c2b5d9a1e4376")


def test_an_address_has_few_guesses_and_gets_more_with_time():
    guesses = auth.Guesses()
    for _ in range(auth.GUESSES):
        assert guesses.wait("10.0.0.1", 100.0) == 0
        guesses.wrong("10.0.0.1", 100.0)
    assert guesses.wait("10.0.0.1", 100.0) == pytest.approx(auth.PAUSE)
    assert guesses.wait("10.0.0.2", 100.0) == 0
    assert guesses.wait("10.0.0.1", 100.0 + auth.PAUSE) == 0


def test_all_addresses_together_have_a_limit_too_and_a_network_counts_as_one():
    guesses = auth.Guesses()
    for number in range(auth.GUESSES_OF_ALL):
        guesses.wrong(f"10.0.{number}.1", 100.0)
    assert guesses.wait("192.0.2.1", 100.0) > 0
    guesses = auth.Guesses()
    for number in range(auth.GUESSES):
        guesses.wrong(f"2001:db8::{number}", 100.0)
    assert guesses.wait("2001:db8::ffff", 100.0) > 0
    assert guesses.wait("2001:db8:1::1", 100.0) == 0


def test_guesses_of_a_day_are_few_however_many_there_are():
    guesses, looked_at = auth.Guesses(), 0
    for second in range(0, 86_400, 3):
        while not guesses.wait("10.0.0.1", second):
            looked_at += 1
            guesses.wrong("10.0.0.1", second)
    assert looked_at <= auth.GUESSES + 86_400 / auth.PAUSE


@pytest.mark.parametrize(
    ("headers", "local"),
    [
        ({"Host": "127.0.0.1:9524"}, True),
        ({"Host": "localhost"}, True),
        ({"Host": "[::1]:9524"}, True),
        ({"Host": "evil.example:9524"}, False),  # whose name leads here
        ({"Host": "127.0.0.1.evil.example"}, False),
        ({"Host": "["}, False),
        ({}, False),
        ({"Host": "127.0.0.1", "X-Forwarded-For": "10.0.0.1"}, False),
        ({"Host": "127.0.0.1", "Forwarded": "for=10.0.0.1"}, False),
    ],
)
def test_a_request_is_local_only_where_it_names_this_host_and_no_proxy_brings_it(headers, local):
    assert auth.names_loopback(headers) is local


def test_a_login_ends_and_the_oldest_gives_way():
    logins = auth.Logins()
    first = {"Cookie": f"c={logins.open(0.0)}"}
    assert logins.left(first, "c", 1.0) == auth.LASTS - 1
    assert logins.left(first, "c", auth.LASTS) == 0
    assert logins.left({"Cookie": "c="}, "c", 1.0) == logins.left({"Cookie": "\x00"}, "c", 1.0) == 0
    for _ in range(auth.MOST):
        logins.open(1.0)
    assert logins.left(first, "c", 1.0) == 0
