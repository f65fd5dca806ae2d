"""The threads that tell people, next to the engine: one looks at its alerts and sends, one asks questions.

Both only read the picture of the engine, and speak to it through events; the cycle never waits for them. What
people know, and what is still to be said, is one fact of the store, written before a message is sent and
after it: a restart tells nothing twice, but for a message that was on its way at that moment.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from types import TracebackType
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui import events as e
from bitsheet_tui.alert import Alert, Kind
from bitsheet_tui.config.settings import Question
from bitsheet_tui.errors import MirrorHeld, QuestionBroken, StoreError
from bitsheet_tui.notify import outbox, policy, wording
from bitsheet_tui.notify.channels import Channel, Sending
from bitsheet_tui.notify.outbox import Kept
from bitsheet_tui.notify.policy import News
from bitsheet_tui.notify.questions import Seen, compare, decode, encode
from bitsheet_tui.notify.staleness import stale
from bitsheet_tui.notify.wording import Text
from bitsheet_tui.state import EngineState
from bitsheet_tui.store.books import NOTIFIED, QUESTION, Books
from bitsheet_tui.store.questions import Answer
from bitsheet_tui.ui.language import speaking

GLANCE_SECONDS = 1.0
PARTING = 1.0  # seconds for a thread to end
FAILING = "messages through {name} do not arrive: {why}"
FAILING_HINT = "bitsheet-tui notify --test tries every channel."
BROKEN = "the question {name} is not answered: {why}"


class Watched(Protocol):
    """The engine."""

    @property
    def state(self) -> EngineState:
        """Everything there is to see."""

    def tell(self, event: e.Event) -> None:
        """Something has happened beside it; from any thread."""


class Sends(Protocol):
    """A message on its way."""

    def send(self, text: Text, through: Sequence[Channel]) -> Mapping[str, str]:
        """Why it did not get through, for each channel by its key; empty: it did."""

    def end(self) -> None:
        """End it; from any thread."""


class Asks(Protocol):
    """A question under way."""

    def ask(self, sql: str) -> Answer:
        """The answer. Raises QuestionBroken and StoreError."""

    def end(self) -> None:
        """End it; from any thread."""


class Watch(Struct, frozen=True, kw_only=True):
    """What to tell, to whom, and in which language."""

    channels: tuple[Channel, ...]
    reminder: float  # seconds
    language: str
    questions: tuple[Question, ...] = ()

    @property
    def alerts(self) -> frozenset[str]:
        """The keys of the alerts that there may be about the channels and questions."""
        failing = {f"{Kind.CHANNEL_FAILING}:{one.name}" for one in self.channels}
        return frozenset(failing | {f"{Kind.QUESTION_BROKEN}:{one.name}" for one in self.questions})


class Notifier:
    """Tells people of one engine. A context: its threads live as long as the block."""

    def __init__(
        self,
        engine: Watched,
        store: Books,
        watch: Watch,
        *,
        asking: Callable[[], Asks],
        sending: Callable[[], Sends] = Sending,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine, self._store, self._watch = engine, store, watch
        self._asking, self._sending, self._now = asking, sending, now
        self._kept = _read(store.remembered(NOTIFIED))
        self._sure = True  # that it is so in the store
        self._facts: dict[str, str] = {}  # to be written with it
        self._news: deque[tuple[Question, Seen, News | None]] = deque()
        self._seen = {one.name: decode(store.remembered(QUESTION + one.name)) for one in watch.questions}
        self._next = dict.fromkeys((one.name for one in watch.questions), 0.0)
        self._under_way: list[Sends | Asks] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Notifier":
        work = [self.look, self.ask] if self._watch.questions else [self.look]
        for one in work:
            thread = threading.Thread(target=self._again, args=(one,), name=one.__name__, daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is on its way is given up; it is sent after the next start."""
        self._stop.set()
        for one in tuple(self._under_way):
            one.end()
        for thread in self._threads:
            thread.join(PARTING)

    def _again(self, work: Callable[[], None]) -> None:
        with speaking(self._watch.language):
            while not self._stop.wait(GLANCE_SECONDS):
                work()

    def finish(self) -> None:
        """Of an instance that runs one cycle and ends: tell what has changed, without waiting for more."""
        with speaking(self._watch.language):
            self.look(hold=timedelta())

    # --- messages -------------------------------------------------------------------------------------

    def look(self, *, hold: timedelta | None = None) -> None:
        """Tell what is due, and send what may be sent; `hold`: how long what begins is held, if otherwise."""
        at, keys = self._now(), [one.key for one in self._watch.channels]
        state = self._engine.state
        messages, told = policy.follow(
            self._kept.told, self._alerts(state, at), at, reminder=self._watch.reminder,
            news=self._answered(), hold=policy.HOLD if hold is None else hold,
        )  # fmt: skip
        texts = [wording.put(message, state.portal, at) for message in messages]
        self._keep(Kept(told=told, letters=outbox.post(self._kept.letters, texts, keys, at)))
        self._write([alert.key for message in messages for alert in message.alerts], at)
        while (letter := outbox.due(self._kept.letters, self._now())) and not self._stop.is_set():
            through = [one for one in self._watch.channels if one.key in letter.left]
            failed = self._send(letter.text, through)
            if self._stop.is_set():
                return  # nobody knows whether it arrived: it is sent again
            left = outbox.tried(self._kept.letters, letter, failed, self._now())
            self._keep(replace(self._kept, letters=left))
            self._write((), at)

    def _alerts(self, state: EngineState, at: datetime) -> dict[str, Alert]:
        """What stands, for a channel that could tell of it."""
        lone = len(self._watch.channels) == 1
        found = {
            key: alert
            for key, alert in state.alerts.items()
            if not (lone and alert.kind is Kind.CHANNEL_FAILING)
        }
        known = self._kept.told.known.get(Kind.MIRROR_STALE)
        if alert := stale(state, at, stood=known is not None and known.stands):
            found[alert.key] = alert
        return found

    def _answered(self) -> list[News]:
        found = []
        while self._news:
            question, seen, news = self._news.popleft()
            self._facts[QUESTION + question.name] = encode(seen)
            self._sure = False
            found += [news] if news else []
        return found

    def _keep(self, kept: Kept) -> None:
        if kept != self._kept:
            self._kept, self._sure = kept, False

    def _write(self, keys: Sequence[str], at: datetime) -> None:
        """Write down what changed; while the store is away it is remembered here."""
        if self._sure or self._stop.is_set() or not self._store.connected:
            return
        facts = {**self._facts, NOTIFIED: msgspec.json.encode(self._kept).decode()}
        with suppress(StoreError, MirrorHeld):  # the cycle is the one to report it
            self._store.remember_told(facts, keys, at=at)
            self._sure = True
            self._facts.clear()

    def _send(self, text: Text, through: Sequence[Channel]) -> list[str]:
        """The keys of the channels through which it did not get."""
        one = self._sending()
        self._under_way.append(one)
        try:
            found = one.send(text, through)
        finally:
            self._under_way.remove(one)
        if self._stop.is_set():
            return []
        for channel in through:
            self._report(Kind.CHANNEL_FAILING, channel.name, FAILING, found[channel.key], FAILING_HINT)
            arrived = not found[channel.key]
            self._engine.tell(e.Notified(service=channel.service, arrived=arrived, at=self._now()))
        return [key for key, why in found.items() if why]

    def _report(self, kind: Kind, name: str, sentence: str, why: str, hint: str) -> None:
        at = self._now()
        if why:
            text = sentence.format(name=name, why=why)
            self._engine.tell(e.BesideFailed(kind=kind, about=name, text=text, hint=hint, at=at))
        else:
            self._engine.tell(e.BesideWell(kind=kind, about=name, at=at))

    # --- questions ------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask what is due, one after the other."""
        for question in self._watch.questions:
            began = monotonic()
            if began >= self._next[question.name] and self._answerable() and not self._stop.is_set():
                self._next[question.name] = began + question.every
                self._ask(question)

    def _answerable(self) -> bool:
        """While a table is filled, everything would be new."""
        state = self._engine.state
        filling = any(table.fill and not table.disabled for table in state.tables.values())
        return bool(state.cycles) and not filling and not isinstance(state.trouble, e.StoreTrouble)

    def _ask(self, question: Question) -> None:
        one = self._asking()
        self._under_way.append(one)
        why = hint = ""
        try:
            answer = one.ask(question.sql)
            news, seen = compare(question, answer.columns, answer.rows, self._seen[question.name])
            if seen != self._seen[question.name]:
                self._seen[question.name] = seen
                self._news.append((question, seen, news))
        except (QuestionBroken, StoreError) as error:
            why, hint = str(error), error.hint
        finally:
            self._under_way.remove(one)
        if not self._stop.is_set() and not isinstance(self._engine.state.trouble, e.StoreTrouble):
            self._report(Kind.QUESTION_BROKEN, question.name, BROKEN, why, hint)


def _read(text: str) -> Kept:
    """What was kept; nothing where it is of another version."""
    try:
        return msgspec.json.decode(text or "{}", type=Kept)
    except msgspec.DecodeError:
        return Kept()
