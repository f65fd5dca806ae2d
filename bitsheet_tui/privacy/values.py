"""A value that is not to be read, as it is stored: a hash that only the owner of the key can make, or a mask.

Both are texts, the same on both databases, and equal for equal values. Nothing is made of nothing: NULL stays
NULL. Everything here is pure.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bitsheet_tui.privacy.rules import COPIED, Rule, Rules

Change = Callable[[Any], Any]
HASHED = 32  # characters, of which each has four bits
LONG = 8  # characters: of what is shorter nothing is shown
DOTS = "\N{HORIZONTAL ELLIPSIS}"
# the portal's numbers for what an activity speaks of (apidocs.bitrix24.com crm.enum.ownertype)
OWNERS: Mapping[str, str] = {"1": "leads", "3": "contacts", "4": "companies"}


def hasher(key: bytes) -> Change:
    """HMAC-SHA-256 with this key, cut to 128 bits, as 32 hexadecimal digits."""

    def hashed(value: Any) -> str:
        return hmac.digest(key, str(value).encode("utf-8", "replace"), "sha256").hex()[:HASHED]

    return hashed


def mask(value: Any) -> str:
    """`+7…12`, `i…@…`, `A…`: the two ends of a number, the first letter of anything else.

    What is shorter than 8 characters is `…` altogether. Of an address not even the domain is shown: that of a
    small firm is as good as a name.
    """
    text = str(value)
    if len(text) < LONG:
        return DOTS
    if "@" in text:
        return f"{text[0]}{DOTS}@{DOTS}"
    if sum(map(str.isdigit, text)) * 2 > len(text):
        return f"{text[:2]}{DOTS}{text[-2:]}"
    return f"{text[0]}{DOTS}"


class Within:
    """What does to canonical JSON of a multi-field what `inner` does to each VALUE in it."""

    def __init__(self, inner: Change) -> None:
        self.inner = inner

    def __call__(self, document: str) -> str | None:
        """The document; None where it is no multi-field."""
        found = json.loads(document)
        entries = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        if not all(isinstance(entry, dict) for entry in entries):
            return None
        for entry in entries:
            if entry.get("VALUE") not in (None, ""):
                entry["VALUE"] = self.inner(entry["VALUE"])
        return spelt(found)


def within_communications(
    rules: Rules, change: Callable[[Rule], Change], forgotten: Mapping[str, Iterable[int]]
) -> Change:
    """What does to COMMUNICATIONS of an activity what the rules do to the people whom it copies.

    An entry about somebody who is forgotten (ids by table) is left out.
    """

    def changed(document: str) -> str | None:
        found = json.loads(document)
        entries = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        if not all(isinstance(entry, dict) for entry in entries):
            return None
        kept = [_kept(entry, rules, change) for entry in entries if not _forgotten(entry, forgotten)]
        return spelt(kept) if kept else None

    return changed


def _forgotten(entry: Mapping[str, Any], forgotten: Mapping[str, Iterable[int]]) -> bool:
    ids = forgotten.get(OWNERS.get(str(entry.get("ENTITY_TYPE_ID")), ""))
    number = str(entry.get("ENTITY_ID"))
    return bool(ids) and number.isascii() and number.isdigit() and int(number) in (ids or ())


def _kept(entry: dict[str, Any], rules: Rules, change: Callable[[Rule], Change]) -> dict[str, Any]:
    owner = OWNERS.get(str(entry.get("ENTITY_TYPE_ID")), "")
    told = dict(entry)
    _apply(told, "VALUE", rules.of(owner, str(entry.get("TYPE"))), change)
    settings = entry.get("ENTITY_SETTINGS")
    if isinstance(settings, dict):
        told["ENTITY_SETTINGS"] = shown = dict(settings)
        for name in settings:
            if (field := COPIED.get(name)) is not None:
                of, called = ("companies", "TITLE") if name == "COMPANY_TITLE" else (owner, field)
                rule = rules.of(owner, field) or rules.of(of, called)
                _apply(shown, name, rule, change)
            elif name == "LEAD_TITLE":
                _apply(shown, name, rules.of("leads", "TITLE"), change)
    return told


def _apply(entry: dict[str, Any], name: str, rule: Rule | None, change: Callable[[Rule], Change]) -> None:
    if rule is None or entry.get(name) in (None, ""):
        return
    if rule is Rule.EXCLUDE:
        del entry[name]
    else:
        entry[name] = change(rule)(entry[name])


def within_files(change: Change | None) -> Change:
    """What does to FILES of a comment what `change` does to the names in it; None: leaves them out."""

    def changed(document: str) -> str | None:
        found = json.loads(document)
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            return None
        for entry in found:
            name = entry.pop("authorName", None)
            if name and change:
                entry["authorName"] = change(name)
        return spelt(found)

    return changed


def spelt(document: Any) -> str:
    """Canonical JSON, as the store writes it."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
