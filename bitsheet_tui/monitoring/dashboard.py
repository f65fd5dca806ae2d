"""A Grafana dashboard of the metrics: one panel for each question that somebody on call asks.

The format is Grafana's dashboard JSON model, as Grafana 10 and later import it
(grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OF = 'instance=~"$instance"'
ROW_HEIGHT, WIDTH = 7, 24


class Panel(NamedTuple):
    """One panel: its queries are (expression, legend)."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    text: str = ""
    thresholds: tuple[tuple[float | None, str], ...] = ()


def _one(metric: str, legend: str = "{{instance}}") -> tuple[tuple[str, str], ...]:
    return ((f"{metric}{{{OF}}}", legend),)


def _rate(metric: str, by: str) -> tuple[tuple[str, str], ...]:
    return ((f"sum by ({by}) (rate({metric}{{{OF}}}[$__rate_interval]))", f"{{{{{by}}}}}"),)


def _quantiles(metric: str) -> tuple[tuple[str, str], ...]:
    """Half of them, and all but one of twenty, over five minutes."""
    return tuple(
        (
            f"histogram_quantile({share}, sum by (le) (increase({metric}_bucket{{{OF}}}[5m])))",
            f"p{share:.0%}"[:-1],
        )
        for share in (0.5, 0.95)
    )


SUCCESS, OPERATING = "bitsheet_cycle_last_success_timestamp_seconds", "bitsheet_portal_operating"
GOOD_OR_NOT = ((None, "green"), (1.0, "red"))
PANELS = (
    Panel(
        title="State", kind="stat", width=6, queries=((f"bitsheet_engine_state{{{OF}}} == 1", "{{state}}"),),
        text="What the engine is doing.",
    ),
    Panel(
        title="Since the last good cycle", kind="stat", width=6, unit="s",
        queries=(
            (
                f"time() - {SUCCESS}{{{OF}}} - bitsheet_cycle_quiet_seconds{{{OF}}}",
                "{{instance}}",
            ),
        ),
        text="Quiet hours are left out.",
    ),
    Panel(
        title="Alerts", kind="stat", width=6, thresholds=GOOD_OR_NOT,
        queries=((f"sum by (instance) (bitsheet_alert_active{{{OF}}})", "{{instance}}"),),
        text="Kinds of trouble that stand; the status page says what to do about them.",
    ),
    Panel(
        title="Deletions held", kind="stat", width=6, thresholds=GOOD_OR_NOT,
        queries=((f"sum by (instance) (bitsheet_deletions_held{{{OF}}})", "{{instance}}"),),
        text="Rows that seem gone and wait to be confirmed.",
    ),
    Panel(
        title="Freshness", unit="s", queries=_quantiles("bitsheet_freshness_seconds"),
        text="Seconds from a change on the portal to its commit in the mirror.",
    ),
    Panel(title="Length of cycles", unit="s", queries=_quantiles("bitsheet_cycle_duration_seconds")),
    Panel(
        title="How far each table is behind", unit="s",
        queries=((f"time() - bitsheet_table_watermark_timestamp_seconds{{{OF}}}", "{{table}}"),),
    ),
    Panel(title="Rows stored", unit="wps", queries=_rate("bitsheet_rows_stored_total", "change")),
    Panel(title="Rows", queries=_one("bitsheet_table_rows", "{{table}}")),
    Panel(
        title="Since deletions were looked for", unit="s",
        queries=((f"time() - bitsheet_table_compared_timestamp_seconds{{{OF}}}", "{{table}}"),),
    ),
    Panel(title="Backfill", unit="percentunit", queries=_one("bitsheet_table_backfill_ratio", "{{table}}")),
    Panel(title="Rows in quarantine", queries=_one("bitsheet_table_quarantined_rows", "{{table}}")),
    Panel(title="Rows deleted", queries=_one("bitsheet_table_tombstones", "{{table}}")),
    Panel(title="Requests", unit="reqps", queries=_rate("bitsheet_portal_requests_total", "method")),
    Panel(
        title="Failed requests", unit="reqps",
        queries=_rate("bitsheet_portal_request_failures_total", "reason"),
    ),
    Panel(
        title="Answers of the portal", unit="s",
        queries=_quantiles("bitsheet_portal_request_duration_seconds"),
    ),
    Panel(
        title="Operating time used", unit="percentunit",
        queries=(
            (
                f"{OPERATING}_seconds{{{OF}}} / {OPERATING}_limit_seconds{{{OF}}}",
                "{{method}}",
            ),
        ),
        text="Of what the portal grants each method in ten minutes.",
    ),
    Panel(
        title="Waiting for limits", unit="percentunit",
        queries=_rate("bitsheet_portal_throttled_seconds_total", "limit"),
    ),
    Panel(title="Retries", unit="reqps", queries=_rate("bitsheet_portal_retries_total", "reason")),
    Panel(title="Memory", unit="bytes", queries=_one("process_resident_memory_bytes")),
    Panel(title="Processor", unit="percentunit", queries=_rate("process_cpu_seconds_total", "instance")),
    Panel(
        title="Messages to people",
        queries=(
            (f"sum by (channel) (increase(bitsheet_notifications_total{{{OF}}}[1h]))", "{{channel}} arrived"),
            (
                f"sum by (channel) (increase(bitsheet_notification_failures_total{{{OF}}}[1h]))",
                "{{channel}} failed",
            ),
        ),
        text="In the last hour, by the service of notify.urls.",
    ),
    Panel(title="Lines of the log", unit="short", queries=_rate("bitsheet_log_messages_total", "level")),
)  # fmt: skip


def dashboard() -> dict[str, Any]:
    """The whole model, ready to be imported."""
    return {
        "title": "bitsheet-tui",
        "uid": "bitsheet-tui",
        "tags": ["bitsheet-tui"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_datasource(), _instance()]},
        "panels": list(_placed()),
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}


def _instance() -> dict[str, Any]:
    return {
        "name": "instance",
        "type": "query",
        "label": "Instance",
        "datasource": SOURCE,
        "query": {"query": "label_values(bitsheet_build_info, instance)", "refId": "instance"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _placed() -> Iterator[dict[str, Any]]:
    """The panels from left to right and from top to bottom."""
    x = y = 0
    for number, panel in enumerate(PANELS, 1):
        if x + panel.width > WIDTH:
            x, y = 0, y + ROW_HEIGHT
        place = {"x": x, "y": y, "w": panel.width, "h": ROW_HEIGHT}
        yield _panel(panel, number, place)
        x += panel.width


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps = [{"value": value, "color": colour} for value, colour in panel.thresholds or ((None, "green"),)]
    defaults = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    targets = [
        {"refId": chr(ord("A") + index), "expr": expr, "legendFormat": legend, "datasource": SOURCE}
        for index, (expr, legend) in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"textMode": "name"} if panel.title == "State" else {},
        "targets": targets,
    }
