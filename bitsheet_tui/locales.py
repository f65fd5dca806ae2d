"""The language in which a person is spoken to: what is set, else that of the locale."""

import re
from collections.abc import Mapping

CODES = ("en", "tr")
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides (locale(7))


def choose(setting: str, environ: Mapping[str, str]) -> str:
    """The code of the language that is configured; where none is, that of the locale."""
    locale = next((environ[name] for name in LOCALE if environ.get(name)), "")
    return setting or ("tr" if re.match(r"tr(?:_|\.|@|$)", locale) else "en")
