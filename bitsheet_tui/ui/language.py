"""The language of the console: English is written where it is shown, the others are looked up by it.

Whoever shows something to a person writes

    t("Cycle {cycle} is running.", cycle=f.count(number))

with the English sentence as a literal, which is the key of the catalogue (`bitsheet_tui/ui/turkish`), and
every fact as text: numbers through `ui/format.py`, which knows the language's marks and units. A sentence
is translated whole, never glued together of parts, for the order of words differs; a fact must stand
where it needs no ending, for Turkish would bend it. What is declared before the language is known (a
constant, a key) is English there, and goes through `t` where it is shown.

    f.plural(rows, "row")       counted things; the noun in the singular is the key
    short(key.label)            a word where there is little room: the line of keys, a narrow column
    retold(error.hint)          what the engine, the store or the configuration said in English

The log, the ledger, names of SQL and whatever the portal sent are shown as they are.
The language is a context, not a global: it is chosen once, around everything that shows something, and
tasks inherit it; a thread of its own speaks English unless it is given the context.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from msgspec import Struct, field


class Language(Struct, frozen=True, kw_only=True):
    """How one language says things; whatever it lacks is said in English."""

    code: str
    sentences: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, str] = field(default_factory=dict)  # the same where there is little room
    told: Mapping[str, str] = field(default_factory=dict)  # sentences of the engine, with {facts} in them
    marks: Mapping[int, str] = field(default_factory=dict)  # what stands for `,` and `.` in numbers
    small: Mapping[int, str] = field(default_factory=dict)  # letters whose small form is its own
    many: str = ""  # the ending of a noun after a number that is not one


ENGLISH = Language(code="en", many="s")


class Speech(Struct):
    """What is spoken in a context; another language may be chosen while it lasts."""

    language: Language


_SPEECH: ContextVar[Speech] = ContextVar("speech")


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Say everything in the language of this code, one of `locales.CODES`, until the end of the block."""
    token = _SPEECH.set(Speech(_load(code)))
    try:
        yield
    finally:
        _SPEECH.reset(token)


def switch(code: str) -> None:
    """Say everything in another language from now on, in every task of the block of `speaking`.

    Raises LookupError outside of one.
    """
    _SPEECH.get().language = _load(code)


def _spoken() -> Language:
    speech = _SPEECH.get(None)
    return speech.language if speech else ENGLISH


@lru_cache
def _load(code: str) -> Language:
    if code != "tr":
        return ENGLISH
    from bitsheet_tui.ui import turkish  # noqa: PLC0415 - only where it is spoken

    marks, small = {ord(","): ".", ord("."): ","}, {ord("I"): "ı", ord("İ"): "i"}
    return Language(
        code="tr",
        sentences=turkish.SENTENCES,
        short=turkish.SHORT,
        told=turkish.TOLD,
        marks=marks,
        small=small,
    )


def t(english: str, /, **facts: str) -> str:
    """The sentence in the language spoken, with the facts filled in."""
    said = _spoken().sentences.get(english, english)
    return said.format(**facts) if facts else said


def short(english: str) -> str:
    """A word or two in the language spoken, where there is little room: the line of keys, a narrow column."""
    return _spoken().short.get(english) or t(english)


def number(english: str) -> str:
    """`1,234.5` with the marks of the language spoken: `1.234,5`."""
    return english.translate(_spoken().marks)


def lower(text: str) -> str:
    """`text`, which is of the language spoken, in small letters."""
    return text.translate(_spoken().small).lower()


def code() -> str:
    """The code of the language spoken."""
    return _spoken().code


def fold(text: str) -> str:
    """`text` for a comparison that does not mind small or large letters, nor the two kinds of i."""
    return text.replace("İ", "i").lower().replace("ı", "i")


def counted(count: int, noun: str) -> str:
    """The noun, given in the singular, as it stands after this number: `row`, `rows`, `satır`."""
    return t(noun) + (_spoken().many if count != 1 else "")


def retold(english: str) -> str:
    """A finished sentence of the engine in the language spoken; one that nobody knows stays as it is."""
    language = _spoken()
    return _retold(english, language.code) if language.told and english else english


@lru_cache(512)
def _retold(english: str, code: str) -> str:
    """Its facts may be sentences, too."""
    language = _load(code)
    if english in language.told:
        return language.told[english]
    for pattern, said in _patterns(code):
        if found := pattern.fullmatch(english):
            facts = {name: _fact(name, text, language) for name, text in found.groupdict().items()}
            return said.format(**facts)
    return english


def _fact(name: str, text: str, language: Language) -> str:
    """A number with its marks, a sentence retold, the portal's own words (`said`) as they are."""
    if name == "said":
        return text
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+", text):
        return text.translate(language.marks)
    if share := re.fullmatch(r"(\d+)%", text):
        return language.sentences["{n}%"].format(n=share[1])
    return _retold(text, language.code)


@lru_cache
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those that say most first: of two that fit, the one with more words of its own."""
    told = _load(code).told
    ranked = sorted((english for english in told if "{" in english), key=_own, reverse=True)
    return tuple((_pattern(english), told[english]) for english in ranked)


def _own(english: str) -> int:
    return len(re.sub(r"\{\w+\}", "", english))


# what a fact can be, by its name in the catalogue; any other is a text of any kind
_FACTS = {
    **dict.fromkeys(("count", "all", "rows", "gone", "held", "cycle", "seconds", "before"), r"\d[\d.,]*"),
    **dict.fromkeys(("noun", "table", "method", "scope"), r"[\w.]+"),
    "names": r"[\w., -]+?",
    "host": r"[\w.:-]+",
}


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    spelt = (
        f"(?P<{part}>{_FACTS.get(part, '.*?')})" if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )  # fmt: skip
    return re.compile("".join(spelt), re.DOTALL)
