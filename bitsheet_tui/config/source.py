"""The configuration file: where it is, what it says, and on which line it says it."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from bitsheet_tui.errors import ConfigError
from bitsheet_tui.text import plain

APP = "bitsheet-tui"


class Source(Struct, frozen=True, kw_only=True):
    """One file as read; without a file everything is empty and paths start at the current folder."""

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)  # "sync.interval" -> 14
    shared: bool = False  # others than its owner may read it

    @property
    def base(self) -> Path:
        """Where relative paths start."""
        return whole(self.path.parent if self.path else Path())

    def where(self, key: str) -> str:
        """`config.toml, line 14`; without the line where it is not known."""
        name = self.path.name if self.path else "no file"
        return f"{name}, line {self.lines[key]}" if key in self.lines else name


def find(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: the given one, $BITSHEET_CONFIG, or the first of the usual places."""
    if given is not None:
        return given
    if named := environ.get("BITSHEET_CONFIG"):
        return Path(named)
    found = next((place for place in places(environ) if is_file(place)), None)
    if found is not None and not found.is_absolute() and (owner := stranger(found)):
        why = f"./{found} belongs to {owner}: it is not taken only because it lies in the current folder"
        raise ConfigError([why], "name it with --config if it is meant, or go to another folder")
    return found


def stranger(path: Path) -> str:
    """Who else than we and root owns the file or the link to it, or may write it; empty: nobody."""
    try:
        facts = path.lstat(), path.stat()
    except OSError:
        return ""
    for one in facts:
        if one.st_uid not in {os.getuid(), 0}:
            return f"another user (uid {one.st_uid})"
    return "everybody, who may write to it," if facts[1].st_mode & 0o002 else ""


def places(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a configuration is looked for, in this order."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - never fails
    return Path("config.toml"), Path(home, APP, "config.toml"), Path("/etc", APP, "config.toml")


def is_file(place: Path) -> bool:
    """Whether there is a file; where one may not look there is none."""
    try:
        return place.is_file()
    except OSError:
        return False


def whole(path: Path) -> Path:
    """The path from the root on. Raises ConfigError where it starts at a folder that is gone."""
    try:
        return path.absolute()
    except OSError as error:
        why = f"the current folder cannot be used: {_reason(error)}"
        raise ConfigError([why], "go to another folder, or name every path from the root on") from None


def read(path: Path | None) -> Source:
    """What the file says. Raises ConfigError when it cannot be read or is not TOML."""
    if path is None:
        return Source()
    try:
        text = path.read_bytes().decode("utf-8-sig")
        shared = stat.S_IMODE(path.stat().st_mode) & 0o077 != 0
    except OSError as error:
        hint = f"give its path with --config, or write one with {APP} init"
        raise ConfigError([f"{path}: cannot be read: {_reason(error)}"], hint) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8 text"], "save it as UTF-8") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is not TOML: {plain(error)}"]) from None
    return Source(path=whole(path), values=values, lines=line_numbers(text), shared=shared)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__


def secret_file(path: Path) -> tuple[str, bool]:
    """The one line in a file that holds a secret, and whether others may read it. Raises ValueError."""
    try:
        text = path.read_bytes().decode()
        shared = stat.S_IMODE(path.stat().st_mode) & 0o077 != 0
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {_reason(error)}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text file") from None
    if not text.strip():
        raise ValueError(f"{path} is empty")
    return text.strip(), shared


_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")


def line_numbers(text: str) -> dict[str, int]:
    """The line of every section and key of valid TOML; the n-th [[table]] is `table[n]`, from 0.

    The parser of the standard library keeps no lines. Keys of inline tables have the line of their table.
    """
    lines: dict[str, int] = {}
    section, seen = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _name(header[2])
            if header[1] == "[[":
                seen[section] = seen.get(section, -1) + 1
                section = f"{section}[{seen[section]}]"
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            name = _name(key[1])
            lines.setdefault(f"{section}.{name}" if section else name, number)
    return lines


def _name(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))
