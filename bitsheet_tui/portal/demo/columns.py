"""The fields of the demo portal's tables: what `*.fields` tells of them and what they hold."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

_LINE = re.compile(
    r"(?P<name>\w+) (?P<type>\w+)(?::(?P<status>\w+))?(?P<marks>[!*+=~?-]*)(?: (?P<title>.+))?"
)

INTEGERS = frozenset(
    "integer crm_enum_ownertype crm_enum_activitytype crm_enum_activitystatus crm_enum_activitypriority "
    "crm_enum_activitynotifytype crm_enum_contenttype crm_enum_activitydirection crm_category".split()
)
REFERENCES = frozenset(
    "user employee crm_company crm_contact crm_lead crm_quote crm_entity location reference".split()
)
_PARENTS = {"crm_lead": 1, "crm_company": 4, "crm_quote": 7}
NUMBERS = INTEGERS | REFERENCES


class Column(Struct, frozen=True, kw_only=True):
    """One field of a table.

    What a raw value is depends on `type`: int for INTEGERS and REFERENCES (an empty reference may be 0 or
    None), Decimal for double, bool for char and boolean, unix seconds for datetime, `datetime.date` for
    date, a list for multi-fields and whatever is `multiple`, the file's number for file, text otherwise.
    """

    name: str
    type: str
    title: str = ""
    status: str = ""  # the dictionary of a crm_status
    read_only: bool = False
    multiple: bool = False
    required: bool = False
    immutable: bool = False
    named: bool = False  # given only when named in `select`
    deprecated: bool = False
    hidden: bool = False  # described, but never returned
    custom: bool = False  # a UF_ field
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[tuple[int, str], ...] = ()  # (id, text) of an enumeration
    number: int = 0  # the id of a custom field
    told: str = ""  # what it is described as, where that is not its type
    form: str = ""  # how its values are printed, where that is not the usual way: see kinds.py


def columns(text: str) -> tuple[Column, ...]:
    """Columns from lines `NAME type[:DICTIONARY][marks] Title`.

    Marks: `!` read-only, `*` multiple, `+` required, `=` immutable, `~` only when named, `?` never returned,
    `-` deprecated.
    """
    return tuple(_column(line) for line in text.strip().splitlines())


def _column(line: str) -> Column:
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise ValueError(f"not a column: {line}")
    marks = match["marks"]
    parent = int(match["name"][10:]) if match["type"] == "crm_entity" else _PARENTS.get(match["type"])
    return Column(
        name=match["name"],
        type=match["type"],
        title=match["title"] or match["name"],
        status=match["status"] or "",
        read_only="!" in marks,
        multiple="*" in marks,
        required="+" in marks,
        immutable="=" in marks,
        named="~" in marks,
        hidden="?" in marks,
        deprecated="-" in marks,
        settings={"parentEntityTypeId": parent} if parent and not marks.strip("!=") else {},
    )


def describe(columns: Iterable[Column]) -> dict[str, Any]:
    """The answer of `crm.*.fields` (`apidocs.bitrix24.com crm.deal.fields`)."""
    return {column.name: _description(column) for column in columns}


def _description(column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": column.told or ("integer" if column.type == "reference" else column.type),
        "isRequired": column.required,
        "isReadOnly": column.read_only,
        "isImmutable": column.immutable,
        "isMultiple": column.multiple,
        "isDynamic": column.custom,
    }
    if column.status:
        told["statusType"] = column.status
    if column.options:
        told["items"] = [{"ID": str(id_), "VALUE": text} for id_, text in column.options]
    told["title"] = column.name if column.custom else column.title
    if column.custom:
        told |= dict.fromkeys(("listLabel", "formLabel", "filterLabel"), column.title)
    if column.deprecated:
        told["isDeprecated"] = True
    if column.settings:
        told["settings"] = dict(column.settings)
    return told


def _custom(number: int, code: str, type_: str, title: str, **more: Any) -> Column:
    return Column(name=f"UF_CRM_{code}", type=type_, title=title, custom=True, number=number, **more)


CUSTOM: tuple[Column, ...] = (  # on every CRM table
    _custom(101, "1700000001", "string", "Contract number", settings={"SIZE": 20, "ROWS": 1}),
    _custom(102, "1700000002", "integer", "Headcount", settings={"SIZE": 20, "MIN_VALUE": 0}),
    _custom(103, "1700000003", "double", "Discount, %", settings={"PRECISION": 2, "SIZE": 20}),
    _custom(104, "1700000004", "boolean", "Newsletter", settings={"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX"}),
    _custom(
        105,
        "1700000005",
        "enumeration",
        "Region",
        settings={"DISPLAY": "LIST"},
        options=((41, "North"), (42, "South"), (43, "Урал"), (44, "Overseas")),
    ),
    _custom(
        106,
        "1700000006",
        "enumeration",
        "Interests",
        multiple=True,
        settings={"DISPLAY": "CHECKBOX"},
        options=((51, "Roses"), (52, "Tulips & lilies"), (53, "Ficus"), (54, "Подарки")),
    ),
    _custom(107, "1700000007", "date", "Contract date", settings={"DEFAULT_VALUE": {"TYPE": "NONE"}}),
    _custom(108, "1700000008", "datetime", "Next call", settings={"USE_SECOND": "Y"}),
    _custom(109, "1700000009", "money", "Budget", settings={"DEFAULT_VALUE": ""}),
    _custom(110, "1700000010", "crm", "Partner", settings={"COMPANY": "Y", "CONTACT": "Y"}),
    _custom(111, "1700000011", "employee", "Account manager"),
    _custom(112, "1700000012", "file", "Contract scan", settings={"EXTENSIONS": []}),
    _custom(113, "1700000013", "string", "Tags", multiple=True, settings={"SIZE": 20, "ROWS": 1}),
)
