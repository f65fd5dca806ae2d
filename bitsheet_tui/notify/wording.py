"""A message in words, in the language that is spoken: what, since when, what to do; never the webhook."""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.notify.policy import Message, News, Sort
from bitsheet_tui.secret import redact
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui.language import retold, t

LONGEST = 1000  # characters of a message
TITLE = 120
LINE = 300
OF_THE_STORE = frozenset({Kind.STORE_TROUBLE, Kind.STORE_PINNED, Kind.CURSOR_BEHIND})
# what services make of a message: Apprise's four kinds
KINDS = {Sort.OVER: "success", Sort.ANSWER: "info", Sort.TEST: "info"}
TITLES = {
    Sort.BEGUN: "{host}: {count} new troubles",
    Sort.OVER: "{host}: well again after {span}",
    Sort.REMINDER: "{host}: still in trouble",
    Sort.FLAPPING: "{host}: trouble that comes and goes",
    Sort.KEPT_BACK: "{host}: {count} messages were kept back",
    Sort.TEST: "{host}: a test message",
}


class Text(Struct, frozen=True, kw_only=True):
    """What a channel is given."""

    title: str
    body: str
    kind: str  # info, success, warning, failure


def put(message: Message, host: str, now: datetime) -> Text:
    """`message` in words; `host` is the portal's."""
    kind = KINDS.get(message.sort) or (
        "failure" if any(alert.grave for alert in message.alerts) else "warning"
    )
    lines = [*_lines(message, now)]
    return Text(title=_inert(_title(message, host), TITLE), body=_body(lines), kind=kind)


def _title(message: Message, host: str) -> str:
    alerts, news = message.alerts, message.news
    if message.sort is Sort.ANSWER and news:
        return f"{host}: {news.name}"
    if message.sort is Sort.BEGUN and len(alerts) == 1:
        return t("{host}: trouble with {where}", host=host, where=where(alerts[0]))
    facts = {
        "host": host,
        "count": f.count(message.kept_back or len(alerts)),
        "span": f.span(message.seconds),
    }
    return t(TITLES[message.sort], **facts)


def _lines(message: Message, now: datetime) -> Iterator[str]:
    """The body, a piece for each thing."""
    if message.sort is Sort.TEST:
        yield t("Messages of bitsheet-tui arrive here.")
    if message.news:
        yield from _rows(message.news)
    if message.sort is Sort.FLAPPING:
        yield t("Nothing more is said of it until it has been steady for half an hour.")
    if message.sort is Sort.KEPT_BACK:
        yield (
            t("There are at most ten an hour. This is wrong now:")
            if message.alerts
            else t("There are at most ten an hour. Nothing is wrong now.")
        )
    for alert in message.alerts:
        yield _alert(alert, now, over=message.sort is Sort.OVER)


def _alert(alert: Alert, now: datetime, *, over: bool) -> str:
    told = f"{_inert(where(alert))}: {_inert(retold(_without_values(alert.text)))}"
    if over:
        return told
    since = t("since {at}", at=f.clock(alert.since, None, now, seconds=False))
    return f"{told} ({since})\n{_inert(retold(alert.hint))}".rstrip()


def _without_values(text: str) -> str:
    """Without what a server adds to an error: the row that it is about (postgresql.org, DETAIL)."""
    return text.partition(" DETAIL:")[0]


def where(alert: Alert) -> str:
    """What it is about, in a word or two."""
    if alert.tables:
        return ", ".join(alert.tables)
    if alert.kind is Kind.QUESTION_BROKEN:
        return t("question {name}", name=alert.about)
    if alert.kind is Kind.CHANNEL_FAILING:
        return t("channel {name}", name=alert.about)
    if alert.kind is Kind.HEARTBEAT_FAILING:
        return t("the heartbeat")
    if alert.kind is Kind.MIRROR_STALE:
        return t("the mirror")
    return t("store") if alert.kind in OF_THE_STORE else t("portal")


def _rows(news: News) -> Iterator[str]:
    yield t("{rows} in the answer that were not there before:", rows=f.plural(news.count, "row"))
    yield from map(_inert, news.lines)


def _body(pieces: list[str]) -> str:
    """As many pieces as there is room for, and how many more there are."""
    said: list[str] = []
    room = LONGEST - 40
    for number, piece in enumerate(pieces):
        room -= len(piece) + 1
        if room < 0 and said:
            return "\n".join([*said, t("and {count} more", count=f.count(len(pieces) - number))])
        said.append(piece)
    return "\n".join(said)


def _inert(text: str, limit: int = LINE) -> str:
    """One line without control characters and secrets."""
    return redact(plain(redact(text), limit))
