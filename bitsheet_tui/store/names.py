"""Portal names become SQL names: readable when they can be, always safe, never two alike."""

import hashlib
import re
import unicodedata
from collections.abc import Collection

LONGEST = 63  # bytes of a name in PostgreSQL; longer ones are cut there without a word
SAFE = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i i k l m n o p r s t u f h c ch sh sch _ y _ e yu ya".split(),
        strict=True,
    )
)


def is_safe(name: str) -> bool:
    """Whether `name` can be a name in both databases as it is."""
    return SAFE.fullmatch(name) is not None


def column_name(field: str, taken: Collection[str]) -> str:
    """A safe name for `field` that is not in `taken`: its lower case, or else something like it and a hash.

    The hash is of the field's own name, so that the same field gets the same name in every mirror.
    """
    name = field.lower()
    if is_safe(name) and name not in taken:
        return name
    return hashed(field, transliterated(name))


def hashed(original: str, readable: str) -> str:
    """`readable`, cut to make room for a hash of `original`."""
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    start = readable[: LONGEST - len(digest) - 1]
    return f"{start if is_safe(start) else 'f_' + start[2:]}_{digest}"


def transliterated(name: str) -> str:
    """`name` in a-z, 0-9 and _."""
    latin = "".join(_LATIN.get(char, char) for char in name)
    ascii_only = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "_", ascii_only)


def index_name(table: str, suffix: str) -> str:
    """A name for an index of `table`."""
    name = f"{table}_{suffix}"
    return name if is_safe(name) else hashed(name, name)


def loading_name(table: str) -> str:
    """The temporary table through which many rows of `table` are loaded."""
    return f"load_{table}"[:63]
