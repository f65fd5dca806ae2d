"""Finds the webhook: the first of a credential, the environment and the configuration file."""

from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path

from msgspec import Struct

from bitsheet_tui.config import address
from bitsheet_tui.config.findings import Findings
from bitsheet_tui.config.source import Source, is_file, secret_file
from bitsheet_tui.secret import Secret

FILES = ("BITSHEET_WEBHOOK_FILE", "BITSHEET_PORTAL_WEBHOOK_FILE")
LITERALS = ("BITSHEET_WEBHOOK", "BITSHEET_PORTAL_WEBHOOK_URL")


class Candidate(Struct, frozen=True, kw_only=True):
    """One place that may hold the webhook: a file to read, or the address itself."""

    key: str
    where: str
    file: Path | None = None
    text: str = ""


def find_webhook(
    source: Source, settings: Mapping[str, str], environ: MutableMapping[str, str], findings: Findings
) -> Secret:
    """The webhook, or an empty Secret. Variables that hold it are removed from `environ`."""
    candidates = list(_candidates(source, settings, environ))
    for spare in candidates[1:]:
        _conceal(spare.text)
    if not candidates:
        return Secret("")
    chosen = candidates[0]
    try:
        text, shared = secret_file(chosen.file) if chosen.file else (chosen.text, False)
        webhook = address.webhook(text)
    except ValueError as error:
        findings.wrong(chosen.key, str(error), chosen.where)
        return Secret("")
    if chosen.file and shared:
        findings.warnings.append(f"{chosen.file} holds the webhook and others may read it: chmod 600 it")
    return Secret(webhook)


def _candidates(
    source: Source, settings: Mapping[str, str], environ: MutableMapping[str, str]
) -> Iterator[Candidate]:
    """Every place that says something, the one that counts first."""
    credential = Path(environ.get("CREDENTIALS_DIRECTORY") or "/nonexistent", "webhook")
    if is_file(credential):
        yield Candidate(key="webhook", where="$CREDENTIALS_DIRECTORY", file=credential)
    for name in FILES:
        if path := environ.get(name, ""):
            yield Candidate(key=name, where="environment", file=address.place(path, source.base))
    for name in LITERALS:
        if text := environ.pop(name, "").strip():
            yield Candidate(key=name, where="environment", text=text)
    if kept := settings.get("portal.webhook_file"):
        key = "portal.webhook_file"
        yield Candidate(key=key, where=source.where(key), file=address.place(kept, source.base))
    if literal := settings.get("portal.webhook_url"):
        key = "portal.webhook_url"
        yield Candidate(key=key, where=source.where(key), text=literal)


def _conceal(text: str) -> None:
    """Makes redact() hide an address that is given but not used."""
    if not text:
        return
    try:
        address.webhook(text)
    except ValueError:
        return
