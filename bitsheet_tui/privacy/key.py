"""The key of the hashes: 32 random bytes in a file of its own, readable by its owner alone.

A mirror remembers which key its hashes were made with. Without that key nothing is hashed any more: another
one would give the same person another hash, and nobody would see it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from bitsheet_tui.errors import ConfigError

NAME = "privacy.key"
_SPELT = re.compile(rb"[0-9a-f]{64}\s*")


class Key(Struct, frozen=True):
    """A key, and the file that has it."""

    secret: bytes
    path: Path

    def __repr__(self) -> str:
        return f"Key({self.path})"

    @property
    def ident(self) -> str:
        """What tells it from others, and nothing of it."""
        return hashlib.sha256(b"bitsheet-tui privacy key\n" + self.secret).hexdigest()[:16]


def find(places: Sequence[Path]) -> Key | None:
    """The key in the first of these files that is there. Raises ConfigError where it is no key."""
    for path in places:
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigError(
                [f"privacy.hash: the key in {path} cannot be read: {error.strerror}"]
            ) from error
        if not _SPELT.fullmatch(text):
            raise ConfigError(
                [f"privacy.hash: {path} holds no key (64 hexadecimal digits)"],
                "put back the file that was there",
            )
        return Key(bytes.fromhex(text.decode().strip()), path)
    return None


def make(places: Sequence[Path]) -> Key:
    """A new key, in the first of these files that can be written. Raises ConfigError."""
    secret, troubles = secrets.token_bytes(32), []
    for path in places:
        try:
            there = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            troubles.append(f"{path}: {error.strerror}")
            continue
        with os.fdopen(there, "wb") as file:
            file.write(secret.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return Key(secret, path)
    raise ConfigError(
        ["privacy.hash: no key can be made", *troubles],
        "let privacy.key_file name a file in a folder that may be written, and keep a copy of it elsewhere",
    )
