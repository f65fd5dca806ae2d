"""The mirror: SQLite or PostgreSQL, the same tables on both, one transaction a page.

store          the one door                                    <- read this first
writer         a page and its checkpoint, in one transaction    <- read this second
values         what a portal value means; dialects: how each database spells it
schema         fields become columns; names: safe names; layout: one table as it is written
bulk           many rows at once; feed: the change feed; quarantine: rows that cannot be stored
contacts, comments, discussions, dictionaries, tombstones, views       what hangs on the rows
checkpoints, ledger, counts, models, migrations                        what the mirror knows of itself
database, sqlite, postgres, lock, address, mounts, orm                 the connection
"""

from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.store.counts import Count
from bitsheet_tui.store.discussions import Discussion, DiscussionRead
from bitsheet_tui.store.ledger import Cycle, Request, Run
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.store import Store
from bitsheet_tui.store.writer import Stored

__all__ = [
    "Checkpoint",
    "Count",
    "Cycle",
    "Discussion",
    "DiscussionRead",
    "Holder",
    "Request",
    "Run",
    "Store",
    "Stored",
]
