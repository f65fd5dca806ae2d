"""Every key, once: bindings, footer, help and command palette are made from this table."""

from collections.abc import Callable, Collection, Iterable

from msgspec import Struct
from textual.binding import Binding

from bitsheet_tui.ui.language import short
from bitsheet_tui.ui.line import Line, width


class Key(Struct, frozen=True, kw_only=True):
    """One thing that can be done, and the keys that do it."""

    id: str
    keys: tuple[str, ...]  # as Textual names them; the first one is shown
    shown: str  # as people write them
    action: str
    label: str  # for the footer and the palette
    words: str  # for the help: what it does
    scope: str = "app"  # "app": everywhere; "list": in whatever scrolls
    needs: str = ""  # only where something is shown that has it: a log, a table, parts, a record ...
    command: bool = True  # also in the palette
    again: str = ""  # for the footer instead of the label, while pressing it undoes what it did


KEYS = (
    Key(id="help", keys=("question_mark", "f1"), shown="?", action="help", label="Help",
        words="what the keys do, those of this screen first; → there: the manual"),
    Key(id="palette", keys=("ctrl+p", "colon"), shown="^p", action="command_palette", label="Commands",
        words="every command, by name", command=False),
    Key(id="pause", keys=("p",), shown="p", action="pause", label="Pause",
        again="Go on", words="pause after the page in hand; again: go on"),
    Key(id="force", keys=("f",), shown="f", action="force", label="Force",
        words="start a cycle now"),
    Key(id="force_table", keys=("F", "shift+f"), shown="F", action="force_table", label="Force table",
        needs="table", words="read the table under the cursor now"),
    Key(id="resync", keys=("r",), shown="r", action="resync", label="Resync", needs="table",
        words="read the table under the cursor again from scratch (asks first)"),
    Key(id="confirm", keys=("y",), shown="y", action="confirm", label="Confirm deletions", needs="held",
        words="mark the deletions of the table under the cursor that are held (asks first)"),
    Key(id="retry", keys=("R", "shift+r"), shown="R", action="retry", label="Retry",
        words="try every table that failed again, now"),
    Key(id="interval", keys=("i",), shown="i", action="steer('interval')", label="Interval",
        words="how often cycles start, until the engine ends"),
    Key(id="enable", keys=("E", "shift+e"), shown="E", action="enable", label="Disable or enable",
        needs="table", words="read the table under the cursor no more (asks first); again: read it"),
    Key(id="cancel", keys=("X", "shift+x"), shown="X", action="steer('cancel')", label="Give up",
        words="give up what waits, and resyncs under way (asks first)"),
    Key(id="log", keys=("l",), shown="l", action="open('log')", label="Log",
        words="the log on the whole screen"),
    Key(id="errors", keys=("e",), shown="e", action="open('errors')", label="Errors",
        words="what is wrong, since when, and what to do"),
    Key(id="history", keys=("h",), shown="h", action="open('history')", label="History",
        words="cycles, runs, alerts: what was done, what went wrong, what each changed"),
    Key(id="settings", keys=("comma",), shown=",", action="open('settings')", label="Settings",
        words="what is set, and from where; enter changes what can be changed while it runs"),
    Key(id="browse", keys=("b",), shown="b", action="browse", label="Browse", needs="table",
        words="the records of the table under the cursor"),
    Key(id="sort", keys=("s",), shown="s", action="sort(1)", label="Sort", needs="sort",
        words="sort the tables by the next column"),
    Key(id="sort_back", keys=("S", "shift+s"), shown="S", action="sort(0)", label="Reverse", needs="sort",
        words="the other way round"),
    Key(id="zoom", keys=("z",), shown="z", action="zoom", label="Zoom", needs="zoom",
        words="only the pane one is in; again: all of them"),
    Key(id="part", keys=("right_square_bracket", "right"), shown="] →", action="turn(1)", label="Next part",
        needs="parts", words="to the next part: records, columns …; the manual; an older log file"),
    Key(id="part_before", keys=("left_square_bracket", "left"), shown="[ ←", action="turn(-1)",
        label="Part before", needs="parts", words="to the part before"),
    Key(id="filter", keys=("slash",), shown="/", action="filter", label="Filter", needs="search",
        words="show only what has a word, or an id; !word leaves out lines of the log"),
    Key(id="narrow", keys=("d",), shown="d", action="narrow", label="Narrow", needs="narrow",
        words="in turn: all, only what is deleted or failed, only the rest"),
    Key(id="age", keys=("a",), shown="a", action="age", label="Changed", needs="age",
        words="records changed at any time, in the last hour, day, week, month"),
    Key(id="step", keys=("n",), shown="n", action="step(1)", label="Next", needs="step",
        words="to the next place of the word; to the next record or chapter"),
    Key(id="step_back", keys=("N", "shift+n"), shown="N", action="step(-1)", label="Previous", needs="step",
        words="to the one before"),
    Key(id="link", keys=("o",), shown="o", action="link", label="Address", needs="link",
        words="copy the address of the record in the portal"),
    Key(id="freeze", keys=("space",), shown="space", action="freeze", label="Freeze", needs="log",
        again="Follow", words="hold the log still; again: follow"),
    Key(id="debug", keys=("1",), shown="1", action="level('DEBUG')", label="Log debug", needs="log",
        words="everything"),
    Key(id="info", keys=("2",), shown="2", action="level('INFO')", label="Log info", needs="log",
        words="information and above"),
    Key(id="warning", keys=("3",), shown="3", action="level('WARNING')", label="Log warnings", needs="log",
        words="warnings and above"),
    Key(id="error", keys=("4",), shown="4", action="level('ERROR')", label="Log errors", needs="log",
        words="errors only"),
    Key(id="only", keys=("t",), shown="t", action="only_table", label="Log table", needs="log",
        words="only the table under the cursor; again: all"),
    Key(id="wrap", keys=("w",), shown="w", action="wrap", label="Log wrap", needs="log",
        words="long lines whole, over several lines; again: cut"),
    Key(id="jump", keys=("T", "shift+t"), shown="T", action="jump", label="Log time", needs="log",
        words="to a time"),
    Key(id="save", keys=("x",), shown="x", action="save", label="Save log", needs="log",
        words="save what is shown to a file"),
    Key(id="copy", keys=("c",), shown="c", action="copy", label="Copy",
        words="copy what is under the cursor, or the log in view (OSC 52)"),
    Key(id="repaint", keys=("ctrl+l",), shown="^l", action="repaint", label="Repaint",
        words="draw everything again, after another program wrote on the screen"),
    Key(id="screenshot", keys=("ctrl+s",), shown="^s", action="picture", label="Screenshot",
        words="save the screen as SVG in the current folder"),
    Key(id="suspend", keys=("ctrl+z",), shown="^z", action="hold", label="Suspend",
        words="back to the shell; fg returns (pauses first)"),
    Key(id="quit", keys=("q", "ctrl+q"), shown="q", action="leave", label="Quit",
        words="stop after the page in hand and quit; again: at once"),
    Key(id="interrupt", keys=("ctrl+c",), shown="^c", action="interrupt", label="Interrupt",
        words="twice within two seconds: quit", command=False),
    Key(id="up", keys=("up", "k"), shown="↑ k", action="move('up')", label="Up", words="one line up",
        scope="list", command=False),
    Key(id="down", keys=("down", "j"), shown="↓ j", action="move('down')", label="Down",
        words="one line down", scope="list", command=False),
    Key(id="pageup", keys=("pageup", "ctrl+u"), shown="pgup ^u", action="move('pageup')", label="Page up",
        words="one page up", scope="list", command=False),
    Key(id="pagedown", keys=("pagedown", "ctrl+d"), shown="pgdn ^d", action="move('pagedown')",
        label="Page down",
        words="one page down", scope="list", command=False),
    Key(id="top", keys=("home", "g"), shown="home g", action="move('top')", label="Top",
        words="to the first line", scope="list", command=False),
    Key(id="end", keys=("end", "G", "shift+g"), shown="end G", action="move('end')", label="End",
        words="to the last line; a log follows again", scope="list", command=False),
    Key(id="open", keys=("enter",), shown="⏎", action="choose", label="Open",
        words="opens what is under the cursor", scope="list", command=False),
    Key(id="next", keys=("tab",), shown="tab", action="app.focus_next", label="Next pane",
        words="to the next pane; shift+tab: to the one before", scope="list", command=False),
    Key(id="back", keys=("escape",), shown="esc", action="escape", label="Back",
        words="back, or drop the filter; never quits", command=False),
)  # fmt: skip
BY_ID = {key.id: key for key in KEYS}

# what the footer of each screen offers, the most useful first
FOOTERS = {
    "dashboard": "help pause force resync open log errors filter quit browse sort palette zoom only "
    "history settings",
    "log": "back help filter freeze error wrap part step only jump debug save copy pause quit palette",
    "errors": "back help confirm retry log pause quit palette",
    "settings": "back help open filter quit palette",
    "history": "back help part filter open narrow retry copy force pause quit palette",
    "cycle": "back help open filter narrow retry copy quit palette",
    "table": "back help part filter open step narrow age force_table resync confirm copy pause quit palette",
    "record": "back help part step open copy link filter quit palette",
    "run": "back help open filter copy quit palette",
    "value": "back help copy end quit",
    "help": "back part filter open top end quit",
    "chapter": "back filter step top end quit",
}


# these work in a dialog and while one types, too
URGENT = frozenset({"ctrl+c", "ctrl+q", "ctrl+l", "ctrl+s", "ctrl+z"})


def bindings(scope: str) -> list[Binding]:
    """Textual's bindings of the keys of one scope."""
    return [
        Binding(name, key.action, key.label, show=False, priority=name in URGENT)
        for key in KEYS
        if key.scope == scope
        for name in key.keys
    ]


Means = Callable[[str], bool]  # whether what a key needs is shown


def offered(screen: str, cells: int, means: Means, on: Collection[str]) -> list[tuple[Key, Line]]:
    """The keys of the screen's footer that mean something now, as many as fit, and their words.

    `on`: the ids of those that undo what they did.
    """
    keys: list[tuple[Key, Line]] = []
    room = cells - 1
    for name in FOOTERS.get(screen, "help quit").split():
        key = BY_ID[name]
        if not means(key.needs):
            continue
        label = short((key.again if name in on else "") or key.label)
        hint: Line = ((key.shown, "key"), (f" {label}  ", "key-words"))
        room -= width(hint)
        if room < 0:
            break
        keys.append((key, hint))
    return keys


def footer(keys: Iterable[tuple[Key, Line]]) -> Line:
    """`? Help  p Pause  …`."""
    return ((" ", "key-words"), *(span for _, hint in keys for span in hint))


def at(keys: Iterable[tuple[Key, Line]], x: int) -> Key | None:
    """The key whose words are at cell `x` of the footer."""
    end = 1
    for key, hint in keys:
        start, end = end, end + width(hint)
        if start <= x < end - 2:
            return key
    return None
