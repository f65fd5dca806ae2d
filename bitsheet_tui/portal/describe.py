"""What the portal says of its fields and codes: kinds, titles, and names for stages and pipelines.

The portal describes CRM fields with types (`crm.*.fields`), tasks with other types (`tasks.task.getFields`),
and users and departments with titles only (`user.fields`, `department.fields`).
Stages, sources and types have names in `crm.status.list`, pipelines in `crm.category.list`.
Source: apidocs.bitrix24.com, the pages of these methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bitsheet_tui.errors import BadAnswer, PortalError, Reason
from bitsheet_tui.fields import Field, Kind
from bitsheet_tui.portal.answer import Answer, Ask, Json, number
from bitsheet_tui.portal.verdict import ENDS_ITSELF
from bitsheet_tui.tables import CATALOGUE, Table

_NAMES: Mapping[Kind, str] = {
    Kind.INTEGER: "integer int crm_category",
    Kind.REFERENCE: (
        "user employee crm_lead crm_deal crm_contact crm_company crm_quote crm_entity location "
        "enumeration mail_message"
    ),
    Kind.NUMERIC: "double float",
    Kind.BOOLEAN: "char boolean",
    Kind.INSTANT: "datetime",
    Kind.DATE: "date",
    Kind.JSON: "crm_multifield file diskfile disk_file object array",
}
KINDS: Mapping[str, Kind] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
MULTIFIELD = "crm_multifield"
FLAGS = frozenset({"Y", "N"})
DEALS = 2  # the portal's number for deals; they alone of the five CRM tables have pipelines
_STATUS = "ID ENTITY_ID STATUS_ID NAME NAME_INIT SORT SYSTEM CATEGORY_ID COLOR SEMANTICS EXTRA".split()
_CATEGORY = {
    "entity_type_id": "entityTypeId", "id": "id", "name": "name", "sort": "sort", "is_default": "isDefault"
}  # fmt: skip

Rows = list[dict[str, Any]]


def asks(tables: Iterable[Table]) -> dict[str, Ask]:
    """What to ask to learn the fields of `tables`; the keys are those of `key`."""
    return {
        key(table): Ask(table.describe, {k: v for k, v in table.fixed.items() if k == "entityTypeId"})
        for table in tables
        if table.describe
    }


def key(table: Table) -> str:
    """The name of the question about the fields of `table`."""
    return f"fields_{table.name}"


def fields(table: Table, result: Json) -> tuple[Field, ...]:
    """The fields of `table`, in the portal's order, then those that only we know of.

    `result` is the answer to `table.describe`; it does not matter where there is nothing to ask. Left out
    are multi-fields that the table does not select. Raises BadAnswer when nothing is described.
    """
    known = {field.name: field for field in table.fields}
    found: dict[str, Field] = {}
    for name, raw in _described(table, result).items():
        field = _field(table, name, raw)
        if field.type == MULTIFIELD and field.name not in table.contacts:
            continue
        if field.name in known:
            field = replace(field, kind=known[field.name].kind)
        found[field.name] = field
    for name, field in known.items():
        found.setdefault(name, field)
    key_fields = {name: Field(name=name, kind=Kind.INTEGER) for name in table.key if name not in found}
    return tuple((key_fields | found).values())


def _described(table: Table, result: Json) -> dict[str, Json]:
    if not table.describe:
        return {}
    if isinstance(result, dict) and isinstance(inner := result.get("fields"), dict) and len(result) == 1:
        result = inner
    if not isinstance(result, dict) or not result:
        raise BadAnswer(f"{table.describe} describes no fields.", ENDS_ITSELF, reason=Reason.GARBAGE)
    return result


def _field(table: Table, name: str, raw: Json) -> Field:
    if not isinstance(raw, dict):  # a title is all that is said
        return Field(name=name, kind=Kind.TEXT, title=raw if isinstance(raw, str) else "")
    name = str(raw.get("upperName") or name)
    type_ = str(raw.get("type") or "").lower()
    multiple = raw.get("isMultiple") in (True, 1, "Y", "1")
    values = _values(raw)
    return Field(
        name=name,
        kind=Kind.JSON if multiple else kind_of(type_, values, refers=name in table.references),
        title=_title(raw),
        type=type_,
        multiple=multiple,
        values=values,
    )


def kind_of(type_: str, values: Iterable[tuple[str, str]] = (), *, refers: bool = False) -> Kind:
    """The kind of a single value of the portal's type `type_`; `refers`: its integers are ids."""
    if type_ == "enum":
        return _kind_of_enum({code for code, _ in values})
    if type_.startswith("iblock_"):
        return Kind.REFERENCE
    if type_.startswith("crm_enum_"):
        return Kind.INTEGER
    if "binding" in type_ or "communication" in type_:
        return Kind.JSON
    kind = KINDS.get(type_, Kind.TEXT)
    return Kind.REFERENCE if kind is Kind.INTEGER and refers else kind


def _kind_of_enum(codes: set[str]) -> Kind:
    """`enum` of tasks: flags, numbers or words."""
    if codes and codes <= FLAGS:
        return Kind.BOOLEAN
    return Kind.INTEGER if codes and all(code.lstrip("-").isdigit() for code in codes) else Kind.TEXT


def _title(raw: Mapping[str, Json]) -> str:
    """What people call the field; a custom field's `title` is only its name once more."""
    labels = (raw.get(name) for name in ("formLabel", "listLabel", "filterLabel", "title"))
    return next((label for label in labels if isinstance(label, str) and label), "")


def _values(raw: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """The (code, text) pairs of an enumeration."""
    if isinstance(items := raw.get("items"), list):
        pairs = [(item.get("ID"), item.get("VALUE")) for item in items if isinstance(item, dict)]
    elif isinstance(values := raw.get("values"), dict):
        pairs = list(values.items())
    elif isinstance(values, list):
        # PHP prints a map with the keys 0, 1, 2 as a list; the default tells which of the two it is
        positions = number(raw.get("default")) is not None
        pairs = [(index if positions else value, value) for index, value in enumerate(values)]
    else:
        pairs = []
    return tuple((str(code), str("" if text is None else text)) for code, text in pairs if code is not None)


def labels(described: Mapping[str, Iterable[Field]]) -> dict[str, Rows]:
    """Rows of the dictionaries `field_labels` and `enum_values` for the fields of each table."""
    names: Rows = []
    values: Rows = []
    for table, fields_ in described.items():
        for field in fields_:
            place = {"table_name": table, "field": field.name, "column_name": field.column}
            names.append({**place, "title": field.title, "type": field.type, "multiple": field.multiple})
            values += [{**place, "value_id": code, "value": text} for code, text in field.values]
    return {"field_labels": names, "enum_values": values}


def dictionary_asks(tables: Iterable[Table] = CATALOGUE) -> dict[str, Ask]:
    """What to ask: all status lists at once, and the pipelines of deals and of each smart process.

    Both answer with everything, without pages. Source: apidocs.bitrix24.com crm.status.list,
    crm.category.list.
    """
    kinds = [DEALS, *(table.fixed["entityTypeId"] for table in tables if "entityTypeId" in table.fixed)]
    found = {"statuses": Ask("crm.status.list", {"order": {"ID": "ASC"}})}
    return found | {f"categories_{kind}": Ask("crm.category.list", {"entityTypeId": kind}) for kind in kinds}


class Dictionary(Struct, frozen=True):
    """The entries of a dictionary; `whole`: there are as many as the portal counts."""

    rows: Rows
    whole: bool


def one_status(id_: Any) -> Ask:
    """Ask for one entry of `statuses`. Its filters are texts."""
    return Ask("crm.status.list", {"filter": {"ID": str(id_)}})


def dictionaries(answers: Mapping[str, Answer | PortalError]) -> dict[str, Dictionary | PortalError]:
    """The dictionaries `statuses` and `categories` that were asked for, or why there are none.

    Pipelines that one of several kinds refuses leave the others, which are not whole then.
    """
    found: dict[str, Dictionary | PortalError] = {}
    for key, answer in answers.items():
        name = key.partition("_")[0]
        if name in _READERS:
            found[name] = _joined(found.get(name), _entries(name, answer))
    return found


def _joined(
    before: Dictionary | PortalError | None, more: Dictionary | PortalError
) -> Dictionary | PortalError:
    if before is None:
        return more
    if isinstance(before, PortalError) or isinstance(more, PortalError):
        known = more if isinstance(before, PortalError) else before
        return known if isinstance(known, PortalError) else Dictionary(known.rows, whole=False)
    return Dictionary(before.rows + more.rows, before.whole and more.whole)


def _entries(name: str, answer: Answer | PortalError) -> Dictionary | PortalError:
    if isinstance(answer, PortalError):
        return answer
    try:
        rows = _READERS[name](answer.result)
    except ValueError:
        return BadAnswer(f"The portal's {name} are no list.", ENDS_ITSELF, reason=Reason.GARBAGE)
    return Dictionary(rows, whole=len({str(row.get("id")) for row in rows}) == answer.total)


def statuses(result: Json) -> Rows:
    """Rows of `statuses` from `crm.status.list`. Raises ValueError."""
    return [{name.lower(): row.get(name) for name in _STATUS} for row in _list(result)]


def categories(result: Json) -> Rows:
    """Rows of `categories` from `crm.category.list`; the pipeline with the id 0 is one. Raises ValueError."""
    inner = result.get("categories") if isinstance(result, dict) else result
    return [{column: row.get(name) for column, name in _CATEGORY.items()} for row in _list(inner)]


def _list(value: Json) -> list[dict[str, Json]]:
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004 - whatever it is instead
    return [row for row in value if isinstance(row, dict)]


_READERS = {"statuses": statuses, "categories": categories}
