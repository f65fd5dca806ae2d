"""The panels around the tables: cycle times, the portal, what is wrong, one table."""

from bitsheet_tui.text import plain
from bitsheet_tui.ui.language import t
from bitsheet_tui.ui.line import Line, joined, spread, width
from bitsheet_tui.ui.troubles import troubles
from bitsheet_tui.ui.views import details, portal, spark
from bitsheet_tui.ui.views.troubles import render as render_trouble
from bitsheet_tui.ui.widgets.lines import Panel
from bitsheet_tui.ui.words import NO_CYCLES, NO_ERRORS


class Opening(Panel):
    """A click on it opens what it is about."""

    opens = ""  # the action

    async def on_click(self) -> None:
        """It was clicked."""
        await self.app.run_action(self.opens)


class CyclePanel(Opening):
    """How long the last cycles took: one line, or a chart where there is room."""

    opens = "open('history')"

    def title(self) -> tuple[Line, Line]:
        """The figures beside the name, where the chart leaves no room for them."""
        figures = spark.figures(cycles) if self.framed and (cycles := self.picture.state.full_cycles) else ()
        return ((t("cycles"), "title"),), figures

    def body(self, columns: int, rows: int) -> list[Line]:
        """The strip with its figures and the portal's, or the chart."""
        cycles = self.picture.state.full_cycles
        if rows > 1:
            return spark.chart(cycles, columns, rows) if cycles else [((t(NO_CYCLES), "dim"),)]
        figures = spark.figures(cycles) if cycles else ()
        asked = portal.brief(self.picture, max(0, columns - width(figures) - 22))
        right: Line = joined((((" ", ""), *figures) if figures else (), asked), "   ")
        if columns < width(right) + 10:
            right = asked
        strip = spark.cycles(cycles, columns - width(right) - 3) if cycles else ((t(NO_CYCLES), "dim"),)
        return [spread(((" ", ""), *strip), (*right, (" ", "")), columns)]


class HistogramPanel(Panel):
    """How many cycles took how long."""

    def title(self) -> tuple[Line, Line]:
        """How many there are."""
        return ((t("distribution"), "title"),), ((f"{len(self.picture.state.full_cycles)}", "dim"),)

    def body(self, columns: int, rows: int) -> list[Line]:
        """One bar for each class."""
        return spark.histogram(self.picture.state.full_cycles, columns)


class PortalPanel(Panel):
    """Requests, buckets, budgets and the mirror."""

    def title(self) -> tuple[Line, Line]:
        """Its name."""
        return ((t("portal and mirror"), "title"),), ()

    def body(self, columns: int, rows: int) -> list[Line]:
        """One fact a line."""
        return portal.panel(self.picture, columns)


class ErrorPanel(Opening):
    """What is wrong, in short."""

    opens = "open('errors')"

    def title(self) -> tuple[Line, Line]:
        """How much is wrong."""
        count = len(troubles(self.picture))
        return ((t("errors"), "title"),), (
            (t("{count}  e opens", count=f"{count}") if count else t("none"), "dim"),
        )

    def body(self, columns: int, rows: int) -> list[Line]:
        """One trouble below the other."""
        found = troubles(self.picture)
        if not found:
            return [((t(NO_ERRORS), "dim"),)]
        return [line for one in found for line in (*render_trouble(one, self.picture, columns), ())]


class DetailPanel(Opening):
    """The table under the cursor."""

    opens = "browse('overview')"

    def title(self) -> tuple[Line, Line]:
        """Its name."""
        return ((plain(self.console_app.chosen, 40) or t("table"), "title"),), ((t("⏎ opens"), "dim"),)

    def body(self, columns: int, rows: int) -> list[Line]:
        """Its facts."""
        return details.facts(self.picture, self.console_app.chosen, columns)
