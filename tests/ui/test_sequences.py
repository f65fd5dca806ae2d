"""A key or a movement of the mouse that arrives in two parts is that key, or none; never another one."""

import pytest
from textual import constants, events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from bitsheet_tui.ui.driver import ESCAPE, Parser, escape_delay
from bitsheet_tui.ui.sequences import PATIENCE, Sequences
from tests.support.pty_terminal import PtyTerminal

CUT = [text for text in ANSI_SEQUENCES_KEYS if text[:2] in ("\x1b[", "\x1bO") and len(text) > 2]
MOUSE = ["\x1b[<35;10;20M", "\x1b[<0;10;20M", "\x1b[<0;10;20m", "\x1b[<64;1;2M"]
KITTY = ["\x1b[1079::112;1u", "\x1b[97;5u", "\x1b[57358u", "\x1b[1079;1:3u", "\x1b[97:65;2:1;65u"]
UNKNOWN = [
    "\x1b[99;99;99z",
    "\x1b[?62;c",
    "\x1b]11;rgb:0000/0000/0000\x1b\\",
    "\x1bP>|tmux 3.3\x1b\\",
    "\x1b[999999999999u",
]


@pytest.fixture(autouse=True)
def _whole(monkeypatch):
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.0)


def keys(*parts: str, pause: float = 0.1, escape: float = ESCAPE) -> list[str]:
    """What comes of parts that arrive so many seconds apart."""
    parser, sequences, found = Parser(), Sequences(escape), []
    for number, part in enumerate((*parts, "")):
        for piece in sequences.feed(part, 100.0 + number * (pause if part else PATIENCE)):
            found += parser.understand(piece)
    return [one.key if isinstance(one, events.Key) else type(one).__name__ for one in found]


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.5, 1.9])
def test_a_key_in_two_halves_is_that_key(pause):
    for text in (*CUT, *MOUSE, *KITTY):
        whole = keys(text)
        for place in range(2, len(text)):
            assert keys(text[:place], text[place:], pause=pause) == whole, (text, place)


@pytest.mark.parametrize("pause", [0.1, 1.0])
def test_a_key_that_is_cut_behind_its_esc_is_an_esc_at_the_most(pause):
    for text in (*CUT, *MOUSE, *KITTY):
        assert keys(text[:1], text[1:], pause=pause) == ["escape"], text


def test_what_stays_cut_is_no_key_and_takes_none_with_it():
    for text in (*CUT, *MOUSE, *KITTY):
        for place in range(2, len(text)):
            assert keys(text[:place], pause=9.0) == [], text
            assert keys(text[:place], "q", pause=PATIENCE + 0.1) == ["q"], text
            assert keys(text[:place] + "\r") == ["enter"], text


def test_a_sequence_that_nobody_knows_is_no_letters():
    for text in UNKNOWN:
        assert keys(text + "p") == ["p"], text
        for place in range(2, len(text)):
            assert keys(text[:place], text[place:]) == [], (text, place)


def test_letters_escapes_and_alt_are_as_ever():
    assert keys("q") == ["q"]
    assert keys("\x1b") == ["escape"]
    assert keys("\x1b", "q") == ["escape", "q"]
    assert keys("\x1b\x1b") == ["escape", "escape"]
    assert keys("\x1bq") == ["alt+q"]
    assert keys("\x1b", "O") == ["escape", "O"]
    assert keys("äß\r\t") == ["ä", "ß", "enter", "tab"]
    assert keys("\x1b[A\x1b[B") == ["up", "down"]


def test_a_letter_with_its_place_on_another_layout_is_that_letter():
    assert keys("\x1b[1079::112;1u") == ["з"]
    assert keys("\x1b[1079::112;1:3u") == []


def test_what_is_pasted_is_text_alone_also_in_parts():
    def pasted(*parts: str) -> list[str]:
        parser, sequences, found = Parser(), Sequences(ESCAPE), []
        for number, part in enumerate(parts):
            for piece in sequences.feed(part, 100.0 + number * 0.5):
                found += parser.understand(piece)
        return [one.text if isinstance(one, events.Paste) else one.key for one in found]

    whole = "\x1b[200~quit\x1b[31m now\x1b[201~p"
    assert pasted(whole) == ["quit now", "p"]
    for place in range(1, len(whole)):
        if place != 1:
            assert pasted(whole[:place], whole[place:])[-2:] == ["quit now", "p"], place


def test_over_ssh_an_esc_is_waited_for_as_long_as_textual_does(monkeypatch):
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.1)
    assert escape_delay({}) == ESCAPE
    assert escape_delay({"SSH_CONNECTION": "x"}) == 0.1
    assert escape_delay({"ESCDELAY": "100"}) == 0.1


def test_no_half_of_a_key_commands_a_console(tmp_path):
    report = tmp_path / "told"
    with PtyTerminal("idle", report) as console:
        console.settle()
        for first, second in (
            (b"\x1b[", b"F"),
            (b"\x1b", b"[F"),
            (b"\x1bO", b"F"),
            (b"\x1b[<35;1", b"2;14M"),
        ):
            console.type(first)
            console.read(0.3)
            console.type(second)
            console.read(0.3)
        console.type(b"\x1b[1079::112;1u")
        console.read(0.3)
        assert console.process.poll() is None
        assert not report.exists()
        console.type(b"q")
        assert console.end() == 0
        assert set(report.read_text().split()) == {"Stop"}
