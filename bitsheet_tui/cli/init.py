"""`bitsheet-tui init`: asks for the webhook, tests it, and writes a configuration for its owner alone."""

import asyncio
import getpass
import sys
from argparse import Namespace
from pathlib import Path

from bitsheet_tui import streams
from bitsheet_tui.cli import check
from bitsheet_tui.cli.ending import NAME, tell
from bitsheet_tui.config import address
from bitsheet_tui.config.draft import STORE, Draft
from bitsheet_tui.config.source import whole
from bitsheet_tui.errors import Exit, UsageError
from bitsheet_tui.secret import Secret


def run(arguments: Namespace) -> int:
    """Writes nothing before the last answer, and never over a file that is there."""
    path = whole(arguments.config or Path("config.toml"))
    if path.exists():
        raise UsageError(f"{path} is there already", "delete it first, or name another with --config")
    tell("An administrator makes an inbound webhook in the portal: Applications > Developer resources >")
    tell("Common use cases > Other > Inbound webhook, with the scopes crm, task, user, department, im.")
    tell(f"Click by click: {NAME} help first-portal")
    draft = Draft(path=path, webhook=_webhook(), store=Secret(_store()))
    findings = asyncio.run(check.portal(draft.config))
    for finding in findings:
        tell(finding.line())
    code = next((finding.code for finding in findings if finding.code), Exit.DONE)
    if code and not _yes("Save it anyway? [y/N] "):
        return code
    draft.write()
    tell(f"written: {path}; start with `{NAME}`")
    return Exit.DONE


def _webhook() -> Secret:
    while True:
        text = _ask("Webhook (hidden): ", hidden=True)
        try:
            return Secret(address.webhook(text))
        except ValueError as error:
            tell(f"The webhook {error}")
            if not sys.stdin.isatty():
                raise UsageError("that is no webhook") from None


def _store() -> str:
    while True:
        text = _ask(f"Store [{STORE}]: ") or STORE
        try:
            return address.store(text)
        except ValueError as error:
            tell(f"The store's address {error}")
            if not sys.stdin.isatty():
                raise UsageError("that is no store") from None


def _yes(question: str) -> bool:
    return _ask(question).lower() in {"y", "yes"}


def _ask(question: str, *, hidden: bool = False) -> str:
    """One line from the terminal, or from a pipe; its end is an empty line."""
    streams.flush()  # what was told before stands above the question
    if hidden and sys.stdin.isatty():
        return getpass.getpass(question, sys.stderr).strip()
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
