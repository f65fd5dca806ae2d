"""Sends one message through Apprise, as a process of its own: `python -m bitsheet_tui.notify.sender`.

So the mirror's process stays as small as it is, and a service that hangs is ended with its process. What to
send comes in on stdin, because addresses are passwords; a line of JSON for each channel goes out on stdout as
soon as it is known how that went. Nothing here imports the rest of bitsheet-tui.
"""

import json
import logging
import os
import re
import sys
import threading
import time
from typing import Any

MISSING, UNKNOWN, REFUSED, HANGS = "missing", "unknown", "refused", "hangs"


class Complaints(logging.Handler):
    """What Apprise says is wrong, by the thread in which it does."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: dict[int, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """The last word counts."""
        self.said[threading.get_ident()] = record.getMessage()


def scrub(text: str, address: str) -> str:
    """`text` without any part of the address: each may be a password."""
    parts = [part for part in re.split(r"[/:@?&=#,]+", address.partition("://")[2]) if len(part) >= 3]
    for part in sorted([address, *parts], key=len, reverse=True):
        text = text.replace(part, "***")
    return " ".join(text.split())[:200]


def main() -> None:
    """Try every channel at once; whichever has not answered in time hangs."""
    os.nice(5)
    asked: dict[str, Any] = json.load(sys.stdin)
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError:
        for channel in asked["addresses"]:
            _say({"channel": channel, "verdict": MISSING, "why": ""})
        return
    complaints = Complaints()
    logging.getLogger("apprise").handlers = [complaints]
    left = dict(asked["addresses"])
    lock = threading.Lock()

    def send(channel: str, address: str) -> None:
        verdict, why = _send(apprise, asked, address)
        with lock:
            if left.pop(channel, None):
                said = (why or complaints.said.get(threading.get_ident(), "")) if verdict == REFUSED else ""
                _say({"channel": channel, "verdict": verdict, "why": scrub(said, address)})

    threads = [threading.Thread(target=send, args=one, daemon=True) for one in asked["addresses"].items()]
    for thread in threads:
        thread.start()
    until = time.monotonic() + asked["seconds"]
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    with lock:
        for channel in left:
            _say({"channel": channel, "verdict": HANGS, "why": ""})
        sys.stdout.flush()
        os._exit(0)  # whatever hangs is not waited for


def _send(apprise: Any, asked: dict[str, Any], address: str) -> tuple[str, str]:
    sender = apprise.Apprise(asset=apprise.AppriseAsset(app_id="bitsheet-tui", app_desc="bitsheet-tui"))
    if not sender.add(address):
        return UNKNOWN, ""
    if asked.get("only_check"):
        return "", ""
    try:
        sent = sender.notify(
            body=asked["body"], title=asked["title"], notify_type=asked["kind"], body_format="text"
        )
    except Exception as error:  # noqa: BLE001 - a plugin of any service may raise anything; it is told
        return REFUSED, f"{type(error).__name__}: {error}"
    return ("", "") if sent else (REFUSED, "")


def _say(told: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
