"""A value as the portal spells it becomes the value it means, or the reason why it cannot be stored.

Everything here is pure. Each function takes whatever JSON held and returns None when the portal means "no
value", which it spells null, "", false, [] and {} for everything that is not a flag, and by leaving the key
out (apidocs.bitrix24.com: data types). The results are the same for every database:
int, Decimal, bool, aware datetime in UTC in whole seconds, date, and str (text, or canonical JSON).
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from bitsheet_tui.fields import Kind

DEPTH = 64  # levels of lists and maps
DIGITS = 1000  # of a decimal number, on either side of its point
LARGEST = 2**63 - 1
FAR_FUTURE = 9999
LAST_HOUR = 23
DASHES = (
    "--"  # at the fifth and the eighth place: 1955-04-10, not 04101955 or 1955-W15, which are never guessed
)
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FORBIDDEN = re.compile("[\0\ud800-\udfff]")  # neither database can hold these
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}(?:\.0*)?", re.ASCII)
_UNTIDY = re.compile(r"\.0|[eE][+-]|\\u0000|[\ud800-\udfff]")  # 1.0, 1e+16, NUL, half a pair
_spell = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
# PHP's ways to write that there is no date, and years that mean never: 0000-00-00, -0001-11-30, 10000-01-01
_NO_DATE = re.compile(r"\s*|0000-.*|-\d{4}-.*|\+?\d{5,}-.*", re.ASCII)
_CUT = timedelta(seconds=59)  # what an offset of long ago may lack: -03:06:28 is printed as -03:06
_FLAGS: Mapping[Any, bool] = {
    "Y": True, "N": False, "1": True, "0": False, 1: True, 0: False,
    "y": True, "n": False, "true": True, "false": False, "yes": True, "no": False,
}  # fmt: skip


class Unstorable(ValueError):
    """Says in half a sentence why a value contradicts its kind."""


def integer(value: Any) -> int | None:
    """A whole number of at most 64 bits; 0 is a number."""
    if type(value) is str and value.isdigit() and value.isascii() and len(value) < 19:
        return int(value)
    if _nothing(value):
        return None
    number = _whole(value)
    if not -LARGEST - 1 <= number <= LARGEST:
        raise Unstorable("the number has more than 64 bits")
    return number


def _whole(value: Any) -> int:
    if isinstance(value, int):
        return int(value)  # True is 1, and no driver takes it for a number
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise Unstorable("not a whole number")


def identity(value: Any) -> int | None:
    """The id of a row: a whole number above 0, and nothing that only counts as one."""
    if isinstance(value, bool | float):
        raise Unstorable("no id")
    number = integer(value)
    if number is not None and number <= 0:
        raise Unstorable("no id")
    return number


def reference(value: Any) -> int | None:
    """The id of something; 0 means nobody."""
    if type(value) is str and value.isdigit() and value.isascii() and len(value) < 19:
        return int(value) or None  # the usual spelling, without another call
    if value is True:
        raise Unstorable("not a whole number")
    return integer(value) or None


def numeric(value: Any) -> Decimal | None:
    """A number with as many digits as the portal gave."""
    if _nothing(value):
        return None
    if not isinstance(value, str | int | float):
        raise Unstorable("not a number")
    spelt = str(value)
    if not spelt.isascii() or "_" in spelt:  # which Decimal reads, and nobody writes a number so
        raise Unstorable("not a number")
    try:
        number = Decimal(spelt)
    except InvalidOperation as error:
        raise Unstorable("not a number") from error
    if not number.is_finite():
        raise Unstorable("not a finite number")
    if len(spelt) > 15 or "e" in spelt or "E" in spelt:
        _check_digits(number)
    return number


def _check_digits(number: Decimal) -> None:
    exponent = number.as_tuple().exponent
    if number.adjusted() >= 308 or not isinstance(exponent, int) or exponent < -DIGITS:
        raise Unstorable("the number has too many digits")


def boolean(value: Any) -> bool | None:
    """A flag: Y or N, 1 or 0, true or false."""
    if value is None or value in ("", [], {}):
        return None
    try:
        return _FLAGS[value]
    except (KeyError, TypeError):
        raise Unstorable("neither yes nor no") from None


def instant(value: Any, zone: tzinfo | None = None) -> datetime | None:
    """A moment in UTC. A date that denotes none (year 0 or 9999) is no value.

    `zone` is that of a moment without an offset: the portal prints some in its server's own time
    (`LAST_ACTIVITY_DATE` in apidocs.bitrix24.com user.get), and says in each answer which offset that is.
    """
    if type(value) is not str:
        _refuse_unless_nothing(value, "not a moment")
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = _placed(value, moment, zone)
        if moment.year >= FAR_FUTURE:
            return None
        there = moment.astimezone(UTC)
        return there.replace(microsecond=0) if there.microsecond else there
    except Unstorable:
        raise
    except OverflowError:
        return None
    except ValueError:
        if _NO_DATE.fullmatch(value):
            return None
        raise Unstorable("not a moment") from None


def _placed(value: str, moment: datetime, zone: tzinfo | None) -> datetime:
    """A moment that was printed without an offset."""
    if value[4:8:3] != DASHES:
        raise Unstorable("not a moment")
    if zone is None:
        raise Unstorable("a moment without an offset")
    return moment.replace(tzinfo=zone)


def day(value: Any) -> date | None:
    """A calendar day, in either of the ways in which the portal prints one; a bare day is itself.

    The CRM prints the day's 00:00 UTC in the server's offset, `user.get` the day's 00:00 of that offset
    (apidocs.bitrix24.com crm.deal.list, user.get): a local time of 00:00:00 is the printed day, and anything
    else a moment of the day in UTC.
    """
    if type(value) is not str:
        _refuse_unless_nothing(value, "not a day")
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return _bare(value, moment)
        if not (moment.hour or moment.minute or moment.second):
            return moment.date()
        there = moment.astimezone(UTC)
        return (there + _CUT if there.hour == LAST_HOUR else there).date()
    except Unstorable:
        raise
    except OverflowError:
        return None
    except ValueError:
        if _NO_DATE.fullmatch(value):
            return None
        raise Unstorable("not a day") from None


def _bare(value: str, moment: datetime) -> date:
    """A day that was printed without an offset."""
    if value[4:8:3] != DASHES:
        raise Unstorable("not a day")
    return moment.date()


def _refuse_unless_nothing(value: Any, complaint: str) -> None:
    if not _nothing(value):
        raise Unstorable(complaint)


def text(value: Any) -> str | None:
    """A text, with U+FFFD for the characters that neither database can hold; other types as JSON."""
    if type(value) is str:
        return (value if value.isascii() and "\0" not in value else clean(value)) or None
    return structure(value)


def clean(value: str) -> str:
    """`value` with U+FFFD for NUL and for halves of surrogate pairs."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return _FORBIDDEN.sub(REPLACEMENT, value)
    return value.replace("\0", REPLACEMENT) if "\0" in value else value


def structure(value: Any) -> str | None:
    """Canonical JSON: sorted keys, no blanks, one spelling for each number. Empty is no value."""
    return None if _nothing(value) else canonical(value)


def spelt(value: Any) -> str | None:
    """A value as the portal spelt it: a text as it is, anything else as its JSON; None: it has none."""
    if type(value) is str:
        return clean(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False))
    except (ValueError, TypeError, RecursionError):
        return None


def unspelt(kind: Kind, value: str) -> Any:
    """What `spelt` was given, as far as a column of this kind cares: only JSON tells a list from a text."""
    return json.loads(value) if kind is Kind.JSON else value


def canonical(value: Any) -> str:
    """Equal values give equal texts, also after a journey through a database."""
    try:
        spelt = _spell(value)
    except (ValueError, TypeError, RecursionError):
        return _spell(_tidy(value, 0))
    return spelt if _is_tidy(spelt) else _spell(_tidy(value, 0))


def _is_tidy(spelt: str) -> bool:
    """Whether JSON is surely canonical: a fast answer that is often no when it might be yes."""
    return (
        len(spelt) <= DIGITS
        and spelt.count("[") + spelt.count("{") <= DEPTH
        and _UNTIDY.search(spelt) is None
    )


def _tidy(value: Any, depth: int) -> Any:
    if type(value) is str:
        return clean(value)
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int | float):
        return _one_spelling(value)
    if depth >= DEPTH:
        raise Unstorable("nested too deeply")
    if isinstance(value, Mapping):
        return {clean(str(key)): _tidy(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(item, depth + 1) for item in value]
    raise Unstorable("not JSON")


def _one_spelling(number: float) -> float:
    """1.0 and 1 are one number, and databases keep only that."""
    if isinstance(number, int):
        if number.bit_length() > 4 * DIGITS:
            raise Unstorable("the number has too many digits")
        return number
    if not math.isfinite(number):
        raise Unstorable("not a finite number")
    return int(number) if number.is_integer() else number


def file(value: Any) -> str | None:
    """A file without its links: they hold a token that is new in every answer and soon worth nothing."""
    return structure(_without_links(value, 0))


def _without_links(value: Any, depth: int) -> Any:
    if depth >= DEPTH:
        raise Unstorable("nested too deeply")
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if not _is_link(key)}
        return {key: _without_links(item, depth + 1) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        return [_without_links(item, depth + 1) for item in value]
    return value


def _is_link(key: object) -> bool:
    """showUrl, downloadUrl, urlMachine, DOWNLOAD_URL, VIEW_URL, urlPreview ..."""
    name = str(key).lower()
    return name.endswith("url") or name.startswith("url")


def _nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.INTEGER: integer,
    Kind.REFERENCE: reference,
    Kind.NUMERIC: numeric,
    Kind.BOOLEAN: boolean,
    Kind.INSTANT: instant,
    Kind.DATE: day,
    Kind.JSON: structure,
    Kind.TEXT: text,
}
"""How each kind is read."""
