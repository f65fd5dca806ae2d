"""The URL of the store: read as libpq reads it, and no part of a password in it is ever shown."""

import re
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitsheet_tui import postgres_url
from bitsheet_tui.cli import main
from bitsheet_tui.config import load
from bitsheet_tui.config.address import without_password
from bitsheet_tui.config.draft import Draft
from bitsheet_tui.errors import ConfigError, StoreUnavailable
from bitsheet_tui.secret import Secret
from bitsheet_tui.store.address import parse

WORDS = ("q7zebra", "x9tiger", "v3llama")
HOSTILE = "?#/@%&=:;,+[]{}()<>\"'`\\|~!$^* \t\n\r.-_0\u00e9\u0130\u2100\uff0f\ufe55\x1b\x7f"
"""Among them what urlsplit rewrites, or refuses and quotes (NFKC)."""
passwords = st.lists(st.text(HOSTILE, max_size=3), min_size=2, max_size=4).map(
    lambda between: "".join(sign + word for sign, word in zip(between, WORDS, strict=False))
)
PLACES = (
    "postgresql://crm:{}@127.0.0.1:1/mirror",
    "postgresql://crm:{}@[::1]:1,db2/mirror?sslmode=require",
    "postgresql://crm:{}@/mirror?host=/run/pg",
    "postgresql://crm@127.0.0.1:1/mirror?password={}&sslmode=disable",
    "postgresql:///mirror?sslpassword={}",
)
EVERYWHERE = [
    example("1?2" + WORDS[0]),
    example("12?3&x9tiger=1"),
    example("1/q7zebra?x9tiger#v3llama"),
    example("q7zebra@x9tiger/v3llama"),
    example("q7zebra%x9tiger"),
    example("q7zebra\u2100x9tiger"),
]


def examples(test):
    for one in EVERYWHERE:
        test = one(test)
    return test


def what_is_said(url: str) -> str:
    """All that a URL can be seen in: its parts, the configuration, what is set up, errors with tracebacks."""
    said = [without_password(url), Draft(path=Path("config.toml"), store=Secret(url)).shown]
    for read in (postgres_url.parse, lambda url: parse(Secret(url), schema="", base=None)):
        try:
            said.append(repr(read(url)))
        except (ValueError, StoreUnavailable) as error:
            said += [repr(error), "".join(traceback.format_exception(error)), getattr(error, "hint", "")]
    try:
        config = load(None, {"BITSHEET_STORE_URL": url})
    except ConfigError as error:
        said += [*error.problems, error.hint, *traceback.format_exception(error)]
    else:
        said += [repr(config), *config.warnings]
    return "\n".join(said)


@settings(max_examples=60, deadline=None)
@examples
@given(passwords)
def test_no_part_of_a_password_is_shown_whatever_signs_are_in_it(password):
    for place in PLACES:
        for written in (password, quote(password, safe="")):
            said = what_is_said(place.format(written))
            assert [word for word in WORDS if word in said] == [], (place, written)


@settings(max_examples=60, deadline=None)
@examples
@given(passwords)
def test_a_password_that_is_percent_encoded_is_taken_as_it_is(password):
    for place in ("postgresql://crm:{}@db1:5433/mirror", "postgresql://crm@db1:5433/mirror?password={}"):
        url = parse(Secret(place.format(quote(password, safe=""))), schema="", base=None)
        assert url.password.reveal() == password
        assert (url.database, url.options) == ("mirror", {"host": "db1", "port": "5433", "user": "crm"})


@settings(max_examples=100, deadline=None)
@given(passwords)
def test_a_password_that_is_not_is_taken_as_it_is_or_refused_with_what_to_do(password):
    written = f"postgresql://crm:{password}@db1/mirror"
    if set(password) & set("/?#") or re.search("%(?![0-9a-fA-F]{2})", password):
        with pytest.raises(ValueError, match="percent-encode"):
            postgres_url.parse(written)
    else:
        url = postgres_url.parse(written)
        assert (url.password.reveal(), url.hosts) == (password, (("db1", ""),))


@pytest.mark.parametrize("url", ["postgresql://u:q7zebra/db", "postgresql://u:q7zebra", "postgresql://u:12"])
def test_an_address_without_its_host_is_not_quoted(url):
    with pytest.raises(ConfigError) as caught:
        load(None, {"BITSHEET_STORE_URL": f"{url}5q7zebra"})
    assert "q7zebra" not in str(caught.value) + repr(caught.value.problems)


@pytest.mark.parametrize("sign", ["?", "#", "/", "%"])
def test_check_and_status_refuse_a_password_with_a_sign_that_ends_it(sign, capfd, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for command in (["check"], ["status"], ["status", "--check"], ["--once"]):
        monkeypatch.setenv("BITSHEET_STORE_URL", f"postgresql://crm:12{sign}q7zebra@db1/mirror")
        assert main(command) == 78
    said = "".join(capfd.readouterr())
    assert "percent-encode the password" in said
    assert "q7zebra" not in said


def test_an_option_that_there_is_not_is_not_quoted():
    """What stands behind an & in a password that is no option of libpq's is the rest of it."""
    with pytest.raises(ConfigError) as caught:
        load(None, {"BITSHEET_STORE_URL": "postgresql://crm@127.0.0.1:1/m?password=q7zebra&x9tiger=1"})
    (problem,) = caught.value.problems
    assert "percent-encode that (& as %26)" in problem
    assert not any(word in problem for word in WORDS)


def test_a_password_of_a_key_is_no_option_that_is_shown():
    url = "postgresql://u@h/d?sslpassword=abc&scram_client_key=def&sslmode=require&password=x"
    address = parse(Secret(url), schema="", base=None)
    assert address.options == {"sslmode": "require", "host": "h", "user": "u"}
    assert {name: one.reveal() for name, one in address.secrets.items()} == {
        "sslpassword": "abc", "scram_client_key": "def",
    }  # fmt: skip
    assert address.password.reveal() == "x"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://crm@h1:1,[::1]:2/d?sslmode=require&options=-c%20a%3Db", None),
        ("postgresql:///d?host=/run/pg", None),
        ("postgresql://u@h/d?", "postgresql://u@h/d"),
        ("postgresql://u@h/d?scram_client_key=abc", "postgresql://u@h/d?scram_client_key=***"),
        ("postgresql://u:p?w@h/d", "postgresql://***"),
    ],
)
def test_what_is_no_password_is_shown_as_it_is_written(url, shown):
    assert postgres_url.shown(url) == (shown or url)
