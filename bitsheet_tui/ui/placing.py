"""placed(): output in which no character of doubtful width moves what stands behind it.

Terminals disagree with each other and with Unicode's tables about variation selectors, joined and flagged
emoji, skin tones, marks of Indic scripts, and letters that are newer than they are. After each of them the
cursor is put where it has to be by our own count (CHA, ECMA-48, 8.3.9).
"""

import re

from rich.cells import cell_len

# all but letters, signs and frames that take as many cells everywhere
_DOUBTFUL = re.compile(
    "[^\x00-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u2027\u2030-\u205e\u2070-\u20cf\u2100-\u2bff\u3001-\u3029"
    "\u3041-\u3098\u309b-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9d\ufffd]+"
)
_TOKENS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]P]|[^\x1b]+|\x1b"
)
_MOVE = re.compile(r"\x1b\[\d*;(\d+)H")


def placed(data: str) -> str:
    """`data`, which moves the cursor before it writes, as Textual's updates do."""
    if data.isascii() or not _DOUBTFUL.search(data):
        return data
    out: list[str] = []
    column: int | None = None  # none: not known
    for token in _TOKENS.findall(data):
        if found := _MOVE.fullmatch(token):
            column = int(found[1])
        if token.startswith("\x1b"):
            out.append(token)
            continue
        column = None if "\n" in token else column
        if column is None:
            out.append(token)
            continue
        done = 0
        for doubtful in _DOUBTFUL.finditer(token):
            part = token[done : doubtful.end()]
            column, done = column + cell_len(part), doubtful.end()
            out.append(f"{part}\x1b[{column}G")
        out.append(token[done:])
        column += cell_len(token[done:])
    return "".join(out)
