"""Which field of which table is kept from being read, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct, field

from bitsheet_tui.privacy import known
from bitsheet_tui.tables import CATALOGUE, Table

POINTS = "contact_points"
TABLES = tuple(table.name for table in CATALOGUE)
DICTIONARIES = ("statuses", "categories", "field_labels", "enum_values")
BY_NAME: Mapping[str, Table] = {table.name: table for table in CATALOGUE}
# what the program reads of rows besides keys and dates of change: where discussions are, and when they moved
_READ: Mapping[str, frozenset[str]] = {
    "tasks": frozenset({"FORUM_TOPIC_ID", "CHAT_ID", "ACTIVITY_DATE", "CHANGED_DATE", "CREATED_DATE"}),
    "task_comments": frozenset("SOURCE ID TASK_ID CHAT_ID AUTHOR_ID POST_DATE IS_DELETED".split()),
    "activities": frozenset({"OWNER_ID", "OWNER_TYPE_ID"}),
}


class Rule(StrEnum):
    """How a field is kept from being read."""

    EXCLUDE = "exclude"  # nothing of it is stored
    HASH = "hash"  # equal values are equal texts, which nobody can read
    MASK = "mask"  # the ends of a long value


class Rules(Struct, frozen=True):
    """All rules: of a field of a table, or, without a table, of every table that has the field."""

    named: Mapping[tuple[str, str], Rule] = field(default_factory=dict)  # (table, FIELD)

    def of(self, table: str, name: str) -> Rule | None:
        """What is done to a field of a table; names as the portal or as SQL spells them."""
        if not self.named:
            return None
        upper = name.upper()
        found = self.named.get((table, upper))
        if found is None and table not in DICTIONARIES:
            found = self.named.get(("", upper))
        return None if found and upper in needed(table) else found

    def on(self, table: str) -> bool:
        """Whether there may be a rule for a field of the table."""
        return any(named in {table, ""} for named, _ in self.named)

    @property
    def hashes(self) -> bool:
        """Whether anything is hashed."""
        return Rule.HASH in self.named.values()

    def __bool__(self) -> bool:
        return bool(self.named)


def needed(table: str) -> frozenset[str]:
    """The fields of a table that the program cannot do without."""
    found = BY_NAME.get(table)
    if found is None:
        return frozenset({"ID", "TABLE_NAME", "FIELD", "VALUE_ID", "ENTITY_TYPE_ID", "COLUMN_NAME"})
    return frozenset({*found.key, *found.cursors, *found.dated}) | _READ.get(table, frozenset())


def parse(lists: Mapping[Rule, Iterable[str]]) -> tuple[Rules, list[tuple[Rule, str]]]:
    """The rules, and what is wrong with them, as (list, sentence)."""
    named: dict[tuple[str, str], Rule] = {}
    wrong: list[tuple[Rule, str]] = []
    for rule, words in lists.items():
        for word in words:
            table, name = _parts(word)
            said = _refusal(word, table, name)
            before = named.get((table, name))
            if not said and before not in (None, rule):
                said = f"{word} is in privacy.{before}, too: one of them is meant"
            if said:
                wrong.append((rule, said))
            else:
                named[table, name] = rule
    return Rules(named), wrong


def _parts(word: str) -> tuple[str, str]:
    table, _, name = word.strip().rpartition(".")
    return table.strip().lower(), name.strip().upper()


def _refusal(word: str, table: str, name: str) -> str:
    """Why there can be no such rule; empty: there can."""
    if not name:
        return f'{word or "an empty text"} names no field: write "table.field" or "field"'
    if table == POINTS:
        return f"{word}: name the field itself, such as contacts.phone, which covers its contact points"
    if table and table not in (*TABLES, *DICTIONARIES):
        return f"{word}: no such table{_near(table, (*TABLES, *DICTIONARIES))}"
    tables = (table,) if table else TABLES
    if lacking := [one for one in tables if name in needed(one)]:
        return f"{word} is needed: without it {lacking[0]} cannot be kept equal to the portal"
    return _unknown(word, table, name)


def _unknown(word: str, table: str, name: str) -> str:
    """That no table has such a field, and which is like it; empty: one may have it."""
    fields = {field for one in ((table,) if table else TABLES) for field in known.fields(one)}
    if table in DICTIONARIES or name.startswith(known.OWN) or name in fields:
        return ""
    return f"{word}: {f'{table} has' if table else 'there is'} no such field{_near(name, fields, table)}"


def _near(name: str, candidates: Iterable[str], table: str = "") -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    found = get_close_matches(name, sorted(candidates), 1, 0.6)
    prefix = f"{table}." if table else ""
    return f"; did you mean {prefix}{found[0].lower()}?" if found else ""


def covers(rules: Rules) -> Iterator[str]:
    """What each rule covers besides its column, and what it does not: sentences for people."""
    for (table, name), rule in sorted(rules.named.items()):
        tables = [table] if table else [one for one in TABLES if name in known.fields(one)]
        told = f"{f'{table}.' if table else ''}{name.lower()}: {_DONE[rule]}"
        beside: list[str] = []
        if any(one in BY_NAME and name in BY_NAME[one].contacts for one in tables):
            beside.append("contact_points")
        if set(tables) & {"leads", "contacts", "companies"} and name in COPIED:
            beside.append("activities.communications")
        if "task_comments" in tables and name == "AUTHOR_NAME":
            beside.append("task_comments.files")
        also = f", also in {' and '.join(beside)}" if beside else ""
        rest = "; not in texts that people write"
        if "users" in tables and name in {"NAME", "LAST_NAME", "SECOND_NAME"}:
            rest += ", nor in task_comments.author_name, which has a rule of its own"
        yield f"{told}{also}{rest}"


_DONE: Mapping[Rule, str] = {
    Rule.EXCLUDE: "not stored", Rule.HASH: "hashed", Rule.MASK: "masked",
}  # fmt: skip
# what activities copy of a person: by the key in COMMUNICATIONS, the field that it is of
COPIED: Mapping[str, str] = {
    "PHONE": "PHONE", "EMAIL": "EMAIL", "WEB": "WEB", "IM": "IM", "LINK": "LINK",
    "NAME": "NAME", "SECOND_NAME": "SECOND_NAME", "LAST_NAME": "LAST_NAME", "HONORIFIC": "HONORIFIC",
    "COMPANY_TITLE": "COMPANY_TITLE", "TITLE": "TITLE",
}  # fmt: skip
