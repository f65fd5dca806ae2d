"""The portal's side: how fast it is asked, how full its buckets are."""

from bitsheet_tui.events import Operating, PortalSeen
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, fit, joined, middle, width
from bitsheet_tui.ui.picture import Picture

LABEL = 11


def busiest(seen: PortalSeen) -> Operating | None:
    """The method nearest to its time budget."""
    return max(seen.operating, key=lambda one: one.used / max(one.budget, 0.001), default=None)


def brief(picture: Picture, cells: int) -> Line:
    """`portal 1.8/s  bucket 12/50  op 62%`, as much of it as there is room for."""
    seen = picture.state.seen
    if seen is None:
        return ((t("portal not asked yet"), "dim"),) if cells >= 22 else ()
    full = (f"{seen.bucket:.0f}/{seen.burst}", _warn(seen.bucket / max(seen.burst, 1)))
    parts: list[Line] = [
        ((t("portal") + " ", "dim"), (f.asked(seen.rate), "")),
        ((t("bucket") + " ", "dim"), full),
    ]
    if worst := busiest(seen):
        share = worst.used / max(worst.budget, 0.001)
        parts.append(
            ((t("op") + " ", "dim"), (f.share(share), _warn(share)), (f" {plain(worst.method, 24)}", "dim"))
        )
        parts.append(((t("op") + " ", "dim"), (f.share(share), _warn(share))))
    return _most(parts, cells)


def _most(parts: list[Line], cells: int) -> Line:
    """The longest choice that fits: with the method's name, without it, without the last part."""
    choices = [parts[:3], [*parts[:2], *parts[3:]], parts[:2], parts[:1]]
    return next((line for line in map(joined, choices) if width(line) <= cells), ())


def _warn(share: float) -> str:
    return "wait" if share >= 0.8 else ""


def panel(picture: Picture, columns: int) -> list[Line]:
    """Requests, bucket, the busiest methods, the mirror and its counts."""
    seen = picture.state.seen
    lines: list[Line] = []
    if seen:
        again = t("{count} sent, {more} again", count=f.count(seen.requests), more=f.count(seen.retries))
        full = t("{used} of {all}", used=f"{seen.bucket:.0f}", all=f"{seen.burst}")
        lines.append((_label(t("requests")), (f.asked(seen.rate), ""), (f"   {again}", "dim")))
        lines.append(_gauge(t("bucket"), full, seen.bucket / max(seen.burst, 1), columns))
        lines += _operating(picture, seen, columns)
    else:
        lines.append((_label(t("portal")), (t("not asked yet"), "dim")))
    lines.append((_label(t("freshness")), *_fresh(picture)))
    lines.append((_label(t("mirror")), (middle(plain(picture.state.store), columns - LABEL), "")))
    lines.append((_label(t("deleted")), *_aside(picture)))
    since = f.clock(picture.state.started_at, picture.zone, picture.now, seconds=False)
    lines.append((_label(t("running")), (t("since {time}", time=since), "")))
    return lines


def _fresh(picture: Picture) -> Line:
    found = picture.state.last_hour.measure(picture.now)
    if found is None:
        return ((t("nothing changed in the last hour"), "dim"),)
    told = f"p50 {f.took(found.p50)}  p95 {f.took(found.p95)}"
    rows = t("{rows} in the last hour", rows=f.plural(found.rows, "row"))
    return ((told, ""), (f"   {rows}", "dim"))


def _label(name: str) -> tuple[str, str]:
    return (fit(name, LABEL), "dim")


def _gauge(name: str, words: str, share: float, columns: int) -> Line:
    room = min(20, columns - LABEL - 16)
    done, still = f.bar(min(1.0, share), max(0, room))
    return (_label(name), (fit(words, 15), ""), (done, _warn(share) or "bar"), (still, "trough"))


def _operating(picture: Picture, seen: PortalSeen, columns: int) -> list[Line]:
    ranked = sorted(seen.operating, key=lambda one: one.used / max(one.budget, 0.001), reverse=True)
    lines: list[Line] = []
    for one in ranked[:2]:
        label = _label("" if lines else t("operating"))
        method = fit(plain(one.method, 24), max(12, min(24, columns - LABEL - 28)))
        if one.until and one.until > picture.now:
            words = (t("rests until {at}", at=f.clock(one.until, picture.zone, picture.now)), "wait")
        else:
            used = t("{used} of {all} s", used=f"{one.used:.0f}", all=f"{one.budget:.0f}")
            words = (used, _warn(one.used / max(one.budget, 0.001)))
        lines.append((label, (method + " ", ""), words, (_eases(one, picture, columns), "dim")))
    return lines


def _eases(one: Operating, picture: Picture, columns: int) -> str:
    """From when on the portal forgets: a time of day, which need not be drawn again every second."""
    if one.until or one.reset is None or one.reset <= picture.now or columns < LABEL + 40:
        return ""
    return "  " + t("eases {at}", at=f.clock(one.reset, picture.zone, picture.now, seconds=False))


def _aside(picture: Picture) -> Line:
    deleted = sum(table.deleted for table in picture.tables)
    kept = sum(table.quarantined + table.values for table in picture.tables)
    told = t("{rows} marked; {count} quarantined", rows=f.plural(deleted, "row"), count=f.count(kept))
    return ((told, "wait" if kept else "dim"),)
