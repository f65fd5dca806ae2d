"""bitsheet-tui: a live, trustworthy SQL copy of a Bitrix24 portal, run from a terminal.

The map, from the bottom up; a module imports only from rows above its own:

    errors, alert        what can go wrong, and what somebody should know of
    secret, text         strings that cannot be printed; text that cannot harm
    lean                 leaves out what libraries bring along and nobody uses
    memory               goes back to the system when it is not used
    locales, manual/     the language to speak; the chapters that `help` and the console show
    fields, tables       what is mirrored, as data                          <- read tables first
    events, state, ring  what happens, and the one picture made of it
    commands             what the engine can be told
    config               the settings
    portal/              asks the portal: client, limits, lists, and a demo portal to ask
    store/               keeps the mirror: SQLite or PostgreSQL, schema, values, one transaction a page
    sync/                joins the two: scans, backfills, cycles, schedule    <- read scan second
    observe/             watches: logs, status; shows the engine to viewers, and one elsewhere to a console
    ui/                  the console, and the status page
    monitoring/          serves metrics, probes and the status page over HTTP
    wiring, cli/         puts the parts together; the commands
"""

__version__ = "0.1.0"  # the only place: the build reads it here
