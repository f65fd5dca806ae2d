"""What is wrong with a configuration, gathered until everything has been looked at."""

from dataclasses import dataclass, field

from bitsheet_tui.text import plain


@dataclass(slots=True)
class Findings:
    """Problems stop the start; warnings do not."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, key: str, text: str, where: str) -> None:
        """One more thing to mend: `sync.interval: must be a number above 0 (config.toml, line 14)`."""
        self.problems.append(f"{plain(key)}: {text} ({plain(where)})")
