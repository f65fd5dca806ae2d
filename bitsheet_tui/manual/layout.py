"""Lays a chapter out for a width: the Markdown of the manual as lines of styled text.

It knows headings, paragraphs, lists (`*`, `-`, `1.`), fenced code, tables, and within a line `code`,
**strong**, [links](to.md) and ![pictures](of.png), of which it shows what they are. Every character of the
manual takes one cell, so that a width is a length.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

Span = tuple[str, str]  # text, and what it is: "", "title", "heading", "code", "strong"
Row = tuple[Span, ...]

ITEM = re.compile(r"( *)([*-]|\d+\.) (.*)")
INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|!?\[([^\]]+)\]\(([^)]+)\)")
CODE_INDENT = "    "


class Block(NamedTuple):
    """A piece of a chapter: `kind` is "title", "heading", "text", "code", "table" or "" for a blank line."""

    kind: str
    text: str = ""
    lead: str = ""  # what stands before its first line, and as spaces before the others


def laid(markdown: str, columns: int, tick: str = "") -> list[Row]:
    """The lines of a chapter for `columns` cells; `tick` is put around code.

    Only a line of fenced code, and a word that is longer than a line, may be wider.
    """
    return [row for block in _blocks(markdown) for row in _rows(block, columns, tick)]


def text(row: Row) -> str:
    """The line without its styles."""
    return "".join(part for part, _ in row)


def _blocks(markdown: str) -> Iterator[Block]:
    """Lines that belong together are one block."""
    open_ = Block("")
    fenced = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            fenced = not fenced
            continue
        new = Block("code", line) if fenced else _begun(line)
        grown = None if fenced else _grown(open_, new)
        if grown:
            open_ = grown
            continue
        if open_.text:
            yield open_
        open_ = new
        if not new.text:
            yield new
    if open_.text:
        yield open_


def _begun(line: str) -> Block:
    """What a line begins, unless it goes on with what is open."""
    if line.startswith("#"):
        marks, _, title = line.partition(" ")
        return Block("heading" if len(marks) > 2 else "title", title)
    if line.startswith("|"):
        return Block("table", line)
    if item := ITEM.fullmatch(line):
        indent, sign, words = item.groups()
        return Block("text", words, f"{indent}{sign} ")
    return Block("text" if line.strip() else "", line.strip())


def _grown(old: Block, new: Block) -> Block | None:
    """The open block with what goes on with it; None where something else begins."""
    if not old.text or old.kind != new.kind or new.lead or new.kind not in {"text", "table"}:
        return None
    return old._replace(text=old.text + ("\n" if new.kind == "table" else " ") + new.text)


def _rows(block: Block, columns: int, tick: str) -> Iterator[Row]:
    match block.kind:
        case "":
            yield ()
        case "code":
            yield ((CODE_INDENT + block.text, "code"),)
        case "table":
            yield from _table(block.text.splitlines(), columns, tick)
        case "title" | "heading":
            yield from _wrapped(((block.text.replace("`", tick), block.kind),), "", columns)
        case _:
            yield from _wrapped(tuple(_inline(block.text, tick)), block.lead, columns)


def _inline(words: str, tick: str) -> Iterator[Span]:
    at = 0
    for found in INLINE.finditer(words):
        yield words[at : found.start()], ""
        at = found.end()
        code, strong, link, target = found.groups()
        if code:
            yield f"{tick}{code}{tick}", "code"
        elif strong:
            yield from ((part, kind or "strong") for part, kind in _inline(strong, tick))
        else:
            yield from _inline(link if target.endswith(".md") else f"{link} ({target})", tick)
    yield words[at:], ""


def _wrapped(spans: Iterable[Span], lead: str, columns: int) -> Iterator[Row]:
    """The words in lines; those after the first are indented by as much as `lead` takes."""
    row: list[Span] = [(lead, "")] if lead else []
    used = len(lead)
    empty = True
    for word in _words(spans):
        wide = sum(len(part) for part, _ in word)
        if not empty and used + 1 + wide > columns:
            yield tuple(row)
            row, used, empty = [(" " * len(lead), "")] if lead else [], len(lead), True
        row += word if empty else [(" ", ""), *word]
        used += wide if empty else wide + 1
        empty = False
    yield tuple(row)


def _words(spans: Iterable[Span]) -> list[list[Span]]:
    """What is not broken: letters between spaces, in whatever styles."""
    words: list[list[Span]] = [[]]
    for part, kind in spans:
        for index, piece in enumerate(part.split(" ")):
            if index:
                words.append([])
            if piece:
                words[-1].append((piece, kind))
    return [word for word in words if word]


def _table(lines: list[str], columns: int, tick: str) -> Iterator[Row]:
    """Aligned where it fits; else each row is an item of a list."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head, rows = cells[0], cells[2:]  # between them: |---|---|
    shown = [[tuple(_inline(cell, tick)) for cell in row] for row in rows]
    wide = [max(len(head[at]), *(len(text(row[at])) for row in shown)) + 2 for at in range(len(head))]
    if sum(wide) - 2 > columns:
        for row in rows:
            yield from _wrapped(_inline(f"{row[0]}: {'; '.join(row[1:])}", tick), "* ", columns)
        return
    if any(head):
        yield tuple((title.ljust(wide[at]), "strong") for at, title in enumerate(head))
    for line in shown:
        yield tuple(span for at, cell in enumerate(line) for span in (*cell, _gap(cell, wide[at])))


def _gap(cell: Row, wide: int) -> Span:
    return " " * (wide - len(text(cell))), ""
