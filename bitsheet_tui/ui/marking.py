"""Marks the word that is looked for, wherever it stands in a line."""

from bitsheet_tui.ui.language import fold
from bitsheet_tui.ui.line import Line, Span, text


def marked(line: Line, term: str) -> Line:
    """The line with every place of the term in the style `match`, also where it goes over several pieces."""
    places = _places(fold(text(line)), fold(term.removeprefix("!")))
    if not places or len(fold(text(line))) != len(text(line)):
        return line
    out: list[Span] = []
    at = 0
    for words, style in line:
        out += _split(words, style, [(start - at, end - at) for start, end in places])
        at += len(words)
    return tuple(out)


def _places(words: str, term: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = words.find(term) if term else -1
    while at >= 0:
        found.append((at, at + len(term)))
        at = words.find(term, at + len(term))
    return found


def _split(words: str, style: str, places: list[tuple[int, int]]) -> list[Span]:
    """One piece as it is between the places and marked in them; they may reach beyond both its ends."""
    out: list[Span] = []
    at = 0
    for start, end in places:
        start, end = max(start, at), min(end, len(words))  # noqa: PLW2901 - cut to this piece
        if start < end:
            out += [(words[at:start], style), (words[start:end], "match")]
            at = end
    return [span for span in [*out, (words[at:], style)] if span[0]]
