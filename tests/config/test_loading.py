"""What the configuration says, from wherever it says it."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from bitsheet_tui.config import Config, load, need_webhook
from bitsheet_tui.config.loading import TYPES
from bitsheet_tui.config.settings import INERT
from bitsheet_tui.errors import ConfigError
from bitsheet_tui.secret import redact

HOOK = "https://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/"
EXAMPLE = Path(__file__).parents[2] / "config.toml.example"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test starts in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(Path("config.toml"), text), environ or {})
    return caught.value.problems


def test_the_example_holds_every_setting_and_its_default(folder):
    example = write(folder / "config.toml", EXAMPLE.read_text(encoding="utf-8"))
    told = {
        f"{section}.{key}"
        for section, keys in tomllib.loads(example.read_text(encoding="utf-8")).items()
        for key in keys
    }
    assert told == set(TYPES)
    from_example, without = load(example, {}), load(None, {"BITSHEET_CONFIG": "", "XDG_CONFIG_HOME": "none"})
    for name in ("portal", "store", "sync", "log", "metrics", "notify", "ui", "table", "store_url"):
        assert getattr(from_example, name) == getattr(without, name), name


def test_the_extra_table_of_the_example_works_once_it_is_uncommented(folder):
    text = EXAMPLE.read_text(encoding="utf-8")
    start = text.index("# [[table]]")
    config = load(write(folder / "c.toml", text[:start] + text[start:].replace("# ", "")), {})
    assert [(table.name, table.smart_process) for table in config.table] == [("contracts", 174)]


def test_places_are_looked_at_in_the_documented_order(folder):
    for name in ("given", "named", "config", "home/bitsheet-tui/config"):
        write(folder / f"{name}.toml", f"[log]\nretention = {len(name)}\n")
    environ = {"BITSHEET_CONFIG": "named.toml", "XDG_CONFIG_HOME": "home"}
    assert load(Path("given.toml"), dict(environ)).log.retention == len("given")
    assert load(None, dict(environ)).log.retention == len("named")
    del environ["BITSHEET_CONFIG"]
    assert load(None, dict(environ)).log.retention == len("config")
    (folder / "config.toml").unlink()
    assert load(None, dict(environ)).log.retention == len("home/bitsheet-tui/config")
    assert load(None, {"XDG_CONFIG_HOME": "nowhere"}).path is None


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("BITSHEET_PORTAL_REQUESTS_PER_SECOND", "5", 5.0),
        ("BITSHEET_STORE_SCHEMA", "crm", "crm"),
        ("BITSHEET_STORE_KEEP_RAW", "true", True),
        ("BITSHEET_SYNC_TABLES", "deals, contacts,", ("deals", "contacts")),
        ("BITSHEET_LOG_LEVEL", "debug", "DEBUG"),
        ("BITSHEET_LOG_FILE", "", ""),
        ("BITSHEET_METRICS_LISTEN", "127.0.0.1:9524", "127.0.0.1:9524"),
        ("BITSHEET_NOTIFY_REMINDER", "60", 60),
    ],
)
def test_the_environment_wins_over_the_file(variable, text, value):
    file = write(Path("config.toml"), "[portal]\nrequests_per_second = 1\n[notify]\nreminder = 7\n")
    section, _, key = variable.removeprefix("BITSHEET_").lower().partition("_")
    config = load(file, {variable: text})
    assert getattr(getattr(config, section), key) == value


def test_an_empty_number_in_the_environment_is_a_number_not_given():
    assert load(None, {"BITSHEET_SYNC_INTERVAL": ""}).sync.interval == 300


def test_every_problem_is_told_at_once_with_its_line_and_the_nearest_setting():
    text = "\n".join(  # noqa: FLY002 - lines are counted below
        [
            "[portal]",
            "burst = 0",
            "",
            "[sync]",
            "intervall = 60",
            "deletion_guard = 2",
            'static_every = "often"',
            'tables = ["deal"]',
            "[stor]",
            'url = "x"',
            "[log]",
            "interval = 3",
            "retention = 1.5",
            "[[table]]",
            'name = "leads"',
            "smart_process = 1",
        ]
    )
    assert problems(text, {"BITSHEET_SYNC_OVERLAP": "-1", "BITSHEET_LOG_LEVLE": "x"}) == [
        "sync.intervall: no such setting; did you mean sync.interval? (config.toml, line 5)",
        "stor: no such section; did you mean store? (config.toml, line 9)",
        "log.interval: no such setting; did you mean sync.interval? (config.toml, line 12)",
        "BITSHEET_LOG_LEVLE: no such setting; did you mean BITSHEET_LOG_LEVEL? (environment)",
        "portal.burst: must be a whole number, 1 or more (config.toml, line 2)",
        "sync.deletion_guard: must be a number from 0 to 1 (config.toml, line 6)",
        "sync.static_every: must be a whole number, 1 or more (config.toml, line 7)",
        "log.retention: must be a whole number, 1 or more (config.toml, line 13)",
        "sync.overlap: must be a whole number, 0 or more (environment)",
        "table.name: leads is taken; choose another name (config.toml, line 14)",
        "sync.tables: no such table; did you mean deals? (config.toml, line 8)",
    ]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("sync = 3", "sync: must be a section, [sync]"),
        ("interval = 60", "interval: no such setting; did you mean sync.interval?"),
        ("[table]\nname = 1", "table: must be written [[table]]"),
        ("[[table]]\nname = 'No'", "table: needs a name"),
        ("[sync]\ninterval = 0", "sync.interval: must be a number above 0"),
        ("[sync]\ninterval = nan", "sync.interval: must be a number above 0"),
        ("[sync]\ninterval = inf", "sync.interval: must be a number above 0"),
        ("[sync]\ntables = 'deals'", "sync.tables: must be a list of texts"),
        ("[sync]\ntables = [1]", "sync.tables: must be a list of texts"),
        ("[sync]\ntables = ['zzz']", "sync.tables: no such table; there are leads, contacts"),
        ("[store]\nkeep_raw = 1", "store.keep_raw: must be true or false"),
        ("[store]\nschema = 'a b'", "store.schema: must be empty, or a name"),
        ("[store]\nurl = 'mysql://u:p@h/d'", "store.url: must begin with sqlite:/// or postgresql://"),
        ("[store]\nurl = 'bitsheet.db'", "store.url: must begin with sqlite:/// or postgresql://"),
        ("[store]\nurl = 'sqlite:///'", "store.url: must name a file"),
        ("[store]\nurl = 'sqlite://x.db'", "store.url: must name a file"),
        ("[store]\nurl = 'postgresql://u:p@h:99999/d'", "store.url: is not an address"),
        ("[log]\nlevel = 'LOUD'", "log.level: must be DEBUG, INFO"),
        ("[log]\nrotation = 'daily'", 'log.rotation: must be a size such as "10 MB"'),
        ("[metrics]\nlisten = '9524'", "metrics.listen: must be empty, or a host and a port"),
        ("question = 3", "question: must be written [[question]]"),
        ("[[question]]\nname = 'q'\nsql = 'SELECT 1'", "question.every: is missing"),
        (
            "[[question]]\nname = 'q'\nevery = '1h'\nsql = 'DELETE FROM deals'",
            "question.sql: must be one SELECT",
        ),
        (
            "[[question]]\nname = 'q'\nsql = 'SELECT 1'\nevery = 'often'",
            "question.every: must be a time such as",
        ),
        (
            "[[question]]\nname = 'q'\nsql = 'SELECT 1'\nevery = '1s'",
            "question.every: must be from 10 seconds",
        ),
        ("[[question]]\nname = ''\nsql = 'SELECT 1'\nevery = '1h'", "question.name: must be a text"),
        (
            "[[question]]\nname = 'q'\nsql = 'SELECT 1'\nevery = '1h'\nevry = 1",
            "question.evry: no such setting; did you mean question.every?",
        ),
        ("[metrics]\nlisten = '127.0.0.1:70000'", "metrics.listen: the port must be at most 65535"),
        ("[metrics]\nlisten = '0.0.0.0:9524'", "metrics.listen: others than this host may ask there"),
        ("[metrics]\nlisten = '[::]:9524'", "metrics.listen: others than this host may ask there"),
        ("[metrics]\nlisten = 'crm.example.com:9524'", "metrics.listen: others than this host may ask there"),
        ("[metrics]\nlisten = 'localhost:9524'\ntoken_file = 'none'", "metrics.token_file: the token file "),
        ("[notify]\nheartbeat_url = 'ftp://x'", "notify.heartbeat_url: must be an https:// address"),
        ("[portal]\nconcurrency = 51", "portal.concurrency: must be a whole number from 1 to 50"),
        ("[portal]\nwebhook_file = 'none'", "portal.webhook_file: "),
    ],
)
def test_a_wrong_setting_is_refused_in_words(setting, said):
    (problem,) = problems(setting)
    assert problem.startswith(said)
    assert "(config.toml, line " in problem


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[sync\n", "is not TOML"),
        (b"\xff\xfea\x00", "is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named(content, said):
    Path("config.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load(None, {})


def test_a_given_file_that_is_not_there_is_an_error():
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read: No such file"):
        load(Path("nowhere.toml"), {})


def test_a_byte_order_mark_is_no_problem():
    Path("config.toml").write_bytes(b"\xef\xbb\xbf[sync]\ninterval = 60\n")
    assert load(None, {}).sync.interval == 60


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/", "must be https"),
        ("ftp://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/", "must begin with https://"),
        ("acme.example.com/rest/7/k3yk3yk3yk3yk3yk/", "must begin with https://"),
        ("https://me:pw@acme.example.com/rest/7/k3yk3yk3yk3yk3yk/", "must not contain a user name"),
        ("https:///rest/7/k3yk3yk3yk3yk3yk/", "names no host"),
        ("https://acme.example.com:port/rest/7/k3yk3yk3yk3yk3yk/", "is not an address"),
        ("https://acme.example.com/rest/k3yk3yk3yk3yk3yk/", "must end with /rest/USER/CODE/"),
        ("https://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/profile.json", "must end with /rest/USER/CODE/"),
        ("https://acme.example.com/rest/7/k3yk3yk3yk3yk3yk/?x=1", "must end with /rest/USER/CODE/"),
        ("https://acme.example.com/rest/7/k3yk3yk 3yk3yk3yk/", "contains blanks"),
    ],
)
def test_a_bad_webhook_is_refused_without_showing_it(address, said):
    (problem,) = problems(f"[portal]\nwebhook_url = '{address}'\n")
    assert problem.startswith(f"portal.webhook_url: {said}")
    assert problem.endswith("(config.toml, line 2)")
    assert "k3y" not in problem
    assert "k3yk3y" not in redact(f"seen {address}")


@pytest.mark.parametrize(
    "address",
    [
        "https://acme.example.com/rest/7/k3yk3yk3yk3yk3yk",
        "http://127.0.0.1:8080/rest/1/k3yk3yk3yk3yk3yk/",
        "http://[::1]:8080/rest/1/k3yk3yk3yk3yk3yk/",
        "http://localhost/rest/1/k3yk3yk3yk3yk3yk/",
        "https://портал.example/rest/1/k3yk3yk3yk3yk3yk/",
    ],
)
def test_a_good_webhook_ends_with_a_slash(address):
    config = load(None, {"BITSHEET_WEBHOOK": address})
    assert config.webhook.reveal() == address.rstrip("/") + "/"


def test_the_first_place_that_holds_a_webhook_counts():
    def hook(number: int) -> str:
        return f"https://acme.example.com/rest/{number}/k3yk3yk3yk3yk3yk/"

    write(Path("creds/webhook"), hook(1) + "\n")
    write(Path("two"), hook(2))
    write(Path("three"), hook(3))
    write(Path("six"), hook(6))
    file = write(Path("config.toml"), f"[portal]\nwebhook_file = 'six'\nwebhook_url = '{hook(7)}'\n")
    environ = {
        "CREDENTIALS_DIRECTORY": "creds",
        "BITSHEET_WEBHOOK_FILE": "two",
        "BITSHEET_PORTAL_WEBHOOK_FILE": "three",
        "BITSHEET_WEBHOOK": hook(4),
        "BITSHEET_PORTAL_WEBHOOK_URL": hook(5),
    }
    for number, name in enumerate([*environ, ""], start=1):
        left = dict(environ)
        assert load(file, left).webhook.reveal() == hook(number)
        assert "BITSHEET_WEBHOOK" not in left
        assert "BITSHEET_PORTAL_WEBHOOK_URL" not in left
        environ.pop(name, None)
    file.write_text(f"[portal]\nwebhook_url = '{hook(7)}'\n", encoding="utf-8")
    assert load(file, {}).webhook.reveal() == hook(7)


def test_a_webhook_that_is_given_but_not_used_is_hidden_too():
    load(None, {"BITSHEET_WEBHOOK": HOOK, "BITSHEET_PORTAL_WEBHOOK_URL": HOOK.replace("k3y", "0ld")})
    assert redact("code 0ld0ld0ld0ld0ldk") == "code ***"


def test_without_a_webhook_the_error_says_how_to_get_one():
    with pytest.raises(ConfigError, match="no webhook is configured") as caught:
        need_webhook(load(None, {}))
    assert "bitsheet-tui init" in caught.value.hint
    assert need_webhook(load(None, {"BITSHEET_WEBHOOK": HOOK})).reveal() == HOOK


def test_secrets_are_in_no_representation_and_are_hidden_everywhere():
    store = "postgresql://crm:p%40ssw0rd@db1/mirror?password=an0therone"
    environ = {"BITSHEET_WEBHOOK": HOOK, "BITSHEET_STORE_URL": store}
    config = load(None, environ)
    for secret in ("k3yk3yk3yk3yk3yk", "p%40ssw0rd", "p@ssw0rd", "an0therone"):
        assert secret not in repr(config)
        assert secret not in redact(f"at {secret}.")
    assert config.store_url.reveal() == store
    assert config.store.url == "postgresql://crm:***@db1/mirror?password=***"
    assert environ == {}


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_secret_in_a_file_that_others_may_read_is_a_warning(mode):
    text = (
        f"[portal]\nwebhook_url = '{HOOK}'\n[store]\nurl = 'postgresql://u:secret1@h/d?sslmode=verify-full'\n"
    )
    config = load(write(Path("config.toml"), text, mode), {})
    assert [warning.partition(" holds ")[2].partition(" and")[0] for warning in config.warnings] == [
        "the webhook",
        "the store's password",
    ]
    assert load(write(Path("config.toml"), text), {}).warnings == ()
    assert load(write(Path("config.toml"), "[sync]\ninterval = 5\n", mode), {}).warnings == ()


def test_a_webhook_file_that_others_may_read_is_a_warning():
    write(Path("hook"), HOOK, 0o644)
    (warning,) = load(None, {"BITSHEET_WEBHOOK_FILE": "hook"}).warnings
    assert "chmod 600" in warning


@pytest.mark.parametrize(("content", "said"), [("", "is empty"), ("\udcff", "is not a text file")])
def test_a_useless_webhook_file_is_an_error(content, said):
    Path("hook").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=said):
        load(None, {"BITSHEET_WEBHOOK_FILE": "hook"})


def test_relative_paths_start_at_the_configuration_file(folder):
    write(folder / "etc/hook", HOOK)
    text = "[portal]\nwebhook_file = 'hook'\n[store]\nurl = 'sqlite:///data/crm.db'\n[log]\nfile = 'x.log'\n"
    config = load(write(folder / "etc/config.toml", text), {})
    assert config.webhook.reveal() == HOOK
    assert (config.store_url.reveal(), config.base) == ("sqlite:///data/crm.db", folder / "etc")
    assert config.log.file == str(folder / "etc/x.log")
    assert load(None, {}).base == folder


def test_absolute_paths_and_homes_stay(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    config = load(None, {"BITSHEET_STORE_URL": "sqlite:////var/x.db", "BITSHEET_LOG_FILE": "~/x.log"})
    assert config.store_url.reveal() == "sqlite:////var/x.db"
    assert config.log.file == str(folder / "x.log")
    assert (
        load(None, {"BITSHEET_STORE_URL": "sqlite:///~/x.db"}).store_url.reveal()
        == f"sqlite:///{folder}/x.db"
    )


def test_the_configuration_cannot_be_changed():
    config = load(None, {})
    with pytest.raises(AttributeError):
        config.path = Path("x")
    assert isinstance(config, Config)


def test_questions_are_read_with_their_spans_and_each_fault_has_its_line():
    text = """
[notify]
urls = ["json://127.0.0.1/t0k3nt0k3n"]
[[question]]
name = "lost"
sql = '''
-- all of them
(SELECT 1)
'''
every = "5 min"
[[question]]
name = "won"
sql = "WITH x AS (SELECT 1) SELECT * FROM x"
every = "1.5h"
"""
    config = load(write(Path("config.toml"), text), {})
    assert [(one.name, one.every) for one in config.question] == [("lost", 300.0), ("won", 5400.0)]
    assert config.warnings == ()
    text = text.replace("won", "lost").replace("SELECT 1)\n", "DROP x)\n")
    assert problems(text) == [
        "question.sql: must be one SELECT: it is only read (config.toml, line 6)",
    ]
    text = text.replace("DROP x)", "SELECT 1)")
    assert problems(text) == ["question.name: lost is taken; choose another name (config.toml, line 12)"]
    unheard = text.replace("lost", "q", 1).replace("urls", "# urls")
    assert "no effect without notify.urls" in load(write(Path("config.toml"), unheard), {}).warnings[0]


def test_a_setting_that_nothing_goes_by_yet_is_a_warning():
    text = "[sync]\ndeletion_guard = 0.05\n[[table]]\nname = 'x'\nsmart_process = 1\n"
    assert load(write(Path("config.toml"), text), {}).warnings == ("[[table]] has no effect in this version",)


def test_the_example_says_which_settings_nothing_goes_by_yet():
    section = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        section = line if line.startswith("[") else section
        if (found := re.match(r"(\w+) = ", line)) and not line.startswith("#"):
            key = f"{section[1:].partition(']')[0]}.{found[1]}"
            assert ("no effect yet" in line or "no effect yet" in section) == (key in INERT), key


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://crm:p@ss-w0rd-canary@h/d", "postgresql://crm:***@h/d"),
        ("postgresql://crm:abc@h/d", "postgresql://crm:***@h/d"),
        ("postgresql://crm:ab:c@[::1]:5433/d", "postgresql://crm:***@[::1]:5433/d"),
        ("postgresql://crm@h1:1,h2/d?sslpassword=abc&sslmode=require&password=x",
         "postgresql://crm@h1:1,h2/d?sslpassword=***&sslmode=require&password=***"),
    ],
)  # fmt: skip
def test_no_password_of_the_store_is_shown_whatever_is_in_it(url, shown):
    assert load(None, {"BITSHEET_STORE_URL": url}).store.url == shown


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("postgresql://u@db1/d", True),
        ("postgresql://u@db1/d?sslmode=verify-ca", True),
        ("postgresql://u@localhost,db1/d", True),
        ("postgresql://u@[2001:db8::1]:5432/d", True),
        ("postgresql:///d?host=db1", True),
        ("postgresql://u@db1/d?sslmode=verify-full", False),
        ("postgresql://u@localhost,[::1]:5433/d", False),
        ("postgresql://u@%2Frun%2Fpostgresql/d", False),
        ("postgresql:///d", False),
        ("sqlite:///m.db", False),
    ],
)
def test_a_connection_to_another_host_that_may_be_in_clear_text_is_a_warning(url, warned, monkeypatch):
    monkeypatch.delenv("PGSSLMODE", raising=False)
    monkeypatch.delenv("PGHOST", raising=False)
    found = [one for one in load(None, {"BITSHEET_STORE_URL": url}).warnings if "verify-full" in one]
    assert bool(found) is warned


@pytest.mark.parametrize("whose", ["another user", "everybody"])
def test_a_configuration_of_others_in_the_current_folder_is_refused_and_a_named_one_is_a_warning(
    whose, monkeypatch
):
    path = write(Path("config.toml"), "[sync]\ninterval = 5\n", 0o666 if whose == "everybody" else 0o600)
    if whose == "another user":
        monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
        facts = path.stat()
        stranger = os.stat_result((*facts[:4], 4711, *facts[5:]))
        monkeypatch.setattr(Path, "lstat", lambda _: stranger)
    with pytest.raises(ConfigError, match=whose) as caught:
        load(None, {})
    assert caught.value.exit_code == 78
    (warning,) = load(path, {}).warnings
    assert whose in warning


def test_whoever_else_may_ask_for_metrics_needs_the_token_of_a_file(tmp_path):
    Path("token").write_text("s3same-0pen-s3same\n")
    Path("token").chmod(0o600)
    loaded = load(
        write(Path("config.toml"), "[metrics]\nlisten = '0.0.0.0:9524'\ntoken_file = 'token'\n"), {}
    )
    assert loaded.metrics.address == ("0.0.0.0", 9524)
    assert loaded.metrics_token.reveal() == "s3same-0pen-s3same"
    assert "s3same" not in repr(loaded)
    Path("token").chmod(0o644)
    assert "chmod 600" in "".join(
        load(
            write(Path("config.toml"), "[metrics]\nlisten = '[::1]:9524'\ntoken_file = 'token'\n"), {}
        ).warnings
    )


@pytest.mark.parametrize("content", ["short", "aaaaaaaaaaaaaaaaaaaa", "", "\x00\x01binary-binary-binary"])
def test_a_token_that_is_easy_to_guess_is_refused_and_not_quoted(content):
    Path("token").write_text(content)
    (problem,) = problems("[metrics]\nlisten = '127.0.0.1:9524'\ntoken_file = 'token'\n")
    assert problem.startswith("metrics.token_file: the token must")
    assert not content or content not in problem
