"""Reads every source of settings and says everything that is wrong with them at once."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from bitsheet_tui import authentication, cron, quiet
from bitsheet_tui.config import address
from bitsheet_tui.config.findings import Findings, near
from bitsheet_tui.config.questions import questions
from bitsheet_tui.config.settings import INERT, SECTIONS, Config, ExtraTable, Question
from bitsheet_tui.config.source import Source, find, read, stranger
from bitsheet_tui.config.webhook import find_webhook
from bitsheet_tui.errors import ConfigError, UsageError
from bitsheet_tui.privacy.rules import Rule, parse
from bitsheet_tui.secret import Secret, conceal
from bitsheet_tui.tables import CATALOGUE

PREFIX = "BITSHEET_"
HIGHEST_PORT = 65535
WEBHOOK = frozenset({"portal.webhook_url", "portal.webhook_file"})  # found by find_webhook
SECRETS = frozenset({"store.url", "notify.urls", "notify.heartbeat_url"})
TYPES: dict[str, Any] = {
    f"{section}.{one.name}": one.type
    for section, struct in SECTIONS.items()
    for one in msgspec.structs.fields(struct)
}
DEFAULTS: dict[str, Any] = {
    f"{section}.{one.name}": one.default
    for section, struct in SECTIONS.items()
    for one in msgspec.structs.fields(struct)
}
VARIABLES = {PREFIX + key.replace(".", "_").upper(): key for key in TYPES}
LISTS = ("table", "question")  # [[table]], [[question]]
ELSEWHERE = frozenset({"BITSHEET_CONFIG", "BITSHEET_WEBHOOK", "BITSHEET_WEBHOOK_FILE"})


class Given(Struct, frozen=True, kw_only=True):
    """One setting as somebody gave it."""

    value: Any
    where: str  # "config.toml, line 14" or "environment"
    textual: bool = False  # from the environment, where everything is text


def load(path: Path | None, environ: MutableMapping[str, str], *, looking: bool = False) -> Config:
    """The configuration of `path`, or of the usual places, under what the environment says.

    Variables that hold a secret are removed from `environ`. Who is only `looking` at a mirror does without a
    webhook that cannot be read. Raises ConfigError with every problem.
    """
    source = read(find(path, environ))
    findings = Findings()
    given = {**dict(_from_file(source, findings)), **dict(_from_environment(environ, findings))}
    values = dict(DEFAULTS)
    for key, one in given.items():
        if (value := _convert(key, one, findings)) is not None:
            values[key] = value
    extra = tuple(_extra_tables(source, findings))
    asked = tuple(questions(source, findings))
    webhook = find_webhook(source, values, environ, Findings() if looking else findings)
    store_url = _refine(values, given, source.base, findings)
    _check_tables(values, given, extra, findings)
    _check_privacy(values, given, findings)
    _check_schedule(values, given, findings)
    metrics_token = _check_metrics(values, given, findings)
    if findings.problems:
        raise ConfigError(findings.problems)
    if source.path and (owner := stranger(source.path)):
        findings.warnings.append(f"{source.path} belongs to {owner} who can let the mirror be anywhere")
    findings.warnings += [*_shared(source, values), *_without_effect(values, extra, asked)]
    if host := address.unchecked_host(store_url):
        findings.warnings.append(
            f"store.url: {host} is another host, and the connection may be in clear text or to anybody:"
            " add ?sslmode=verify-full, and sslrootcert if its authority is your own"
        )
    values |= {"portal.webhook_url": "", "store.url": address.without_password(values["store.url"])}
    return Config(
        **{name: _section(name, values) for name in SECTIONS},
        table=extra,
        question=asked,
        webhook=webhook,
        metrics_token=metrics_token,
        store_url=Secret(store_url),
        path=source.path,
        warnings=tuple(findings.warnings),
        origins={key: one.where for key, one in given.items()},
    )


def need_webhook(config: Config) -> Secret:
    """The webhook. Raises ConfigError where none is configured."""
    if not config.webhook:
        raise ConfigError(
            ["no webhook is configured"],
            "run `bitsheet-tui init`, or try `bitsheet-tui --demo`, which needs none",
        )
    return config.webhook


# --- where settings come from -----------------------------------------------------------------------------


def _from_file(source: Source, findings: Findings) -> Iterator[tuple[str, Given]]:
    for section, content in source.values.items():
        if section in LISTS:
            continue
        if section not in SECTIONS:
            what = "section" if isinstance(content, dict) else "setting"
            findings.wrong(section, f"no such {what}{_nearest(section)}", source.where(section))
        elif not isinstance(content, dict):
            findings.wrong(section, f"must be a section, [{section}]", source.where(section))
        else:
            for name, value in content.items():
                key = f"{section}.{name}"
                if key in TYPES:
                    yield key, Given(value=value, where=source.where(key))
                else:
                    findings.wrong(key, f"no such setting{_nearest(key)}", source.where(key))


def _nearest(key: str) -> str:
    """`; did you mean sync.interval?`, where something is near enough."""
    section, _, name = key.rpartition(".")
    same_name = [known for known in TYPES if known.endswith(f".{name}")]
    names = [known.rpartition(".")[2] for known in TYPES]
    candidates = (
        near(key, [k for k in TYPES if k.startswith(f"{section}.")], 0.75)
        or (not section and near(key, [*SECTIONS, *LISTS]))
        or same_name
        or near(key, TYPES, 0.75)
        or [k for k in TYPES if k.rpartition(".")[2] in near(name, names, 0.75)]
    )
    return f"; did you mean {candidates[0]}?" if candidates else ""


def _from_environment(environ: MutableMapping[str, str], findings: Findings) -> Iterator[tuple[str, Given]]:
    for variable in [name for name in environ if name.startswith(PREFIX)]:
        key = VARIABLES.get(variable)
        if key in WEBHOOK or variable in ELSEWHERE:
            continue
        if key is None:
            section = variable.removeprefix(PREFIX).partition("_")[0].lower()
            if section in SECTIONS:
                alike = near(variable, VARIABLES)
                hint = f"; did you mean {alike[0]}?" if alike else ""
                findings.wrong(variable, f"no such setting{hint}", "environment")
            continue
        text = environ.pop(variable) if key in SECRETS else environ[variable]
        if text or isinstance(DEFAULTS[key], str | tuple):  # an empty number is a number not given
            yield key, Given(value=text, where="environment", textual=True)


# --- what settings may be ---------------------------------------------------------------------------------


def _convert(key: str, one: Given, findings: Findings) -> Any:
    """The value in its type; None after saying what is wrong. Values are never quoted: they may be secret."""
    value = one.value
    if one.textual and isinstance(DEFAULTS[key], tuple):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if key == "log.level" and isinstance(value, str):
        value = value.upper()
    try:
        return msgspec.convert(value, TYPES[key], strict=not one.textual)
    except msgspec.ValidationError:
        _, meta = get_args(TYPES[key])
        findings.wrong(key, f"must be {meta.description}", one.where)
        return None


def _refine(values: dict[str, Any], given: Mapping[str, Given], base: Path, findings: Findings) -> str:
    """Checks addresses and makes paths absolute, in place; returns the store's whole address."""
    for url in values["notify.urls"]:
        conceal(url)
    if values["metrics.token_file"]:
        values["metrics.token_file"] = str(address.place(values["metrics.token_file"], base))
    if values["privacy.key_file"]:
        values["privacy.key_file"] = str(address.place(values["privacy.key_file"], base))
    if values["log.file"]:
        values["log.file"] = str(address.place(values["log.file"], base))
    if heartbeat := values["notify.heartbeat_url"]:
        try:
            address.web(heartbeat)
        except ValueError as error:
            findings.wrong("notify.heartbeat_url", str(error), given["notify.heartbeat_url"].where)
    try:
        return address.store(values["store.url"])
    except ValueError as error:
        findings.wrong("store.url", str(error), given["store.url"].where)
        return ""


def _extra_tables(source: Source, findings: Findings) -> Iterator[ExtraTable]:
    content = source.values.get("table", [])
    if not isinstance(content, list):
        findings.wrong("table", "must be written [[table]]", source.where("table"))
        return
    taken = {table.name for table in CATALOGUE}
    for number, one in enumerate(content):
        where = source.where(f"table[{number}]")
        try:
            table = msgspec.convert(one, ExtraTable)
        except msgspec.ValidationError:
            findings.wrong("table", "needs a name (lower-case letters) and a smart_process (a number)", where)
            continue
        if table.name in taken or table.name.startswith(("bitsheet_", "v_")):
            findings.wrong("table.name", f"{table.name} is taken; choose another name", where)
            continue
        taken.add(table.name)
        yield table


def _check_tables(
    values: Mapping[str, Any],
    given: Mapping[str, Given],
    extra: tuple[ExtraTable, ...],
    findings: Findings,
) -> None:
    known, to_come = [table.name for table in CATALOGUE], {table.name for table in extra}
    for name in values["sync.tables"]:
        if name in known:
            continue
        alike = near(name, known)
        hint = f"; did you mean {alike[0]}?" if alike else f"; there are {', '.join(known)}"
        wrong = f"{name} has no effect in this version" if name in to_come else f"no such table{hint}"
        findings.wrong("sync.tables", wrong, given["sync.tables"].where)


def _check_privacy(values: Mapping[str, Any], given: Mapping[str, Given], findings: Findings) -> None:
    for rule, said in parse({rule: values[f"privacy.{rule}"] for rule in Rule})[1]:
        findings.wrong(f"privacy.{rule}", said, given[f"privacy.{rule}"].where)


def _check_schedule(values: Mapping[str, Any], given: Mapping[str, Given], findings: Findings) -> None:
    checks: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("schedule.timezone", _zone), ("schedule.static", cron.parse), ("schedule.audit", cron.parse),
        ("schedule.quiet", quiet.parse),
    )  # fmt: skip
    for key, check in checks:
        if values[key]:
            try:
                check(values[key])
            except ValueError as error:
                findings.wrong(key, str(error), given[key].where)


def _check_metrics(values: Mapping[str, Any], given: Mapping[str, Given], findings: Findings) -> Secret:
    """The token of the listener, empty where it needs none: only this host may ask without one."""
    host, _, port = values["metrics.listen"].rpartition(":")
    if not port:
        return Secret("")
    if int(port) > HIGHEST_PORT:
        findings.wrong(
            "metrics.listen", f"the port must be at most {HIGHEST_PORT}", given["metrics.listen"].where
        )
    if not (file := values["metrics.token_file"]):
        if not authentication.loopback(host):
            wrong = "others than this host may ask there: it needs metrics.token_file"
            findings.wrong("metrics.listen", wrong, given["metrics.listen"].where)
        return Secret("")
    if doubt := authentication.shared(Path(file)):
        findings.warnings.append(f"metrics.token_file: others may read {file} ({doubt}): chmod 600 it")
    try:
        return authentication.read_token(Path(file))
    except UsageError as error:
        findings.wrong("metrics.token_file", str(error), given["metrics.token_file"].where)
        return Secret("")


def _zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('must be the name of a time zone such as "Europe/Berlin"') from None


def _shared(source: Source, values: Mapping[str, Any]) -> Iterator[str]:
    """Secrets in a configuration file that others may read."""
    if not source.shared:
        return
    written = source.values.get("portal", {}).get("webhook_url")
    stored = source.values.get("store", {}).get("url", "")
    for what in ["the webhook"] * bool(written) + ["the store's password"] * (
        stored == values["store.url"] != address.without_password(stored)
    ):
        yield f"{source.path} holds {what} and others may read it: chmod 600 it"


def _without_effect(
    values: Mapping[str, Any], extra: tuple[ExtraTable, ...], asked: tuple[Question, ...]
) -> Iterator[str]:
    """Settings that somebody counts on in vain."""
    for key in sorted(INERT):
        if values[key] != DEFAULTS[key]:
            yield f"{key} has no effect in this version"
    if extra:
        yield "[[table]] has no effect in this version"
    if asked and not values["notify.urls"]:
        yield "[[question]] has no effect without notify.urls: there is nobody to tell"


def _section(name: str, values: Mapping[str, Any]) -> Any:
    struct = SECTIONS[name]
    return struct(**{one: values[f"{name}.{one}"] for one in struct.__struct_fields__})
