"""Sequences: what a terminal sends for a key or a mouse movement, whole, however it arrives.

Over a slow line the bytes of one key come in two parts. Textual gives up on the first after a moment, and
takes the second for letters: the key End (`ESC [ F`) becomes F, which reads a table, and a cut report of the
mouse sets the level of the log. What follows `ESC [` or `ESC O` is never letters here: it is waited for, and
what stays cut is dropped. The forms are those of ECMA-48, 5.4, and of xterm's control sequences.
"""

import re
from collections.abc import Iterator

PATIENCE = 2.0  # seconds for the rest of a sequence
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
_STRINGS = "P]X^_"  # what begins a string, as the answer to a question is: DCS, OSC, SOS, PM, APC
_KITTY = re.compile(r"\x1b\[([\d:;]*)([u~A-HPQS])")  # sw.kovidgoyal.net/kitty/keyboard-protocol


class Sequences:
    """Takes what was read, and gives pieces: text without ESC, or ESC alone, or a sequence that is whole."""

    def __init__(self, escape: float) -> None:
        """`escape`: seconds in which what follows an ESC belongs to it."""
        self._escape = escape
        self._held = ""  # a sequence so far; it begins with ESC, unless its ESC was given as a key already
        self._since = 0.0  # when the last of it came
        self._escaped = float("-inf")  # when an ESC was given as a key because nothing followed it
        self._pasting = False

    @property
    def waits(self) -> bool:
        """Whether something is held, so that `late` has to be asked soon."""
        return bool(self._held)

    def feed(self, text: str, now: float) -> Iterator[str]:
        """The pieces of what was read at `now`, in seconds of any clock."""
        yield from self.late(now)
        plain = ""
        for place, char in enumerate(text):
            more = place + 1 < len(text)
            if self._held or char == "\x1b" or self._late_rest(char, now, more=more):
                if plain:
                    yield plain
                    plain = ""
                yield from self._take(char)
                self._since = now
            else:
                plain += char
        if plain:
            yield plain

    def late(self, now: float) -> Iterator[str]:
        """What time alone makes whole: an ESC that nothing follows."""
        if self._held == "\x1b" and not self._pasting and now - self._since >= self._escape:
            self._held, self._escaped = "", now
            yield "\x1b"
        elif self._held and now - self._since >= PATIENCE:
            self._held = ""

    def _late_rest(self, char: str, now: float, *, more: bool) -> bool:
        """Whether this begins what should have followed an ESC that was given as a key already."""
        return now - self._escaped < PATIENCE and (char == "[" or (char == "O" and more))

    def _take(self, char: str) -> Iterator[str]:
        """One more of what is held."""
        held = self._held
        if char == "\x1b" and not (held[1:2] and held[1] in _STRINGS):
            if held == "\x1b" and not self._pasting:
                yield held
            self._held = char
            return
        self._held = held + char
        if held[1:2] and ord(char) < 0x20 and held[1] not in _STRINGS:  # broken off: a key of its own
            self._held = ""
            yield char
        elif _whole(self._held):
            whole, self._held = self._held, ""
            yield from self._given(whole)

    def _given(self, whole: str) -> Iterator[str]:
        if not whole.startswith("\x1b"):  # its ESC has been a key
            return
        if self._pasting and whole != PASTE_ENDS:  # of what is pasted only text is taken
            return
        self._pasting = whole == PASTE_BEGINS
        if whole[1] in _STRINGS:
            return
        if found := _KITTY.fullmatch(whole):
            yield from _without_alternatives(found[1], found[2])
        else:
            yield whole


def _whole(held: str) -> bool:
    """Whether nothing of it is to come any more."""
    body = held.removeprefix("\x1b")
    if not body:
        return False
    if body[0] in _STRINGS and held != body:
        return body.endswith(("\x07", "\x1b\\"))
    if body[0] == "O":
        return len(body) == 2
    if body[0] == "[":
        if body[1:2] == "[":  # a function key of the Linux console: ESC [ [ A
            return len(body) == 3
        return len(body) > 1 and "@" <= body[-1] <= "~"
    return True  # alt and a key


def _without_alternatives(numbers: str, end: str) -> Iterator[str]:
    """`1079::112;1:1;1079` as `1079;1;1079`: without the places of the key on other layouts; no releases."""
    key, *more = numbers.split(";")
    if more and more[0].endswith(":3"):
        return
    first = [part.partition(":")[0] for part in (key, *more[:1])]
    yield f"\x1b[{';'.join((*first, *more[1:]))}{end}"
