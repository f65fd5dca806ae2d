"""Tables for people: what was measured, beside what it should be."""

import os
import platform
import sys


def table(title, rows, note=""):
    """Print rows, dicts of the same keys, as Markdown."""
    say(f"\n### {title}\n")
    if note:
        say(f"{note}\n")
    names = list(rows[0])
    cells = [names, *([show(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    for number, line in enumerate(cells):
        say("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            say("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def show(value):
    """A figure as people read it."""
    if isinstance(value, float):
        return (
            f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
        )
    return f"{value:,}" if isinstance(value, int) else str(value)


def machine():
    """Where this runs, in a line."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def say(text):
    """A line on stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
