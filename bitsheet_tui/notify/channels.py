"""The channels of `notify.urls`: their names without secrets, and how a message gets through them."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct

import bitsheet_tui
from bitsheet_tui.errors import ConfigError
from bitsheet_tui.notify import sender
from bitsheet_tui.notify.wording import Text
from bitsheet_tui.secret import Secret, redact
from bitsheet_tui.text import plain

DEADLINE = 10.0  # seconds for all channels together
PATIENCE = 30.0  # more for the process that sends, and its start
NEEDS = "notify.urls needs Apprise, which is not installed"
NEEDS_HINT = "Install bitsheet-tui with its extra notify: see `bitsheet-tui help install`."
WHY = {
    sender.MISSING: NEEDS,
    sender.UNKNOWN: "Apprise does not know such an address",
    sender.REFUSED: "it does not take the message",
    sender.HANGS: "it does not answer in time",
}
REFUSED_SAYING = "it does not take the message: {said}"


class Channel(Struct, frozen=True):
    """One address. `key` stands for it where nobody may see it, also after a restart."""

    name: str  # `slack 2`: the service, and which address of the list
    key: str
    address: Secret

    @property
    def service(self) -> str:
        """The scheme of the address alone."""
        return self.name.partition(" ")[0]


def channels(urls: Iterable[str]) -> tuple[Channel, ...]:
    """The channels of these addresses, in their order."""
    return tuple(
        Channel(
            name=f"{plain(url.partition('://')[0], 20)} {number}",
            key=hashlib.sha256(url.encode()).hexdigest()[:16],
            address=Secret(url),
        )
        for number, url in enumerate(urls, start=1)
    )


def need_apprise(found: Callable[[str], object] = find_spec) -> None:
    """Raises ConfigError where it is not installed; it is not imported here."""
    if found("apprise") is None:
        raise ConfigError([NEEDS], NEEDS_HINT)


class Sending(Struct):
    """One message on its way. `end` may be called from any thread."""

    seconds: float = DEADLINE
    process: Any = None
    ended: bool = False

    def send(self, text: Text, through: Collection[Channel], *, only_check: bool = False) -> dict[str, str]:
        """Why it did not get through, for each of the channels by its key; empty: it did."""
        asked = {
            "title": text.title, "body": text.body, "kind": text.kind, "only_check": only_check,
            "seconds": self.seconds,
            "addresses": {one.key: one.address.reveal() for one in through},
        }  # fmt: skip
        told = _told(self._answers(json.dumps(asked)))
        return {one.key: told.get(one.key, WHY[sender.HANGS]) for one in through}

    def end(self) -> None:
        """End it, whatever it waits for."""
        self.ended = True
        if self.process:
            self.process.kill()

    def _answers(self, asked: str) -> str:
        root = str(Path(bitsheet_tui.__file__).parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bitsheet_tui.notify.sender"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        )  # fmt: skip
        with self.process as process:
            if self.ended:
                process.kill()
            try:
                answers: str = process.communicate(asked, timeout=self.seconds + PATIENCE)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                answers = process.communicate()[0]
        return answers


def _told(answers: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in answers.splitlines():
        one = json.loads(line)
        said = redact(plain(one["why"]))
        found[one["channel"]] = REFUSED_SAYING.format(said=said) if said else WHY.get(one["verdict"], "")
    return found
