"""Whether rows that are missing on the portal may be marked as deleted, or somebody must say so.

The portal shows only what the webhook's owner may see, and says nothing of what it leaves out: a right that
was lost looks like a deletion. So nothing is marked unasked when too much of a table would go, or when the
webhook may do less than it might when the table was last found complete.
"""

from collections.abc import Mapping
from typing import Any

from bitsheet_tui.errors import PortalError
from bitsheet_tui.portal.answer import Answer, Ask
from bitsheet_tui.portal.selftest import Profile, identify
from bitsheet_tui.tables import Table

FREE = 50  # rows: so many may go whatever share of a table they are, unless they are all of it


def asks(table: Table) -> dict[str, Ask]:
    """Ask what the webhook is allowed now."""
    return {f"{table.name}profile": Ask("profile"), f"{table.name}scope": Ask("scope")}


def told(table: Table, answers: Mapping[str, Answer | PortalError]) -> dict[str, Any]:
    """What the answers to `asks` say. Raises the portal's refusal."""
    return facts(identify(answers[f"{table.name}profile"], answers[f"{table.name}scope"]))


def facts(profile: Profile | None) -> dict[str, Any]:
    """What the webhook is allowed, as it is remembered; empty before the portal was asked."""
    if profile is None:
        return {}
    return {"user_id": profile.user_id, "admin": profile.admin, "scopes": sorted(profile.scopes)}


def lost(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """In which way the webhook may do less than before; empty: it does not."""
    if not before or not after:
        return ""
    if before["user_id"] != after["user_id"]:
        return f"the webhook acts as user {after['user_id']} now, and acted as {before['user_id']}"
    if before["admin"] and not after["admin"]:
        return "the webhook's owner is no administrator any more"
    gone = sorted(set(before["scopes"]) - set(after["scopes"]))
    return f"the webhook has lost the scope {', '.join(gone)}" if gone else ""


def reason(
    *, gone: int, rows: int, share: float, confirmed: int = 0, lost: str = "", before: float = 0.0
) -> str:
    """Why `gone` of a table's `rows` are not marked; empty: they may be.

    `share` is the part that may go unasked in a day, in which `before` have gone already: a table is looked
    at often, and what is taken away piece by piece is as suspicious as what goes at once. `confirmed` is the
    number that somebody agreed to, `lost` what the webhook may not do any more.
    """
    if not gone or (confirmed and gone <= confirmed + max(FREE, share * rows)):
        return ""
    if lost:
        return lost
    if gone >= rows:
        return f"all {rows:,} of its rows seem to be gone"
    if gone + before > FREE and gone + before > share * (rows + before):
        if before >= 1:
            return (
                f"{gone:,} of its {rows:,} rows seem to be gone after {before:,.0f} today, above {share:.0%}"
            )
        return f"{gone:,} of its {rows:,} rows seem to be gone, more than {share:.0%}"
    return ""
