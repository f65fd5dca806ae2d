"""What waits to be sent, and through which channels: pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.notify.policy import Told
from bitsheet_tui.notify.wording import Text

MOST = 50  # letters; the oldest are dropped
TRIES = 3
PAUSES = (timedelta(seconds=60), timedelta(minutes=5))  # between two tries


class Letter(Struct, frozen=True, kw_only=True):
    """A message for some channels. `left`: their keys, and how often each was tried in vain."""

    text: Text
    left: Mapping[str, int]
    next_at: datetime


class Kept(Struct, frozen=True, kw_only=True):
    """All that survives a restart: what people know, and what is still to be said."""

    told: Told = field(default_factory=Told)
    letters: tuple[Letter, ...] = ()


def post(
    letters: Iterable[Letter], texts: Iterable[Text], keys: Collection[str], now: datetime
) -> tuple[Letter, ...]:
    """With these `texts` for every channel; what is for channels that are no more is dropped."""
    known = [replace(one, left={key: n for key, n in one.left.items() if key in keys}) for one in letters]
    new = [Letter(text=text, left=dict.fromkeys(keys, 0), next_at=now) for text in texts]
    return tuple(one for one in (*known, *new) if one.left)[-MOST:]


def due(letters: Iterable[Letter], now: datetime) -> Letter | None:
    """The first that may be tried now."""
    return next((one for one in letters if one.next_at <= now), None)


def tried(
    letters: Iterable[Letter], letter: Letter, failed: Collection[str], now: datetime
) -> tuple[Letter, ...]:
    """Without what arrived, and what was tried too often."""
    left = {key: n + 1 for key, n in letter.left.items() if key in failed and n + 1 < TRIES}
    tries = max(left.values(), default=1)
    again = replace(letter, left=left, next_at=now + PAUSES[min(tries, len(PAUSES)) - 1])
    return tuple(again if one is letter else one for one in letters if one is not letter or left)
