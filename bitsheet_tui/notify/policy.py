"""Which messages to send, from the alerts that stand: pure, so that months can be played through in a test.

* One message when something begins, one when it is over, reminders in between; what begins, or ends, within
  HOLD seconds is one message, and what is over before then none at all.
* A greater trouble inhibits what follows from it: tables that fail because the portal is away.
* Something that comes and goes more than FLAPS times in an hour is told once, and then not until it has been
  steady for STEADY.
* Never more than BUDGET messages in an hour: those beyond are counted, and the next says how many there were
  and what stands.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.alert import Alert, Kind

HOLD = timedelta(seconds=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STEADY = timedelta(minutes=30)
BUDGET = 10
FLAPS = 4
TOGETHER = timedelta(minutes=5)  # reminders that are due so soon are one
OF_TABLES = frozenset({Kind.TABLE_FAILING, Kind.TABLE_REFUSED, Kind.SCOPE_LOST})
INHIBITS: Mapping[Kind, frozenset[Kind]] = {
    Kind.PORTAL_REFUSED: OF_TABLES | {Kind.MIRROR_STALE},
    Kind.PORTAL_UNREACHABLE: OF_TABLES | {Kind.MIRROR_STALE},
    Kind.STORE_TROUBLE: OF_TABLES | {Kind.MIRROR_STALE, Kind.QUESTION_BROKEN, Kind.PORTAL_UNREACHABLE},
}


class Sort(StrEnum):
    """What a message is about."""

    BEGUN = "begun"
    OVER = "over"
    REMINDER = "reminder"
    FLAPPING = "flapping"
    KEPT_BACK = "kept back"
    ANSWER = "answer"  # of a standing question
    TEST = "test"


class Known(Struct, frozen=True, kw_only=True):
    """What is known of one alert, under its key."""

    alert: Alert  # as it stood last
    stands: bool
    changed: datetime  # when it began, ended, or was inhibited no longer
    changes: tuple[datetime, ...] = ()  # when it began and ended, lately
    told: datetime | None = None  # that it stands; none: nobody was told, or that it is over as well
    reminded: datetime | None = None
    inhibited: bool = False
    flapping: bool = False


class Told(Struct, frozen=True, kw_only=True):
    """What people know: kept in the store, so that a restart tells nothing twice."""

    known: Mapping[str, Known] = field(default_factory=dict)
    sent: tuple[datetime, ...] = ()  # the messages of the last hour
    kept_back: int = 0  # messages since the budget was used up


class News(Struct, frozen=True, kw_only=True):
    """The answer of a standing question has rows that it did not have before."""

    name: str
    lines: tuple[str, ...]  # of the new rows, those that are told
    count: int  # of new rows in all


class Message(Struct, frozen=True, kw_only=True):
    """One thing to say. `seconds`: how long those that are over have lasted."""

    sort: Sort
    alerts: tuple[Alert, ...] = ()
    seconds: float = 0.0
    kept_back: int = 0
    news: News | None = None


def follow(
    told: Told,
    alerts: Mapping[str, Alert],
    now: datetime,
    *,
    reminder: float,
    news: Collection[News] = (),
    hold: timedelta = HOLD,
) -> tuple[list[Message], Told]:
    """The messages that are due at `now`, and what people know once they are sent.

    `reminder`: seconds; after a day they are a day apart at least. `news`: each a message. `hold` is 0 for an
    instance that is about to end.
    """
    known = _inhibited(_seen(told.known, alerts, now), now)
    messages, known = _due(known, now, timedelta(seconds=reminder), hold)
    messages += [Message(sort=Sort.ANSWER, news=one) for one in news]
    after = replace(told, known=_remembered(known, now))
    return _within_budget(after, messages, now)


def _seen(known: Mapping[str, Known], alerts: Mapping[str, Alert], now: datetime) -> dict[str, Known]:
    found = dict(known)
    for key, alert in alerts.items():
        before = found.get(key)
        if before is None:
            found[key] = Known(alert=alert, stands=True, changed=now, changes=(now,))
        elif not before.stands:
            first = replace(alert, since=before.alert.since) if before.told else alert
            found[key] = replace(
                before, alert=first, stands=True, changed=now, changes=_recent(before.changes, now)
            )
        elif alert != before.alert:
            found[key] = replace(before, alert=replace(alert, since=before.alert.since))
    for key, before in known.items():
        if before.stands and key not in alerts:
            found[key] = replace(before, stands=False, changed=now, changes=_recent(before.changes, now))
    return found


def _recent(changes: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    return (*(at for at in changes if now - at < HOUR), now)[-FLAPS - 1 :]


def _inhibited(known: dict[str, Known], now: datetime) -> dict[str, Known]:
    """Note which follow from a greater trouble; one that does no longer begins anew."""
    stand = {one.alert.kind for one in known.values() if one.stands}
    kinds = frozenset[Kind]().union(*(INHIBITS.get(kind, frozenset()) for kind in stand))
    for key, one in known.items():
        inhibited = one.alert.kind in kinds
        if inhibited != one.inhibited:
            known[key] = replace(one, inhibited=inhibited, changed=one.changed if inhibited else now)
    return known


def _due(
    known: dict[str, Known], now: datetime, reminder: timedelta, hold: timedelta
) -> tuple[list[Message], dict[str, Known]]:
    messages = []
    flapping = [key for key, one in known.items() if _begins_to_flap(one, now)]
    if flapping:
        messages.append(Message(sort=Sort.FLAPPING, alerts=_alerts(known, flapping)))
        known |= {
            key: replace(known[key], flapping=True, told=known[key].told or now, reminded=now)
            for key in flapping
        }
    steady = [key for key, one in known.items() if one.flapping and now - one.changed >= STEADY]
    known |= {key: replace(known[key], flapping=False, changes=()) for key in steady}
    quiet = {key for key, one in known.items() if one.flapping or one.inhibited}
    rest = {key: one for key, one in known.items() if key not in quiet}

    over = [key for key, one in rest.items() if not one.stands and one.told]
    if any(now - known[key].changed >= hold for key in over):
        since = min(known[key].alert.since for key in over)
        ended = max(known[key].changed for key in over)
        seconds = max(0.0, (ended - since).total_seconds())
        messages.append(Message(sort=Sort.OVER, alerts=_alerts(known, over), seconds=seconds))
        known |= {key: replace(known[key], told=None, reminded=None) for key in over}
    begun = [key for key, one in rest.items() if one.stands and one.told is None]
    if any(now - known[key].changed >= hold for key in begun):
        messages.append(Message(sort=Sort.BEGUN, alerts=_alerts(known, begun)))
        known |= {key: replace(known[key], told=now, reminded=now) for key in begun}
    told = [key for key, one in rest.items() if one.stands and one.told]
    if any(_left(known[key], now, reminder) <= timedelta() for key in told):
        late = [key for key in told if _left(known[key], now, reminder) <= min(TOGETHER, reminder / 2)]
        messages.append(Message(sort=Sort.REMINDER, alerts=_alerts(known, late)))
        known |= {key: replace(known[key], reminded=now) for key in late}
    return messages, known


def _begins_to_flap(one: Known, now: datetime) -> bool:
    recent = sum(now - at < HOUR for at in one.changes)
    return recent > FLAPS and not one.flapping and not one.inhibited


def _left(one: Known, now: datetime, reminder: timedelta) -> timedelta:
    """Until it is to be told again; negative: since then."""
    if one.told is None or one.reminded is None:
        return DAY
    gap = reminder if now - one.told < DAY else max(reminder, DAY)
    return gap - (now - one.reminded)


def _remembered(known: Mapping[str, Known], now: datetime) -> dict[str, Known]:
    """Without what is over for long, and told."""
    return {
        key: one
        for key, one in known.items()
        if one.stands or one.told or one.flapping or (one.changes and now - one.changed < HOUR)
    }


def _alerts(known: Mapping[str, Known], keys: Iterable[str]) -> tuple[Alert, ...]:
    return tuple(sorted((known[key].alert for key in keys), key=lambda alert: not alert.grave))


def _within_budget(told: Told, messages: list[Message], now: datetime) -> tuple[list[Message], Told]:
    sent = tuple(at for at in told.sent if now - at < HOUR)
    kept_back = told.kept_back
    given: list[Message] = []
    if kept_back and len(sent) < BUDGET:
        stand = (key for key, one in told.known.items() if one.stands and one.told)
        given.append(Message(sort=Sort.KEPT_BACK, alerts=_alerts(told.known, stand), kept_back=kept_back))
        sent, kept_back = (*sent, now), 0
    room = max(0, BUDGET - len(sent))
    given += messages[:room]
    sent = (*sent, *[now] * len(messages[:room]))
    kept_back += len(messages[room:])
    if not messages and not given:
        return [], told  # nothing to write down, but that time has passed
    return given, replace(told, sent=sent, kept_back=kept_back)
