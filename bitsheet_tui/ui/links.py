"""Where a record is found in the portal, for a browser."""

from collections.abc import Mapping, Sequence
from typing import Any

# the addresses of the portal's own pages (helpdesk.bitrix24.com); {id} is the record's
PAGES: Mapping[str, str] = {
    "leads": "/crm/lead/details/{id}/",
    "contacts": "/crm/contact/details/{id}/",
    "companies": "/crm/company/details/{id}/",
    "deals": "/crm/deal/details/{id}/",
    "tasks": "/company/personal/user/0/tasks/task/view/{id}/",
    "users": "/company/personal/user/{id}/",
    "departments": "/company/vis_structure.php",
}
OWNERS: Mapping[str, str] = {"1": "leads", "2": "deals", "3": "contacts", "4": "companies"}


def address(host: str, table: str, key: Sequence[Any], values: Mapping[str, Any]) -> str:
    """The address of a record; of an activity that of its owner, of a comment that of its task.

    Empty where there is none.
    """
    if table == "activities":
        table, id_ = OWNERS.get(str(values.get("owner_type_id")), ""), values.get("owner_id")
    elif table == "task_comments":
        table, id_ = "tasks", values.get("task_id")
    else:
        id_ = key[-1]
    page = PAGES.get(table)
    if page is None or id_ is None or not host:
        return ""
    scheme = "http" if host.partition(":")[0] in {"127.0.0.1", "localhost"} else "https"
    return f"{scheme}://{host}{page.format(id=id_)}"
