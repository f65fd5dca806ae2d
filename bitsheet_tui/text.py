"""plain(): the one door from data to a screen, a log or a message."""

import unicodedata

LIMIT = 200
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNSAFE = frozenset({"Cc", "Cs", "Co"})  # controls, surrogates, private use
# of what is unassigned, which may be a letter that is newer than this Python: what never will be one
_NEVER = frozenset(map(chr, (*range(0xFDD0, 0xFDF0), *range(0xFFF0, 0xFFF9), 0x2065)))
# what only tells others how to look (Cf): direction marks, joiners of nothing, invisible signs and tags;
# but for the two joiners, which belong to words and faces, and the signs of Arabic and Kaithi, which are seen
_SEEN = frozenset("\u200c\u200d\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd") | frozenset(
    map(chr, range(0x600, 0x606))
)


def plain(value: object, limit: int = LIMIT) -> str:
    """`value` as one inert line of at most `limit` characters.

    Control characters (among them ESC and the C1 set) become U+FFFD, line breaks a space, direction
    marks and invisible characters vanish, a pile of combining marks is cut to three. Markup stays what
    it is: text. Whoever shows the result must not parse it.
    """
    text = value if isinstance(value, str) else str(value)
    cut = len(text) > limit
    if not cut and type(text) is str and text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for char in text[: limit * 4]:
        if char > "~" and unicodedata.category(char) == "Cf" and char not in _SEEN:
            continue
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > 3:
            continue
        out.append(_safe(char))
        if len(out) > limit:
            cut = True
            break
    line = "".join(out[:limit])
    return line[: limit - 1] + "…" if cut and limit > 0 else line


def _safe(char: str) -> str:
    if " " <= char <= "~":
        return char
    if char in "\n\r\t\v\f\x85\u2028\u2029":
        return " "
    category = unicodedata.category(char)
    return REPLACEMENT if category in _UNSAFE or (category == "Cn" and _never(char)) else char


def _never(char: str) -> bool:
    """Whether Unicode keeps the place free for ever, or for what is not seen (chapter 23.7, and tags)."""
    number = ord(char)
    return char in _NEVER or number & 0xFFFE == 0xFFFE or 0xE0000 <= number <= 0xE0FFF
