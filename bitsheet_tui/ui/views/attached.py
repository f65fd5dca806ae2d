"""Whose engine it is that one looks at, in words."""

from bitsheet_tui.state import Attached, Phase
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.glyphs import ATTACHED
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line
from bitsheet_tui.ui.picture import Picture


def who(attached: Attached) -> str:
    """`pid 4711 on db1`, or of which mirror this is a replica."""
    if attached.replica_of:
        return t("replica of {source}", source=plain(attached.replica_of, 60))
    if attached.pid is None:
        return t(words.SOME_INSTANCE)
    if not attached.host:
        return f"pid {attached.pid}"
    return t("pid {pid} on {host}", pid=f"{attached.pid}", host=plain(attached.host, 40))


def title(picture: Picture, cells: int) -> Line:
    """` ⇄ pid 4711 on db1 since 10:02`, as far as there is room; empty for an engine of our own."""
    attached = picture.state.attached
    if attached is None:
        return ()
    text = who(attached)
    if attached.since and cells >= 100:
        at = f.clock(attached.since, picture.zone, picture.now, seconds=False)
        text = t("{who} since {at}", who=text, at=at)
    if attached.readonly:
        text = t("{who}, read-only", who=text)
    return ((f" {ATTACHED} ", "wait" if attached.gone else "ok"), (text, "title"))


def remark(picture: Picture) -> str:
    """What the sentence has to add: that nobody writes any more, or that one sees less. Mostly nothing."""
    attached = picture.state.attached
    if attached is None:
        return ""
    if attached.replica_of:
        if attached.as_of is None:
            return t(words.PART_OF_REPLICA)
        as_of = f.clock(attached.as_of, picture.zone, picture.now)
        return t(words.STOPPED_REPLICA if attached.gone else words.REPLICA, at=as_of)
    if attached.gone:
        text = words.TAKES_OVER if attached.takeover else words.NOBODY
        return t(text, who=who(attached))
    if picture.state.phase is Phase.STOPPING or attached.live or attached.pid is None:
        return ""
    return t(words.SEEN_IN_STORE)
