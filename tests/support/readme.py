"""What the README says goes wrong, and what the program says then."""

from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
CHAPTER = "When things go wrong"


def section(title: str) -> list[str]:
    """The lines under a heading of the README."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0].splitlines()


def points(title: str) -> list[str]:
    """The points of the list under a heading."""
    return [line.removeprefix("* ") for line in section(title) if line.startswith("* ")]


def rows(title: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    lines = [line for line in section(title) if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def troubles() -> dict[str, str]:
    """For each trouble a piece of what the program says; empty where it says nothing."""
    return {cells[0]: cells[1].strip("`") if cells[1].startswith("`") else "" for cells in rows(CHAPTER)}


def said(trouble: str) -> str:
    """A piece of what the program says when there is this trouble. Raises KeyError."""
    return troubles()[trouble]
