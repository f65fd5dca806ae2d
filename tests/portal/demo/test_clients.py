"""Other people's clients read every list of the demo portal completely, over its socket."""

import warnings

import pytest
from b24pysdk.api.callers.call_list import call_list
from b24pysdk.api.callers.call_list_fast import call_list_fast
from b24pysdk.api.callers.call_method import _MethodCaller
from fast_bitrix24 import Bitrix

from bitsheet_tui.portal.demo import DemoPortal, Size

SIZE = Size(leads=130, contacts=120, companies=60, deals=260, activities=110, tasks=70, users=55)
LISTS = {
    "leads": "crm.lead.list",
    "contacts": "crm.contact.list",
    "companies": "crm.company.list",
    "deals": "crm.deal.list",
    "activities": "crm.activity.list",
    "tasks": "tasks.task.list",
    "users": "user.get",
    "departments": "department.get",
}


@pytest.fixture(scope="module")
def portal():
    portal = DemoPortal(SIZE)
    with portal.run_in_thread():
        yield portal


@pytest.fixture
def plain_http(monkeypatch):
    """b24pysdk insists on https; its scheme is rewritten and nothing else."""
    monkeypatch.setattr(_MethodCaller, "_base_url", property(lambda self: f"http://{self._domain}/rest"))


def complete(portal, table, rows):
    seen = [int(row.get("ID") or row["id"]) for row in rows]
    assert sorted(seen) == [row["ID"] for row in portal.world.truth(table)]


def sdk(portal, read, method):
    host, _, path = portal.url.removeprefix("http://").partition("/rest/")
    answer = read(domain=host, auth_token=path.strip("/"), is_webhook=True, api_method=method, timeout=20)
    rows = answer["result"]
    return rows["tasks"] if isinstance(rows, dict) else list(rows)


@pytest.mark.parametrize("table", LISTS)
def test_fast_bitrix24_reads_the_whole_list(portal, table):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of itself and of asyncio is its own business
        rows = Bitrix(portal.url, verbose=False).get_all(LISTS[table])
    complete(portal, table, rows)


@pytest.mark.parametrize("table", LISTS)
def test_b24pysdk_reads_the_whole_list_by_offsets(portal, table, plain_http):
    complete(portal, table, sdk(portal, call_list, LISTS[table]))


@pytest.mark.parametrize("table", [name for name in LISTS if name != "departments"])
def test_b24pysdk_reads_the_whole_list_by_a_chain_of_ids(portal, table, plain_http):
    complete(portal, table, sdk(portal, call_list_fast, LISTS[table]))


def test_b24pysdk_asks_departments_for_a_sort_that_is_a_filter_and_finds_none(portal, plain_http):
    assert sdk(portal, call_list_fast, "department.get") == []
