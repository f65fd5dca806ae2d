"""Joins the portal and the store: scans, backfills, discussions, cycles, and the engine that runs them."""
