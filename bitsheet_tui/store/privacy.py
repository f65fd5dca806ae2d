"""What the rules of `privacy` do to the rows of a table, before anything of them is stored.

Where rows become columns (`layout`), a field that is excluded has no place, and one that is hashed or masked
has a conversion more. The portal's row itself, as `_raw`, the contact points and quarantine keep it, is shown
as it is stored. Who is forgotten (`forgotten`) is left out wherever the schema knows of him.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bitsheet_tui.errors import ConfigError
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.privacy import values
from bitsheet_tui.privacy.key import Key
from bitsheet_tui.privacy.rules import COPIED, Rule, Rules
from bitsheet_tui.privacy.values import Change
from bitsheet_tui.store.sweeps import Met, Sweep
from bitsheet_tui.store.values import Unstorable, spelt, text
from bitsheet_tui.tables import Table

Portal = Mapping[str, Any]
Forgotten = Mapping[str, frozenset[int]]  # ids by table
WORDS: Mapping[Rule, str] = {Rule.HASH: " (hashed)", Rule.MASK: " (masked)"}
KEPT = "bitsheet-tui kept"  # of a row in quarantine: the value is as it is stored already
COMMUNICATIONS, FILES, AUTHOR, AUTHOR_NAME = "COMMUNICATIONS", "FILES", "AUTHOR_ID", "AUTHOR_NAME"
COMMENTS = "task_comments"


class Changed:
    """A conversion, and what is done to its result. What it refuses is told to nobody."""

    def __init__(self, convert: Callable[[Any], Any], change: Change, *, document: bool) -> None:
        self.convert, self.change, self._document = convert, change, document

    def inner(self, value: Any) -> Any:
        """What is done to one value of a multi-field."""
        return getattr(self.change, "inner", self.change)(value)

    def __call__(self, raw: Any) -> Any:
        """The value as it is stored."""
        if type(raw) is dict and KEPT in raw:
            return raw[KEPT]
        try:
            value = self.convert(raw)
        except Unstorable:
            # a value that is not to be read never waits in quarantine
            value = None if self._document else spelt(raw)
        return None if value is None else self.change(value)

    def sweep(self, swept: Sweep) -> Sweep:
        """The same for a column, which `swept` converts as it converts texts and documents."""
        usual = self._document or self.convert is text

        def changed(column: Sequence[Any], met: Met) -> Sequence[Any]:
            if not usual or any(type(raw) is dict and KEPT in raw for raw in column):
                return [self(raw) for raw in column]
            try:
                found = swept(column, met)
            except Unstorable:
                return [self(raw) for raw in column]
            return [None if value is None else self.change(value) for value in found]

        return changed


class Privacy(Struct, frozen=True, dict=True):
    """The rules, the key of the hashes if there are any, and who is forgotten."""

    rules: Rules = Rules()
    key: Key | None = None
    forgotten: Forgotten = field(default_factory=dict)

    def described(self, table: Table, fields: Sequence[Field]) -> list[Field]:
        """The fields as they are stored: without the excluded, the others with their rule."""
        found = []
        for one in fields:
            rule = self.rules.of(table.name, one.name)
            if rule is Rule.EXCLUDE:
                continue
            if rule is None and (copies := self.copies(table, one)):
                one = replace(one, rule=copies)  # noqa: PLW2901 - the same field
            elif rule or one.rule:
                one = self._ruled(table, one, rule)  # noqa: PLW2901 - the same field
            found.append(one)
        return found

    def _ruled(self, table: Table, one: Field, rule: Rule | None) -> Field:
        title = one.title
        for words in WORDS.values():
            title = title.removesuffix(words)
        if rule is None:
            return replace(one, title=title, rule="")
        kind = Kind.JSON if one.name in table.contacts else Kind.TEXT
        return replace(one, kind=kind, title=f"{title or one.name}{WORDS[rule]}", rule=str(rule))

    def hides(self, table: Table, one: Field) -> bool:
        """Whether nothing of the field is stored: it is excluded, or its column cannot hold a text yet."""
        rule = self.rules.of(table.name, one.name)
        if rule is None or rule is Rule.EXCLUDE:
            return rule is not None
        return one.kind is not (Kind.JSON if one.name in table.contacts else Kind.TEXT)

    def change(self, table: Table, one: Field) -> Change | None:
        """What is done to a value of the field as it would be stored otherwise; None: nothing."""
        rule = self.rules.of(table.name, one.name)
        if rule in (Rule.HASH, Rule.MASK):
            change = self.by(rule)
            return values.Within(change) if one.name in table.contacts else change
        return self._copied(table, one) if one.kind is Kind.JSON else None

    def copies(self, table: Table, one: Field) -> str:
        """Under which rules a field is stored that has copies of others; empty: as it is."""
        if (table.name, one.name) == (COMMENTS, FILES):
            rules = {AUTHOR_NAME: self.rules.of(COMMENTS, AUTHOR_NAME)}
        elif (table.name, one.name) == ("activities", COMMUNICATIONS):
            rules = {
                f"{owner}.{name}": self.rules.of(owner, name)
                for owner in values.OWNERS.values()
                for name in sorted(set(COPIED.values()))
            }
        else:
            return ""
        return " ".join(f"{name}={rule}" for name, rule in rules.items() if rule)

    def _copied(self, table: Table, one: Field) -> Change | None:
        """What is done to a field that holds copies of others."""
        if table.name == "activities" and one.name == COMMUNICATIONS and self._speaks_of_people:
            return values.within_communications(self.rules, self.by, self.forgotten)
        if table.name == COMMENTS and one.name == FILES:
            rule = self.rules.of(COMMENTS, AUTHOR_NAME)
            if rule:
                return values.within_files(None if rule is Rule.EXCLUDE else self.by(rule))
        return None

    @property
    def _speaks_of_people(self) -> bool:
        owners = values.OWNERS.values()
        ruled = any(self.rules.of(owner, name) for owner in owners for name in COPIED.values())
        return ruled or any(self.forgotten.get(owner) for owner in owners)

    def by(self, rule: Rule) -> Change:
        """What a rule does to a text. Raises ConfigError where the key is needed and not there."""
        if rule is Rule.MASK:
            return values.mask
        if self.key is None:
            raise ConfigError(["privacy.hash: the key of the hashes is not there"], "put the file back")
        return values.hasher(self.key.secret)

    def excluded(self, table: Table, name: str) -> bool:
        """Whether a name of the portal's row is excluded."""
        return self.rules.of(table.name, name) is Rule.EXCLUDE

    def before(self, table: Table) -> Callable[[Portal], Portal] | None:
        """What is done to a row of the portal before anything else; None: nothing."""
        users = self.forgotten.get("users")
        if table.name != COMMENTS or not users:
            return None
        names = {str(id_) for id_ in users}

        def anonymous(portal: Portal) -> Portal:
            found = dict(portal)
            if str(portal.get(AUTHOR)) in names:
                found[AUTHOR_NAME] = None
            if portal.get(FILES):
                found[FILES] = [unsigned(one, names) for one in portal[FILES]]
            return found

        return anonymous


NONE = Privacy()  # nothing is kept from being read


def unsigned(entry: Mapping[str, Any], users: set[str]) -> dict[str, Any]:
    """A file without the name of who sent it, where that is one of these users."""
    signed = str(entry.get("authorId")) not in users
    return {key: value for key, value in entry.items() if signed or key != "authorName"}


def parsed(kind: Kind, value: Any) -> Any:
    """A stored value as a portal's row has it."""
    return json.loads(value) if kind is Kind.JSON and isinstance(value, str) else value
