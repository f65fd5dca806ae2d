"""Palette: Textual's list of commands, with its own few words in the language of the console."""

from textual.command import CommandList, CommandPalette
from textual.widgets.option_list import OptionDoesNotExist

from bitsheet_tui.ui.language import t


class Palette(CommandPalette):
    """What to search is asked, and that nothing was found is said, in that language."""

    def _start_no_matches_countdown(self, search_value: str) -> None:
        super()._start_no_matches_countdown(search_value)
        self.set_timer(self._NO_MATCHES_COUNTDOWN, self._retell)  # comes behind the one that says it

    def _retell(self) -> None:
        try:
            self.query_one(CommandList).replace_option_prompt(self._NO_MATCHES, t("No matches found"))
        except OptionDoesNotExist:  # something was found meanwhile
            return
