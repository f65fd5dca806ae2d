"""Every word and sentence on the screen that does not come from the engine."""

from bitsheet_tui.errors import Reason
from bitsheet_tui.state import Phase, Standing
from bitsheet_tui.ui import glyphs

NAME = "bitsheet-tui"

# what each phase is called at the top right, its sign, and the colour of its meaning
PHASES: dict[Phase, tuple[str, str, str]] = {
    Phase.STARTING: ("STARTING", glyphs.NONE, "plain"),
    Phase.CURRENT: ("CURRENT", glyphs.OK, "ok"),
    Phase.SYNCING: ("SYNCING", glyphs.RUN, "ok"),
    Phase.FILLING: ("FILLING", glyphs.RUN, "ok"),
    Phase.PAUSED: ("PAUSED", glyphs.PAUSE, "wait"),
    Phase.WAITING: ("WAITING", glyphs.WAIT, "wait"),
    Phase.NEEDS_YOU: ("NEEDS YOU", glyphs.BAD, "bad"),
    Phase.STOPPING: ("STOPPING", glyphs.STOP, "wait"),
    Phase.STOPPED: ("STOPPED", glyphs.STOP, "plain"),
}
OFFLINE = ("OFFLINE", glyphs.WAIT, "wait")
OFFLINE_REASONS = frozenset({Reason.NETWORK, Reason.DNS, Reason.TIMEOUT, Reason.TLS})

# the same for a table: its sign, its words, its colour
STANDINGS: dict[Standing, tuple[str, str, str]] = {
    Standing.NEVER: (glyphs.NONE, "not read yet", "dim"),
    Standing.OK: (glyphs.OK, "ok", "ok"),
    Standing.PARTIAL: (glyphs.WAIT, "partial", "wait"),
    Standing.QUEUED: (glyphs.QUEUED, "queued", "dim"),
    Standing.READING: (glyphs.RUN, "reading", "ok"),
    Standing.FILLING: (glyphs.RUN, "filling", "ok"),
    Standing.RESTING: (glyphs.WAIT, "rests", "wait"),
    Standing.FAILED: (glyphs.WAIT, "failed, tries again", "wait"),
    Standing.REFUSED: (glyphs.BAD, "refused, see e", "bad"),
}

LEVELS = {"DEBUG": 10, "INFO": 20, "SUCCESS": 25, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
LEVEL_NAMES = ("DEBUG", "INFO", "WARNING", "ERROR")

FIRST_START = "First start: every table is read once, newest rows first."
STARTING_LATER = "Quiet hours: nothing is read before their end, unless you ask: f."
STARTING = "Starting: the portal is tested, then what is due is read."
PAUSED = "Paused since {at}. Press p to go on."
STOPPING = "Stopping: the rows in hand are being stored. Press q again to leave at once."
STOPPED = "Stopped. Nothing is written any more."
TOO_SMALL = "terminal too small"

ASKED_CYCLE = "Cycle asked for."
ASKED_RUNNING = "Cycle {cycle} is running; another one follows."
ASKED_TABLE = "{table} is read now."
ASKED_RESYNC = "{table} is read again from scratch."
ASKED_PAUSE = "Pausing after the page in hand."
ASKED_RESUME = "Going on."
PAUSED_FIRST = "Paused: press p to go on; then this is read."
MARKED = "{rows} of {table} marked as deleted."
LET_GO = "Nothing of {table} is held any more: its rows are there."
FILLED = "Complete: {tables}."
WELL_AGAIN = "The portal answers again."
QUIT_ONCE = "Press ctrl+c again to quit, or q."
NOTHING_TO_DO = "Nothing to do: it is tried again by itself."
NO_ERRORS = "Nothing is wrong."
NO_CYCLES = "No cycle ended since the start."
SAVED = "Saved {path}"
NOT_SAVED = "Could not save it: {why}"
FAILED = "That failed: {why}. The mirror goes on; the log says more."
TMUX_DROPS = "tmux keeps it to itself unless it has: set -s set-clipboard on"
COPIED = "Copied {what}."
SUSPENDING = "Suspending after the page in hand…"
NO_SHELL = "A browser has no shell to go back to."
TIME_TITLE = "To which time?"
TIME_HINT = "10:02, 10:02:13, 2026-11-24 10:02, or 15m ago; enter goes there, esc stays."
NO_TIME = "That is no time."
SAVE_TITLE = "Save what the log shows"
SAVE_HINT = "The name of a new file; enter saves, esc does not."
SAVED_LINES = "Saved {count} as {path}"
NOT_READ = "Could not read the file: {why}"
NO_TERM = "Look for a word first, with /."
NOT_FOUND = "There is no such line."
RECORD_HINT = "a word or an id; enter looks for it, esc clears"
CHAPTER_HINT = "a word; enter keeps it, n leads to its next place, esc clears"
LIST_HINT = "show only what has a word; enter keeps, esc clears"
NO_READER = "There is no mirror to read yet."
READING = "Reading…"
NO_RECORDS = "There is none."
SEARCH_STOPPED = "Stopped before the end: / looks again."
DELETED_OR_NOT = ("", "only deleted", "without deleted")
AGES = (
    "", "changed in the last hour", "changed in the last day", "changed in the last week",
    "changed in the last month",
)  # fmt: skip
NEVER_CHANGED = "It has not changed since its table was read for the first time."
LOOKING_BACK = "Looking through the change feed…"
GONE = "It is not in the mirror any more."
COPIED_LINK = "Copied {link}"
NO_LINK = "The portal has no page for it."
NO_ALERTS = "Nobody ever had to be told of anything."
NONE_ASIDE = "Every row could be stored."
NO_RUNS = "It was not read yet."
FILTER_HINT = "filter the log; !word leaves out; enter keeps, esc clears"

SOME_INSTANCE = "the other instance"
REPLICA = "A replica, as its mirror was at {at}; no engine runs on it."
STOPPED_REPLICA = "A replica, as its mirror was at {at}; nothing copies into it now. No engine runs on it."
PART_OF_REPLICA = "A replica that is not whole yet; no engine runs on it."
SEEN_IN_STORE = "(seen in the store, every few seconds)"
NOBODY = (
    "Nobody keeps this mirror current: {who} has ended. What it left is shown; "
    "start bitsheet-tui again, here or as a service, and this console attaches to it."
)
TAKES_OVER = "{who} has ended; the mirror is taken over."
DETACHED = "detached at cycle {cycle}; {who} goes on"
LEAVING = "Leaving; the mirror goes on without this console."

WEB_ASKED = "This console asks for a token."
WEB_GARBLED = "That request cannot be read."
WEB_WRONG = "That is not the token."
WEB_LIMITED = "Too many wrong tokens: no other is looked at for {count} s."
WEB_SHARE = "You have {count} consoles already, which is the most; close one, then load this page again."
WEB_GAVE_WAY = "This console was closed to make room for another visitor."
WEB_FULL = "No more than {count} consoles at a time; close one, then load this page again."

SETUP_TITLES = (
    "1 of 5   the portal's webhook",
    "2 of 5   what the portal says",
    "3 of 5   where the mirror is kept",
    "4 of 5   which tables, and how often",
    "5 of 5   the configuration",
)
SETUP_WEBHOOK = (
    (
        "bitsheet-tui keeps a copy of a Bitrix24 portal in a database. It asks the portal through an inbound "
        "webhook, which an administrator makes there: Developer resources > Other > Inbound webhook, with "
        "the scopes crm, task, user, department and im. It only reads. Click by click: "
        "bitsheet-tui help first-portal"
    ),
    (
        "Paste its address here. It is a password, so it is not shown; it is written to one file that only "
        "you may read."
    ),
)
SETUP_STORE = ("A SQLite file needs nothing else. For PostgreSQL: postgresql://user:password@host/database",)
SETUP_SYNC = (
    "Type how often changes are read: seconds, or minutes such as 5 min.",
    "All tables are mirrored. To leave some out: tab to the list, space.",
)
SETUP_SUMMARY = ("This is written to {path}, for you alone to read:",)
SETUP_KEYS = (
    "enter next   ^d try the demo instead   esc quit",
    "enter next   ^r ask again   esc back",
    "enter test, then next   esc back",
    "enter next   tab list   esc back",
    "enter write it and start   esc back",
)
SETUP_ASKING = "Asking the portal…"
SETUP_TESTING = "Testing…"
SETUP_GOOD = "Everything is as it has to be."
SETUP_BAD = (
    "Something is wrong. In the portal: Developer resources > Integrations, choose the webhook, mend it; "
    "^r asks again. enter goes on all the same."
)
SETUP_LEFT = "nothing was written; start again, or try bitsheet-tui --demo"
SETUP_NO_TABLE = "At least one table must be left."
SETUP_NOT_WRITTEN = "It cannot be written: {why}"
SETUP_WRONG_WEBHOOK = "The address {why}"
SETUP_TOO_SHORT = "The address is https://HOST/rest/USER/CODE/"

OVER_SSH = "This mirror ends with your SSH session: use tmux, or bitsheet-tui service."
NEEDS_TERMINAL = "The console needs a terminal on standard input and output."
NEEDS_TERMINAL_HINT = "Run it in a terminal, or run it headless: bitsheet-tui --no-ui"
BUG = "This is a bug in bitsheet-tui; nothing that was committed is lost. Please report the lines above."
TOO_LONG = (
    "The engine did not stop within {seconds} seconds and was left; "
    "the next start goes on where the last commit ended."
)

UNREADABLE = "Comments of {count} not readable: the webhook's user is not in their chats."
UNREADABLE_HINT = (
    "Nothing is lost: they are read once the user may see them. Use an administrator's webhook to read all."
)
NOT_HELD = "No deletions of {table} are held."
ASKED_CONFIRM = "{table} is compared once more, and what is gone is marked."
CONFIRM_TITLE = "Mark {count} of {table} as deleted?"
CONFIRM_BODY = (
    "They are not on the portal any more, as far as the webhook may see: {why}.",
    "A webhook that lost a right sees less, and that looks the same. Look at the portal first.",
    (
        "The table is compared once more, with a few requests that take some seconds. Marked rows stay in "
        "the mirror. It cannot be undone from here, but rows that return to the portal are unmarked."
    ),
)
CONFIRM_YES = "Mark"

RESYNC_TITLE = "Resync {table}?"
RESYNC_BODY = (
    "Every row of {table} is read again from the portal: {rows}, {long}.",
    (
        "The rows stay readable meanwhile, and what is unchanged is not written. "
        "It can be interrupted and goes on later."
    ),
    "It takes nothing away, so there is nothing to undo.",
)
RESYNC_YES = "Resync"
RESYNC_ALL_TITLE = "Resync every table?"
RESYNC_ALL_BODY = (
    "Every row of the portal is read again: {cost}. Cycles go on meanwhile.",
    "The rows stay readable, and what is unchanged is not written. X gives it up.",
    "It takes nothing away, so there is nothing to undo.",
)
SINCE_ASK = "What changed in {table} since which day?"
SINCE_HINT = "a day such as 2026-01-31"
SINCE_TITLE = "Read again what changed in {table} since {since}?"
SINCE_BODY = (
    "It takes as many requests as there are changes: one for each 2,500 rows, about two seconds each.",
    "What is unchanged is not written. It takes nothing away, so there is nothing to undo.",
)
NO_DAY = "{text} is no day such as 2026-01-31"
INTERVAL_TITLE = "How often do cycles start?"
INTERVAL_HINT = (
    "Seconds, or minutes such as 5 min. A cycle costs the portal one or two requests. It lasts until the "
    "engine ends; sync.interval in the configuration is kept. Enter sets it, esc does not."
)
INTERVAL_WRONG = "The interval {why}"
DISABLE_TITLE = "Read {table} no more?"
DISABLE_BODY = (
    "It costs nothing: its rows stay as they are, and grow old. A backfill of it stops where it is.",
    "The same key undoes it, and so does the end of the engine; what changed meanwhile is read then.",
)
DISABLE_YES = "Disable"
CANCEL_TITLE = "Give up what waits, and resyncs under way?"
CANCEL_BODY = (
    (
        "Tables that are read again from scratch count as complete again: they were before, and what changed "
        "meanwhile has been read. What waits for its turn is forgotten."
    ),
    "It cannot be undone; a resync can be asked for again, and begins anew. First readings go on.",
)
CANCEL_YES = "Give up"
CANCEL = "Cancel"

GLOSSARY = (
    ("⇄", "the engine runs in another process, which this console shows and steers; q leaves it running"),
    ("CURRENT", "nothing to do until the next cycle; the mirror is what the portal was at its start"),
    ("SYNCING", "a cycle runs: what changed on the portal is read and stored"),
    ("FILLING", "a table is read for the first time, or again from scratch; its rows can be used meanwhile"),
    ("PAUSED", "nothing is asked of the portal until p is pressed"),
    ("WAITING", "the portal asked for calm, the database is away, or a table is late; ends by itself"),
    ("OFFLINE", "the portal does not answer; it is tried again and again"),
    ("NEEDS YOU", "somebody must act: e says what to do"),
    ("held", "so much seems to be deleted, or so little may be seen, that somebody must confirm it"),
    ("new chg gone", "rows of the table's last cycle: added, changed, marked as deleted"),
    ("rests", "the portal gives a method only so many seconds in ten minutes; this one is over it"),
    ("bucket", "requests that the portal counts against us; it drains by itself"),
    ("op", "how much of its time budget the busiest method has used"),
    ("p50 p95", "half of the times were shorter; nineteen of twenty were"),
    ("set aside", "rows and values that could not be stored; they wait in bitsheet_quarantine"),
)
