"""The catalogue: every mirrored table, declared once. Nothing else lists the tables.

A table is data: which portal method lists its rows, which fields move when a row changes, what must be
named to be given. How a table is read follows from that; the order of a cycle follows from the parents.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from bitsheet_tui.fields import Field, Kind

Scalar = str | int | float | bool | None


class Paging(StrEnum):
    """How a list is read to its end."""

    KEYSET = "keyset"  # by id, from the newest down
    OFFSET = "offset"  # by `start`, for lists that cannot be filtered by `<ID`
    COMMENTS = "comments"  # once per changed parent row


class Case(StrEnum):
    """How a method spells field names."""

    UPPER = "upper"  # asked DATE_MODIFY, answers DATE_MODIFY
    MIXED = "mixed"  # asked CHANGED_DATE, answers changedDate


class Parent(Struct, frozen=True, kw_only=True):
    """Rows of a table that hang on the rows of another."""

    table: str
    changed: str  # the parent's field that moves when a child is added


class Table(Struct, frozen=True, kw_only=True):
    """How one SQL table is filled from one portal method."""

    name: str  # the SQL table, and the word on screen
    method: str  # the portal method that lists its rows
    cursors: tuple[str, ...] = ()  # fields that move when a row changes; none: read it all
    dated: tuple[str, ...] = ()  # where there are no cursors: fields that say when a row came
    select: tuple[str, ...] = ("*", "UF_*")
    fixed: Mapping[str, Scalar] = field(default_factory=dict)  # parameters that never change
    rows: str = ""  # where the list sits inside `result`
    case: Case = Case.UPPER
    paging: Paging = Paging.KEYSET
    key: tuple[str, ...] = ("ID",)  # what identifies a row in the mirror
    describe: str = ""  # the method that describes the fields; none: `fields` is all there is
    fields: tuple[Field, ...] = ()  # what is known of the fields beyond the portal's description
    references: frozenset[str] = frozenset()  # integers whose 0 means nobody
    contacts: tuple[str, ...] = ()  # multi-fields that also become rows of contact_points
    volatile: frozenset[str] = frozenset()  # fields that change without meaning
    parent: Parent | None = None
    static: bool = False  # read every `static_every`-th cycle only

    @property
    def scope(self) -> str:
        """The webhook scope that the method needs."""
        family = self.method.partition(".")[0]
        return {"tasks": "task", "im": "im"}.get(family, family)

    @property
    def moments(self) -> tuple[str, ...]:
        """The fields of which the newest says when a row changed; none: nothing says it."""
        return self.cursors or self.dated

    @property
    def needed(self) -> frozenset[str]:
        """The fields that the program itself reads, besides whatever else it mirrors."""
        return frozenset({*self.key, *self.cursors, *self.contacts, *(field.name for field in self.fields)})

    @property
    def columns(self) -> tuple[str, ...]:
        """The SQL names of the primary key."""
        return tuple(name.lower() for name in self.key)


def known(kind: Kind, names: str, type_: str = "") -> tuple[Field, ...]:
    """Fields that the portal does not describe, all of one kind."""
    return tuple(Field(name=name, kind=kind, type=type_ or kind.value) for name in names.split())


CONTACTS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
PEOPLE = ("*", "UF_*", *CONTACTS)  # contact details come only when named

# user.fields and department.fields give titles and no types
USER = (
    *known(Kind.INTEGER, "ID"),
    *known(Kind.BOOLEAN, "ACTIVE IS_ONLINE"),
    *known(Kind.INSTANT, "LAST_LOGIN TIMESTAMP_X LAST_ACTIVITY_DATE"),
    *known(Kind.DATE, "DATE_REGISTER PERSONAL_BIRTHDAY UF_EMPLOYMENT_DATE"),
    *known(Kind.JSON, "UF_DEPARTMENT"),
    *known(
        Kind.TEXT,
        "XML_ID NAME LAST_NAME SECOND_NAME TITLE EMAIL TIME_ZONE USER_TYPE "
        "PERSONAL_GENDER PERSONAL_PROFESSION PERSONAL_WWW PERSONAL_PHOTO PERSONAL_ICQ PERSONAL_PHONE "
        "PERSONAL_FAX PERSONAL_MOBILE PERSONAL_PAGER PERSONAL_STREET PERSONAL_CITY PERSONAL_STATE "
        "PERSONAL_ZIP PERSONAL_COUNTRY PERSONAL_MAILBOX PERSONAL_NOTES WORK_PHONE WORK_COMPANY "
        "WORK_POSITION WORK_DEPARTMENT WORK_WWW WORK_FAX WORK_PAGER WORK_STREET WORK_MAILBOX WORK_CITY "
        "WORK_STATE WORK_ZIP WORK_COUNTRY WORK_PROFILE WORK_LOGO WORK_NOTES UF_TIMEMAN UF_SKYPE_LINK "
        "UF_ZOOM UF_INTERESTS UF_SKILLS UF_WEB_SITES UF_XING UF_LINKEDIN UF_FACEBOOK UF_TWITTER "
        "UF_SKYPE UF_DISTRICT UF_PHONE_INNER",
    ),
)
DEPARTMENT = (
    *known(Kind.INTEGER, "ID SORT"),
    *known(Kind.REFERENCE, "PARENT UF_HEAD"),
    *known(Kind.TEXT, "NAME"),
)
COMMENT = (
    *known(Kind.TEXT, "SOURCE"),
    *known(Kind.INTEGER, "ID"),
    *known(Kind.REFERENCE, "TASK_ID CHAT_ID AUTHOR_ID"),
    *known(Kind.TEXT, "AUTHOR_NAME"),
    *known(Kind.INSTANT, "POST_DATE"),
    *known(Kind.TEXT, "TEXT"),
    *known(Kind.BOOLEAN, "IS_SYSTEM IS_DELETED IS_EDITED"),
    *known(Kind.JSON, "FILES"),
)
# tasks.task.getFields calls every id "integer" and forgets what the list adds when named
TASK = (
    *known(Kind.REFERENCE, "CHAT_ID UF_MAIL_MESSAGE FORKED_BY_TEMPLATE_ID"),
    *known(Kind.JSON, "TAGS CHECKLIST UF_CRM_TASK UF_TASK_WEBDAV_FILES"),
    *known(Kind.BOOLEAN, "MATCH_WORK_TIME DESCRIPTION_IN_BBCODE"),
)
TASK_REFERENCES = frozenset(
    "PARENT_ID GROUP_ID STAGE_ID SPRINT_ID BACKLOG_ID CREATED_BY RESPONSIBLE_ID CHANGED_BY "
    "STATUS_CHANGED_BY CLOSED_BY FORUM_TOPIC_ID FORUM_ID FLOW_ID EXCHANGE_ID".split()
)

CATALOGUE: tuple[Table, ...] = (
    Table(
        name="leads",
        method="crm.lead.list",
        describe="crm.lead.fields",
        cursors=("DATE_MODIFY",),
        select=PEOPLE,
        contacts=CONTACTS,
    ),
    Table(
        name="contacts",
        method="crm.contact.list",
        describe="crm.contact.fields",
        cursors=("DATE_MODIFY",),
        select=PEOPLE,
        contacts=CONTACTS,
    ),
    Table(
        name="companies",
        method="crm.company.list",
        describe="crm.company.fields",
        cursors=("DATE_MODIFY",),
        select=PEOPLE,
        contacts=CONTACTS,
    ),
    Table(
        name="deals",
        method="crm.deal.list",
        describe="crm.deal.fields",
        cursors=("DATE_MODIFY",),
    ),
    Table(
        name="activities",
        method="crm.activity.list",
        describe="crm.activity.fields",
        cursors=("LAST_UPDATED",),
        select=("*", "COMMUNICATIONS", "FILES"),
        references=frozenset({"OWNER_ID", "ASSOCIATED_ENTITY_ID"}),
    ),
    Table(
        name="tasks",
        method="tasks.task.list",
        describe="tasks.task.getFields",
        cursors=("CHANGED_DATE", "ACTIVITY_DATE"),
        select=("*", "UF_CRM_TASK", "TAGS", "CHAT_ID"),
        rows="tasks",
        case=Case.MIXED,
        fields=TASK,
        references=TASK_REFERENCES,
        volatile=frozenset(
            "NOT_VIEWED NEW_COMMENTS_COUNT SUBORDINATE FAVORITE VIEWED_DATE SORTING "
            "IS_MUTED IS_PINNED IS_PINNED_IN_GROUP".split()
        ),
    ),
    Table(
        name="task_comments",
        method="im.dialog.messages.get",
        paging=Paging.COMMENTS,
        key=("SOURCE", "ID"),
        dated=("POST_DATE",),
        fields=COMMENT,
        parent=Parent(table="tasks", changed="ACTIVITY_DATE"),
    ),
    Table(
        name="users",
        method="user.get",
        describe="user.fields",
        fields=USER,
        static=True,
        fixed={"ADMIN_MODE": 1},
        volatile=frozenset({"IS_ONLINE", "LAST_LOGIN", "LAST_ACTIVITY_DATE", "TIMESTAMP_X"}),
    ),
    Table(
        name="departments",
        method="department.get",
        describe="department.fields",
        fields=DEPARTMENT,
        paging=Paging.OFFSET,
        static=True,
    ),
)

# names for what the tables hold codes of; read with the static tables, no row of the catalogue
DICTIONARIES = Table(name="dictionaries", method="crm.status.list", static=True)

FORUM_METHOD = "task.commentitem.getlist"  # comments of tasks from before the task chat


def in_order(tables: Iterable[Table]) -> tuple[Table, ...]:
    """The tables as given, but every parent before its children.

    Raises ValueError when tables are each other's parents.
    """
    chosen = {table.name: table for table in tables}
    placed: dict[str, Table] = {}

    def place(table: Table, above: tuple[str, ...]) -> None:
        if table.name in above:
            raise ValueError(f"{' > '.join(above)} > {table.name}: tables are each other's parents")
        if table.parent and table.parent.table in chosen:
            place(chosen[table.parent.table], (*above, table.name))
        placed.setdefault(table.name, table)

    for table in chosen.values():
        place(table, ())
    return tuple(placed.values())


def select(names: Iterable[str], catalogue: tuple[Table, ...] = CATALOGUE) -> tuple[Table, ...]:
    """The named tables and the parents they need, in order; no names: all of them.

    Raises KeyError with the first name that is not in the catalogue.
    """
    by_name = {table.name: table for table in catalogue}
    wanted = [by_name[name] for name in names] or list(catalogue)
    for table in wanted:
        if table.parent and by_name[table.parent.table] not in wanted:
            wanted.append(by_name[table.parent.table])
    return in_order(table for table in catalogue if table in wanted)
