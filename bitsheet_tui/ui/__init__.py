"""The console: one screen that says whether the mirror runs, is current, and needs somebody."""
