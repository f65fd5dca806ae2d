"""What the portal tells of itself: `apidocs.bitrix24.com profile`, `scope`, `methods`, `server.time`."""

from typing import Any

from bitsheet_tui.portal.demo import php
from bitsheet_tui.portal.demo.calls import METHODS, Call, Failure, Reply, method
from bitsheet_tui.portal.demo.office import Office

ALL_SCOPES = (
    "crm",
    "department",
    "entity",
    "im",
    "log",
    "task",
    "tasks",
    "user",
    "user.userfield",
    "user_basic",
)


@method("profile", "")
def profile(office: Office, _call: Call) -> Reply:
    """Whom the webhook acts as, with the admin flag and the time zone."""
    users, id_ = office.world.tables["users"], office.settings.user_id
    row: dict[str, Any] = users.raw(id_) if id_ in users.ids else {}
    return Reply(
        {
            "ID": str(id_),
            "ADMIN": office.settings.admin,
            "NAME": row.get("NAME") or "",
            "LAST_NAME": row.get("LAST_NAME") or "",
            "PERSONAL_GENDER": row.get("PERSONAL_GENDER") or "",
            "TIME_ZONE": office.settings.user_zone.key,
        }
    )


@method("scope", "")
def scope(office: Office, call: Call) -> Reply:
    """The scopes of the webhook, or all there are."""
    full = php.truthy(call.get("full", "FULL"))
    return Reply(list(ALL_SCOPES) if full else sorted(office.scopes))


@method("methods", "")
def methods(office: Office, call: Call) -> Reply:
    """The methods of the webhook's scopes, of one scope, or all there are."""
    only, full = call.get("scope", "SCOPE"), php.truthy(call.get("full", "FULL"))
    return Reply(
        [
            known.name
            for known in METHODS.values()
            if known.name.lower() not in office.lost
            and (known.scope == only if only else full or not known.scope or known.scope in office.scopes)
        ]
    )


@method("method.get", "")
def method_get(office: Office, call: Call) -> Reply:
    """Whether a method exists and may be called."""
    name = php.text(call.get("name", "NAME")).lower()
    known = METHODS.get(name) if name not in office.lost else None
    available = known is not None and (not known.scope or known.scope in office.scopes)
    return Reply({"isExisting": known is not None, "isAvailable": available})


@method("server.time", "")
def server_time(office: Office, _call: Call) -> Reply:
    """The portal's clock."""
    return Reply(office.iso(office.now()))


@method("app.info", "")
def app_info(office: Office, _call: Call) -> Reply:
    """What a webhook learns of its licence."""
    return Reply({"SCOPE": sorted(office.scopes), "LICENSE": "demo"})


@method("feature.get", "")
def feature_get(_office: Office, call: Call) -> Reply:
    """Whether the plan includes something; here it never does."""
    if not call.get("CODE", "code"):
        raise Failure(400, "ERROR_ARGUMENT", "Argument 'CODE' is null or empty", argument="CODE")
    return Reply({"value": "N"})
