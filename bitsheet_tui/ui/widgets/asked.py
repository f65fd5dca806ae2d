"""AskedList: a list that the mirror is asked for, and asked again when a cycle has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from bitsheet_tui.errors import StoreError
from bitsheet_tui.text import plain
from bitsheet_tui.ui import format as f
from bitsheet_tui.ui import words
from bitsheet_tui.ui.language import fold, retold, t
from bitsheet_tui.ui.line import Line, text, wrap
from bitsheet_tui.ui.widgets.choices import Choices

if TYPE_CHECKING:
    from bitsheet_tui.store.reader import Reader

LIMIT = 500  # of each list
WIDE = 500  # cells of a row that is searched


class AskedList(Choices):
    """Subclasses say what to ask, and how one of the answers looks."""

    has: ClassVar[frozenset[str]] = frozenset({"search"})
    hint = words.LIST_HINT
    name_shown = ""
    noun = "row"
    none = words.NO_RECORDS
    follows = True  # asked again when a cycle has ended

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.items: Sequence[Any] = ()
        self._seen: Sequence[Any] = ()  # those that have the word
        self._term = ""
        self._asked: int | None = None  # up to which cycle
        self.trouble = ""
        self.looking = False

    def question(self) -> Callable[[Reader], Sequence[Any]]:
        """What to ask the mirror, on its own thread."""
        return lambda _: ()

    def line(self, item: Any, columns: int) -> Line:
        """One of the answers."""
        return ()

    def open(self, item: Any) -> None:
        """Enter on one of them."""

    # --- asking ---------------------------------------------------------------------------------------

    def shown(self) -> None:
        """It came to the front."""
        if self._asked is None:
            self.again()

    def again(self) -> None:
        """Ask now."""
        self._asked = self.picture.ended
        self.looking = True
        self.run_worker(self._ask(), exclusive=True, group="asked")

    async def _ask(self) -> None:
        try:
            self.answered(await self.console_app.library.ask(self.question()))
        except StoreError as error:
            self.trouble = f"{retold(str(error))} {retold(error.hint)}"
        self.looking = False
        self.paint()

    def answered(self, items: Sequence[Any]) -> None:
        """The mirror answered."""
        self.trouble, self.items = "", items
        self._sift()

    def paint(self) -> None:
        """Draw what differs; ask again once there is something new."""
        if self.follows and self.display and self._asked is not None and self._asked != self.picture.ended:
            self.again()
        super().paint()

    # --- searching --------------------------------------------------------------------------------------

    @property
    def term(self) -> str:
        """The word that every row shown has."""
        return self._term

    def search(self, term: str) -> None:
        """Show only what has this word."""
        self._term = term
        self._sift()
        self.paint()

    def _sift(self) -> None:
        term = fold(self._term)
        self._seen = [item for item in self.items if not term or term in fold(text(self.line(item, WIDE)))]

    # --- the screen -------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many have the word."""
        return len(self._seen)

    def row(self, index: int, columns: int) -> Line:
        """One of them."""
        return self.line(self._seen[index], columns)

    def chosen(self, index: int) -> None:
        """Enter on one of them."""
        self.open(self._seen[index])

    def under(self) -> Any:
        """What is under the cursor; None where there is nothing."""
        return self._seen[self.cursor] if 0 <= self.cursor < len(self._seen) else None

    def title(self) -> tuple[Line, Line]:
        """Its name, and how many there are."""
        name: Line = ((t(self.name_shown), "title"),)
        if self._term:
            name = (*name, ("  ", ""), (f"/{plain(self._term, 30)}", "match"))
        count = f.plural(len(self._seen), self.noun)
        told = t("the newest {count}", count=count) if len(self.items) >= LIMIT else count
        return name, ((told, "dim"),)

    def nothing(self, columns: int) -> list[Line]:
        """Why there is nothing."""
        said = self.trouble or t(words.READING if self.looking else self.none)
        return [((f" {row}", "wait" if self.trouble else "dim"),) for row in wrap(said, columns - 2)]
