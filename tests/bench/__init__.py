"""Benches: how fast, how light, compared with what; see `python -m tests.bench --help`."""
