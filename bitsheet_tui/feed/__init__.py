"""What leaves the mirror by the change feed: each consumer begins with a snapshot and goes on with the lines.

`store/changes.py` reads, `store/cursors.py` remembers how far a consumer has come; nothing here speaks SQL to
the mirror, and nothing here changes it.
"""
