"""Durations as pictures: a strip of one line, a chart of several, a histogram."""

from collections.abc import Sequence

from bitsheet_tui.state import CycleSummary
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.glyphs import AXIS, BAD, FOOT, FULL, LEVELS, SIDE
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, fit, spread

BUCKETS = (1, 2, 5, 10, 60)  # seconds


def strip(seconds: Sequence[float]) -> str:
    """One sign for each duration, on a logarithmic scale."""
    return "".join(LEVELS[height - 1] for height in f.heights(seconds, len(LEVELS)))


def cycles(done: Sequence[CycleSummary], cells: int) -> Line:
    """The last cycles as a strip; one that failed is a cross."""
    shown = done[-cells:] if cells > 0 else ()
    signs = strip([cycle.seconds for cycle in shown])
    return tuple(
        (BAD, "bad") if cycle.failed else (sign, "spark") for cycle, sign in zip(shown, signs, strict=True)
    )


def figures(done: Sequence[CycleSummary]) -> Line:
    """p50, p95 and the longest of the cycles in memory."""
    seconds = [cycle.seconds for cycle in done]
    p50, p95 = f.took(f.quantile(seconds, 0.5)), f.took(f.quantile(seconds, 0.95))
    longest = f.took(max(seconds, default=None))
    return (
        ("p50 ", "dim"), (p50, ""), ("  p95 ", "dim"), (p95, ""), (f"  {t('max')} ", "dim"), (longest, ""),
    )  # fmt: skip


def chart(done: Sequence[CycleSummary], columns: int, rows: int) -> list[Line]:
    """A bar for each cycle over a logarithmic axis, the newest on the right."""
    room, plot = columns - 7, rows - 1
    shown = done[-room:]
    if not shown or plot < 1:
        return []
    seconds = [cycle.seconds for cycle in shown]
    steps = f.heights(seconds, plot * 8)
    lines = [_chart_row(shown, steps, level, plot, seconds) for level in range(plot - 1, -1, -1)]
    first, last = t("cycle {number}", number=f.count(shown[0].number)), f.count(shown[-1].number)
    under = fit(first, len(shown) - len(last)) + last if len(shown) > len(first) + len(last) else last
    return [*lines, ((" " * 7 + under, "dim"),)]


def _chart_row(
    shown: Sequence[CycleSummary], steps: list[int], level: int, plot: int, seconds: list[float]
) -> Line:
    label = {plot - 1: f.took(max(seconds)), 0: f.took(min(seconds))}.get(level, "")
    if level == plot - 1 and max(seconds) == min(seconds):
        label = ""
    axis = FOOT if level == 0 else AXIS if label else SIDE
    out = [(fit(label, 5, right=True) + f" {axis}", "dim")]
    for cycle, step in zip(shown, steps, strict=True):
        part = step - level * 8
        sign = " " if part <= 0 else FULL if part >= 8 else LEVELS[part - 1]
        out.append((sign, "bad" if cycle.failed else "spark"))
    return tuple(out)


def histogram(done: Sequence[CycleSummary], columns: int) -> list[Line]:
    """How many cycles took how long."""
    counts = [0] * (len(BUCKETS) + 1)
    for cycle in done:
        counts[sum(cycle.seconds > limit for limit in BUCKETS)] += 1
    most = max(*counts, 1)
    room = columns - 8 - 5
    names = [*(f"≤ {f.span(limit)}" for limit in BUCKETS), f"> {f.span(BUCKETS[-1])}"]
    return [
        spread(
            ((fit(name, 7, right=True) + " ", "dim"), (FULL * -(-number * room // most), "spark")),
            ((f.count(number), "" if number else "dim"),),
            columns,
        )
        for name, number in zip(names, counts, strict=True)
    ]
