"""What others watch a running engine by: metrics for Prometheus, probes, and a page for people.

One listener (`listener`) serves them from a thread of its own. It reads the picture of the engine
(`bitsheet_tui.state`) and what `tally` counts of its events; nothing here is imported unless
`[metrics] listen` is set, and nothing of the engine waits for it.
"""

from pathlib import Path

ALERTS = Path(__file__).with_name("alerts.yml")  # Prometheus rules
