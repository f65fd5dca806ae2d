"""The dictionaries of stages, sources and pipelines: stored as they come, and marked only where it is proved.

`crm.status.list` and `crm.category.list` answer with everything at once, and with how many that is (`total`)
[D, S]. So a list is whole when it has as many entries as it counts; one that is not, or that is refused, is
told, and nothing of the dictionary is marked. What a whole list lacks is asked for once more: a status by its
id, where a count of none says that it is gone [D: the list filters by any field]; pipelines, which nothing
filters, by the whole list a second time [U]. And what the guard would hold of a table stays here as well.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from bitsheet_tui import events as e
from bitsheet_tui.errors import BadAnswer, BitsheetError, PortalError, Reason, StoreRefused
from bitsheet_tui.portal import describe
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.describe import Dictionary
from bitsheet_tui.store.bulk import Key
from bitsheet_tui.sync import guard
from bitsheet_tui.sync.desk import Answers, Desk, now
from bitsheet_tui.sync.runs import failure
from bitsheet_tui.tables import DICTIONARIES

STATUSES, PIPELINES = "statuses", "categories"
MOST = 40  # entries asked for in one request; the others wait for the next time


def asks(desk: Desk) -> dict[str, Ask]:
    """What to ask for; nothing where no table of the CRM is mirrored: the webhook may lack its permission."""
    return describe.dictionary_asks() if any(table.scope == "crm" for table in desk.tables) else {}


class Dictionaries(Struct):
    """Two requests at most: what the dictionaries hold, and what of the mirror's they lack."""

    desk: Desk
    errors: list[BitsheetError] = field(default_factory=list)
    came: bool = False  # there was something to take
    _missing: dict[str, list[Key]] = field(default_factory=dict)

    def take(self, answers: Answers) -> None:
        """Store what came."""
        for name, found in describe.dictionaries(answers).items():
            self.came = True
            if isinstance(found, PortalError):
                self.errors.append(found)
                continue
            try:
                self._store(name, found)
            except StoreRefused as error:
                self.errors.append(error)

    def _store(self, name: str, found: Dictionary) -> None:
        store = self.desk.store
        store.fill_dictionary(name, found.rows, mark=False)
        missing, entries = store.missing_entries(name, found.rows)
        share = self.desk.settings.deletion_guard
        if not found.whole:
            self.errors.append(_unproved(name, "the portal does not show as many as it counts"))
        elif why := guard.reason(gone=len(missing), rows=entries, share=share):
            self.errors.append(_unproved(name, why))
        elif missing:
            self._missing[name] = missing[:MOST]

    def asks(self) -> dict[str, Ask]:
        """What is to be asked about entries that seem to be gone; nothing, if none do."""
        asks = {f"status_{key[0]}": describe.one_status(key[0]) for key in self._missing.get(STATUSES, ())}
        again = describe.dictionary_asks() if PIPELINES in self._missing else {}
        return asks | {key: ask for key, ask in again.items() if key.startswith(PIPELINES)}

    def settle(self, answers: Answers) -> None:
        """Mark what is gone, by the answers to `asks`."""
        gone = {
            STATUSES: [key for key in self._missing.get(STATUSES, ()) if _is_gone(answers, key)],
            PIPELINES: self._gone_twice(answers),
        }
        for name, keys in gone.items():
            if not keys:
                continue
            try:
                self.desk.store.bury_entries(name, keys)
            except StoreRefused as error:
                self.errors.append(error)
        self._missing.clear()

    def _gone_twice(self, answers: Answers) -> list[Key]:
        again = describe.dictionaries(answers).get(PIPELINES)
        if not isinstance(again, Dictionary) or not again.whole:
            return []
        missing, _ = self.desk.store.missing_entries(PIPELINES, again.rows)
        return [key for key in self._missing.get(PIPELINES, ()) if key in missing]

    def tell(self) -> None:
        """Say what is wrong with them, or that nothing is."""
        for error in self.errors:
            self.desk.say(failure(DICTIONARIES, error))
        if self.came and not self.errors:
            at = self.desk.portal_now()
            self.desk.say(e.TableRead(table=DICTIONARIES.name, at=now(), seconds=0.0, watermark=at))

    @property
    def failed(self) -> dict[str, BitsheetError]:
        """The first error, for a cycle's list of what is not up to date."""
        return {DICTIONARIES.name: self.errors[0]} if self.errors else {}


def _is_gone(answers: Mapping[str, Answer | PortalError], key: Key) -> bool:
    answer = answers.get(f"status_{key[0]}")
    return isinstance(answer, Answer) and answer.result == [] and answer.total == 0


def _unproved(name: str, why: str) -> BadAnswer:
    return BadAnswer(
        f"the dictionary {name} is not whole: {why}",
        "What it holds was stored and nothing of it was marked as deleted; it is read again.",
        reason=Reason.GARBAGE,
    )
