"""What is wrong with a configuration, gathered until everything has been looked at."""

from collections.abc import Iterable

from msgspec import Struct, field

from bitsheet_tui.text import plain


class Findings(Struct):
    """Problems stop the start; warnings do not."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, key: str, text: str, where: str) -> None:
        """One more thing to mend: `sync.interval: must be a number above 0 (config.toml, line 14)`."""
        self.problems.append(f"{plain(key)}: {text} ({plain(where)})")


def near(word: str, known: Iterable[str], likeness: float = 0.6) -> list[str]:
    """The known word that was probably meant, if there is one like it."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    return get_close_matches(word, list(known), 1, likeness)
