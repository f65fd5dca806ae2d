"""Requests shared by several jobs: gather asks, send one batch, hand out the answers, until all are done."""

from collections.abc import Sequence

from bitsheet_tui.errors import TABLE_TROUBLE, TooLarge
from bitsheet_tui.portal.answer import Ask
from bitsheet_tui.sync.deletions import CountJob
from bitsheet_tui.sync.desk import ROOM, Desk
from bitsheet_tui.sync.jobs import CommentJob, Job, ScanJob

Asked = list[tuple[Job, tuple[str, ...]]]


async def run(desk: Desk, jobs: Sequence[Job], spare: Sequence[Job] = ()) -> None:
    """Read until every job is complete or has an error. An error ends its own job only.

    `spare` jobs ride in the first request, if it has room for them, and in no other. Raises Refused and
    Unreachable when the portal as a whole does not serve, and StoreError when the store as a whole does not.
    """
    active = list(jobs)
    while active:
        await desk.moving.wait()
        async with desk.holding({job.table.name for job in active}):
            asks, asked = gather(desk, active)
            ride(desk, spare, asks, asked)
            spare = ()
            if asks:
                await _turn(desk, asks, asked)
        active = [job for job in active if not (job.complete or job.error)]
        if not asks and active:  # nobody has anything to ask and nobody is done: a bug, not a wait
            raise RuntimeError(f"stuck: {', '.join(job.table.name for job in active)}")


async def count(desk: Desk, counts: Sequence[CountJob]) -> None:
    """Ask for counts in a request of their own, while others read their tables: nothing of it is stored.

    Raises as `run`.
    """
    await desk.moving.wait()
    asks, asked = gather(desk, counts)
    await _turn(desk, asks, asked)


async def _turn(desk: Desk, asks: dict[str, Ask], asked: Asked) -> None:
    try:
        answers = await desk.ask(asks, [job.table for job, _ in asked])
    except TooLarge as error:
        counts = [job for job, _ in asked if isinstance(job, CountJob)]
        for count in counts:  # they are what takes long, and are not needed now
            count.error = error
        if counts:
            return
        if not desk.divisible(asks):
            for job, _ in asked:
                job.error = error
        return  # the next gathering asks for less
    for job, keys in asked:
        try:
            job.take({key: answers[key] for key in keys})
        except TABLE_TROUBLE as error:
            job.error = error


def ride(desk: Desk, spare: Sequence[Job], asks: dict[str, Ask], asked: Asked) -> None:
    """Let spare jobs use what is left of a request."""
    seconds = desk.seconds - sum(_seconds(desk, job, len(keys)) for job, keys in asked)
    space = 1.0 - sum(len(keys) * desk.splitter.share(job.table) for job, keys in asked)
    for job in spare if asks else ():
        cost = max(desk.portal.seconds_per_command(job.table.method), 0.001)
        fit = int(space / (desk.splitter.share(job.table) or space / ROOM)) if space > 0 else 0
        room = min(desk.room - len(asks), int(seconds / cost), fit)
        some = job.asks(room) if room > 0 else {}
        if some and len(asks) + len(some) <= desk.room:
            asks |= some
            asked.append((job, tuple(some)))
            seconds -= len(some) * desk.portal.seconds_per_command(job.table.method)
            space -= len(some) * desk.splitter.share(job.table)


def gather(desk: Desk, jobs: Sequence[Job]) -> tuple[dict[str, Ask], list[tuple[Job, tuple[str, ...]]]]:
    """The next batch, and who asked what. Slots and seconds are shared evenly, leftovers go to the next.

    What is indivisible and has no room beside others has a request of its own.
    """
    asks: dict[str, Ask] = {}
    asked: list[tuple[Job, tuple[str, ...]]] = []
    seconds = desk.seconds
    for place, job in enumerate(jobs):
        left = len(jobs) - place
        slots = desk.room - len(asks)
        if slots <= 0 or (asks and seconds <= 0):
            break
        room = max(1, min(slots // left or 1, desk.fits(job.table, seconds / left)))
        some = job.asks(room)
        if not some or (asks and len(some) > slots):
            continue
        asks |= some
        asked.append((job, tuple(some)))
        seconds -= _seconds(desk, job, len(some))
    return _freshest_last(asks, asked), asked


def _freshest_last(asks: dict[str, Ask], asked: Asked) -> dict[str, Ask]:
    """The same in another order: what a window brings is the fresher the later it is asked.

    Everything is stored when the last command is answered. So the tails of all tables, which hardly bring
    anything, their counts, and the discussions that are due come first, then the windows, those of tables in
    which something has changed a moment ago last, then what refers to them.
    """

    def turn(place: int) -> tuple[int, int]:
        job = asked[place][0]
        if isinstance(job, CountJob):
            return 0, 0
        return (1, job.moved) if isinstance(job, ScanJob) else (2, 0)

    early = {key for job, _ in asked if isinstance(job, ScanJob | CommentJob) for key in job.early}
    keys = [key for place in sorted(range(len(asked)), key=turn) for key in asked[place][1]]
    return {key: asks[key] for key in (*(key for key in keys if key in early), *keys)}


def _seconds(desk: Desk, job: Job, commands: int) -> float:
    """How long the portal takes for what a job asks, as far as one knows."""
    if isinstance(job, CountJob):
        return job.seconds
    return commands * desk.portal.seconds_per_command(job.table.method)
