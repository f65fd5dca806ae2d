"""Random histories of a portal in memory, and the seeds whose mirror differs at the end."""

from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.portal.listing import parameters
from bitsheet_tui.store.checkpoints import Checkpoint
from bitsheet_tui.sync.backfill import Backfill, begin, unread, with_fill
from bitsheet_tui.sync.scan import TAIL, Scan, begun, filling
from bitsheet_tui.tables import CATALOGUE
from tests.support.in_memory_portal import InMemoryPortal, Mirror

DEALS = next(table for table in CATALOGUE if table.name == "deals")
OVERLAP = 30
BIRTHS = 0  # rows with old dates that appear between two scans


def portal_rows(portal):
    return {ident: version for ident, (version, _) in portal.rows.items()}


def histories(seeds, *, chained=True, crash=0.0, commit=None, tails=1.0):
    """The seeds whose history ends with a mirror that is not the portal."""
    lost = []
    for seed in seeds:
        portal = InMemoryPortal(seed)
        mirror = Mirror(Checkpoint(table="deals"))
        portal.restless = 0.8
        for _ in range(4):
            for _ in range(BIRTHS):
                portal.create(changed=portal.chance.randrange(1000))
            read_all(
                portal,
                mirror,
                pages=1 if BIRTHS else 3,
                chained=chained,
                crash=crash,
                commit=commit,
                tails=tails,
            )
        portal.restless = 0.0
        portal.clock += 2
        scan(portal, mirror, chained=chained)
        if mirror.rows != portal_rows(portal):
            lost.append(seed)
    return lost


def start(portal, mirror, commit=Mirror.commit):
    """The one question for the highest ids."""
    answer = portal.answer({"first": Ask(DEALS.method, parameters(DEALS, {}))})["first"]
    highest = max((int(row["ID"]) for row in answer.result), default=0)
    commit(mirror, [], begin(mirror.checkpoint, answer.started, highest))


def backfill(mirror, *, chained=True, streams=1):
    return Backfill(DEALS, unread(mirror.checkpoint), chained, streams)


def read_all(portal, mirror, *, chained=True, pages=3, crash=0.0, commit=None, tails=1.0):
    """Backfill, then scan until nothing is left; a crash forgets everything but what was committed."""
    commit = commit or Mirror.commit
    if not begun(DEALS, mirror.checkpoint):
        start(portal, mirror, commit)
    while filling(DEALS, mirror.checkpoint):
        fill_until_crash(portal, mirror, chained=chained, pages=pages, crash=crash, commit=commit)
    scan(portal, mirror, chained=chained, pages=pages, crash=crash, commit=commit, tails=tails)


def fill_until_crash(portal, mirror, *, chained, pages, crash, commit):
    """Three streams whose answers come in any order, and scans between them."""
    fill, chance = backfill(mirror, chained=chained, streams=3), portal.chance
    flying = []
    while filling(DEALS, mirror.checkpoint):
        roll = chance.random()
        if roll < 0.5 and len(flying) < 3 and (errand := fill.errand(pages)):
            flying.append((errand, portal.answer(errand.asks)))
        elif roll < 0.8 and flying:
            errand, answers = flying.pop(chance.randrange(len(flying)))
            step = fill.take(errand, answers, mirror.checkpoint)
            if chance.random() < crash:
                return
            commit(mirror, step.rows, step.checkpoint)
        else:
            scan_once(portal, mirror, fill, chained=chained, commit=commit)


def scan_once(portal, mirror, fill, *, chained, commit):
    """One request of a scan while a backfill is under way."""
    work = Scan(DEALS, mirror.checkpoint, OVERLAP, chained)
    step = work.take(portal.answer(work.asks({})))
    commit(mirror, step.rows, with_fill(step.checkpoint, mirror.checkpoint))
    fill.overtaken(int(row["ID"]) for row in step.rows)


def scan(portal, mirror, *, chained=True, pages=3, crash=0.0, commit=None, tails=1.0):
    """`tails`: the share of scans that read their tail."""
    commit = commit or Mirror.commit
    while True:
        tail = tails >= 1.0 or portal.chance.random() < tails
        work = Scan(DEALS, mirror.checkpoint, OVERLAP, chained, tail=tail)
        while True:
            step = work.take(portal.answer(work.asks({"DATE_MODIFY": pages, TAIL: pages})))
            if portal.chance.random() < crash:
                break  # killed before the commit: a new process starts from what is stored
            commit(mirror, step.rows, step.checkpoint)
            if step.complete:
                return
