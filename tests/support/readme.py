"""What README and manual say, for the tests that compare it with the program."""

import re
from pathlib import Path

from bitsheet_tui.manual import FOLDER

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ITEM = re.compile(r"^\* (.+(?:\n  +\S.*)*)", re.MULTILINE)  # with the lines that go on with it


def manual(topic: str, language: str = "") -> str:
    """The source of a chapter; `language`: that of a translation."""
    return (FOLDER / language / f"{topic}.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """What is under a heading, to the next of its kind."""
    return f"\n{text}".split(f"\n## {title}\n")[1].split("\n## ")[0]


def points(text: str) -> list[str]:
    """The points of every list, each in one line; what is below one stays apart: `point\\n- sub`."""
    joined = (re.sub(r"\n +(?! |- )", " ", item) for item in ITEM.findall(text))
    return [re.sub(r"\n +- ", "\n- ", item) for item in joined]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def troubles(language: str = "") -> dict[str, tuple[str, str, str]]:
    """For each trouble a piece of what the program says (empty where it says nothing), and the rest."""
    found = [item.split("\n- ") for item in points(manual("troubles", language)) if item.startswith("**")]
    return {name.strip("*"): (_said(says), itself, you) for name, says, itself, you in found}


def _said(words: str) -> str:
    return words.split("`")[1] if "`" in words else ""


def said(trouble: str) -> str:
    """A piece of what the program says when there is this trouble. Raises KeyError."""
    return troubles()[trouble][0]
