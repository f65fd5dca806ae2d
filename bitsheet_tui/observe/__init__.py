"""Watches the engine: log lines, the status, what systemd is told."""
