"""A line of the screen: text in named styles, cut and joined by cells."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from bitsheet_tui.ui.glyphs import CORNERS, MORE, RULE, SIDE

Span = tuple[str, str]  # text, and the name of its style; "" is the ordinary one
Line = tuple[Span, ...]


def width(line: Line) -> int:
    """How many cells the line takes."""
    return sum(cell_len(text) for text, _ in line)


def text(line: Line) -> str:
    """The line without its styles."""
    return "".join(part for part, _ in line)


def fit(words: str, cells: int, *, right: bool = False) -> str:
    """`words` in exactly `cells` cells, cut with an ellipsis or padded."""
    if cells <= 0:
        return ""
    length = cell_len(words)
    if length > cells:
        return set_cell_size(words, cells - 1) + MORE
    return " " * (cells - length) + words if right else words + " " * (cells - length)


def middle(words: str, cells: int) -> str:
    """`words` with its middle left out where it is too long: of a path both ends matter."""
    if cell_len(words) <= cells or cells < 8:
        return words if cell_len(words) <= cells else fit(words, cells)
    head, tail = (cells - 1) // 2, cells - 1 - (cells - 1) // 2
    kept = words[-tail:]
    while cell_len(kept) > tail:
        kept = kept[1:]
    return set_cell_size(words, head) + MORE + kept


def cut(line: Line, cells: int) -> Line:
    """The first `cells` cells of the line, ending in an ellipsis if some are lost."""
    if cells <= 0:
        return ()
    if width(line) <= cells:
        return line
    out: list[Span] = []
    room = cells
    for words, style in line:
        length = cell_len(words)
        if length >= room:  # the ellipsis stands in this span, for more follows
            out.append((fit(words + " ", room) if length == room else fit(words, room), style))
            break
        out.append((words, style))
        room -= length
    return tuple(out)


def spread(left: Line, right: Line, cells: int) -> Line:
    """`left` and `right` at the two ends of a line; `right` is whole, `left` gives way."""
    right = cut(right, cells)
    room = cells - width(right)
    left = cut(left, room - 1) if room > 1 else ()
    return (*left, (" " * (room - width(left)), ""), *right)


def joined(parts: Iterable[Line], gap: str = "  ") -> Line:
    """The lines one behind the other, empty ones left out."""
    out: list[Span] = []
    for part in parts:
        if part:
            out.extend([(gap, ""), *part] if out else part)
    return tuple(out)


def wrap(words: str, cells: int) -> list[str]:
    """`words` broken at spaces into lines of at most `cells` cells; what does not fit is cut."""
    out = [""]
    for word in words.split():
        grown = f"{out[-1]} {word}" if out[-1] else word
        if cell_len(grown) <= cells:
            out[-1] = grown
        elif out[-1]:
            out.append(word)
        else:
            out[-1] = word
    return [fit(row, cells) if cell_len(row) > cells else row for row in out]


def broken(words: str, cells: int) -> list[str]:
    """`words` in lines of at most `cells` cells, nothing left out; broken at spaces where there are some."""
    out: list[str] = []
    start = end = space = taken = 0
    for end, char in enumerate(words):
        taken += cell_len(char)
        if taken > cells and end > start:
            stop = space if space > start else end
            out.append(words[start:stop])
            start = stop
            taken = cell_len(words[start : end + 1])
        if char == " ":
            space = end + 1
    return [*out, words[start:]]


def differs(old: Line, new: Line) -> tuple[int, int] | None:
    """The first and the last cell (exclusive) in which two lines of equal width differ; None: in none."""
    if old == new:
        return None
    before, after = _cells(old), _cells(new)
    if before is None or after is None or len(before) != len(after):
        return 0, max(width(old), width(new))
    changed = [x for x, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    return (changed[0], changed[-1] + 1) if changed else None


def _cells(line: Line) -> list[Span] | None:
    """One entry for each cell; None when a character is not exactly one cell wide."""
    if width(line) != sum(len(words) for words, _ in line):
        return None
    return [(char, style) for words, style in line for char in words]


def frame(lines: Sequence[Line], title: Line, note: Line, columns: int, rows: int) -> list[Line]:
    """The lines inside a box, with a title and a note in its upper edge."""
    inside = columns - 4
    body = [_boxed(line, inside) for line in lines[: rows - 2]]
    body += [_boxed((), inside)] * (rows - 2 - len(body))
    top = edge(title, note, columns - 2)
    bottom: Line = ((CORNERS[2] + RULE * (columns - 2) + CORNERS[3], "rule"),)
    return [((CORNERS[0], "rule"), *top, (CORNERS[1], "rule")), *body, bottom]


def _boxed(line: Line, inside: int) -> Line:
    line = cut(line, inside)
    return ((SIDE + " ", "rule"), *line, (" " * (inside - width(line)), ""), (" " + SIDE, "rule"))


def edge(title: Line, note: Line, cells: int) -> Line:
    """A horizontal rule with a title on the left and a note on the right."""
    left: Line = ((RULE + " ", "rule"), *title, (" ", "")) if title else ()
    right: Line = ((" ", ""), *note, (" " + RULE, "rule")) if note else ()
    if width(left) + width(right) > cells:
        right = ()
    left = cut(left, cells)
    room = cells - width(left) - width(right)
    return (*left, (RULE * room, "rule"), *right)
