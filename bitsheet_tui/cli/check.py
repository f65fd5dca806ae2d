"""`bitsheet-tui check`: one line for everything that has to be right; changes nothing."""

import asyncio
import errno
import http.client
import json
import os
import socket
import stat
from argparse import Namespace
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import monotonic

from msgspec.structs import replace

from bitsheet_tui import __version__, wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.cli.ground import configured
from bitsheet_tui.cli.service import WEB_TOKEN
from bitsheet_tui.config import Config, need_webhook
from bitsheet_tui.errors import ConfigError, Exit, NoMirror, PortalError, StoreError
from bitsheet_tui.events import Event, Waiting
from bitsheet_tui.observe import checkup, variants
from bitsheet_tui.observe.checkup import FAIL, OK, WARN, Finding
from bitsheet_tui.observe.variants import Seen
from bitsheet_tui.portal import describe, selftest
from bitsheet_tui.portal.answer import Answer
from bitsheet_tui.portal.client import Portal, ask_fragile, ask_parts
from bitsheet_tui.secret import redact

GRAVITY = (OK, WARN, FAIL)
PATIENCE = 30.0  # seconds for a portal that is slow
CHALLENGE, REALM = "WWW-Authenticate", 'realm="bitsheet-tui"'  # of whoever listens for an instance
MOST = 1_000_000  # bytes of an answer
HURRY = 5.0  # seconds for one that fails: somebody waits at the prompt


def run(arguments: Namespace) -> int:
    """Prints findings as they are made; the code is that of the first thing that fails."""
    try:
        with configured(arguments) as config:
            return asyncio.run(_report(config) if arguments.report else _all(config))
    except ConfigError as error:
        for problem in error.problems if not arguments.report else ():
            show(Finding(about="config", verdict=FAIL, text=problem, hint=error.hint))
        if arguments.report:
            _show_report({"config": FAIL}, {})
        return Exit.CONFIG


def show(finding: Finding) -> None:
    """One line on stdout."""
    print(redact(finding.line()), flush=True)


async def _all(config: Config) -> int:
    code = Exit.DONE
    async with aclosing(findings(config)) as found:
        async for finding in found:
            show(finding)
            code = code or finding.code
    return code


async def _report(config: Config) -> int:
    """What kind of portal it is: verdicts and variants, without a word of what it answered."""
    need_webhook(config)
    client, watch = wiring.watch(config)
    seen = watch.seen
    found = [*_config(config), *await _asked(config, client), store(config)]
    try:
        if not any(one.about == "portal" and one.verdict == FAIL for one in found):
            variants.add(seen, await _variants(config, client))
    finally:
        await client.close()
    verdicts: dict[str, str] = {}
    for one in found:
        verdicts[one.about] = max(verdicts.get(one.about, OK), one.verdict, key=GRAVITY.index)
    _show_report(verdicts, seen)
    return next((one.code for one in found if one.code), Exit.DONE)


async def _variants(config: Config, client: Portal) -> Seen:
    """What a few more reads show; nothing, where the portal does not answer them."""
    tables = wiring.tables(config)
    try:
        async with asyncio.timeout(PATIENCE):
            owner = selftest.identify(await client.call("profile"), None)
            answers = await ask_parts(client.batch, variants.parts(tables))
    except (PortalError, TimeoutError):
        return {}
    return variants.judge(tables, answers, zone=owner.zone, server=client.zone)


def _show_report(verdicts: Mapping[str, str], seen: Mapping[str, bool]) -> None:
    from bitsheet_tui.portal.demo.variants import VARIANTS  # noqa: PLC0415 - a check needs no portal

    print(f"bitsheet-tui {__version__}")
    for about, verdict in verdicts.items():
        print(f"{about:<10}{verdict}")
    for variant in VARIANTS:
        answer = {True: "yes", False: "no", None: "not seen"}[seen.get(variant.name)]
        print(f"{variant.name:<23}{answer:<10}{variant.text}")


async def findings(config: Config) -> AsyncGenerator[Finding]:
    """Configuration, portal, store. Raises ConfigError where no webhook is configured."""
    for finding in _config(config):
        if config.webhook or finding.verdict != OK:  # without a webhook it is not well
            yield finding
    need_webhook(config)
    for finding in await portal(config):
        yield finding
    yield store(config)
    if config.metrics.listen:
        yield metrics(config)
    for finding in channels(config):
        yield finding
    if told := modes(config):
        yield told
    if fault := _log_fault(config.log.file):
        yield Finding(about="log", verdict=WARN, text=fault, hint="let log.file name another file")


def _log_fault(name: str) -> str:
    """What keeps the log from being written, which stops nothing; empty: nothing does, or there is none."""
    file = Path(name)
    if not name:
        return ""
    try:
        folder = stat.S_ISDIR(file.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return _unmakable(file)
    except OSError as error:
        return f"The file {file} cannot be written: {error.strerror}."
    fault = errno.EISDIR if folder else 0 if os.access(file, os.W_OK) else errno.EACCES
    return f"The file {file} cannot be written: {os.strerror(fault)}." if fault else ""


def metrics(config: Config) -> Finding:
    """Whether the running instance has the address of metrics.listen, or it is free."""
    host, port = config.metrics.address
    about, at = "metrics", config.metrics.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        if taken and (pid := _served_by(config)):
            text = f"{at} is served by the running instance (pid {pid})"
            return Finding(about=about, verdict=OK, text=text)
        reason = "another program has it" if taken else os.strerror(error.errno or 0)
        hint = "let metrics.listen name another address; the mirror goes on without it"
        return Finding(about=about, verdict=WARN, text=f"{at} cannot be used: {reason}", hint=hint)
    file = config.metrics.token_file
    text = f"{at} is free, its token is in {file}" if file else f"{at} is free"
    return Finding(about=about, verdict=OK, text=text)


def _served_by(config: Config) -> int | None:
    """The process that holds the mirror, where it is the one that answers at metrics.listen.

    The token is for it alone, so it is not sent: that one is asked for has to be enough.
    """
    host, port = config.metrics.address
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is asked, not listened at
    asked = http.client.HTTPConnection(here, port, timeout=HURRY)
    try:
        asked.request("GET", "/status.json")
        answer = asked.getresponse()
        guarded = answer.status == HTTPStatus.UNAUTHORIZED and REALM in (answer.headers[CHALLENGE] or "")
        told = None if guarded else json.loads(answer.read(MOST))["instance"]["pid"]
        with closing(wiring.open_store(config, readonly=True)) as opened:
            holder = opened.holder()
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, StoreError):
        return None  # it is no instance, or not of this mirror
    finally:
        asked.close()
    return holder.pid if holder and (guarded or holder.pid == told) else None


def channels(config: Config) -> Iterator[Finding]:
    """Whether Apprise is there and knows each address of notify.urls; nothing is sent."""
    if not config.notify.urls:
        return
    from bitsheet_tui.notify.channels import Sending  # noqa: PLC0415 - most have none
    from bitsheet_tui.notify.wording import Text  # noqa: PLC0415

    try:
        watch = wiring.told(config)
    except ConfigError as error:
        text = "; ".join(error.problems)
        yield Finding(about="notify", verdict=FAIL, text=text, hint=error.hint, code=Exit.CONFIG)
        return
    through = watch.channels if watch else ()
    told = Sending().send(Text(title="", body="", kind="info"), through, only_check=True)
    for channel in through:
        name = channel.name
        if why := told[channel.key]:
            hint = "see `bitsheet-tui help notifications`"
            yield Finding(about="notify", verdict=WARN, text=f"{name}: {why}", hint=hint)
        else:
            yield Finding(about="notify", verdict=OK, text=f"{name}: Apprise knows the service")


def modes(config: Config) -> Finding | None:
    """What holds rows, or lets in to them, and is not for us or root alone; None: nothing."""
    file, about = wiring.file_of(config), "modes"
    kept = [file, file and Path(f"{file}.lock"), file and Path(f"{file}-wal")]
    kept += [Path(config.log.file)] if config.log.file else []
    kept += wiring.key_places(config) if config.privacy.hash else []
    kept += [Path(WEB_TOKEN)]
    told = [why for path in kept if path and (why := _open_to(path))]
    if not told:
        return None
    hint = "chmod 600, or chown, as it is meant"
    return Finding(about=about, verdict=WARN, text="; ".join(told), hint=hint)


def _open_to(path: Path) -> str:
    """Who else has a say on a file, or may read it; empty: nobody, or there is none."""
    try:
        facts = path.stat()
    except OSError:
        return ""
    if facts.st_uid not in {os.getuid(), 0}:
        return f"{path} belongs to another user (uid {facts.st_uid})"
    mode = stat.S_IMODE(facts.st_mode)
    return f"{path} may be used by others (mode {mode:o})" if mode & 0o077 and path.is_file() else ""


def _config(config: Config) -> Iterator[Finding]:
    where = str(config.path) if config.path else "no file: defaults and environment"
    yield Finding(about="config", verdict=OK, text=where)
    for warning in config.warnings:
        yield Finding(about="config", verdict=WARN, text=warning)


async def portal(config: Config, say: Callable[[str], None] = tell) -> list[Finding]:
    """What the portal says; its silence, or its refusal, is a finding. `say` hears of waiting meanwhile."""
    waits: list[Waiting] = []
    client = wiring.connect(config, lambda event: _tell(event, waits, say))
    try:
        return await _asked(config, client, waits)
    finally:
        await client.close()


async def _asked(config: Config, client: Portal, waits: Sequence[Waiting] = ()) -> list[Finding]:
    client.hurry(HURRY)
    tables = wiring.tables(config)
    try:
        began = monotonic()
        async with asyncio.timeout(PATIENCE):
            answers = await ask_fragile(client.batch, partial(checkup.parts, tables))
        command = (monotonic() - began) / len(answers)
        reached = Finding(about="portal", verdict=OK, text=f"{client.host} answers")
        return [
            reached,
            *checkup.judge(tables, answers, datetime.now(UTC)),
            *await _fields(config, client),
            checkup.interval(tables, config.sync.interval, config.portal.requests_per_second, command),
        ]
    except PortalError as error:
        return [checkup.failure("portal", error)]
    except TimeoutError:
        text = waits[-1].text if waits else f"{client.host} does not answer"
        hint = "check the address and the network"
        return [Finding(about="portal", verdict=FAIL, text=text, hint=hint, code=Exit.TABLE_FAILED)]


async def _fields(config: Config, client: Portal) -> list[Finding]:
    """What each rule of [privacy] covers, and which names no description has."""
    rules = config.privacy.rules
    if not rules:
        return []
    asks = describe.asks(wiring.tables(config))
    answers = await client.batch(asks)
    described: dict[str, set[str]] = {}
    for table in wiring.tables(config):
        answer = answers.get(describe.key(table))
        if isinstance(answer, Answer):
            described[table.name] = {field.name for field in describe.fields(table, answer.result)}
    return [*checkup.privacy(rules, described)]


def _tell(event: Event, waits: list[Waiting], say: Callable[[str], None]) -> None:
    if isinstance(event, Waiting):
        waits.append(event)
        say(f"portal: {event.text.rstrip('.')}; asking again")


def store(config: Config) -> Finding:
    """Whether the mirror can be opened, or made, and is in a good place."""
    found = _opened(config)
    if found.verdict == OK and (doubt := wiring.doubt(config)):
        return replace(found, verdict=WARN, hint=doubt)
    return found


def _opened(config: Config) -> Finding:
    try:
        with closing(wiring.open_store(config, readonly=True)) as opened:
            wiring.need_same_portal(config, opened)
            holder = opened.holder()
            held = f", held by the running instance (pid {holder.pid})" if holder else ""
            return Finding(about="store", verdict=OK, text=f"{opened.label}{held}")
    except NoMirror as error:
        return _new_store(config, error)
    except StoreError as error:
        return Finding(about="store", verdict=FAIL, text=str(error), hint=error.hint, code=error.exit_code)


def _new_store(config: Config, error: NoMirror) -> Finding:
    """Nothing is there yet; whether it could be made."""
    scheme, _, rest = config.store_url.reveal().partition(":///")
    if scheme != "sqlite":
        return Finding(about="store", verdict=OK, text=str(error))
    file = config.base / rest
    text = _unmakable(file)
    if not text:
        return Finding(about="store", verdict=OK, text=f"{file} will be made by the first cycle")
    hint = "let store.url name another file"
    return Finding(about="store", verdict=FAIL, text=text, hint=hint, code=Exit.STORE_UNAVAILABLE)


def _unmakable(file: Path) -> str:
    """Why a file that is not there cannot be made; empty: it can."""
    folder = next((one for one in file.parents if one.exists()), Path("/"))
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return ""
    return f"{file} cannot be made: {folder} cannot be written"
