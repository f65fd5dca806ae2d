"""The manual: its chapters in the order in which they are read, as Markdown beside this module.

A chapter is `NAME.md`: a heading, a paragraph of one line that says what is in it, then the rest. Its
translation, where there is one, is `LANGUAGE/NAME.md`. Lines have at most 80 characters, so that the source
reads well in a pipe; `layout` breaks them for any other width and lists the Markdown that may be used.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

TOPICS = (
    "first-portal",
    "commands",
    "configuration",
    "keys",
    "sql",
    "service",
    "web",
    "troubles",
    "promises",
    "figures",
    "development",
    "changes",
)
FOLDER = Path(__file__).parent


class Chapter(NamedTuple):
    """One chapter in one language."""

    topic: str
    language: str  # of the text: English where it is not translated
    text: str  # Markdown

    @property
    def title(self) -> str:
        """Its heading."""
        return self.text.partition("\n")[0].removeprefix("# ")

    @property
    def summary(self) -> str:
        """What is in it, in one line."""
        return self.text.split("\n\n", 2)[1]


def chapters(language: str) -> list[Chapter]:
    """All of them, each in `language` where it is translated."""
    return [chapter(topic, language) for topic in TOPICS]


@lru_cache
def chapter(topic: str, language: str) -> Chapter:
    """The chapter on a topic, one of `TOPICS`."""
    translated = FOLDER / language / f"{topic}.md"
    if translated.is_file():
        return Chapter(topic, language, translated.read_text(encoding="utf-8"))
    return Chapter(topic, "en", (FOLDER / f"{topic}.md").read_text(encoding="utf-8"))
