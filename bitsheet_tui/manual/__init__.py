"""The manual: its chapters in the order in which they are read, as Markdown beside this module.

A chapter is `NAME.md`: a heading, a paragraph of one line that says what is in it, then the rest. Its
translation, where there is one, is `LANGUAGE/NAME.md`; what is in the others says `LANGUAGE/contents.md`.
Lines have at most 80 characters, so that the source reads well in a pipe; `layout` breaks them for any other
width, and says which Markdown may be used.
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
    "install",
    "service",
    "notifications",
    "backup",
    "replicate",
    "readers",
    "follow",
    "privacy",
    "lake",
    "export",
    "web",
    "monitoring",
    "troubles",
    "promises",
    "trust",
    "figures",
    "development",
    "changes",
)
FOLDER = Path(__file__).parent


class Chapter(NamedTuple):
    """One chapter as one reads it in a language."""

    topic: str
    language: str  # of the text: English where it is not translated
    text: str  # Markdown
    summary: str  # what is in it, in one line

    @property
    def title(self) -> str:
        """Its heading."""
        return self.text.partition("\n")[0].removeprefix("# ")


def chapters(language: str) -> list[Chapter]:
    """All of them, each in `language` where it is translated."""
    return [chapter(topic, language) for topic in TOPICS]


@lru_cache
def chapter(topic: str, language: str) -> Chapter:
    """The chapter on a topic, one of `TOPICS`."""
    file = FOLDER / language / f"{topic}.md"
    if file.is_file():
        text = file.read_text(encoding="utf-8")
        return Chapter(topic, language, text, text.split("\n\n", 2)[1])
    english = (FOLDER / f"{topic}.md").read_text(encoding="utf-8")
    if language == "en":
        return Chapter(topic, "en", english, english.split("\n\n", 2)[1])
    return Chapter(topic, "en", english, _contents(language)[topic])


@lru_cache
def _contents(language: str) -> dict[str, str]:
    """What is in the chapters that are not translated, by topic."""
    lines = (FOLDER / language / "contents.md").read_text(encoding="utf-8").splitlines()
    return {topic: summary for topic, _, summary in (line[2:].partition(": ") for line in lines)}
