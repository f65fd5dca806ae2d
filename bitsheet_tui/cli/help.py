"""`bitsheet-tui help`: the manual, paged where somebody reads it on a terminal, as Markdown in a pipe."""

import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from bitsheet_tui.cli.arguments import COMMANDS, parser
from bitsheet_tui.errors import Exit, UsageError
from bitsheet_tui.locales import choose
from bitsheet_tui.manual import TOPICS, Chapter, chapter, chapters
from bitsheet_tui.manual.layout import laid, text

WIDEST = 88  # cells: longer lines are hard to read
LANGUAGE = "BITSHEET_UI_LANGUAGE"
HEADS = {
    "en": "`bitsheet-tui help TOPIC` shows a chapter of the manual, or explains a command:",
    "tr": "`bitsheet-tui help KONU` kılavuzun bir bölümünü gösterir ya da bir komutu anlatır:",
}
ENGLISH = {"en": "", "tr": " (İngilizce)"}


def run(arguments: Namespace) -> int:
    """Shows the chapters, or one of them. Raises UsageError for a topic that is neither that nor a command.

    The language is `--lang`, else that of $BITSHEET_UI_LANGUAGE, else that of the locale; the configuration
    is not read, for help is what one asks for when it cannot be.
    """
    language = arguments.lang or choose(_set(os.environ.get(LANGUAGE, "")), os.environ)
    topic = (arguments.topic or "").lower()
    if topic in TOPICS:
        _show(chapter(topic, language).text)
    elif topic:
        _command(topic)
    else:
        _page(listed(language))
    return Exit.DONE


def _set(language: str) -> str:
    return language if language in HEADS else ""


def listed(language: str) -> str:
    """The chapters as a table, a line each."""
    lines = (f"| {one.topic} | {one.summary}{_foreign(one, language)} |" for one in chapters(language))
    return "\n".join((HEADS[language], "", "| | |", "|---|---|", *lines))


def _foreign(one: Chapter, language: str) -> str:
    return "" if one.language == language else ENGLISH[language]


def _command(name: str) -> None:
    """What a command takes, as its `--help` says it."""
    names = [command.name for command in COMMANDS]
    if name not in names:
        raise UsageError(f"the manual has no chapter {name}{_meant(name, [*TOPICS, *names])}", _where())
    parser().parse_args([name, "--help"])  # prints it and raises SystemExit


def _meant(word: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    begun = [one for one in known if one.startswith(word)]
    near = begun or get_close_matches(word, known, 1, 0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _where() -> str:
    return f"its chapters: {', '.join(TOPICS)}"


def _show(markdown: str) -> None:
    """As it is in a pipe, where programs and files want it; else page by page."""
    if sys.stdout.isatty():
        _page(markdown)
    else:
        sys.stdout.write(markdown)


def _page(markdown: str) -> None:
    """Laid out for the terminal, and paged where it is longer than that."""
    columns, rows = shutil.get_terminal_size()
    lines = list(_lines(markdown, min(columns, WIDEST)))
    if not sys.stdout.isatty() or len(lines) < rows:
        print(*lines, sep="\n")
        return
    from pydoc import pager  # noqa: PLC0415 - nobody else needs it, and it takes time

    pager("\n".join(lines) + "\n")  # by $MANPAGER, $PAGER or less, and by itself where there is none


def _lines(markdown: str, columns: int) -> Iterator[str]:
    for row in laid(markdown, columns, tick="`"):
        line = text(row).rstrip()
        yield line
        if row and row[0][1] == "title":
            yield "-" * len(line)
