"""One chat, read from its newest message down, and the proof of what a reading says.

A page is asked by LAST_ID, the first with one above every id, and by LIMIT. FIRST_ID is asked only whether
there is anything below what was read. What this rests on:

* [D] A page holds messages whose ids are less than LAST_ID, LIMIT of them at most, 20 where LIMIT is not
  given, 50 whatever it says (apidocs.bitrix24.com im.dialog.messages.get).
* [S] Without FIRST_ID they are the highest ids there are below LAST_ID: the query has an order and a limit
  (`modules/im/lib/chat.php`). With FIRST_ID it has no order, and its pages hold the newest message besides
  (b24-rest-docs #344): from the highest id of such a page one would jump over all between.
* [U] The order of the messages within a page, that a portal gives as many as LIMIT allows, and that no row is
  left out after the query (fast_bitrix24 #75, #206 have it of other lists). None of it is relied on.
* [S] A message that is deleted stays in its chat, as IS_DELETED; only who may delete it for good removes it
  ([U]). And one who joins a chat later may not see what is below START_ID.

1. *The end.* Below the lowest id shown an empty page came. Fewer than 20 messages, the least that any portal
   gives of more, end a chat for what is stored, so that most chats take one command; such a chat is not yet
   *proved*. From 20 on the next page is asked at once, but where a short page reaches down to exactly the
   lowest id that is known from before, by proof or as the lowest of a chat of one page: messages that were
   hidden then and are not now would be in that page. An empty page behind a full one is seldom the end of
   a chat, one in fifty, and may be a list that shows nothing behind its first pages [U]: unless the end was
   known before, the lowest ids are asked for upwards, and one that lies below leaves the chat without an end
   and unproved, which is told.
2. *A whole page.* Messages are left out after the query, if at all, so a page with as many different ids as
   LIMIT allowed has lost none: in low <= id < LAST_ID, `low` being its lowest, there are no others. A shorter
   page is asked for again with as many as it had; if it has as many again, it is whole. Pages that are whole,
   each from where the last one ended, make a *front* down to which the chat is known. A chat is proved once
   its end was seen and the front has reached its lowest id. A page that was not whole proves nothing of the
   ids between two of its own.
3. *A message that is gone.* A reading before this one did not show it, so the mirror has had it since before
   this one began; the end was seen, and its id lies within a whole page. (One that is missing for the first
   time may have come while the pages were on their way.) Were LIMIT not looked at, a short page would be as
   long again by itself; so here a page of 2 to 49 messages counts only if LIMIT was seen to count in this
   reading: one less was asked for, and one less came.
4. *What is below all that is shown* is not gone by any of this: START_ID hides in the query. It is held.

What the portal leaves out of every page, and what it hides in the query, cannot be told from what is not
there. The first is never marked (3) and keeps the chat from being proved (2), which is counted and told; the
second is as if it were deleted, for which the guard and the hold are there.
"""

from collections.abc import Collection

from msgspec import Struct, field

from bitsheet_tui.portal.listing import PAGE
from bitsheet_tui.store.discussions import Shown

TOP = 2**31 - 1  # above every id of a message
USUAL = 20  # messages of a page when LIMIT does not count
TRIES = 3  # questions for a whole page that may fail in one reading


class Question(Struct, frozen=True):
    """A page of a chat: the highest ids that are less than `below`, `limit` at most."""

    below: int = TOP
    limit: int = PAGE
    upward: bool = False  # the lowest ids there are, by FIRST_ID, to see whether any is less than `below`


class ChatReading(Struct):
    """A chat in the middle of being read. Asks nothing itself; see above for what it concludes."""

    end: int | None = None  # the lowest id that it is known to have: where a short page reaches it, it ends
    proved: bool = False  # it was before: pages are not asked for again
    proving: bool = False  # messages are missing: whatever is shown has to be proved
    known: tuple[int, int] | None = None  # how many messages the mirror has, and their lowest id
    ids: set[int] = field(default_factory=set)
    ended: bool = False
    closed: bool = False  # it is read as far as it is to be
    _cursor: int = TOP  # read down to here, the lowest id shown
    _front: int = TOP  # and proved down to here
    _whole: list[tuple[int, int, int]] = field(default_factory=list)  # low, below, limit
    _lengths: dict[int, int] = field(default_factory=dict)  # of pages that were not whole, by `below`
    _full: int = 0  # the lowest id of the page of fifty that was read last
    _doubted: bool = False  # an empty page came behind it: is there really nothing below?
    _limited: bool = False  # LIMIT was seen to count
    _failures: int = 0

    def questions(self) -> tuple[Question, ...]:
        """The pages that are to be asked now; none: the reading is over."""
        if self.closed:
            return ()
        if self.known and self._cursor == TOP and not self._lengths:
            number, lowest = self.known
            return Question(TOP, min(number, PAGE)), Question(lowest)
        walk = () if self.ended else (Question(self._cursor),)
        below = (Question(self._cursor, upward=True),) if self._doubted else ()
        return (*walk, *below, *self._confirming())

    def _confirming(self) -> tuple[Question, ...]:
        """What would show that the page below the front is whole."""
        if self.proved or self._failures >= TRIES or self._front <= self._cursor:
            return ()
        length = min(PAGE, self._lengths.get(self._front, 0))
        if not length:  # where the front is nobody has asked yet, but for the walk
            return () if self._front == self._cursor and not self.ended else (Question(self._front),)
        if self.proving and not self._limited and length > 1:
            return Question(self._front, length), Question(self._front, length - 1)
        return (Question(self._front, length),)

    def take(self, question: Question, ids: Collection[int]) -> None:
        """Use a page: the ids of its messages, which may come in any order and repeatedly."""
        if question.upward:
            self._look_below(question, ids)
            return
        shown = {ident for ident in ids if ident < question.below}
        stray = len(shown) < len(set(ids))
        self.ids |= set(ids)
        self._walk(question, shown, stray=stray)
        if len(shown) == question.limit and not stray:
            self._note_whole(question, min(shown))
        else:
            self._note_short(question, len(shown))

    def _look_below(self, question: Question, ids: Collection[int]) -> None:
        self.ids |= set(ids)
        self._doubted = False
        if any(ident < question.below for ident in ids):
            self.leave_open()

    def leave_open(self) -> None:
        """Nothing shows that what was read goes down to the end."""
        self.ended, self.closed, self._doubted = False, True, False

    def _walk(self, question: Question, shown: set[int], *, stray: bool) -> None:
        low = min(shown, default=question.below)
        if low < self._cursor:
            self._cursor, self.ended, self._doubted = low, False, False
            self._full = low if len(shown) == PAGE else self._full
        elif question.below == self._cursor:
            self.ended, self.closed = not stray, stray  # strays: LAST_ID does not count
            self._doubted = self.ended and self._cursor == self._full != self.end
        if not (self.proving or self.known):
            brief = question == Question() and len(shown) < USUAL
            self.closed |= brief or (low == self.end and len(shown) < PAGE)

    def _note_whole(self, question: Question, low: int) -> None:
        length = self._lengths.get(question.below)
        self._limited = self._limited or (length is not None and question.limit < length)
        self._whole.append((low, question.below, question.limit))
        for below, low_ in sorted(((below, low_) for low_, below, _ in self._whole), reverse=True):
            if low_ < self._front <= below:
                self._front = low_

    def _note_short(self, question: Question, length: int) -> None:
        before = self._lengths.get(question.below)
        if before is not None and question.limit < min(PAGE, before):
            return  # it only asked whether LIMIT counts
        self._failures += before is not None
        self._lengths[question.below] = length

    @property
    def proved_from(self) -> int | None:
        """The lowest id of the chat, if it is proved now; 0 if there is nothing in it."""
        return self._cursor % TOP if self.ended and self._front <= self._cursor else None

    def shown(self) -> Shown:
        """What was shown, and, where that is to be proved, within which ids nothing else is, for sure."""
        whole = self._whole if self.proving else ()
        spans = [(low, below) for low, below, limit in whole if limit in {1, PAGE} or self._limited]
        return Shown(ids=frozenset(self.ids), ended=self.ended, spans=tuple(spans))
